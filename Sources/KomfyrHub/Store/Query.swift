import Logging
import Synchronization

/// Reads: index, then chunks in the listing's order until the page is full, merged with the tails.
///
/// A page is of one moment: the newest sequence when it was begun bounds it, so logs that arrive meanwhile, and chunks
/// that replace tails under it, change nothing.
struct Query: Sendable {
    let replayer: Replayer
    let state: StoreState
    let configuration: StoreConfiguration
    let logger: Logger

    /// Why a page must be begun again: a chunk of the index was not there.
    private struct IndexChanged: Error {}

    func page(_ query: LogQuery) async -> LogPage {
        var attempt = 1
        while true {
            do throws(IndexChanged) {
                return try await page(query, isLast: attempt >= HubLimits.queryAttempts)
            } catch {
                attempt += 1
            }
        }
    }

    private func page(_ query: LogQuery, isLast: Bool) async throws(IndexChanged) -> LogPage {
        let memory = state.memory
        let snapshot = query.cursor?.snapshot ?? memory.newestSequence
        let oldest = configuration.clock() - configuration.retention
        let filter = RowFilter(query, oldest: oldest, snapshot: snapshot)
        var collector = PageCollector(filter, limit: query.limit, hub: memory.keys.hub)
        var plan = ChunkPlan(filter)
        guard filter.since <= filter.until else { return collector.finish(isPartial: false) }
        for group in memory.directory.withLock({ $0.matching(query.groups, bound: query.bound) }) {
            // One lock for tail and index: a seal moves rows from one to the other in one step.
            let (frozen, entries) = group.state.withLock { state -> (FrozenTail?, [ChunkEntry]) in
                if state.openNewest >= filter.since && state.openOldest <= filter.until
                    && state.openLevels.mask & filter.levels != 0
                {
                    collector.scan(state.open, of: group)
                }
                return (state.frozen, state.chunks)
            }
            if let frozen, frozen.newest >= filter.since, frozen.oldest <= filter.until {
                collector.scan(frozen.rows, of: group)
            }
            plan.add(entries, of: group)
        }
        var isPartial = state.session == nil
        var width = 1
        while true {
            var wave: [ChunkPlan.Candidate] = []
            while wave.count < width, let first = plan.first, collector.accepts(first), let next = plan.next() {
                wave.append(next)
            }
            if wave.isEmpty { break }
            let fetched: [Fetched]
            do throws(RedisError) {
                fetched = try await fetch(wave.map { ($0.group, $0.entry) })
            } catch {
                logger.debug("a query was answered from memory alone", metadata: ["error": "\(error)"])
                isPartial = true
                break
            }
            for (candidate, chunk) in zip(wave, fetched) {
                switch chunk {
                case .rows(let chunk): collector.scan(sorted: chunk, of: candidate.group)
                case .damaged: isPartial = true
                case .missing:
                    try? await refreshIndex(of: candidate.group, without: candidate.entry)
                    if isLast { isPartial = true } else { throw IndexChanged() }
                }
            }
            // A first chunk is often enough; when it is not, many are wanted.
            width = min(width * 2, HubLimits.chunksPerFetch)
        }
        return collector.finish(isPartial: isPartial)
    }

    /// The log of an id: its group's tail, or the one chunk that can hold it.
    func log(_ id: LogID) async throws(RedisError) -> StoredLog? {
        let memory = state.memory
        guard id.hub == memory.keys.hub, let group = memory.directory.withLock({ $0.group(number: id.group) }),
            let sequence = id.fullSequence(newest: memory.newestSequence)
        else { return nil }
        let (begin, isOutside) = id.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isOutside, begin <= .max - 999_999_999 else { return nil }
        let oldest = configuration.clock() - configuration.retention
        for _ in 0..<HubLimits.queryAttempts {
            let (found, entries) = group.state.withLock { state -> (StoredLog?, [ChunkEntry]) in
                for rows in [state.frozen?.rows, state.open].compactMap({ $0 }) {
                    if let row = rows.row(ofRising: sequence) {
                        return (rows.log(at: row, hub: id.hub, group: group.number, groupName: group.name), [])
                    }
                }
                let entries = state.chunks.filter { entry in
                    entry.firstSequence <= sequence && sequence <= entry.lastSequence
                        && entry.oldest <= begin + 999_999_999 && entry.newest >= begin
                }
                return (nil, entries)
            }
            if let found { return found.id == id && found.timestamp >= oldest ? found : nil }
            var isStale = false
            for entry in entries {
                switch try await fetch([(group, entry)]).first {
                case .rows(let chunk):
                    if let row = chunk.sequences.firstIndex(of: sequence) {
                        let log = chunk.log(at: row, hub: id.hub, group: group.number, groupName: group.name)
                        return log.id == id && log.timestamp >= oldest ? log : nil
                    }
                case .missing:
                    try await refreshIndex(of: group, without: entry)
                    isStale = true
                case .damaged, nil: break
                }
            }
            if !isStale { return nil }
        }
        return nil
    }

    private enum Fetched {
        case rows(LogRows)
        case missing
        case damaged
    }

    /// Chunks with all their columns.
    private func fetch(_ wanted: [(group: StoreGroup, entry: ChunkEntry)]) async throws(RedisError) -> [Fetched] {
        let reader = ChunkReader(redis: replayer.redis, cache: state.cache, logger: logger)
        let addresses = wanted.map { ChunkReader.Address(group: $0.group.number, entry: $0.entry) }
        let blocks = try await reader.blocks(addresses, ColumnRequest(columns: .all))
        return zip(wanted, blocks)
            .map { chunk, block in
                switch block {
                case .found(let block): .rows(LogRows(block))
                case .missing: .missing
                case .damaged(let problem): damaged(chunk.group, chunk.entry, problem)
                }
            }
    }

    /// Takes a chunk that cannot be read out of the index in memory, so that it is reported once.
    private func damaged(_ group: StoreGroup, _ entry: ChunkEntry, _ problem: String) -> Fetched {
        logger.error(
            "a chunk cannot be read: its logs are left out",
            metadata: [
                "key": "\(StoreKeys.chunk(group.number, entry.id))", "logs": "\(entry.count)", "problem": "\(problem)",
            ]
        )
        state.figures.dropped(entry.count)
        group.state.withLock { state in
            state.chunks.removeAll { $0.id == entry.id }
            state.chunksVersion += 1
        }
        return .damaged
    }

    /// Reads a group's index anew because a chunk of it was not there any more.
    private func refreshIndex(of group: StoreGroup, without entry: ChunkEntry) async throws(RedisError) {
        let version = group.state.withLock { $0.chunksVersion }
        let entries = try await replayer.index(of: group.number).filter { $0.id != entry.id }
        let isExpired = entry.newest < configuration.clock() - configuration.retention
        let wasThere = group.state.withLock { state in
            // What is being merged goes without loss.
            let wasThere =
                state.chunks.contains { $0.id == entry.id } && !(state.merge?.sources.contains(entry.id) ?? false)
            if state.chunksVersion == version {
                // A chunk beyond the mark is one that is being sealed: it comes with the shortened tail.
                state.chunks = entries.filter { $0.lastSequence <= state.marks.sealed }
            } else {
                state.chunks.removeAll { $0.id == entry.id }
            }
            state.chunksVersion += 1
            return wasThere
        }
        if wasThere && !isExpired {
            logger.error(
                "a chunk is gone from Redis before its time: does Redis evict, or does another program delete keys?",
                metadata: ["key": "\(StoreKeys.chunk(group.number, entry.id))", "logs": "\(entry.count)"]
            )
            state.figures.dropped(entry.count)
        }
    }
}
