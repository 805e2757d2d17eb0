/// The seen windows that memory holds: of the generations that sent lately.
///
/// Bounded; the others are read again.
struct SeenCache {
    /// What is known of a field.
    private struct Entry {
        /// nil: Redis has no such field.
        var window: SeenWindow?
        /// What the commit script will find there.
        var revision: [UInt8]
        var lastUse: UInt64
    }

    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    private let capacity: Int

    init(capacity: Int = HubLimits.seenCache) { self.capacity = capacity }

    /// The windows that are known to exist.
    var windows: [(field: String, window: SeenWindow)] {
        entries.compactMap { field, entry in entry.window.map { (field, $0) } }
    }

    func knows(_ field: String) -> Bool { entries[field] != nil }

    func window(_ field: String) -> SeenWindow? { entries[field]?.window }

    /// The revision that Redis holds of a field that is known; empty: there is none.
    func revision(_ field: String) -> [UInt8] { entries[field]?.revision ?? [] }

    mutating func set(_ field: String, _ window: SeenWindow?) {
        clock += 1
        entries[field] = Entry(window: window, revision: window?.revision ?? [], lastUse: clock)
    }

    /// Notes a field whose value cannot be read: it is written over.
    mutating func set(_ field: String, damaged value: [UInt8]) {
        clock += 1
        entries[field] = Entry(window: nil, revision: Array(value.prefix(SeenWindow.revisionBytes)), lastUse: clock)
    }

    mutating func forget(_ field: String) { entries[field] = nil }

    mutating func removeAll() { entries = [:] }

    /// Lets the longest unused go when there are too many; between commits, so that none goes that one needs.
    mutating func shrink() {
        guard entries.count > capacity else { return }
        // A quarter at a time, so that this is rare.
        let uses = entries.values.map(\.lastUse).sorted()
        let oldest = uses[entries.count - capacity + capacity / 4]
        entries = entries.filter { $0.value.lastUse >= oldest }
    }
}
