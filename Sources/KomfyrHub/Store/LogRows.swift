import Protocol

/// Logs in columns with what the hub gave them: the form of a tail and of a decoded chunk alike.
struct LogRows: Sendable {
    var columns = LogColumns()
    /// All 64 bits.
    var sequences: [UInt64] = []
    /// Nanoseconds since 1970.
    var receivedAt: [Int64] = []

    var count: Int { sequences.count }

    init() {}

    /// No rows, with room for as many as others have.
    init(roomFor other: LogRows) {
        columns.reserve(other.count)
        columns.text.reserveCapacity(other.columns.text.count)
        sequences.reserveCapacity(other.count)
        receivedAt.reserveCapacity(other.count)
    }

    /// No rows, with the text of others, so that `append(sameText:row:)` need not copy it.
    init(sharingTextOf other: LogRows, roomFor rows: Int) {
        columns.text = other.columns.text
        columns.reserve(rows)
        sequences.reserveCapacity(rows)
        receivedAt.reserveCapacity(rows)
    }

    /// Appends one log of the rows whose text these rows share.
    mutating func append(sameText other: LogRows, row: Int) {
        columns.timestamps.append(other.columns.timestamps[row])
        columns.levels.append(other.columns.levels[row])
        columns.messages.append(other.columns.messages[row])
        columns.tags.append(other.columns.tags[row])
        columns.data.append(other.columns.data[row])
        columns.sources.append(other.columns.sources[row])
        sequences.append(other.sequences[row])
        receivedAt.append(other.receivedAt[row])
    }

    /// What they take in memory, in bytes, roughly: the text and 57 bytes of columns a log.
    var bytes: Int { columns.text.count + count * 57 }

    /// The bytes of text that they are written out as, where what logs share stands with each of them.
    var plainTextBytes: Int { (0..<count).reduce(0) { $0 + plainTextBytes(at: $1) } }

    /// The bytes of a log's text.
    func plainTextBytes(at row: Int) -> Int {
        Int(columns.messages[row].length) + Int(columns.tags[row].length) + Int(columns.data[row].length)
            + Int(columns.sources[row].length)
    }

    /// Appends all logs of a decoded body.
    mutating func append(_ body: DecodedBody, firstSequence: UInt64, arrival: Int64) {
        let source = body.columns
        // The common cases copy whole columns; only the ranges move by what is there already.
        let base = UInt32(columns.text.count)
        columns.text.append(contentsOf: source.text)
        columns.timestamps.append(contentsOf: source.timestamps)
        columns.levels.append(contentsOf: source.levels)
        Self.append(source.messages, to: &columns.messages, movedBy: base)
        Self.append(source.tags, to: &columns.tags, movedBy: base)
        Self.append(source.data, to: &columns.data, movedBy: base)
        Self.append(source.sources, to: &columns.sources, movedBy: base)
        for position in body.positions {
            sequences.append(firstSequence + UInt64(position))
            receivedAt.append(arrival)
        }
    }

    /// Appends some logs of a decoded body, column by column.
    mutating func append(_ body: DecodedBody, rows: ArraySlice<UInt32>, firstSequence: UInt64, arrival: Int64) {
        let source = body.columns
        columns.timestamps.append(contentsOf: rows.lazy.map { source.timestamps[Int($0)] })
        columns.levels.append(contentsOf: rows.lazy.map { source.levels[Int($0)] })
        sequences.append(contentsOf: rows.lazy.map { firstSequence + UInt64(body.positions[Int($0)]) })
        receivedAt.append(contentsOf: repeatElement(arrival, count: rows.count))
        var shared = SharedText()
        for row in rows { appendText(source, row: Int(row), shared: &shared) }
    }

    /// Appends the four texts of a log.
    ///
    /// The decoder writes tags, data and message one behind the other, so that they are mostly copied in one go.
    private mutating func appendText(_ source: LogColumns, row: Int, shared: inout SharedText) {
        let (message, tags, data) = (source.messages[row], source.tags[row], source.data[row])
        let first = tags.isNone ? data.isNone ? message : data : tags
        let length = message.length + tags.length + data.length
        let isOnePiece =
            (tags.isNone || tags.length < SharedText.leastBytes)
            && (tags.isNone || tags.offset + tags.length == (data.isNone ? message.offset : data.offset))
            && (data.isNone || data.offset + data.length == message.offset)
        if isOnePiece {
            let place = copy(TextRange(offset: first.offset, length: length), of: source)
            let moved = place.offset &- first.offset
            columns.tags.append(tags.isNone ? .none : TextRange(offset: tags.offset &+ moved, length: tags.length))
            columns.data.append(data.isNone ? .none : TextRange(offset: data.offset &+ moved, length: data.length))
            columns.messages.append(TextRange(offset: message.offset &+ moved, length: message.length))
        } else {
            columns.messages.append(copy(message, of: source))
            columns.tags.append(copy(tags, of: source, shared: &shared))
            columns.data.append(copy(data, of: source))
        }
        columns.sources.append(copy(source.sources[row], of: source, shared: &shared))
    }

