extension LogRows {
    /// Appends a row of a block, all columns of which must be there.
    ///
    /// What is missing is null; numbers stand again where they were taken out.
    mutating func append(_ block: RowBlock, row: Int) {
        columns.timestamps.append(block.timestamps[row])
        sequences.append(block.sequences[row])
        columns.levels.append(block.levels?[row] ?? 1)
        receivedAt.append(block.receivedAt?[row] ?? block.timestamps[row])
        columns.messages.append(appendText(block.messages, row))
        columns.tags.append(appendText(block.tags, row))
        columns.sources.append(appendText(block.sources, row))
        let offset = UInt32(columns.text.count)
        block.data?.append(row, to: &columns.text)
        let length = UInt32(columns.text.count) - offset
        columns.data.append(length == 0 ? .none : TextRange(offset: offset, length: length))
    }

    private mutating func appendText(_ column: TextColumn?, _ row: Int) -> TextRange {
        guard let column, !column.ranges[row].isNone else { return .none }
        let range = TextRange(offset: UInt32(columns.text.count), length: column.ranges[row].length)
        columns.text.append(contentsOf: column.bytes(row))
        return range
    }
}

extension DataColumn {
    /// Appends a row's object as it was sent; nothing where it is null.
    func append(_ row: Int, to text: inout [UInt8]) {
        switch self {
        case .json(let column): text.append(contentsOf: column.bytes(row))
        case .split(let data): data.appendObject(row, to: &text)
        }
    }
}
