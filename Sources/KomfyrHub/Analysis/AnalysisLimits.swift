/// What bounds analyses: what is read, what a model is asked, what it may answer, what is kept.
extension HubLimits {
    // MARK: What a model is asked

    /// Tokens of the digest: some 19 KB of text, which every model of today takes, and which a small one on a CPU still
    /// reads within a minute.
    static let digestTokens = 8_000
    /// Tokens that a model may answer with, its thoughts included: some ten times a long report.
    static let modelAnswerTokens = 8_192
    /// Bytes of a model's answer: a report has some 5 KB; signatures of thoughts are larger.
    static let modelAnswerBytes = 1 << 20
    /// Values in a model's answer that are looked at: the report is one text, what stands around it a few dozen.
    static let modelAnswerValues = 20_000
    /// How deep they are looked into.
    static let modelAnswerDepth = 16
    /// Bytes that are shown of what a provider says is wrong.
    static let modelWordsBytes = 240

    // MARK: How long a model may take

    /// To connect, in milliseconds.
    static let modelConnectMs = 10_000
    /// For an answer of Gemini, all attempts together, in milliseconds; usually it takes some seconds.
    static let geminiAnswerMs = 60_000
    /// The same of a server in the house, in milliseconds: a model on a CPU reads slowly.
    static let localAnswerMs = 300_000
    /// How long it is remembered which form of a request a server takes, in milliseconds: once an hour it may be asked
    /// in vain.
    static let modelFormMs = 3_600_000
    /// How often a request is sent again after 408, 429 and 5xx.
    static let modelRetries = 3
    /// Retries begin within this time of the first attempt, in milliseconds: somebody waits.
    static let modelRetryWindowMs = 30_000
    /// The first wait before sending again, in milliseconds; each further one is twice as long.
    static let modelBackoffMs = 1_000
    /// The longest pause that a provider may ask for, in milliseconds: a broken clock must not silence it for a day.
    static let modelPauseMs = 600_000

    // MARK: Analyses

    /// Analyses under way at one time: each keeps a core busy for a part of a second, and a model for some seconds.
    static let analyses = 2
    /// Requests that wait for an analysis, for one of their own or another's; beyond, 503.
    static let analysesWaiting = 64
    /// How long a report is kept, in seconds.
    static let reportSeconds = 7_200
    /// Bytes of a report that is kept; what its series takes beyond that is left out of it.
    static let reportBytes = 256 << 10
    /// Bytes of all reports that are kept in Redis.
    static let reportsBytes = 16 << 20
    /// How many that are at most.
    static let reports = 512
    /// The window when a request does not say, in hours.
    static let analysisHoursDefault = 24
    /// The body of `POST /api/analyze`, in bytes: a group, two numbers and their names.
    static let analysisBodyBytes = 4 << 10

    // MARK: Facts

    /// Intervals that trends are computed from at most: a day in intervals of five minutes.
    static let analysisIntervals = 300
    /// Groups that a digest names.
    static let analysisGroups = 40
    /// Groups that are looked into for trends.
    static let analysisGroupsRead = 20_000
    /// Members of `data` that are looked at in each group.
    static let analysisGroupFields = 32
    /// Series of members that trends are computed from: up to a millisecond each.
    static let analysisFieldSeries = 2_000
    /// Trends that a digest and a report have.
    static let analysisTrends = 50
    /// Patterns that a digest and a report have.
    static let analysisPatterns = 40
    /// Tags that are counted.
    static let analysisTags = 20
    /// Members of `data` that are summed up.
    static let analysisFields = 50
    /// Members of `data` whose values stand in a report's series.
    static let reportSeriesFields = 6
    /// Newest errors that are shown.
    static let analysisErrors = 20

    // MARK: Tokens

    /// Tokens a day when `AI_DAILY_TOKENS` does not say: some fifty reports, a few dozen cents with Gemini's small
    /// models.
    static let dailyTokensDefault = 500_000
    /// What `AI_DAILY_TOKENS` may be: less than is reserved for a report would mean none at all.
    static let dailyTokensRange = 50_000...1_000_000_000
    /// Bytes that a token stands for at least, for what is reserved before anything is counted.
    static let bytesPerToken = 3
    /// How often the same trouble with a provider is logged, in seconds.
    static let modelTroubleSeconds: Int64 = 600
}
