import Protocol

/// The tag before a message's text, and what devices put in its place.
///
/// ```
///  app[4711]: text    app: text    app[4711] text         RFC 3164
///  : stahtd[1790]: text                                   UniFi; a colon that means nothing
///  %LINK-3-UPDOWN: text    app[9]: %LINK-3-UPDOWN: text   Cisco, Juniper; stays in the text, it is what people search
///  system,info text                                       RouterOS
///  CEF:0|Vendor|Product|…                                 the product is the app
///  CISE_Passed_Authentications 0000010001 2 0 text        Cisco ISE
///  00076 ports: text                                      HP ProCurve: the number of the event
///  WinFileService Event: text    System admin:⇥text       Synology
/// ```
extension SyslogParser {
    /// Reads tag, process id, number of the message, and text.
    func parseContent(_ view: ByteView, at position: Int, into message: inout SyslogMessage) {
        var next = position
        if let tag = Self.readTag(view, at: next) {
            return takeTag(tag, view, at: next, into: &message)
        }
        next = skippingColons(view, at: next)
        if next > position, Self.readTag(view, at: next) != nil {
            return parseContent(view, at: next, into: &message)
        }
        if view[next] == UInt8(ascii: "%"), parseMnemonic(view, at: next, into: &message) {
            // Stays in the text.
        } else if isEvent(view, at: next) {
            takeProduct(view, at: next, into: &message)
        } else if let topics = RouterTopics(view, at: next) {
            message.topics = topics.all
            message.app = topics.first
            message.severityOfText = topics.severity
            next = view.skippingBlanks(from: topics.all.end)
        } else {
            next = parseUnusualTag(view, at: next, into: &message)
        }
        message.message = Field(start: min(next, view.count), end: view.count)
    }

    /// Takes a tag that stands at `position`, and the text behind it.
    func takeTag(_ tag: Tag, _ view: ByteView, at position: Int, into message: inout SyslogMessage) {
        var next = position
        if isEvent(view, at: position) {
            takeProduct(view, at: position, into: &message)
        } else {
            message.app = tag.app
            message.processID = tag.processID
            next = tag.end
            if view[next] == .space { next += 1 }
            parseCode(view, at: next, into: &message)
        }
        message.message = Field(start: min(next, view.count), end: view.count)
    }

    /// Behind `: ` before a tag, a mnemonic or topics; the same position before anything else.
    private func skippingColons(_ view: ByteView, at position: Int) -> Int {
        var next = position
        while view[next] == .colon && view[next + 1] == .space { next = view.skippingBlanks(from: next + 1) }
        guard next > position else { return position }
        let isMeant =
            Self.readTag(view, at: next) != nil || Self.isMnemonic(view, at: next)
            || RouterTopics(view, at: next) != nil
        return isMeant ? next : position
    }

    // MARK: Events

    private func isEvent(_ view: ByteView, at position: Int) -> Bool {
        let first = view[position]
        guard first == UInt8(ascii: "C") || first == UInt8(ascii: "L") else { return false }
        return EventFormat.isHeader(view, at: position)
    }

    private func takeProduct(_ view: ByteView, at position: Int, into message: inout SyslogMessage) {
        guard let event = EventFormat(view, Field(start: position, end: view.count)) else { return }
        if message.app.isEmpty, event.product.count <= AgentLimits.headerFieldBytes { message.app = event.product }
        if message.severityOfText == nil { message.severityOfText = event.severity(view) }
    }

    // MARK: Tags of their own kind

    private func parseUnusualTag(_ view: ByteView, at position: Int, into message: inout SyslogMessage) -> Int {
        let word = Field(start: position, end: view.endOfToken(from: position))
        let behind = view.skippingBlanks(from: word.end)
        guard !word.isEmpty, word.count <= 64, behind < view.count else { return position }
        if PayloadPairs.isCommaList(view, word) {
            message.app = word
            return behind
        }
        if word.count == 5, view.number(at: position, digits: 5) != nil, let tag = Self.readTag(view, at: behind) {
            message.messageID = word
            message.app = tag.app
            return view.skippingBlanks(from: tag.end)
        }
        guard view[position].isUpper else { return position }
        if view.has("Event: ", at: behind) {
            message.app = word
            return behind
        }
        let second = view.endOfToken(from: behind)
        let colon = view.position(of: .colon, from: behind, to: min(second, behind + 64))
        if let colon, colon > behind, view[colon + 1] == 0x09 {
            message.app = word
            return behind
        }
        return position
    }

    // MARK: The number of the message

    /// What follows a tag and names the kind of message: it stays in the text.
    ///
    /// ```
    ///  %INTERACT-5-UI_DBASE_LOGIN_EVENT: …    Cisco, Juniper        01070638:5: …    F5
    ///  RT_FLOW_SESSION_CREATE: …              Juniper               <124198> …       Aruba
    /// ```
    private func parseCode(_ view: ByteView, at position: Int, into message: inout SyslogMessage) {
        let first = view[position]
        if first == UInt8(ascii: "%") {
            let app = message.app
            if parseMnemonic(view, at: position, into: &message) { message.app = app }
        } else if first == UInt8(ascii: "<") {
            var end = position + 1
            while view[end].isDigit { end += 1 }
            if view[end] == UInt8(ascii: ">"), end - position == 7, view[end + 1] == .space {
                message.messageID = Field(start: position + 1, end: end)
            }
        } else if first == .zero {
            var end = position
            while view[end].isDigit || (view[end] | 0x20) &- UInt8(ascii: "a") <= 5 { end += 1 }
            if end - position == 8, view[end] == .colon, view[end + 1].isDigit, view[end + 2] == .colon {
                message.messageID = Field(start: position, end: end)
            }
        } else if first.isUpper {
            var end = position
            var hasUnderscore = false
            while view[end].isUpper || view[end].isDigit || view[end] == UInt8(ascii: "_") {
                if view[end] == UInt8(ascii: "_") { hasUnderscore = true }
                end += 1
            }
            if hasUnderscore, view[end] == .colon, view[end + 1] == .space, end - position <= 64 {
                message.messageID = Field(start: position, end: end)
            }
        }
    }
}

// MARK: - RFC 3164's tag

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
            guard view[end + 1] == .space || end + 1 >= view.count || isQuotedPair(view, at: end + 1) else {
                return nil
            }
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

    /// `ASM:unit_hostname="…",`: F5 puts no blank behind this tag.
    private static func isQuotedPair(_ view: ByteView, at position: Int) -> Bool {
        var end = position
        while view[end].isLower || view[end] == UInt8(ascii: "_") { end += 1 }
        return end > position && view[end] == UInt8(ascii: "=") && view[end + 1] == UInt8(ascii: "\"")
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
