/// The chunks that a page may need, in the order in which it wants them, found one by one: a page of the newest logs
/// needs a few of a hundred thousand.
///
/// A heap of the groups by their next chunk; each group's index lies rising by newest log already.
struct ChunkPlan {
    /// A chunk that may hold rows of the page.
    struct Candidate {
        var group: StoreGroup
        var entry: ChunkEntry
        /// No row of it, nor of any that follows, is earlier in the listing.
        var first: Rank
    }

    /// What is left of a group.
    private struct Source {
        var group: StoreGroup
        var entries: [ChunkEntry]
        /// How many of `entries` are left; taken from the end.
        var left: Int
        var first: Rank
    }

    private let filter: RowFilter
    private var heap: [Source] = []

    init(_ filter: RowFilter) { self.filter = filter }

    /// Adds a group's index.
    mutating func add(_ entries: [ChunkEntry], of group: StoreGroup) {
        var entries = entries
        if filter.order == .oldestFirst {
            entries = entries.filter(filter.overlaps).sorted { $0.oldest > $1.oldest }
        }
        var source = Source(group: group, entries: entries, left: entries.count, first: .earliest)
        guard advance(&source) else { return }
        heap.append(source)
        var child = heap.count - 1
        while child > 0, heap[child].first < heap[(child - 1) / 2].first {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Where the next chunk begins; nil: there is none.
    var first: Rank? { heap.first?.first }

    /// Takes the next chunk.
    mutating func next() -> Candidate? {
        guard var source = heap.first else { return nil }
        source.left -= 1
        let candidate = Candidate(group: source.group, entry: source.entries[source.left], first: source.first)
        if advance(&source) {
            heap[0] = source
        } else {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
        }
        siftDown()
        return candidate
    }

    /// Passes over chunks that hold nothing wanted; false when none is left.
    private func advance(_ source: inout Source) -> Bool {
        while source.left > 0 {
            let entry = source.entries[source.left - 1]
            // What lies before it is older still.
            if filter.order == .newestFirst && entry.newest < filter.since { return false }
            if filter.overlaps(entry) {
                // By time alone: chunks of the same time lie in any order.
                source.first = Rank(edgeOf: entry, in: filter.order)
                return true
            }
            source.left -= 1
        }
        return false
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var lowest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].first < heap[lowest].first { lowest = child }
            }
            if lowest == parent { return }
            heap.swapAt(parent, lowest)
            parent = lowest
        }
    }
}
