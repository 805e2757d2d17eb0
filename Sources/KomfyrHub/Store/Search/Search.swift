/// A search in the `q` language, ready to be held against chunks and rows.
struct Search: Sendable {
    /// The columns that rows are judged by.
    let columns: ColumnRequest

    /// Reads a search.
    /// - Throws: where it is wrong and why.
    init(_ text: String) throws(SearchProblem) {
        throw SearchProblem(position: 0, message: "searches come next")
    }

    /// Whether a chunk can hold a match; what is not known of it counts as possible.
    func mayMatch(_ chunk: ChunkFacts, group: String?) -> Bool { true }

    /// Keeps those rows of a block (rising numbers) that match; the block has at least `columns`.
    func filter(_ rows: inout [UInt32], in block: RowBlock, group: String?) {}

    /// Whether one log of a body matches: for the live stream.
    func matches(_ columns: LogColumns, row: Int, group: String?) -> Bool { true }
}

/// What is wrong with a search.
struct SearchProblem: Error, Sendable, Equatable {
    /// In characters from 0.
    var position: Int
    /// What is wrong and what to do.
    var message: String
}
