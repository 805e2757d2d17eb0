import Synchronization

/// A group in memory: its tail and the index of its chunks, under one lock, so that a reader sees a new chunk and the
/// shortened tail in one step.
final class StoreGroup: Sendable {
    /// Part of every id and of the keys' names; 0 is the group of logs without one.
    let number: UInt32
    let name: String?
    let state = Mutex(GroupState())
    /// No log of the group is newer: readers of the newest logs need not look at groups whose turn does not come.
    ///
    /// It never falls, so it may say too much, never too little. It rises before a log is visible.
    let newest = Atomic<Int64>(.min)

    init(number: UInt32, name: String?) {
        self.number = number
        self.name = name
    }
}

/// What a group holds.
///
/// ```
///   chunks (in Redis, sorted within)   frozen (being sealed)   open (takes what is committed)
///   ───────── sealed up to mark ─────▶│──────────────────────▶│────────────────────────────▶  by sequence
/// ```
struct GroupState {
    /// Logs in order of sequence, the newest last.
    var open = LogRows()
    var openLevels = LevelCounts()
    /// Times of the open logs, for readers that want none of them.
    var openOldest = Int64.max
    var openNewest = Int64.min
    /// The open logs lie in order of time as well.
    var openIsSorted = true
    /// The words of the open logs, of all of them while words are searched for.
    var openWords = TailWords()
    /// When the first open log came, by the store's clock.
    var openedAt: Int64 = 0
    /// The part that is being sealed.
    var frozen: FrozenTail?
    /// Rising by newest log.
    var chunks: [ChunkEntry] = []
    /// Rises with every change of `chunks`.
    var chunksVersion = 0
    /// Chunks that cannot be read: whoever wants logs of their time gets a partial answer.
    var damaged: [ChunkEntry] = []
    /// A purge up to this sequence is under way: no seal may begin, since a chunk must not hold logs of both sides.
    var purgingUpTo: UInt64?
    /// This hub's marks.
    var marks = GroupMarks()
    /// A seal of which it is not known whether Redis has it.
    var doubtfulSeal: DoubtfulSeal?
    /// A merge that is under way, or of which it is not known whether Redis has it.
    var merge: DoubtfulMerge?
    /// Chunks that are no more: what is cached of them goes with the next sweep.
    var gone: [String] = []
    /// It stands in the list of groups that have a tail.
    var isListed = false
    /// It waits to be sealed.
    var isDue = false

    var hasTail: Bool { frozen != nil || open.count > 0 }

    /// The lowest sequence that is not in a chunk.
    var oldestUnsealed: UInt64? { frozen?.rows.sequences.first ?? open.sequences.first }

    var tailBytes: Int { (frozen?.rows.bytes ?? 0) + open.bytes }

    /// Adds what was appended to `open` from a row on to its summary.
    mutating func summarize(from row: Int, now: Int64) {
        if row == 0 {
            openedAt = now
            openIsSorted = true
        }
        for index in row..<open.count {
            let time = open.columns.timestamps[index]
            openLevels[Int(open.columns.levels[index])] += 1
            openOldest = min(openOldest, time)
            if time < openNewest { openIsSorted = false }
            openNewest = max(openNewest, time)
        }
    }

    /// Makes the open part the frozen one, if there is none.
    mutating func freeze() -> FrozenTail? {
        if frozen == nil && open.count > 0 {
            frozen = FrozenTail(
                rows: open,
                levels: openLevels,
                oldest: openOldest,
                newest: openNewest,
                isSorted: openIsSorted,
                words: openWords
            )
            let full = open
            clearOpen()
            // A tail that filled up will do so again; one that was merely old may have been the group's last.
            if full.count >= HubLimits.sealRecords / 2 { open = LogRows(roomFor: full) }
        }
        return frozen
    }

    private mutating func clearOpen() {
        open = LogRows()
        openLevels = LevelCounts()
        openOldest = .max
        openNewest = .min
        openIsSorted = true
        openWords = TailWords()
    }

    /// The frozen part is in these chunks now.
    ///
    /// - Returns: false when a purge has dropped it meanwhile, and its chunks in Redis with it.
    mutating func sealed(_ tail: FrozenTail, _ entries: [ChunkEntry], upTo sequence: UInt64) -> Bool {
        guard frozen === tail else { return false }
        frozen = nil
        doubtfulSeal = nil
        marks.sealed = sequence
        for entry in entries { insert(entry) }
        return true
    }

    /// All up to a sequence is purged in Redis; `sealedMark` is the other mark that Redis has.
    ///
    /// - Returns: the ids of the chunks that went, and the bytes of tails.
    mutating func purged(upTo sequence: UInt64, sealedMark: UInt64, now: Int64) -> (chunks: [String], bytes: Int) {
        let gone = (chunks + damaged).filter { $0.lastSequence <= sequence }.map(\.id)
        let before = tailBytes
        chunks.removeAll { $0.lastSequence <= sequence }
        damaged.removeAll { $0.lastSequence <= sequence }
        chunksVersion += 1
        marks.sealed = max(marks.sealed, sealedMark)
        marks.purged = max(marks.purged, sequence)
        // A later purge may wait for its turn.
        if let purging = purgingUpTo, purging <= sequence { purgingUpTo = nil }
        // What is frozen was frozen before the purge began, so it is all of it.
        if let last = frozen?.rows.sequences.last, last <= sequence {
            frozen = nil
            doubtfulSeal = nil
        }
        let kept = open.sequences.firstIndex { $0 > sequence } ?? open.count
        if kept > 0 {
            let old = open
            let opened = openedAt
            clearOpen()
            var shared = LogRows.SharedText()
            for row in kept..<old.count { open.append(old, row: row, shared: &shared) }
            summarize(from: 0, now: now)
            openedAt = opened
        }
        return (gone, before - tailBytes)
    }

    mutating func insert(_ entry: ChunkEntry) {
        // An answer of Redis may be overtaken by that to a purge.
        guard entry.lastSequence > marks.purged, !chunks.contains(where: { $0.id == entry.id }) else { return }
        let place = chunks.lastIndex { $0.newest <= entry.newest }.map { $0 + 1 } ?? 0
        chunks.insert(entry, at: place)
        chunksVersion += 1
    }
}

/// Up to which sequence a group is sealed and purged, both inclusive; 0: not at all.
struct GroupMarks: Sendable, Equatable {
    var sealed: UInt64 = 0
    var purged: UInt64 = 0

    /// Replay leaves out what lies at or below it.
    var done: UInt64 { max(sealed, purged) }
}

/// A tail that is being sealed; never changes.
final class FrozenTail: Sendable {
    let rows: LogRows
    let levels: LevelCounts
    let oldest: Int64
    let newest: Int64
    /// In order of time as well.
    let isSorted: Bool
    let words: TailWords

    init(
        rows: LogRows,
        levels: LevelCounts,
        oldest: Int64,
        newest: Int64,
        isSorted: Bool,
        words: TailWords
    ) {
        self.rows = rows
        self.levels = levels
        self.oldest = oldest
        self.newest = newest
        self.isSorted = isSorted
        self.words = words
    }
}

/// A seal that was sent and not answered: the marks tell later whether Redis has it.
struct DoubtfulSeal: Sendable {
    var entries: [ChunkEntry]
    var upTo: UInt64
}
