import Protocol

/// A sealed part of a group: logs of one span in columns, sorted by time, ties by sequence.
///
/// A hash `kmf:{N}:chunk:ID` with a field for each column, so that a query fetches only what it needs. Written once, by
/// the seal script or the merge script, never changed, gone by its own expiry (EXPIREAT newest log + retention). Who
/// reads: queries and look-ups (`ChunkReader`). What cannot be read is reported once and left out.
///
/// ```
///  v        "2"   the format's version; a reader that does not know it says so and leaves the chunk alone
///  t        how many rows; sequence numbers; timestamps
///  r        receivedAt
///  l        levels
///  m        messages                                   (ChunkMessages)
///  g, s     tags and sources, dictionaries             (ChunkTexts)
///  c        catalogue of the numeric members of `data`  (ChunkCatalogue)
///  p        which of them each row has
///  d        the objects of `data` with holes where the numbers stood; what is repeated stands there once
///  n0, n1…  the numbers of one member each, in order of rows; those of small columns together in `n`   (ChunkNumbers)
///  b        Bloom filter over the words of messages and of strings in `data`                         (ChunkFacts)
///  i        counts by level for each five minutes                                                    (ChunkInterval)
///  u        summaries of the numbers for each five minutes; only where they are small beside the numbers themselves,
///           otherwise the reader makes them of `t`, `p` and `n…`
/// ```
///
/// Each but `v` is packed the same way:
///
/// ```
///  +--------+------------------------+---------+
///  | packed | body                   | CRC-32  |
///  | 1 byte |                        | 4 bytes |
///  +--------+------------------------+---------+
///
///  packed   0: the body is plain; 1: one zstd frame that names its length
///  CRC-32   of the chunk's id, a zero byte, the field's name and all that stands before: a field that is damaged, or
///           that belongs elsewhere, is noticed before it is unpacked
/// ```
///
/// Whole numbers (`ChunkIntegers`) stand as byte planes, each in a zstd block of its own, which brings both series of
/// small differences and numbers without any pattern close to their entropy.
enum Chunk {
    static let version = "2"
    static let versionField = "v"

    /// The fields that every chunk has, but `v`.
    enum Field {
        static let times = "t"
        static let receivedAt = "r"
        static let levels = "l"
        static let messages = "m"
        static let tags = "g"
        static let sources = "s"
        static let catalogue = "c"
        static let presence = "p"
        static let objects = "d"
        static let smallNumbers = "n"
        static let words = "b"
        static let intervals = "i"
        static let summaries = "u"

        /// The field of one numeric column.
        static func numbers(_ column: Int) -> String { "n\(column)" }
    }

    /// Checks what `v` holds.
    static func check(version: [UInt8]) throws(ChunkProblem) {
        guard version == Array(text: Self.version) else {
            throw .format(.unknownVersion(UInt8(String(decoding: version, as: UTF8.self)) ?? .max))
        }
    }
}

/// A chunk as it is sent.
struct EncodedChunk: Sendable {
    var entry: ChunkEntry
    /// Names and values in turn.
    var fields: [[UInt8]]
    /// What tells which queries need it, as it would be read again.
    var facts: [ChunkCache.Key.Part: ChunkCache.Value]
}
