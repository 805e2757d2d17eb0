/// The pure half of an analysis: facts in, words out; the tests have works of their own.
struct AnalystWorks: Sendable {
    var trends: @Sendable (_ series: Series, _ subject: Trend.Subject, _ group: String?, _ counts: Series?) -> [Trend]
    /// The analyst without a model; the time is now.
    var statistics: @Sendable (AnalysisFacts, Int64) -> Insights
    /// The facts in so many tokens, secrets masked.
    var digest: @Sendable (AnalysisFacts, Int) -> String
    /// What a model wrote, its JSON found, held against the schema and cut to limits.
    var read: @Sendable ([UInt8]) throws(InsightsProblem) -> Insights
    /// What a model is told to do.
    var system: String
    var geminiSchema: [UInt8]
    var jsonSchema: [UInt8]

    /// The hub's own.
    static let hub = AnalystWorks(
        trends: TrendSource.hub.trends,
        statistics: { StatisticalAnalyst.insights($0, now: $1) },
        digest: { Digest.text($0, tokens: $1) },
        read: { text throws(InsightsProblem) in try InsightsReader.read(text) },
        system: AnalysisPrompt.system,
        geminiSchema: InsightsSchema.gemini,
        jsonSchema: InsightsSchema.jsonSchema
    )
}
