import Logging
import Protocol
import Synchronization

/// Making room at the memory limit by dropping the oldest chunks of all groups (`KOMFYRVAKT_WHEN_FULL=drop_oldest`).
///
/// The writer does it between two commits, so that ingest waits for it. A chunk first goes out of the index in memory,
/// so that no reader looks for it, and then, under the fence, out of Redis with its index entry; when that fails it is
/// put back. Marks stay: a replay does not bring back what was sealed.
extension StoreWriter {
    /// Makes room, if that is wanted and needed.
    ///
    /// - Returns: whether it did anything, so that the writer looks around again before the next commit.
    func makeRoom(_ session: StoreSession) async -> Bool {
        guard state.room.isFull else { return false }
        guard configuration.whenFull == .dropOldest else {
            queue.refuse(state.room.refusal(.refuse))
            return false
        }
        let goal = state.room.excess
        guard goal > 0 else { return false }
        do throws(RedisError) {
            let dropped = try await dropOldest(bytes: goal, session)
            if dropped.logs > 0 {
                state.room.note(isStuck: false)
                evictions.add(dropped, limit: state.room.limit ?? 0, logger: logger)
                return true
            }
        } catch {
            logger.debug("chunks were not dropped", metadata: ["error": "\(error)"])
            if redis.trouble != nil { return false }
        }
        guard !state.room.isStuck else { return false }
        // WAL and tails are what fills it: in chunks they take a fraction, and can be dropped.
        await sealer.sealAll()
        if Self.oldest(1, in: session.memory).isEmpty {
            state.room.note(isStuck: true)
            queue.refuse(.full)
        }
        state.watchWakes.raise()
        await state.writerWakes.wait(ms: 100)
        return true
    }

    /// Drops the oldest chunks until so many bytes are free, or so many chunks are gone that the next commit should not
    /// wait any longer.
    private func dropOldest(bytes goal: Int, _ session: StoreSession) async throws(RedisError) -> Evictions.Part {
        var part = Evictions.Part()
        for (group, entries) in Self.byGroup(Self.oldest(goal, in: session.memory)) {
            for start in stride(from: 0, to: entries.count, by: HubLimits.evictionChunks) {
                let some = Array(entries[start..<min(start + HubLimits.evictionChunks, entries.count)])
                for entry in try await drop(some, of: group, session) { part.add(entry) }
            }
        }
        return part
    }

    private func drop(
        _ entries: [ChunkEntry],
        of group: StoreGroup,
        _ session: StoreSession
    ) async throws(RedisError) -> [ChunkEntry] {
        // Those that are still there: a merge may have replaced some since. What one is at work on may live on in
        // its chunk, so that it would be counted as dropped and be there.
        let (taken, ids) = group.state.withLock { state in
            let ids = Set(entries.map(\.id)).subtracting(state.merge?.sources ?? [])
            let taken = state.chunks.filter { ids.contains($0.id) }
            state.chunks.removeAll { ids.contains($0.id) }
            state.chunksVersion += 1
            return (taken, ids)
        }
        guard !taken.isEmpty else { return [] }
        // At once: who looks meanwhile finds each log there or counted.
        let count = taken.reduce(0) { $0 + $1.count }
        state.figures.dropped(count)
        do throws(RedisError) {
            _ = try await redis.evaluate(
                StoreScripts.drop,
                keys: Fence.keys + [StoreKeys.chunks(group.number)]
                    + taken.map { StoreKeys.chunk(group.number, $0.id) },
                arguments: session.grant.fence.arguments + taken.map { Array(text: $0.member) }
            )
        } catch {
            state.figures.dropped(-count)
            group.state.withLock { state in
                for entry in taken { state.insert(entry) }
            }
            throw error
        }
        group.state.withLock { state in
            state.gone += taken.map(\.id)
            // A reader may have read the index anew meanwhile.
            guard state.chunks.contains(where: { ids.contains($0.id) }) else { return }
            state.chunks.removeAll { ids.contains($0.id) }
            state.chunksVersion += 1
        }
        state.room.wrote(-taken.reduce(0) { $0 + $1.bytes + HubLimits.chunkOverheadBytes })
        return taken
    }

