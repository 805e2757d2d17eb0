import RegularExpressions

/// Selects the rows of a block that match a search, a column at a time.
///
/// Every step takes rising row numbers and gives those of them that are left: what is joined by AND looks only at what
/// the cheaper terms left over, what is joined by OR only at what no cheaper term has taken already.
struct SearchSelection {
    let block: RowBlock
    let group: String?
    /// Of strings whose escapes are resolved.
    private var scratch: [UInt8] = []

    init(block: RowBlock, group: String?) {
        self.block = block
        self.group = group
    }

    /// Those of some rows that match.
    mutating func select(_ node: SearchNode, _ rows: [UInt32]) -> [UInt32] {
        if rows.isEmpty { return rows }
        switch node {
        case .term(let term): return select(term, rows)
        case .not(let node): return Rows.without(rows, select(node, rows))
        case .all(let nodes):
            var left = rows
            for node in nodes where !left.isEmpty { left = select(node, left) }
            return left
        case .any(let nodes):
            var found: [UInt32] = []
            var left = rows
            for node in nodes where !left.isEmpty {
                let more = select(node, left)
                if more.isEmpty { continue }
                found = Rows.union(found, more)
                left = Rows.without(left, more)
            }
            return found
        }
    }

    private mutating func select(_ term: SearchTerm, _ rows: [UInt32]) -> [UInt32] {
        switch term {
        case .everything: return rows
        case .group(let test): return test.holds(group) ? rows : []
        case .levels(let mask):
            guard let levels = block.levels else { return [] }
            return rows.filter { row in
                Int(row) < levels.count && levels[Int(row)] < 8 && mask & 1 << levels[Int(row)] != 0
            }
        case .tags(let test):
            guard let tags = block.tags else { return [] }
            return TextRows.each(tags, rows) { test.holds(tags: $0, &scratch) }
        case .source(let test):
            guard let sources = block.sources else { return [] }
            return TextRows.each(sources, rows) { test.holds(source: $0) }
        case .message(let test): return selectMessages(test, rows)
        case .text(let test):
            if isAbsentFromTail(test, rows) { return [] }
            let found = selectMessages(test, rows)
            return Rows.union(found, selectStrings(test, Rows.without(rows, found)))
        case .member(let test): return select(test, rows)
        case .number(let test): return select(test, rows)
        }
    }

    /// Whether what is looked for stands nowhere in a tail, whose messages and objects lie in one text.
    private func isAbsentFromTail(_ test: TextTest, _ rows: [UInt32]) -> Bool {
        guard case .needle(let needle) = test, let messages = block.messages, case .json(let objects) = block.data
        else {
            return false
        }
        return TextRows.areWithout(needle, messages, objects, rows)
    }

    private func selectMessages(_ test: TextTest, _ rows: [UInt32]) -> [UInt32] {
        guard let messages = block.messages else { return [] }
        switch test {
        case .needle(let needle): return TextRows.holding(needle, messages, rows)
        case .pattern(let pattern): return TextRows.each(messages, rows) { pattern.matches($0) }
        }
    }

    // MARK: Data

    private mutating func selectStrings(_ test: TextTest, _ rows: [UInt32]) -> [UInt32] {
        guard let objects = block.data?.objects else { return [] }
        return TextRows.each(objects, Self.candidates(test, objects, rows)) { text in
            DataWalk.strings(in: text) { test.holds($0, hasEscapes: $1, &scratch) }
        }
    }

    /// The rows whose strings may hold what is looked for: it stands in them as it is, or they have escapes.
    private static func candidates(_ test: TextTest, _ objects: TextColumn, _ rows: [UInt32]) -> [UInt32] {
        guard case .needle(let needle) = test, !needle.folded.isEmpty else { return rows }
        let part = Needle(needle.folded, left: .open, right: .open)
        let found = TextRows.holding(part, objects, rows)
        let others = Rows.without(rows, found)
        return Rows.union(found, TextRows.holding(Self.backslash, objects, others))
    }

