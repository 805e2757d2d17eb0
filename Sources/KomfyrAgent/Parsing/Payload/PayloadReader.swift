import Protocol

/// Finds what a message carries besides prose, for the members of the log's `data`.
///
/// | form | as in | read by |
/// |---|---|---|
/// | JSON, also behind `@cee:` or at the end of a text | `login {"user":"bob","tries":3}` | this |
/// | `key=value`, `key="value"`, `"key"="value"` | logfmt, Fortinet, SonicWall, Sophos, Zyxel, iptables, Ruckus | `PayloadPairs` |
/// | `key=value, other key=value` | Cisco ISE | `PayloadPairs` |
/// | `[key:"value"; key:"value"]` | Check Point | `PayloadPairs` |
/// | `CEF:0\|…\|key=value key=value` | ArcSight's format: many | `EventFormat` |
/// | `LEEF:2.0\|…\|^\|key=value^key=value` | QRadar's format: many | `EventFormat` |
/// | `forward: in:ether1 out:ether2, proto TCP …` | MikroTik's firewall | `RouterFirewall` |
///
/// The message stays whole. Values that are JSON numbers are numbers, quoted or not, and keep their digits; those with
/// leading zeros or exponents, addresses and versions stay text. Empty values are left out. A name that repeats becomes
/// an array. A name that is one of the agent's own (`PayloadName`) is numbered, always, so that it means one thing:
/// `host` within a message is `host_2`.
///
/// Pure, and bounded: `AgentLimits.payloadBytes` of the text are looked at, `AgentLimits.payloadMembers` are taken.
struct PayloadReader: ~Copyable {
    /// One member, as ranges of the message's bytes.
    struct Member {
        /// How the value stands in the message.
        enum Form: UInt8 {
            /// As it is.
            case text
            /// In it `\"` and `\\` stand for the second character; any other backslash for itself.
            case quoted
            /// In it a backslash makes the next character plain; `\n` and `\r` are line ends.
            case escaped
            /// JSON.
            case json
        }

        var name: Field
        var value: Field
        var form: Form
        /// Instead of `name`, for parts of a header that have no name in the message.
        var fixedName: StaticString?
    }

    /// What was found, in order.
    private(set) var members: [Member] = []
    private var scanner = JSONScanner()
    /// Of the members' names: most comparisons end with them.
    private var hashes: [UInt64] = []
    /// Those that come more than once.
    private var repeated: [UInt64] = []
    private var text: [UInt8] = []

    /// Looks at a message's text; `members` are those found.
    /// - Returns: whether there are any.
    mutating func read(_ view: ByteView, _ message: SyslogMessage) -> Bool {
        if !members.isEmpty { members.removeAll(keepingCapacity: true) }
        let field = message.message
        guard field.count >= 3, field.end <= view.count else { return false }
        let start = view.skippingBlanks(from: field.start)
        let isPaired = view.contains(
            UInt8(ascii: "="),
            from: start,
            to: min(field.end, start + AgentLimits.payloadBytes)
        )
        let isJSON = view[field.end - 1] == UInt8(ascii: "}") && field.count <= AgentLimits.payloadBytes
        // Most messages end here.
        guard isPaired || isJSON || view[start] == UInt8(ascii: "[") || !message.topics.isEmpty else { return false }
        let text = Field(start: start, end: min(field.end, start + AgentLimits.payloadBytes))
        if isJSON && readJSON(view, text) { return true }
        if EventFormat.isHeader(view, at: start) {
            EventFormat.read(view, text, into: &members)
        } else if view[start] == UInt8(ascii: "["), PayloadPairs.readColons(view, text, into: &members) {
            // Check Point.
        } else if !message.topics.isEmpty, RouterFirewall.read(view, text, into: &members) {
            // MikroTik.
        } else if isPaired {
            if PayloadPairs.isCommaList(view, message.app) {
                PayloadPairs.readCommaList(view, text, into: &members)
            } else {
                PayloadPairs.read(view, text, into: &members)
            }
        }
        return !members.isEmpty
    }

