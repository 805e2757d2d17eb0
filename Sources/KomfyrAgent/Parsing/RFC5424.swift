/// RFC 5424 §6: `VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]`, each of
/// them `-` when the sender has none.
extension SyslogParser {
    /// Reads what follows the version, whose first digit stands at `start`.
    mutating func parseRFC5424(
        _ view: ByteView,
        from start: Int,
        at position: Int,
        arrival: Int64,
        into message: inout SyslogMessage
    ) {
        var next = position
        let hasPriority = message.priority != nil
        if hasPriority && Self.isNil(view, at: next) {
            next += 1
        } else if let reading = time.read(view, at: next, arrival: arrival),
            reading.isISO || hasPriority
        {
            if !reading.isISO || isThreeParted(view, at: reading.end) {
                // A version before the header of RFC 3164.
                parseRFC3164(view, at: next, arrival: arrival, into: &message)
                return
            }
            message.time = Field(start: next, end: reading.end)
            message.timestamp = reading.nanoseconds
            next = reading.end
        } else if hasPriority, let reading = Self.readEpoch(view, at: next) {
            // Meraki: `<134>1 1563249630.774247467 name type text`.
            message.time = Field(start: next, end: reading.end)
            message.timestamp = reading.nanoseconds
            message.form = .rfc5424
            next = view.skippingBlanks(from: reading.end)
            message.host = Self.readToken(view, &next)
            if message.host.count > AgentLimits.headerFieldBytes {
                next = message.host.start
                message.host = .none
            }
            parseMeraki(view, at: view.skippingBlanks(from: next), into: &message)
            return
        } else if hasPriority, Self.looksLikeBadTime(view, at: next) {
            message.time = Self.readToken(view, &next)
        } else {
            // `<13>5 apples`: no version, but text.
            parseRFC3164(view, at: start, arrival: arrival, into: &message)
            return
        }
        message.form = .rfc5424
        next = view.skippingBlanks(from: next)
        message.host = Self.readHeaderField(view, &next)
        message.app = Self.readHeaderField(view, &next)
        message.processID = Self.readHeaderField(view, &next)
        message.messageID = Self.readHeaderField(view, &next)
        guard Self.areHeaderFields(message) else {
            // No header has such words: the message is kept whole.
            let priority = message.priority
            message = SyslogMessage()
            message.priority = priority
            return
        }
        parseStructuredDataAndText(view, at: next, into: &message)
        if message.app.isEmpty { parseTextWithoutApp(view, arrival: arrival, into: &message) }
    }

    /// The header says nothing of the app, but the text begins as one that does.
    private mutating func parseTextWithoutApp(_ view: ByteView, arrival: Int64, into message: inout SyslogMessage) {
        let text = message.message
        guard !text.isEmpty else { return }
        if Self.isMnemonic(view, at: text.start) || EventFormat.isHeader(view, at: text.start) {
            let code = message.messageID
            parseContent(view, at: text.start, into: &message)
            if !code.isEmpty { message.messageID = code }
        } else {
            let (host, time, timestamp) = (message.host, message.time, message.timestamp)
            _ = parseApplianceHeader(view, at: text.start, arrival: arrival, into: &message)
            if !host.isEmpty { message.host = host }
            if timestamp != nil { (message.time, message.timestamp) = (time, timestamp) }
        }
    }

    /// Whether the tag and text of RFC 3164 follow a time and a host: ASA's `host : %ASA-…`, `host app[1]: text`.
    private func isThreeParted(_ view: ByteView, at position: Int) -> Bool {
        let host = view.skippingBlanks(from: position)
        let next = view.skippingBlanks(from: view.endOfToken(from: host))
        if view[host] == UInt8(ascii: "%") { return Self.isMnemonic(view, at: host) }
        if view[next] == .colon && view[next + 1] == .space { return true }
        if view[next] == UInt8(ascii: "%") { return Self.isMnemonic(view, at: next) }
        guard let tag = Self.readTag(view, at: next), view[tag.end - 1] == .colon else { return false }
        // `app:` may be an APP-NAME; with a process id within it is none.
        return !tag.processID.isEmpty
    }

