import Protocol

/// The two event formats of collectors, whose header's parts stand between bars.
///
/// ```
///  CEF:0|Vendor|Product|Version|EventClassID|Name|Severity|src=10.0.0.1 msg=two words act=blocked \= here
///  LEEF:1.0|Vendor|Product|Version|EventID|src=10.0.0.1⇥msg=two words
///  LEEF:2.0|Vendor|Product|Version|EventID|^|src=10.0.0.1^msg=two words       delimiter: `^`, `x5E`, `0x5E`, `\t`
/// ```
///
/// In the header `\|` and `\\` stand for the second character, in CEF's values `\=`, `\\` and `\n` too. A value of CEF
/// ends where the next name begins.
struct EventFormat {
    private(set) var isLEEF: Bool
    /// Vendor, product, version, event; CEF: name and severity behind them.
    private(set) var parts: [Field] = []
    /// The members behind the header.
    private(set) var attributes: Field
    private var delimiter: UInt8 = 0x09

    /// The device's product.
    var product: Field { parts.count > 1 ? parts[1] : .none }

    /// The severity of syslog that CEF's 0 to 10 (or Low to Very-High) means; nil for LEEF, and when it is none.
    func severity(_ view: ByteView) -> Int? {
        guard !isLEEF, parts.count > 5 else { return nil }
        let field = parts[5]
        var number: Int?
        if field.count <= 2 { number = view.number(at: field.start, digits: field.count) }
        if number == nil {
            let first = view[field.start] | 0x20
            number =
                first == UInt8(ascii: "v") ? 9 : first == UInt8(ascii: "h") ? 7 : first == UInt8(ascii: "m") ? 5 : nil
            if first == UInt8(ascii: "l") { number = 1 }
        }
        switch number ?? -1 {
        case 0...3: return 6
        case 4...6: return 4
        case 7...8: return 3
        case 9...10: return 2
        default: return nil
        }
    }

    /// Whether such a header may begin here.
    static func isHeader(_ view: ByteView, at position: Int) -> Bool {
        view.has("CEF:", at: position) || view.has("LEEF:", at: position)
    }

    /// Reads a header; nil when it is none.
    init?(_ view: ByteView, _ text: Field) {
        isLEEF = view.has("LEEF:", at: text.start)
        guard isLEEF || view.has("CEF:", at: text.start) else { return nil }
        let versionStart = view.skippingBlanks(from: text.start + (isLEEF ? 5 : 4))
        guard view[versionStart].isDigit else { return nil }
        let isSecond = isLEEF && view[versionStart] == UInt8(ascii: "2")
        attributes = .none
        var position = versionStart
        let wanted = isLEEF ? 5 : 7
        for index in 0..<wanted {
            let start = position
            while position < text.end && view[position] != UInt8(ascii: "|") {
                position += view[position] == UInt8(ascii: "\\") && !isLEEF ? 2 : 1
            }
            // The last part may end the text.
            guard position < text.end || index == wanted - 1 else { return nil }
            if index > 0 { parts.append(Field(start: start, end: min(position, text.end))) }
            position += 1
        }
        if isSecond, let bar = view.position(of: UInt8(ascii: "|"), from: position, to: min(text.end, position + 6)) {
            if let byte = Self.delimiter(view, Field(start: position, end: bar)) { delimiter = byte }
            position = bar + 1
        }
        attributes = Field(start: min(position, text.end), end: text.end)
    }

    /// A character, or its number in hexadecimal.
    private static func delimiter(_ view: ByteView, _ field: Field) -> UInt8? {
        if field.count == 1 { return view[field.start] }
        if field.count == 2 && view.has("\\t", at: field.start) { return 0x09 }
        var position = field.start
        if view[position] == .zero { position += 1 }
        guard view[position] | 0x20 == UInt8(ascii: "x"), field.end - position == 3 || field.end - position == 2 else {
            return nil
        }
        var value = 0
        for index in (position + 1)..<field.end {
            let byte = view[index]
            let letter = (byte | 0x20) &- UInt8(ascii: "a")
            guard byte.isDigit || letter <= 5 else { return nil }
            value = value * 16 + Int(byte.isDigit ? byte - .zero : letter + 10)
        }
        return UInt8(value)
    }

    private static let names: [StaticString] = [
        "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "cefSeverity",
    ]

    /// Appends the header's parts and the members.
    static func read(_ view: ByteView, _ text: Field, into members: inout [PayloadReader.Member]) {
        guard let event = EventFormat(view, text) else { return }
        for (index, part) in event.parts.enumerated() where !part.isEmpty {
            let name = event.isLEEF && index == 3 ? "eventId" : names[index]
            members.append(PayloadReader.Member(name: .none, value: part, form: .escaped, fixedName: name))
        }
        let isDelimited =
            event.isLEEF
            && view.position(of: event.delimiter, from: event.attributes.start, to: event.attributes.end) != nil
        if isDelimited {
            event.readDelimited(view, into: &members)
        } else {
            event.readExtension(view, into: &members)
        }
    }

    private func readDelimited(_ view: ByteView, into members: inout [PayloadReader.Member]) {
        var position = attributes.start
        while position < attributes.end && members.count < AgentLimits.payloadMembers {
            let end = view.position(of: delimiter, from: position, to: attributes.end) ?? attributes.end
            if let equals = view.position(of: UInt8(ascii: "="), from: position, to: end), equals > position,
                equals + 1 < end
            {
                let name = Field(start: view.skippingBlanks(from: position), end: equals)
                let value = Field(start: equals + 1, end: end)
                if !name.isEmpty { members.append(PayloadReader.Member(name: name, value: value, form: .text)) }
            }
            position = end + 1
        }
    }

    /// `key=two words next=…`: a value goes on until the blank before the next name.
    private func readExtension(_ view: ByteView, into members: inout [PayloadReader.Member]) {
        var current: Field?
        var valueStart = 0
        var position = attributes.start
        func close(at end: Int) {
            guard let name = current else { return }
            var end = end
            while end > valueStart && view[end - 1] == .space { end -= 1 }
            if end > valueStart {
                let value = Field(start: valueStart, end: end)
                members.append(PayloadReader.Member(name: name, value: value, form: isLEEF ? .text : .escaped))
            }
        }
        while members.count < AgentLimits.payloadMembers,
            let equals = view.position(of: UInt8(ascii: "="), from: position, to: attributes.end)
        {
            position = equals + 1
            var start = equals
            while start > max(attributes.start, valueStart) && Self.isNameByte(view[start - 1]) { start -= 1 }
            guard start < equals, start == attributes.start || view[start - 1] <= 0x20 else { continue }
            close(at: start)
            current = Field(start: start, end: equals)
            valueStart = equals + 1
        }
        if members.count < AgentLimits.payloadMembers { close(at: attributes.end) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isAlphanumeric || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
    }
}
