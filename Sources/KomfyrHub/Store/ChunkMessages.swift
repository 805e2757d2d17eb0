/// The field `m` of a chunk: its messages.
///
/// ```
///  +--------+---------+------+
///  | form   | lengths | text |
///  | 1 byte | rows    |      |
///  +--------+---------+------+
///
///  form 0   as they are, one after the other
/// ```
enum ChunkMessages {
    static func encode(_ rows: LogRows, to body: inout ChunkBody, scratch: inout ChunkScratch) {
        body.bytes.append(0)
        scratch.first.removeAll(keepingCapacity: true)
        for range in rows.columns.messages { scratch.first.append(Int64(range.length)) }
        ChunkIntegers.append(scratch.first, to: &body)
        rows.columns.text.withUnsafeBufferPointer { text in
            for range in rows.columns.messages {
                body.bytes.append(
                    contentsOf: UnsafeBufferPointer(
                        rebasing: text[Int(range.offset)..<Int(range.offset) + Int(range.length)]
                    )
                )
            }
        }
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) -> TextColumn {
        var reader = ByteReader(bytes)
        guard try reader.byte() == 0 else { throw .invalid("form", at: 0) }
        let lengths = try ChunkIntegers.read(&reader, count: rows, in: 0...Int64(HubLimits.chunkPlainBytes), "length")
        var column = TextColumn()
        column.ranges.reserveCapacity(rows)
        var end = 0
        for length in lengths {
            guard Int(length) <= reader.remaining - end else { throw .truncated(at: reader.offset) }
            column.ranges.append(length == 0 ? .none : TextRange(offset: UInt32(end), length: UInt32(length)))
            end += Int(length)
        }
        column.text = Array(try reader.slice(end))
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        return column
    }
}
