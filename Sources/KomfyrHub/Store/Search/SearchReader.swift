/// The characters of a search and the words in them.
struct SearchReader {
    private let scalars: [Unicode.Scalar]
    /// In characters from 0.
    private(set) var position = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    enum Operator {
        case and
        case or
        case not
    }

    static let operators: [(word: String, Operator)] = [
        ("AND", .and), ("&&", .and), ("OR", .or), ("||", .or), ("NOT", .not),
    ]

    var isAtEnd: Bool { position >= scalars.count }
    var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }
    var previous: Unicode.Scalar? { position > 0 ? scalars[position - 1] : nil }

    /// A problem where the reader is, or elsewhere.
    func problem(_ message: String, at place: Int? = nil) -> SearchProblem {
        SearchProblem(position: place ?? position, message: message)
    }

    mutating func skipBlanks() {
        while let next = peek, next.isSearchBlank { position += 1 }
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }

    func isAtOperator(_ operation: Operator) -> Bool { length(of: operation) != nil }

    /// Takes an operator that stands alone, with the blanks before it.
    mutating func takeOperator(_ operation: Operator) -> Bool {
        let start = position
        skipBlanks()
        if let length = length(of: operation) {
            position += length
            return true
        }
        position = start
        return false
    }

    private func length(of operation: Operator) -> Int? {
        for (word, found) in Self.operators where found == operation {
            let end = position + word.unicodeScalars.count
            guard end <= scalars.count, scalars[position..<end].elementsEqual(word.unicodeScalars) else { continue }
            if end == scalars.count || scalars[end].isSearchBlank || scalars[end] == "(" || scalars[end] == ")" {
                return end - position
            }
        }
        return nil
    }

    // MARK: Fields

    /// Takes a field's name and what is asked of it; nil, and takes nothing, when none stands here.
    mutating func takeField() throws(SearchProblem) -> (name: String, SearchComparison)? {
        // A regular expression may hold what a field's operators are.
        if peek == "/" { return nil }
        let start = position
        var name = String.UnicodeScalarView()
        let isQuoted = peek == "\""
        if isQuoted {
            name = String.UnicodeScalarView(try takeQuoted())
        } else {
            while let next = peek, !next.endsSearchWord, !next.isSearchOperator {
                name.append(next == "\\" ? try takeEscaped() : next)
                if next != "\\" { position += 1 }
            }
        }
        let place = position
        // A member's name may be empty.
        if !name.isEmpty || isQuoted, let comparison = takeComparison() { return (String(name), comparison) }
        if name.isEmpty, let next = peek, next == "<" || next == ">" || next == "=", previous != "\"" {
            throw problem(
                "The name of a field is missing before this; write it like status>=400 without blanks, "
                    + "or put the text in quotes.",
                at: place
            )
        }
        position = start
        return nil
    }

    /// Takes an operator that compares, where one stands.
    mutating func takeComparison() -> SearchComparison? {
        let hasColon = take(":")
        if take(">") { return take("=") ? .greaterOrEqual : .greater }
        if take("<") { return take("=") ? .lessOrEqual : .less }
        if take("=") { return .equals }
        return hasColon ? .has : nil
    }

    // MARK: Values

    /// Takes a value; nil, and takes nothing, when none stands here.
    /// - Throws: what is wrong with it, and where.
    mutating func takeValue(hasField: Bool) throws(SearchProblem) -> SearchValue? {
        let start = position
        if peek == "/" { return try takePattern() }
        var text = SearchValue.Text(
            bytes: [],
            startsOpen: false,
            endsOpen: false,
            isQuoted: false,
            position: start
        )
        while take("*") { text.startsOpen = true }
        if peek == "\"" {
            text.isQuoted = true
            text.bytes = Self.utf8(try takeQuoted())
            while take("*") { text.endsOpen = true }
            return .text(text)
        }
        var word: [Unicode.Scalar] = []
        while let next = peek, !next.endsSearchWord {
            if next == "*" {
                let star = position
                while take("*") {}
                guard peek.map(\.endsSearchWord) ?? true else {
                    throw problem(
                        "A \"*\" stands at the beginning or the end of a word; for one in the middle use a regular "
                            + "expression like /a.*b/, for the character itself write \\*.",
                        at: star
                    )
                }
                text.endsOpen = true
            } else if next == "\\" {
                word.append(try takeEscaped())
            } else {
                word.append(next)
                position += 1
            }
        }
        guard position > start else { return nil }
        if hasField, word.first == "[" || word.first == "{", !word.contains("]"), !word.contains("}") {
            throw problem(
                "Ranges are written as two comparisons, like status>=400 status<500; text with brackets in quotes.",
                at: start
            )
        }
        text.bytes = Self.utf8(word)
        return .text(text)
    }

    /// Takes a quoted text, without its quotes and escapes.
    private mutating func takeQuoted() throws(SearchProblem) -> [Unicode.Scalar] {
        let start = position
        position += 1
        var text: [Unicode.Scalar] = []
        while let next = peek {
            switch next {
            case "\"":
                position += 1
                return text
            case "\\":
                let escaped = try takeEscaped()
                switch escaped {
                case "n": text.append("\n")
                case "r": text.append("\r")
                case "t": text.append("\t")
                default: text.append(escaped)
                }
            default:
                text.append(next)
                position += 1
            }
        }
        throw problem("This quote is never closed; add a \", or write \\\" for the character itself.", at: start)
    }

    /// Takes a backslash and the character behind it, which it gives.
    private mutating func takeEscaped() throws(SearchProblem) -> Unicode.Scalar {
        guard position + 1 < scalars.count else {
            throw problem("Nothing follows this \"\\\"; write \\\\ for the character itself.")
        }
        position += 2
        return scalars[position - 1]
    }

    private mutating func takePattern() throws(SearchProblem) -> SearchValue {
        let start = position
        position += 1
        var text = String.UnicodeScalarView()
        while let next = peek, next != "/" {
            if next == "\\", position + 1 < scalars.count {
                // RE2 reads all other escapes; the slash means nothing to it.
                if scalars[position + 1] != "/" { text.append(next) }
                position += 1
            }
            text.append(scalars[position])
            position += 1
        }
        guard take("/") else {
            throw problem(
                "This regular expression is never closed; add a \"/\". A text that begins with \"/\" is written in quotes.",
                at: start
            )
        }
        let ignoresCase = take("i")
        guard !text.isEmpty, peek.map(\.endsSearchWord) ?? true else {
            throw problem(
                "A regular expression stands between two \"/\", with nothing but an i behind it, which makes it "
                    + "ignore case; a text that begins with \"/\" is written in quotes.",
                at: start
            )
        }
        return .pattern(String(text), ignoresCase: ignoresCase, position: start)
    }

    private static func utf8(_ scalars: [Unicode.Scalar]) -> [UInt8] {
        Array(String(String.UnicodeScalarView(scalars)).utf8)
    }
}

extension Unicode.Scalar {
    /// Parts terms.
    var isSearchBlank: Bool { properties.isWhitespace }

    /// Ends a word that has no quotes.
    fileprivate var endsSearchWord: Bool { isSearchBlank || self == "(" || self == ")" || self == "\"" }

    /// Ends a field's name.
    fileprivate var isSearchOperator: Bool { self == ":" || self == "=" || self == "<" || self == ">" }
}
