import Protocol

/// What the API asks of the store: `LogStore` is it; the API's tests have one that lives in memory.
protocol LogStoring: Sendable {
    func append(_ request: IngestRequest) async throws(StoreError) -> IngestReceipt
    func page(_ query: LogQuery) async throws(StoreError) -> LogPage
    func log(_ id: LogID) async throws(StoreError) -> StoredLog?
    /// Counts of a query by time (intervals in nanoseconds) and level; `limit`, order and cursor mean nothing to it.
    func histogram(_ query: LogQuery, interval: Int64) async throws(StoreError) -> LogHistogram
    /// The commonest values of a query's logs, at most `limit` for each; its own `limit`, order and cursor mean nothing.
    func facets(_ query: LogQuery, limit: Int) async throws(StoreError) -> LogFacets
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
