import Protocol
import Synchronization

/// Counts the values of a query's logs, the newest first, until it has looked at as many as it may.
private struct FacetCounter: RowTaker {
    let filter: RowFilter
    private(set) var total = 0
    private(set) var levels = LevelCounts()
    private(set) var groups: [UInt32: Int] = [:]
    private(set) var groupNames: [UInt32: String] = [:]
    private(set) var tags = ValueCounts(limit: HubLimits.facetNames)
    private(set) var sources = ValueCounts(limit: HubLimits.facetNames)
    private(set) var fields = FieldCounts()
    /// There were logs that were not looked at.
    private(set) var isCut = false
    private var dataBytes = 0
    /// Logs of an open tail that are still to be counted.
    private var tail: (rows: LogRows, group: StoreGroup)?

    init(_ filter: RowFilter) { self.filter = filter }

    private var isFull: Bool { total >= HubLimits.facetLogs || dataBytes >= HubLimits.facetBytes }

    func accepts(_ rank: Rank) -> Bool { !isFull || !isCut }

    func columns(_ levelMask: UInt8) -> ColumnRequest {
        var request = filter.columns(levelMask)
        request.columns.formUnion([.levels, .tags, .sources, .data])
        return request
    }

    mutating func take(_ rows: LogRows, isSorted: Bool, isOpen: Bool, of group: StoreGroup) {
        var block = RowBlock(tail: rows)
        block.isSortedByTime = isSorted
        guard isOpen else { return take(block, of: group) }
        // Looking into values takes long; copying does not.
        var copies = LogRows()
        for row in filter.rows(of: block, in: filter.range(of: block), group: group.name).suffix(HubLimits.facetLogs) {
            copies.append(block, row: Int(row))
        }
        if copies.count > 0 { tail = (copies, group) }
    }

    mutating func settleTail() {
        guard let (rows, group) = tail else { return }
        tail = nil
        take(RowBlock(tail: rows), of: group)
    }

    mutating func take(_ block: RowBlock, of chunk: ChunkPlan.Candidate) { take(block, of: chunk.group) }

    private mutating func take(_ block: RowBlock, of group: StoreGroup) {
        var rows = filter.rows(of: block, in: filter.range(of: block), group: group.name)
        if rows.isEmpty { return }
        let room = HubLimits.facetLogs - total
        if rows.count > room || isFull {
            isCut = true
            rows = Array(rows.suffix(max(0, room)))
        }
        total += rows.count
        groups[group.number, default: 0] += rows.count
        groupNames[group.number] = group.name
        if let column = block.levels { for row in rows { levels[Int(column[Int(row)])] += 1 } }
        if let column = block.sources {
            for (text, count) in Self.count(column, rows) { sources.add(Array(text), count) }
        }
        if let column = block.tags { countTags(column, rows) }
        if let data = block.data {
            for row in rows.reversed() {
                guard dataBytes < HubLimits.facetBytes else {
                    isCut = true
                    break
                }
                fields.add(data, Int(row))
                dataBytes += data.length(Int(row))
            }
        }
    }

    private mutating func countTags(_ column: TextColumn, _ rows: [UInt32]) {
        for (text, count) in Self.count(column, rows) {
            // Tags are stored as JSON strings.
            for element in TagElements(text) { tags.add(JSONText.unescaped(element.dropFirst().dropLast()), count) }
        }
    }

    /// The texts of some rows, and how many rows have each: texts that rows share are met once.
    private static func count(_ column: TextColumn, _ rows: [UInt32]) -> [(text: ArraySlice<UInt8>, count: Int)] {
        var counts: [UInt64: Int] = [:]
        for row in rows where !column.ranges[Int(row)].isNone { counts[column.ranges[Int(row)].key, default: 0] += 1 }
        return counts.map { key, count in
            let range = TextRange(offset: UInt32(key >> 32), length: UInt32(truncatingIfNeeded: key))
            return (column.text[range.bounds], count)
        }
    }
}

extension DataColumn {
    /// The bytes of a row's object, numbers that were taken out left aside.
    fileprivate func length(_ row: Int) -> Int {
        switch self {
        case .json(let column): Int(column.ranges[row].length)
        case .split(let data): Int(data.objects?.ranges[row].length ?? 0)
        }
    }
}

extension Query {
    /// The commonest values of a query's logs.
    ///
    /// Values come from the newest `HubLimits.facetLogs` logs at most, and then say so. Where nothing but group, time
    /// and level is asked for, total, levels and groups are exact whatever there is, since the index tells them.
    func facets(_ query: LogQuery, limit: Int) async -> LogFacets {
        let (filter, groups) = scope(query)
        var exact: CountScan.Counts?
        if !filter.judgesText { exact = await CountScan(query: self, filter: filter, interval: nil).run(groups) }
        let (counter, isPartial) = await count(filter, groups)
        var names = ValueCounts(limit: .max)
        for (number, count) in counter.groups where exact == nil {
            if let name = counter.groupNames[number] { names.add(Array(name.utf8), count) }
        }
        for (group, levels) in exact?.groups ?? [] {
            if let name = group.name { names.add(Array(name.utf8), levels.total) }
        }
        return LogFacets(
            total: exact?.total.total ?? counter.total,
            levels: exact?.total ?? counter.levels,
            groups: names.top(limit),
            tags: counter.tags.top(limit),
            sources: counter.sources.top(limit),
            fields: counter.fields.top(limit),
            isSampled: counter.isCut || counter.tags.isCut || counter.sources.isCut || counter.fields.isSampled,
            isPartial: isPartial || exact?.isPartial ?? false
        )
    }

    private func count(_ filter: RowFilter, _ groups: [StoreGroup]) async -> (FacetCounter, isPartial: Bool) {
        var attempt = 1
        while true {
            var counter = FacetCounter(filter)
            do throws(IndexChanged) {
                let isPartial = try await walk(
                    filter,
                    groups,
                    isLast: attempt >= HubLimits.queryAttempts,
                    into: &counter
                )
                return (counter, isPartial)
            } catch {
                attempt += 1
            }
        }
    }
}
