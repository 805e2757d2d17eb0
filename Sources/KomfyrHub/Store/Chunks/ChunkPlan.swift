import Synchronization

/// What a listing needs to look at, in the order in which it wants it, found one by one: a page of the newest logs
/// needs a few of a hundred thousand chunks, and few of the groups.
///
/// Two heaps: groups that were not looked at yet, by the newest log that they can hold, and the groups that were, by
/// their next chunk; each group's index lies rising by newest log already.
struct ChunkPlan {
    /// A chunk that may hold wanted rows.
    struct Candidate {
        var group: StoreGroup
        var entry: ChunkEntry
        /// No row of it, nor of any that follows, is earlier in the listing.
        var first: Rank
    }

    /// What comes next.
    enum Step {
        /// A group: its tail, and its index, which `add` takes.
        case group(StoreGroup)
        case chunk(Candidate)
    }

    /// What is left of a group's chunks.
    private struct Source {
        var group: StoreGroup
        var entries: [ChunkEntry]
        /// How many of `entries` are left; taken from the end.
        var left: Int
    }

    private let filter: RowFilter
    private var groups: RankHeap<StoreGroup>
    private var chunks = RankHeap<Source>()

    /// The plan of a query over these groups.
    init(_ filter: RowFilter, _ groups: [StoreGroup]) {
        self.filter = filter
        var elements: [(rank: Rank, payload: StoreGroup)] = []
        elements.reserveCapacity(groups.count)
        for group in groups {
            let newest = group.newest.load(ordering: .relaxed)
            if newest < filter.since { continue }
            // The oldest log of a group is not known before it is looked at.
            let rank =
                filter.order == .newestFirst
                ? Rank(timestamp: newest, sequence: .max, order: .newestFirst) : .earliest
            elements.append((rank, group))
        }
        self.groups = RankHeap(elements)
    }

    /// Where the next step begins; nil: there is none.
    var first: Rank? {
        guard let group = groups.first?.rank else { return chunks.first?.rank }
        guard let chunk = chunks.first?.rank else { return group }
        return min(group, chunk)
    }

    /// Takes the next step.
    mutating func next() -> Step? {
        if let group = groups.first?.rank, chunks.first.map({ group <= $0.rank }) ?? true {
            return groups.removeFirst().map { .group($0) }
        }
        guard let rank = chunks.first?.rank else { return nil }
        var candidate: Candidate?
        let filter = filter
        chunks.updateFirst { source in
            source.left -= 1
            candidate = Candidate(group: source.group, entry: source.entries[source.left], first: rank)
            return Self.next(of: &source, filter)
        }
        return candidate.map { .chunk($0) }
    }

    /// Adds a group's index.
    mutating func add(_ entries: [ChunkEntry], of group: StoreGroup) {
        var entries = entries
        if filter.order == .oldestFirst {
            entries = entries.filter(filter.overlaps).sorted { $0.oldest > $1.oldest }
        }
        var source = Source(group: group, entries: entries, left: entries.count)
        if let rank = Self.next(of: &source, filter) { chunks.insert(rank, source) }
    }

    /// Passes over chunks that hold nothing wanted.
    ///
    /// - Returns: where what is left begins; nil: nothing is left.
    private static func next(of source: inout Source, _ filter: RowFilter) -> Rank? {
        while source.left > 0 {
            let entry = source.entries[source.left - 1]
            // What lies before it is older still.
            if filter.order == .newestFirst && entry.newest < filter.since { return nil }
            // By time alone: chunks of the same time lie in any order.
            if filter.overlaps(entry) { return Rank(edgeOf: entry, in: filter.order) }
            source.left -= 1
        }
        return nil
    }
}
