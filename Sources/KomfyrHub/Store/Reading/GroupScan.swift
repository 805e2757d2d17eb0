import Synchronization

/// What logs are counted into, part by part: what is the same for counts and for series is `GroupScan`'s.
protocol ScanTally: Sendable {
    /// What of `data` is counted, beside the level.
    var numbers: ColumnRequest { get }
    /// The group comes next; what follows names it by how many came before.
    mutating func begin(_ group: StoreGroup)
    /// Counts a chunk by its index entry, if that tells enough; all its rows are wanted but for their level.
    /// - Returns: what of it must be read; nil: nothing.
    mutating func count(_ entry: ChunkEntry, group: Int, _ filter: RowFilter) -> ScanPart?
    /// Counts a tail.
    ///
    /// An open one is locked meanwhile: what takes long is kept for `settleTail`.
    mutating func count(_ rows: LogRows, isSorted: Bool, isOpen: Bool, of chunk: ScanPlace)
    /// The lock is off.
    mutating func settleTail()
    /// Counts a chunk by its five minutes.
    /// - Returns: false when its rows must be read after all.
    mutating func count(_ summaries: ChunkSummaries, of entry: ChunkEntry, _ place: ScanPlace) -> Bool
    /// Counts the wanted rows of a block; with `allSequences` none is left out by its sequence.
    mutating func count(_ block: RowBlock, allSequences: Bool, of place: ScanPlace)
    /// Counts what another has counted.
    mutating func add(_ other: Self)
}

/// What of a chunk must be read.
enum ScanPart {
    /// Its five minutes.
    case summaries
    case rows
}

/// Which group is counted, and by which filter.
struct ScanPlace: Sendable {
    var group: StoreGroup
    var index: Int
    /// As it stands in the group.
    var filter: RowFilter
}

/// Goes through tails and chunks of groups, and counts.
///
/// What the index tells is not fetched: a chunk that lies wholly in the wanted time counts by its entry, or by its
/// 5-minute intervals; rows are read of those that an edge cuts, or where a filter judges text. A search for levels and
/// groups alone (`level:error`) judges none.
struct GroupScan<Tally: ScanTally>: Sendable {
    let query: Query
    let filter: RowFilter
    /// Nothing counted yet.
    let empty: Tally

    private struct Chunk: Sendable {
        var candidate: ChunkPlan.Candidate
        var place: ScanPlace
    }

    /// Chunks that have to be asked for.
    private struct Wanted {
        var summaries: [Chunk] = []
        var rows: [Chunk] = []
        var count: Int { summaries.count + rows.count }
    }

    private struct Part {
        var tally: Tally
        var isPartial = false
    }

    /// Counts; also tells whether something is left out.
    func run(_ groups: [StoreGroup]) async -> (tally: Tally, isPartial: Bool) {
        var all = Part(tally: empty, isPartial: query.state.session == nil)
        guard filter.since <= filter.until else { return (all.tally, all.isPartial) }
        var rest = groups[...].filter { $0.newest.load(ordering: .relaxed) >= filter.since }[...]
        while !rest.isEmpty {
            if Task.isCancelled {
                all.isPartial = true
                break
            }
            // Some groups at a time, so that only they are counted again when a chunk of theirs is gone.
            var attempt = 1
            while true {
                let (part, taken, isStale) = await count(rest, isLast: attempt >= HubLimits.queryAttempts)
                attempt += 1
                if isStale { continue }
                all.tally.add(part.tally)
                all.isPartial = all.isPartial || part.isPartial
                rest = rest.dropFirst(taken)
                break
            }
        }
        return (all.tally, all.isPartial)
    }

    /// Counts the first of some groups.
    /// - Returns: how many groups that were, and whether it must be done again.
    private func count(_ groups: ArraySlice<StoreGroup>, isLast: Bool) async -> (Part, taken: Int, isStale: Bool) {
        var part = Part(tally: empty)
        var wanted = Wanted()
        var taken = 0
        for group in groups {
            // Without rows to read nothing can be gone, so all are counted at once.
            if wanted.count >= HubLimits.factsPerWave { break }
            look(at: ScanPlace(group: group, index: taken, filter: filter.narrowed(to: group.name)), &part, &wanted)
            taken += 1
        }
        var isStale = false
        do throws(RedisError) {
            isStale = try await readSummaries(&wanted, &part, isLast: isLast)
            if !isStale { isStale = try await readRows(wanted.rows, &part, isLast: isLast) }
        } catch {
            part.isPartial = true
        }
        return (part, taken, isStale)
    }

