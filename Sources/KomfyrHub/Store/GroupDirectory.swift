import Protocol

/// The groups by name and by number, and which numbers are free.
struct GroupDirectory {
    private var byName: [ByteText: StoreGroup] = [:]
    private var byNumber: [UInt32: StoreGroup] = [:]
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

    /// The groups that a query means: any of `patterns` (none: all), and within `bound`.
    func matching(_ patterns: [GroupPattern], bound: GroupPattern?) -> [StoreGroup] {
        if !patterns.isEmpty, let exact = Self.exactNames(patterns) {
            return exact.compactMap { byName[$0] }.filter { bound?.matches($0.name) ?? true }
        }
        return all.filter { group in
            (patterns.isEmpty || patterns.contains { $0.matches(group.name) }) && bound?.matches(group.name) ?? true
        }
    }

    mutating func insert(_ group: StoreGroup) {
        guard let name = group.name else { return }
        byName[ByteText(name)] = group
        byNumber[group.number] = group
        highestNumber = max(highestNumber, group.number)
    }

    mutating func remove(_ group: StoreGroup) {
        guard let name = group.name else { return }
        byName[ByteText(name)] = nil
        byNumber[group.number] = nil
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

    /// The names, each once, if all patterns are exact.
    private static func exactNames(_ patterns: [GroupPattern]) -> Set<ByteText>? {
        var names: Set<ByteText> = []
        for pattern in patterns {
            guard case .exact(let name) = pattern else { return nil }
            names.insert(ByteText(name))
        }
        return names
    }
}
