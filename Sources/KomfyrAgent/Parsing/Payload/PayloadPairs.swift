import Protocol

/// Reads `key=value` in the ways that devices write it.
///
/// ```
///  duration=116 msg="link down" ssid='Guest' uid=0)      blanks, commas, semicolons, bars, tabs between them
///  "apMac"="54:EC:2F:35:99:50","radio"="11g/n"           Ruckus
///  TTY=pts/0 ; PWD=/ ; COMMAND=/bin/ls -la               sudo: the value ends at ` ; `
///  [LAN-A]IN=eth0 OUT= LEN=52 DF PROTO=TCP               iptables; words between are passed over
/// ```
///
/// A key begins where a text or a word does, with a letter, `_` or `@`; so the parts of `GET /?a=1&b=2` or
/// `--level=3` are no keys.
enum PayloadPairs {
    /// One `key=value`.
    struct Pair {
        var name: Field
        var value: Field
        var form: PayloadReader.Member.Form
        /// Behind the value.
        var end: Int
    }

    /// Appends all pairs of a text.
    static func read(_ view: ByteView, _ text: Field, into members: inout [PayloadReader.Member]) {
        var position = text.start
        while members.count < AgentLimits.payloadMembers, let pair = next(view, from: position, in: text) {
            position = pair.end
            guard !pair.value.isEmpty else { continue }
            members.append(PayloadReader.Member(name: pair.name, value: pair.value, form: pair.form))
        }
    }

    /// The next pair of a text.
    static func next(_ view: ByteView, from start: Int, in text: Field) -> Pair? {
        var position = start
        while let equals = view.position(of: UInt8(ascii: "="), from: position, to: text.end) {
            position = equals + 1
            guard let name = readName(view, before: equals, in: text), view[position] != UInt8(ascii: "="),
                name.start >= start
            else { continue }
            return readValue(view, name, at: position, in: text)
        }
        return nil
    }

    // MARK: Names

    private static func readName(_ view: ByteView, before equals: Int, in text: Field) -> Field? {
        var start = equals
        if equals > text.start, view[equals - 1] == UInt8(ascii: "\"") {
            start -= 1
            while start > text.start && isNameByte(view[start - 1]) && equals - start <= nameBytes { start -= 1 }
            guard start > text.start, view[start - 1] == UInt8(ascii: "\""), start < equals - 1 else { return nil }
            let isFree = start - 1 == text.start || isBoundary(view[start - 2])
            return isFree ? Field(start: start, end: equals - 1) : nil
        }
        while start > text.start && isNameByte(view[start - 1]) && equals - start <= nameBytes { start -= 1 }
        let first = view[start]
        guard start < equals, equals - start <= nameBytes,
            first.isLetter || first == UInt8(ascii: "_") || first == UInt8(ascii: "@"),
            start == text.start || isBoundary(view[start - 1])
        else { return nil }
        return Field(start: start, end: equals)
    }

