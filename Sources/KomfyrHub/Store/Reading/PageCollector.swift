/// Takes the rows of a query, tail by tail and chunk by chunk, in the order of `ChunkPlan`.
protocol RowTaker {
    /// Whether a row of this rank, and so any that follows, is still wanted.
    func accepts(_ rank: Rank) -> Bool
    /// The columns of a chunk with these levels that `take` needs.
    func columns(_ levelMask: UInt8) -> ColumnRequest
    /// Takes a tail.
    ///
    /// An open tail is there under its group's lock alone: nothing of the block may be kept, since that would make the
    /// next commit copy it whole.
    mutating func take(_ rows: LogRows, isSorted: Bool, isOpen: Bool, of group: StoreGroup)
    /// The lock of an open tail is given up: what takes time is done now.
    mutating func settleTail()
    /// Takes a chunk.
    mutating func take(_ block: RowBlock, of chunk: ChunkPlan.Candidate)
}

/// Gathers the places of a page's rows: the first `limit` in the listing's order, and one more that tells whether the
/// listing goes on.
///
/// Rows of chunks are known by their number until the page is complete, since only then it is known of which chunks
/// the other columns are wanted.
struct PageCollector: RowTaker {
    /// Where rows lie.
    enum Source {
        case rows(LogRows, StoreGroup)
        case chunk(StoreGroup, ChunkEntry)
    }

    /// A row on the page.
    struct Place {
        var source: Int
        var row: Int
    }

    let filter: RowFilter
    let limit: Int
    private(set) var sources: [Source] = []
    private(set) var page: RankedBudget<Place>

    init(_ filter: RowFilter, limit: Int, pageBytes: Int = HubLimits.pageBytes) {
        self.filter = filter
        self.limit = max(1, limit)
        page = RankedBudget(capacity: self.limit + 1, bytes: pageBytes)
    }

    func accepts(_ rank: Rank) -> Bool { page.accepts(rank) }

    func columns(_ levelMask: UInt8) -> ColumnRequest { filter.columns(levelMask) }

    mutating func take(_ rows: LogRows, isSorted: Bool, isOpen: Bool, of group: StoreGroup) {
        var block = RowBlock(tail: rows)
        block.isSortedByTime = isSorted
        let source = sources.count
        guard isOpen else {
            var none: TopRanks<Int>?
            scan(block, group.name, source, rows, hits: &none)
            return sources.append(.rows(rows, group))
        }
        // Only what stays on the page is copied.
        var hits: TopRanks<Int>? = TopRanks(capacity: limit + 1)
        scan(block, group.name, source, rows, hits: &hits)
        guard let hits, !hits.heap.isEmpty else { return }
        var copies = LogRows()
        for (rank, row) in hits.sorted() {
            guard page.accepts(rank) else { break }
            copies.append(block, row: row)
            page.offer(rank, Place(source: source, row: copies.count - 1), bytes: rows.plainTextBytes(at: row))
        }
        sources.append(.rows(copies, group))
    }

    mutating func settleTail() {}

    mutating func take(_ block: RowBlock, of chunk: ChunkPlan.Candidate) {
        var none: TopRanks<Int>?
        scan(block, chunk.group.name, sources.count, nil, hits: &none)
        sources.append(.chunk(chunk.group, chunk.entry))
    }

    /// Goes through a block in the listing's order, part by part, as long as the page can take more.
    ///
    /// Places go to `hits`, where it is there, and otherwise onto the page, where those of a tail weigh what they hold.
    private mutating func scan(
        _ block: RowBlock,
        _ group: String?,
        _ source: Int,
        _ tail: LogRows?,
        hits: inout TopRanks<Int>?
    ) {
        var range = filter.range(of: block, below: page.bound)
        // The first rows are mostly enough; searching all of a chunk for a page of a few costs the most.
        var length = block.isSortedByTime ? max(256, limit + 1) : max(1, range.count)
        while !range.isEmpty {
            let part: Range<Int>
            switch filter.order {
            case .newestFirst:
                part = max(range.lowerBound, range.upperBound - length)..<range.upperBound
                range = range.lowerBound..<part.lowerBound
            case .oldestFirst:
                part = range.lowerBound..<min(range.upperBound, range.lowerBound + length)
                range = part.upperBound..<range.upperBound
            }
            for row in filter.rows(of: block, in: part, group: group, below: page.bound) {
                let rank = Rank(
                    timestamp: block.timestamps[Int(row)],
                    sequence: block.sequences[Int(row)],
                    order: filter.order
                )
                if let after = filter.after, rank <= after { continue }
                guard page.accepts(rank) else { continue }
                if hits != nil {
                    hits?.offer(rank, Int(row))
                } else {
                    let bytes = tail?.plainTextBytes(at: Int(row)) ?? 0
                    page.offer(rank, Place(source: source, row: Int(row)), bytes: bytes)
                }
            }
            if let bound = [page.bound, hits?.bound].compactMap({ $0 }).min() {
                range = range.clamped(to: filter.range(of: block, below: bound))
            }
            length *= 2
        }
    }
}

/// The payloads of the lowest ranks, bounded in number and in bytes.
struct RankedBudget<Payload> {
    private(set) var top: TopRanks<(payload: Payload, bytes: Int)>
    /// It was full of bytes before it was full of payloads: the listing ends there for now.
    private(set) var isCut = false
    private var bytes = 0
    private let bytesLimit: Int

    init(capacity: Int, bytes: Int) {
        top = TopRanks(capacity: capacity)
        bytesLimit = bytes
    }

    func accepts(_ rank: Rank) -> Bool { top.accepts(rank) }

    /// What a new rank must be below; nil: there is room.
    var bound: Rank? { top.bound }

    mutating func offer(_ rank: Rank, _ payload: Payload, bytes size: Int) {
        guard top.accepts(rank) else { return }
        if top.heap.count == top.capacity, let replaced = top.heap.first { bytes -= replaced.payload.bytes }
        top.offer(rank, (payload, size))
        bytes += size
        while bytes > bytesLimit, top.heap.count > 1, let dropped = top.removeHighest() {
            bytes -= dropped.bytes
            isCut = true
        }
    }

    /// In order of rank.
    func sorted() -> [(rank: Rank, payload: Payload)] { top.sorted().map { ($0.rank, $0.payload.payload) } }
}
