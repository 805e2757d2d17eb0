import Logging
import Synchronization

/// The merging of small chunks of one group and span into one (`MergePolicy` says which).
///
/// One script swaps them in the index, only if all of them still stand there and the group's purge mark is the one that
/// was looked at; then memory's index is swapped in one step too. In between, and a minute longer, the sources can
/// still be read by those who found them in the old index: they are not deleted but expire.
struct Merge: Sendable {
    let group: StoreGroup
    let session: StoreSession
    let replayer: Replayer
    let configuration: StoreConfiguration
    let encoders: ChunkEncoderPool
    let cache: ChunkCaches
    let logger: Logger
    /// Makes the chunk's id unique under the session's fence.
    let number: Int

    enum Outcome: Sendable {
        case merged
        /// A purge or an eviction came first: what is left is looked at again later.
        case overtaken
        /// These cannot be merged.
        case refused
        /// Redis could not be asked, or did not answer; nothing is lost.
        case failed
    }

    /// Merges chunks that stand in memory's index.
    func run(_ sources: [ChunkEntry]) async -> Outcome {
        do throws(RedisError) {
            let (purged, mayBegin) = group.state.withLock { ($0.marks.purged, $0.mayMerge(sources)) }
            guard mayBegin else { return .overtaken }
            guard let rows = try await read(sources, purged: purged) else { return .refused }
            let id = "\(session.memory.keys.hub)-\(session.grant.fence.number)-\(number).0"
            var chunk: EncodedChunk?
            if rows.count > 0 {
                do throws(ChunkProblem) {
                    chunk = try encoders.withEncoder { encoder throws(ChunkProblem) in
                        try encoder.encode(rows, id: id, level: HubLimits.mergeCompressionLevel)
                    }
                } catch {
                    logger.error("chunks were not merged", metadata: ["problem": "\(error.description)"])
                    return .refused
                }
            }
            return try await write(chunk, instead: sources, purged: purged)
        } catch {
            logger.debug("chunks were not merged", metadata: ["error": "\(error)"])
            return .failed
        }
    }

    /// The sources' rows in order of time, without those that are purged; nil: they cannot be read, or are too many.
    private func read(_ sources: [ChunkEntry], purged: UInt64) async throws(RedisError) -> LogRows? {
        // Nothing is cached: the sources are about to go.
        let reader = ChunkReader(redis: replayer.redis, cache: ChunkCaches(columns: 0, facts: 0), logger: logger)
        let addresses = sources.map { ChunkReader.Address(group: group.number, entry: $0) }
        var parts: [LogRows] = []
        var textBytes = 0
        for fetched in try await reader.blocks(addresses, ColumnRequest(columns: .all)) {
            guard case .found(let block) = fetched else { return nil }
            let rows = LogRows(block)
            textBytes += rows.plainTextBytes
            guard textBytes <= HubLimits.chunkTextBytes else { return nil }
            parts.append(rows)
        }
        var order: [(time: Int64, sequence: UInt64, part: Int, row: Int)] = []
        for (part, rows) in parts.enumerated() {
            for row in 0..<rows.count where rows.sequences[row] > purged {
                order.append((rows.columns.timestamps[row], rows.sequences[row], part, row))
            }
        }
        order.sort { ($0.time, $0.sequence) < ($1.time, $1.sequence) }
        var shared = [LogRows.SharedText](repeating: LogRows.SharedText(), count: parts.count)
        var merged = LogRows()
        for place in order { merged.append(parts[place.part], row: place.row, shared: &shared[place.part]) }
        return merged
    }

