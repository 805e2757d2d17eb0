import Synchronization

/// Counts by level of a query: of each group, and by time.
struct CountScan: Sendable {
    let query: Query
    let filter: RowFilter
    /// Of the histogram, in nanoseconds; nil: only groups are counted.
    let interval: Int64?

    /// What was counted.
    struct Counts: Sendable {
        var total = LevelCounts()
        /// Of groups that have any.
        var groups: [(group: StoreGroup, levels: LevelCounts)] = []
        var buckets: TimeBuckets?
        var isPartial = false
    }

    func run(_ groups: [StoreGroup]) async -> Counts {
        let empty = CountTally(interval: interval, buckets: interval.map { TimeBuckets(interval: $0) })
        let (tally, isPartial) = await GroupScan(query: query, filter: filter, empty: empty).run(groups)
        var counts = Counts(buckets: tally.buckets, isPartial: isPartial)
        for (group, levels) in tally.groups where levels.mask != 0 {
            counts.total += levels
            counts.groups.append((group, levels))
        }
        return counts
    }
}

/// Counts by level, for each group and for each interval.
private struct CountTally: ScanTally {
    let interval: Int64?
    var groups: [(group: StoreGroup, levels: LevelCounts)] = []
    var buckets: TimeBuckets?

    var numbers: ColumnRequest { ColumnRequest() }

    mutating func begin(_ group: StoreGroup) { groups.append((group, LevelCounts())) }

    mutating func count(_ entry: ChunkEntry, group: Int, _ filter: RowFilter) -> ScanPart? {
        let isSame = buckets?.isSame(entry.oldest, entry.newest) ?? true
        guard isSame else { return (interval ?? 1) % ChunkInterval.length == 0 ? .summaries : .rows }
        let levels = entry.levels.masked(filter.levels)
        groups[group].levels += levels
        buckets?.add(levels, at: entry.oldest)
        return nil
    }

    mutating func count(_ rows: LogRows, isSorted: Bool, isOpen: Bool, of place: ScanPlace) {
        var block = RowBlock(tail: rows)
        block.isSortedByTime = isSorted
        let isWhole = place.filter.arrivedAfter == 0 && rows.sequences.last ?? 0 <= place.filter.snapshot
        count(block, allSequences: isWhole, of: place)
    }

    mutating func settleTail() {}

    mutating func count(_ summaries: ChunkSummaries, of entry: ChunkEntry, _ place: ScanPlace) -> Bool {
        for interval in summaries.intervals {
            let levels = interval.levels.masked(place.filter.levels)
            groups[place.index].levels += levels
            buckets?.add(levels, at: interval.start)
        }
        return true
    }

    mutating func count(_ block: RowBlock, allSequences: Bool, of place: ScanPlace) {
        let filter = place.filter
        let range = filter.range(of: block)
        guard let levels = block.levels else { return }
        var counts = groups[place.index].levels
        defer { groups[place.index].levels = counts }
        if block.isSortedByTime && allSequences && !filter.judgesText {
            // Nothing but the level is left to be judged, so no list of rows has to be made.
            for row in range where filter.levels >> levels[row] & 1 == 1 {
                counts[Int(levels[row])] += 1
                buckets?.add(levels[row], at: block.timestamps[row])
            }
            return
        }
        for row in filter.rows(of: block, in: range, group: place.group.name) {
            counts[Int(levels[Int(row)])] += 1
            buckets?.add(levels[Int(row)], at: block.timestamps[Int(row)])
        }
    }

    mutating func add(_ other: CountTally) {
        groups += other.groups
        if let theirs = other.buckets { buckets?.add(theirs) }
    }
}

extension LevelCounts {
    /// Only the levels whose bit is set.
    func masked(_ mask: UInt8) -> LevelCounts {
        if mask & Self.allMask == Self.allMask { return self }
        var kept = self
        for level in 0..<Self.count where mask >> UInt8(level) & 1 == 0 { kept[level] = 0 }
        return kept
    }
}

extension Query {
    /// Counts of a query by time and level.
    func histogram(_ query: LogQuery, interval: Int64) async -> LogHistogram {
        let (filter, groups) = scope(query)
        let counts = await CountScan(query: self, filter: filter, interval: interval).run(groups)
        return LogHistogram(
            interval: counts.buckets?.interval ?? interval,
            buckets: counts.buckets?.buckets ?? [],
            isPartial: counts.isPartial
        )
    }

    /// Counts of a query by group and level.
    func groupCounts(_ query: LogQuery) async -> GroupCounts {
        let (filter, groups) = scope(query)
        let counts = await CountScan(query: self, filter: filter, interval: nil).run(groups)
        var levels: [UInt32: LevelCounts] = [:]
        for (group, found) in counts.groups { levels[group.number] = found }
        return GroupCounts(levels: levels, isPartial: counts.isPartial)
    }

    /// Filter and groups of a query that is no listing: its cursor means nothing.
    func scope(_ query: LogQuery) -> (RowFilter, [StoreGroup]) {
        var query = query
        query.cursor = nil
        query.order = .newestFirst
        let memory = state.memory
        let filter = RowFilter(query, oldest: oldest, snapshot: memory.newestSequence)
        return (filter, memory.directory.withLock { $0.matching(query.groups, bound: query.bound) })
    }
}
