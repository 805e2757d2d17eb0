import Protocol

#if canImport(Glibc)
import Glibc
#endif

/// Gives the groups of one body numbers in order of appearance, without a String for each log.
///
/// An open-addressed table of hashes over an arena of names. Bounded by `HubLimits.logsPerBody` entries.
struct GroupTable {
    /// The names in order; nil is "no group".
    private(set) var names: [String?] = []
    private var arena: [UInt8] = []
    /// For each name its bytes in `arena`; the null group has none.
    private var ranges: [TextRange] = []
    /// Index + 1 of a name, or 0; the count is a power of two, at least twice the names.
    private var slots: [UInt32] = Array(repeating: 0, count: 64)
    private var nullIndex: UInt32?
    private var last: UInt32?

    /// The index of the null group.
    mutating func indexOfNull() -> UInt32 {
        if let nullIndex { return nullIndex }
        let index = UInt32(truncatingIfNeeded: names.count)
        names.append(nil)
        ranges.append(.none)
        nullIndex = index
        return index
    }

    /// The index of a group's name, which is checked when it is met first.
    /// - Parameters:
    ///   - name: UTF-8, not empty.
    ///   - isChecked: false on replay, where what was taken once is taken again.
    /// - Returns: its index in `names`.
    /// - Throws: what is wrong with the name.
    mutating func index(
        of name: UnsafeRawBufferPointer,
        isChecked: Bool
    ) throws(GroupName.Problem) -> UInt32 {
        if let last, matches(last, name) { return last }
        var slot = Int(truncatingIfNeeded: hash(of: name)) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = slots[slot] - 1
            if matches(index, name) {
                last = index
                return index
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        if isChecked { try GroupName.check(name) }
        let index = UInt32(truncatingIfNeeded: names.count)
        names.append(String(decoding: name, as: UTF8.self))
        ranges.append(
            TextRange(offset: UInt32(truncatingIfNeeded: arena.count), length: UInt32(truncatingIfNeeded: name.count))
        )
        arena.append(contentsOf: name)
        slots[slot] = index + 1
        last = index
        if names.count * 2 > slots.count { enlarge() }
        return index
    }

    private func matches(_ index: UInt32, _ name: UnsafeRawBufferPointer) -> Bool {
        let range = ranges[Int(index)]
        guard Int(range.length) == name.count, let base = name.baseAddress else { return false }
        return arena.withUnsafeBytes { bytes in
            guard let known = bytes.baseAddress else { return false }
            return memcmp(known + Int(range.offset), base, name.count) == 0
        }
    }

    private mutating func enlarge() {
        slots = Array(repeating: 0, count: slots.count * 4)
        for (index, range) in ranges.enumerated() where !range.isNone {
            let hash = arena.withUnsafeBytes { bytes in
                let start = Int(range.offset)
                return self.hash(of: UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(range.length)]))
            }
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(truncatingIfNeeded: index) + 1
        }
    }

    /// Each table has its own, so that nobody can send names that all fall into one slot.
    private let seed = UInt64.random(in: .min ... .max)

    /// Eight bytes at a time; seeded.
    @inline(__always)
    private func hash(of name: UnsafeRawBufferPointer) -> UInt64 { ChunkHash.hash(name, seed: seed) }
}
