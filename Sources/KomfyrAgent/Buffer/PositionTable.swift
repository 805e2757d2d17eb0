/// The newest known position of each file, bounded.
///
/// A file is known by input, device and inode: the fingerprint grows with a short file, and one inode is one file at
/// a time, so the newest position of it is the only one of use.
struct PositionTable: Sendable {
    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0
    private let capacity: Int

    private struct Key: Hashable {
        var input: String
        var device: UInt64
        var inode: UInt64
    }

    private struct Entry {
        var position: FilePosition
        var advancedAt: UInt64
    }

    init(capacity: Int = AgentLimits.positions) {
        self.capacity = capacity
    }

    var count: Int { entries.count }

    /// All of them, those advanced longest ago first: the order keeps its meaning in a segment's header.
    var positions: [FilePosition] {
        entries.values.sorted { $0.advancedAt < $1.advancedAt }.map(\.position)
    }

    /// Notes positions, the latest of a file last.
    mutating func advance(_ positions: some Sequence<FilePosition>) {
        for position in positions {
            clock += 1
            let key = Key(input: position.input, device: position.device, inode: position.inode)
            entries[key] = Entry(position: position, advancedAt: clock)
        }
        if entries.count > capacity { forgetOldest() }
    }

    /// Forgets an eighth more than it has to, so that a full table is not sorted for every new file.
    private mutating func forgetOldest() {
        let surplus = entries.count - capacity + capacity / 8
        let oldest = entries.sorted { $0.value.advancedAt < $1.value.advancedAt }.prefix(surplus)
        for (key, _) in oldest { entries[key] = nil }
    }
}
