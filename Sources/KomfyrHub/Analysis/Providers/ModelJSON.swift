import Protocol

/// A provider's answer as a tree, with a bound on its size: what is too deep or too much is left out.
enum ModelJSON: Sendable, Equatable {
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    indirect case list([ModelJSON])
    indirect case object([String: ModelJSON])

    /// Reads a text; nil when it is no JSON, or has more values than an answer can have.
    init?(_ bytes: [UInt8]) {
        var scanner = JSONScanner()
        let value: ModelJSON? = bytes.withUnsafeBytes { bytes in
            do throws(JSONProblem) { return try ModelJSON(bytes, &scanner) } catch { return nil }
        }
        guard let value else { return nil }
        self = value
    }

    /// Reads a text, which has values enough for an answer at most.
    init(_ bytes: UnsafeRawBufferPointer, _ scanner: inout JSONScanner) throws(JSONProblem) {
        var room = HubLimits.modelAnswerValues
        var cursor = try scanner.indexCopy(of: bytes)
        self = try Self.read(&cursor, depth: 0, &room)
        try cursor.finish()
        guard room > 0 else { throw JSONProblem(.tooLarge) }
    }

    subscript(_ name: String) -> ModelJSON? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    var text: String? { if case .text(let value) = self { value } else { nil } }
    var items: [ModelJSON] { if case .list(let items) = self { items } else { [] } }
    var isTrue: Bool { self == .boolean(true) }
    var isObject: Bool { if case .object = self { true } else { false } }
    /// A count as it may be believed: whole, from 0 to a billion.
    var count: Int? {
        guard case .number(let value) = self, value >= 0, value <= 1e9 else { return nil }
        return Int(value)
    }

    private static func read(_ cursor: inout JSONCursor, depth: Int, _ room: inout Int) throws(JSONProblem) -> ModelJSON
    {
        guard room > 0, depth < HubLimits.modelAnswerDepth else {
            _ = try cursor.readValue()
            return .null
        }
        room -= 1
        switch cursor.peek {
        case UInt8(ascii: "{"):
            try cursor.enter(UInt8(ascii: "{"))
            var members: [String: ModelJSON] = [:]
            var isFirst = true
            while let name = try cursor.nextKey(isFirst: &isFirst) {
                let text = text(cursor.bytes(name))
                members[text] = try read(&cursor, depth: depth + 1, &room)
            }
            return .object(members)
        case UInt8(ascii: "["):
            try cursor.enter(UInt8(ascii: "["))
            var items: [ModelJSON] = []
            var isFirst = true
            while try cursor.nextElement(isFirst: &isFirst) {
                items.append(try read(&cursor, depth: depth + 1, &room))
            }
            return .list(items)
        default:
            let value = try cursor.readValue()
            switch value.kind {
            case .string: return .text(text(cursor.bytes(value)))
            case .number: return .number(Double(String(decoding: cursor.bytes(value), as: UTF8.self)) ?? 0)
            case .true: return .boolean(true)
            case .false: return .boolean(false)
            default: return .null
            }
        }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var text: [UInt8] = []
        JSONText.appendUnescaped(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
