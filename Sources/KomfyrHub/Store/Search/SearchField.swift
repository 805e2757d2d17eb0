import Protocol

/// What a term looks at.
enum SearchField {
    case message
    case level
    case group
    case tags
    case source
    /// A member of the data, by dotted path.
    case member([UInt8])

    /// The field with a name; `data.` before it makes any name a member's.
    init(_ name: String) {
        switch name {
        case "message": self = .message
        case "level": self = .level
        case "group": self = .group
        case "tags", "tag": self = .tags
        case "source": self = .source
        default:
            // By bytes: a combining letter behind the dot is no other dot.
            let isMarked = name.utf8.count > 5 && name.utf8.starts(with: "data.".utf8)
            self = .member(Array(isMarked ? name.utf8.dropFirst(5) : name.utf8[...]))
        }
    }

    /// The levels that a comparison means, as bits.
    static func levels(_ comparison: SearchComparison, _ value: SearchValue) throws(SearchProblem) -> UInt8 {
        let all: UInt8 = 0b11111
        guard case .text(let text) = value else { throw Self.noLevel(value) }
        if text.isStar, comparison == .has || comparison == .equals { return all }
        guard !text.startsOpen, !text.endsOpen, let level = text.bytes.withUnsafeBytes({ Level(name: $0) }) else {
            throw Self.noLevel(value)
        }
        let above = all << level.rawValue & all
        let own: UInt8 = 1 << level.rawValue
        switch comparison {
        case .has, .equals: return own
        case .greaterOrEqual: return above
        case .greater: return above & ~own
        case .less: return all & ~above
        case .lessOrEqual: return all & ~above | own
        }
    }

    private static func noLevel(_ value: SearchValue) -> SearchProblem {
        SearchProblem(
            position: value.position,
            message: "This is no level; use debug, info, warning, error or critical, whole and without a pattern."
        )
    }
}

/// What a term asks of its field.
enum SearchComparison {
    /// The value has it among its words, or is it.
    case has
    /// The value is it.
    case equals
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual

    /// How it orders numbers; nil: it does not.
    var order: NumberTest.Operator? {
        switch self {
        case .has, .equals: nil
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        }
    }
}

/// What a term looks for.
enum SearchValue {
    case text(Text)
    /// A regular expression, where it begins.
    case pattern(String, ignoresCase: Bool, position: Int)

    struct Text {
        /// Escapes resolved.
        var bytes: [UInt8]
        /// There was a star before it, or after it.
        var startsOpen: Bool
        var endsOpen: Bool
        var isQuoted: Bool
        var position: Int

        /// Nothing but stars: anything will do.
        var isStar: Bool { bytes.isEmpty && !isQuoted }
    }

    /// Where it begins.
    var position: Int {
        switch self {
        case .text(let text): text.position
        case .pattern(_, _, let position): position
        }
    }
}
