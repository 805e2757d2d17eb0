import Protocol

/// RFC 3164 §4.1: `TIMESTAMP SP HOSTNAME SP TAG[PID]: CONTENT`, and what devices leave out of it or put into it.
///
/// | seen | taken as |
/// |---|---|
/// | no time, or `-` for it | tag and text; a host only before a tag, without a time one with its process id |
/// | no host (`/dev/log`, busybox), or `-` for it | the tag is known by its colon or bracket |
/// | host twice, or a whole header within a header (relays) | once: the inner one is the device's |
/// | RFC 3339 time (rsyslog, OpenWrt, newer RouterOS) | the same; or all of RFC 5424 without its version |
/// | a time of an application (`2026-10-11 22:14:15,003 INFO text`) | no host, unless a tag follows it |
/// | `daemon.info`, `notice` before the tag | see `LevelWord` |
/// | no tag | see `SyslogTag`, `ApplianceHeader`; else text |
extension SyslogParser {
    /// Reads what follows the priority, or a relay's header when `isInner`.
    mutating func parseRFC3164(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        isInner: Bool = false,
        into message: inout SyslogMessage
    ) {
        let next = view.skippingBlanks(from: position)
        if let reading = time.read(view, at: next, arrival: arrival) {
            message.form = .rfc3164
            message.time = Field(start: next, end: reading.end)
            message.timestamp = reading.nanoseconds
            if view[reading.end] == .colon {
                // Cisco: the text comes right after its time.
                parseContent(view, at: view.skippingBlanks(from: reading.end + 1), into: &message)
            } else {
                parseBehindTime(
                    view,
                    at: view.skippingBlanks(from: reading.end),
                    isISO: reading.isISO,
                    isOfApplication: reading.isISO && view[next + 10] == .space,
                    arrival: arrival,
                    isInner: isInner,
                    into: &message
                )
            }
        } else if let content = parseCiscoHeader(view, at: next, arrival: arrival, into: &message) {
            parseBehindCiscoHeader(view, content, arrival: arrival, isInner: isInner, into: &message)
        } else if let content = parseApplianceHeader(view, at: next, arrival: arrival, into: &message) {
            message.form = .rfc3164
            message.message = Field(start: content, end: view.count)
        } else if message.priority != nil {
            message.form = .rfc3164
            parseWithoutTime(view, at: next, arrival: arrival, into: &message)
        } else if let word = LevelWord(view, at: next), word.facility != nil {
            message.form = .rfc3164
            take(word, into: &message)
            parseContent(view, at: word.end, into: &message)
        } else if RouterTopics(view, at: next) != nil || Self.isMnemonic(view, at: next)
            || EventFormat(view, Field(start: next, end: view.count)) != nil
        {
            message.form = .rfc3164
            parseContent(view, at: next, into: &message)
        }
    }

    private mutating func parseBehindTime(
        _ view: ByteView,
        at position: Int,
        isISO: Bool,
        isOfApplication: Bool,
        arrival: Int64,
        isInner: Bool,
        into message: inout SyslogMessage
    ) {
        var next = position
        if isISO && parseHostAndVersionless(view, at: next, into: &message) { return }
        let host = message.host
        next = parseHost(view, at: next, needsTag: isOfApplication, into: &message)
        if next > position, view[position].isLower, view[view.endOfToken(from: position) - 1].isLower,
            let word = LevelWord(view, at: position)
        {
            // `daemon.info dnsmasq[1]: text`: no host.
            message.host = host
            take(word, into: &message)
            parseContent(view, at: word.end, into: &message)
            return
        }
        // A header whose host is missing keeps that of the relay's.
        if message.host.isEmpty { message.host = host }
        // The usual case first: with a tag nothing of what follows can be there, but Cisco's origin and Dell's text.
        if let tag = Self.readTag(view, at: next), !tag.processID.isEmpty || !Self.isUnsure(tag, view) {
            takeTag(tag, view, at: next, into: &message)
            return
        }
        if let word = LevelWord(view, at: next) {
            take(word, into: &message)
            next = word.end
        }
        if !isInner && parseInnerHeader(view, at: next, arrival: arrival, into: &message) { return }
        if let content = parseApplianceHeader(view, at: next, arrival: arrival, into: &message) {
            message.message = Field(start: content, end: view.count)
            return
        }
        parseContent(view, at: next, into: &message)
    }

    /// Whether a tag may be Cisco's origin (`sw01: 3132779: …`) or Dell's `Severity: …`.
    private static func isUnsure(_ tag: Tag, _ view: ByteView) -> Bool {
        let first = view[view.skippingBlanks(from: tag.end)]
        return first.isDigit || first == UInt8(ascii: "*") || first == UInt8(ascii: ".")
            || tag.app.count == 8 && view.has("Severity", at: tag.app.start)
    }

