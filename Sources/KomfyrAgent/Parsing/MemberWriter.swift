import Protocol

/// Writes members into a JSON object that is open, and knows whether a comma is due.
struct MemberWriter {
    /// Whether the object has members already.
    var hasMembers: Bool

    /// A string member; nothing when it is empty.
    mutating func append(_ name: StaticString, _ value: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard !value.isEmpty else { return }
        appendName(name, to: &output)
        JSONText.appendString(value, to: &output)
    }

    /// A number when it is all digits, else a string; nothing when it is empty.
    mutating func append(_ name: StaticString, numberOrText value: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard Self.isNumber(value) else {
            append(name, value, to: &output)
            return
        }
        appendName(name, to: &output)
        output.append(contentsOf: value)
    }

    /// Structured data as an object of objects; a name that repeats within one becomes an array.
    mutating func append(
        _ name: StaticString,
        structuredData field: Field,
        of view: ByteView,
        to output: inout [UInt8]
    ) {
        guard !field.isEmpty else { return }
        appendName(name, to: &output)
        output.append(UInt8(ascii: "{"))
        var ids = MemberWriter(hasMembers: false)
        var position = field.start
        while position < field.end {
            let element = StructuredData.Element(view, at: position)
            let end = StructuredData.elementEnd(element)
            guard let end else { break }
            // The first element of an id speaks for the later ones: they are read along with it.
            if !StructuredData.hasElement(element.id, of: view, from: field.start, to: position) {
                ids.appendName(view[element.id], to: &output)
                output.append(UInt8(ascii: "{"))
                appendParameters(StructuredData.parameters(of: element.id, in: view, field), of: view, to: &output)
                output.append(UInt8(ascii: "}"))
            }
            position = end
        }
        output.append(UInt8(ascii: "}"))
    }

    private func appendParameters(
        _ parameters: [StructuredData.Parameter],
        of view: ByteView,
        to output: inout [UInt8]
    ) {
        var members = MemberWriter(hasMembers: false)
        for (index, parameter) in parameters.enumerated() {
            let name = view[parameter.name]
            if parameters[..<index].contains(where: { PlainText.equal(view[$0.name], name) }) { continue }
            members.appendName(name, to: &output)
            let same = parameters[index...].filter { PlainText.equal(view[$0.name], name) }
            if same.count > 1 { output.append(UInt8(ascii: "[")) }
            for (number, parameter) in same.enumerated() {
                if number > 0 { output.append(UInt8(ascii: ",")) }
                StructuredData.appendValue(view[parameter.value], to: &output)
            }
            if same.count > 1 { output.append(UInt8(ascii: "]")) }
        }
    }

    /// A name with its colon, for a value that the caller writes.
    mutating func appendName(_ name: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        if hasMembers { output.append(UInt8(ascii: ",")) }
        hasMembers = true
        JSONText.appendString(name, to: &output)
        output.append(.colon)
    }

    /// A name with its colon, for a value that the caller writes.
    mutating func appendName(_ name: StaticString, to output: inout [UInt8]) {
        appendName(PlainText.bytes(name), to: &output)
    }

    /// Whether it is a whole number as JSON has it: digits, no zero before others, at most 18.
    @inline(__always)
    static func isNumber(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= 1, value.count <= 18, value[0] != .zero || value.count == 1 else { return false }
        for index in 0..<value.count where !value[index].isDigit { return false }
        return true
    }
}
