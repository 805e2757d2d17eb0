import Protocol

/// What is read beside pages, and purging.
extension LogStore {
    func histogram(_ query: LogQuery, interval: Int64) async throws(StoreError) -> LogHistogram {
        await self.query.histogram(query, interval: max(1, interval))
    }

    func groupCounts(_ query: LogQuery) async throws(StoreError) -> GroupCounts {
        await self.query.groupCounts(query)
    }

    func series(_ query: LogQuery, fields: [String]?, interval: Int64) async throws(StoreError) -> LogSeries {
        await self.query.series(query, fields: fields, interval: max(1, interval))
    }

    func seriesByGroup(
        _ query: LogQuery,
        interval: Int64,
        body: (String?, LogSeries) -> Void
    ) async throws(StoreError) -> LogSeries {
        await self.query.seriesByGroup(query, interval: max(1, interval), body: body)
    }

    func facets(_ query: LogQuery, limit: Int) async throws(StoreError) -> LogFacets {
        await self.query.facets(query, limit: max(1, limit))
    }

    func patterns(_ query: LogQuery, newSince: Int64, limit: Int) async throws(StoreError) -> LogPatterns {
        await self.query.patterns(query, newSince: newSince, limit: max(1, limit))
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