    private mutating func parseWithoutTime(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        into message: inout SyslogMessage
    ) {
        var next = position
        var hasNil = false
        if Self.isNil(view, at: next) {
            let host = view.skippingBlanks(from: next + 1)
            if parseHostAndVersionless(view, at: host, into: &message) { return }
            // ESPHome writes `-` while its clock is not set.
            next = host
            hasNil = true
        }
        if let word = LevelWord(view, at: next) {
            take(word, into: &message)
            next = word.end
        }
        let content = parseHost(view, at: next, needsTag: hasNil, needsProcessID: !hasNil, into: &message)
        if hasNil && content == next && Self.readTag(view, at: next) == nil { next = position }
        if let content = parseApplianceHeader(view, at: max(next, content), arrival: arrival, into: &message) {
            message.message = Field(start: content, end: view.count)
            return
        }
        parseContent(view, at: max(next, content), into: &message)
    }

    private mutating func parseBehindCiscoHeader(
        _ view: ByteView,
        _ content: CiscoContent,
        arrival: Int64,
        isInner: Bool,
        into message: inout SyslogMessage
    ) {
        message.form = .rfc3164
        guard content.isBehindPlainTime else { return parseContent(view, at: content.start, into: &message) }
        // `3132517: Jul 13 08:23:43 192.168.100.2 sw01: 3132779: Jul 14 …`
        parseBehindTime(
            view,
            at: content.start,
            isISO: false,
            isOfApplication: false,
            arrival: arrival,
            isInner: isInner,
            into: &message
        )
    }

    private func take(_ word: LevelWord, into message: inout SyslogMessage) {
        // What a priority says holds; the word is the same for those who send both.
        guard message.priority == nil else { return }
        if let facility = word.facility {
            message.priority = facility * 8 + word.severity
        } else {
            message.severityOfText = word.severity
        }
    }

    /// A header behind the host: the device's own, which a relay has put its header before.
    /// - Returns: whether there is one; all is read then.
    private mutating func parseInnerHeader(
        _ view: ByteView,
        at position: Int,
        arrival: Int64,
        into message: inout SyslogMessage
    ) -> Bool {
        let first = view[position]
        if first == UInt8(ascii: "<"), let (priority, next) = Self.readPriority(view, at: position), priority < 192 {
            message.priority = priority
            parseRFC3164(view, at: next, arrival: arrival, isInner: true, into: &message)
            return true
        }
        if first.isUpper, view[position + 3] == .space, time.read(view, at: position, arrival: arrival) != nil {
            parseRFC3164(view, at: position, arrival: arrival, isInner: true, into: &message)
            return true
        }
        guard
            first.isDigit || first == UInt8(ascii: "*") || first == UInt8(ascii: ".") || first == .colon
                || Self.isCiscoOrigin(view, at: position)
        else { return false }
        guard let content = parseCiscoHeader(view, at: position, arrival: arrival, into: &message) else { return false }
        parseBehindCiscoHeader(view, content, arrival: arrival, isInner: true, into: &message)
        return true
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
        if let device = DeviceIdentity.read(view, token) {
            message.device = device
            return next
        }
        guard token.count >= 1, token.count <= ProtocolLimits.sourceBytes, next < view.count else { return position }
        if token.count == 1 && view[token.start] == UInt8(ascii: "-") {
            return Self.readTag(view, at: next) == nil ? position : next
        }
        if view[token.end - 1] == .colon {
            // ASA: `host: %ASA-6-…`; an IPv6 address; else it is the tag.
            if Self.isMnemonic(view, at: next) {
                message.host = Field(start: token.start, end: token.end - 1)
                return next
            }
            guard HostField.isIPv6(view, token) else { return position }
        }
        guard let host = HostField.read(view, token) else { return position }
        if needsProcessID {
            guard let tag = Self.readTag(view, at: next), !tag.processID.isEmpty else { return position }
        } else if needsTag {
            guard Self.readTag(view, at: next) != nil else { return position }
        }
        message.host = host
        return skippingRepeatedHost(view, at: next, into: &message)
    }

    /// A relay may have put the host before a message that had it already; UniFi puts its identity behind it.
    private func skippingRepeatedHost(_ view: ByteView, at position: Int, into message: inout SyslogMessage) -> Int {
        var next = position
        let token = Self.readToken(view, &next)
        let behind = view.skippingBlanks(from: next)
        if let device = DeviceIdentity.read(view, token) {
            message.device = device
            return behind
        }
        guard token.count == message.host.count, behind < view.count else { return position }
        for offset in 0..<token.count where view[token.start + offset] != view[message.host.start + offset] {
            return position
        }
        return behind
    }
}