    private func write(
        _ chunk: EncodedChunk?,
        instead sources: [ChunkEntry],
        purged: UInt64
    ) async throws(RedisError) -> Outcome {
        let keys = session.memory.keys
        var arguments = session.grant.fence.arguments
        arguments += [
            Array(text: keys.purgedMark), Array(text: String(purged)),
            Array(text: String(HubLimits.mergedGraceSeconds)),
            Array(text: String(sources.count)),
        ]
        arguments += sources.map { Array(text: $0.member) }
        var redisKeys = Fence.keys + [StoreKeys.chunks(group.number), StoreKeys.marks(group.number)]
        redisKeys += sources.map { StoreKeys.chunk(group.number, $0.id) }
        if let chunk {
            let expiry = chunk.entry.expiry(retention: configuration.retention)
            redisKeys.append(StoreKeys.chunk(group.number, chunk.entry.id))
            arguments += [
                Array(text: String(chunk.entry.score)), Array(text: chunk.entry.member), Array(text: String(expiry)),
            ]
            arguments += chunk.fields
        }
        let merge = DoubtfulMerge(sources: Set(sources.map(\.id)), entry: chunk?.entry, purged: purged)
        let isNoted = group.state.withLock { state in
            guard state.mayMerge(sources), state.marks.purged == purged else { return false }
            state.merge = merge
            return true
        }
        guard isNoted else { return .overtaken }
        do throws(RedisError) {
            let answer = try await replayer.redis.evaluate(StoreScripts.merge, keys: redisKeys, arguments: arguments)
            guard case .integer(1) = answer else {
                group.state.withLock { $0.merge = nil }
                // A purge came in between: the next look sees its mark.
                if case .array(let parts) = answer, parts.first == .string(Array(text: "marks")) { return .overtaken }
                return .refused
            }
        } catch {
            // In doubt it stays noted, until Redis can be asked (`settle`).
            if case .inDoubt = error { throw error }
            group.state.withLock { $0.merge = nil }
            throw error
        }
        if let chunk { cache.keepFacts(of: chunk, group: group.number) }
        let isTaken = group.state.withLock { $0.merged() }
        // A purge has overtaken it, and cannot have known of what was kept here.
        if let chunk, !isTaken { cache.remove([group.number: [chunk.entry.id]]) }
        return .merged
    }

    /// Finds out about a merge that was never answered: since the fence has risen, the index is final.
    ///
    /// Returns false when Redis could not be asked.
    static func settle(_ group: StoreGroup, _ replayer: Replayer) async -> Bool {
        guard let merge = group.state.withLock({ $0.merge }) else { return true }
        do throws(RedisError) {
            let index = try await replayer.index(of: group.number)
            let ids = Set(index.map(\.id))
            let isThere = merge.entry.map { ids.contains($0.id) } ?? ids.isDisjoint(with: merge.sources)
            group.state.withLock { state in
                if isThere { _ = state.merged() } else { state.merge = nil }
            }
            return true
        } catch {
            return false
        }
    }
}

/// A merge that was sent and not answered yet.
struct DoubtfulMerge: Sendable {
    /// The ids that go.
    var sources: Set<String>
    /// What comes instead; nil: nothing, all was purged.
    var entry: ChunkEntry?
    /// The purge mark under which it was made.
    var purged: UInt64
}

extension GroupState {
    /// Whether these may be merged: all stand in the index, and no purge is about to take them.
    func mayMerge(_ sources: [ChunkEntry]) -> Bool {
        let ids = Set(sources.map(\.id))
        return purgingUpTo == nil && chunks.count { ids.contains($0.id) } == ids.count
    }

    /// The merge that is noted has happened: its chunk stands instead of the sources.
    ///
    /// - Returns: false when the chunk is no more: a purge that came after the merge has taken it as well.
    mutating func merged() -> Bool {
        guard let merge else { return false }
        self.merge = nil
        chunks.removeAll { merge.sources.contains($0.id) }
        gone += merge.sources
        chunksVersion += 1
        // An index that was read anew has it already.
        guard let entry = merge.entry, !chunks.contains(where: { $0.id == entry.id }) else { return true }
        guard marks.purged == merge.purged else { return false }
        insert(entry)
        return true
    }
}
