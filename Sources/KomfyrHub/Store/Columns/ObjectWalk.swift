import Protocol

/// Goes through a stored JSON object from member to member.
///
/// What is stored was checked when it came, so nothing is checked again; damaged text ends the walk, and never leads
/// beyond its range.
struct ObjectWalk {
    /// A member's value.
    enum Value {
        /// A string's text, or a number, `true`, `false` or `null` as written.
        case text([UInt8])
        /// An array, or an object that lies too deep.
        case other
    }

    private let text: [UInt8]
    private let end: Int
    private var index: Int

    init(_ text: [UInt8], _ range: Range<Int>) {
        self.text = text
        index = range.lowerBound
        end = min(range.upperBound, text.count)
    }

    /// The next byte that is no blank.
    var peek: UInt8? {
        mutating get {
            while index < end {
                let byte = text[index]
                guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
                index += 1
            }
            return nil
        }
    }

    /// Takes a byte if it is the next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    /// A member's name, and the colon behind it; nil: the object ends.
    mutating func name() -> [UInt8]? {
        guard let name = string(), take(UInt8(ascii: ":")) else { return nil }
        return name
    }

    /// Takes a value, holes by the numbers of `split`; nil: the text is damaged.
    mutating func value(_ split: SplitData?, _ row: Int) -> Value? {
        guard let byte = peek else { return nil }
        switch byte {
        case UInt8(ascii: "\""): return string().map { .text($0) }
        case UInt8(ascii: "{"), UInt8(ascii: "["): return skipNested() ? .other : nil
        case SplitData.hole:
            guard index + 1 < end else { return nil }
            defer { index += 2 }
            guard let digits = split?.digits(Int(text[index + 1]), row) else { return .other }
            return .text(Array(digits))
        default:
            let start = index
            while index < end, !Self.endsScalar(text[index]) { index += 1 }
            return index > start ? .text(Array(text[start..<index])) : nil
        }
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") || byte <= 0x20
    }

    private mutating func string() -> [UInt8]? {
        guard peek == UInt8(ascii: "\"") else { return nil }
        let start = index + 1
        guard skipString() else { return nil }
        return JSONText.unescaped(text[start..<index - 1])
    }

    private mutating func skipString() -> Bool {
        index += 1
        while index < end {
            switch text[index] {
            case UInt8(ascii: "\""):
                index += 1
                return true
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return false
    }

    /// Passes over an array or object with all that is in it.
    private mutating func skipNested() -> Bool {
        var depth = 0
        while index < end {
            switch text[index] {
            case UInt8(ascii: "\""):
                guard skipString() else { return false }
                continue
            case SplitData.hole: index += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 {
                    index += 1
                    return true
                }
            default: break
            }
            index += 1
        }
        return false
    }
}

extension JSONText {
    /// The text that the inside of a JSON string stands for.
    static func unescaped(_ string: ArraySlice<UInt8>) -> [UInt8] {
        guard string.contains(UInt8(ascii: "\\")) else { return Array(string) }
        var plain: [UInt8] = []
        string.withUnsafeBytes { appendUnescaped($0, to: &plain) }
        return plain
    }
}
