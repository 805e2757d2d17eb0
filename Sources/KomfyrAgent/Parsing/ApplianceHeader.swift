import Protocol

/// Headers that firewalls and the like write instead of, or behind, that of RFC 3164; they stay in the text.
///
/// ```
///  date=2026-11-23 time=08:00:01 devname="FG1" … tz="+0100" … type="traffic" …       Fortinet
///  device="SFW" date=2026-11-23 time=08:00:01 timezone="CET" … log_type="Firewall"    Sophos
///  device_name="SFW" timestamp="2026-11-23T08:00:01+0100" … log_type="Event" …        Sophos, newer
///  id=firewall sn=… time="2026-11-23 08:00:01 UTC" fw=203.0.113.1 pri=6 …             SonicWall
///  1,2026/11/23 08:00:01,0123456789,TRAFFIC,end,…                                     Palo Alto
///  src="10.0.0.2:5353" … cat="Security Policy Control"                                Zyxel
///  Severity: Informational, Category: Audit, MessageID: USR0030, Message: …           Dell iDRAC
/// ```
///
/// The app is what the device calls the log's kind; host and time are the device's own.
extension SyslogParser {
    /// Reads such a header.
    /// - Returns: where the text begins, which is `position`; nil, and nothing changed, when it is none.
    mutating func parseApplianceHeader(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        into message: inout SyslogMessage
    ) -> Int? {
        switch view[position] {
        case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "l"), UInt8(ascii: "t"):
            return parsePairs(view, at: position, arrival: arrival, into: &message) ? position : nil
        case UInt8(ascii: "s"):
            return parseZyxel(view, at: position, into: &message) ? position : nil
        case UInt8(ascii: "S"):
            return parseDrac(view, at: position, into: &message) ? position : nil
        case let byte where byte.isDigit || byte == UInt8(ascii: ","):
            return parsePaloAlto(view, at: position, arrival: arrival, into: &message) ? position : nil
        default: return nil
        }
    }

    // MARK: Fortinet, Sophos, SonicWall

    private mutating func parsePairs(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        into message: inout SyslogMessage
    ) -> Bool {
        let isKnown =
            view.has("date=", at: position) || view.has("devname=", at: position) || view.has("device", at: position)
            || view.has("id=", at: position) || view.has("logver=", at: position) || view.has("devid=", at: position)
            || view.has("timestamp=", at: position)
        guard isKnown else { return false }
        var header = AppliancePairs(view, at: position)
        guard header.isKnown else { return false }
        // A time of the header before it is of a relay, or the same.
        if let time = header.readTime(&time, arrival: arrival) {
            message.time = time.field
            message.timestamp = time.nanoseconds
        }
        if !header.host.isEmpty, header.host.count <= ProtocolLimits.sourceBytes { message.host = header.host }
        if !header.kind.isEmpty, header.kind.count <= AgentLimits.headerFieldBytes { message.app = header.kind }
        return true
    }

    // MARK: Palo Alto

    private mutating func parsePaloAlto(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        into message: inout SyslogMessage
    ) -> Bool {
        var start = position
        while view[start].isDigit && start - position <= 2 { start += 1 }
        let end = start + 20
        guard view[start] == UInt8(ascii: ","), view[end] == UInt8(ascii: ","),
            let local = AppliancePairs.localSeconds(view, at: start + 1, clockAt: start + 12)
        else { return false }
        var serialEnd = end + 1
        while view[serialEnd].isAlphanumeric { serialEnd += 1 }
        let kind = serialEnd + 1
        var kindEnd = kind
        while view[kindEnd].isUpper || view[kindEnd] == UInt8(ascii: "-") || view[kindEnd] == UInt8(ascii: "_") {
            kindEnd += 1
        }
        guard view[serialEnd] == UInt8(ascii: ","), kindEnd > kind + 2, view[kindEnd] == UInt8(ascii: ",") else {
            return false
        }
        message.app = Field(start: kind, end: kindEnd)
        if message.timestamp == nil {
            let offset = time.offset(ofLocal: local, arrival: arrival)
            message.time = Field(start: start + 1, end: end)
            message.timestamp = (local - Int64(offset)) * 1_000_000_000
        }
        return true
    }

    // MARK: Zyxel, Dell

    private func parseZyxel(_ view: ByteView, at position: Int, into message: inout SyslogMessage) -> Bool {
        guard view.has("src=\"", at: position) else { return false }
        var next = position
        while let space = view.position(of: .space, from: next, to: view.count) {
            next = space + 1
            guard view.has("cat=\"", at: next),
                let end = view.position(of: UInt8(ascii: "\""), from: next + 5, to: min(view.count, next + 70))
            else { continue }
            message.app = Field(start: next + 5, end: end)
            return true
        }
        return false
    }

    private func parseDrac(_ view: ByteView, at position: Int, into message: inout SyslogMessage) -> Bool {
        guard view.has("Severity: ", at: position),
            let comma = view.position(of: UInt8(ascii: ","), from: position, to: position + 40),
            view.has(", Category: ", at: comma),
            let second = view.position(of: UInt8(ascii: ","), from: comma + 12, to: comma + 60)
        else { return false }
        message.app = Field(start: comma + 12, end: second)
        if view.has(", MessageID: ", at: second),
            let third = view.position(of: UInt8(ascii: ","), from: second + 13, to: second + 40)
        {
            message.messageID = Field(start: second + 13, end: third)
        }
        return true
    }
}

