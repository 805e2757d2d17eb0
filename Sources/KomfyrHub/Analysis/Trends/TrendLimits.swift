/// What bounds the search for trends, and where it draws its lines; the figures behind them are in docs/analysis.md.
extension HubLimits {
    // MARK: What is looked at

    /// Intervals of one series: a week of minutes fits; of a longer one the newest are looked at.
    static let trendIntervals = 10_000
    /// Fewer values than that say nothing: of two hours of 10 minute intervals one can tell what is usual.
    static let trendLeastValues = 12
    /// Values beyond that are no measurements, and their sums would not stay finite.
    static let trendLargestValue = 1e300
    /// A series whose values differ by less than this part of their size is constant: averages of equal numbers differ
    /// by their rounding.
    static let trendRounding = 1e-9
    /// Parts of a series between whose ends all changes are tried: 2,080 slopes and as many excursions.
    static let trendKnots = 64
    /// Points that pairwise slopes and signs are taken of: 4,560 pairs.
    ///
    /// A longer piece is first made that short by the medians of equal parts, which costs nothing in slope and takes
    /// noise away.
    static let trendPairPoints = 96
    /// Spikes and drops that one series is told of; more of a size are its habit.
    static let trendSpikes = 3

    // MARK: Lines drawn

    /// Values that the rolling median is of: two hours of 5 minute intervals, so excursions of up to one hour stand out.
    static let trendWindow = 25
    /// How many robust standard deviations a spike stands off: of normal noise one value in 500 million does.
    static let trendSpikeScales = 6.0
    /// A spike goes on as far as its neighbours stand off by this many.
    static let trendSpikeEdgeScales = 3.0
    /// The least length of a level, in values: half an hour of 5 minute intervals is no spike any more.
    static let trendSegment = 6
    /// By how much a change must exceed what the series wanders about it, when one, two or three are told of: the
    /// more changes are fitted, the less is left to wander.
    static let trendWanders = [4.0, 5.5, 7.0]
    /// Standard deviations that a change of counts or shares must exceed chance by, were all logs independent.
    static let trendChance = 6.0
    /// The score of the rank tests: p below 0.01, on both sides; they come last, after a change was found to be large.
    static let trendRankScore = 2.576
    /// The lag 1 autocorrelation of what is left from which on a series may be a random walk.
    static let trendWalkMemory = 0.9
    /// Standard deviations of such a walk that a change must exceed: the farthest of all pieces of it reaches 3.
    static let trendWalkScales = 4.0
    /// The least change of a field, as a part of its level.
    static let trendFieldPart = 0.01
    /// The same of a spike in a series that is else constant, where nothing says how much it may vary.
    static let trendConstantPart = 0.05
    /// The least change of a field, in steps of its sensor.
    static let trendSensorSteps = 3.0
    /// The least change of a count, as a part of it.
    static let trendCountPart = 0.2
    /// The least change of a count, in logs per interval times the intervals that it lasted.
    static let trendCountLogs = 10.0
    /// The least change of the share of errors: half a percent.
    static let trendShare = 0.005

    /// By how many variances of the rest a change must lessen the sum of squares to be looked at further: the best of
    /// all knots in white noise reaches some 20.
    static let trendNoiseGain = 30.0

    // MARK: Silence

    /// Reports after which one can say how regular they are.
    static let silenceReports = 10
    /// How many times longer than every pause before a silence is.
    static let silencePauses = 3
    /// The fewest intervals without a log that are a silence: one may be late, and one empty by chance.
    static let silenceIntervals = 3
}
