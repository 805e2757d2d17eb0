import Synchronization

/// The patterns of a query's messages.
///
/// All that is kept is read: what lies before the query's time is the baseline, which tells what is new. A chunk brings
/// its summary, which is cached (`PatternSummary`); where an edge of the time cuts it, or a filter judges its text, the
/// summary says which form each of its wanted rows has. Only messages of tails are masked one by one.
struct PatternScan: Sendable {
    let query: Query
    /// Without the query's begin.
    let filter: RowFilter
    /// The query's begin, in nanoseconds since 1970: what lies before it is the baseline.
    let since: Int64
    /// From when on a first log makes a pattern new.
    let newSince: Int64

    /// What was found.
    struct Found: Sendable {
        var table = PatternTable()
        /// The groups that were asked for had logs before `newSince`.
        var hasOlder = false
        var isPartial = false
    }

    /// With the filter as it stands in the chunk's group.
    private typealias Chunk = (chunk: ChunkPlan.Candidate, filter: RowFilter)

    func run(_ groups: [StoreGroup]) async -> Found {
        var found = Found()
        found.isPartial = query.state.session == nil
        guard filter.since <= filter.until, since <= filter.until else { return found }
        var rest = groups[...].filter { $0.newest.load(ordering: .relaxed) >= filter.since }[...]
        while !rest.isEmpty {
            if Task.isCancelled {
                found.isPartial = true
                break
            }
            // Some groups at a time, so that only they are read again when a chunk of theirs is gone.
            var attempt = 1
            while true {
                let (part, taken, isStale) = await read(rest, isLast: attempt >= HubLimits.queryAttempts)
                attempt += 1
                if isStale { continue }
                found.table.add(part.table)
                found.hasOlder = found.hasOlder || part.hasOlder
                found.isPartial = found.isPartial || part.isPartial
                rest = rest.dropFirst(taken)
                break
            }
        }
        return found
    }

    /// Reads the first of some groups.
    /// - Returns: how many groups that were, and whether it must be done again.
    private func read(_ groups: ArraySlice<StoreGroup>, isLast: Bool) async -> (Found, taken: Int, isStale: Bool) {
        var part = Found()
        var wanted: [Chunk] = []
        var taken = 0
        for group in groups {
            if wanted.count >= HubLimits.factsPerWave { break }
            taken += 1
            look(at: group, &part, &wanted)
            if taken % 64 == 0 { await Task.yield() }
        }
        var isStale = false
        do throws(RedisError) {
            wanted = try await possible(wanted)
            isStale = try await read(wanted, &part, isLast: isLast)
        } catch {
            part.isPartial = true
        }
        return (part, taken, isStale)
    }

    /// Takes a group's tail, and notes its chunks.
    private func look(at group: StoreGroup, _ part: inout Found, _ wanted: inout [Chunk]) {
        let filter = filter.narrowed(to: group.name)
        var open = TailMessages()
        let look = query.look(at: group, filter) { rows, isSorted in
            var block = RowBlock(tail: rows)
            block.isSortedByTime = isSorted
            // Masking takes longer than copying, and a commit waits for the lock.
            open = TailMessages(block, filter.rows(of: block, in: filter.range(of: block), group: group.name))
        }
        add(open, of: group, filter, to: &part)
        if let frozen = look.frozen {
            var block = RowBlock(tail: frozen.rows)
            block.isSortedByTime = frozen.isSorted
            let rows = filter.rows(of: block, in: filter.range(of: block), group: group.name)
            add(TailMessages(block, rows), of: group, filter, to: &part)
        }
        part.isPartial = part.isPartial || look.isDamaged
        part.hasOlder = part.hasOlder || hasOlder(group)
        // The newest first: its examples stay, where older ones would be replaced one after the other.
        for entry in look.entries.reversed() where filter.overlaps(entry) {
            wanted.append((ChunkPlan.Candidate(group: group, entry: entry, first: .earliest), filter))
        }
    }

    /// Whether a group has logs, of any kind, before what counts as new.
    private func hasOlder(_ group: StoreGroup) -> Bool {
        guard newSince > filter.since else { return false }
        return group.state.withLock { state in
            func isOlder(_ oldest: Int64, _ newest: Int64) -> Bool { oldest < newSince && newest >= filter.since }
            return state.chunks.contains { isOlder($0.oldest, $0.newest) }
                || state.frozen.map { isOlder($0.oldest, $0.newest) } ?? false
                || state.open.count > 0 && isOlder(state.openOldest, state.openNewest)
        }
    }

    /// Masks and counts messages of a tail.
    private func add(_ tail: TailMessages, of group: StoreGroup, _ filter: RowFilter, to part: inout Found) {
        for isCounted in [true, false] {
            let summary = tail.summary { ($0 >= since) == isCounted }
            guard let summary else { continue }
            part.table.add(summary, group: group.number, levels: filter.levels, isCounted: isCounted)
        }
    }

    /// Those of some chunks that can hold a match.
    private func possible(_ chunks: [Chunk]) async throws(RedisError) -> [Chunk] {
        guard filter.search != nil else { return chunks }
        let asked = chunks.indices.filter { chunks[$0].filter.search != nil }
        let facts = try await query.reader.facts(asked.map { chunks[$0].chunk.address })
        var isPossible = [Bool](repeating: true, count: chunks.count)
        for (index, fetched) in zip(asked, facts) {
            // What is missing or damaged shows when its rows are asked for.
            guard case .found(let facts) = fetched, let search = chunks[index].filter.search else { continue }
            isPossible[index] = search.mayMatch(facts, group: chunks[index].chunk.group.name)
        }
        return zip(chunks, isPossible).filter(\.1).map(\.0)
    }

