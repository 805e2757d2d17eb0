#if canImport(Glibc)
import Glibc
#endif

/// What a JSON value is.
public enum JSONKind: UInt8, Sendable {
    case object
    case array
    case string
    case number
    case `true`
    case `false`
    case null
}

/// A value within a text: its kind and its bytes, for strings without the quotes.
public struct JSONValue: Sendable, Equatable {
    /// What it is.
    public var kind: JSONKind
    /// Where it begins, in bytes.
    public var start: Int
    /// Where it ends, exclusive.
    public var end: Int
    /// Whether a string has escapes (`JSONText.appendUnescaped` resolves them).
    public var hasEscapes: Bool

    @inlinable
    init(kind: JSONKind, start: Int, end: Int, hasEscapes: Bool) {
        self.kind = kind
        self.start = start
        self.end = end
        self.hasEscapes = hasEscapes
    }
}

/// Walks a text along its structural positions and checks the grammar of RFC 8259 on the way.
///
/// What has been walked over is JSON: numbers, literals, escapes and nesting included. A value with pointers into
/// memory that is the scanner's and the caller's; see `JSONScanner.index`.
///
/// What a log's members are read by is inlinable: it runs some 60 times for each log, and as calls into another module
/// it took a third more instructions.
public struct JSONCursor {
    /// The text's bytes.
    public let text: UnsafePointer<UInt8>
    /// Where the part that is being walked ends; positions from there on do not exist for the cursor.
    public var end: Int
    /// Where the whole text ends.
    @usableFromInline let length: Int
    @usableFromInline let positions: UnsafePointer<UInt32>
    @usableFromInline let count: Int
    @usableFromInline var next = 0
    /// No backslash stands between what was read last and here; found by looking for the next one only when this one is
    /// passed, so that the whole text is searched once, not string by string.
    @usableFromInline var nextBackslash = 0

    init(text: UnsafePointer<UInt8>, length: Int, positions: UnsafePointer<UInt32>, count: Int) {
        self.text = text
        self.end = length
        self.length = length
        self.positions = positions
        self.count = count
    }

