/// How often values occur, of a bounded number of different ones: those that were met first.
struct ValueCounts: Sendable {
    private(set) var counts: [[UInt8]: Int] = [:]
    /// There were more different values than are told apart.
    private(set) var isCut = false
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func add(_ value: [UInt8], _ count: Int = 1) {
        if let place = counts.index(forKey: value) {
            counts.values[place] += count
        } else if counts.count < limit {
            counts[value] = count
        } else {
            isCut = true
        }
    }

    /// The commonest, by falling count; ties by bytes, so that the answer is always the same.
    func top(_ limit: Int) -> [LogFacets.Value] {
        counts.map { LogFacets.Value(text: $0.key, count: $0.value) }
            .sorted { left, right in
                left.count != right.count
                    ? left.count > right.count : left.text.lexicographicallyPrecedes(right.text)
            }
            .prefix(limit)
            .map { $0 }
    }
}

/// Counts the members of `data` by dotted path, and their values.
struct FieldCounts: Sendable {
    private struct Field: Sendable {
        var path: [UInt8]
        var count = 0
        var values = ValueCounts(limit: HubLimits.facetDistinctValues)
        /// The log that was counted last: a member that stands twice in one log counts once.
        var lastLog = -1
    }

    private var fields: [Field] = []
    private var places: [[UInt8]: Int] = [:]
    private var log = 0
    private var isCut = false

    /// There were more members or values than are told apart.
    var isSampled: Bool { isCut || fields.contains { $0.values.isCut } }

    /// Counts the members of a log's object.
    ///
    /// Values in arrays, and text that is too long to be one of a few values, count for their member alone.
    mutating func add(_ data: DataColumn, _ row: Int) {
        log += 1
        var path: [UInt8] = []
        switch data {
        case .json(let column):
            var walk = ObjectWalk(column.text, column.ranges[row].bounds)
            self.walk(&walk, &path, nil, row, depth: 0)
        case .split(let split):
            guard let objects = split.objects else { return }
            var walk = ObjectWalk(objects.text, objects.ranges[row].bounds)
            self.walk(&walk, &path, split, row, depth: 0)
        }
    }

    /// The commonest members, by falling count, each with its commonest values.
    func top(_ limit: Int) -> [LogFacets.Field] {
        fields.sorted { left, right in
            left.count != right.count ? left.count > right.count : left.path.lexicographicallyPrecedes(right.path)
        }
        .map { LogFacets.Field(path: $0.path, count: $0.count, values: $0.values.top(limit)) }
    }

    private mutating func walk(
        _ walk: inout ObjectWalk,
        _ path: inout [UInt8],
        _ split: SplitData?,
        _ row: Int,
        depth: Int
    ) {
        guard walk.take(UInt8(ascii: "{")) else { return }
        while let name = walk.name() {
            let length = path.count
            if length > 0 { path.append(UInt8(ascii: ".")) }
            path += name
            if walk.peek == UInt8(ascii: "{") && depth < HubLimits.facetDepth {
                self.walk(&walk, &path, split, row, depth: depth + 1)
            } else if let value = walk.value(split, row) {
                count(path, value)
            } else {
                return
            }
            path.removeLast(path.count - length)
            if !walk.take(UInt8(ascii: ",")) { break }
        }
        _ = walk.take(UInt8(ascii: "}"))
    }

    private mutating func count(_ path: [UInt8], _ value: ObjectWalk.Value) {
        let place: Int
        if let known = places[path] {
            place = known
        } else if fields.count < HubLimits.facetFields {
            place = fields.count
            places[path] = place
            fields.append(Field(path: path))
        } else {
            isCut = true
            return
        }
        guard fields[place].lastLog != log else { return }
        fields[place].lastLog = log
        fields[place].count += 1
        if case .text(let text) = value, text.count <= HubLimits.facetValueBytes { fields[place].values.add(text) }
    }
}