    /// The chunks with the oldest newest logs, so many that `bytes` are free without them.
    static func oldest(_ bytes: Int, in memory: StoreMemory) -> [(group: StoreGroup, entry: ChunkEntry)] {
        var heap = OldestChunks()
        for group in memory.directory.withLock({ $0.all }) {
            heap.add(group, group.state.withLock { $0.chunks })
        }
        var found: [(group: StoreGroup, entry: ChunkEntry)] = []
        var freed = 0
        while freed < bytes, found.count < HubLimits.evictionsAtOnce, let next = heap.next() {
            freed += next.entry.bytes + HubLimits.chunkOverheadBytes
            found.append(next)
        }
        return found
    }

    private static func byGroup(
        _ found: [(group: StoreGroup, entry: ChunkEntry)]
    ) -> [(group: StoreGroup, entries: [ChunkEntry])] {
        var places: [UInt32: Int] = [:]
        var groups: [(group: StoreGroup, entries: [ChunkEntry])] = []
        for (group, entry) in found {
            if let place = places[group.number] {
                groups[place].entries.append(entry)
            } else {
                places[group.number] = groups.count
                groups.append((group, [entry]))
            }
        }
        return groups
    }
}

/// The chunks of groups, oldest first: a heap of the groups by their next chunk.
private struct OldestChunks {
    private struct Source {
        let group: StoreGroup
        let chunks: [ChunkEntry]
        var next = 0
        var newest: Int64 { chunks[next].newest }
    }

    private var heap: [Source] = []

    /// Adds a group's chunks, which rise by newest log.
    mutating func add(_ group: StoreGroup, _ chunks: [ChunkEntry]) {
        guard !chunks.isEmpty else { return }
        heap.append(Source(group: group, chunks: chunks))
        var child = heap.count - 1
        while child > 0, heap[child].newest < heap[(child - 1) / 2].newest {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (group: StoreGroup, entry: ChunkEntry)? {
        guard let first = heap.first else { return nil }
        heap[0].next += 1
        if heap[0].next == first.chunks.count {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
        }
        var parent = 0
        while true {
            var lowest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].newest < heap[lowest].newest { lowest = child }
            }
            if lowest == parent { break }
            heap.swapAt(parent, lowest)
            parent = lowest
        }
        return (first.group, first.chunks[first.next])
    }
}

/// What was dropped, told once a minute.
struct Evictions {
    /// Some chunks.
    struct Part {
        var logs = 0
        var chunks = 0
        /// The newest log that went, nanoseconds.
        var newest = Int64.min

        mutating func add(_ entry: ChunkEntry) {
            logs += entry.count
            chunks += 1
            newest = max(newest, entry.newest)
        }
    }

    private var untold = Part()
    private var told: ContinuousClock.Instant?

    mutating func add(_ part: Part, limit: Int, logger: Logger) {
        untold.logs += part.logs
        untold.chunks += part.chunks
        untold.newest = max(untold.newest, part.newest)
        guard told.map({ .now - $0 > .milliseconds(HubLimits.evictionReportMs) }) ?? true else { return }
        told = .now
        logger.warning(
            """
            the memory limit of \(ByteSize.text(limit)) is reached, and the oldest logs were dropped to make room: \
            raise KOMFYRVAKT_MEMORY_LIMIT, lower LOG_RETENTION_HOURS, or set KOMFYRVAKT_WHEN_FULL=refuse
            """,
            metadata: ["logs": "\(untold.logs)", "up to": "\(Timestamp.text(untold.newest))"]
        )
        untold = Part()
    }
}

extension StoreScripts {
    /// Drops chunks with their index entries.
    ///
    /// KEYS: 3 index, then the chunks. ARGV from 3 on: the members of the index. Answers how many entries went. It
    /// frees memory only, so Redis takes it also when it is full.
    static let drop = RedisScript(
        Lease.fenceCheck + """
            local gone = 0
            for index = 4, #KEYS do
                redis.call('UNLINK', KEYS[index])
                gone = gone + redis.call('ZREM', KEYS[3], ARGV[index - 1])
            end
            return gone
            """
    )
}
