import Synchronization

/// A group in memory: its tail and the index of its chunks, under one lock, so that a reader sees a new chunk and the
/// shortened tail in one step.
final class StoreGroup: Sendable {
    /// Part of every id and of the keys' names; 0 is the group of logs without one.
    let number: UInt32
    let name: String?
    let state = Mutex(GroupState())

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
    /// When the first open log came, by the store's clock.
    var openedAt: Int64 = 0
    /// The part that is being sealed.
    var frozen: FrozenTail?
    /// Rising by newest log.
    var chunks: [ChunkEntry] = []
    /// Rises with every change of `chunks`.
    var chunksVersion = 0
    /// This hub's marks.
    var marks = GroupMarks()
    /// A seal of which it is not known whether Redis has it.
    var doubtfulSeal: DoubtfulSeal?
    /// A merge that is under way, or of which it is not known whether Redis has it.
    var merge: DoubtfulMerge?
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
        if row == 0 { openedAt = now }
        for index in row..<open.count {
            openLevels[Int(open.columns.levels[index])] += 1
            openOldest = min(openOldest, open.columns.timestamps[index])
            openNewest = max(openNewest, open.columns.timestamps[index])
        }
    }

    /// Makes the open part the frozen one, if there is none.
    mutating func freeze() -> FrozenTail? {
        if frozen == nil && open.count > 0 {
            frozen = FrozenTail(rows: open, levels: openLevels, oldest: openOldest, newest: openNewest)
            open = LogRows()
            openLevels = LevelCounts()
            openOldest = .max
            openNewest = .min
        }
        return frozen
    }

    /// The frozen part is in these chunks now.
    mutating func sealed(_ entries: [ChunkEntry], upTo sequence: UInt64) {
        frozen = nil
        doubtfulSeal = nil
        marks.sealed = sequence
        for entry in entries { insert(entry) }
    }

    mutating func insert(_ entry: ChunkEntry) {
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

    init(rows: LogRows, levels: LevelCounts, oldest: Int64, newest: Int64) {
        self.rows = rows
        self.levels = levels
        self.oldest = oldest
        self.newest = newest
    }
}

/// A seal that was sent and not answered: the marks tell later whether Redis has it.
struct DoubtfulSeal: Sendable {
    var entries: [ChunkEntry]
    var upTo: UInt64
}