    /// Takes the members of the object that the text is, or ends with.
    private mutating func readJSON(_ view: ByteView, _ field: Field) -> Bool {
        var start = field.start
        if view.has("@cee:", at: start) { start = view.skippingBlanks(from: start + 5) }
        if view[start] != UInt8(ascii: "{") {
            // `login {"user":…`: an object has a name in quotes, so that `func() { return }` costs nothing.
            while start < field.end {
                if view[start] == UInt8(ascii: "{") && view[view.skippingBlanks(from: start + 1)] == UInt8(ascii: "\"")
                {
                    break
                }
                start += 1
            }
            guard start < field.end else { return false }
        }
        do throws(JSONProblem) {
            var cursor = try scanner.indexCopy(of: view[Field(start: start, end: field.end)])
            try cursor.enter(UInt8(ascii: "{"))
            var isFirst = true
            while let name = try cursor.nextKey(isFirst: &isFirst) {
                let value = try cursor.readValue()
                // A string's quotes stand around it.
                let quote = value.kind == .string ? 1 : 0
                guard members.count < AgentLimits.payloadMembers else { continue }
                members.append(
                    Member(
                        name: Field(start: start + name.start, end: start + name.end),
                        value: Field(start: start + value.start - quote, end: start + value.end + quote),
                        form: .json
                    )
                )
            }
            try cursor.finish()
        } catch {
            members.removeAll(keepingCapacity: true)
        }
        return !members.isEmpty
    }
}

// MARK: - Writing

extension PayloadReader {
    /// Appends what was found to an object that is open.
    mutating func append(of view: ByteView, _ writer: inout MemberWriter, to output: inout [UInt8]) {
        hashes.removeAll(keepingCapacity: true)
        repeated.removeAll(keepingCapacity: true)
        for member in members {
            let hash = PlainText.hash(name(member, view), seed: 0)
            if hashes.contains(hash) && !repeated.contains(hash) { repeated.append(hash) }
            hashes.append(hash)
        }
        for index in members.indices {
            let member = members[index]
            if repeated.isEmpty || !repeated.contains(hashes[index]) {
                if !appendPlain(member, of: view, &writer, to: &output) {
                    appendName(index, of: view, &writer, to: &output)
                    appendValue(member, of: view, to: &output)
                }
                continue
            }
            if (0..<index).contains(where: { isSame($0, index, of: view) }) { continue }
            appendName(index, of: view, &writer, to: &output)
            let others = members.indices.dropFirst(index + 1).filter { isSame($0, index, of: view) }
            if !others.isEmpty { output.append(UInt8(ascii: "[")) }
            appendValue(member, of: view, to: &output)
            for other in others {
                output.append(UInt8(ascii: ","))
                appendValue(members[other], of: view, to: &output)
            }
            if !others.isEmpty { output.append(UInt8(ascii: "]")) }
        }
    }

    private func name(_ member: Member, _ view: ByteView) -> UnsafeRawBufferPointer {
        if let fixed = member.fixedName { return PlainText.bytes(fixed) }
        return view[member.name]
    }

    private func isSame(_ left: Int, _ right: Int, of view: ByteView) -> Bool {
        hashes[left] == hashes[right] && PlainText.equal(name(members[left], view), name(members[right], view))
    }

