import Protocol

/// Reads the times that devices write before their messages.
///
/// ```
///  Oct 11 22:14:15            RFC 3164; also `Oct  1`, `Oct 01`, a fraction after `.` or `,`
///  Oct 11 2026 22:14:15       Cisco with `year`, ASA          Sat Oct 11 22:14:15 2026   ctime
///  2026 Oct 11 22:14:15       NX-OS
///  2026-10-11T22:14:15.003Z   RFC 3339; also a blank for `T`, `/` for `-`, no zone, `+0200`, `+02`
/// ```
///
/// All but RFC 3339 may be followed by a zone (`UTC`, `CEST`, `+02:00`). A time without a zone is in the zone that the
/// caller names; a time without a year takes the year that lies nearest to the arrival.
///
/// Keeps the last second of each form: most messages of a busy second repeat it.
struct SyslogTime {
    /// What was read.
    struct Reading: Equatable {
        /// The position behind the time and its zone.
        var end: Int
        /// Nanoseconds since 1970.
        var nanoseconds: Int64
        /// Whether it was written as RFC 3339 is.
        var isISO: Bool
    }

    private var lastNamed = NamedMemory()
    private var lastISO = ISOMemory()

    /// The time that begins at `position`, if one does.
    ///
    /// `arrival` is in nanoseconds since 1970; `zoneOffset`, in seconds east of Greenwich, is for times that name no
    /// zone.
    mutating func read(_ view: ByteView, at position: Int, arrival: Int64, zoneOffset: Int) -> Reading? {
        let first = view[position]
        if first.isLetter { return readNamed(view, at: position, arrival: arrival, zoneOffset: zoneOffset) }
        guard first.isDigit, let year = view.number(at: position, digits: 4) else { return nil }
        if view[position + 4] == .space {
            guard year >= 1970 else { return nil }
            return readMonthFirst(view, at: position + 5, year: year, arrival: arrival, zoneOffset: zoneOffset)
        }
        return readISO(view, at: position, zoneOffset: zoneOffset)
    }
}

// MARK: - RFC 3339

extension SyslogTime {
    /// The second of the last RFC 3339 time, by its first 19 bytes.
    private struct ISOMemory {
        var first: UInt64 = 0
        var middle: UInt64 = 0
        var last: UInt64 = 0
        var seconds: Int64 = 0
    }

    private mutating func readISO(_ view: ByteView, at position: Int, zoneOffset: Int) -> Reading? {
        guard let seconds = readISOSeconds(view, at: position) else { return nil }
        var end = position + 19
        let fraction = Self.readFraction(view, &end)
        var offset = zoneOffset
        let sign = view[end]
        if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") {
            offset = 0
            end += 1
        } else if let (seconds, next) = Self.readNumericZone(view, at: end) {
            offset = seconds
            end = next
        }
        // `2026-10-11T22:14:15x` is something else.
        let next = view[end]
        guard end >= view.count || next == .space || next == .colon || next == UInt8(ascii: ",") || next < 0x20 else {
            return nil
        }
        return Self.reading(seconds - Int64(offset), fraction, end: end, isISO: true)
    }

    private mutating func readISOSeconds(_ view: ByteView, at position: Int) -> Int64? {
        guard let first = view.word(at: position), let middle = view.word(at: position + 8),
            let last = view.word(at: position + 11)
        else {
            return Self.computeISOSeconds(view, at: position)
        }
        if first == lastISO.first && middle == lastISO.middle && last == lastISO.last { return lastISO.seconds }
        guard let seconds = Self.computeISOSeconds(view, at: position) else { return nil }
        lastISO = ISOMemory(first: first, middle: middle, last: last, seconds: seconds)
        return seconds
    }

    private static func computeISOSeconds(_ view: ByteView, at position: Int) -> Int64? {
        let separator = view[position + 4]
        guard separator == UInt8(ascii: "-") || separator == UInt8(ascii: "/"), view[position + 7] == separator,
            let year = view.number(at: position, digits: 4), let month = view.number(at: position + 5, digits: 2),
            let day = view.number(at: position + 8, digits: 2)
        else { return nil }
        let between = view[position + 10]
        guard between == UInt8(ascii: "T") || between == UInt8(ascii: "t") || between == .space,
            let clock = readClock(view, at: position + 11), (1_678...2_261).contains(year)
        else { return nil }
        return seconds(year: year, month: month, day: day, clock: clock)
    }
}

// MARK: - Month names

extension SyslogTime {
    /// The second of the last `Mmm dd hh:mm:ss`, by its 15 bytes, and what its year was chosen by.
    private struct NamedMemory {
        var first: UInt64 = 0
        var last: UInt64 = 0
        var arrival: Int64 = 0
        var seconds: Int64 = 0
    }

