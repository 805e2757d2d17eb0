/// The field `p` of a chunk: which numeric columns each row has.
///
/// ```
///  +--------+-------------------------------------------+------------------+
///  | sets   | for each: length, kind, columns           | rows             |
///  | varint |           varint, 1 byte, 1 byte each     | which set is its |
///  +--------+-------------------------------------------+------------------+
///
///  kind   0: `data` is null; 1: it is an object, with a hole for each of these columns
/// ```
///
/// Logs of one kind have the same members, so sets are few, and what they say need not be said for each column.
struct ChunkPresence: Sendable {
    /// By set, its columns; nil: there is no object.
    private(set) var sets: [[UInt8]?] = []
    /// By row.
    private(set) var setOfRow: [Int32] = []

    init(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) {
        var reader = ByteReader(bytes)
        let count = try reader.count("sets", atMost: rows)
        for _ in 0..<count {
            let length = try reader.count("set", atMost: HubLimits.numericColumns + 1)
            let set = try reader.slice(length)
            guard let kind = set.first, kind <= 1, kind == 1 || length == 1 else {
                throw .invalid("set", at: reader.offset)
            }
            sets.append(kind == 0 ? nil : Array(set.dropFirst()))
        }
        setOfRow.reserveCapacity(rows)
        for set in try ChunkIntegers.read(&reader, count: rows, in: 0...Int64(max(count, 1) - 1), "set") {
            setOfRow.append(Int32(set))
        }
        guard reader.remaining == 0, count > 0 || rows == 0 else { throw .invalid("length", at: reader.offset) }
    }

    /// How many rows have an object.
    var objectCount: Int { setOfRow.count { sets[Int($0)] != nil } }

    /// The numbers of a column by row.
    func column(_ column: Int, _ numbers: ChunkNumbers.Decoded) throws(FormatProblem) -> SplitData.NumberColumn {
        let has = sets.map { set in set?.contains { Int($0) == column } ?? false }
        var result = SplitData.NumberColumn(values: [], digits: nil)
        result.values.reserveCapacity(setOfRow.count)
        var ranges: [TextRange] = []
        var next = 0
        for set in setOfRow {
            if has[Int(set)] {
                guard next < numbers.values.count else { throw .invalid("presence", at: next) }
                result.values.append(numbers.values[next])
                if let digits = numbers.digits { ranges.append(digits.ranges[next]) }
                next += 1
            } else {
                result.values.append(.nan)
                if numbers.digits != nil { ranges.append(.none) }
            }
        }
        guard next == numbers.values.count else { throw .invalid("presence", at: next) }
        if let digits = numbers.digits { result.digits = TextColumn(text: digits.text, ranges: ranges) }
        return result
    }

    /// Reads the field `d`: the objects with holes by row.
    ///
    /// ```
    ///  +---------+---------+------+
    ///  | symbols | lengths | text |     symbols: for each row with an object 0, it is the next of the text; otherwise
    ///  +---------+---------+------+     1 + its number among the objects of its set
    /// ```
    func objects(_ bytes: UnsafeRawBufferPointer) throws(FormatProblem) -> TextColumn {
        var reader = ByteReader(bytes)
        let count = objectCount
        let symbols = try ChunkIntegers.read(&reader, count: count, in: 0...Int64(count), "object")
        let lengths = try ChunkIntegers.read(
            &reader,
            count: symbols.count { $0 == 0 },
            in: 1...Int64(HubLimits.chunkPlainBytes),
            "length"
        )
        let text = try reader.slice(reader.remaining)
        var column = TextColumn(text: Array(text), ranges: [])
        column.ranges.reserveCapacity(setOfRow.count)
        var known = [[TextRange]](repeating: [], count: sets.count)
        var end = 0
        var nextSymbol = 0
        var nextLength = 0
        for set in setOfRow {
            let set = Int(set)
            guard sets[set] != nil else {
                column.ranges.append(.none)
                continue
            }
            let symbol = Int(symbols[nextSymbol])
            nextSymbol += 1
            if symbol == 0 {
                let length = Int(lengths[nextLength])
                nextLength += 1
                guard length <= text.count - end else { throw .truncated(at: end) }
                let range = TextRange(offset: UInt32(end), length: UInt32(length))
                end += length
                known[set].append(range)
                column.ranges.append(range)
            } else {
                guard symbol <= known[set].count else { throw .invalid("object", at: nextSymbol) }
                column.ranges.append(known[set][symbol - 1])
            }
        }
        guard end == text.count else { throw .invalid("length", at: end) }
        return column
    }

    /// What it takes in memory, in bytes, roughly.
    var bytes: Int { setOfRow.count * 4 + sets.reduce(0) { $0 + 40 + ($1?.count ?? 0) } }
}