    private static let backslash = Needle([UInt8(ascii: "\\")], left: .open, right: .open)

    private mutating func select(_ test: MemberTest, _ rows: [UInt32]) -> [UInt32] {
        switch block.data {
        case nil: return []
        case .json(let objects):
            var candidates = rows
            if let text = test.text, test.number == nil, !test.mayBeLiteral {
                candidates = Self.candidates(text, objects, rows)
            }
            return TextRows.each(objects, candidates) { test.holds($0, nil, &scratch) }
        case .split(let split):
            guard let objects = split.objects else { return [] }
            var found: [UInt32] = []
            var candidates = rows
            if let text = test.text, !test.mayBeLiteral, !split.mayKeepInObjects(test.path) {
                // Numbers are in their column or nowhere, so what is left to look for stands in strings.
                if let number = test.number, let column = split.column(test.path) {
                    found = Self.select(number, split, column, rows)
                }
                candidates = Self.candidates(text, objects, Rows.without(rows, found))
            }
            // Rows with the same object may have other numbers, so none stands for another.
            let holes = HoleNumbers(split)
            let more = candidates.filter { row in
                holes.row = Int(row)
                return objects.withBytes(of: Int(row)) { test.holds($0, holes, &scratch) } ?? false
            }
            return Rows.union(found, more)
        }
    }

    private static func select(
        _ number: NumberEquality,
        _ split: SplitData,
        _ column: Int,
        _ rows: [UInt32]
    ) -> [UInt32] {
        guard let values = split.numbers[column]?.values else { return [] }
        let holes = HoleNumbers(split)
        return rows.filter { row in
            guard Int(row) < values.count, values[Int(row)] == number.value else { return false }
            guard number.digits != nil else { return true }
            holes.row = Int(row)
            return holes.withDigits(column) { number.holds(number.value, $0) } ?? true
        }
    }

    private func select(_ test: NumberTest, _ rows: [UInt32]) -> [UInt32] {
        switch block.data {
        case nil: return []
        case .json(let objects): return TextRows.each(objects, rows) { test.holds($0, nil) }
        case .split(let split):
            if let column = split.column(test.path) {
                guard let values = split.numbers[column]?.values else { return [] }
                return rows.filter { Int($0) < values.count && test.holds(values[Int($0)]) }
            }
            guard split.mayKeepInObjects(test.path), let objects = split.objects else { return [] }
            let holes = HoleNumbers(split)
            return rows.filter { row in
                holes.row = Int(row)
                return objects.withBytes(of: Int(row)) { test.holds($0, holes) } ?? false
            }
        }
    }
}

extension DataColumn {
    /// The objects, with holes or without; nil: they were not fetched.
    fileprivate var objects: TextColumn? {
        switch self {
        case .json(let objects): objects
        case .split(let split): split.objects
        }
    }
}

/// Rising row numbers as sets.
private enum Rows {
    static func union(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        if left.isEmpty { return right }
        if right.isEmpty { return left }
        var result: [UInt32] = []
        result.reserveCapacity(left.count + right.count)
        var index = 0
        for row in left {
            while index < right.count, right[index] < row {
                result.append(right[index])
                index += 1
            }
            if index < right.count, right[index] == row { index += 1 }
            result.append(row)
        }
        result.append(contentsOf: right[index...])
        return result
    }

    static func without(_ rows: [UInt32], _ taken: [UInt32]) -> [UInt32] {
        if taken.isEmpty { return rows }
        if taken.count == rows.count { return [] }
        var result: [UInt32] = []
        result.reserveCapacity(rows.count - taken.count)
        var index = 0
        for row in rows {
            while index < taken.count, taken[index] < row { index += 1 }
            if index < taken.count, taken[index] == row { continue }
            result.append(row)
        }
        return result
    }
}