    private mutating func readNamed(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        zoneOffset: Int
    ) -> Reading? {
        if let reading = readMonthFirst(view, at: position, year: nil, arrival: arrival, zoneOffset: zoneOffset) {
            return reading
        }
        // A weekday before the month, as ctime has it.
        guard view[position].isUpper, view[position + 1].isLower, view[position + 2].isLower else { return nil }
        var next = position + 3
        if view[next] == UInt8(ascii: ",") { next += 1 }
        guard view[next] == .space else { return nil }
        return readMonthFirst(
            view,
            at: view.skippingBlanks(from: next),
            year: nil,
            arrival: arrival,
            zoneOffset: zoneOffset
        )
    }

    private mutating func readMonthFirst(
        _ view: ByteView,
        at position: Int,
        year: Int?,
        arrival: Int64,
        zoneOffset: Int
    ) -> Reading? {
        if year == nil, let first = view.word(at: position), let last = view.word(at: position + 7) {
            let isRepeated = first == lastNamed.first && last == lastNamed.last && !view[position + 16].isDigit
            if isRepeated && (arrival &- lastNamed.arrival).magnitude < 3_600_000_000_000 {
                return Self.finish(view, at: position + 15, local: lastNamed.seconds, zoneOffset: zoneOffset)
            }
        }
        guard let month = Self.month(view, at: position), view[position + 3] == .space else { return nil }
        var next = view.skippingBlanks(from: position + 3)
        guard let day = Self.readShortNumber(view, &next), view[next] == .space else { return nil }
        next = view.skippingBlanks(from: next)
        var year = year
        if year == nil, let number = view.number(at: next, digits: 4), view[next + 4] == .space, number >= 1970 {
            year = number
            next = view.skippingBlanks(from: next + 4)
        }
        guard let clock = Self.readClock(view, at: next), next - position <= 32 else { return nil }
        let clockStart = next
        next += 8
        if year == nil {
            // A year behind the clock; `10.0.0.1` and `2026-…` are something else.
            let number = view[next] == .space ? view.number(at: next + 1, digits: 4) : nil
            let behind = view[next + 5]
            if let number, number >= 1970, number <= 2100,
                behind == .space || behind == .colon || next + 5 >= view.count
            {
                guard let seconds = Self.seconds(year: number, month: month, day: day, clock: clock) else { return nil }
                return Self.finish(view, at: next + 5, local: seconds, zoneOffset: zoneOffset)
            }
        }
        if let year {
            guard year <= 2_261, let seconds = Self.seconds(year: year, month: month, day: day, clock: clock) else {
                return nil
            }
            return Self.finish(view, at: next, local: seconds, zoneOffset: zoneOffset)
        }
        guard
            let seconds = Self.nearest(
                month: month,
                day: day,
                clock: clock,
                to: arrival / 1_000_000_000 + Int64(zoneOffset)
            )
        else { return nil }
        if clockStart == position + 7, let first = view.word(at: position), let last = view.word(at: position + 7) {
            lastNamed = NamedMemory(first: first, last: last, arrival: arrival, seconds: seconds)
        }
        return Self.finish(view, at: next, local: seconds, zoneOffset: zoneOffset)
    }

    /// What may stand behind the clock: a fraction, then a zone.
    private static func finish(_ view: ByteView, at position: Int, local: Int64, zoneOffset: Int) -> Reading? {
        var end = position
        // Most messages: a blank and then the host.
        if view[end] == .space && !isZoneStart(view[end + 1]) {
            return reading(local - Int64(zoneOffset), 0, end: end, isISO: false)
        }
        let fraction = readFraction(view, &end)
        var offset = zoneOffset
        if let (seconds, next) = readNumericZone(view, at: view[end] == .space ? end + 1 : end) {
            offset = seconds
            end = next
        } else if view[end] == .space, let (seconds, next) = readNamedZone(view, at: end + 1) {
            offset = seconds ?? zoneOffset
            end = next
        }
        let behind = view[end]
        guard end >= view.count || behind == .space || behind == .colon || behind < 0x20 else { return nil }
        return reading(local - Int64(offset), fraction, end: end, isISO: false)
    }

    private static func isZoneStart(_ byte: UInt8) -> Bool {
        byte.isUpper || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }
}

// MARK: - Parts

extension SyslogTime {
    /// Seconds since midnight of `hh:mm:ss`; a leap second is the one before it.
    private static func readClock(_ view: ByteView, at position: Int) -> Int? {
        guard view[position + 2] == .colon, view[position + 5] == .colon,
            let hour = view.number(at: position, digits: 2), let minute = view.number(at: position + 3, digits: 2),
            let second = view.number(at: position + 6, digits: 2), hour <= 23, minute <= 59, second <= 60
        else { return nil }
        return hour * 3_600 + minute * 60 + min(second, 59)
    }

