import Protocol
import RegularExpressions

/// One term of a search: what is held against one part of a log.
enum SearchTerm: Sendable {
    /// Every log.
    case everything
    /// Logs of these levels; bit n stands for the level with raw value n.
    case levels(UInt8)
    case group(GroupTest)
    case tags(ValueTest)
    case source(ValueTest)
    case message(TextTest)
    /// The message, or a string in the data.
    case text(TextTest)
    case member(MemberTest)
    /// A member of the data that is a number.
    case number(NumberTest)
}

/// What a text must be like.
enum TextTest: Sendable {
    case needle(Needle)
    case pattern(RegularExpression)

    func holds(_ text: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .needle(let needle): needle.isIn(text)
        case .pattern(let pattern): pattern.matches(text)
        }
    }

    /// Holds it against a string of JSON without its quotes.
    func holds(_ text: UnsafeRawBufferPointer, hasEscapes: Bool, _ scratch: inout [UInt8]) -> Bool {
        guard hasEscapes else { return holds(text) }
        scratch.removeAll(keepingCapacity: true)
        JSONText.appendUnescaped(text, to: &scratch)
        return scratch.withUnsafeBytes { holds($0) }
    }
}

/// What one of a log's names must be like: its source, one of its tags.
enum ValueTest: Sendable {
    /// There is one.
    case exists
    case text(TextTest)

    /// Holds it against a source; empty: there is none.
    func holds(source: UnsafeRawBufferPointer) -> Bool {
        if source.isEmpty { return false }
        switch self {
        case .exists: return true
        case .text(let test): return test.holds(source)
        }
    }

    /// Holds it against a list of tags; empty: there are none.
    func holds(tags: UnsafeRawBufferPointer, _ scratch: inout [UInt8]) -> Bool {
        TagList.contains(tags) { element in
            guard case .text(let test) = self else { return true }
            let text = UnsafeRawBufferPointer(rebasing: element[1..<element.count - 1])
            return test.holds(text, hasEscapes: text.contains(UInt8(ascii: "\\")), &scratch)
        }
    }
}

/// Which groups are meant, decided once for all logs of a group.
enum GroupTest: Sendable {
    /// Logs that have one.
    case exists
    case pattern(GroupPattern)
    /// Names that begin with, end with or hold a text, case included.
    case part([UInt8], isAtStart: Bool, isAtEnd: Bool)
    case expression(RegularExpression)

    func holds(_ group: String?) -> Bool {
        guard let group else { return false }
        switch self {
        case .exists: return true
        case .pattern(let pattern): return pattern.matches(group)
        case .part(let part, let isAtStart, let isAtEnd):
            let name = Array(group.utf8)
            if isAtStart { return name.starts(with: part) }
            if isAtEnd { return name.suffix(part.count).elementsEqual(part) }
            return name.withUnsafeBytes { ByteSearch.first(part, in: $0) != nil }
        case .expression(let expression):
            return Array(group.utf8).withUnsafeBytes { expression.matches($0) }
        }
    }
}

/// A comparison with a number.
struct NumberTest: Sendable {
    enum Operator: Sendable {
        case less
        case lessOrEqual
        case greater
        case greaterOrEqual
    }

    /// Dotted.
    let path: [UInt8]
    let comparison: Operator
    let bound: Double

    /// Numbers beyond a double's range compare with nothing: chunks know the least and the most of the others alone.
    @inline(__always)
    func holds(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        switch comparison {
        case .less: return value < bound
        case .lessOrEqual: return value <= bound
        case .greater: return value > bound
        case .greaterOrEqual: return value >= bound
        }
    }

    /// Holds it against a log's data: the first number that the path names, elements of arrays left out.
    func holds(_ data: UnsafeRawBufferPointer, _ holes: HoleNumbers?) -> Bool {
        var result = false
        _ = DataWalk.member(path, in: data) { value, isElement in
            switch value {
            case .number(let digits) where !isElement:
                result = NumberText.value(digits).map(holds) ?? false
                return true
            case .hole(let column):
                result = holes?.value(column).map(holds) ?? false
                return true
            default: return false
            }
        }
        return result
    }
}

/// What a member of the data must be like; any one of its values will do.
///
/// Never changes; a class for the same reason as `Needle`.
final class MemberTest: Sendable {
    /// Dotted.
    let path: [UInt8]
    /// Nil: it must be there, and not be null.
    let text: TextTest?
    /// The number that its text is, which the member's number may equal.
    let number: NumberEquality?
    /// A number's digits are held against the text: prefixes, parts and patterns.
    let comparesDigits: Bool