    /// Appends one log of other columns.
    ///
    /// `shared` belongs to these columns and to these rows, from the first log that is copied to the last.
    mutating func append(
        _ source: LogColumns,
        row: Int,
        sequence: UInt64,
        receivedAt arrival: Int64,
        shared: inout SharedText
    ) {
        columns.timestamps.append(source.timestamps[row])
        columns.levels.append(source.levels[row])
        appendText(source, row: row, shared: &shared)
        sequences.append(sequence)
        receivedAt.append(arrival)
    }

    /// Appends one log of other rows.
    mutating func append(_ other: LogRows, row: Int, shared: inout SharedText) {
        append(
            other.columns,
            row: row,
            sequence: other.sequences[row],
            receivedAt: other.receivedAt[row],
            shared: &shared
        )
    }

    /// Where long texts of one source lie in its copy.
    ///
    /// Logs of a body share its default tags and source; copied again for each log these could make a few bytes of body
    /// thousands of times as large in memory.
    struct SharedText {
        /// By the offset in the source.
        fileprivate var places: [UInt32: TextRange] = [:]
        /// Shorter ones are copied faster than looked up.
        fileprivate static let leastBytes = 64
    }

    /// The log at a row as it is answered.
    func log(at row: Int, hub: UInt8, group: UInt32, groupName: String?) -> StoredLog {
        let timestamp = columns.timestamps[row]
        return StoredLog(
            id: LogID(timestamp: timestamp, hub: hub, group: group, sequence: sequences[row]),
            sequence: sequences[row],
            timestamp: timestamp,
            receivedAt: receivedAt[row],
            level: Level(rawValue: columns.levels[row]) ?? .info,
            group: groupName,
            message: Array(columns.bytes(columns.messages[row])),
            tags: Array(columns.bytes(columns.tags[row])),
            data: Array(columns.bytes(columns.data[row])),
            source: Array(columns.bytes(columns.sources[row]))
        )
    }

    /// The row of a sequence number, where they rise (tails).
    func row(ofRising sequence: UInt64) -> Int? {
        var low = 0
        var high = sequences.count
        while low < high {
            let middle = (low + high) / 2
            if sequences[middle] < sequence { low = middle + 1 } else { high = middle }
        }
        return low < sequences.count && sequences[low] == sequence ? low : nil
    }

    private mutating func copy(_ range: TextRange, of source: LogColumns) -> TextRange {
        if range.isNone { return .none }
        let offset = UInt32(columns.text.count)
        columns.text.append(contentsOf: source.bytes(range))
        return TextRange(offset: offset, length: range.length)
    }

    private mutating func copy(_ range: TextRange, of source: LogColumns, shared: inout SharedText) -> TextRange {
        guard range.length >= SharedText.leastBytes else { return copy(range, of: source) }
        if let place = shared.places[range.offset], place.length == range.length { return place }
        let place = copy(range, of: source)
        shared.places[range.offset] = place
        return place
    }

    private static func append(_ ranges: [TextRange], to target: inout [TextRange], movedBy base: UInt32) {
        target.append(
            contentsOf: ranges.lazy.map { range in
                range.isNone ? .none : TextRange(offset: range.offset + base, length: range.length)
            }
        )
    }
}

extension LogRows {
    /// The rows of a block that has all columns, their objects put together again.
    init(_ block: RowBlock) {
        let count = block.count
        columns.timestamps = block.timestamps
        sequences = block.sequences
        columns.levels = block.levels ?? [UInt8](repeating: Level.info.rawValue, count: count)
        receivedAt = block.receivedAt ?? block.timestamps
        columns.messages = append(block.messages, count: count)
        columns.tags = append(block.tags, count: count)
        columns.sources = append(block.sources, count: count)
        switch block.data {
        case .json(let column): columns.data = append(column, count: count)
        case .split(let data):
            columns.data.reserveCapacity(count)
            for row in 0..<count {
                let offset = columns.text.count
                data.appendObject(row, to: &columns.text)
                let length = columns.text.count - offset
                columns.data.append(
                    length == 0 ? .none : TextRange(offset: UInt32(offset), length: UInt32(length))
                )
            }
        case nil: columns.data = [TextRange](repeating: .none, count: count)
        }
    }

    /// Appends a column's text as it is, with what rows share.
    private mutating func append(_ column: TextColumn?, count: Int) -> [TextRange] {
        guard let column else { return [TextRange](repeating: .none, count: count) }
        let base = UInt32(columns.text.count)
        columns.text.append(contentsOf: column.text)
        var ranges: [TextRange] = []
        ranges.reserveCapacity(count)
        Self.append(column.ranges, to: &ranges, movedBy: base)
        return ranges
    }
}
