import Protocol

/// Rows without compression: the form in which entries of kind `rows` stand in the WAL (see `WALEntry`).
///
/// ```
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
/// Cheap to write in a hurry: it is how memory is saved into a Redis that has lost it.
extension Chunk {
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
