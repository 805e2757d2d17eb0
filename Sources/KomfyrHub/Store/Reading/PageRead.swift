import Logging
import Synchronization

/// Rows of a listing with all their columns, in its order.
struct ListedRows: Sendable {
    struct Place: Sendable {
        var row: Int
        var group: StoreGroup
    }

    var rows = LogRows()
    var order: [Place] = []
    /// The listing goes on after the last.
    var hasMore = false
    var snapshot: UInt64 = 0
    var isPartial = false

    /// The logs at some places.
    func logs(_ places: Range<Int>, hub: UInt8) -> [StoredLog] {
        order[places].map { rows.log(at: $0.row, hub: hub, group: $0.group.number, groupName: $0.group.name) }
    }

    /// Where the next page begins.
    var next: LogQuery.Cursor? {
        guard hasMore, let last = order.last?.row else { return nil }
        return LogQuery.Cursor(
            timestamp: rows.columns.timestamps[last],
            sequence: rows.sequences[last],
            snapshot: snapshot
        )
    }
}

/// What to read of a listing.
struct PageRequest: Sendable {
    var query: LogQuery
    /// Stands in for the query's source.
    var source: RowFilter.WantedSource?
    /// Stands in for the query's groups, by number.
    var group: UInt32?
    var limit: Int
    var bytes = HubLimits.pageBytes
    var attempts = HubLimits.queryAttempts
}

extension Query {
    func page(_ query: LogQuery) async -> LogPage {
        let hub = state.memory.keys.hub
        let found = await read(PageRequest(query: query, limit: query.limit))
        return LogPage(logs: found.logs(0..<found.order.count, hub: hub), next: found.next, isPartial: found.isPartial)
    }

    /// Reads a part of a listing, again when the index has changed under it.
    func read(_ request: PageRequest) async -> ListedRows {
        var attempt = 1
        while true {
            do throws(IndexChanged) {
                return try await read(request, isLast: attempt >= request.attempts)
            } catch {
                attempt += 1
            }
        }
    }

    private func read(_ request: PageRequest, isLast: Bool) async throws(IndexChanged) -> ListedRows {
        let memory = state.memory
        let snapshot = request.query.cursor?.snapshot ?? memory.newestSequence
        let filter = RowFilter(request.query, oldest: oldest, snapshot: snapshot, source: request.source)
        let groups = memory.directory.withLock { directory in
            if let number = request.group { return directory.group(number: number).map { [$0] } ?? [] }
            return directory.matching(request.query.groups, bound: request.query.bound)
        }
        var collector = PageCollector(filter, limit: request.limit, pageBytes: request.bytes)
        let isPartial = try await walk(filter, groups, isLast: isLast, into: &collector)
        var found = try await complete(collector, bytes: request.bytes, isLast: isLast)
        found.isPartial = found.isPartial || isPartial
        found.snapshot = snapshot
        return found
    }

    /// Brings the columns of the rows that a collector has found.
    private func complete(
        _ collector: PageCollector,
        bytes: Int,
        isLast: Bool
    ) async throws(IndexChanged) -> ListedRows {
        var found = ListedRows()
        var page = RankedBudget<ListedRows.Place>(capacity: collector.limit + 1, bytes: bytes)
        var chunks: [(chunk: ChunkPlan.Candidate, rows: [(rank: Rank, row: Int)])] = []
        var indexOfSource: [Int: Int] = [:]
        for (rank, place) in collector.page.sorted() {
            switch collector.sources[place.source] {
            case .rows(let rows, let group):
                guard page.accepts(rank) else { break }
                var shared = LogRows.SharedText()
                found.rows.append(rows, row: place.row, shared: &shared)
                let row = found.rows.count - 1
                page.offer(
                    rank,
                    ListedRows.Place(row: row, group: group),
                    bytes: found.rows.plainTextBytes(at: row)
                )
            case .chunk(let group, let entry):
                if let index = indexOfSource[place.source] {
                    chunks[index].rows.append((rank, place.row))
                } else {
                    indexOfSource[place.source] = chunks.count
                    chunks.append((ChunkPlan.Candidate(group: group, entry: entry, first: rank), [(rank, place.row)]))
                }
            }
        }
        var isStale = false
        do throws(RedisError) {
            var next = 0
            while next < chunks.count, !isStale {
                var end = next
                var waveBytes = 0
                while end < chunks.count, end - next < HubLimits.chunksPerWave, waveBytes < HubLimits.waveBytes {
                    waveBytes += chunks[end].chunk.entry.bytes
                    end += 1
                }
                // In the order of their first rows: what is beyond the page's bytes by now is not fetched at all.
                let wave = chunks[next..<end].filter { page.accepts($0.chunk.first) }
                next = end
                if wave.isEmpty { continue }
                let blocks = try await reader.blocks(wave.map(\.chunk.address), ColumnRequest(columns: .all))
                for ((chunk, rows), fetched) in zip(wave, blocks) {
                    guard case .found(let block) = fetched else {
                        _ = try await settle(fetched, chunk)
                        // A damaged one is not met again.
                        if isLast { found.isPartial = true } else { isStale = true }
                        if case .damaged = fetched { found.isPartial = true }
                        continue
                    }
                    for (rank, row) in rows where page.accepts(rank) && row < block.count {
                        found.rows.append(block, row: row)
                        let place = ListedRows.Place(row: found.rows.count - 1, group: chunk.group)
                        page.offer(rank, place, bytes: found.rows.plainTextBytes(at: place.row))
                    }
                }
            }
        } catch {
            logger.debug("a query was answered from memory alone", metadata: ["error": "\(error)"])
            found.isPartial = true
        }
        if isStale { throw IndexChanged() }
        found.order = page.sorted().map(\.payload)
        found.hasMore = found.order.count > collector.limit || page.isCut || collector.page.isCut
        if found.order.count > collector.limit { found.order.removeLast() }
        return found
    }
}