    init(path: [UInt8], text: TextTest?, number: NumberEquality?, comparesDigits: Bool) {
        self.path = path
        self.text = text
        self.number = number
        self.comparesDigits = comparesDigits
    }

    /// Holds it against a log's data.
    func holds(_ data: UnsafeRawBufferPointer, _ holes: HoleNumbers?, _ scratch: inout [UInt8]) -> Bool {
        var isFirstNumber = true
        return DataWalk.member(path, in: data) { value, isElement in
            guard let text else {
                if case .literal(let name) = value { return name.first != UInt8(ascii: "n") }
                return true
            }
            switch value {
            case .object, .array: return false
            case .string(let bytes, let hasEscapes): return text.holds(bytes, hasEscapes: hasEscapes, &scratch)
            case .literal(let name):
                // Null is the lack of a value, unless it is asked for by name.
                return name.first != UInt8(ascii: "n") || isNull ? text.holds(name) : false
            case .number(let digits):
                guard !isElement, isFirstNumber else { return false }
                isFirstNumber = false
                if comparesDigits { return text.holds(digits) }
                return number.map { $0.holds(NumberText.value(digits) ?? .nan, digits) } ?? false
            case .hole(let column):
                guard isFirstNumber else { return false }
                isFirstNumber = false
                if comparesDigits { return holes?.withDigits(column) { text.holds($0) } ?? false }
                guard let number, let value = holes?.value(column) else { return false }
                guard number.digits != nil else { return number.holds(value, nil) }
                return holes?.withDigits(column) { number.holds(value, $0) } ?? false
            }
        }
    }

    private var isNull: Bool {
        if case .needle(let needle) = text { return needle.folded.elementsEqual("null".utf8) }
        return false
    }

    /// Whether a number's digits or a literal may be what is looked for: these are in no Bloom filter.
    var mayBeLiteral: Bool {
        guard case .needle(let needle) = text else { return true }
        let names: [StaticString] = ["true", "false", "null"]
        let isLiteral = names.contains { name in
            name.withUTF8Buffer { ByteSearch.first(needle.folded, in: UnsafeRawBufferPointer($0)) != nil }
        }
        return isLiteral || comparesDigits && needle.folded.allSatisfy(Self.isInNumbers)
    }

    private static func isInNumbers(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "e")
    }
}

/// A number that others may equal.
struct NumberEquality: Sendable {
    let value: Double
    /// As it was written, when doubles do not tell it from its neighbours: it has more than 15 digits, or is beyond
    /// their range.
    let digits: [UInt8]?

    /// The number that a text is; nil: it is none.
    init?(_ text: [UInt8]) {
        let read = text.withUnsafeBytes { bytes in
            NumberText.value(bytes).map { ($0, NumberText.significantDigits(bytes)) }
        }
        guard let read else { return nil }
        value = read.0
        digits = read.1 > 15 || !read.0.isFinite ? text : nil
    }

    /// Whether a number is this one; without its digits, as far as doubles tell.
    func holds(_ other: Double, _ digits: UnsafeRawBufferPointer?) -> Bool {
        guard other == value else { return false }
        guard let own = self.digits, let digits else { return true }
        return own.withUnsafeBytes { NumberText.areEqual($0, digits) }
    }
}

/// The numbers that fill the holes of one row, which is another for each that is looked at.
final class HoleNumbers {
    private let split: SplitData
    var row = 0

    init(_ split: SplitData) { self.split = split }

    /// Nil: it was not fetched, or there is none.
    func value(_ column: Int) -> Double? {
        guard let values = split.numbers[column]?.values, row < values.count, !values[row].isNaN else { return nil }
        return values[row]
    }

    /// The digits as sent; nil: they were not fetched.
    func withDigits<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard let digits = split.numbers[column]?.digits else { return nil }
        return digits.withBytes(of: row, body)
    }
}

extension TextColumn {
    /// A row's text; nil when the row or its range is not within the column.
    func withBytes<Result>(of row: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard row >= 0, row < ranges.count else { return nil }
        let range = ranges[row]
        let start = Int(range.offset)
        guard start + Int(range.length) <= text.count else { return nil }
        return text.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<start + Int(range.length)])) }
    }
}

extension SplitData {
    /// Whether numbers of a member may stand in the objects: it found no room among the columns.
    func mayKeepInObjects(_ path: [UInt8]) -> Bool {
        Self.mayKeepInObjects(path, columns: columns.count) && column(path) == nil
    }

    /// Whether a chunk with so many columns may have numbers of a member that is not among them.
    static func mayKeepInObjects(_ path: [UInt8], columns: Int) -> Bool {
        columns >= HubLimits.numericColumns || path.count > HubLimits.numericPathBytes
    }
}
