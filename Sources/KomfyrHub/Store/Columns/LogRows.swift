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
        let rows = (0..<UInt32(truncatingIfNeeded: body.columns.count)).map { $0 }
        append(body, rows: rows[...], firstSequence: firstSequence, arrival: arrival)
    }

    /// Appends some logs of a decoded body, column by column.
    mutating func append(_ body: DecodedBody, rows: ArraySlice<UInt32>, firstSequence: UInt64, arrival: Int64) {
        let source = body.columns
        columns.timestamps.append(contentsOf: rows.lazy.map { source.timestamps[Int($0)] })
        columns.levels.append(contentsOf: rows.lazy.map { source.levels[Int($0)] })
        sequences.append(contentsOf: rows.lazy.map { firstSequence + UInt64(body.positions[Int($0)]) })
        receivedAt.append(contentsOf: repeatElement(arrival, count: rows.count))
        Self.copy(source.messages, of: source.text, rows, to: &columns.messages, &columns.text, areShared: false)
        Self.copy(source.tags, of: source.text, rows, to: &columns.tags, &columns.text, areShared: true)
        Self.copy(source.data, of: source.text, rows, to: &columns.data, &columns.text, areShared: false)
        Self.copy(source.sources, of: source.text, rows, to: &columns.sources, &columns.text, areShared: true)
    }

    /// Appends one of the four texts of some logs; `areShared`: many of them may have the same range.
    private static func copy(
        _ ranges: [TextRange],
        of source: [UInt8],
        _ rows: ArraySlice<UInt32>,
        to column: inout [TextRange],
        _ text: inout [UInt8],
        areShared: Bool
    ) {
        var length = 0
        var longest: UInt32 = 0
        for row in rows {
            length += Int(ranges[Int(row)].length)
            longest = max(longest, ranges[Int(row)].length)
        }
        if length == 0 {
            column.append(contentsOf: repeatElement(.none, count: rows.count))
            return
        }
        if areShared, longest >= SharedText.leastBytes {
            var shared = SharedText()
            for row in rows { column.append(shared.copy(ranges[Int(row)], of: source, to: &text)) }
            return
        }
        var offset = UInt32(truncatingIfNeeded: text.count)
        // Room is made once for all, and what is written is no more than was counted: this runs for every log.
        column.append(addingCapacity: rows.count) { column in
            text.append(addingCapacity: length) { text in
                source.withUnsafeBytes { source in
                    for row in rows {
                        let range = ranges[Int(row)]
                        column.append(range.isNone ? .none : TextRange(offset: offset, length: range.length))
                        offset &+= range.length
                        text.append(source, range)
                    }
                }
            }
        }
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
        columns.messages.append(copy(source.messages[row], of: source))
        columns.tags.append(shared.copy(source.tags[row], of: source.text, to: &columns.text))
        columns.data.append(copy(source.data[row], of: source))
        columns.sources.append(shared.copy(source.sources[row], of: source.text, to: &columns.text))
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
        static let leastBytes = 64

        /// Appends a text, unless it is long and was copied before.
        mutating func copy(_ range: TextRange, of source: [UInt8], to text: inout [UInt8]) -> TextRange {
            if range.isNone { return .none }
            if range.length >= Self.leastBytes, let place = places[range.offset], place.length == range.length {
                return place
            }
            let place = TextRange(offset: UInt32(truncatingIfNeeded: text.count), length: range.length)
            text.append(contentsOf: source[range.bounds])
            if range.length >= Self.leastBytes { places[range.offset] = place }
            return place
        }
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

extension OutputSpan<UInt8> {
    /// Appends a range of a text; there is room for it.
    fileprivate mutating func append(_ source: UnsafeRawBufferPointer, _ range: TextRange) {
        withUnsafeMutableBufferPointer { target, count in
            let piece = source[range.bounds]
            UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[count...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
            count += piece.count
        }
    }
}