    /// `MX84 flows src=…`, `MS220_8P events port 3 …`: the kind of event, where a tag would stand.
    private func parseMeraki(_ view: ByteView, at position: Int, into message: inout SyslogMessage) {
        var end = position
        while view[end].isLower || view[end] == UInt8(ascii: "_") || view[end] == UInt8(ascii: "-") { end += 1 }
        guard end > position, end - position <= 48, view[end] == .space else {
            return parseContent(view, at: position, into: &message)
        }
        message.app = Field(start: position, end: end)
        message.message = Field(start: view.skippingBlanks(from: end), end: view.count)
    }

    /// Whether the fields are of a length that headers have; the RFC's own bounds are 255, 48, 128 and 32 bytes.
    private static func areHeaderFields(_ message: SyslogMessage) -> Bool {
        max(
            message.host.count,
            message.app.count,
            message.processID.count,
            message.messageID.count,
            message.time.count
        ) <= AgentLimits.headerFieldBytes
    }

    /// The fields of RFC 5424 from APP-NAME on, where no version said that it is one: only when all of them are there.
    /// - Returns: false when they are not; `message` is as before then.
    func parseVersionless(_ view: ByteView, at position: Int, into message: inout SyslogMessage) -> Bool {
        var next = position
        let app = Self.readHeaderField(view, &next)
        guard view[app.end - 1] != .colon else { return false }
        let processID = Self.readHeaderField(view, &next)
        let messageID = Self.readHeaderField(view, &next)
        guard next < view.count else { return false }
        guard max(app.count, processID.count, messageID.count) <= AgentLimits.headerFieldBytes else { return false }
        let isNilData = Self.isNil(view, at: next)
        guard isNilData || StructuredData.end(view, at: next) != nil else { return false }
        message.form = .rfc5424
        message.app = app
        message.processID = processID
        message.messageID = messageID
        parseStructuredDataAndText(view, at: next, into: &message)
        return true
    }

    private func parseStructuredDataAndText(_ view: ByteView, at position: Int, into message: inout SyslogMessage) {
        var next = position
        if Self.isNil(view, at: next) {
            next += 1
        } else if let end = StructuredData.end(view, at: next) {
            message.structuredData = Field(start: next, end: end)
            next = end
        }
        // Data that is broken, or was left out, is part of the text: nothing of it is lost.
        if next > position && view[next] == .space { next += 1 }
        if view.has("\u{FEFF}", at: next) { next += 3 }
        message.message = Field(start: min(next, view.count), end: view.count)
    }

    /// One field with the blank behind it; empty for `-`.
    private static func readHeaderField(_ view: ByteView, _ position: inout Int) -> Field {
        let field = readToken(view, &position)
        position = view.skippingBlanks(from: position)
        if field.count == 1 && view[field.start] == UInt8(ascii: "-") { return .none }
        return field
    }

    static func readToken(_ view: ByteView, _ position: inout Int) -> Field {
        let start = position
        position = view.endOfToken(from: position)
        return Field(start: start, end: position)
    }

    static func isNil(_ view: ByteView, at position: Int) -> Bool {
        view[position] == UInt8(ascii: "-") && (view[position + 1] == .space || position + 1 >= view.count)
    }

    /// A time that is wrong (`2003-13-45T99:00:00Z`, `0000-00-00…`): a date's digits and dashes, then four fields more.
    private static func looksLikeBadTime(_ view: ByteView, at position: Int) -> Bool {
        guard view.number(at: position, digits: 4) != nil, view[position + 4] == UInt8(ascii: "-") else { return false }
        var next = position
        for _ in 0..<4 {
            next = view.skippingBlanks(from: view.endOfToken(from: next))
        }
        return next < view.count
    }

    /// Seconds since 1970 with a fraction, as Meraki writes them.
    private static func readEpoch(_ view: ByteView, at position: Int) -> (nanoseconds: Int64, end: Int)? {
        guard let seconds = view.number(at: position, digits: 10) else { return nil }
        var end = position + 10
        var fraction: Int64 = 0
        if view[end] == UInt8(ascii: ".") {
            end += 1
            var unit: Int64 = 100_000_000
            while view[end].isDigit {
                fraction += Int64(view[end] - .zero) * unit
                unit /= 10
                end += 1
            }
        }
        guard view[end] == .space, seconds < 9_000_000_000 else { return nil }
        return (Int64(seconds) * 1_000_000_000 + fraction, end)
    }
}
