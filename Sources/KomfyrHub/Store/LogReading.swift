import Protocol

/// What is read beside pages, and purging.
extension LogStore {
    func histogram(_ query: LogQuery, interval: Int64) async throws(StoreError) -> LogHistogram {
        await self.query.histogram(query, interval: max(1, interval))
    }

    func facets(_ query: LogQuery, limit: Int) async throws(StoreError) -> LogFacets {
        await self.query.facets(query, limit: max(1, limit))
    }

    func context(_ id: LogID, before: Int, after: Int, bound: GroupPattern?) async throws(StoreError) -> LogContext? {
        do throws(RedisError) {
            return try await query.context(id, before: before, after: after, bound: bound)
        } catch {
            throw StoreWriter.storeError(error)
        }
    }

    func export(_ query: LogQuery) -> any LogExporting { LogExport(self.query, query) }

    /// Removes the logs of groups that were answered before it was called; those that come later stay.
    ///
    /// - Throws: `StoreError`; some groups may be purged then, and the others are when it is asked for again.
    func purge(_ pattern: GroupPattern?, bound: GroupPattern?) async throws(StoreError) -> Int {
        try await writer.purge(pattern, bound: bound).get()
    }
}
