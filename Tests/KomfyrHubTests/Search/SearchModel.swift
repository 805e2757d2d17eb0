import Protocol

import struct TestSupport.SeededRandom

@testable import KomfyrHub

/// A search as a tree that writes itself in the `q` language and says what it means by itself: letter by letter, on
/// Swift's characters, without anything that the hub does.
indirect enum SearchModel: Sendable {
    case text(Term)
    case message(Term)
    case tag(Term)
    case source(Term)
    case member(String, Term)
    case whole(String, String)
    case has(String)
    case number(String, String, Double)
    case level(String, Level)
    case group(String)
    case pattern(String)
    case not(SearchModel)
    case all([SearchModel])
    case any([SearchModel])

    /// A text, and whether a star stands before it or after it.
    struct Term: Sendable {
        var text: String
        var startsOpen = false
        var endsOpen = false

        var written: String {
            let isPlain = text.unicodeScalars.allSatisfy(\.isOfWord)
            let isOperator = ["AND", "OR", "NOT"].contains(text)
            let body = isPlain && !isOperator ? text : "\"" + text.escaped + "\""
            return (startsOpen ? "*" : "") + body + (endsOpen ? "*" : "")
        }

        /// Whether a text has it, by words or as a whole.
        func isIn(_ other: String, whole: Bool) -> Bool {
            let text = Array(other.lowered)
            let wanted = Array(self.text.lowered)
            guard wanted.count <= text.count else { return false }
            return (0...text.count - wanted.count)
                .contains { place in
                    let end = place + wanted.count
                    guard text[place..<end].elementsEqual(wanted) else { return false }
                    if whole { return (startsOpen || place == 0) && (endsOpen || end == text.count) }
                    let left = startsOpen || place == 0 || !text[place - 1].isOfWord || !text[place].isOfWord
                    let right = endsOpen || end == text.count || !text[end].isOfWord || !text[end - 1].isOfWord
                    return left && right
                }
        }
    }

    var written: String {
        switch self {
        case .text(let term): return term.written
        case .message(let term): return "message:" + term.written
        case .tag(let term): return "tags:" + term.written
        case .source(let term): return "source=" + term.written
        case .member(let path, let term): return path.asName + ":" + term.written
        case .whole(let path, let text): return path.asName + "=\"" + text.escaped + "\""
        case .has(let path): return path.asName + ":*"
        case .number(let path, let comparison, let bound): return path.asName + comparison + "\(bound)"
        case .level(let comparison, let level): return "level" + comparison + "\(level.name)"
        case .group(let pattern): return "group:" + pattern
        case .pattern(let text): return "/" + text + "/"
        case .not(.all(let parts)): return "NOT (" + parts.map(\.inner).joined(separator: " ") + ")"
        case .not(let part): return "-" + part.inner
        case .all(let parts): return parts.map(\.inner).joined(separator: " ")
        case .any(let parts): return parts.map(\.written).joined(separator: " OR ")
        }
    }

    private var inner: String {
        switch self {
        case .any, .all: return "(" + written + ")"
        default: return written
        }
    }

    func matches(_ log: SearchLog) -> Bool {
        switch self {
        case .text(let term):
            return ([log.message] + (log.data?.strings ?? [])).contains { term.isIn($0, whole: false) }
        case .message(let term): return term.isIn(log.message, whole: false)
        case .tag(let term): return log.tags.contains { term.isIn($0, whole: true) }
        case .source(let term): return !log.source.isEmpty && term.isIn(log.source, whole: true)
        case .member(let path, let term): return Self.holds(log, path, term, whole: false)
        case .whole(let path, let text): return Self.holds(log, path, Term(text: text), whole: true)
        case .has(let path):
            return Self.values(log, path)
                .contains { value in
                    if case .literal("null") = value.value { return false }
                    return true
                }
        case .number(let path, let comparison, let bound):
            guard let value = Self.firstNumber(log, path).flatMap(Double.init), value.isFinite else { return false }
            switch comparison {
            case "<": return value < bound
            case "<=": return value <= bound
            case ">": return value > bound
            default: return value >= bound
            }
        case .level(let comparison, let level):
            switch comparison {
            case "<": return log.level < level
            case "<=": return log.level <= level
            case ">": return log.level > level
            case ">=": return log.level >= level
            default: return log.level == level
            }
        case .group(let pattern): return GroupPattern(pattern).matches(log.group)
        case .pattern(let text):
            return ([log.message] + (log.data?.strings ?? [])).contains { $0.unicodeScalars.holds(text.unicodeScalars) }
        case .not(let part): return !part.matches(log)
        case .all(let parts): return parts.allSatisfy { $0.matches(log) }
        case .any(let parts): return parts.contains { $0.matches(log) }
        }
    }

    private static func values(
        _ log: SearchLog,
        _ path: String
    ) -> [(path: String?, value: JSONTree, isElement: Bool)] {
        // By bytes: to Swift two spellings of an accent are equal.
        log.data?.values().filter { $0.path?.utf8.elementsEqual(path.utf8) ?? false } ?? []
    }

    private static func firstNumber(_ log: SearchLog, _ path: String) -> String? {
        for value in values(log, path) where !value.isElement {
            if case .number(let digits) = value.value { return digits }
        }
        return nil
    }

    private static func holds(_ log: SearchLog, _ path: String, _ term: Term, whole: Bool) -> Bool {
        let isOpen = term.startsOpen || term.endsOpen
        if let digits = firstNumber(log, path) {
            if isOpen {
                if term.isIn(digits, whole: whole) { return true }
            } else if let wanted = NaiveNumber(term.text), wanted.equals(digits) {
                return true
            }
        }
        return values(log, path)
            .contains { value in
                switch value.value {
                case .string(let text): return term.isIn(text, whole: whole)
                case .literal("null"): return term.text.lowered == "null".lowered
                case .literal(let name): return term.isIn(name, whole: whole)
                default: return false
                }
            }
    }
}

