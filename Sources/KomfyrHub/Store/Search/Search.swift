import Protocol

/// A search in the `q` language, ready to be held against chunks and rows; docs/search.md describes the language.
///
/// ```
/// text ──SearchParser──► SearchNode ──outcome (SearchPruning)──► chunks that cannot match are not read
///                            ├──────select (SearchSelection)───► rows of a block, a column at a time
///                            └──────holds (SearchNode)─────────► one log, for the live stream
/// ```
///
/// All three mean the same. Never changes, so it may be shared between threads; a regular expression in it holds up to
/// `HubLimits.searchPatternMemory`.
struct Search: Sendable {
    /// The columns that rows are judged by.
    let columns: ColumnRequest
    private let root: SearchNode

    /// Reads a search; one of nothing but blanks matches every log.
    /// - Throws: where it is wrong and why.
    init(_ text: String) throws(SearchProblem) {
        root = try SearchParser.parse(text)
        columns = root.columns
    }

    /// Whether a chunk can hold a match; what is not known of it counts as possible.
    func mayMatch(_ chunk: ChunkFacts, group: String?) -> Bool {
        SearchFacts(chunk, group: group).outcome(root).canMatch
    }

    /// As `mayMatch`, with another way to ask for a word.
    func mayMatch(
        levels: UInt8,
        numbers: [SplitData.NumberInfo]?,
        group: String?,
        mayContain: (SearchWord) -> Bool
    ) -> Bool {
        SearchFacts(levels: levels, numbers: numbers, group: group, words: ()).outcome(root, mayContain).canMatch
    }

    /// The levels whose logs match in a group, when level and group decide; bit n stands for raw value n.
    ///
    /// Counts by level then answer the search, and no row is needed.
    /// - Returns: nil when it takes more than level and group.
    func levels(in group: String?) -> UInt8? {
        var mask: UInt8 = 0
        for level in Level.allCases {
            guard let holds = root.holds(level: level.rawValue, group: group) else { return nil }
            if holds { mask |= 1 << level.rawValue }
        }
        return mask
    }

    /// Keeps those rows of a block (rising numbers) that match; the block has at least `columns`.
    func filter(_ rows: inout [UInt32], in block: RowBlock, group: String?) {
        var selection = SearchSelection(block: block, group: group)
        rows = selection.select(root, rows)
    }

    /// Whether one log of a body matches: for the live stream.
    func matches(_ columns: LogColumns, row: Int, group: String?) -> Bool {
        columns.text.withUnsafeBytes { text in
            func bytes(_ range: TextRange) -> UnsafeRawBufferPointer {
                let start = Int(range.offset)
                return UnsafeRawBufferPointer(rebasing: text[start..<start + Int(range.length)])
            }
            let row = SearchRow(
                group: group,
                level: columns.levels[row],
                message: bytes(columns.messages[row]),
                tags: bytes(columns.tags[row]),
                source: bytes(columns.sources[row]),
                data: bytes(columns.data[row])
            )
            var scratch: [UInt8] = []
            return root.holds(row, &scratch)
        }
    }
}

/// What is wrong with a search.
struct SearchProblem: Error, Sendable, Equatable {
    /// In characters (Unicode scalars) from 0.
    var position: Int
    /// What is wrong and what to do.
    var message: String
}
