import Logging
import Synchronization

/// The sealing of one group's tail: sorted by time, one chunk for each span present, in one script that fails unless
/// both of the group's marks are those that it was encoded under.
struct Seal: Sendable {
    let group: StoreGroup
    let session: StoreSession
    let state: StoreState
    let replayer: Replayer
    let configuration: StoreConfiguration
    let logger: Logger
    let encoders: ChunkEncoderPool
    /// Makes the chunks' ids unique under the session's fence.
    let number: Int

    /// Seals the tail, or leaves it frozen for the next pass.
    func run() async {
        let (tail, doubtful, marks) = group.state.withLock { state in
            state.isDue = false
            // What a purge is about to drop is not sealed; the next pass takes what came after it.
            return (state.purgingUpTo == nil ? state.freeze() : nil, state.doubtfulSeal, state.marks)
        }
        guard let tail, let last = tail.rows.sequences.last else { return }
        do throws(SealProblem) {
            if let doubtful, try await isThere(doubtful) {
                _ = finish(doubtful.entries, upTo: doubtful.upTo, tail)
                return
            }
            let chunks = try encode(tail.rows)
            try await write(chunks, upTo: last, marks)
            for chunk in chunks { state.cache.keepFacts(of: chunk, group: group.number) }
            if !finish(chunks.map(\.entry), upTo: last, tail) {
                // A purge has overtaken them, and cannot have known of what was kept here.
                state.cache.remove([group.number: Set(chunks.map(\.entry.id))])
            }
        } catch {
            logger.log(
                level: error.isPassing ? .debug : .error,
                "a tail was not sealed",
                metadata: [
                    "group": "\(group.name ?? "")", "problem": "\(error.words)",
                ]
            )
        }
    }

    private struct SealProblem: Error {
        var words: String
        /// The next pass mends it by itself.
        var isPassing: Bool
    }

    /// Whether Redis has a seal that was never answered: since the fence has risen, its marks are final.
    private func isThere(_ seal: DoubtfulSeal) async throws(SealProblem) -> Bool {
        do throws(RedisError) {
            let marks = try await replayer.marks(of: group.number, session.memory.keys)
            if marks.sealed == seal.upTo { return true }
            group.state.withLock { $0.doubtfulSeal = nil }
            return false
        } catch {
            throw SealProblem(words: "\(error)", isPassing: true)
        }
    }

    private func encode(_ rows: LogRows) throws(SealProblem) -> [EncodedChunk] {
        do throws(ChunkProblem) {
            var chunks: [EncodedChunk] = []
            let expired = configuration.clock() - configuration.retention
            for part in Self.parts(of: rows, span: configuration.span) {
                // What is too old to be kept would be gone with its expiry at once.
                guard let newest = part.columns.timestamps.last, newest >= expired else { continue }
                let id = "\(session.memory.keys.hub)-\(session.grant.fence.number)-\(number).\(chunks.count)"
                chunks.append(
                    try encoders.withEncoder { encoder throws(ChunkProblem) in try encoder.encode(part, id: id) }
                )
            }
            return chunks
        } catch {
            throw SealProblem(words: error.description, isPassing: false)
        }
    }

    /// The rows by time, ties by sequence, cut where a span ends and where a chunk is full.
    ///
    /// All parts share the text, of which each has its ranges: no byte of it is moved.
    static func parts(of rows: LogRows, span: Int64) -> [LogRows] {
        let times = rows.columns.timestamps
        // Logs of one live source come in order and lie in one span: then nothing has to be moved.
        let isInOrder = zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }
        if isInOrder, let first = times.first, let last = times.last,
            LogID.floorDivide(first, span) == LogID.floorDivide(last, span),
            rows.count <= HubLimits.chunkRecords, rows.plainTextBytes <= HubLimits.chunkTextBytes
        {
            return [rows]
        }
        let order = (0..<rows.count).map { Place(time: times[$0], sequence: rows.sequences[$0], row: $0) }.sorted()
        var parts: [LogRows] = []
        var part = LogRows(sharingTextOf: rows, roomFor: min(rows.count, HubLimits.chunkRecords))
        var partText = 0
        var partSpan: Int64 = 0
        for place in order {
            let rowSpan = LogID.floorDivide(place.time, span)
            let isFull = part.count >= HubLimits.chunkRecords || partText >= HubLimits.chunkTextBytes
            if part.count > 0 && (rowSpan != partSpan || isFull) {
                parts.append(part)
                part = LogRows(sharingTextOf: rows, roomFor: 0)
                partText = 0
            }
            partSpan = rowSpan
            partText += rows.plainTextBytes(at: place.row)
            part.append(sameText: rows, row: place.row)
        }
        if part.count > 0 { parts.append(part) }
        return parts
    }

    /// A row by what it is sorted by, side by side in memory.
    private struct Place: Comparable {
        var time: Int64
        var sequence: UInt64
        var row: Int

        static func < (left: Place, right: Place) -> Bool {
            left.time != right.time ? left.time < right.time : left.sequence < right.sequence
        }
    }

    private func write(_ chunks: [EncodedChunk], upTo last: UInt64, _ marks: GroupMarks) async throws(SealProblem) {
        let keys = session.memory.keys
        var arguments = session.grant.fence.arguments
        arguments += [
            Array(text: keys.sealedMark), Array(text: keys.purgedMark), Array(text: String(marks.sealed)),
            Array(text: String(marks.purged)), Array(text: String(last)),
        ]
        for chunk in chunks {
            let expiry = chunk.entry.expiry(retention: configuration.retention)
            arguments += [
                Array(text: String(chunk.entry.score)), Array(text: chunk.entry.member), Array(text: String(expiry)),
                Array(text: String(chunk.fields.count)),
            ]
            arguments += chunk.fields
        }
        do throws(RedisError) {
            let answer = try await replayer.redis.evaluate(
                StoreScripts.seal,
                keys: Fence.keys + [StoreKeys.chunks(group.number), StoreKeys.marks(group.number)]
                    + chunks.map { StoreKeys.chunk(group.number, $0.entry.id) },
                arguments: arguments
            )
            guard case .integer(1) = answer else {
                throw .unexpected("the group's marks are not those that memory knows: \(answer)")
            }
        } catch {
            if case .inDoubt = error {
                group.state.withLock { state in
                    guard state.frozen?.rows.sequences.last == last else { return }
                    state.doubtfulSeal = DoubtfulSeal(entries: chunks.map(\.entry), upTo: last)
                }
            }
            var isPassing = true
            // A purge that came first has changed the marks: what it left is sealed in the next pass.
            let isOvertaken = group.state.withLock { $0.purgingUpTo != nil || $0.marks != marks }
            if case .unexpected = error, !isOvertaken {
                // Somebody else has written: what Redis holds is read anew.
                isPassing = false
                state.wantReload()
            }
            throw SealProblem(words: "\(error)", isPassing: isPassing || error.fencing != nil)
        }
    }

    /// Readers see the chunks instead of the frozen tail, in one step.
    ///
    /// - Returns: false when a purge has dropped the tail meanwhile, and the chunks with it.
    private func finish(_ entries: [ChunkEntry], upTo sequence: UInt64, _ tail: FrozenTail) -> Bool {
        guard group.state.withLock({ $0.sealed(tail, entries, upTo: sequence) }) else { return false }
        session.memory.tailBytes.subtract(tail.rows.bytes, ordering: .relaxed)
        state.figures.sealed()
        return true
    }
}
