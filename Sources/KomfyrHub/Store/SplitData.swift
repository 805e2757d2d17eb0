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
}
