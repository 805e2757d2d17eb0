import Synchronization

/// Counts by level of a query: of each group, and by time.
///
/// What the index tells is not fetched: a chunk that lies wholly in the wanted time counts by its entry, or by its
/// 5-minute intervals; rows are read of those that an edge cuts, or where a filter judges text. A search for levels and
/// groups alone (`level:error`) judges none.
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

        mutating func add(_ other: Counts) {
            total += other.total
            groups += other.groups
            if let theirs = other.buckets { buckets?.add(theirs) }
            isPartial = isPartial || other.isPartial
        }
    }

    /// With the filter as it stands in the chunk's group.
    private typealias Chunk = (chunk: ChunkPlan.Candidate, group: Int, filter: RowFilter)

    /// Chunks that have to be asked for.
    private struct Wanted {
        var intervals: [Chunk] = []
        var rows: [Chunk] = []
        var count: Int { intervals.count + rows.count }
    }

    func run(_ groups: [StoreGroup]) async -> Counts {
        var counts = emptyCounts
        counts.isPartial = query.state.session == nil
        guard filter.since <= filter.until else { return counts }
        var rest = groups[...].filter { $0.newest.load(ordering: .relaxed) >= filter.since }[...]
        while !rest.isEmpty {
            if Task.isCancelled {
                counts.isPartial = true
                break
            }
            // Some groups at a time, so that only they are counted again when a chunk of theirs is gone.
            var attempt = 1
            while true {
                let (part, taken, isStale) = await count(rest, isLast: attempt >= HubLimits.queryAttempts)
                attempt += 1
                if isStale { continue }
                counts.add(part)
                rest = rest.dropFirst(taken)
                break
            }
        }
        return counts
    }

    private var emptyCounts: Counts { Counts(buckets: interval.map { TimeBuckets(interval: $0) }) }

    /// Counts the first of some groups.
    /// - Returns: how many groups that were, and whether it must be done again.
    private func count(_ groups: ArraySlice<StoreGroup>, isLast: Bool) async -> (Counts, taken: Int, isStale: Bool) {
        var part = emptyCounts
        var levels: [LevelCounts] = []
        var wanted = Wanted()
        for group in groups {
            // Without rows to read nothing can be gone, so all are counted at once.
            if wanted.count >= HubLimits.factsPerWave { break }
            levels.append(LevelCounts())
            look(at: group, levels.count - 1, &part, &levels, &wanted)
        }
        var isStale = false
        do throws(RedisError) {
            isStale = try await readIntervals(wanted.intervals, &part, &levels, isLast: isLast)
            if !isStale { isStale = try await readRows(wanted.rows, &part, &levels, isLast: isLast) }
        } catch {
            part.isPartial = true
        }
        for (group, levels) in zip(groups, levels) where levels.mask != 0 {
            part.total += levels
            part.groups.append((group, levels))
        }
        return (part, levels.count, isStale)
    }

    /// Counts a group's tail, and what its index alone tells.
    private func look(
        at group: StoreGroup,
        _ index: Int,
        _ part: inout Counts,
        _ levels: inout [LevelCounts],
        _ wanted: inout Wanted
    ) {
        let filter = filter.narrowed(to: group.name)
        let look = query.look(at: group, filter) { rows, isSorted in
            count(rows, isSorted, group, filter, &part, &levels[index])
        }
        if let frozen = look.frozen { count(frozen.rows, frozen.isSorted, group, filter, &part, &levels[index]) }
        part.isPartial = part.isPartial || look.isDamaged
        for entry in look.entries where filter.overlaps(entry) {
            let chunk = ChunkPlan.Candidate(group: group, entry: entry, first: .earliest)
            guard !filter.judgesText, filter.takesWhole(entry) else {
                wanted.rows.append((chunk, index, filter))
                continue
            }
            guard let interval else {
                levels[index] += entry.levels.masked(filter.levels)
                continue
            }
            if part.buckets?.isSame(entry.oldest, entry.newest) ?? false {
                levels[index] += entry.levels.masked(filter.levels)
                part.buckets?.add(entry.levels.masked(filter.levels), at: entry.oldest)
            } else if interval % ChunkInterval.length == 0 {
                wanted.intervals.append((chunk, index, filter))
            } else {
                wanted.rows.append((chunk, index, filter))
            }
        }
    }

    private func count(
        _ rows: LogRows,
        _ isSorted: Bool,
        _ group: StoreGroup,
        _ filter: RowFilter,
        _ part: inout Counts,
        _ levels: inout LevelCounts
    ) {
        var block = RowBlock(tail: rows)
        block.isSortedByTime = isSorted
        let isWhole = filter.arrivedAfter == 0 && rows.sequences.last ?? 0 <= filter.snapshot
        count(block, group, filter, allSequences: isWhole, &part, &levels)
    }

    private func count(
        _ block: RowBlock,
        _ group: StoreGroup,
        _ filter: RowFilter,
        allSequences: Bool,
        _ part: inout Counts,
        _ counts: inout LevelCounts
    ) {
        let range = filter.range(of: block)
        guard let levels = block.levels else { return }
        if block.isSortedByTime && allSequences && !filter.judgesText {
            // Nothing but the level is left to be judged, so no list of rows has to be made.
            for row in range where filter.levels >> levels[row] & 1 == 1 {
                counts[Int(levels[row])] += 1
                part.buckets?.add(levels[row], at: block.timestamps[row])
            }
            return
        }
        for row in filter.rows(of: block, in: range, group: group.name) {
            counts[Int(levels[Int(row)])] += 1
            part.buckets?.add(levels[Int(row)], at: block.timestamps[Int(row)])
        }
    }

    /// Counts chunks by their summaries; returns whether one was gone.
    private func readIntervals(
        _ chunks: [Chunk],
        _ part: inout Counts,
        _ levels: inout [LevelCounts],
        isLast: Bool
    ) async throws(RedisError) -> Bool {
        var isStale = false
        for begin in stride(from: 0, to: chunks.count, by: HubLimits.factsPerWave) {
            let wave = chunks[begin..<min(chunks.count, begin + HubLimits.factsPerWave)]
            let found = try await query.reader.intervals(wave.map(\.chunk.address), fields: [])
            for ((chunk, group, filter), fetched) in zip(wave, found) {
                guard case .found(let intervals) = fetched else {
                    if try await query.settle(fetched, chunk), !isLast { isStale = true } else { part.isPartial = true }
                    continue
                }
                for interval in intervals {
                    let masked = interval.levels.masked(filter.levels)
                    levels[group] += masked
                    part.buckets?.add(masked, at: interval.start)
                }
            }
            if isStale { return true }
        }
        return false
    }

    /// Counts chunks by their rows; returns whether one was gone.
    private func readRows(
        _ chunks: [Chunk],
        _ part: inout Counts,
        _ levels: inout [LevelCounts],
        isLast: Bool
    ) async throws(RedisError) -> Bool {
        var chunks = chunks
        if filter.search != nil {
            for begin in stride(from: 0, to: chunks.count, by: HubLimits.factsPerWave).reversed() {
                let end = min(chunks.count, begin + HubLimits.factsPerWave)
                let asked = (begin..<end).filter { chunks[$0].filter.search != nil }
                let facts = try await query.reader.facts(asked.map { chunks[$0].chunk.address })
                for (index, fetched) in zip(asked, facts).reversed() {
                    guard case .found(let facts) = fetched, let search = chunks[index].filter.search else { continue }
                    if !search.mayMatch(facts, group: chunks[index].chunk.group.name) { chunks.remove(at: index) }
                }
            }
        }
        var next = 0
        while next < chunks.count {
            if Task.isCancelled {
                part.isPartial = true
                return false
            }
            var end = next
            var bytes = 0
            while end < chunks.count, end - next < HubLimits.chunksPerWave, bytes < HubLimits.waveBytes {
                bytes += chunks[end].chunk.entry.bytes
                end += 1
            }
            let wave = chunks[next..<end]
            next = end
            var isStale = false
            var request = ColumnRequest(columns: .levels)
            for chunk in wave { request.formUnion(chunk.filter.columns(LevelCounts.allMask)) }
            for ((chunk, group, filter), fetched) in zip(
                wave,
                try await query.reader.blocks(wave.map(\.chunk.address), request)
            ) {
                if case .found(let block) = fetched {
                    let isWhole =
                        chunk.entry.lastSequence <= filter.snapshot && chunk.entry.firstSequence > filter.arrivedAfter
                    count(block, chunk.group, filter, allSequences: isWhole, &part, &levels[group])
                } else if try await query.settle(fetched, chunk), !isLast {
                    isStale = true
                } else {
                    part.isPartial = true
                }
            }
            if isStale { return true }
            await Task.yield()
        }
        return false
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
