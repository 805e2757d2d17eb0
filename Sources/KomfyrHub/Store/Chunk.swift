import Protocol

/// A sealed part of a group: logs of one span, sorted by time, ties by sequence.
///
/// A hash `kmf:{N}:chunk:ID`, written once by the seal script, never changed, gone by its own expiry (EXPIREAT newest
/// log + retention). Who reads: queries and look-ups. What cannot be read is reported once and left out.
///
/// ```
///  v      "1"     the format's version; a reader that does not know it says so and leaves the chunk alone
///  rows   one zstd frame with checksum, of:
///
///  +--------+------------+-----------+------------+--------+---------+------+
///  | count  | timestamps | sequences | receivedAt | levels | lengths | text |
///  | varint | count zz   | count zz  | count zz   | bytes  | 4×count |      |
///  +--------+------------+-----------+------------+--------+---------+------+
///
///  timestamps   zigzag varints, each the difference from the one before (the first from 0)
///  sequences    likewise
///  receivedAt   zigzag varints, the difference from the log's own timestamp
///  levels       one byte each, Level.rawValue
///  lengths      varints: those of all messages, then of all tags, data, sources; 0 is null
///  text         all messages, then all tags, data, sources, without separators
/// ```
///
/// Version 1 keeps all columns in one field. The same bytes stand in WAL entries of kind `rows`, uncompressed.
enum Chunk {
    static let version: UInt8 = 1
    static let versionField = "v"
    static let rowsField = "rows"

    /// The rows as the plain layout above.
    static func encode(_ rows: LogRows, to bytes: inout [UInt8]) {
        let columns = rows.columns
        bytes.appendVarint(UInt64(rows.count))
        var previous: Int64 = 0
        for timestamp in columns.timestamps {
            bytes.appendZigZag(timestamp &- previous)
            previous = timestamp
        }
        var previousSequence: UInt64 = 0
        for sequence in rows.sequences {
            bytes.appendZigZag(Int64(bitPattern: sequence &- previousSequence))
            previousSequence = sequence
        }
        for row in 0..<rows.count { bytes.appendZigZag(rows.receivedAt[row] &- columns.timestamps[row]) }
        bytes.append(contentsOf: columns.levels)
        for ranges in [columns.messages, columns.tags, columns.data, columns.sources] {
            for range in ranges { bytes.appendVarint(UInt64(range.length)) }
        }
        for ranges in [columns.messages, columns.tags, columns.data, columns.sources] {
            columns.text.withUnsafeBufferPointer { text in
                for range in ranges where !range.isNone {
                    bytes.append(contentsOf: text[Int(range.offset)..<Int(range.offset) + Int(range.length)])
                }
            }
        }
    }

    /// Reads the plain layout; everything must be used up.
    static func decode(_ plain: [UInt8]) throws(FormatProblem) -> LogRows {
        let result: Result<LogRows, FormatProblem> = plain.withUnsafeBytes { bytes in
            Result { () throws(FormatProblem) in try decode(bytes) }
        }
        return try result.get()
    }

    /// Reads the plain layout; everything must be used up.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(FormatProblem) -> LogRows {
        var reader = ByteReader(bytes)
        var rows = LogRows()
        // A log takes eight bytes at least, which bounds what is reserved.
        let count = try reader.count("count", atMost: bytes.count / 8 + 1)
        rows.columns.timestamps.reserveCapacity(count)
        rows.sequences.reserveCapacity(count)
        rows.receivedAt.reserveCapacity(count)
        var previous: Int64 = 0
        for _ in 0..<count {
            previous = previous &+ (try reader.zigZag())
            rows.columns.timestamps.append(previous)
        }
        var previousSequence: UInt64 = 0
        for _ in 0..<count {
            previousSequence = previousSequence &+ UInt64(bitPattern: try reader.zigZag())
            rows.sequences.append(previousSequence)
        }
        for row in 0..<count { rows.receivedAt.append(rows.columns.timestamps[row] &+ (try reader.zigZag())) }
        rows.columns.levels = Array(try reader.slice(count))
        guard rows.columns.levels.allSatisfy({ $0 <= Level.critical.rawValue }) else {
            throw .invalid("level", at: reader.offset)
        }
        var end = 0
        rows.columns.messages = try ranges(count, &reader, end: &end)
        rows.columns.tags = try ranges(count, &reader, end: &end)
        rows.columns.data = try ranges(count, &reader, end: &end)
        rows.columns.sources = try ranges(count, &reader, end: &end)
        rows.columns.text = Array(try reader.slice(end))
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        return rows
    }

    /// The hash's fields and values, in turn.
    static func fields(_ rows: LogRows, compressor: ChunkCompressor) throws(ChunkProblem) -> [[UInt8]] {
        var plain: [UInt8] = []
        plain.reserveCapacity(rows.columns.text.count + rows.count * 16)
        encode(rows, to: &plain)
        return [
            Array(text: versionField), Array(text: String(version)), Array(text: rowsField),
            try compressor.compress(plain),
        ]
    }

    /// The rows of a chunk's fields.
    static func rows(version: [UInt8]?, rows: [UInt8]?) throws(ChunkProblem) -> LogRows {
        guard let version else { throw .missingField(versionField) }
        guard version == Array(text: String(Self.version)) else {
            throw .format(.unknownVersion(UInt8(String(decoding: version, as: UTF8.self)) ?? .max))
        }
        guard let rows else { throw .missingField(rowsField) }
        let plain = try ChunkCompressor.decompress(rows, limit: HubLimits.chunkPlainBytes)
        do {
            return try decode(plain)
        } catch {
            throw .format(error)
        }
    }

    private static func ranges(
        _ count: Int,
        _ reader: inout ByteReader,
        end: inout Int
    ) throws(FormatProblem) -> [TextRange] {
        var ranges: [TextRange] = []
        ranges.reserveCapacity(count)
        for _ in 0..<count {
            let length = try reader.count("length", atMost: HubLimits.chunkPlainBytes - end)
            ranges.append(length == 0 ? .none : TextRange(offset: UInt32(end), length: UInt32(length)))
            end += length
        }
        return ranges
    }
}