    /// The nanoseconds of `.123` or `,123`; digits beyond the ninth are passed over.
    private static func readFraction(_ view: ByteView, _ position: inout Int) -> Int64 {
        let mark = view[position]
        guard mark == UInt8(ascii: ".") || mark == UInt8(ascii: ","), view[position + 1].isDigit else { return 0 }
        position += 1
        var value: Int64 = 0
        var digits = 0
        while view[position].isDigit {
            if digits < 9 {
                value = value * 10 + Int64(view[position] - .zero)
                digits += 1
            }
            position += 1
        }
        while digits < 9 {
            value *= 10
            digits += 1
        }
        return value
    }

    /// `+02:00`, `+0200`, `+02`.
    private static func readNumericZone(_ view: ByteView, at position: Int) -> (seconds: Int, end: Int)? {
        let sign = view[position]
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            let hours = view.number(at: position + 1, digits: 2), hours <= 14
        else { return nil }
        var end = position + 3
        var minutes = 0
        let minutesStart = view[end] == .colon ? end + 1 : end
        if let number = view.number(at: minutesStart, digits: 2), number <= 59 {
            minutes = number
            end = minutesStart + 2
        }
        guard !view[end].isAlphanumeric else { return nil }
        let seconds = hours * 3_600 + minutes * 60
        return (sign == UInt8(ascii: "-") ? -seconds : seconds, end)
    }

    /// A zone's name.
    ///
    /// One that is unknown counts only before a colon, where no host can stand; its offset is nil.
    private static func readNamedZone(_ view: ByteView, at position: Int) -> (seconds: Int?, end: Int)? {
        var end = position
        while view[end].isUpper && end - position <= 5 { end += 1 }
        let length = end - position
        guard length >= 1, length <= 5 else { return nil }
        let behind = view[end]
        guard behind == .colon || behind == .space || end >= view.count else { return nil }
        for (name, hours) in zones where name.utf8CodeUnitCount == length && view.has(name, at: position) {
            return (hours * 3_600, end)
        }
        // `HOST:` may be a tag in upper case; a zone is followed by a colon and Cisco's mnemonic.
        guard behind == .colon, length >= 2, view[view.skippingBlanks(from: end + 1)] == UInt8(ascii: "%") else {
            return nil
        }
        return (nil, end)
    }

    /// Those whose letters mean one zone to most who write them, in hours east of Greenwich.
    private static let zones: [(StaticString, Int)] = [
        ("UTC", 0), ("GMT", 0), ("CET", 1), ("CEST", 2), ("Z", 0), ("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5),
        ("MST", -7), ("MDT", -6), ("PST", -8), ("PDT", -7), ("BST", 1), ("WET", 0), ("WEST", 1), ("EET", 2),
        ("EEST", 3), ("MSK", 3), ("JST", 9), ("AEST", 10), ("AEDT", 11),
    ]

    private static func readShortNumber(_ view: ByteView, _ position: inout Int) -> Int? {
        guard view[position].isDigit else { return nil }
        var value = Int(view[position] - .zero)
        position += 1
        if view[position].isDigit {
            value = value * 10 + Int(view[position] - .zero)
            position += 1
        }
        return value
    }

    private static func month(_ view: ByteView, at position: Int) -> Int? {
        let letters =
            UInt32(view[position] | 0x20) << 16 | UInt32(view[position + 1] | 0x20) << 8
            | UInt32(view[position + 2] | 0x20)
        switch letters {
        case 0x6A616E: return 1
        case 0x666562: return 2
        case 0x6D6172: return 3
        case 0x617072: return 4
        case 0x6D6179: return 5
        case 0x6A756E: return 6
        case 0x6A756C: return 7
        case 0x617567: return 8
        case 0x736570: return 9
        case 0x6F6374: return 10
        case 0x6E6F76: return 11
        case 0x646563: return 12
        default: return nil
        }
    }

    private static func seconds(year: Int, month: Int, day: Int, clock: Int) -> Int64? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        return Int64(Timestamp.days(year: year, month: month, day: day)) * 86_400 + Int64(clock)
    }

    /// The second of the year whose date lies nearest to `arrival`, both in seconds of the device's zone.
    private static func nearest(month: Int, day: Int, clock: Int, to arrival: Int64) -> Int64? {
        // Floored, so that the years before 1970 are right as well.
        let day0 = arrival >= 0 ? arrival / 86_400 : (arrival - 86_399) / 86_400
        let year = Timestamp.date(days: Int(day0)).year
        var best: Int64?
        for candidate in [year - 1, year, year + 1] {
            guard let seconds = seconds(year: candidate, month: month, day: day, clock: clock) else { return nil }
            if best.map({ abs(seconds - arrival) < abs($0 - arrival) }) ?? true { best = seconds }
        }
        return best
    }

    private static func reading(_ seconds: Int64, _ fraction: Int64, end: Int, isISO: Bool) -> Reading? {
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow, let sum = whole.addingIfRepresentable(fraction) else { return nil }
        return Reading(end: end, nanoseconds: sum, isISO: isISO)
    }
}

extension Int64 {
    fileprivate func addingIfRepresentable(_ other: Int64) -> Int64? {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? nil : sum
    }
}
