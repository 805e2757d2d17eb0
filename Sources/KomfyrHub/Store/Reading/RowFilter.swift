/// Which rows a query wants: the same answer for tails and chunks.
///
/// Columns are judged one after the other, the cheap ones first, on the numbers of the rows that are left: time (by
/// search where rows are sorted), levels, sequence, source, tags, then the search. Groups and the key's bound are
/// judged before, by `GroupDirectory.matching`.
struct RowFilter: Sendable {
    /// Which sources are wanted.
    enum WantedSource: Sendable, Equatable {
        case any
        /// Only logs without one.
        case none
        case text([UInt8])
    }

    let since: Int64
    let until: Int64
    private(set) var levels: UInt8
    let order: LogQuery.Order
    /// Rows beyond it arrived after the first page was read.
    let snapshot: UInt64
    /// Rows up to it are not wanted; 0: all are.
    let arrivedAfter: UInt64
    /// Where the page before ended; only what comes after is wanted.
    let after: Rank?
    private(set) var search: Search?
    let source: WantedSource
    /// Each as the JSON string that stands in the column of tags.
    private let tags: [[UInt8]]
    private let allTags: Bool

    /// The filter of a query; `oldest` is the oldest time that is kept, in nanoseconds.
    ///
    /// `source` stands in for the query's own, which cannot say "none".
    init(_ query: LogQuery, oldest: Int64, snapshot: UInt64, source: WantedSource? = nil) {
        since = max(query.since ?? .min, oldest)
        until = query.until ?? .max
        levels = query.levels
        order = query.order
        self.snapshot = snapshot
        arrivedAfter = query.arrivedAfter ?? 0
        after = query.cursor.map { Rank(timestamp: $0.timestamp, sequence: $0.sequence, order: query.order) }
        search = query.search
        self.source = source ?? query.source.map { .text(Array($0.utf8)) } ?? .any
        tags = query.tags.map(TagList.element)
        allTags = query.allTags
    }

    /// The same for the logs of one group, where a search that asks for no more than group and level is one for levels.
    func narrowed(to group: String?) -> RowFilter {
        guard let mask = search?.levels(in: group) else { return self }
        var narrowed = self
        narrowed.search = nil
        narrowed.levels &= mask
        return narrowed
    }

    /// Whether rows are judged by more than time, level and sequence: by what only a chunk's columns tell.
    var judgesText: Bool { search != nil || !tags.isEmpty || source != .any }

    /// The columns that rows with these levels are judged by.
    func columns(_ levelMask: UInt8) -> ColumnRequest {
        var request = search?.columns ?? ColumnRequest()
        if levelMask & ~levels != 0 { request.columns.insert(.levels) }
        if !tags.isEmpty { request.columns.insert(.tags) }
        if source != .any { request.columns.insert(.sources) }
        return request
    }

    /// Whether a chunk can hold wanted rows.
    func overlaps(_ entry: ChunkEntry) -> Bool {
        entry.newest >= since && entry.oldest <= until && entry.firstSequence <= snapshot
            && entry.lastSequence > arrivedAfter
            && entry.levelMask & levels != 0
            && (after.map { $0 <= Rank(entry, lastIn: order) } ?? true)
    }

    /// Whether no row of a chunk is left out by its time or sequence.
    func takesWhole(_ entry: ChunkEntry) -> Bool {
        entry.oldest >= since && entry.newest <= until && entry.lastSequence <= snapshot
            && entry.firstSequence > arrivedAfter && after == nil
    }

    /// The rows of a block that can be wanted by time, sequence (tails) and rank: the search comes after.
    ///
    /// Sorted blocks are cut by search, so the answer is exact there, sequences left aside; of others it is a superset.
    /// With `bound` only rows of lower rank are wanted.
    func range(of block: RowBlock, below bound: Rank? = nil) -> Range<Int> {
        guard block.isSortedByTime else {
            // Rising by sequence.
            let low = Self.partition(0..<block.count) { block.sequences[$0] <= arrivedAfter }
            return low..<Self.partition(low..<block.count) { block.sequences[$0] <= snapshot }
        }
        var low = since == .min ? 0 : Self.partition(0..<block.count) { block.timestamps[$0] < since }
        var high = until == .max ? block.count : Self.partition(low..<block.count) { block.timestamps[$0] <= until }
        func isBefore(_ row: Int, _ place: (timestamp: Int64, sequence: UInt64), orAt: Bool) -> Bool {
            let time = block.timestamps[row]
            if time != place.timestamp { return time < place.timestamp }
            return orAt ? block.sequences[row] <= place.sequence : block.sequences[row] < place.sequence
        }
        // Newest first, what comes after a place lies before it in the block.
        let isNewestFirst = order == .newestFirst
        if let after {
            let place = after.place(in: order)
            if isNewestFirst {
                high = Self.partition(low..<high) { isBefore($0, place, orAt: false) }
            } else {
                low = Self.partition(low..<high) { isBefore($0, place, orAt: true) }
            }
        }
        if let bound {
            let place = bound.place(in: order)
            if isNewestFirst {
                low = Self.partition(low..<high) { isBefore($0, place, orAt: true) }
            } else {
                high = Self.partition(low..<high) { isBefore($0, place, orAt: false) }
            }
        }
        return low..<high
    }

