/// What Cisco's systems write before their text.
///
/// ```
///  29: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: …        IOS: sequence; `*` unsure, `.` lost clock
///  29: router1: 000031: Mar  1 2026 18:48:50: %SYS-…        with origin-id, with sequence-numbers, with year
///  15: 3w2d: %LINK-3-UPDOWN: …                              time since the start
///  : 2013 Jul 19 16:22:26 UTC: %ETHPORT-5-IF_UP: …          NX-OS
///  :Oct 12 12:33:57 EST: %ASA-5-111010: …                   ASA
///  RP/0/RSP0/CPU0:Mar 10 12:00:00.123 : config[65756]: …    IOS XR
/// ```
extension SyslogParser {
    /// Reads such a header.
    ///
    /// The plain time at the front is not this function's: it is RFC 3164's.
    /// - Returns: where the content begins; nil, and nothing changed, when it is none.
    mutating func parseCiscoHeader(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        zoneOffset: Int,
        into message: inout SyslogMessage
    ) -> Int? {
        var next = position
        var header = CiscoHeader()
        for _ in 0..<6 {
            while view[next] == UInt8(ascii: "*") || view[next] == UInt8(ascii: ".") || view[next] == .colon {
                if view[next] != .colon { header.isMarked = true }
                next = view.skippingBlanks(from: next + 1)
            }
            if let reading = time.read(view, at: next, arrival: arrival, zoneOffset: zoneOffset) {
                let timeField = Field(start: next, end: reading.end)
                var content = view.skippingBlanks(from: reading.end)
                if view[content] == .colon { content = view.skippingBlanks(from: content + 1) }
                guard header.isCertain || Self.isMnemonic(view, at: content) else { return nil }
                message.timestamp = reading.nanoseconds
                message.time = timeField
                header.copy(to: &message)
                return content
            }
            if Self.isMnemonic(view, at: next) {
                header.copy(to: &message)
                return next
            }
            let token = Self.readColonToken(view, at: next)
            guard !token.isEmpty else { return nil }
            next = view.skippingBlanks(from: token.end + 1)
            header.take(token, of: view)
        }
        return nil
    }

    /// What stands before the next colon, if it is made of a host name's characters.
    private static func readColonToken(_ view: ByteView, at position: Int) -> Field {
        var end = position
        while end - position <= 64 {
            let byte = view[end]
            guard
                byte.isAlphanumeric || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "/")
            else { break }
            end += 1
        }
        // Time since the start as `00:00:46:`.
        if end == position + 2, view[end] == .colon, view.number(at: position, digits: 2) != nil,
            view.number(at: position + 3, digits: 2) != nil, view[position + 5] == .colon,
            view.number(at: position + 6, digits: 2) != nil, view[position + 8] == .colon
        {
            return Field(start: position, end: position + 8)
        }
        return view[end] == .colon ? Field(start: position, end: end) : .none
    }

    /// Whether `%FACILITY-SEVERITY-MNEMONIC` stands here.
    static func isMnemonic(_ view: ByteView, at position: Int) -> Bool {
        view[position] == UInt8(ascii: "%") && readMnemonic(view, at: position) != nil
    }

    /// Takes facility and mnemonic into `message`; false when there is none.
    func parseMnemonic(_ view: ByteView, at position: Int, into message: inout SyslogMessage) -> Bool {
        guard view[position] == UInt8(ascii: "%"), let found = Self.readMnemonic(view, at: position) else {
            return false
        }
        message.app = found.facility
        message.messageID = found.all
        message.severityOfText = found.severity
        return true
    }

    /// `%SYS-5-CONFIG_I`, `%ASA-6-302013`, `%MGBL-SYS-5-CONFIG_I`: upper case, a severity digit between two dashes.
    private static func readMnemonic(_ view: ByteView, at position: Int) -> (
        facility: Field, severity: Int, all: Field
    )? {
        var end = position + 1
        var facilityEnd = 0
        var severity = 0
        while end - position <= 96 {
            let byte = view[end]
            if byte == UInt8(ascii: "-"), facilityEnd == 0, end > position + 1, view[end + 1] <= UInt8(ascii: "7"),
                view[end + 1].isDigit, view[end + 2] == UInt8(ascii: "-")
            {
                facilityEnd = end
                severity = Int(view[end + 1] - .zero)
                end += 3
            } else if byte.isAlphanumeric || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "/")
            {
                end += 1
            } else {
                break
            }
        }
        guard facilityEnd > 0, end > facilityEnd + 3, view[position + 1].isUpper else { return nil }
        return (
            Field(start: position + 1, end: facilityEnd), severity, Field(start: position + 1, end: end)
        )
    }
}

/// What was read of a header so far.
private struct CiscoHeader {
    var sequence = Field.none
    var host = Field.none
    var device = Field.none
    var uptime = Field.none
    /// `*` or `.` stood before the time.
    var isMarked = false

    /// Whether this can be nothing but Cisco's: `app: 2026-10-11 …` is an application's text.
    var isCertain: Bool { isMarked || !sequence.isEmpty || !device.isEmpty }

    mutating func take(_ token: Field, of view: ByteView) {
        var digits = 0
        var hasSlash = false
        var isUptime = view[token.start].isDigit
        for index in token.start..<token.end {
            let byte = view[index]
            if byte.isDigit {
                digits += 1
            } else if byte == UInt8(ascii: "/") {
                hasSlash = true
                isUptime = false
            } else if byte != .colon && byte != UInt8(ascii: "y") && byte != UInt8(ascii: "w")
                && byte != UInt8(ascii: "d") && byte != UInt8(ascii: "h")
            {
                isUptime = false
            }
        }
        if digits == token.count {
            // The router's own number comes last.
            sequence = token
        } else if isUptime {
            uptime = token
        } else if hasSlash {
            device = token
        } else {
            host = token
        }
    }

    func copy(to message: inout SyslogMessage) {
        message.sequence = sequence
        if !host.isEmpty { message.host = host }
        message.device = device
        if !uptime.isEmpty { message.time = uptime }
    }
}
