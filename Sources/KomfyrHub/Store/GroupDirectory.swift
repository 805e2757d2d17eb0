import Protocol

#if canImport(Glibc)
import Glibc
#endif

/// The groups by name and by number, and which numbers are free.
struct GroupDirectory {
    private var byName: [ByteText: StoreGroup] = [:]
    private var byNumber: [UInt32: StoreGroup] = [:]
    /// By the bytes of their names, so that a tree is a range of it.
    ///
    /// Those in `unsorted` are still missing: they come in when somebody asks.
    private var sorted: [StoreGroup] = []
    private var unsorted: [StoreGroup] = []
    /// The group of logs without one: number 0, not in `kmf:groups`.
    let null = StoreGroup(number: 0, name: nil)
    /// The highest number ever given, as far as is known: numbers are used again only when all have been given, so that
    /// an old id does not soon name another group.
    private var highestNumber: UInt32 = 0

    /// Groups with a name.
    var count: Int { byName.count }

    /// All groups, the null group first.
    var all: [StoreGroup] { [null] + byName.values }

    func group(_ name: String?) -> StoreGroup? {
        guard let name else { return null }
        return byName[ByteText(name)]
    }

    func group(number: UInt32) -> StoreGroup? { number == 0 ? null : byNumber[number] }

    /// The groups that a query means, each once: any of `patterns` (none: all), and within `bound`.
    ///
    /// Those of one pattern come sorted by name, the null group first.
    mutating func matching(_ patterns: [GroupPattern], bound: GroupPattern?) -> [StoreGroup] {
        // The narrower of the two is looked up, the other one asked of what is found.
        guard !patterns.isEmpty, !patterns.contains(.all) else { return matching(bound ?? .all) }
        var found = matching(patterns[0])
        if patterns.count > 1 {
            var numbers = Set(found.map(\.number))
            for pattern in patterns.dropFirst() {
                for group in matching(pattern) where numbers.insert(group.number).inserted { found.append(group) }
            }
        }
        if let bound, bound != .all { found.removeAll { !bound.matches($0.name) } }
        return found
    }

    private mutating func matching(_ pattern: GroupPattern) -> [StoreGroup] {
        switch pattern {
        case .exact(let name): return byName[ByteText(name)].map { [$0] } ?? []
        case .all:
            sort()
            return [null] + sorted
        case .tree(let name):
            sort()
            // What begins with `name:` lies between it and `name;`, the next byte.
            let first = place(of: name + ":")
            let end = place(of: name + ";")
            return (byName[ByteText(name)].map { [$0] } ?? []) + sorted[first..<max(first, end)]
        }
    }

    mutating func insert(_ group: StoreGroup) {
        guard let name = group.name else { return }
        if let old = byName[ByteText(name)] { remove(old) }
        byName[ByteText(name)] = group
        byNumber[group.number] = group
        unsorted.append(group)
        highestNumber = max(highestNumber, group.number)
    }

    mutating func remove(_ group: StoreGroup) {
        guard let name = group.name else { return }
        byName[ByteText(name)] = nil
        byNumber[group.number] = nil
        if let index = unsorted.firstIndex(where: { $0 === group }) {
            unsorted.remove(at: index)
        } else {
            let index = place(of: name)
            if index < sorted.count, sorted[index] === group { sorted.remove(at: index) }
        }
    }

    /// Brings `sorted` in step.
    private mutating func sort() {
        if unsorted.isEmpty { return }
        defer { unsorted = [] }
        if unsorted.count <= 16 {
            for group in unsorted { sorted.insert(group, at: place(of: group.name ?? "")) }
            return
        }
        let added = unsorted.sorted { Self.isBefore($0.name ?? "", $1.name ?? "") }
        var merged: [StoreGroup] = []
        merged.reserveCapacity(sorted.count + added.count)
        var next = 0
        for group in sorted {
            while next < added.count, Self.isBefore(added[next].name ?? "", group.name ?? "") {
                merged.append(added[next])
                next += 1
            }
            merged.append(group)
        }
        merged += added[next...]
        sorted = merged
    }

    /// The first place in `sorted` whose name is not before this one.
    private func place(of name: String) -> Int {
        RowFilter.partition(0..<sorted.count) { Self.isBefore(sorted[$0].name ?? "", name) }
    }

    /// Compares byte by byte.
    private static func isBefore(_ left: String, _ right: String) -> Bool {
        let order = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right -> Bool in
                guard let first = left.baseAddress, let second = right.baseAddress else {
                    return left.count < right.count
                }
                let order = memcmp(first, second, min(left.count, right.count))
                return order < 0 || order == 0 && left.count < right.count
            }
        }
        if let order, let order { return order }
        return left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Numbers for new groups, none of them in use.
    /// - Returns: fewer than asked for when there are no more.
    func freeNumbers(_ wanted: Int) -> [UInt32] {
        var numbers: [UInt32] = []
        var next = highestNumber
        while numbers.count < wanted, next < HubLimits.groupNumber {
            next += 1
            numbers.append(next)
        }
        if numbers.count < wanted {
            for number in 1...HubLimits.groupNumber where byNumber[number] == nil && number <= highestNumber {
                if numbers.count == wanted { break }
                numbers.append(number)
            }
        }
        return numbers
    }
}