    /// The wanted rows of a part of `range`, rising; the block has at least the columns of `columns`.
    ///
    /// With `bound` only rows of lower rank are wanted; of equal times some more may come.
    func rows(of block: RowBlock, in part: Range<Int>, group: String?, below bound: Rank? = nil) -> [UInt32] {
        var rows: [UInt32] = []
        if block.isSortedByTime {
            rows = Array(UInt32(part.lowerBound)..<UInt32(part.upperBound))
        } else {
            var (first, last) = (since, until)
            for (rank, isBound) in [(after, false), (bound, true)] {
                guard let time = rank?.place(in: order).timestamp else { continue }
                if (order == .newestFirst) == isBound { first = max(first, time) } else { last = min(last, time) }
            }
            block.timestamps.withUnsafeBufferPointer { times in
                for row in part where times[row] >= first && times[row] <= last { rows.append(UInt32(row)) }
            }
        }
        narrow(&rows, block, group)
        return rows
    }

    /// Leaves out of rows in the wanted times what else is not wanted.
    private func narrow(_ rows: inout [UInt32], _ block: RowBlock, _ group: String?) {
        if levels & LevelCounts.allMask != LevelCounts.allMask, let column = block.levels {
            rows.removeAll { levels >> column[Int($0)] & 1 == 0 }
        }
        if snapshot != .max || arrivedAfter > 0 {
            rows.removeAll { row in
                let sequence = block.sequences[Int(row)]
                return sequence > snapshot || sequence <= arrivedAfter
            }
        }
        if source != .any, let column = block.sources {
            var verdicts = RangeVerdicts(isShared: block.isSortedByTime)
            rows.removeAll { row in !verdicts.verdict(column.ranges[Int(row)]) { isWanted(source: column, $0) } }
        }
        if !tags.isEmpty, let column = block.tags {
            var verdicts = RangeVerdicts(isShared: block.isSortedByTime)
            rows.removeAll { row in
                !verdicts.verdict(column.ranges[Int(row)]) { range in
                    range.length > 0 && TagList.holds(column.text[range.bounds], tags, all: allTags)
                }
            }
        }
        if let search, !rows.isEmpty { search.filter(&rows, in: block, group: group) }
    }

    private func isWanted(source column: TextColumn, _ range: TextRange) -> Bool {
        switch source {
        case .any: true
        case .none: range.isNone
        case .text(let text): Int(range.length) == text.count && column.text[range.bounds].elementsEqual(text)
        }
    }

    /// The first index of a range from which on a condition that holds at its begin holds no more.
    static func partition(_ range: Range<Int>, where holds: (Int) -> Bool) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension TextRange {
    /// As indices of the text.
    var bounds: Range<Int> { Int(offset)..<Int(offset) + Int(length) }
}

extension LevelCounts {
    /// All levels that there are.
    static let allMask: UInt8 = UInt8(1 << count) - 1
}

/// What was found out about ranges, so that what many rows share is judged once: 64 places, the newest kept.
private struct RangeVerdicts {
    private var keys: [UInt64]
    private var verdicts: [Bool]

    /// - Parameter isShared: false where each row has its own text, which is not worth remembering.
    init(isShared: Bool) {
        keys = isShared ? [UInt64](repeating: .max, count: 64) : []
        verdicts = isShared ? [Bool](repeating: false, count: 64) : []
    }

    mutating func verdict(_ range: TextRange, _ judge: (TextRange) -> Bool) -> Bool {
        if keys.isEmpty { return judge(range) }
        let key = range.key
        let place = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 58)
        if keys[place] == key { return verdicts[place] }
        let verdict = judge(range)
        keys[place] = key
        verdicts[place] = verdict
        return verdict
    }
}

extension TextRange {
    /// Both numbers in one.
    var key: UInt64 { UInt64(offset) << 32 | UInt64(length) }
}

/// The elements of a JSON array of strings without blanks, each with its quotes; ends where it is none.
struct TagElements: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    init(_ array: ArraySlice<UInt8>) { rest = array.dropFirst() }

    mutating func next() -> ArraySlice<UInt8>? {
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        var end = rest.startIndex + 1
        while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
            end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < rest.endIndex else { return nil }
        defer { rest = rest[(end + 1)...].dropFirst() }
        return rest[rest.startIndex...end]
    }
}
