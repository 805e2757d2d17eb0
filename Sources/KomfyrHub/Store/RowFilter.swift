import Protocol

/// A place in a listing: what comes earlier has the lower rank.
///
/// Newest first is the order of inverted numbers, so that one comparison serves both orders; ties of time go by
/// sequence, which is the order of arrival.
struct Rank: Comparable, Sendable {
    var time: Int64
    var sequence: UInt64

    init(timestamp: Int64, sequence: UInt64, order: LogQuery.Order) {
        switch order {
        case .newestFirst:
            time = ~timestamp
            self.sequence = ~sequence
        case .oldestFirst:
            time = timestamp
            self.sequence = sequence
        }
    }

    static func < (left: Rank, right: Rank) -> Bool { (left.time, left.sequence) < (right.time, right.sequence) }
}

/// Which rows a query wants.
struct RowFilter: Sendable {
    let since: Int64
    let until: Int64
    let levels: UInt8
    let order: LogQuery.Order
    /// Rows beyond it arrived after the first page was read.
    let snapshot: UInt64
    /// Rows up to it are not wanted; 0: all are.
    let arrivedAfter: UInt64
    /// Where the page before ended; only what comes after is wanted.
    let after: Rank?
    private let tags: [[UInt8]]
    private let allTags: Bool
    private let source: [UInt8]?

    /// The filter of a query; `oldest` is the oldest time that is kept, in nanoseconds.
    init(_ query: LogQuery, oldest: Int64, snapshot: UInt64) {
        since = max(query.since ?? .min, oldest)
        until = query.until ?? .max
        levels = query.levels
        order = query.order
        self.snapshot = snapshot
        arrivedAfter = query.arrivedAfter ?? 0
        after = query.cursor.map { Rank(timestamp: $0.timestamp, sequence: $0.sequence, order: query.order) }
        tags = query.tags.map(TagList.element)
        allTags = query.allTags
        source = query.source.map { Array($0.utf8) }
    }

    /// Whether a chunk can hold wanted rows.
    func overlaps(_ entry: ChunkEntry) -> Bool {
        entry.newest >= since && entry.oldest <= until && entry.firstSequence <= snapshot
            && entry.lastSequence > arrivedAfter
            && entry.levelMask & levels != 0
            && (after.map { $0 <= Rank(entry, lastIn: order) } ?? true)
    }

    /// Whether a row is wanted, its place in the listing left aside.
    func accepts(_ rows: LogRows, _ row: Int) -> Bool {
        let time = rows.columns.timestamps[row]
        guard time >= since, time <= until, levels >> rows.columns.levels[row] & 1 == 1,
            rows.sequences[row] <= snapshot, rows.sequences[row] > arrivedAfter
        else { return false }
        if let source, !rows.columns.bytes(rows.columns.sources[row]).elementsEqual(source) { return false }
        return tags.isEmpty || TagList.holds(rows.columns.bytes(rows.columns.tags[row]), tags, all: allTags)
    }
}

extension Rank {
    /// Before everything.
    static let earliest = Rank(timestamp: .min, sequence: 0, order: .oldestFirst)

    /// The rank that no row of a chunk is earlier than, from its time alone.
    init(edgeOf entry: ChunkEntry, in order: LogQuery.Order) {
        switch order {
        case .newestFirst: self.init(timestamp: entry.newest, sequence: .max, order: order)
        case .oldestFirst: self.init(timestamp: entry.oldest, sequence: 0, order: order)
        }
    }

    /// The rank that no row of a chunk is later than.
    init(_ entry: ChunkEntry, lastIn order: LogQuery.Order) {
        switch order {
        case .newestFirst: self.init(timestamp: entry.oldest, sequence: entry.firstSequence, order: order)
        case .oldestFirst: self.init(timestamp: entry.newest, sequence: entry.lastSequence, order: order)
        }
    }
}
