import Protocol

/// Which logs a stream wants, made to be asked of columns: everything is compared as bytes.
struct LiveFilter: Sendable {
    private let groups: [GroupPattern]
    private let levels: UInt8
    private let source: [UInt8]?
    /// Each as the JSON string that stands in the column of tags.
    private let tags: [[UInt8]]
    private let allTags: Bool
    private let search: Search?

    /// The filter of a query; its times, limit, order and cursor mean nothing to what is yet to come.
    init(_ query: LogQuery) {
        groups = query.groups
        levels = query.levels
        source = query.source.map { Array($0.utf8) }
        tags = query.tags.map(TagList.element)
        allTags = query.allTags
        search = query.search
    }

    /// Whether a group is wanted; asked once for each group of a request.
    func wants(group: String?) -> Bool {
        groups.isEmpty || groups.contains { $0.matches(group) }
    }

    /// Whether a log of a wanted group is wanted.
    func wants(_ columns: LogColumns, _ index: Int, group: String?) -> Bool {
        guard levels & (1 << columns.levels[index]) != 0 else { return false }
        if let source, !columns.bytes(columns.sources[index]).elementsEqual(source) { return false }
        if !tags.isEmpty, !TagList.holds(columns.bytes(columns.tags[index]), tags, all: allTags) { return false }
        return search?.matches(columns, row: index, group: group) ?? true
    }
}