    /// The bytes of a value.
    @inlinable
    @inline(__always)
    public func bytes(_ value: JSONValue) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text + value.start, count: value.end - value.start)
    }

    /// The next structural byte, not consumed; nil at the end.
    @inlinable
    @inline(__always)
    public var peek: UInt8? {
        let position = nextPosition
        return position < end ? text[position] : nil
    }

    /// Where the next structural byte is, or `end`.
    @inlinable
    @inline(__always)
    public var nextPosition: Int {
        guard next < count else { return end }
        let position = Int(positions[next])
        return position < end ? position : end
    }

    /// Consumes a `{` or `[`, whose members or elements are then read by `nextKey` or `nextElement`.
    @inlinable
    public mutating func enter(_ bracket: UInt8) throws(JSONProblem) {
        guard peek == bracket else { throw JSONProblem(.expectedValue, at: nextPosition) }
        next += 1
    }

    /// The name of the next member of the object that was entered, with its colon consumed.
    ///
    /// Its value is to be read next.
    /// - Parameter isFirst: true at first; set to false.
    /// - Returns: nil when the object's `}` has been consumed.
    /// - Throws: what is wrong, and where.
    @inlinable
    public mutating func nextKey(isFirst: inout Bool) throws(JSONProblem) -> JSONValue? {
        guard var byte = peek else { throw JSONProblem(.expectedCommaOrEnd, at: end) }
        if byte == UInt8(ascii: "}") {
            next += 1
            return nil
        }
        if !isFirst {
            guard byte == UInt8(ascii: ",") else { throw JSONProblem(.expectedCommaOrEnd, at: nextPosition) }
            next += 1
            guard let after = peek else { throw JSONProblem(.expectedKey, at: end) }
            byte = after
        }
        isFirst = false
        guard byte == UInt8(ascii: "\"") else { throw JSONProblem(.expectedKey, at: nextPosition) }
        let key = try readString()
        guard peek == UInt8(ascii: ":") else { throw JSONProblem(.expectedColon, at: nextPosition) }
        next += 1
        return key
    }

    /// Whether the array that was entered has another element, to be read next.
    /// - Parameter isFirst: true at first; set to false.
    /// - Returns: false when the array's `]` has been consumed.
    /// - Throws: what is wrong, and where.
    @inlinable
    public mutating func nextElement(isFirst: inout Bool) throws(JSONProblem) -> Bool {
        guard let byte = peek else { throw JSONProblem(.expectedCommaOrEnd, at: end) }
        if byte == UInt8(ascii: "]") {
            next += 1
            return false
        }
        if !isFirst {
            guard byte == UInt8(ascii: ",") else { throw JSONProblem(.expectedCommaOrEnd, at: nextPosition) }
            next += 1
            if peek == UInt8(ascii: "]") { throw JSONProblem(.expectedValue, at: nextPosition) }
        }
        isFirst = false
        return true
    }

    /// Reads one whole value of any kind.
    @inlinable
    public mutating func readValue() throws(JSONProblem) -> JSONValue {
        guard let byte = peek else { throw JSONProblem(.expectedValue, at: end) }
        switch byte {
        case UInt8(ascii: "\""): return try readString()
        case UInt8(ascii: "{"), UInt8(ascii: "["): return try readContainer()
        default: return try readScalar(byte)
        }
    }

    /// Checks that nothing but blanks is left.
    @inlinable
    public func finish() throws(JSONProblem) {
        let position = nextPosition
        guard position == end else { throw JSONProblem(.trailingCharacters, at: position) }
    }

    /// Leaves out all positions before `offset`: to go on behind a part that could not be read.
    @inlinable
    public mutating func skip(to offset: Int) {
        while next < count, Int(positions[next]) < offset { next += 1 }
    }

    /// Goes behind the container that begins at `start` by counting brackets alone: for one whose inside is refused.
    public mutating func skipBrackets(from start: Int) {
        while next > 0, Int(positions[next - 1]) >= start { next -= 1 }
        var depth = 0
        while let byte = peek {
            next += 1
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { depth -= 1 }
            if depth <= 0 { return }
        }
    }

    /// The value of a hexadecimal digit.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    @inlinable
    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Reads the string whose opening quote is next.
    ///
    /// Its closing quote is the last byte but blanks before the next structural position: whatever else stood between
    /// would itself be structural.
    @inlinable
    @inline(__always)
    mutating func readString() throws(JSONProblem) -> JSONValue {
        let quote = nextPosition
        next += 1
        var last = nextPosition - 1
        while last > quote, Self.isBlank(text[last]) { last -= 1 }
        guard last > quote, text[last] == UInt8(ascii: "\"") else { throw JSONProblem(.unclosedString, at: quote) }
        let start = quote + 1
        if nextBackslash < start { findBackslash(from: start) }
        let hasEscapes = nextBackslash < last
        if hasEscapes { try checkEscapes(from: start, to: last) }
        return JSONValue(kind: .string, start: start, end: last, hasEscapes: hasEscapes)
    }

    @usableFromInline
    mutating func findBackslash(from start: Int) {
        let found = start < length ? memchr(text + start, 0x5C, length - start) : nil
        nextBackslash = found.map { UnsafeRawPointer($0) - UnsafeRawPointer(text) } ?? length
    }

    @usableFromInline
    func checkEscapes(from start: Int, to stop: Int) throws(JSONProblem) {
        var index = start
        while index < stop, let found = memchr(text + index, 0x5C, stop - index) {
            let backslash = UnsafeRawPointer(found) - UnsafeRawPointer(text)
            guard backslash + 1 < stop else { throw JSONProblem(.badEscape, at: backslash) }
            switch text[backslash + 1] {
            case 0x22, 0x5C, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
                UInt8(ascii: "r"), UInt8(ascii: "t"):
                index = backslash + 2
            case UInt8(ascii: "u"):
                guard backslash + 5 < stop else { throw JSONProblem(.badEscape, at: backslash) }
                for offset in 2...5 where Self.hexValue(text[backslash + offset]) == nil {
                    throw JSONProblem(.badEscape, at: backslash)
                }
                index = backslash + 6
            default: throw JSONProblem(.badEscape, at: backslash)
            }
        }
    }

    @usableFromInline
    mutating func readScalar(_ byte: UInt8) throws(JSONProblem) -> JSONValue {
        let start = nextPosition
        let kind: JSONKind
        let stop: Int
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            kind = .number
            stop = try numberEnd(from: start)
        case UInt8(ascii: "t"):
            kind = .true
            stop = try literalEnd("true", from: start)
        case UInt8(ascii: "f"):
            kind = .false
            stop = try literalEnd("false", from: start)
        case UInt8(ascii: "n"):
            kind = .null
            stop = try literalEnd("null", from: start)
        default: throw JSONProblem(.expectedValue, at: start)
        }
        next += 1
        // A scalar's further bytes are not structural: what follows it directly must be a blank, or structural itself.
        if stop < nextPosition, !Self.isBlank(text[stop]) {
            throw JSONProblem(kind == .number ? .badNumber : .badLiteral, at: start)
        }
        return JSONValue(kind: kind, start: start, end: stop, hasEscapes: false)
    }

    private func literalEnd(_ literal: StaticString, from start: Int) throws(JSONProblem) -> Int {
        let length = literal.utf8CodeUnitCount
        guard start + length <= end, memcmp(text + start, literal.utf8Start, length) == 0 else {
            throw JSONProblem(.badLiteral, at: start)
        }
        return start + length
    }

    /// The end of a number by RFC 8259 §6 (optional minus, integer, optional fraction and exponent).
    private func numberEnd(from start: Int) throws(JSONProblem) -> Int {
        var index = start
        if text[index] == UInt8(ascii: "-") { index += 1 }
        let integer = index
        index = digitsEnd(from: index)
        guard index > integer, index == integer + 1 || text[integer] != UInt8(ascii: "0") else {
            throw JSONProblem(.badNumber, at: start)
        }
        if index < end, text[index] == UInt8(ascii: ".") {
            let fraction = index + 1
            index = digitsEnd(from: fraction)
            guard index > fraction else { throw JSONProblem(.badNumber, at: start) }
        }
        if index < end, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < end, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index += 1 }
            let exponent = index
            index = digitsEnd(from: exponent)
            guard index > exponent else { throw JSONProblem(.badNumber, at: start) }
        }
        return index
    }

    @inline(__always)
    private func digitsEnd(from start: Int) -> Int {
        var index = start
        while index < end, text[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        return index
    }

    /// Walks an object or array with all that it holds.
    ///
    /// The kinds of the open containers are a stack of bits.
    @usableFromInline
    mutating func readContainer() throws(JSONProblem) -> JSONValue {
        let start = nextPosition
        let isObject = text[start] == UInt8(ascii: "{")
        var kinds: UInt64 = 0
        var depth = 0
        // True right after an opening bracket.
        var isFirst = true
        try open(&kinds, &depth)
        while depth > 0 {
            if kinds & 1 == 1 {
                guard try nextKey(isFirst: &isFirst) != nil else {
                    close(&kinds, &depth, &isFirst)
                    continue
                }
            } else {
                guard try nextElement(isFirst: &isFirst) else {
                    close(&kinds, &depth, &isFirst)
                    continue
                }
            }
            guard let byte = peek else { throw JSONProblem(.expectedValue, at: end) }
            switch byte {
            case UInt8(ascii: "\""): _ = try readString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                try open(&kinds, &depth)
                isFirst = true
            default: _ = try readScalar(byte)
            }
        }
        let stop = Int(positions[next - 1]) + 1
        return JSONValue(kind: isObject ? .object : .array, start: start, end: stop, hasEscapes: false)
    }

    @inline(__always)
    private mutating func open(_ kinds: inout UInt64, _ depth: inout Int) throws(JSONProblem) {
        guard depth < ProtocolLimits.jsonDepth else { throw JSONProblem(.tooDeep, at: nextPosition) }
        kinds = kinds << 1 | (text[nextPosition] == UInt8(ascii: "{") ? 1 : 0)
        depth += 1
        next += 1
    }

    @inline(__always)
    private func close(_ kinds: inout UInt64, _ depth: inout Int, _ isFirst: inout Bool) {
        kinds >>= 1
        depth -= 1
        isFirst = false
    }
}
