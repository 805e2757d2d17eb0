import Protocol

/// What the API asks of the store: `LogStore` is it; the API's tests have one that lives in memory.
protocol LogStoring: Sendable {
    func append(_ request: IngestRequest) async throws(StoreError) -> IngestReceipt
    func page(_ query: LogQuery) async throws(StoreError) -> LogPage
    func log(_ id: LogID) async throws(StoreError) -> StoredLog?
    func groups(bound: GroupPattern?) -> [GroupSummary]
    func stats(bound: GroupPattern?) -> StoreStats
    /// The hub's number in the ids of the logs that it stores.
    var hub: UInt8 { get }
    var health: StoreHealth { get }
    func follow(_ observer: @escaping @Sendable (IngestRequest, IngestReceipt) -> Void)
}

extension LogStore: LogStoring {}
