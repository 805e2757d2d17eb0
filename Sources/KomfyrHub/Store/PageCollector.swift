/// Gathers a page from tails and chunks: the first `limit` rows in the listing's order, and one more that tells
/// whether the listing goes on.
struct PageCollector {
    let filter: RowFilter
    let hub: UInt8
    private var page: TopRanks<StoredLog>
    private let limit: Int
    private let pageBytes: Int
    /// Text of the logs on the page, in bytes.
    private var bytes = 0
    /// The page was full of bytes before it was full of logs: it ends where it is, and the listing goes on.
    private var isCut = false

    init(_ filter: RowFilter, limit: Int, hub: UInt8, pageBytes: Int = HubLimits.pageBytes) {
        self.filter = filter
        self.hub = hub
        self.limit = max(1, limit)
        self.pageBytes = pageBytes
        page = TopRanks(capacity: self.limit + 1)
    }

    /// Whether a row of this rank would get onto the page.
    func accepts(_ rank: Rank) -> Bool { page.accepts(rank) }

    /// Offers rows in any order (tails).
    mutating func scan(_ rows: LogRows, of group: StoreGroup) {
        var hits = TopRanks<Int>(capacity: limit + 1)
        // The newest lie last, so going backwards fills the heap with what stays, mostly.
        for row in stride(from: rows.count - 1, through: 0, by: -1) { offer(rows, row, &hits) }
        take(hits, rows, group)
    }

    /// Offers rows that are sorted by time and sequence (chunks); stops where nothing better can follow.
    mutating func scan(sorted rows: LogRows, of group: StoreGroup) {
        var hits = TopRanks<Int>(capacity: limit + 1)
        switch filter.order {
        case .newestFirst:
            var row = Self.firstRow(after: filter.until, in: rows) - 1
            while row >= 0, rows.columns.timestamps[row] >= filter.since, offer(rows, row, &hits) { row -= 1 }
        case .oldestFirst:
            var row = filter.since == .min ? 0 : Self.firstRow(after: filter.since - 1, in: rows)
            while row < rows.count, rows.columns.timestamps[row] <= filter.until, offer(rows, row, &hits) { row += 1 }
        }
        take(hits, rows, group)
    }

    /// The page.
    func finish(isPartial: Bool) -> LogPage {
        let found = page.sorted().map(\.payload)
        let logs = Array(found.prefix(limit))
        var next: LogQuery.Cursor?
        if found.count > limit || isCut, let last = logs.last {
            next = LogQuery.Cursor(timestamp: last.timestamp, sequence: last.sequence, snapshot: filter.snapshot)
        }
        return LogPage(logs: logs, next: next, isPartial: isPartial)
    }

    /// Offers a row; returns false when it, and so every later one, comes too late in the listing.
    @discardableResult
    private func offer(_ rows: LogRows, _ row: Int, _ hits: inout TopRanks<Int>) -> Bool {
        let rank = Rank(
            timestamp: rows.columns.timestamps[row],
            sequence: rows.sequences[row],
            order: filter.order
        )
        guard hits.accepts(rank), page.accepts(rank) else { return false }
        if let after = filter.after, rank <= after { return true }
        if filter.accepts(rows, row) { hits.offer(rank, row) }
        return true
    }

    private mutating func take(_ hits: TopRanks<Int>, _ rows: LogRows, _ group: StoreGroup) {
        for (rank, row) in hits.heap where page.accepts(rank) {
            if page.heap.count == page.capacity, let replaced = page.heap.first { bytes -= replaced.payload.textBytes }
            page.offer(rank, rows.log(at: row, hub: hub, group: group.number, groupName: group.name))
            bytes += rows.plainTextBytes(at: row)
            while bytes > pageBytes, page.heap.count > 1, let dropped = page.removeHighest() {
                bytes -= dropped.textBytes
                isCut = true
            }
        }
    }

    /// The first row later than a time.
    private static func firstRow(after time: Int64, in rows: LogRows) -> Int {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows.columns.timestamps[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension StoredLog {
    /// The bytes of its text.
    fileprivate var textBytes: Int { message.count + tags.count + data.count + source.count }
}