    /// Counts a group's tail, and what its index alone tells.
    private func look(at place: ScanPlace, _ part: inout Part, _ wanted: inout Wanted) {
        part.tally.begin(place.group)
        let look = query.look(at: place.group, place.filter) { rows, isSorted in
            part.tally.count(rows, isSorted: isSorted, isOpen: true, of: place)
        }
        part.tally.settleTail()
        if let frozen = look.frozen {
            part.tally.count(frozen.rows, isSorted: frozen.isSorted, isOpen: false, of: place)
        }
        part.isPartial = part.isPartial || look.isDamaged
        for entry in look.entries where place.filter.overlaps(entry) {
            let chunk = Chunk(
                candidate: ChunkPlan.Candidate(group: place.group, entry: entry, first: .earliest),
                place: place
            )
            guard !place.filter.judgesText, place.filter.takesWhole(entry) else {
                wanted.rows.append(chunk)
                continue
            }
            switch part.tally.count(entry, group: place.index, place.filter) {
            case nil: break
            case .summaries: wanted.summaries.append(chunk)
            case .rows: wanted.rows.append(chunk)
            }
        }
    }

    /// Counts chunks by their summaries; returns whether one was gone.
    ///
    /// Those whose rows must be read after all go to the others.
    private func readSummaries(
        _ wanted: inout Wanted,
        _ part: inout Part,
        isLast: Bool
    ) async throws(RedisError) -> Bool {
        let chunks = wanted.summaries
        let numbers = empty.numbers
        var next = 0
        while next < chunks.count {
            if Task.isCancelled {
                part.isPartial = true
                return false
            }
            // Counts are some hundred bytes; numbers may be many.
            let end =
                numbers.hasNumbers
                ? Self.wave(chunks, from: next) : min(chunks.count, next + HubLimits.factsPerWave)
            let wave = chunks[next..<end]
            next = end
            var isStale = false
            for (chunk, fetched) in zip(wave, try await summaries(wave.map(\.candidate.address), numbers)) {
                if case .found(let summaries) = fetched {
                    if !part.tally.count(summaries, of: chunk.candidate.entry, chunk.place) {
                        wanted.rows.append(chunk)
                    }
                } else if try await query.settle(fetched, chunk.candidate), !isLast {
                    isStale = true
                } else {
                    part.isPartial = true
                }
            }
            if isStale { return true }
        }
        return false
    }

    private func summaries(
        _ addresses: [ChunkReader.Address],
        _ numbers: ColumnRequest
    ) async throws(RedisError) -> [ChunkReader.Fetched<ChunkSummaries>] {
        if numbers.hasNumbers { return try await query.reader.summaries(addresses, numbers) }
        return try await query.reader.intervals(addresses)
            .map { fetched in
                switch fetched {
                case .found(let intervals): .found(ChunkSummaries(intervals: intervals))
                case .missing: .missing
                case .damaged(let problem): .damaged(problem)
                }
            }
    }

    /// Counts chunks by their rows; returns whether one was gone.
    private func readRows(_ chunks: [Chunk], _ part: inout Part, isLast: Bool) async throws(RedisError) -> Bool {
        let chunks = try await possible(chunks)
        var next = 0
        while next < chunks.count {
            if Task.isCancelled {
                part.isPartial = true
                return false
            }
            let end = Self.wave(chunks, from: next)
            let wave = chunks[next..<end]
            next = end
            var isStale = false
            var request = empty.numbers
            request.columns.formUnion(.levels)
            for chunk in wave { request.formUnion(chunk.place.filter.columns(LevelCounts.allMask)) }
            for (chunk, fetched) in zip(
                wave,
                try await query.reader.blocks(wave.map(\.candidate.address), request)
            ) {
                let entry = chunk.candidate.entry
                if case .found(let block) = fetched {
                    let isWhole =
                        entry.lastSequence <= chunk.place.filter.snapshot
                        && entry.firstSequence > chunk.place.filter.arrivedAfter
                    part.tally.count(block, allSequences: isWhole, of: chunk.place)
                } else if try await query.settle(fetched, chunk.candidate), !isLast {
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

    /// Where the chunks end that are read in one go.
    private static func wave(_ chunks: [Chunk], from begin: Int) -> Int {
        var end = begin
        var bytes = 0
        while end < chunks.count, end - begin < HubLimits.chunksPerWave, bytes < HubLimits.waveBytes {
            bytes += chunks[end].candidate.entry.bytes
            end += 1
        }
        return end
    }

    /// Those of some chunks that can hold a match.
    private func possible(_ chunks: [Chunk]) async throws(RedisError) -> [Chunk] {
        guard filter.search != nil else { return chunks }
        var chunks = chunks
        for begin in stride(from: 0, to: chunks.count, by: HubLimits.factsPerWave).reversed() {
            let end = min(chunks.count, begin + HubLimits.factsPerWave)
            let asked = (begin..<end).filter { chunks[$0].place.filter.search != nil }
            let facts = try await query.reader.facts(asked.map { chunks[$0].candidate.address })
            for (index, fetched) in zip(asked, facts).reversed() {
                guard case .found(let facts) = fetched, let search = chunks[index].place.filter.search else { continue }
                if !search.mayMatch(facts, group: chunks[index].place.group.name) { chunks.remove(at: index) }
            }
        }
        return chunks
    }
}
