import Protocol

/// Reads the times that programs write into their lines.
///
/// ```
///  2026-11-23T08:00:01.5Z   2026-11-23 08:00:01,123   2026/11/23 08:00:01      see SyslogTime, also for Nov 23 08:00:01
///  2026-11-23 08:00:01 UTC  2026-11-23 08:00:01 +0200                          PostgreSQL, Ruby
///  23/Nov/2026:08:00:01 +0100   23-Nov-2026 08:00:01.123   23 Nov 2026 08:00:01   web servers, BIND, Tomcat
///  1795420801   1795420801.123   1795420801123                                 since 1970: s, ms, µs, ns
/// ```
///
/// A time without a zone is in the input's. Keeps the last second of a web server's form: a busy one repeats it.
struct LineTime {
    private var times: SyslogTime
    private let zone: Zone
    private var last = Memory()

    /// A reader of times that are in `zone` when they name none.
    init(zone: Zone) {
        self.zone = zone
        times = SyslogTime(zone: zone)
    }

    /// `23/Nov/2026:08:00:01 +0100`, by its 26 bytes.
    private struct Memory {
        var first: UInt64 = 0
        var second: UInt64 = 0
        var third: UInt64 = 0
        var fourth: UInt64 = 0
        var nanoseconds: Int64 = 0
    }

    /// The time that a part of a line is, in nanoseconds since 1970; nil when it is none, or not all of it is.
    mutating func read(_ view: ByteView, _ field: Field, arrival: Int64) -> Int64? {
        guard field.count >= 9, field.count <= 64 else { return nil }
        let bytes = view[field]
        let text = ByteView(bytes)
        if let time = readDayFirst(text, arrival: arrival) { return time }
        if let reading = times.read(text, at: 0, arrival: arrival) {
            if reading.end >= text.count { return reading.nanoseconds }
            return readBehind(text, reading, arrival: arrival)
        }
        // Less than three years since 1970 is a counter of something else, such as the time since the start.
        guard let time = Timestamp.parseNumber(bytes), time >= 100_000_000 * 1_000_000_000 else { return nil }
        return time
    }

    /// A zone behind a blank, as `SyslogTime` takes it only behind names of months.
    private func readBehind(_ text: ByteView, _ reading: SyslogTime.Reading, arrival: Int64) -> Int64? {
        guard reading.isISO, text[reading.end] == .space, text[reading.end - 1].isDigit,
            let local = Timestamp.parse(text[Field(start: 0, end: reading.end)]),
            let offset = Self.readZone(text, at: reading.end + 1, of: zone), offset.end == text.count,
            // A zone that stands there already is not followed by a second one.
            text.position(of: UInt8(ascii: "+"), from: 11, to: reading.end) == nil,
            text.position(of: UInt8(ascii: "-"), from: 11, to: reading.end) == nil
        else { return nil }
        let (time, overflow) = local.subtractingReportingOverflow(Int64(offset.seconds) * 1_000_000_000)
        return overflow ? nil : time
    }

    private static func readZone(_ text: ByteView, at position: Int, of zone: Zone) -> (seconds: Int, end: Int)? {
        if let numeric = SyslogTime.readNumericZone(text, at: position) { return numeric }
        guard let named = ZoneNames.read(text, at: position, of: zone), let seconds = named.seconds else { return nil }
        return (seconds, named.end)
    }

    /// Day, month's name, year, clock, and maybe a fraction and a zone.
    private mutating func readDayFirst(_ text: ByteView, arrival: Int64) -> Int64? {
        let isWebServers = text.count == 26
        if isWebServers, text.word(at: 0) == last.first, text.word(at: 8) == last.second,
            text.word(at: 16) == last.third, text.word(at: 18) == last.fourth
        {
            return last.nanoseconds
        }
        guard let time = computeDayFirst(text, arrival: arrival) else { return nil }
        if isWebServers, let first = text.word(at: 0), let second = text.word(at: 8), let third = text.word(at: 16),
            let fourth = text.word(at: 18)
        {
            last = Memory(first: first, second: second, third: third, fourth: fourth, nanoseconds: time)
        }
        return time
    }

    private mutating func computeDayFirst(_ text: ByteView, arrival: Int64) -> Int64? {
        var position = 0
        guard let day = SyslogTime.readShortNumber(text, &position) else { return nil }
        let separator = text[position]
        guard separator == UInt8(ascii: "/") || separator == UInt8(ascii: "-") || separator == .space,
            let month = SyslogTime.month(text, at: position + 1), text[position + 4] == separator,
            let year = text.number(at: position + 5, digits: 4),
            text[position + 9] == .colon || text[position + 9] == .space,
            let clock = SyslogTime.readClock(text, at: position + 10),
            let local = SyslogTime.seconds(year: year, month: month, day: day, clock: clock)
        else { return nil }
        position += 18
        let fraction = SyslogTime.readFraction(text, &position)
        if text[position] == .space { position += 1 }
        var offset: Int
        if position == text.count {
            offset = times.offset(ofLocal: local, arrival: arrival)
        } else {
            guard let zone = Self.readZone(text, at: position, of: zone), zone.end == text.count else { return nil }
            offset = zone.seconds
        }
        return Timestamp.nanoseconds(seconds: local - Int64(offset), fraction: fraction)
    }
}
