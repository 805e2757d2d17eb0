import Protocol

/// What the API asks of the store: `LogStore` is it; the API's tests have one that lives in memory.
protocol LogStoring: AnswerKeeping, AnalysisReading {
    func append(_ request: IngestRequest) async throws(StoreError) -> IngestReceipt
    func page(_ query: LogQuery) async throws(StoreError) -> LogPage
    func log(_ id: LogID) async throws(StoreError) -> StoredLog?
    /// Counts of a query by time (intervals in nanoseconds) and level; `limit`, order and cursor mean nothing to it.
    func histogram(_ query: LogQuery, interval: Int64) async throws(StoreError) -> LogHistogram
    /// Counts of a query by group and level; `limit`, order and cursor mean nothing to it.
    func groupCounts(_ query: LogQuery) async throws(StoreError) -> GroupCounts
    /// Counts by level and the numbers of `fields` (dotted paths; nil: every one) by time, from `since` (or what is kept)
    /// to `until` (or the end of the interval that is running); `limit`, order and cursor mean nothing to it.
    ///
    /// `interval` is in nanoseconds; it becomes twice as long as often as there would be too many.
    func series(_ query: LogQuery, fields: [String]?, interval: Int64) async throws(StoreError) -> LogSeries
    /// The same of every field for each group by itself that has logs there, one after the other: only one is in memory
    /// at a time, and the sum of all, which is returned.
    func seriesByGroup(
        _ query: LogQuery,
        interval: Int64,
        body: (String?, LogSeries) -> Void
    ) async throws(StoreError) -> LogSeries
    /// The commonest values of a query's logs, at most `limit` for each; its own `limit`, order and cursor mean
    /// nothing.
    func facets(_ query: LogQuery, limit: Int) async throws(StoreError) -> LogFacets
    /// The patterns of a query's messages, at most `limit`; its own `limit`, order and cursor mean nothing.
    ///
    /// Those that were first seen at or after `newSince` are new, if its groups had logs before.
    func patterns(_ query: LogQuery, newSince: Int64, limit: Int) async throws(StoreError) -> LogPatterns
    /// The neighbours of a log in its group and source; nil: there is no such log, or `bound` leaves it out.
    func context(_ id: LogID, before: Int, after: Int, bound: GroupPattern?) async throws(StoreError) -> LogContext?
    /// All logs of a query in its order, as of now; its `limit` and cursor mean nothing.
    func export(_ query: LogQuery) -> any LogExporting
    /// Removes the logs of the groups that both patterns match (nil: all groups); returns how many went.
    func purge(_ pattern: GroupPattern?, bound: GroupPattern?) async throws(StoreError) -> Int
    func groups(bound: GroupPattern?) -> [GroupSummary]
    func stats(bound: GroupPattern?) -> StoreStats
    /// Counts logs of a body of which nothing could be taken, and which therefore does not come to `append`.
    func noteRefused(_ count: Int)
    /// The hub's number in the ids of the logs that it stores.
    var hub: UInt8 { get }
    var health: StoreHealth { get }
    /// What the store holds and does, for `/metrics`.
    var gauges: StoreGauges { get }
    func follow(_ observer: @escaping @Sendable (IngestRequest, IngestReceipt) -> Void)
}

extension LogStoring {
    func noteRefused(_ count: Int) {}
}

extension LogStore: LogStoring {}
