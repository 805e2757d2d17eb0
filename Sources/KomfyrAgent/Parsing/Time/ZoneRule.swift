import Protocol

/// When a zone's summer begins and ends in every year: the TZ string of POSIX, as RFC 8536 §3.3 has it in its footer.
///
/// ```
///  CET-1CEST,M3.5.0,M10.5.0/3      standard time and its offset (west!), summer time, begin, end
///                │ │ │      │      Mm.w.d: day d (0 is Sunday) of week w (5 is the last) of month m
///                │ │ └ day  └ at   Jn: day n, February 29 never counted; n: day n from 0, counted
///                └ └ month, week   /time in hours, -167 to 167; 2 when it is left out
///  <+0330>-3:30                    a name that is no word
/// ```
struct ZoneRule: Sendable, Equatable {
    /// A day of every year and the time of it.
    struct Change: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            case week(month: Int, week: Int, weekday: Int)
            /// 1 to 365.
            case withoutLeapDay(Int)
            /// 0 to 365.
            case withLeapDay(Int)
        }

        var day: Day
        /// Seconds from the midnight that begins the day; may lie outside of it.
        var time: Int

        /// Seconds since 1970 of it in a year, as if the clock showed UTC.
        func seconds(in year: Int) -> Int64 {
            let first = Timestamp.days(year: year, month: 1, day: 1)
            let days: Int
            switch day {
            case .withLeapDay(let number): days = first + number
            case .withoutLeapDay(let number):
                let isLeap = Timestamp.daysInMonth(year: year, month: 2) == 29
                days = first + number - 1 + (isLeap && number >= 60 ? 1 : 0)
            case .week(let month, let week, let weekday):
                let start = Timestamp.days(year: year, month: month, day: 1)
                // 1970-01-01 was a Thursday.
                let firstWeekday = ((start + 4) % 7 + 7) % 7
                var day = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
                if day >= Timestamp.daysInMonth(year: year, month: month) { day -= 7 }
                days = start + day
            }
            return Int64(days) * 86_400 + Int64(time)
        }
    }

    /// What a zone with summer time has besides its standard time.
    struct Summer: Sendable, Equatable {
        var kind: Zone.Kind
        var begin: Change
        var end: Change
    }

    var standard: Zone.Kind
    var summer: Summer?

    /// Seconds east of Greenwich at a time in seconds since 1970.
    func offset(at time: Int64) -> Int {
        guard let summer else { return standard.offset }
        let local = time + Int64(standard.offset)
        let day = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        let year = Timestamp.date(days: Int(day)).year
        let begin = summer.begin.seconds(in: year) - Int64(standard.offset)
        let end = summer.end.seconds(in: year) - Int64(summer.kind.offset)
        // South of the equator summer spans the turn of the year.
        let isSummer = begin <= end ? time >= begin && time < end : time >= begin || time < end
        return isSummer ? summer.kind.offset : standard.offset
    }

    /// The offset of this name.
    func offset(named name: UnsafeRawBufferPointer) -> Int? {
        if standard.name.elementsEqual(name) { return standard.offset }
        if let summer, summer.kind.name.elementsEqual(name) { return summer.kind.offset }
        return nil
    }

    /// Reads a TZ string; nil when it is none.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ZoneRuleReader(view: ByteView(bytes))
        guard bytes.count <= AgentLimits.zoneRuleBytes, let name = reader.readName(), let west = reader.readTime()
        else { return nil }
        standard = Zone.Kind(offset: -west, name: name)
        guard !reader.isAtEnd else { return }
        guard let summerName = reader.readName() else { return nil }
        var offset = standard.offset + 3_600
        if !reader.isAtEnd && !reader.isAtComma {
            guard let west = reader.readTime() else { return nil }
            offset = -west
        }
        guard let begin = reader.readChange(), let end = reader.readChange(), reader.isAtEnd else { return nil }
        summer = Summer(kind: Zone.Kind(offset: offset, name: summerName), begin: begin, end: end)
    }
}

/// Walks over a TZ string.
private struct ZoneRuleReader {
    let view: ByteView
    private var position = 0

    init(view: ByteView) { self.view = view }

    var isAtEnd: Bool { position >= view.count }
    var isAtComma: Bool { view[position] == UInt8(ascii: ",") }

    /// Three letters or more, or anything between `<` and `>`.
    mutating func readName() -> [UInt8]? {
        let isQuoted = view[position] == UInt8(ascii: "<")
        if isQuoted { position += 1 }
        let start = position
        while position < view.count {
            let byte = view[position]
            let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            guard byte.isLetter || isQuoted && (byte.isDigit || isSign) else { break }
            position += 1
        }
        let name = Array(view[Field(start: start, end: position)])
        if isQuoted {
            guard view[position] == UInt8(ascii: ">") else { return nil }
            position += 1
        }
        return name.count >= 3 ? name : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func readTime() -> Int? {
        var sign = 1
        if view[position] == UInt8(ascii: "-") { sign = -1 }
        if view[position] == UInt8(ascii: "-") || view[position] == UInt8(ascii: "+") { position += 1 }
        guard let hours = readNumber(), hours <= 167 else { return nil }
        var seconds = hours * 3_600
        for unit in [60, 1] where view[position] == .colon {
            position += 1
            guard let number = readNumber(), number <= 59 else { return nil }
            seconds += number * unit
        }
        return sign * seconds
    }

    /// The comma, a day, and maybe a time.
    ///
    /// `,M3.5.0/2`
    mutating func readChange() -> ZoneRule.Change? {
        guard isAtComma else { return nil }
        position += 1
        let day: ZoneRule.Change.Day
        switch view[position] {
        case UInt8(ascii: "M"):
            position += 1
            guard let month = readNumber(), (1...12).contains(month), readDot(), let week = readNumber(),
                (1...5).contains(week), readDot(), let weekday = readNumber(), weekday <= 6
            else { return nil }
            day = .week(month: month, week: week, weekday: weekday)
        case UInt8(ascii: "J"):
            position += 1
            guard let number = readNumber(), (1...365).contains(number) else { return nil }
            day = .withoutLeapDay(number)
        default:
            guard let number = readNumber(), number <= 365 else { return nil }
            day = .withLeapDay(number)
        }
        guard view[position] == UInt8(ascii: "/") else { return ZoneRule.Change(day: day, time: 7_200) }
        position += 1
        guard let time = readTime() else { return nil }
        return ZoneRule.Change(day: day, time: time)
    }

    private mutating func readDot() -> Bool {
        guard view[position] == UInt8(ascii: ".") else { return false }
        position += 1
        return true
    }

    private mutating func readNumber() -> Int? {
        guard view[position].isDigit else { return nil }
        var value = 0
        while view[position].isDigit && value <= 1_000 {
            value = value * 10 + Int(view[position] - .zero)
            position += 1
        }
        return value
    }
}
