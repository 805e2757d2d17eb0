import Protocol

/// RFC 5424 §6.3: `[id name="value" name="value"][id …]`.
///
/// In a value `\"`, `\\` and `\]` stand for the second character; any other backslash for itself. A `]` that is not
/// escaped is taken as part of the value, since many senders forget to.
enum StructuredData {
    /// One `name="value"`.
    struct Parameter: Equatable {
        var name: Field
        /// Between the quotes, escapes as sent.
        var value: Field
    }

    /// Where the data at `position` ends.
    /// - Returns: nil when there is none, or it is broken, or larger than `AgentLimits.structuredDataBytes`.
    static func end(_ view: ByteView, at position: Int) -> Int? {
        var next = position
        var parameters = 0
        while view[next] == UInt8(ascii: "[") {
            var element = Element(view, at: next)
            // An element counts as a parameter: both are looked for among all that came before.
            parameters += 1
            while element.nextParameter() != nil { parameters += 1 }
            guard let end = element.end, end - position <= AgentLimits.structuredDataBytes,
                parameters <= AgentLimits.structuredDataParameters
            else { return nil }
            next = end
        }
        guard next > position, next >= view.count || view[next] == .space else { return nil }
        return next
    }

    /// Behind the element's `]`, or nil when it is broken.
    static func elementEnd(_ element: Element) -> Int? {
        var element = element
        while element.nextParameter() != nil {}
        return element.end
    }

    /// Whether an element of this id begins in `start..<end`.
    static func hasElement(_ id: Field, of view: ByteView, from start: Int, to end: Int) -> Bool {
        var position = start
        while position < end {
            let element = Element(view, at: position)
            if PlainText.equal(view[element.id], view[id]) { return true }
            guard let next = elementEnd(element) else { return false }
            position = next
        }
        return false
    }

    /// The parameters of all elements of this id, in order.
    static func parameters(of id: Field, in view: ByteView, _ field: Field) -> [Parameter] {
        var parameters: [Parameter] = []
        var position = field.start
        while position < field.end {
            var element = Element(view, at: position)
            let isMeant = PlainText.equal(view[element.id], view[id])
            while let parameter = element.nextParameter() {
                if isMeant { parameters.append(parameter) }
            }
            guard let next = element.end else { break }
            position = next
        }
        return parameters
    }

    /// Appends a value as a JSON string, its escapes resolved.
    static func appendValue(_ value: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var text: [UInt8] = []
        text.reserveCapacity(value.count)
        var index = 0
        while index < value.count {
            let byte = value[index]
            let next = index + 1 < value.count ? value[index + 1] : 0
            let isEscaped = next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") || next == UInt8(ascii: "]")
            if byte == UInt8(ascii: "\\") && isEscaped {
                text.append(next)
                index += 2
            } else {
                text.append(byte)
                index += 1
            }
        }
        text.withUnsafeBytes { _ = JSONText.appendString($0, to: &output) }
    }

    /// Walks over one element's parameters.
    struct Element {
        /// Empty when there is no element here.
        let id: Field
        /// Behind its `]`; nil until the last parameter was read, and for ever when the element is broken.
        private(set) var end: Int?
        private let view: ByteView
        private var position: Int

        /// The element whose `[` stands at `position`.
        init(_ view: ByteView, at position: Int) {
            self.view = view
            let name = Self.readName(view, at: position + 1)
            id = name
            self.position = name.end
        }

        /// The next parameter, if there is one.
        mutating func nextParameter() -> Parameter? {
            guard !id.isEmpty, end == nil else { return nil }
            let start = view.skippingBlanks(from: position)
            if view[start] == UInt8(ascii: "]") {
                end = start + 1
                return nil
            }
            guard start > position else { return nil }
            let name = Self.readName(view, at: start)
            guard !name.isEmpty, view[name.end] == UInt8(ascii: "="), view[name.end + 1] == UInt8(ascii: "\"") else {
                return nil
            }
            let valueStart = name.end + 2
            var next = valueStart
            while next < view.count && view[next] != UInt8(ascii: "\"") {
                next += view[next] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard next < view.count else { return nil }
            position = next + 1
            return Parameter(name: name, value: Field(start: valueStart, end: next))
        }

        /// SD-NAME: no blank, `=`, `]`, `"` or control character.
        ///
        /// Longer than the RFC's 32 is taken.
        private static func readName(_ view: ByteView, at position: Int) -> Field {
            var end = position
            while true {
                let byte = view[end]
                guard byte > 0x20, byte != 0x7F, byte != UInt8(ascii: "="), byte != UInt8(ascii: "]"),
                    byte != UInt8(ascii: "\""), end - position <= 255
                else { break }
                end += 1
            }
            return Field(start: position, end: end)
        }
    }
}