    /// Reads chunks; returns whether one was gone.
    private func read(_ chunks: [Chunk], _ part: inout Found, isLast: Bool) async throws(RedisError) -> Bool {
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
            let wave = Array(chunks[next..<end])
            next = end
            let summaries = try await query.reader.patterns(wave.map(\.chunk.address))
            var isStale = false
            var parted: [(Chunk, PatternSummary)] = []
            for (wanted, fetched) in zip(wave, summaries) {
                if case .found(let summary) = fetched {
                    if let isCounted = isWhole(wanted) {
                        add(summary, wanted, isCounted: isCounted, &part)
                    } else {
                        parted.append((wanted, summary))
                    }
                } else if try await query.settle(fetched, wanted.chunk), !isLast {
                    isStale = true
                } else {
                    part.isPartial = true
                }
            }
            if isStale { return true }
            if try await readRows(parted, &part, isLast: isLast) { return true }
            await Task.yield()
        }
        return false
    }

    /// Whether all of a chunk is counted (true), or none of it (false); nil: its rows must be looked at.
    private func isWhole(_ wanted: Chunk) -> Bool? {
        let entry = wanted.chunk.entry
        guard !wanted.filter.judgesText, wanted.filter.takesWhole(entry) else { return nil }
        if entry.oldest >= since { return true }
        return entry.newest < since ? false : nil
    }

    /// Reads chunks that are wanted in part; returns whether one was gone.
    private func readRows(
        _ chunks: [(wanted: Chunk, summary: PatternSummary)],
        _ part: inout Found,
        isLast: Bool
    ) async throws(RedisError) -> Bool {
        if chunks.isEmpty { return false }
        var request = ColumnRequest(columns: .levels)
        for chunk in chunks { request.formUnion(chunk.wanted.filter.columns(LevelCounts.allMask)) }
        var isStale = false
        let blocks = try await query.reader.blocks(chunks.map(\.wanted.chunk.address), request)
        for ((wanted, summary), fetched) in zip(chunks, blocks) {
            if case .found(let block) = fetched {
                let rows = wanted.filter.rows(
                    of: block,
                    in: wanted.filter.range(of: block),
                    group: wanted.chunk.group.name
                )
                // Rows of a chunk lie in order of time.
                let begin = RowFilter.partition(0..<rows.count) { block.timestamps[Int(rows[$0])] < since }
                add(summary.part(rows[..<begin], of: block), wanted, isCounted: false, &part)
                add(summary.part(rows[begin...], of: block), wanted, isCounted: true, &part)
            } else if try await query.settle(fetched, wanted.chunk), !isLast {
                isStale = true
            } else {
                part.isPartial = true
            }
        }
        return isStale
    }

    private func add(_ summary: PatternSummary, _ wanted: Chunk, isCounted: Bool, _ part: inout Found) {
        part.table.add(
            summary,
            group: wanted.chunk.group.number,
            levels: wanted.filter.levels,
            isCounted: isCounted
        )
    }
}

/// Messages of a tail, copied out of it.
private struct TailMessages {
    private var messages = TextColumn()
    private var timestamps: [Int64] = []
    private var sequences: [UInt64] = []
    private var levels: [UInt8] = []

    init() {}

    init(_ block: RowBlock, _ rows: [UInt32]) {
        guard let column = block.messages, let levels = block.levels else { return }
        for row in rows.lazy.map(Int.init) {
            // What is beyond is not looked at.
            let message = column.bytes(row).prefix(HubLimits.patternMessageBytes + 1)
            messages.ranges.append(
                TextRange(offset: UInt32(messages.text.count), length: UInt32(message.count))
            )
            messages.text.append(contentsOf: message)
            timestamps.append(block.timestamps[row])
            sequences.append(block.sequences[row])
            self.levels.append(levels[row])
        }
    }

    /// The summary of the messages whose time is wanted; nil: there are none.
    func summary(_ isWanted: (Int64) -> Bool) -> PatternSummary? {
        var counter = PatternCounter()
        messages.text.withUnsafeBytes { text in
            for row in levels.indices where isWanted(timestamps[row]) {
                counter.add(
                    ChunkTexts.slice(text, messages.ranges[row]),
                    number: row,
                    level: levels[row],
                    first: timestamps[row],
                    last: timestamps[row],
                    sequence: sequences[row]
                )
            }
        }
        return counter.isEmpty ? nil : counter.summary { messages.bytes($0) }
    }
}

extension Query {
    /// The patterns of a query's messages; its limit, order and cursor mean nothing.
    func patterns(_ query: LogQuery, newSince: Int64, limit: Int) async -> LogPatterns {
        // Each holds thousands of forms and their examples.
        await state.patternTurns.take()
        defer { state.patternTurns.give() }
        var whole = query
        whole.since = nil
        let (filter, groups) = scope(whole)
        let scan = PatternScan(
            query: self,
            filter: filter,
            since: max(query.since ?? .min, filter.since),
            newSince: newSince
        )
        let found = await scan.run(groups)
        var patterns = found.table.patterns(
            newSince: found.hasOlder ? newSince : nil,
            hub: state.memory.keys.hub,
            limit: limit
        )
        patterns.isPartial = found.isPartial
        do throws(RedisError) {
            // The newest log of a part of a chunk is mostly none of the chunk's examples.
            for index in patterns.patterns.indices where patterns.patterns[index].exampleMessage.isEmpty {
                if patterns.isPartial || Task.isCancelled { break }
                guard let log = try await log(patterns.patterns[index].example) else { continue }
                let example = TextCut.begin(log.message, bytes: HubLimits.patternExampleBytes)
                patterns.patterns[index].exampleMessage = String(decoding: example, as: UTF8.self)
            }
        } catch {
            patterns.isPartial = true
        }
        return patterns
    }
}
