/// What Cisco's systems write before their text.
///
/// ```
///  29: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: …        IOS: sequence; `*` unsure, `.` lost clock
///  29: router1: 000031: Mar  1 2026 18:48:50: %SYS-…        with origin-id, with sequence-numbers, with year
///  15: 3w2d: %LINK-3-UPDOWN: …                              time since the start
///  : 2013 Jul 19 16:22:26 UTC: %ETHPORT-5-IF_UP: …          NX-OS
///  : 2013 Jul 19 16:22:26 UTC: %$ VDC-1 %$ %DAEMON-3-…: …   NX-OS with virtual devices
///  :Oct 12 12:33:57 EST: %ASA-5-111010: …                   ASA
///  RP/0/RSP0/CPU0:Mar 10 12:00:00.123 : config[65756]: …    IOS XR
///  WLC1: *spamApTask4: Mar 10 12:00:00.123: %CAPWAP-3-…: …  wireless controller: the task is the process
/// ```
extension SyslogParser {
    /// Where the text behind such a header begins.
    struct CiscoContent {
        var start: Int
        /// Whether no colon stood behind the time: a host may follow.
        var isBehindPlainTime = false
    }

    /// Reads such a header.
    ///
    /// The plain time at the front is not this function's: it is RFC 3164's.
    /// - Returns: where the content begins; nil, and nothing changed, when it is none.
    mutating func parseCiscoHeader(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        into message: inout SyslogMessage
    ) -> CiscoContent? {
        var next = position
        var header = CiscoHeader()
        for _ in 0..<6 {
            while view[next] == UInt8(ascii: "*") || view[next] == UInt8(ascii: ".") || view[next] == .colon {
                if view[next] != .colon { header.isMarked = true }
                next = view.skippingBlanks(from: next + 1)
            }
            if let reading = time.read(view, at: next, arrival: arrival) {
                let timeField = Field(start: next, end: reading.end)
                var content = view.skippingBlanks(from: reading.end)
                let hasColon = view[content] == .colon
                if hasColon { content = view.skippingBlanks(from: content + 1) }
                content = skippingVirtualDevice(view, at: content)
                guard header.isCertain || reading.isYearFirst && hasColon || Self.isMnemonic(view, at: content) else {
                    return nil
                }
                message.timestamp = reading.nanoseconds
                message.time = timeField
                header.copy(to: &message)
                return CiscoContent(start: content, isBehindPlainTime: !hasColon)
            }
            if Self.isMnemonic(view, at: next) {
                header.copy(to: &message)
                return CiscoContent(start: next)
            }
            let token = Self.readColonToken(view, at: next)
            guard !token.isEmpty else { return nil }
            next = view.skippingBlanks(from: token.end + 1)
            header.take(token, of: view)
        }
        return nil
    }

    /// Whether `origin: ` stands here, and what may follow it in such a header.
    static func isCiscoOrigin(_ view: ByteView, at position: Int) -> Bool {
        guard view[position].isLetter else { return false }
        let token = readColonToken(view, at: position)
        guard !token.isEmpty, view[token.end + 1] == .space else { return false }
        let first = view[view.skippingBlanks(from: token.end + 1)]
        return first.isDigit || first == UInt8(ascii: "*") || first == UInt8(ascii: ".")
    }

    /// Behind `%$ VDC-1 %$`, which NX-OS writes when it is divided.
    private func skippingVirtualDevice(_ view: ByteView, at position: Int) -> Int {
        guard view.has("%$ ", at: position) else { return position }
        let name = view.endOfToken(from: position + 3)
        return view.has(" %$ ", at: name) ? view.skippingBlanks(from: name + 4) : position
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
        guard view[end] == .colon, end > position else { return .none }
        // Time since the start as `00:00:46:`.
        if end == position + 2, view.number(at: position, digits: 2) != nil,
            view.number(at: position + 3, digits: 2) != nil, view[position + 5] == .colon,
            view.number(at: position + 6, digits: 2) != nil, view[position + 8] == .colon
        {
            return Field(start: position, end: position + 8)
        }
        // An IPv6 address as origin: `2001:db8::1: `.
        if view[end + 1] != .space && (view[end + 1] == .colon || view[end + 1].isAlphanumeric) {
            let word = Field(start: position, end: view.endOfToken(from: position))
            let address = Field(start: position, end: word.end - 1)
            if word.count <= 41, view[address.end] == .colon, HostField.isIPv6(view, address) { return address }
        }
        return Field(start: position, end: end)
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

    /// A facility, a severity between dashes, a name in upper case.
    ///
    /// ```
    ///  %SYS-5-CONFIG_I    %ASA-6-302013    %MGBL-SYS-5-CONFIG_I    %AAA-I-CONNECT       Cisco; Small Business: a letter
    ///  %%10IFNET/5/LINK_UPDOWN                                                          HPE Comware, H3C, Huawei
    /// ```
    private static func readMnemonic(_ view: ByteView, at position: Int) -> (
        facility: Field, severity: Int, all: Field
    )? {
        var start = position + 1
        var separator = UInt8(ascii: "-")
        if view[start] == UInt8(ascii: "%"), view.number(at: start + 1, digits: 2) != nil {
            start += 3
            separator = UInt8(ascii: "/")
        }
        var end = start
        var facilityEnd = 0
        var severity = 0
        while end - start <= 96 {
            let byte = view[end]
            if byte == separator, facilityEnd == 0, end > start, view[end + 2] == separator,
                let found = severityByte(view[end + 1])
            {
                facilityEnd = end
                severity = found
                end += 3
            } else if byte.isAlphanumeric || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "/")
            {
                end += 1
            } else {
                break
            }
        }
        guard facilityEnd > 0, end > facilityEnd + 3, view[start].isUpper else { return nil }
        // A letter for the severity is seldom enough to ask for the colon.
        if !view[facilityEnd + 1].isDigit && view[end] != .colon { return nil }
        return (Field(start: start, end: facilityEnd), severity, Field(start: start, end: end))
    }

    private static func severityByte(_ byte: UInt8) -> Int? {
        switch byte {
        case .zero...UInt8(ascii: "7"): Int(byte - .zero)
        case UInt8(ascii: "A"): 1
        case UInt8(ascii: "C"): 2
        case UInt8(ascii: "E"): 3
        case UInt8(ascii: "W"): 4
        case UInt8(ascii: "N"): 5
        case UInt8(ascii: "I"): 6
        case UInt8(ascii: "D"): 7
        default: nil
        }
    }
}

/// What was read of a header so far.
private struct CiscoHeader {
    var sequence = Field.none
    var host = Field.none
    var device = Field.none
    var uptime = Field.none
    /// A controller's task.
    var task = Field.none
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
        } else if isMarked {
            task = token
        } else {
            host = token
        }
    }

    func copy(to message: inout SyslogMessage) {
        message.sequence = sequence
        if !host.isEmpty { message.host = host }
        if !task.isEmpty { message.processID = task }
        if !device.isEmpty { message.device = device }
        if !uptime.isEmpty { message.time = uptime }
    }
}
