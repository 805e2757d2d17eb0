import Protocol

/// A search as it was understood: terms, joined.
indirect enum SearchNode: Sendable {
    case term(SearchTerm)
    /// Cheap ones first.
    case all([SearchNode])
    /// Cheap ones first.
    case any([SearchNode])
    case not(SearchNode)

    /// The columns that rows are judged by.
    var columns: ColumnRequest {
        switch self {
        case .term(let term): return term.columns
        case .not(let node): return node.columns
        case .all(let nodes), .any(let nodes):
            var columns = ColumnRequest()
            for node in nodes { columns.formUnion(node.columns) }
            return columns
        }
    }

    /// What it costs to decide, relatively: what is joined is decided in this order.
    var cost: Int {
        switch self {
        case .term(let term): term.cost
        case .not(let node): node.cost
        case .all(let nodes), .any(let nodes): nodes.map(\.cost).max() ?? 0
        }
    }

    /// Whether a log matches by its group and level; nil: that takes more.
    func holds(level: UInt8, group: String?) -> Bool? {
        switch self {
        case .term(.everything): return true
        case .term(.levels(let mask)): return mask & 1 << level != 0
        case .term(.group(let test)): return test.holds(group)
        case .term: return nil
        case .not(let node): return node.holds(level: level, group: group).map { !$0 }
        case .all(let nodes):
            let results = nodes.map { $0.holds(level: level, group: group) }
            return results.contains(false) ? false : results.contains(nil) ? nil : true
        case .any(let nodes):
            let results = nodes.map { $0.holds(level: level, group: group) }
            return results.contains(true) ? true : results.contains(nil) ? nil : false
        }
    }

    /// Whether one log matches.
    func holds(_ row: SearchRow, _ scratch: inout [UInt8]) -> Bool {
        switch self {
        case .term(let term): return term.holds(row, &scratch)
        case .not(let node): return !node.holds(row, &scratch)
        case .all(let nodes):
            for node in nodes where !node.holds(row, &scratch) { return false }
            return true
        case .any(let nodes):
            for node in nodes where node.holds(row, &scratch) { return true }
            return false
        }
    }
}

/// One log, for the live stream.
struct SearchRow {
    let group: String?
    let level: UInt8
    let message: UnsafeRawBufferPointer
    let tags: UnsafeRawBufferPointer
    let source: UnsafeRawBufferPointer
    /// JSON without holes.
    let data: UnsafeRawBufferPointer
}

extension SearchTerm {
    var columns: ColumnRequest {
        switch self {
        case .everything, .group: return ColumnRequest()
        case .levels: return ColumnRequest(columns: .levels)
        case .tags: return ColumnRequest(columns: .tags)
        case .source: return ColumnRequest(columns: .sources)
        case .message: return ColumnRequest(columns: .messages)
        case .text: return ColumnRequest(columns: [.messages, .data])
        case .member: return ColumnRequest(columns: .data)
        case .number(let test): return ColumnRequest(numbers: [test.path])
        }
    }

    var cost: Int {
        switch self {
        case .everything, .group: 0
        case .levels: 1
        case .number: 2
        case .source(.exists), .tags(.exists): 3
        case .source(.text(.needle)), .tags(.text(.needle)): 4
        case .message(.needle): 5
        case .text(.needle): 6
        case .member(let test): if case .pattern = test.text { 9 } else { 7 }
        case .source, .tags: 8
        case .message: 10
        case .text: 11
        }
    }

    func holds(_ row: SearchRow, _ scratch: inout [UInt8]) -> Bool {
        switch self {
        case .everything: return true
        case .levels(let mask): return row.level < 8 && mask & 1 << row.level != 0
        case .group(let test): return test.holds(row.group)
        case .tags(let test): return test.holds(tags: row.tags, &scratch)
        case .source(let test): return test.holds(source: row.source)
        case .message(let test): return test.holds(row.message)
        case .text(let test):
            return test.holds(row.message)
                || DataWalk.strings(in: row.data) { test.holds($0, hasEscapes: $1, &scratch) }
        case .member(let test): return test.holds(row.data, nil, &scratch)
        case .number(let test): return test.holds(row.data, nil)
        }
    }
}
