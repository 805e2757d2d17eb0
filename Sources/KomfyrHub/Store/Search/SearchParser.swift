import Protocol
import RegularExpressions

/// Reads the `q` language; docs/search.md describes it.
///
/// ```
/// search   = any                                   blanks alone: everything
/// any      = all *( "OR" all )
/// all      = operand *( [ "AND" ] operand )
/// operand  = *( "-" | "NOT" ) ( "(" any ")" | term )
/// term     = value | field ":" "(" any ")" | field operator value
/// operator = ":" | "=" | ">" | ">=" | "<" | "<="   also ":>" ":>=" ":<" ":<=" ":="
/// value    = "/" regex "/" [ "i" ] | ["*"] ( word | quoted ) ["*"]
/// ```
///
/// `AND`, `OR` and `NOT` are operators in capitals alone; `&&` and `||` are the first two. Within the parentheses of a
/// field all values are the field's, and colons are part of them. Reading is bounded by the limits in
/// SearchLimits.swift: the text's length, parentheses in parentheses, terms and regular expressions.
struct SearchParser {
    private var reader: SearchReader
    private var terms = 0
    private var patterns = 0

    /// Reads a whole search.
    static func parse(_ text: String) throws(SearchProblem) -> SearchNode {
        guard text.utf8.count <= HubLimits.searchBytes else {
            throw SearchProblem(
                position: Self.characters(of: text, within: HubLimits.searchBytes),
                message: "A search has at most \(HubLimits.searchBytes) bytes; leave some of it out."
            )
        }
        var parser = SearchParser(reader: SearchReader(text))
        parser.reader.skipBlanks()
        if parser.reader.isAtEnd { return .term(.everything) }
        let node = try parser.any(depth: 0, of: nil)
        if parser.reader.peek == ")" {
            throw parser.reader.problem("This \")\" closes nothing; leave it out, or write it in quotes.")
        }
        return node
    }

    private init(reader: SearchReader) { self.reader = reader }

    /// How many characters of a text lie within its first bytes.
    private static func characters(of text: String, within bytes: Int) -> Int {
        var left = bytes
        var count = 0
        for scalar in text.unicodeScalars {
            left -= UTF8.width(scalar)
            if left < 0 { break }
            count += 1
        }
        return count
    }

    // MARK: Operators

    private mutating func any(depth: Int, of field: SearchField?) throws(SearchProblem) -> SearchNode {
        var nodes = [try all(depth: depth, of: field)]
        while reader.takeOperator(.or) { nodes.append(try all(depth: depth, of: field)) }
        return nodes.count == 1 ? nodes[0] : .any(Self.byCost(nodes))
    }

    private mutating func all(depth: Int, of field: SearchField?) throws(SearchProblem) -> SearchNode {
        var nodes = [try operand(depth: depth, of: field)]
        while true {
            reader.skipBlanks()
            if reader.isAtEnd || reader.peek == ")" || reader.isAtOperator(.or) { break }
            _ = reader.takeOperator(.and)
            nodes.append(try operand(depth: depth, of: field))
        }
        return nodes.count == 1 ? nodes[0] : .all(Self.byCost(nodes))
    }

    private mutating func operand(depth: Int, of field: SearchField?) throws(SearchProblem) -> SearchNode {
        var isNegated = false
        while true {
            reader.skipBlanks()
            if reader.takeOperator(.not) || reader.take("-") {
                if let next = reader.peek, next.isSearchBlank, reader.previous == "-" {
                    throw reader.problem(
                        "Nothing follows this \"-\"; write what must not be there, or the \"-\" in quotes.",
                        at: reader.position - 1
                    )
                }
                isNegated.toggle()
                continue
            }
            break
        }
        try checkOperand()
        let node: SearchNode
        if reader.peek == "(" {
            node = try group(depth: depth, of: field)
        } else {
            node = try term(depth: depth, of: field)
        }
        return isNegated ? .not(node) : node
    }

    /// Whether something follows that an operator can work on.
    private func checkOperand() throws(SearchProblem) {
        if reader.isAtOperator(.and) || reader.isAtOperator(.or) {
            throw reader.problem(
                "AND and OR need something before and after them; to look for the word itself, put it in quotes."
            )
        }
        guard reader.isAtEnd || reader.peek == ")" else { return }
        throw reader.problem("Something to look for is missing here, after an operator or a \"(\".")
    }

