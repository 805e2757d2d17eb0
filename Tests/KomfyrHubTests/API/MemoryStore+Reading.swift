import EventLoop
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

    func groupCounts(_ query: LogQuery) async throws(StoreError) -> GroupCounts {
        var levels: [UInt32: LevelCounts] = [:]
        for log in try await all(query) {
            levels[log.id.group, default: LevelCounts()][Int(log.level.rawValue)] += 1
        }
        return GroupCounts(levels: levels, isPartial: isPartial)
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

    func mayKeep(bytes: Int) -> Bool { true }

    func patterns(_ query: LogQuery, newSince: Int64, limit: Int) async throws(StoreError) -> LogPatterns {
        var whole = query
        whole.since = nil
        let logs = try await all(whole)
        var table = PatternTable()
        for log in logs {
            var counter = PatternCounter()
            log.message.withUnsafeBytes { message in
                _ = counter.add(
                    message,
                    number: 0,
                    level: log.level.rawValue,
                    first: log.timestamp,
                    last: log.timestamp,
                    sequence: log.sequence
                )
            }
            table.add(
                counter.summary { _ in log.message[...] },
                group: log.id.group,
                levels: query.levels,
                isCounted: log.timestamp >= query.since ?? .min
            )
        }
        let hasOlder = self.logs.contains { log in
            log.timestamp < newSince && query.bound?.matches(log.group) ?? true
                && (query.groups.isEmpty || query.groups.contains { $0.matches(log.group) })
        }
        var patterns = table.patterns(newSince: hasOlder ? newSince : nil, hub: hub, limit: limit)
        patterns.isPartial = isPartial
        return patterns
    }

    func series(_ query: LogQuery, fields: [String]?, interval: Int64) async throws(StoreError) -> LogSeries {
        noteSeries()
        let now = WallClock.now()
        let window = SeriesWindow(query, interval: interval, oldest: now - 48 * 3_600_000_000_000, now: now)
        var query = query
        query.since = window.since
        query.until = window.until
        query.order = .oldestFirst
        var levels = [LevelCounts](repeating: LevelCounts(), count: window.count)
        var found = SeriesFields(fields?.map { Array($0.utf8) }, intervals: window.count)
        var path: [UInt8] = []
        for log in try await all(query) {
            guard let index = window.index(of: log.timestamp) else { continue }
            levels[index][Int(log.level.rawValue)] += 1
            let place = SeriesCell.Place(time: log.timestamp, sequence: log.sequence)
            log.data.withUnsafeBytes { data in
                DataWalk.numbers(in: data, path: &path) { path, value in
                    guard case .number(let digits) = value else { return }
                    let number = ChunkNumbers.value(of: digits)
                    found.add(number, of: path, interval: index, log: Int(log.sequence), at: place)
                }
            }
        }
        return LogSeries(
            start: window.start,
            interval: window.interval,
            levels: levels,
            fields: zip(found.paths, found.cells)
                .map { path, cells in
                    LogSeries.Field(
                        path: String(decoding: path, as: UTF8.self),
                        summaries: cells.map { $0.summary.count > 0 ? $0.summary : nil }
                    )
                }
                .filter { $0.summaries.contains { $0 != nil } },
            isPartial: isPartial,
            isCut: found.isCut,
            whole: window.whole
        )
    }

    func seriesByGroup(
        _ query: LogQuery,
        interval: Int64,
        body: (String?, LogSeries) -> Void
    ) async throws(StoreError) -> LogSeries {
        var names: [String?] = []
        for log in try await all(query) where !names.contains(log.group) { names.append(log.group) }
        for name in names {
            var part = query
            if let name { part.groups = [.exact(name)] }
            body(name, try await series(part, fields: nil, interval: interval))
        }
        return try await series(query, fields: nil, interval: interval)
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
