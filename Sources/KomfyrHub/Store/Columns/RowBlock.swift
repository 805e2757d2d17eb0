/// Text of many rows: one range a row into shared bytes.
///
/// Rows with the same text may share a range, as they do where a chunk keeps a dictionary; what is found out about a
/// range holds for all rows that have it.
struct TextColumn: Sendable {
    /// The bytes that the ranges name.
    var text: [UInt8] = []
    /// By row; `TextRange.none` stands for null.
    var ranges: [TextRange] = []

    func bytes(_ row: Int) -> ArraySlice<UInt8> {
        let range = ranges[row]
        return text[Int(range.offset)..<Int(range.offset) + Int(range.length)]
    }
}

/// Which columns of a chunk are wanted.
struct ColumnRequest: Sendable, Equatable {
    /// Columns that every chunk has.
    struct Columns: OptionSet, Sendable, Hashable {
        let rawValue: UInt8
        static let levels = Columns(rawValue: 1)
        static let messages = Columns(rawValue: 2)
        static let tags = Columns(rawValue: 4)
        static let sources = Columns(rawValue: 8)
        /// The objects of `data`, with all their numbers.
        static let data = Columns(rawValue: 16)
        static let receivedAt = Columns(rawValue: 32)
        static let all = Columns(rawValue: 63)
        /// Every numeric member of `data` that has a column, values without their digits.
        ///
        /// Where a chunk has more of them than columns, its objects come too.
        static let numbers = Columns(rawValue: 64)
    }

    /// Timestamps and sequences come always.
    var columns: Columns = []
    /// Numeric members of `data` that are wanted by themselves, by dotted path.
    ///
    /// Where a chunk has no column for one of them, its objects are fetched instead, if it may be in them.
    var numbers: Set<[UInt8]> = []

    /// Whether anything of `data` is wanted.
    var hasNumbers: Bool { !numbers.isEmpty || !columns.isDisjoint(with: [.data, .numbers]) }

    mutating func formUnion(_ other: ColumnRequest) {
        columns.formUnion(other.columns)
        numbers.formUnion(other.numbers)
    }
}

/// Rows of a tail or a chunk in columns; those that were not asked for are nil.
struct RowBlock: Sendable {
    /// Nanoseconds since 1970.
    var timestamps: [Int64]
    /// All 64 bits.
    var sequences: [UInt64]
    /// Rising by time, ties by sequence (chunks); otherwise rising by sequence (tails).
    var isSortedByTime: Bool
    /// `Level.rawValue`.
    var levels: [UInt8]?
    var messages: TextColumn?
    /// JSON arrays of strings without blanks, as in `LogColumns`.
    var tags: TextColumn?
    var sources: TextColumn?
    var data: DataColumn?
    /// Nanoseconds since 1970.
    var receivedAt: [Int64]?

    var count: Int { sequences.count }

    /// The rows of a tail, all columns there; copies nothing.
    init(tail rows: LogRows) {
        timestamps = rows.columns.timestamps
        sequences = rows.sequences
        isSortedByTime = false
        levels = rows.columns.levels
        messages = TextColumn(text: rows.columns.text, ranges: rows.columns.messages)
        tags = TextColumn(text: rows.columns.text, ranges: rows.columns.tags)
        sources = TextColumn(text: rows.columns.text, ranges: rows.columns.sources)
        data = .json(TextColumn(text: rows.columns.text, ranges: rows.columns.data))
        receivedAt = rows.receivedAt
    }

    init(timestamps: [Int64], sequences: [UInt64], isSortedByTime: Bool) {
        self.timestamps = timestamps
        self.sequences = sequences
        self.isSortedByTime = isSortedByTime
    }
}

/// The objects of `data`, or the parts of them that were asked for.
enum DataColumn: Sendable {
    /// As they were sent; none is null.
    case json(TextColumn)
    /// As a chunk keeps them: objects with holes, and the numbers that fill them.
    case split(SplitData)
}