    private mutating func group(depth: Int, of field: SearchField?) throws(SearchProblem) -> SearchNode {
        let start = reader.position
        guard depth < HubLimits.searchDepth else {
            throw reader.problem("Parentheses go at most \(HubLimits.searchDepth) deep; write it with fewer.")
        }
        _ = reader.take("(")
        reader.skipBlanks()
        if reader.peek == ")" {
            throw reader.problem(
                "There is nothing in these parentheses; to look for them, put them in quotes.",
                at: start
            )
        }
        if reader.isAtEnd { throw Self.unclosed(start) }
        let node = try any(depth: depth + 1, of: field)
        guard reader.take(")") else { throw Self.unclosed(start) }
        return node
    }

    private static func unclosed(_ position: Int) -> SearchProblem {
        SearchProblem(position: position, message: "This \"(\" is never closed; add a \")\", or write it in quotes.")
    }

    private static func byCost(_ nodes: [SearchNode]) -> [SearchNode] {
        // Stable, so that what costs the same is decided in the order in which it was written.
        nodes.map { ($0.cost, $0) }.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
            .map(\.element.1)
    }

    // MARK: Terms

    private mutating func term(depth: Int, of field: SearchField?) throws(SearchProblem) -> SearchNode {
        let start = reader.position
        if let field {
            // A colon is part of the value here.
            let comparison = reader.peek == ":" ? nil : reader.takeComparison()
            let place = reader.position
            return try self.term(field, comparison ?? .has, try value(after: field, at: place), at: start)
        }
        if let (name, comparison) = try reader.takeField() {
            let field = SearchField(name)
            if comparison == .has || comparison == .equals, reader.peek == "(" {
                return try group(depth: depth, of: field)
            }
            let place = reader.position
            let value = try value(after: field, at: place)
            if name == "*", case .text(let text) = value, text.isStar { return try count(.everything, at: start) }
            guard !name.contains("*") else {
                throw reader.problem("The name of a field has no \"*\"; write it out, or leave it away.", at: start)
            }
            return try term(field, comparison, value, at: start)
        }
        let value = try value(after: nil, at: start)
        if case .text(let text) = value, text.isStar { return try count(.everything, at: start) }
        return try count(.text(try test(value, .words, at: start)), at: start)
    }

    private mutating func value(after field: SearchField?, at place: Int) throws(SearchProblem) -> SearchValue {
        if let value = try reader.takeValue(hasField: field != nil) { return value }
        throw reader.problem(
            "A value is missing here, right after the operator; write one like status:404, or put the text in quotes.",
            at: place
        )
    }

    private mutating func term(
        _ field: SearchField,
        _ comparison: SearchComparison,
        _ value: SearchValue,
        at start: Int
    ) throws(SearchProblem) -> SearchNode {
        switch field {
        case .level: return try count(.levels(try SearchField.levels(comparison, value)), at: start)
        case .member(let path): return try count(member(path, comparison, value, at: start), at: start)
        case .message, .group, .tags, .source: break
        }
        guard comparison == .has || comparison == .equals else {
            throw SearchProblem(
                position: value.position,
                message: "\"<\" and \">\" compare levels and numbers in the data alone; use \":\" here."
            )
        }
        if case .group = field { return try count(.group(try groupTest(value)), at: start) }
        if case .text(let text) = value, text.isStar {
            switch field {
            case .tags: return try count(.tags(.exists), at: start)
            case .source: return try count(.source(.exists), at: start)
            default: return try count(.everything, at: start)
            }
        }
        switch field {
        case .tags: return try count(.tags(.text(try test(value, .names, at: start))), at: start)
        case .source: return try count(.source(.text(try test(value, .names, at: start))), at: start)
        default:
            return try count(.message(try test(value, comparison == .equals ? .names : .words, at: start)), at: start)
        }
    }

