import Logging
import Synchronization

/// Reads: index, then chunks in the listing's order as long as more is wanted, merged with the tails.
///
/// ```
///  groups, newest first ─▶ tail under the lock; index ─▶ pruned by time, level, sequence ─▶ by facts, for a search
///      ─▶ only the columns that rows are judged by ─▶ places of the rows ─▶ the other columns of their chunks
/// ```
///
/// What is read is of one moment: the newest sequence when it was begun bounds it, so logs that arrive meanwhile, and
/// chunks that replace tails under it, change nothing.
struct Query: Sendable {
    let replayer: Replayer
    let state: StoreState
    let configuration: StoreConfiguration
    let logger: Logger

    /// Why a read must be begun again: a chunk of the index was not there.
    struct IndexChanged: Error {}

    var reader: ChunkReader { ChunkReader(redis: replayer.redis, cache: state.cache, logger: logger) }

    /// The oldest time that is kept.
    var oldest: Int64 { configuration.clock() - configuration.retention }

    // MARK: Walking through groups and chunks

    /// Brings the rows of groups to `taker`, tails and chunks in the order of `ChunkPlan`, until it has enough.
    ///
    /// With `isLast` a chunk that is missing makes the answer partial, instead of beginning again. The answer is
    /// whether something is left out: Redis cannot be asked, or a chunk is damaged.
    func walk<Taker: RowTaker>(
        _ filter: RowFilter,
        _ groups: [StoreGroup],
        isLast: Bool,
        into taker: inout Taker
    ) async throws(IndexChanged) -> Bool {
        var isPartial = state.session == nil
        guard filter.since <= filter.until else { return isPartial }
        var plan = ChunkPlan(filter, groups)
        // Chunks whose facts are known to allow a match, in order.
        var ready: [ChunkPlan.Candidate] = []
        var readyFrom = 0
        var width = 1
        var isStale = false
        do throws(RedisError) {
            while !isStale {
                var wave: [ChunkPlan.Candidate] = []
                var bytes = 0
                while wave.count < width, bytes < HubLimits.waveBytes {
                    if readyFrom == ready.count {
                        readyFrom = 0
                        let wanted = filter.search == nil ? width - wave.count : HubLimits.factsPerWave
                        ready = next(of: &plan, filter, wanted, &isPartial, into: &taker)
                        if ready.isEmpty { break }
                        if let search = filter.search { ready = try await possible(ready, search) }
                        continue
                    }
                    let candidate = ready[readyFrom]
                    guard taker.accepts(candidate.first) else { break }
                    readyFrom += 1
                    bytes += candidate.entry.bytes
                    wave.append(candidate)
                }
                if wave.isEmpty { break }
                if Task.isCancelled { return true }
                var request = ColumnRequest()
                for chunk in wave { request.formUnion(taker.columns(chunk.entry.levelMask)) }
                let blocks = try await reader.blocks(wave.map(\.address), request)
                for (chunk, fetched) in zip(wave, blocks) {
                    if case .found(let block) = fetched {
                        taker.take(block, of: chunk)
                    } else if !(try await settle(fetched, chunk)) || isLast {
                        isPartial = true
                    } else {
                        isStale = true
                    }
                }
                // A first chunk is often enough; when it is not, many are wanted.
                width = min(width * 2, HubLimits.chunksPerWave)
                if width > 8 { await Task.yield() }
            }
        } catch {
            logger.debug("a query was answered from memory alone", metadata: ["error": "\(error)"])
            isPartial = true
        }
        if isStale { throw IndexChanged() }
        return isPartial
    }

    /// The next chunks of a plan, and on the way the tails of the groups that it comes to.
    private func next<Taker: RowTaker>(
        of plan: inout ChunkPlan,
        _ filter: RowFilter,
        _ count: Int,
        _ isPartial: inout Bool,
        into taker: inout Taker
    ) -> [ChunkPlan.Candidate] {
        var chunks: [ChunkPlan.Candidate] = []
        while chunks.count < count, let first = plan.first, taker.accepts(first), let step = plan.next() {
            switch step {
            case .chunk(let chunk): chunks.append(chunk)
            case .group(let group):
                let look = look(at: group, filter) { rows, isSorted in
                    taker.take(rows, isSorted: isSorted, isOpen: true, of: group)
                }
                taker.settleTail()
                if let frozen = look.frozen {
                    taker.take(frozen.rows, isSorted: frozen.isSorted, isOpen: false, of: group)
                }
                isPartial = isPartial || look.isDamaged
                plan.add(look.entries, of: group)
            }
        }
        return chunks
    }

    /// What a group holds of a query.
    struct Look {
        /// Nil when it holds nothing of it.
        var frozen: FrozenTail?
        /// The whole index.
        var entries: [ChunkEntry]
        /// A chunk that cannot be read could hold more.
        var isDamaged: Bool
    }

