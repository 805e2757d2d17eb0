/// The entries of the lowest ranks among those offered, at most `capacity`: a binary heap with the highest on top.
struct TopRanks<Payload> {
    private(set) var heap: [(rank: Rank, payload: Payload)] = []
    private(set) var capacity: Int

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// What a new entry must be below; nil: there is room.
    var bound: Rank? { heap.count < capacity ? nil : heap[0].rank }

    func accepts(_ rank: Rank) -> Bool { bound.map { rank < $0 } ?? true }

    mutating func offer(_ rank: Rank, _ payload: @autoclosure () -> Payload) {
        if heap.count < capacity {
            heap.append((rank, payload()))
            siftUp()
        } else if rank < heap[0].rank {
            heap[0] = (rank, payload())
            siftDown()
        }
    }

    /// Gives up the highest rank, and its place: from now on one entry less is kept.
    mutating func removeHighest() -> Payload? {
        guard let highest = heap.first else { return nil }
        capacity = max(1, heap.count - 1)
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        return highest.payload
    }

    /// In order of rank.
    func sorted() -> [(rank: Rank, payload: Payload)] { heap.sorted { $0.rank < $1.rank } }

    private mutating func siftUp() {
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[parent].rank < heap[child].rank else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var highest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[highest].rank < heap[child].rank { highest = child }
            }
            if highest == parent { return }
            heap.swapAt(parent, highest)
            parent = highest
        }
    }
}
