import Synchronization

/// What the hub holds of one state of Redis: groups with tails and chunk indexes, and which WAL entries there are.
///
/// It is made by loading from Redis, then kept in step by the writer (commits) and the sealer. When Redis turns out to
/// be another or an older one it is not mended but replaced by a new one; readers that still hold it come to no harm.
final class StoreMemory: Sendable {
    let keys: StoreKeys
    /// Another for each: what was said of one memory is not valid of the next.
    let identity = UInt64.random(in: .min ... .max)
    /// Groups by name and number.
    let directory = Mutex(GroupDirectory())
    /// The next sequence number: all below it are visible to readers.
    let nextSequence: Atomic<UInt64>
    /// WAL entries in Redis.
    let ledger = Mutex(WALLedger())
    /// Bytes of all tails.
    let tailBytes = Atomic<Int>(0)
    /// When text was searched for last, by the store's clock in nanoseconds: tails know their words only for that.
    let searchedAt = Atomic<Int64>(0)
    /// Groups with a tail, and those of them to seal now.
    let tails = Mutex(TailList())

    init(hub: UInt8, nextSequence: UInt64) {
        keys = StoreKeys(hub: hub)
        self.nextSequence = Atomic(nextSequence)
    }

    /// The newest visible sequence; 0: none.
    var newestSequence: UInt64 { nextSequence.load(ordering: .acquiring) &- 1 }

    /// Appends a body's logs to their groups' tails.
    ///
    /// `groups` are those of the body's group names, nil where refused by name. With `leavesOutMarked`, as in replay,
    /// what the marks say is sealed or purged is left out. `policy` tells which tails are due afterwards.
    func append(
        _ body: DecodedBody,
        firstSequence: UInt64,
        arrival: Int64,
        groups: [StoreGroup?],
        leavesOutMarked: Bool,
        now: Int64,
        policy: StoreConfiguration.SealPolicy
    ) {
        if groups.count == 1, !leavesOutMarked {
            guard let group = groups[0] else { return }
            change(group, now: now, policy: policy) { rows, _ in
                rows.append(body, firstSequence: firstSequence, arrival: arrival)
            }
            return
        }
        let (order, starts) = Self.rowsByGroup(body.groups, count: groups.count)
        for (index, group) in groups.enumerated() {
            guard let group else { continue }
            var rows = order[starts[index]..<starts[index + 1]]
            change(group, now: now, policy: policy) { open, marks in
                if leavesOutMarked {
                    // Sequences rise with the rows.
                    rows = rows.drop { firstSequence + UInt64(body.positions[Int($0)]) <= marks.done }
                }
                if rows.isEmpty { return }
                open.append(body, rows: rows, firstSequence: firstSequence, arrival: arrival)
            }
        }
    }

    /// Appends rows of a group, as a WAL entry holds them that was written from memory.
    func append(_ rows: LogRows, to group: StoreGroup, now: Int64, policy: StoreConfiguration.SealPolicy) {
        change(group, now: now, policy: policy) { open, marks in
            var shared = LogRows.SharedText()
            for row in 0..<rows.count where rows.sequences[row] > marks.done {
                open.append(rows, row: row, shared: &shared)
            }
        }
    }

    private func change(
        _ group: StoreGroup,
        now: Int64,
        policy: StoreConfiguration.SealPolicy,
        _ append: (inout LogRows, GroupMarks) -> Void
    ) {
        let (grown, isNew, isDue) = group.state.withLock { state -> (Int, Bool, Bool) in
            let before = state.open.bytes
            let row = state.open.count
            append(&state.open, state.marks)
            if state.open.count == row { return (0, false, false) }
            state.summarize(from: row, now: now)
            if now - searchedAt.load(ordering: .relaxed) < HubLimits.tailWordsKept { state.openWords.add(state.open) }
            group.newest.max(state.openNewest, ordering: .relaxed)
            let isNew = !state.isListed
            state.isListed = true
            let isFull = state.open.count >= policy.records || state.open.columns.text.count >= policy.textBytes
            let isDue = isFull && !state.isDue
            if isDue { state.isDue = true }
            return (state.open.bytes - before, isNew, isDue)
        }
        tailBytes.add(grown, ordering: .relaxed)
        if isNew || isDue {
            tails.withLock { tails in
                if isNew { tails.groups.append(group) }
                if isDue { tails.due.append(group) }
            }
        }
    }

    /// The rows of all groups, in order within each; those of group n begin at the n-th start.
    private static func rowsByGroup(_ groups: [UInt32], count: Int) -> (order: [UInt32], starts: [Int]) {
        var starts = [Int](repeating: 0, count: count + 1)
        for group in groups { starts[Int(group) + 1] += 1 }
        for index in 0..<count { starts[index + 1] += starts[index] }
        var next = starts
        let order = [UInt32](unsafeUninitializedCapacity: groups.count) { order, filled in
            for (row, group) in groups.enumerated() {
                order.initializeElement(at: next[Int(group)], to: UInt32(truncatingIfNeeded: row))
                next[Int(group)] += 1
            }
            filled = groups.count
        }
        return (order, starts)
    }
}

/// Groups that have a tail.
struct TailList {
    /// All of them; the sealer takes out those that have none any more.
    var groups: [StoreGroup] = []
    /// Those that are full.
    var due: [StoreGroup] = []
}

/// The WAL entries in Redis, oldest first: what there is to trim.
struct WALLedger {
    struct Entry {
        var id: String
        var firstSequence: UInt64
        /// One beyond the last.
        var endSequence: UInt64
        var bytes: Int
    }

    private(set) var entries: [Entry] = []
    /// Entries before it are trimmed; they are cut off the array now and then.
    private var start = 0
    private(set) var bytes = 0

    var count: Int { entries.count - start }

    /// The lowest sequence that is still in the WAL.
    var oldestSequence: UInt64? { count > 0 ? entries[start].firstSequence : nil }

    /// How many entries begin with a sequence: the part number of the next.
    func parts(from sequence: UInt64) -> Int {
        entries[start...].reversed().prefix { $0.firstSequence >= sequence }.count { $0.firstSequence == sequence }
    }

    mutating func append(_ entry: Entry) {
        entries.append(entry)
        bytes += entry.bytes
    }

    /// How many entries hold nothing from `sequence` on.
    func trimmable(below sequence: UInt64) -> Int {
        var count = 0
        while start + count < entries.count, entries[start + count].endSequence <= sequence { count += 1 }
        return count
    }

    /// The id of the first entry that stays when `count` go; nil: none stays.
    func firstKept(after count: Int) -> String? {
        start + count < entries.count ? entries[start + count].id : nil
    }

    mutating func dropFirst(_ count: Int) {
        for index in start..<start + count { bytes -= entries[index].bytes }
        start += count
        if start > 1_024 && start * 2 > entries.count {
            entries.removeFirst(start)
            start = 0
        }
    }
}