    /// Looks at tail and index under one lock: a seal moves rows from one to the other in one step.
    func look(at group: StoreGroup, _ filter: RowFilter, open: (LogRows, Bool) -> Void) -> Look {
        if filter.search != nil { state.memory.searchedAt.store(configuration.clock(), ordering: .relaxed) }
        return group.state.withLock { state in
            if state.open.count > 0, state.openNewest >= filter.since, state.openOldest <= filter.until,
                state.openLevels.mask & filter.levels != 0,
                Self.mayHold(state.openWords, state.open, filter, levels: state.openLevels.mask, group)
            {
                open(state.open, state.openIsSorted)
            }
            var frozen = state.frozen
            if let tail = frozen,
                tail.newest < filter.since || tail.oldest > filter.until || tail.levels.mask & filter.levels == 0
            {
                frozen = nil
            }
            if let tail = frozen, !Self.mayHold(tail.words, tail.rows, filter, levels: tail.levels.mask, group) {
                frozen = nil
            }
            return Look(
                frozen: frozen,
                entries: state.chunks,
                isDamaged: !state.damaged.isEmpty && state.damaged.contains(where: filter.overlaps)
            )
        }
    }

    /// Whether a tail can hold a match, as far as its words are known.
    private static func mayHold(
        _ words: TailWords,
        _ rows: LogRows,
        _ filter: RowFilter,
        levels: UInt8,
        _ group: StoreGroup
    ) -> Bool {
        guard let search = filter.search, words.count == rows.count else { return true }
        return words.mayHold(search, levels: levels, group: group.name)
    }

    /// Those of some chunks that can hold a match.
    func possible(
        _ chunks: [ChunkPlan.Candidate],
        _ search: Search
    ) async throws(RedisError) -> [ChunkPlan.Candidate] {
        let facts = try await reader.facts(chunks.map(\.address))
        var possible: [ChunkPlan.Candidate] = []
        for (chunk, fetched) in zip(chunks, facts) {
            // What is missing or damaged shows when its rows are asked for.
            if case .found(let facts) = fetched, !search.mayMatch(facts, group: chunk.group.name) { continue }
            possible.append(chunk)
        }
        return possible
    }

    // MARK: Chunks that are not there

    /// Takes note of a chunk that could not be had.
    ///
    /// - Returns: whether to begin again: it was missing, and the index has been read anew.
    func settle<Part>(
        _ fetched: ChunkReader.Fetched<Part>,
        _ chunk: ChunkPlan.Candidate
    ) async throws(RedisError) -> Bool {
        switch fetched {
        case .found: return false
        case .damaged(let problem):
            damaged(chunk.group, chunk.entry, problem)
            return false
        case .missing:
            try await refreshIndex(of: chunk.group, without: chunk.entry)
            return true
        }
    }

    /// Takes a chunk that cannot be read out of the index in memory, so that it is reported and counted once.
    private func damaged(_ group: StoreGroup, _ entry: ChunkEntry, _ problem: String) {
        let isNew = group.state.withLock { state in
            let isNew = state.chunks.contains { $0.id == entry.id }
            state.chunks.removeAll { $0.id == entry.id }
            state.chunksVersion += 1
            if isNew { state.damaged.append(entry) }
            return isNew
        }
        guard isNew else { return }
        logger.error(
            "a chunk cannot be read: its logs are left out",
            metadata: [
                "key": "\(StoreKeys.chunk(group.number, entry.id))", "logs": "\(entry.count)", "problem": "\(problem)",
            ]
        )
        state.figures.dropped(entry.count)
    }

    /// Reads a group's index anew because a chunk of it was not there any more.
    private func refreshIndex(of group: StoreGroup, without entry: ChunkEntry) async throws(RedisError) {
        let version = group.state.withLock { $0.chunksVersion }
        let listed = try await replayer.index(of: group.number)
        let entries = listed.filter { $0.id != entry.id }
        // What was merged or purged has left the index together with its key.
        let isLost = entries.count < listed.count && entry.newest >= oldest
        let wasThere = group.state.withLock { state in
            // What is being merged goes without loss.
            let wasThere =
                state.chunks.contains { $0.id == entry.id } && !(state.merge?.sources.contains(entry.id) ?? false)
            if state.chunksVersion == version {
                // A chunk beyond the mark is one that is being sealed: it comes with the shortened tail.
                state.chunks = entries.filter { entry in
                    entry.lastSequence <= state.marks.sealed && entry.lastSequence > state.marks.purged
                        && !state.damaged.contains { $0.id == entry.id }
                }
            } else {
                state.chunks.removeAll { $0.id == entry.id }
            }
            state.chunksVersion += 1
            return wasThere
        }
        if wasThere && isLost {
            logger.error(
                "a chunk is gone from Redis before its time: does Redis evict, or does another program delete keys?",
                metadata: ["key": "\(StoreKeys.chunk(group.number, entry.id))", "logs": "\(entry.count)"]
            )
            state.figures.dropped(entry.count)
        }
    }
}

extension ChunkPlan.Candidate {
    var address: ChunkReader.Address { ChunkReader.Address(group: group.number, entry: entry) }
}
