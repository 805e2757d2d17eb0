import Protocol
import Synchronization

/// Single logs and their neighbours.
extension Query {
    /// The log of an id: its group's tail, or the one chunk that can hold it.
    func log(_ id: LogID) async throws(RedisError) -> StoredLog? {
        let memory = state.memory
        guard id.hub == memory.keys.hub, let group = memory.directory.withLock({ $0.group(number: id.group) }),
            let sequence = id.fullSequence(newest: memory.newestSequence)
        else { return nil }
        let (begin, isOutside) = id.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isOutside, begin <= .max - 999_999_999 else { return nil }
        let oldest = oldest
        for _ in 0..<HubLimits.queryAttempts {
            let (found, entries) = group.state.withLock { state -> (StoredLog?, [ChunkEntry]) in
                if let rows = state.frozen?.rows, let row = rows.row(ofRising: sequence) {
                    return (rows.log(at: row, hub: id.hub, group: group.number, groupName: group.name), [])
                }
                if let row = state.open.row(ofRising: sequence) {
                    return (state.open.log(at: row, hub: id.hub, group: group.number, groupName: group.name), [])
                }
                let entries = state.chunks.filter { entry in
                    entry.firstSequence <= sequence && sequence <= entry.lastSequence
                        && entry.oldest <= begin + 999_999_999 && entry.newest >= begin
                }
                return (nil, entries)
            }
            if let found { return found.id == id && found.timestamp >= oldest ? found : nil }
            let chunks = entries.map { ChunkPlan.Candidate(group: group, entry: $0, first: .earliest) }
            let (place, isStale) = try await find(sequence, in: chunks)
            if let place {
                guard let block = try await block(place.chunk), place.row < block.count else { continue }
                var rows = LogRows()
                rows.append(block, row: place.row)
                let log = rows.log(at: 0, hub: id.hub, group: group.number, groupName: group.name)
                return log.id == id && log.timestamp >= oldest ? log : nil
            }
            if !isStale { return nil }
        }
        return nil
    }

    /// Which of some chunks has a sequence: only times and sequences are fetched, and of a single chunk nothing more.
    private func find(
        _ sequence: UInt64,
        in chunks: [ChunkPlan.Candidate]
    ) async throws(RedisError) -> (place: (chunk: ChunkPlan.Candidate, row: Int)?, isStale: Bool) {
        if chunks.isEmpty { return (nil, false) }
        // With a single one to look into, all that is wanted comes in one round trip.
        let request = ColumnRequest(columns: chunks.count == 1 ? .all : [])
        var isStale = false
        for (chunk, fetched) in zip(chunks, try await reader.blocks(chunks.map(\.address), request)) {
            if case .found(let block) = fetched {
                if let row = block.sequences.firstIndex(of: sequence) { return ((chunk, row), false) }
            } else if try await settle(fetched, chunk) {
                isStale = true
            }
        }
        return (nil, isStale)
    }

    /// All columns of a chunk; nil: it is not there any more, or damaged.
    private func block(_ chunk: ChunkPlan.Candidate) async throws(RedisError) -> RowBlock? {
        guard let fetched = try await reader.blocks([chunk.address], ColumnRequest(columns: .all)).first else {
            return nil
        }
        if case .found(let block) = fetched { return block }
        _ = try await settle(fetched, chunk)
        return nil
    }

    /// The neighbours of a log in its group and source; nil: there is no such log, or `bound` leaves it out.
    func context(_ id: LogID, before: Int, after: Int, bound: GroupPattern?) async throws(RedisError) -> LogContext? {
        guard let log = try await log(id), bound?.matches(log.group) ?? true else { return nil }
        let snapshot = state.memory.newestSequence
        func neighbours(_ order: LogQuery.Order, _ limit: Int) async -> (logs: [StoredLog], isPartial: Bool) {
            if limit <= 0 { return ([], false) }
            var query = LogQuery(order: order)
            query.cursor = LogQuery.Cursor(timestamp: log.timestamp, sequence: log.sequence, snapshot: snapshot)
            let source = log.source.isEmpty ? RowFilter.WantedSource.none : .text(log.source)
            let found = await read(PageRequest(query: query, source: source, group: id.group, limit: limit))
            return (found.logs(0..<found.order.count, hub: id.hub), found.isPartial)
        }
        let earlier = await neighbours(.newestFirst, before)
        let later = await neighbours(.oldestFirst, after)
        return LogContext(
            before: earlier.logs.reversed(),
            log: log,
            after: later.logs,
            isPartial: earlier.isPartial || later.isPartial
        )
    }
}
