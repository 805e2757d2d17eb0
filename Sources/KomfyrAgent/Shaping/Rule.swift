import Protocol

/// One `{ … }` of `drop` or `keep`: all its conditions must hold.
struct Rule: Sendable, Equatable {
    var conditions: [Condition]
    /// `not`: a log that all of these hold for is not meant.
    var exceptions: [Condition] = []

    /// What one field must be: any of the tests.
    struct Condition: Sendable, Equatable {
        var field: RuleField
        var tests: [Test]
    }

    /// One value of a condition.
    enum Test: Sendable, Equatable {
        /// This text, to the letter.
        case text(String)
        /// A text with `*` for anything.
        case glob(String)
        /// RE2's syntax, found anywhere in the value.
        case pattern(String, ignoresCase: Bool)
        /// One of these levels.
        case levels(Set<Level>)
        /// One of these severities, 0 to 7.
        case severities(Set<Int>)
        case number(Comparison, Double)
        case boolean(Bool)

        /// Whether it is held against a value by an automaton.
        var isPattern: Bool {
            switch self {
            case .glob, .pattern: true
            case .text, .levels, .severities, .number, .boolean: false
            }
        }
    }

    enum Comparison: String, Sendable, CaseIterable {
        // The longer ones first: they are looked for in this order.
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case less = "<"
        case greater = ">"
        case equal = "="

        func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
            switch self {
            case .lessOrEqual: left <= right
            case .greaterOrEqual: left >= right
            case .less: left < right
            case .greater: left > right
            case .equal: left == right
            }
        }
    }
}

/// What a condition looks at: members of the log as the hub gets it.
enum RuleField: Sendable, Hashable {
    case message
    case level
    case group
    case source
    /// Any of them.
    case tag
    /// The log's host, or its source where it names none.
    case hostname
    /// The severity's name, in `data`.
    case severity
    /// A member of `data`, by its path with dots.
    case data(String)

    /// Fields that have a name of their own and are members of `data`.
    static let membersOfData = ["app", "facility", "pid", "msgid", "file", "peer"]
    /// All names, `data.` left out.
    static let names =
        ["message", "level", "app", "hostname", "source", "group", "tag", "severity"] + membersOfData.dropFirst()

    /// The field of a name; nil when there is none.
    init?(name: String) {
        switch name {
        case "message": self = .message
        case "level": self = .level
        case "group": self = .group
        case "source": self = .source
        case "tag": self = .tag
        case "hostname": self = .hostname
        case "severity": self = .severity
        case _ where Self.membersOfData.contains(name): self = .data(name)
        default:
            guard name.hasPrefix("data."), name.utf8.count > 5 else { return nil }
            self = .data(String(name.dropFirst(5)))
        }
    }
}
