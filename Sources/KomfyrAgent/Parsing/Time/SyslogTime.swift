import Protocol

/// Reads the times that devices write before their messages.
///
/// ```
///  Oct 11 22:14:15            RFC 3164; also `Oct  1`, `Oct 01`, a fraction after `.` or `,`
///  Oct 11 2026 22:14:15       Cisco with `year`, ASA          Sat Oct 11 22:14:15 2026   ctime
///  2026 Oct 11 22:14:15       NX-OS                           2026:10:11-22:14:15        Sophos UTM
///  2026-10-11T22:14:15.003Z   RFC 3339; also a blank for `T`, `/` for `-`, no zone, `+0200`, `+02`
/// ```
///
/// Month names may be followed by a zone (`UTC`, `CEST`, `+02:00`; see `ZoneNames`). A time without a zone is in the
/// input's: see `Zone` for the hours that clocks skip or repeat. A time without a year takes the year that lies nearest
/// to the arrival and has such a day.
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
        /// Whether the year stood before a month's name, as NX-OS alone has it.
        var isYearFirst = false
    }

    /// Of times that name none.
    let zone: Zone

    private var lastNamed = NamedMemory()
    private var lastISO = ISOMemory()
    private var steady = SteadyOffset()

    /// A reader of times that are in `zone` when they name none.
    init(zone: Zone) { self.zone = zone }

    /// The time that begins at `position`, if one does; `arrival` is in nanoseconds since 1970.
    mutating func read(_ view: ByteView, at position: Int, arrival: Int64) -> Reading? {
        let first = view[position]
        if first.isLetter { return readNamed(view, at: position, arrival: arrival) }
        guard first.isDigit, let year = view.number(at: position, digits: 4) else { return nil }
        let separator = view[position + 4]
        if separator == .space {
            guard year >= 1970, var reading = readMonthFirst(view, at: position + 5, year: year, arrival: arrival)
            else { return nil }
            reading.isYearFirst = true
            return reading
        }
        if separator == .colon { return readUTM(view, at: position, year: year, arrival: arrival) }
        return readISO(view, at: position, arrival: arrival)
    }

    /// Where the offset is the same for half a day around a time that was resolved.
    private struct SteadyOffset {
        var from: Int64 = .max
        var until: Int64 = .min
        var offset = 0
    }

    /// The zone's offset for a local time, both in seconds.
    mutating func offset(ofLocal local: Int64, arrival: Int64) -> Int {
        if local >= steady.from && local < steady.until { return steady.offset }
        let resolution = zone.resolve(local: local, near: arrival / 1_000_000_000)
        if resolution.isSteady {
            steady = SteadyOffset(from: local - 43_200, until: local + 43_200, offset: resolution.offset)
        }
        return resolution.offset
    }

    private static func reading(_ seconds: Int64, _ fraction: Int64, end: Int, isISO: Bool) -> Reading? {
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return nil }
        let (sum, carry) = whole.addingReportingOverflow(fraction)
        return carry ? nil : Reading(end: end, nanoseconds: sum, isISO: isISO)
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

    private mutating func readISO(_ view: ByteView, at position: Int, arrival: Int64) -> Reading? {
        guard let seconds = readISOSeconds(view, at: position) else { return nil }
        var end = position + 19
        let fraction = Self.readFraction(view, &end)
        let offset: Int
        let sign = view[end]
        if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") {
            offset = 0
            end += 1
        } else if let (seconds, next) = Self.readNumericZone(view, at: end) {
            offset = seconds
            end = next
        } else {
            offset = self.offset(ofLocal: seconds, arrival: arrival)
        }
        // `2026-10-11T22:14:15x` is something else.
        guard Self.isEnd(view, at: end) || view[end] == UInt8(ascii: ",") else { return nil }
        return Self.reading(seconds - Int64(offset), fraction, end: end, isISO: true)
    }

    /// Whether a time may end here.
    private static func isEnd(_ view: ByteView, at position: Int) -> Bool {
        let next = view[position]
        return position >= view.count || next == .space || next == .colon || next < 0x20
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
            let clock = readClock(view, at: position + 11)
        else { return nil }
        return seconds(year: year, month: month, day: day, clock: clock)
    }

    /// `2026:10:11-22:14:15`, in the zone's time.
    private mutating func readUTM(_ view: ByteView, at position: Int, year: Int, arrival: Int64) -> Reading? {
        guard view[position + 7] == .colon, view[position + 10] == UInt8(ascii: "-"),
            let month = view.number(at: position + 5, digits: 2), let day = view.number(at: position + 8, digits: 2),
            let clock = Self.readClock(view, at: position + 11), Self.isEnd(view, at: position + 19),
            let seconds = Self.seconds(year: year, month: month, day: day, clock: clock)
        else { return nil }
        let offset = offset(ofLocal: seconds, arrival: arrival)
        return Self.reading(seconds - Int64(offset), 0, end: position + 19, isISO: false)
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

    private mutating func readNamed(_ view: ByteView, at position: Int, arrival: Int64) -> Reading? {
        if let reading = readMonthFirst(view, at: position, year: nil, arrival: arrival) { return reading }
        // A weekday before the month, as ctime has it.
        guard view[position].isUpper, view[position + 1].isLower, view[position + 2].isLower else { return nil }
        var next = position + 3
        if view[next] == UInt8(ascii: ",") { next += 1 }
        guard view[next] == .space else { return nil }
        return readMonthFirst(view, at: view.skippingBlanks(from: next), year: nil, arrival: arrival)
    }

    private mutating func readMonthFirst(
        _ view: ByteView,
        at position: Int,
        year: Int?,
        arrival: Int64
    ) -> Reading? {
        if year == nil, let first = view.word(at: position), let last = view.word(at: position + 7) {
            let isRepeated =
                first == lastNamed.first && last == lastNamed.last && view[position + 15] == .space
                && !view[position + 16].isDigit
            if isRepeated && (arrival &- lastNamed.arrival).magnitude < 3_600_000_000_000 {
                return finish(view, at: position + 15, local: lastNamed.seconds, arrival: arrival)
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
            // A year behind the clock or its fraction; `10.0.0.1` and `2026-…` are something else.
            var end = next
            let fraction = Self.readFraction(view, &end)
            let number = view[end] == .space ? view.number(at: end + 1, digits: 4) : nil
            let behind = view[end + 5]
            if let number, number >= 1970, number <= 2100,
                behind == .space || behind == .colon || end + 5 >= view.count
            {
                guard let seconds = Self.seconds(year: number, month: month, day: day, clock: clock) else { return nil }
                return finish(view, at: end + 5, local: seconds, fraction: fraction, arrival: arrival)
            }
        }
        if let year {
            guard let seconds = Self.seconds(year: year, month: month, day: day, clock: clock) else { return nil }
            return finish(view, at: next, local: seconds, arrival: arrival)
        }
        let local = arrival / 1_000_000_000 + Int64(zone.offset(at: arrival / 1_000_000_000))
        guard let seconds = Self.nearest(month: month, day: day, clock: clock, to: local) else { return nil }
        if clockStart == position + 7, let first = view.word(at: position), let last = view.word(at: position + 7) {
            lastNamed = NamedMemory(first: first, last: last, arrival: arrival, seconds: seconds)
        }
        return finish(view, at: next, local: seconds, arrival: arrival)
    }

    /// What may stand behind the clock: a fraction, then a zone.
    private mutating func finish(
        _ view: ByteView,
        at position: Int,
        local: Int64,
        fraction known: Int64 = 0,
        arrival: Int64
    ) -> Reading? {
        var end = position
        // Most messages: a blank and then the host.
        if view[end] == .space && !Self.isZoneStart(view[end + 1]) {
            let offset = offset(ofLocal: local, arrival: arrival)
            return Self.reading(local - Int64(offset), known, end: end, isISO: false)
        }
        let fraction = max(known, Self.readFraction(view, &end))
        var named: Int?
        if let (seconds, next) = Self.readNumericZone(view, at: view[end] == .space ? end + 1 : end) {
            named = seconds
            end = next
        } else if view[end] == .space, let (seconds, next) = ZoneNames.read(view, at: end + 1, of: zone) {
            named = seconds
            end = next
        }
        guard Self.isEnd(view, at: end) else { return nil }
        let offset = named ?? offset(ofLocal: local, arrival: arrival)
        return Self.reading(local - Int64(offset), fraction, end: end, isISO: false)
    }

    private static func isZoneStart(_ byte: UInt8) -> Bool {
        byte.isUpper || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }

    /// The second of the year whose date lies nearest to `arrival`, both in seconds of the device's zone.
    private static func nearest(month: Int, day: Int, clock: Int, to arrival: Int64) -> Int64? {
        // Floored, so that the years before 1970 are right as well.
        let day0 = arrival >= 0 ? arrival / 86_400 : (arrival - 86_399) / 86_400
        let year = Timestamp.date(days: Int(day0)).year
        // February 29 may be eight years away (1896 to 1904, 2096 to 2104).
        let reach = month == 2 && day == 29 ? 8 : 1
        var best: Int64?
        for candidate in (year - reach)...(year + reach) {
            guard let seconds = seconds(year: candidate, month: month, day: day, clock: clock) else { continue }
            if best.map({ abs(seconds - arrival) < abs($0 - arrival) }) ?? true { best = seconds }
        }
        return best
    }
}

// MARK: - Parts

extension SyslogTime {
    /// Seconds since midnight of `hh:mm:ss`; a leap second is the one before it.
    static func readClock(_ view: ByteView, at position: Int) -> Int? {
        guard view[position + 2] == .colon, view[position + 5] == .colon,
            let hour = view.number(at: position, digits: 2), let minute = view.number(at: position + 3, digits: 2),
            let second = view.number(at: position + 6, digits: 2), hour <= 23, minute <= 59, second <= 60
        else { return nil }
        return hour * 3_600 + minute * 60 + min(second, 59)
    }

    /// The nanoseconds of `.123` or `,123`; digits beyond the ninth are passed over.
    static func readFraction(_ view: ByteView, _ position: inout Int) -> Int64 {
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
    static func readNumericZone(_ view: ByteView, at position: Int) -> (seconds: Int, end: Int)? {
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

    static func readShortNumber(_ view: ByteView, _ position: inout Int) -> Int? {
        guard view[position].isDigit else { return nil }
        var value = Int(view[position] - .zero)
        position += 1
        if view[position].isDigit {
            value = value * 10 + Int(view[position] - .zero)
            position += 1
        }
        return value
    }

    static func month(_ view: ByteView, at position: Int) -> Int? {
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

    /// Seconds since 1970 of a date as if the clock showed UTC; nil when there is no such day.
    static func seconds(year: Int, month: Int, day: Int, clock: Int) -> Int64? {
        guard (1_678...2_261).contains(year), (1...12).contains(month), day >= 1,
            day <= Timestamp.daysInMonth(year: year, month: month)
        else { return nil }
        return Int64(Timestamp.days(year: year, month: month, day: day)) * 86_400 + Int64(clock)
    }
}
