import Protocol

/// Keeps answers with time series in Redis for half an hour.
///
/// What is answered with is right, or less than ten seconds old: an answer of before counts as long as the logs stand
/// where they stood (`LogStamp`), and for ten seconds when logs have come since; after a purge, or when the hub was
/// started anew, it does not count at all.
///
/// There is a fixed number of places, and a question has one of them by its hash, so that however many are asked they
/// take no more room than that. A value (`ChunkPacker` packs it: packed flag, zstd, CRC-32 over place and contents):
///
/// ```
///  +---------+--------------+--------+--------+--------+---------+--------+--------+
///  | version | question     | memory | stored | purged | dropped | made   | answer |
///  | 1 byte  | length, text | 8      | 8      | 8      | 8       | zigzag | JSON   |
///  +---------+--------------+--------+--------+--------+---------+--------+--------+
/// ```
///
/// Written by whoever computed the answer, read by the next who asks; what is damaged or of another question is as good
/// as missing, and is written over.
struct SeriesCache: Sendable {
    let store: any AnswerKeeping

    private static let version: UInt8 = 1
    private static let field = "series"

    /// What was asked, all that the answer depends on besides the logs.
    struct Question: Sendable {
        fileprivate var text: [UInt8] = [SeriesCache.version]

        /// - Parameters:
        ///   - query: with its times as they are looked for.
        ///   - search: `q` as it was written.
        ///   - fields: dotted paths; nil: every one.
        ///   - interval: in nanoseconds.
        ///   - now: in nanoseconds since 1970; counts by interval, where the time asked for is not over.
        init(_ query: LogQuery, search: String?, fields: [String]?, interval: Int64, now: Int64) {
            func list(_ texts: [String]) {
                text.appendVarint(UInt64(texts.count))
                for part in texts { text.appendText(part) }
            }
            list(query.groups.map(\.text).sorted(by: Self.isBefore))
            list([query.bound].compactMap { $0?.text })
            list(query.tags.sorted(by: Self.isBefore))
            text.append(query.allTags ? 1 : 0)
            text.append(query.levels)
            list([query.source].compactMap { $0 })
            list([search].compactMap { $0 })
            text.append(fields == nil ? 0 : 1)
            list((fields ?? []).sorted(by: Self.isBefore))
            for number in [interval, query.since ?? .min, query.until ?? .max] { text.appendZigZag(number) }
            if now <= query.until ?? .max { text.appendZigZag(LogID.floorDivide(now, max(1, interval))) }
        }

        /// By bytes.
        private static func isBefore(_ left: String, _ right: String) -> Bool {
            left.utf8.lexicographicallyPrecedes(right.utf8)
        }

        /// The place that it has.
        fileprivate var name: String {
            let hash = text.withUnsafeBytes { ChunkHash.hash($0) }
            return "\(SeriesCache.field):\(hash % UInt64(HubLimits.seriesCached))"
        }
    }

    /// An answer that still counts.
    /// - Parameters:
    ///   - question: what is asked.
    ///   - stamp: where the logs stand now.
    ///   - isKept: all logs of the time asked for are kept still; otherwise an answer has some that are gone.
    ///   - now: in nanoseconds since 1970.
    /// - Returns: the JSON; nil: it must be made.
    func answer(_ question: Question, _ stamp: LogStamp, isKept: Bool, now: Int64) async -> [UInt8]? {
        let name = question.name
        guard let value = await store.recall(name), value.count <= HubLimits.seriesCachedBytes,
            let body = try? ChunkPacker.unpack(
                value,
                field: Self.field,
                of: name,
                limit: HubLimits.seriesCachedPlainBytes
            ),
            let entry = body.withUnsafeBytes({ try? Entry($0) }), entry.question == question.text
        else { return nil }
        let age = now - entry.made
        // A clock that was set back says nothing.
        guard age >= 0, age < Int64(HubLimits.seriesCachedSeconds) * 1_000_000_000 else { return nil }
        let isYoung = age < HubLimits.seriesStaleSeconds * 1_000_000_000
        var known = entry.stamp
        if isYoung { known.stored = stamp.stored }
        return known == stamp && (isKept || isYoung) ? entry.answer : nil
    }

    /// Keeps an answer.
    /// - Parameters:
    ///   - answer: the JSON; of all logs, not of a part of them.
    ///   - question: what was asked.
    ///   - stamp: where the logs stood before they were read.
    ///   - now: when that was, in nanoseconds since 1970.
    func keep(_ answer: [UInt8], _ question: Question, _ stamp: LogStamp, now: Int64) async {
        guard answer.count <= HubLimits.seriesCachedPlainBytes / 2 else { return }
        let name = question.name
        var body = ChunkBody()
        body.bytes.reserveCapacity(answer.count + question.text.count + 64)
        body.bytes.append(Self.version)
        body.bytes.appendVarint(UInt64(question.text.count))
        body.bytes.append(contentsOf: question.text)
        for number in [stamp.memory, stamp.stored, stamp.purged, stamp.dropped] { body.bytes.appendFixed(number) }
        body.bytes.appendZigZag(now)
        body.bytes.append(contentsOf: answer)
        guard let value = try? ChunkPacker().pack(body, field: Self.field, of: name),
            value.count <= HubLimits.seriesCachedBytes
        else { return }
        await store.remember(name, value, seconds: HubLimits.seriesCachedSeconds)
    }

    /// A value.
    private struct Entry {
        var question: [UInt8]
        var stamp: LogStamp
        var made: Int64
        var answer: [UInt8]

        init(_ bytes: UnsafeRawBufferPointer) throws(FormatProblem) {
            var reader = ByteReader(bytes)
            let version = try reader.byte()
            guard version == SeriesCache.version else { throw .unknownVersion(version) }
            question = Array(try reader.slice(try reader.count("question", atMost: bytes.count)))
            stamp = LogStamp(
                memory: try reader.fixed(),
                stored: try reader.fixed(),
                purged: try reader.fixed(),
                dropped: try reader.fixed()
            )
            made = try reader.zigZag()
            answer = Array(try reader.slice(reader.remaining))
        }
    }
}