    /// The longest name; longer ones are data that has a `=` in it.
    private static let nameBytes = 64

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isAlphanumeric || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "@")
    }

    /// What may stand before a name.
    private static func isBoundary(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x20, UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "("),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: ":"), UInt8(ascii: "\""):
            true
        default: false
        }
    }

    // MARK: Values

    private static func readValue(_ view: ByteView, _ name: Field, at position: Int, in text: Field) -> Pair {
        let quote = view[position]
        if quote == UInt8(ascii: "\""), let close = closing(view, from: position + 1, to: text.end) {
            return Pair(name: name, value: Field(start: position + 1, end: close), form: .quoted, end: close + 1)
        }
        if quote == UInt8(ascii: "'"), let close = closingApostrophe(view, from: position + 1, to: text.end) {
            return Pair(name: name, value: Field(start: position + 1, end: close), form: .text, end: close + 1)
        }
        // sudo
        if name.start - 3 >= text.start, view.has(" ; ", at: name.start - 3) {
            var end = position
            while end < text.end && !view.has(" ; ", at: end) { end += 1 }
            return Pair(name: name, value: Field(start: position, end: end), form: .text, end: end)
        }
        var end = position
        while end < text.end {
            let byte = view[end]
            if byte <= 0x20 { break }
            let isSeparator = byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "|")
            if isSeparator && isEndOrPair(view, at: end + 1, end: text.end) { break }
            end += 1
        }
        let value = withoutClosers(view, Field(start: position, end: end))
        return Pair(name: name, value: value, form: .text, end: end)
    }

    private static func closing(_ view: ByteView, from start: Int, to end: Int) -> Int? {
        var position = start
        while position < end {
            let byte = view[position]
            if byte == UInt8(ascii: "\"") { return position }
            // `C:\"` at the end of a value: the quote closes it when the text goes on as behind one.
            if byte == UInt8(ascii: "\\") && position + 1 < end {
                let isQuote = view[position + 1] == UInt8(ascii: "\"")
                if isQuote && isEndOrNext(view, at: position + 2, end: end) { return position + 1 }
                position += 1
            }
            position += 1
        }
        return nil
    }

    private static func closingApostrophe(_ view: ByteView, from start: Int, to end: Int) -> Int? {
        var position = start
        // Looked for near by: one that is never closed is no quote, and must not cost a look at the whole text.
        while let found = view.position(of: UInt8(ascii: "'"), from: position, to: min(end, start + 1_024)) {
            position = found + 1
            if position >= end || view[position] != .colon && isBoundary(view[position])
                || view[position] == UInt8(ascii: ")")
            {
                return found
            }
        }
        return nil
    }

    /// Whether the text ends here, or a blank or a pair follows.
    private static func isEndOrPair(_ view: ByteView, at position: Int, end: Int) -> Bool {
        position >= end || view[position] <= 0x20 || isPair(view, at: position, end: end)
    }

    /// Whether the text ends here, or a separator and a pair follow.
    private static func isEndOrNext(_ view: ByteView, at position: Int, end: Int) -> Bool {
        guard position < end else { return true }
        let byte = view[position]
        guard byte == .space || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") else { return false }
        return isPair(view, at: view.skippingBlanks(from: position + 1), end: end)
    }

    private static func isPair(_ view: ByteView, at position: Int, end: Int) -> Bool {
        var next = position
        let isQuoted = view[next] == UInt8(ascii: "\"")
        if isQuoted { next += 1 }
        let start = next
        while next < end && isNameByte(view[next]) && next - start <= nameBytes { next += 1 }
        guard next > start, !view[start].isDigit else { return false }
        if isQuoted {
            guard view[next] == UInt8(ascii: "\"") else { return false }
            next += 1
        }
        return next < end && view[next] == UInt8(ascii: "=")
    }

    /// Without `)`, `]` and `}` at the end that nothing in the value opens.
    private static func withoutClosers(_ view: ByteView, _ field: Field) -> Field {
        var field = field
        // A few: brackets are not nested deep where they close a value.
        for _ in 0..<4 where !field.isEmpty {
            let opener: UInt8
            switch view[field.end - 1] {
            case UInt8(ascii: ")"): opener = UInt8(ascii: "(")
            case UInt8(ascii: "]"): opener = UInt8(ascii: "[")
            case UInt8(ascii: "}"): opener = UInt8(ascii: "{")
            case UInt8(ascii: ","), UInt8(ascii: ";"):
                field.end -= 1
                continue
            default: return field
            }
            if view.position(of: opener, from: field.start, to: field.end) != nil { return field }
            field.end -= 1
        }
        return field
    }
}

// MARK: - Lists with commas

extension PayloadPairs {
    /// Whether messages of this app are lists whose names have blanks: Cisco ISE and ACS.
    static func isCommaList(_ view: ByteView, _ app: Field) -> Bool {
        app.count > 5 && (view.has("CISE_", at: app.start) || view.has("CSCOacs_", at: app.start))
    }

    /// A list whose names have blanks.
    ///
    /// `Passed: Authentication succeeded, ConfigVersionId=7, Device IP Address=10.0.0.2, Step=11001, Step=11017,`
    static func readCommaList(_ view: ByteView, _ text: Field, into members: inout [PayloadReader.Member]) {
        var position = text.start
        while position < text.end && members.count < AgentLimits.payloadMembers {
            var end = position
            while end < text.end {
                if view[end] == UInt8(ascii: ","), view[end - 1] != UInt8(ascii: "\\"),
                    view[end + 1] == .space || end + 1 >= text.end
                {
                    break
                }
                end += 1
            }
            let part = Field(start: view.skippingBlanks(from: position), end: end)
            if let equals = view.position(of: UInt8(ascii: "="), from: part.start, to: part.end) {
                var name = Field(start: part.start, end: equals)
                // Numbers of the header stand before the first name.
                if position == text.start {
                    while name.start < equals,
                        let blank = view.position(of: .space, from: name.start, to: equals)
                    {
                        name.start = blank + 1
                    }
                }
                let value = Field(start: equals + 1, end: part.end)
                if !name.isEmpty && name.count <= nameBytes && !value.isEmpty {
                    members.append(PayloadReader.Member(name: name, value: value, form: .escaped))
                }
            }
            position = end + 1
        }
    }

    /// A list in brackets, with colons.
    ///
    /// `[action:"Accept"; flags:"411908"; rule_name:"Cleanup"]`
    /// - Returns: whether it is that; nothing is appended when not.
    static func readColons(_ view: ByteView, _ text: Field, into members: inout [PayloadReader.Member]) -> Bool {
        var position = text.start + 1
        while members.count < AgentLimits.payloadMembers {
            position = view.skippingBlanks(from: position)
            let start = position
            while isNameByte(view[position]) && position - start <= nameBytes { position += 1 }
            guard position > start, view[position] == .colon, view[position + 1] == UInt8(ascii: "\"") else { break }
            let name = Field(start: start, end: position)
            let valueStart = position + 2
            var end = valueStart
            while end < text.end && view[end] != UInt8(ascii: "\"") {
                end += view[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard end < text.end else { break }
            if end > valueStart {
                let value = Field(start: valueStart, end: end)
                members.append(PayloadReader.Member(name: name, value: value, form: .escaped))
            }
            position = end + 1
            if view[position] == UInt8(ascii: ";") { position += 1 }
        }
        return !members.isEmpty
    }
}
