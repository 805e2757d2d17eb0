import Protocol

/// Which logs a stream wants, made to be asked of columns: everything is compared as bytes.
struct LiveFilter: Sendable {
    private let groups: [GroupPattern]
    /// What the key may see.
    private let bound: GroupPattern?
    private let levels: UInt8
    private let source: [UInt8]?
    /// Each as the JSON string that stands in the column of tags.
    private let tags: [[UInt8]]
    private let allTags: Bool

    /// The filter of a query; its times, limit, order and cursor mean nothing to what is yet to come.
    init(_ query: LogQuery) {
        groups = query.groups
        bound = query.bound
        levels = query.levels
        source = query.source.map { Array($0.utf8) }
        tags = query.tags.map { tag in
            var text: [UInt8] = []
            JSONText.appendString(tag, to: &text)
            return text
        }
        allTags = query.allTags
    }

    /// Whether a group is wanted; asked once for each group of a request.
    func wants(group: String?) -> Bool {
        (bound?.matches(group) ?? true) && (groups.isEmpty || groups.contains { $0.matches(group) })
    }

    /// Whether a log of a wanted group is wanted.
    func wants(_ columns: LogColumns, _ index: Int) -> Bool {
        guard levels & (1 << columns.levels[index]) != 0 else { return false }
        if let source, !columns.bytes(columns.sources[index]).elementsEqual(source) { return false }
        return tags.isEmpty || wants(tags: columns.bytes(columns.tags[index]))
    }

    private func wants(tags column: ArraySlice<UInt8>) -> Bool {
        if allTags { return tags.allSatisfy { Self.contains(column, $0) } }
        return tags.contains { Self.contains(column, $0) }
    }

    /// Whether one of the strings of a JSON array without blanks is this one, quotes included.
    private static func contains(_ array: ArraySlice<UInt8>, _ text: [UInt8]) -> Bool {
        var rest = array.dropFirst()
        while rest.first == UInt8(ascii: "\"") {
            var end = rest.startIndex + 1
            while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
                end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard end < rest.endIndex else { return false }
            if rest[...end].elementsEqual(text) { return true }
            rest = rest[(end + 1)...].dropFirst()
        }
        return false
    }
}
