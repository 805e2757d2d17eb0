import Protocol

@testable import KomfyrHub

/// The rest of what the API reads, computed from all logs anew each time.
extension MemoryStore {
    func histogram(_ query: LogQuery, interval: Int64) async throws(StoreError) -> LogHistogram {
        var buckets: [Int64: LevelCounts] = [:]
        for log in try await all(query) {
            buckets[log.timestamp / interval * interval, default: LevelCounts()][Int(log.level.rawValue)] += 1
        }
        return LogHistogram(
            interval: interval,
            buckets: buckets.map { LogHistogram.Bucket(start: $0.key, levels: $0.value) }
                .sorted { $0.start < $1.start },
            isPartial: isPartial
        )
    }

    func facets(_ query: LogQuery, limit: Int) async throws(StoreError) -> LogFacets {
        let logs = try await all(query)
        var levels = LevelCounts()
        var groups: [String: Int] = [:]
        for log in logs {
            levels[Int(log.level.rawValue)] += 1
            if let group = log.group { groups[group, default: 0] += 1 }
        }
        return LogFacets(
            total: logs.count,
            levels: levels,
            groups: groups.map { LogFacets.Value(text: Array($0.key.utf8), count: $0.value) }
                .sorted { $0.count > $1.count },
            tags: [],
            sources: [],
            fields: [],
            isSampled: false,
            isPartial: isPartial
        )
    }

    func context(_ id: LogID, before: Int, after: Int, bound: GroupPattern?) async throws(StoreError) -> LogContext? {
        guard let log = try await log(id), bound?.matches(log.group) ?? true else { return nil }
        let near = logs.filter { $0.group == log.group && $0.source == log.source }
            .sorted { ($0.timestamp, $0.sequence) < ($1.timestamp, $1.sequence) }
        let place = near.firstIndex { $0.sequence == log.sequence } ?? 0
        return LogContext(
            before: Array(near[..<place].suffix(before)),
            log: log,
            after: Array(near[(place + 1)...].prefix(after)),
            isPartial: isPartial
        )
    }

    func export(_ query: LogQuery) -> any LogExporting {
        exporting ?? OneExport(store: self, query: query)
    }

    func purge(_ pattern: GroupPattern?, bound: GroupPattern?) async throws(StoreError) -> Int {
        if let failure { throw failure }
        return remove { log in (pattern?.matches(log.group) ?? true) && (bound?.matches(log.group) ?? true) }
    }

    fileprivate func all(_ query: LogQuery) async throws(StoreError) -> [StoredLog] {
        var query = query
        query.limit = .max
        query.cursor = nil
        return try await page(query).logs
    }
}

/// Everything in one part.
private actor OneExport: LogExporting {
    let store: MemoryStore
    var query: LogQuery?

    init(store: MemoryStore, query: LogQuery) {
        self.store = store
        self.query = query
    }

    func next() async throws(StoreError) -> [StoredLog]? {
        guard let query else { return nil }
        self.query = nil
        return try await store.all(query)
    }
}
