import Protocol

/// What comes next.
extension LogStore {
    func histogram(_ query: LogQuery, interval: Int64) async throws(StoreError) -> LogHistogram {
        LogHistogram(interval: interval, buckets: [], isPartial: true)
    }

    func facets(_ query: LogQuery, limit: Int) async throws(StoreError) -> LogFacets {
        LogFacets(
            total: 0,
            levels: LevelCounts(),
            groups: [],
            tags: [],
            sources: [],
            fields: [],
            isSampled: false,
            isPartial: true
        )
    }

    func context(_ id: LogID, before: Int, after: Int, bound: GroupPattern?) async throws(StoreError) -> LogContext? {
        nil
    }

    func export(_ query: LogQuery) -> any LogExporting { NoExport() }

    func purge(_ pattern: GroupPattern?, bound: GroupPattern?) async throws(StoreError) -> Int { 0 }
}

private struct NoExport: LogExporting {
    func next() async throws(StoreError) -> [StoredLog]? { nil }
}
