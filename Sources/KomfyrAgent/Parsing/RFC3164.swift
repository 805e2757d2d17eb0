import Protocol

/// RFC 3164 §4.1: `TIMESTAMP SP HOSTNAME SP TAG[PID]: CONTENT`, and what devices leave out of it or put into it.
///
/// | seen | taken as |
/// |---|---|
/// | no time | tag and text; a host only before a tag with its process id |
/// | no host (`/dev/log`, busybox) | the tag is known by its colon or bracket |
/// | host twice (relays) | once |
/// | RFC 3339 time (rsyslog, OpenWrt, newer RouterOS) | the same; or all of RFC 5424 without its version |
/// | a time of an application (`2026-10-11 22:14:15,003 INFO text`) | no host, unless a tag follows it |
/// | no tag | text |
extension SyslogParser {
    /// Reads what follows the priority.
    mutating func parseRFC3164(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        zoneOffset: Int,
        into message: inout SyslogMessage
    ) {
        var next = view.skippingBlanks(from: position)
        if let reading = time.read(view, at: next, arrival: arrival, zoneOffset: zoneOffset) {
            message.form = .rfc3164
            message.time = Field(start: next, end: reading.end)
            message.timestamp = reading.nanoseconds
            let isOfApplication = reading.isISO && view[next + 10] == .space
            next = reading.end
            if view[next] == .colon {
                // Cisco: the text comes right after its time.
                next = view.skippingBlanks(from: next + 1)
            } else {
                next = view.skippingBlanks(from: next)
                if reading.isISO && parseHostAndVersionless(view, at: next, into: &message) { return }
                next = parseHost(view, at: next, needsTag: isOfApplication, into: &message)
            }
            parseContent(view, at: next, into: &message)
        } else if let content = parseCiscoHeader(
            view,
            at: next,
            arrival: arrival,
            zoneOffset: zoneOffset,
            into: &message
        ) {
            message.form = .rfc3164
            parseContent(view, at: content, into: &message)
        } else if message.priority != nil {
            message.form = .rfc3164
            if Self.isNil(view, at: next) {
                let host = view.skippingBlanks(from: next + 1)
                if parseHostAndVersionless(view, at: host, into: &message) { return }
            }
            next = parseHost(view, at: next, needsProcessID: true, into: &message)
            parseContent(view, at: next, into: &message)
        } else {
            let topics = RouterTopics(view, at: next)
            if topics != nil || Self.isMnemonic(view, at: next) {
                message.form = .rfc3164
                parseContent(view, at: next, into: &message)
            }
        }
    }

    /// Tag, process id and text.
    func parseContent(_ view: ByteView, at position: Int, into message: inout SyslogMessage) {
        var next = position
        if parseMnemonic(view, at: next, into: &message) {
            // Stays in the text: it is what people search for.
        } else if let tag = Self.readTag(view, at: next) {
            message.app = tag.app
            message.processID = tag.processID
            next = tag.end
            if view[next] == .space { next += 1 }
            if view[next] == UInt8(ascii: "%") {
                let app = message.app
                if parseMnemonic(view, at: next, into: &message) { message.app = app }
            }
        } else if let topics = RouterTopics(view, at: next) {
            message.topics = topics.all
            message.app = topics.first
            message.severityOfText = topics.severity
            next = view.skippingBlanks(from: topics.all.end)
        }
        message.message = Field(start: min(next, view.count), end: view.count)
    }
}

// MARK: - Host

extension SyslogParser {
    /// The host, and fields of RFC 5424 behind it; false and nothing changed when they are not there.
    private func parseHostAndVersionless(
        _ view: ByteView,
        at position: Int,
        into message: inout SyslogMessage
    ) -> Bool {
        var next = position
        let host = Self.readToken(view, &next)
        guard !host.isEmpty, host.count <= ProtocolLimits.sourceBytes,
            parseVersionless(view, at: view.skippingBlanks(from: next), into: &message)
        else { return false }
        if !(host.count == 1 && view[host.start] == UInt8(ascii: "-")) { message.host = host }
        return true
    }

    /// Reads a host, and what devices put behind it, where there is one.
    ///
    /// With `needsTag` only a host that a tag follows is one, with `needsProcessID` only one that a tag with its
    /// process id follows.
    /// - Returns: where the content begins.
    private func parseHost(
        _ view: ByteView,
        at position: Int,
        needsTag: Bool = false,
        needsProcessID: Bool = false,
        into message: inout SyslogMessage
    ) -> Int {
        var next = position
        let token = Self.readToken(view, &next)
        next = view.skippingBlanks(from: next)
        if let device = Self.deviceIdentity(view, token) {
            message.device = device
            return next
        }
        guard token.count >= 1, token.count <= ProtocolLimits.sourceBytes, next < view.count else { return position }
        if view[token.end - 1] == .colon {
            // ASA: `host: %ASA-6-…`; an IPv6 address; else it is the tag.
            if Self.isMnemonic(view, at: next) {
                message.host = Field(start: token.start, end: token.end - 1)
                return next
            }
            guard Self.isIPv6(view, token) else { return position }
        }
        guard Self.isHostName(view, token) else { return position }
        if needsProcessID {
            guard let tag = Self.readTag(view, at: next), !tag.processID.isEmpty else { return position }
        } else if needsTag {
            guard Self.readTag(view, at: next) != nil else { return position }
        }
        message.host = token
        // `host : %ASA-6-…`
        if view[next] == .colon && view[next + 1] == .space {
            let text = view.skippingBlanks(from: next + 1)
            if Self.isMnemonic(view, at: text) { return text }
        }
        return skippingRepeatedHost(view, at: next, into: &message)
    }