    /// The usual member, whose name and value need nothing done to them, in one reservation.
    /// - Returns: false, and nothing appended, for any other.
    private func appendPlain(
        _ member: Member,
        of view: ByteView,
        _ writer: inout MemberWriter,
        to output: inout [UInt8]
    ) -> Bool {
        guard member.form != .json else { return false }
        let name = name(member, view)
        let value = view[member.value]
        guard PlainText.isPlain(name), PlainText.isPlain(value), !PayloadName.isOwn(name) else { return false }
        let isNumber = PayloadName.isNumber(value)
        let hasMembers = writer.hasMembers
        writer.hasMembers = true
        output.append(addingCapacity: name.count + value.count + 6) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                guard let base = buffer.baseAddress else { return }
                var line = LinePointer(UnsafeMutableRawPointer(base + count))
                line.write(hasMembers ? ",\"" : "\"")
                line.write(name)
                line.write(isNumber ? "\":" : "\":\"")
                line.write(value)
                if !isNumber { line.write("\"") }
                count += line.count
            }
        }
        return true
    }

    private mutating func appendName(
        _ index: Int,
        of view: ByteView,
        _ writer: inout MemberWriter,
        to output: inout [UInt8]
    ) {
        let name = name(members[index], view)
        let isEscaped = isEscaped(index, of: view)
        if !PayloadName.isOwn(name) && !isEscaped {
            writer.appendName(name, to: &output)
            return
        }
        setText(toNameOf: index, of: view)
        // Two names of JSON that differ in their escapes alone are one name.
        let others = isEscaped ? twins(of: index, view) : 0
        if others > 0 || text.withUnsafeBytes({ PayloadName.isOwn($0) }) {
            let count = text.count
            var number = 1 + max(1, others)
            repeat {
                text.removeSubrange(count...)
                text.append(contentsOf: "_\(number)".utf8)
                number += 1
            } while members.contains(where: { candidate in
                text.withUnsafeBytes { PlainText.equal(self.name(candidate, view), $0) }
            })
        }
        text.withUnsafeBytes { writer.appendName($0, to: &output) }
    }

    private func isEscaped(_ index: Int, of view: ByteView) -> Bool {
        members[index].form == .json && name(members[index], view).contains(UInt8(ascii: "\\"))
    }

    /// How many members before this one, or written without escapes, have the name that is in `text`, written
    /// otherwise.
    private func twins(of index: Int, _ view: ByteView) -> Int {
        var count = 0
        var unescaped: [UInt8] = []
        for other in members.indices
        where hashes[other] != hashes[index] && (other < index || !isEscaped(other, of: view)) {
            unescaped.removeAll(keepingCapacity: true)
            JSONText.appendUnescaped(name(members[other], view), to: &unescaped)
            if unescaped == text { count += 1 }
        }
        return count
    }

    private mutating func setText(toNameOf index: Int, of view: ByteView) {
        text.removeAll(keepingCapacity: true)
        let name = name(members[index], view)
        if members[index].form == .json {
            JSONText.appendUnescaped(name, to: &text)
        } else {
            text.append(contentsOf: name)
        }
    }

    private mutating func appendValue(_ member: Member, of view: ByteView, to output: inout [UInt8]) {
        let value = view[member.value]
        switch member.form {
        case .json:
            // Line ends between the parts of a value would end the record; within a string there are none.
            for byte in value where byte != .lineFeed && byte != .carriageReturn { output.append(byte) }
        case .text, .quoted, .escaped:
            if PayloadName.isNumber(value) {
                output.append(contentsOf: value)
            } else if member.form == .text || !value.contains(UInt8(ascii: "\\")) {
                JSONText.appendString(value, to: &output)
            } else {
                unescape(value, member.form)
                text.withUnsafeBytes { _ = JSONText.appendString($0, to: &output) }
            }
        }
    }

    private mutating func unescape(_ value: UnsafeRawBufferPointer, _ form: Member.Form) {
        text.removeAll(keepingCapacity: true)
        var index = 0
        while index < value.count {
            let byte = value[index]
            guard byte == UInt8(ascii: "\\"), index + 1 < value.count else {
                text.append(byte)
                index += 1
                continue
            }
            let next = value[index + 1]
            if form == .escaped {
                text.append(next == UInt8(ascii: "n") ? .lineFeed : next == UInt8(ascii: "r") ? .carriageReturn : next)
                index += 2
            } else if next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") {
                text.append(next)
                index += 2
            } else {
                text.append(byte)
                index += 1
            }
        }
    }
}

/// What names and values of a payload are.
enum PayloadName {
    /// Whether the agent gives a member of this name itself: one in a payload is numbered.
    static func isOwn(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 2: isEqual(name, "sd")
        case 3: isEqual(name, "app") || isEqual(name, "pid")
        case 4: isEqual(name, "host") || isEqual(name, "peer")
        case 5: isEqual(name, "msgid")
        case 6: isEqual(name, "device") || isEqual(name, "topics")
        case 8: isEqual(name, "facility") || isEqual(name, "severity") || isEqual(name, "sequence")
        case 11: isEqual(name, "device_time")
        default: false
        }
    }

    @inline(__always)
    private static func isEqual(_ name: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        PlainText.equal(name, PlainText.bytes(text))
    }

    /// Whether a value is a number: digits with one dot at most, a minus before them, no zero before others.
    ///
    /// JSON's exponents are no numbers here: `12e4567` is part of a hash. Beyond 32 bytes it is a key or a serial.
    static func isNumber(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= 1, value.count <= 32 else { return false }
        var index = value[0] == UInt8(ascii: "-") ? 1 : 0
        let start = index
        while index < value.count && value[index].isDigit { index += 1 }
        guard index > start, index == start + 1 || value[start] != .zero else { return false }
        if index == value.count { return true }
        guard value[index] == UInt8(ascii: "."), index + 1 < value.count else { return false }
        index += 1
        while index < value.count && value[index].isDigit { index += 1 }
        return index == value.count
    }
}
