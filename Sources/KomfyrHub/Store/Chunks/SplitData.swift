import Protocol

/// The objects of `data` as a chunk keeps them: numeric members are taken out into a column of their own each, and a
/// hole is left where they stood.
///
/// A hole is the byte 0x01, which JSON has nowhere, and one byte that names the column: its index in `columns`. At most
/// 256 members have a column; the numbers of others, numbers in arrays, and a member's second appearance in one object
/// stay where they are.
struct SplitData: Sendable {
    /// Comes before the byte that names the column.
    static let hole: UInt8 = 0x01

    /// What a chunk says of a numeric member without its values.
    struct NumberInfo: Sendable, Equatable {
        /// Dotted, names unescaped.
        var path: [UInt8]
        /// How many rows have it.
        var count: Int
        /// Of all its values that are finite as doubles; NaN: there is none.
        var least: Double
        var most: Double
    }

    /// A numeric member of many rows.
    struct NumberColumn: Sendable {
        /// By row; NaN where the row has none (JSON has no NaN).
        ///
        /// What is beyond a double's range is infinite.
        var values: [Double]
        /// The digits as sent, by row; none where the row has none.
        ///
        /// Nil when only values were asked for.
        var digits: TextColumn?
    }

    /// By column index.
    var columns: [NumberInfo]
    /// Those that were fetched, by column index.
    var numbers: [Int: NumberColumn]
    /// The objects with holes; none is null.
    ///
    /// Nil when only numbers were asked for and no object can hold more of them.
    var objects: TextColumn?

    /// The column of a path; nil: there is none.
    func column(_ path: [UInt8]) -> Int? { columns.firstIndex { $0.path == path } }

    /// Appends the object of a row as it was sent; nothing where it is null.
    ///
    /// Needs the objects, and all numbers with their digits.
    func appendObject(_ row: Int, to bytes: inout [UInt8]) {
        guard let objects else { return }
        let object = objects.bytes(row)
        var start = object.startIndex
        while let place = object[start...].firstIndex(of: Self.hole), place + 1 < object.endIndex {
            bytes.append(contentsOf: object[start..<place])
            if let digits = digits(Int(object[place + 1]), row) {
                bytes.append(contentsOf: digits)
            } else {
                // What was no JSON was kept as it was.
                bytes.append(contentsOf: object[place..<place + 2])
            }
            start = place + 2
        }
        bytes.append(contentsOf: object[start...])
    }

    /// The digits of a column in a row; nil: the row has none, or they were not asked for.
    func digits(_ column: Int, _ row: Int) -> ArraySlice<UInt8>? {
        guard let digits = numbers[column]?.digits, !digits.ranges[row].isNone else { return nil }
        return digits.bytes(row)
    }

    /// The numbers of a dotted path by row; NaN where a row has none.
    ///
    /// Members without a column are looked for in the objects, where these were fetched.
    func values(_ path: [UInt8], rows: Int) -> [Double] {
        if let column = column(path), let numbers = numbers[column] { return numbers.values }
        guard let objects else { return [Double](repeating: .nan, count: rows) }
        var values: [Double] = []
        values.reserveCapacity(rows)
        var finder = MemberFinder(path)
        for row in 0..<rows {
            values.append(objects.ranges[row].isNone ? .nan : finder.value(in: objects.bytes(row)))
        }
        return values
    }
}

/// Looks for one numeric member of objects with holes.
private struct MemberFinder: ~Copyable {
    private let path: [UInt8]
    private var scanner = JSONScanner()
    private var text: [UInt8] = []
    private var name: [UInt8] = []

    init(_ path: [UInt8]) { self.path = path }

    /// Its value, the first where it stands twice; NaN: there is none.
    mutating func value(in object: ArraySlice<UInt8>) -> Double {
        text.removeAll(keepingCapacity: true)
        var index = object.startIndex
        while index < object.endIndex {
            if object[index] == SplitData.hole, index + 1 < object.endIndex {
                // Any number: the one that is looked for has no column.
                text.append(UInt8(ascii: "0"))
                text.append(UInt8(ascii: " "))
                index += 2
            } else {
                text.append(object[index])
                index += 1
            }
        }
        let found: Result<Double?, JSONProblem> = text.withUnsafeBytes { bytes in
            Result { () throws(JSONProblem) in
                var cursor = try scanner.indexCopy(of: bytes)
                return try find(&cursor, from: 0)
            }
        }
        guard case .success(let value?) = found else { return .nan }
        return value
    }

    /// Looks through the object that the cursor is at, of which the path's first `length` bytes are the path.
    private mutating func find(_ cursor: inout JSONCursor, from length: Int) throws(JSONProblem) -> Double? {
        try cursor.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try cursor.nextKey(isFirst: &isFirst) {
            name.removeAll(keepingCapacity: true)
            JSONText.appendUnescaped(cursor.bytes(key), to: &name)
            let end = length + name.count
            let isOnPath = path.dropFirst(length).starts(with: name)
            if isOnPath, end < path.count, path[end] == UInt8(ascii: "."), cursor.peek == UInt8(ascii: "{") {
                if let value = try find(&cursor, from: end + 1) { return value }
                continue
            }
            let value = try cursor.readValue()
            if isOnPath, end == path.count, value.kind == .number {
                return ChunkNumbers.value(of: cursor.bytes(value))
            }
        }
        return nil
    }
}
