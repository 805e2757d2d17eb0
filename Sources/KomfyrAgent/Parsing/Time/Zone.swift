/// A time zone: what its clocks are ahead of UTC, through the years.
///
/// For times that devices write without a zone. A clock that is set forward skips an hour, one that is set back shows
/// an hour twice:
///
/// ```
///  2026-03-29 in Oslo                         2026-10-25 in Oslo
///  01:59:59 +01:00 → 03:00:00 +02:00          02:59:59 +02:00 → 02:00:00 +01:00
///  02:30 never was: read with the offset      02:30 was twice: of the two the one that
///  before the gap, it is 03:30 +02:00         lies nearer to the message's arrival
/// ```
struct Zone: Sendable, Equatable {
    /// One of the local times that a zone has had.
    struct Kind: Sendable, Equatable {
        /// Seconds east of Greenwich.
        var offset: Int
        /// `CET`, `CEST`, `+03`.
        var name: [UInt8]
    }

    /// UTC.
    static let utc = Zone(offset: 0)

    /// The zone's local times; never empty.
    private let kinds: [Kind]
    /// When the local time changes, in seconds since 1970, ascending.
    private let changes: [Int64]
    /// Which kind begins with each of them.
    private let kindOfChange: [Int]
    /// Holds behind the last change.
    private let rule: ZoneRule?

    /// A zone without summer time, so many seconds east of Greenwich.
    init(offset: Int) {
        self.init(kinds: [Kind(offset: offset, name: [])], changes: [], kindOfChange: [], rule: nil)
    }

    /// A zone by a rule alone, as the environment variable TZ may hold it.
    init(rule: ZoneRule) {
        self.init(kinds: [rule.standard], changes: [], kindOfChange: [], rule: rule)
    }

    /// `kinds` is not empty, the other two are of one length, `changes` ascends, and `kindOfChange` points into
    /// `kinds`: see `ZoneFile`.
    init(kinds: [Kind], changes: [Int64], kindOfChange: [Int], rule: ZoneRule?) {
        self.kinds = kinds
        self.changes = changes
        self.kindOfChange = kindOfChange
        self.rule = rule
    }

    /// Seconds east of Greenwich at a time in seconds since 1970.
    func offset(at time: Int64) -> Int {
        guard let last = changes.last, time < last else {
            if let rule { return rule.offset(at: time) }
            return kindOfChange.last.map { kinds[$0].offset } ?? kinds[0].offset
        }
        // The first change behind `time`.
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= time { low = middle + 1 } else { high = middle }
        }
        // Before the first change the first kind holds (RFC 8536 §3.2).
        return low == 0 ? kinds[0].offset : kinds[kindOfChange[low - 1]].offset
    }

    /// What a local time was read as.
    struct Resolution: Equatable {
        /// Seconds east of Greenwich.
        var offset: Int
        /// Whether the offset is the same for a day around it.
        var isSteady: Bool
    }

    /// The offset that a local time had.
    /// - Parameters:
    ///   - local: seconds since 1970 as if the clock showed UTC.
    ///   - arrival: seconds since 1970; decides between two.
    /// - Returns: the offset, and whether it may be kept.
    func resolve(local: Int64, near arrival: Int64) -> Resolution {
        // No zone changes twice within two days; with a day on each side none is overlooked.
        let before = offset(at: local - 86_400)
        let after = offset(at: local + 86_400)
        if before == after { return Resolution(offset: before, isSteady: true) }
        let first = local - Int64(before)
        let second = local - Int64(after)
        let isFirst = offset(at: first) == before
        let isSecond = offset(at: second) == after
        let offset: Int
        switch (isFirst, isSecond) {
        case (true, true): offset = abs(first - arrival) <= abs(second - arrival) ? before : after
        case (false, true): offset = after
        // Also in the gap, where it is neither.
        case (true, false), (false, false): offset = before
        }
        return Resolution(offset: offset, isSteady: false)
    }

    /// The offset of the zone's own time of this name (`CET`); nil when it has none.
    ///
    /// Of several the one used last: names of long ago are rarely meant.
    func offset(named name: UnsafeRawBufferPointer) -> Int? {
        if let rule, let offset = rule.offset(named: name) { return offset }
        for index in kindOfChange.reversed() where kinds[index].name.elementsEqual(name) { return kinds[index].offset }
        return nil
    }
}