/// The first members of a header that is made of `key=value`.
private struct AppliancePairs {
    /// The device's name, or its address.
    private(set) var host = Field.none
    /// What the device calls this kind of log.
    private(set) var kind = Field.none
    private var date = Field.none
    private var clock = Field.none
    private var stamp = Field.none
    private var zone = Field.none
    private var firstIsID = false
    private let view: ByteView

    /// All that is looked for stands among so many.
    private static let pairs = 20

    /// Whether it is one of those devices': its own time alone does not make it one.
    var isKnown: Bool {
        if firstIsID { return !stamp.isEmpty || !host.isEmpty }
        return !date.isEmpty && !clock.isEmpty || !stamp.isEmpty && !kind.isEmpty || !host.isEmpty && !kind.isEmpty
    }

    init(_ view: ByteView, at position: Int) {
        self.view = view
        let text = Field(start: position, end: view.count)
        firstIsID = view.has("id=", at: position)
        var next = position
        var count = 0
        while count < Self.pairs, let pair = PayloadPairs.next(view, from: next, in: text) {
            next = pair.end
            count += 1
            switch pair.name.count {
            case 2:
                if view.has("tz", at: pair.name.start) { zone = pair.value }
                if view.has("fw", at: pair.name.start), firstIsID { host = pair.value }
            case 4:
                if view.has("date", at: pair.name.start) {
                    date = pair.value
                } else if view.has("type", at: pair.name.start) {
                    kind = pair.value
                } else if view.has("time", at: pair.name.start) {
                    if firstIsID { stamp = pair.value } else { clock = pair.value }
                }
            case 7: if view.has("devname", at: pair.name.start) { host = pair.value }
            case 8:
                if view.has("timezone", at: pair.name.start) { zone = pair.value }
                if view.has("log_type", at: pair.name.start) { kind = pair.value }
            case 9: if view.has("timestamp", at: pair.name.start) { stamp = pair.value }
            default: break
            }
            // The zone stands before the kind where there is one.
            if !date.isEmpty && !clock.isEmpty && !host.isEmpty && !kind.isEmpty { return }
        }
    }

    /// The time, and where it stands; nil when there is none that can be read.
    mutating func readTime(_ time: inout SyslogTime, arrival: Int64) -> (field: Field, nanoseconds: Int64)? {
        if !stamp.isEmpty {
            let part = ByteView(view[stamp])
            if let reading = time.read(part, at: 0, arrival: arrival) {
                // SonicWall: `2026-11-23 08:00:01 UTC`.
                let name = part.skippingBlanks(from: reading.end)
                var nanoseconds = reading.nanoseconds
                if name < part.count, let known = ZoneNames.read(part, at: name, of: time.zone)?.seconds {
                    guard let local = Self.localSeconds(part, at: 0, clockAt: 11) else { return nil }
                    nanoseconds = (local - Int64(known)) * 1_000_000_000
                }
                return (stamp, nanoseconds)
            }
            return nil
        }
        guard date.count == 10, clock.count >= 8,
            let local = Self.localSeconds(view, at: date.start, clockAt: clock.start)
        else { return nil }
        let offset = readOffset(time.zone) ?? time.offset(ofLocal: local, arrival: arrival)
        return (Field(start: date.start, end: max(date.end, clock.end)), (local - Int64(offset)) * 1_000_000_000)
    }

    /// Seconds of `yyyy-mm-dd` and `hh:mm:ss`, whatever stands between the parts of the date.
    static func localSeconds(_ view: ByteView, at date: Int, clockAt clock: Int) -> Int64? {
        guard let year = view.number(at: date, digits: 4), let month = view.number(at: date + 5, digits: 2),
            let day = view.number(at: date + 8, digits: 2), let clock = SyslogTime.readClock(view, at: clock)
        else { return nil }
        return SyslogTime.seconds(year: year, month: month, day: day, clock: clock)
    }

    /// `+0100`, `CET`, FortiWeb's `(GMT+1:00)Amsterdam`.
    private func readOffset(_ own: Zone) -> Int? {
        guard !zone.isEmpty else { return nil }
        let part = ByteView(view[zone])
        if let numeric = SyslogTime.readNumericZone(part, at: 0) { return numeric.seconds }
        if part.has("(GMT", at: 0) {
            guard part[4] == UInt8(ascii: "+") || part[4] == UInt8(ascii: "-") else { return 0 }
            let hasTwo = part[6].isDigit
            guard let hours = part.number(at: 5, digits: hasTwo ? 2 : 1), hours <= 14 else { return nil }
            let minutes = part.number(at: hasTwo ? 8 : 7, digits: 2) ?? 0
            let seconds = hours * 3_600 + minutes * 60
            return part[4] == UInt8(ascii: "-") ? -seconds : seconds
        }
        return ZoneNames.read(part, at: 0, of: own)?.seconds
    }
}