extension String {
    fileprivate var escaped: String {
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar == "\\" || scalar == "\"" { text.append("\\") }
            text.append(contentsOf: scalar == "\n" ? "\\n".unicodeScalars : String(scalar).unicodeScalars)
        }
        return String(text)
    }

    /// As the name of a member.
    fileprivate var asName: String {
        !isEmpty && unicodeScalars.allSatisfy { $0.isOfWord || $0 == "." } ? self : "\"" + escaped + "\""
    }

    fileprivate var lowered: [Unicode.Scalar] {
        unicodeScalars.flatMap {
            $0.isASCII
                ? Array(String($0).lowercased().unicodeScalars) : Array($0.properties.lowercaseMapping.unicodeScalars)
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isOfWord: Bool {
        !isASCII || self == "_" || "a"..."z" ~= self || "A"..."Z" ~= self || "0"..."9" ~= self
    }
}

extension String.UnicodeScalarView {
    fileprivate func holds(_ other: String.UnicodeScalarView) -> Bool {
        let (text, wanted) = (Array(self), Array(other))
        guard wanted.count <= text.count else { return false }
        return (0...text.count - wanted.count).contains { text[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
}

/// A number of JSON by its text; compared exactly where doubles cannot tell it from others.
private struct NaiveNumber {
    let text: String
    let value: Double

    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 < 0x80 }),
            text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil,
            let value = Double(text)
        else { return nil }
        self.text = text
        self.value = value
    }

    func equals(_ other: String) -> Bool {
        guard let other = NaiveNumber(other), other.value == value else { return false }
        return parts.digits.count <= 15 && value.isFinite || parts == other.parts
    }

    private struct Parts: Equatable {
        var isNegative = false
        var digits: [Character] = []
        var exponent = 0
    }

    /// The digits without zeros around them, and the power of ten of the last.
    private var parts: Parts {
        let halves = text.lowercased().split(separator: "e")
        let pieces = halves[0].drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = pieces.count > 1 ? Array(pieces[1]) : []
        var parts = Parts(
            isNegative: text.hasPrefix("-"),
            digits: Array((Array(pieces[0]) + fraction).drop { $0 == "0" }),
            exponent: (halves.count > 1 ? Int(halves[1]) ?? 0 : 0) - fraction.count
        )
        while parts.digits.last == "0" {
            parts.digits.removeLast()
            parts.exponent += 1
        }
        return parts.digits.isEmpty ? Parts() : parts
    }
}

// MARK: - Random logs and searches

extension SeededRandom {
    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    private static let pieces: [String] = [
        "disk", "Disk", "dis", "full", "error", "a", "K", "\u{212A}", "på", "PÅ", "ÅÆ", "\u{130}x", "x_1", "404", "1.5",
        "-",
        "/", "\"", "\\", " ", "  ", ":", "(", "web-1", "日本", "true", "null", "\n", "OR", "é",
    ]

    private mutating func text(_ most: Int) -> String {
        var text = ""
        for index in 0..<1 + below(most) {
            if index > 0, chance(2, in: 3) { text += " " }
            text += pick(Self.pieces)
        }
        return text
    }

    private static let digits: [String] = [
        "0", "-0", "1", "1.10", "1.1", "404", "-7.5", "1e2", "100", "1e400", "12345678901234567890",
    ]
    private static let names = ["a", "b", "c", "a.b", "å", "n"]
    private static let paths = ["a", "b", "a.b", "a.a", "n", "b.c", "å", "a.b.c", "c.c"]

    private mutating func tree(_ depth: Int) -> JSONTree {
        switch below(depth > 2 ? 4 : 7) {
        case 0, 1: return .number(pick(Self.digits))
        case 2: return .string(text(3))
        case 3: return .literal(pick(["true", "false", "null"]))
        case 4: return .array((0..<below(3)).map { _ in tree(depth + 1) })
        default: return object(depth + 1)
        }
    }

    private mutating func object(_ depth: Int) -> JSONTree {
        .object((0..<below(5)).map { _ in (pick(Self.names), tree(depth)) })
    }

    mutating func log(group: String?) -> SearchLog {
        SearchLog(
            message: text(8),
            level: pick(Level.allCases),
            group: group,
            tags: chance(1, in: 2) ? [] : (0...below(3)).map { _ in text(2) },
            source: chance(1, in: 3) ? "" : text(2),
            data: chance(1, in: 4) ? nil : object(0)
        )
    }

    private mutating func term(_ most: Int) -> SearchModel.Term {
        SearchModel.Term(text: text(most), startsOpen: chance(1, in: 5), endsOpen: chance(1, in: 5))
    }

    mutating func search(_ depth: Int = 0) -> SearchModel {
        if depth < 3, chance(1, in: 2) {
            switch below(3) {
            case 0: return .not(search(depth + 1))
            case 1: return .all((0...1 + below(2)).map { _ in search(depth + 1) })
            default: return .any((0...1 + below(2)).map { _ in search(depth + 1) })
            }
        }
        let path = pick(Self.paths)
        switch below(14) {
        case 0, 1, 2: return .text(term(2))
        case 3: return .message(term(3))
        case 4: return .tag(term(1))
        case 5: return .source(term(2))
        case 6: return .member(path, term(1))
        case 7: return .member(path, SearchModel.Term(text: pick(Self.digits)))
        case 8: return .whole(path, text(2))
        case 9: return .has(path)
        case 10: return .number(path, pick(["<", "<=", ">", ">="]), pick([0, 1.1, 100, 404, -7.5]))
        case 11: return .level(pick([":", "=", "<", "<=", ">", ">="]), pick(Level.allCases))
        case 12: return .group(pick(["a", "a:*", "a:b", "c"]))
        default: return .pattern(pick(["disk", "på", "web-1", "x_1", "K"]))
        }
    }
}
