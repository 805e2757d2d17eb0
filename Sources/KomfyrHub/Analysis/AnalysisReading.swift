import Protocol

/// What an analysis asks of the store.
protocol AnalysisReading: Sendable {
    func histogram(_ query: LogQuery, interval: Int64) async throws(StoreError) -> LogHistogram
    func facets(_ query: LogQuery, limit: Int) async throws(StoreError) -> LogFacets
    func page(_ query: LogQuery) async throws(StoreError) -> LogPage
    func patterns(_ query: LogQuery, newSince: Int64, limit: Int) async throws(StoreError) -> LogPatterns
    func seriesByGroup(
        _ query: LogQuery,
        interval: Int64,
        body: (String?, LogSeries) -> Void
    ) async throws(StoreError) -> LogSeries
    func groups(bound: GroupPattern?) -> [GroupSummary]
    /// Whether Redis has room for so much that can be done without; it counts as written.
    func mayKeep(bytes: Int) -> Bool
}
