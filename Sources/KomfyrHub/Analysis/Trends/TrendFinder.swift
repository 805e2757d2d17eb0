/// Finds what changed in a series: computed, the same for the same numbers, and without a clock.
///
/// The order: silence at the end; spikes and drops against a rolling median, so that they disturb nothing else; moves
/// of level and slope; spikes and drops again in what those leave over, so that the foot of a step is not a spike. An
/// event is told of once, as what it is.
enum TrendFinder {
    /// The trends of a series, those of most confidence first.
    ///
    /// - Parameters:
    ///   - series: a field's averages, NaN where there are none; how many logs there were, 0 where there were none; or
    ///     the share of errors, NaN where there were no logs. An infinity is as absent.
    ///   - subject: what it is of.
    ///   - group: whose it is, for the result.
    ///   - counts: how many logs there were in the same intervals. With them a field's silence is told from its
    ///     group's, and a share's chance is known; without them a share is taken as of one log.
    /// - Returns: each event once; nothing when nothing happened.
    static func trends(of series: Series, subject: Trend.Subject, group: String?, counts: Series?) -> [Trend] {
        guard series.interval > 0 else { return [] }
        let first = max(0, series.values.count - HubLimits.trendIntervals)
        var end = series.values.count
        var trends: [Trend] = []
        if let start = silence(series, subject: subject, counts: counts, first: first) {
            end = start
            let samples = TrendSamples(series, subject: subject, counts: counts, first: first, end: end)
            trends.append(
                Trend(
                    subject: subject,
                    group: group,
                    kind: .silent,
                    from: series.time(start),
                    to: series.time(series.values.count),
                    before: samples.level(0..<samples.raw.count),
                    after: 0,
                    confidence: confidence(2),
                    isOngoing: true
                )
            )
        }
        let samples = TrendSamples(series, subject: subject, counts: counts, first: first, end: end)
        guard samples.count >= HubLimits.trendLeastValues else { return trends }
        let teller = TrendTeller(samples, series: series, group: group, end: end)
        let spikes = SpikeScan(samples.values, of: samples)
        let levels = LevelFinder(
            spikes.calmed(samples.values),
            times: samples.times,
            floor: subject == .errors ? 0 : samples.floor(0)
        )
        var told: [Trend] = []
        var explained: [Double]? = nil
        var ranges: [ClosedRange<Int>] = []
        for found in levels.found {
            guard let trend = teller.trend(of: found, levels: levels) else { continue }
            told.append(trend)
            ranges.append(found.event.first...found.event.second)
            explained = levels.fit
        }
        let rest = explained.map { SpikeScan(zip(samples.values, $0).map { $0 - $1 }, of: samples) } ?? spikes
        for run in rest.unusual(samples, day: Int(clamping: Self.day / series.interval)) {
            // The foot and the edge of a change of level are that change.
            let near = max(0, run.places.lowerBound - 2)...(run.places.upperBound + 1)
            let isEdge = ranges.contains {
                $0.contains(run.peak) || near.contains($0.lowerBound) || near.contains($0.upperBound)
            }
            if isEdge { continue }
            guard let trend = teller.trend(of: run, limit: HubLimits.trendSpikeScales) else { continue }
            told.append(trend)
        }
        return (trends + told).sorted { $0.confidence > $1.confidence }
    }

    /// How sure a change is that lies `score` times above the line drawn: 0.7 on it, 0.92 at twice, 0.97 at three times.
    static func confidence(_ score: Double) -> Double {
        guard score > 1 else { return 0.7 }
        return min(0.99, 1 - 0.3 / (score * score))
    }

    /// How long a day is, in nanoseconds.
    static let day: Int64 = 86_400_000_000_000

    private static func silence(_ series: Series, subject: Trend.Subject, counts: Series?, first: Int) -> Int? {
        let values = series.values[first...]
        switch subject {
        case .count:
            return SilenceScan.start(reports: values.map { $0 > 0 }).map { $0 + first }
        case .errors:
            return nil
        case .field:
            // Without logs it is the group that is silent, and that is told of the group.
            guard let counts, counts.interval == series.interval, counts.values.count == series.values.count,
                let start = SilenceScan.start(reports: values.map { $0.isFinite }).map({ $0 + first })
            else { return nil }
            // Only intervals with logs could have had the field.
            let could = counts.values[start...].count { $0 > 0 }
            let before = counts.values[first..<start].count { $0 > 0 }
            let had = series.values[first..<start].count { $0.isFinite }
            guard could >= HubLimits.silenceIntervals, had * 2 >= before else { return nil }
            return start
        }
    }
}