    private mutating func member(
        _ path: [UInt8],
        _ comparison: SearchComparison,
        _ value: SearchValue,
        at start: Int
    ) throws(SearchProblem) -> SearchTerm {
        if let order = comparison.order {
            guard case .text(let text) = value, !text.startsOpen, !text.endsOpen,
                let number = text.bytes.withUnsafeBytes({ NumberText.value($0) }), number.isFinite
            else {
                throw SearchProblem(
                    position: value.position,
                    message: "A number is expected here, like 404, -18.5 or 1e3; to compare text use \":\" or \"=\"."
                )
            }
            return .number(NumberTest(path: path, comparison: order, bound: number))
        }
        if case .text(let text) = value {
            if text.isStar { return .member(MemberTest(path: path, text: nil, number: nil, comparesDigits: false)) }
            if text.bytes.isEmpty {
                let empty = TextTest.needle(Needle([], left: .value, right: .value))
                return .member(MemberTest(path: path, text: empty, number: nil, comparesDigits: false))
            }
            let isOpen = text.startsOpen || text.endsOpen
            return .member(
                MemberTest(
                    path: path,
                    text: try test(value, comparison == .equals ? .names : .words, at: start),
                    number: isOpen ? nil : NumberEquality(text.bytes),
                    comparesDigits: isOpen
                )
            )
        }
        let pattern = try test(value, .words, at: start)
        return .member(MemberTest(path: path, text: pattern, number: nil, comparesDigits: true))
    }

    /// Groups are compared as the parameter `group` does; stars elsewhere than after a last colon stand for anything.
    private mutating func groupTest(_ value: SearchValue) throws(SearchProblem) -> GroupTest {
        guard case .text(let text) = value else { return .expression(try expression(value)) }
        if text.isStar { return .exists }
        try Self.checkNotEmpty(text)
        let name = String(decoding: text.bytes, as: UTF8.self)
        if !text.startsOpen, text.endsOpen, !text.isQuoted, name.hasSuffix(":"), name.utf8.count > 1 {
            return .pattern(GroupPattern(name + "*"))
        }
        guard text.startsOpen || text.endsOpen else { return .pattern(GroupPattern(name)) }
        return .part(text.bytes, isAtStart: !text.startsOpen, isAtEnd: !text.endsOpen)
    }

    // MARK: Values

    private enum Kind {
        /// The value is a text that words are looked for in.
        case words
        /// The value is a name that is compared whole.
        case names
    }

    private mutating func test(_ value: SearchValue, _ kind: Kind, at start: Int) throws(SearchProblem) -> TextTest {
        guard case .text(let text) = value else { return .pattern(try expression(value)) }
        try Self.checkNotEmpty(text)
        let edge: Needle.Edge = kind == .words ? .word : .value
        return .needle(
            Needle(text.bytes, left: text.startsOpen ? .open : edge, right: text.endsOpen ? .open : edge)
        )
    }

    private static func checkNotEmpty(_ text: SearchValue.Text) throws(SearchProblem) {
        guard text.bytes.isEmpty else { return }
        throw SearchProblem(position: text.position, message: "These quotes are empty; write what to look for.")
    }

    private mutating func expression(_ value: SearchValue) throws(SearchProblem) -> RegularExpression {
        guard case .pattern(let text, let ignoresCase, let position) = value else {
            throw SearchProblem(position: value.position, message: "A regular expression is expected here.")
        }
        patterns += 1
        guard patterns <= HubLimits.searchPatterns else {
            throw SearchProblem(
                position: position,
                message: "A search has at most \(HubLimits.searchPatterns) regular expressions; join some by \"|\"."
            )
        }
        do throws(RegularExpression.Problem) {
            return try RegularExpression(text, ignoresCase: ignoresCase, memory: HubLimits.searchPatternMemory)
        } catch {
            throw SearchProblem(
                position: position,
                message: "This regular expression cannot be used (\(error.words)); "
                    + "a text that begins with \"/\" is written in quotes."
            )
        }
    }

    private mutating func count(_ term: SearchTerm, at position: Int) throws(SearchProblem) -> SearchNode {
        terms += 1
        guard terms <= HubLimits.searchTerms else {
            throw SearchProblem(
                position: position,
                message: "A search has at most \(HubLimits.searchTerms) terms; leave some out."
            )
        }
        return .term(term)
    }
}