    /// A relay may have put the host before a message that had it already; UniFi puts its identity behind it.
    private func skippingRepeatedHost(_ view: ByteView, at position: Int, into message: inout SyslogMessage) -> Int {
        var next = position
        let token = Self.readToken(view, &next)
        let behind = view.skippingBlanks(from: next)
        if let device = Self.deviceIdentity(view, token) {
            message.device = device
            return behind
        }
        guard token.count == message.host.count, behind < view.count else { return position }
        for offset in 0..<token.count where view[token.start + offset] != view[message.host.start + offset] {
            return position
        }
        return behind
    }

    /// UniFi: `("U7PG2,788a20abcdef,v4.3.20.11298")` or `788a20abcdef,UAP-AC-Pro-6.5.28+14491:` for a tag's place.
    private static func deviceIdentity(_ view: ByteView, _ token: Field) -> Field? {
        guard token.count >= 5, token.count <= 128 else { return nil }
        if view.has("(\"", at: token.start) && view.has("\")", at: token.end - 2) {
            return Field(start: token.start + 2, end: token.end - 2)
        }
        guard view[token.end - 1] == .colon else { return nil }
        var hasComma = false
        for index in token.start..<(token.end - 1) {
            let byte = view[index]
            if byte == UInt8(ascii: ",") {
                hasComma = true
            } else if !byte.isAlphanumeric && byte != UInt8(ascii: "-") && byte != UInt8(ascii: ".")
                && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "_")
            {
                return nil
            }
        }
        return hasComma ? Field(start: token.start, end: token.end - 1) : nil
    }

    /// Letters, digits and `.-_:/%`, one letter or digit at least; no level's name, no `last message repeated`.
    private static func isHostName(_ view: ByteView, _ token: Field) -> Bool {
        var hasAlphanumeric = false
        var isUpperCase = true
        for index in token.start..<token.end {
            let byte = view[index]
            if byte.isAlphanumeric {
                hasAlphanumeric = true
                if !byte.isUpper { isUpperCase = false }
            } else {
                isUpperCase = false
                // Hosts with letters beyond ASCII are seen, too.
                guard
                    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                        || byte == .colon || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%") || byte >= 0x80
                else { return false }
                if byte >= 0x80 { hasAlphanumeric = true }
            }
        }
        guard hasAlphanumeric else { return false }
        if isUpperCase && token.count >= 3 && Level(name: view[token]) != nil { return false }
        return !view.has("last message repeated ", at: token.start)
    }

    private static func isIPv6(_ view: ByteView, _ token: Field) -> Bool {
        var colons = 0
        for index in token.start..<token.end {
            let byte = view[index]
            if byte == .colon {
                colons += 1
            } else if !byte.isDigit && (byte | 0x20) &- UInt8(ascii: "a") > 5 {
                return false
            }
        }
        return colons >= 2
    }
}

// MARK: - Tag

extension SyslogParser {
    /// A tag and the position behind its colon.
    struct Tag {
        var app: Field
        var processID: Field
        var end: Int
    }

    /// `app:`, `app[pid]:`, `app[4711]`; nil when there is none.
    static func readTag(_ view: ByteView, at position: Int) -> Tag? {
        var end = position
        var hasLetter = false
        while isTagByte(view[end]) && end - position <= 128 {
            if view[end].isLetter { hasLetter = true }
            end += 1
        }
        guard hasLetter else { return nil }
        let app = Field(start: position, end: end)
        if view[end] == .colon {
            // `http://…` and `12:30` are no tags, and `ERROR:` is a level.
            guard view[end + 1] == .space || end + 1 >= view.count else { return nil }
            guard Level(name: view[app]) == nil else { return nil }
            return Tag(app: app, processID: .none, end: end + 1)
        }
        guard view[end] == UInt8(ascii: "[") else { return nil }
        var close = end + 1
        var isNumber = true
        while view[close] > 0x20 && view[close] != UInt8(ascii: "]") && close - end <= 128 {
            if !view[close].isDigit { isNumber = false }
            close += 1
        }
        guard view[close] == UInt8(ascii: "]"), close > end + 1 else { return nil }
        let processID = Field(start: end + 1, end: close)
        if view[close + 1] == .colon { return Tag(app: app, processID: processID, end: close + 2) }
        guard isNumber, view[close + 1] == .space || close + 1 >= view.count else { return nil }
        return Tag(app: app, processID: processID, end: close + 1)
    }

    @inline(__always)
    private static func isTagByte(_ byte: UInt8) -> Bool {
        if byte.isAlphanumeric { return true }
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "@"),
            UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "+"), UInt8(ascii: "~"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "\\"):
            return true
        default: return byte >= 0x80
        }
    }
}
