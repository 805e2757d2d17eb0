/// The field `m` of a chunk: its messages.
///
/// ```
///  form 0   +---+---------+------+
///           | 0 | lengths | text |          as they are, one after the other
///           +---+---------+------+
///
///  form 1   +---+-----------+---------+------+------+--------+-------+---------+-------------+
///           | 1 | templates | lengths | text | rows | widths | bases | numbers | hexadecimal |
///           +---+-----------+---------+------+------+--------+-------+---------+-------------+
///
///  templates   how many (varint), their lengths (ChunkIntegers) and text
///  rows        ChunkIntegers: which template each row has
///  widths      a byte for each number in each template: how many bits it takes above the least
///  bases       the least of each, varints
///  numbers     for each width that occurs, rising, ChunkIntegers: template by template, place by place, row by row
///  hexadecimal digits, two a byte, in the same order
/// ```
///
/// A template is a message with its variables taken out (CLP, Rodrigues et al., OSDI 2021): in it stand `MessageCode`s.
/// Messages of one kind then cost a byte for the kind, and their variables as many bits as they have. Form 0 is for
/// messages of which hardly two are of one kind.
enum ChunkMessages {
    /// Appends the field's body, and gathers the words of all messages.
    static func encode(
        _ rows: LogRows,
        to body: inout ChunkBody,
        scratch: inout ChunkScratch,
        templates: inout MessageTemplates,
        words: inout WordSet
    ) {
        let isTemplated = rows.columns.text.withUnsafeBytes { text in
            templates.split(rows.columns.messages, of: text, words: &words)
        }
        if isTemplated {
            body.bytes.append(1)
            templates.append(to: &body, scratch: &scratch)
            return
        }
        body.bytes.append(0)
        scratch.first.removeAll(keepingCapacity: true)
        for range in rows.columns.messages { scratch.first.append(Int64(range.length)) }
        ChunkIntegers.append(scratch.first, to: &body)
        rows.columns.text.withUnsafeBytes { text in
            for range in rows.columns.messages {
                let message = ChunkTexts.slice(text, range)
                body.bytes.append(contentsOf: message)
                Words.forEachHash(in: message) { words.insert($0) }
            }
        }
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) -> TextColumn {
        var reader = ByteReader(bytes)
        switch try reader.byte() {
        case 0: break
        case 1: return try TemplatedMessages(&reader, rows: rows).column()
        default: throw .invalid("form", at: 0)
        }
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
