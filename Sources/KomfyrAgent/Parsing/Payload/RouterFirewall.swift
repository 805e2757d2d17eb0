/// A firewall's line of RouterOS (MikroTik), which has words where others have `key=value`.
///
/// ```
///  drop input: in:ether1 out:(unknown 0), connection-state:new src-mac 00:53:00:aa:bb:cc, proto TCP (SYN),
///  198.51.100.7:40000->203.0.113.9:22, NAT (198.51.100.7:40000->10.0.0.9:22)->203.0.113.9:22, len 60
/// ```
///
/// Gives `in`, `out`, `connection-state`, `src-mac`, `proto`, `flags`, `src`, `srcport`, `dst`, `dstport`, `nat`,
/// `len`. Taken only when the line has both interfaces and the protocol: then it can be nothing else.
enum RouterFirewall {
    /// Appends the members of such a line.
    /// - Returns: whether it is one; nothing is appended when not.
    static func read(_ view: ByteView, _ text: Field, into members: inout [PayloadReader.Member]) -> Bool {
        guard let input = find("in:", view, from: text.start, in: text),
            let out = find(" out:", view, from: input, in: text),
            find(" proto ", view, from: out, in: text) != nil
        else { return false }
        append("in", Field(start: input + 3, end: out), to: &members)
        var position = out + 5
        var isFirst = true
        while position < text.end {
            let part = Field(start: position, end: endOfPart(view, from: position, to: text.end))
            if isFirst {
                append("out", part, to: &members)
            } else {
                read(view, part: part, into: &members)
            }
            isFirst = false
            position = view.skippingBlanks(from: part.end + 1)
        }
        return true
    }

    /// Up to a comma outside of brackets; lists such as `new,snat` have no blank behind theirs.
    private static func endOfPart(_ view: ByteView, from start: Int, to end: Int) -> Int {
        var depth = 0
        var position = start
        while position < end {
            switch view[position] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: ",") where depth <= 0 && view[position + 1] == .space: return position
            default: break
            }
            position += 1
        }
        return end
    }

    private static func read(_ view: ByteView, part: Field, into members: inout [PayloadReader.Member]) {
        var part = part
        if view.has("connection-state:", at: part.start) {
            let end = min(view.endOfToken(from: part.start), part.end)
            append("connection-state", Field(start: part.start + 17, end: end), to: &members)
            part.start = view.skippingBlanks(from: end)
        }
        if view.has("src-mac ", at: part.start) {
            append("src-mac", Field(start: part.start + 8, end: part.end), to: &members)
        } else if view.has("proto ", at: part.start) {
            let end = min(view.endOfToken(from: part.start + 6), part.end)
            append("proto", Field(start: part.start + 6, end: end), to: &members)
            if view[end + 1] == UInt8(ascii: "("), view[part.end - 1] == UInt8(ascii: ")") {
                append("flags", Field(start: end + 2, end: part.end - 1), to: &members)
            }
        } else if view.has("NAT ", at: part.start) {
            append("nat", Field(start: part.start + 4, end: part.end), to: &members)
        } else if view.has("len ", at: part.start) {
            append("len", Field(start: part.start + 4, end: part.end), to: &members)
        } else if let arrow = find("->", view, from: part.start, in: part) {
            readAddress(view, Field(start: part.start, end: arrow), "src", "srcport", into: &members)
            readAddress(view, Field(start: arrow + 2, end: part.end), "dst", "dstport", into: &members)
        }
    }

    /// An address with or without its port.
    ///
    /// `10.0.0.1:443`, `[fe80::1]:443`, `10.0.0.1`
    private static func readAddress(
        _ view: ByteView,
        _ field: Field,
        _ name: StaticString,
        _ portName: StaticString,
        into members: inout [PayloadReader.Member]
    ) {
        var address = field
        var colon = field.end - 1
        while colon > field.start && view[colon].isDigit { colon -= 1 }
        let isBracketed = view[field.start] == UInt8(ascii: "[")
        let first = view.position(of: .colon, from: field.start, to: field.end)
        if view[colon] == .colon, isBracketed ? view[colon - 1] == UInt8(ascii: "]") : first == colon {
            address.end = colon
            append(portName, Field(start: colon + 1, end: field.end), to: &members)
        }
        if isBracketed, view[address.end - 1] == UInt8(ascii: "]") {
            address = Field(start: address.start + 1, end: address.end - 1)
        }
        append(name, address, to: &members)
    }

    private static func append(_ name: StaticString, _ value: Field, to members: inout [PayloadReader.Member]) {
        guard !value.isEmpty, members.count < AgentLimits.payloadMembers else { return }
        members.append(PayloadReader.Member(name: .none, value: value, form: .text, fixedName: name))
    }

    private static func find(_ text: StaticString, _ view: ByteView, from start: Int, in field: Field) -> Int? {
        var position = start
        while position + text.utf8CodeUnitCount <= field.end {
            if view.has(text, at: position) { return position }
            position += 1
        }
        return nil
    }
}
