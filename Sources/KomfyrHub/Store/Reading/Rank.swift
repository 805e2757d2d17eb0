/// A place in a listing: what comes earlier has the lower rank.
///
/// Newest first is the order of inverted numbers, so that one comparison serves both orders; ties of time go by
/// sequence, which is the order of arrival.
struct Rank: Comparable, Sendable {
    var time: Int64
    var sequence: UInt64

    /// Before everything.
    static let earliest = Rank(timestamp: .min, sequence: 0, order: .oldestFirst)

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

    static func < (left: Rank, right: Rank) -> Bool { (left.time, left.sequence) < (right.time, right.sequence) }

    /// The log's own time and sequence, of a listing in this order.
    func place(in order: LogQuery.Order) -> (timestamp: Int64, sequence: UInt64) {
        order == .newestFirst ? (~time, ~sequence) : (time, sequence)
    }
}

/// Payloads by rank, the lowest on top: a binary heap.
struct RankHeap<Payload> {
    private var heap: [(rank: Rank, payload: Payload)] = []

    init() {}

    /// A heap of all these at once, in linear time.
    init(_ elements: [(rank: Rank, payload: Payload)]) {
        heap = elements
        for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(from: parent) }
    }

    var first: (rank: Rank, payload: Payload)? { heap.first }

    mutating func insert(_ rank: Rank, _ payload: Payload) {
        heap.append((rank, payload))
        var child = heap.count - 1
        while child > 0, heap[child].rank < heap[(child - 1) / 2].rank {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the lowest out.
    mutating func removeFirst() -> Payload? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(from: 0)
        }
        return first.payload
    }

    /// Changes the lowest, which gets another rank, or goes when there is none.
    mutating func updateFirst(_ body: (inout Payload) -> Rank?) {
        guard !heap.isEmpty else { return }
        if let rank = body(&heap[0].payload) {
            heap[0].rank = rank
            siftDown(from: 0)
        } else {
            _ = removeFirst()
        }
    }

    private mutating func siftDown(from start: Int) {
        var parent = start
        while true {
            var lowest = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < heap.count {
                if heap[child].rank < heap[lowest].rank { lowest = child }
            }
            if lowest == parent { return }
            heap.swapAt(parent, lowest)
            parent = lowest
        }
    }
}
