import Protocol
import RegularExpressions

/// Reads lines by a regular expression of the user's, whose named groups say what is what.
///
/// ```
///  (?P<time>\S+ \S+) \[(?P<pid>\d+)\] (?P<level>\w+): (?P<message>.*)
/// ```
///
/// | group | becomes |
/// |---|---|
/// | `message` | the message; without such a group it is the whole line |
/// | `level` | the level, when it is a level's name or alias; else data |
/// | `time`, `timestamp` | the log's time, when `LineTime` understands it; else data |
/// | `host`, `source` | the source |
/// | `app` | data, and the group's `{app}` |
/// | any other | data under its name, a number when it is one |
///
/// Groups without a name only group. One that is empty, or takes no part in the match, is left out. RE2 matches in time
/// linear in the line, whatever the pattern.
struct LinePattern {
    /// The names of its members, in the order of the groups; those without a name are empty.
    let names: [String]

    private let expression: RegularExpression
    private let meanings: [Meaning]
    private var time: LineTime
    private var ranges: [Int64] = []

    private enum Meaning {
        case nothing
        case message
        case level
        case time
        case source
        case app
        case data
    }

    /// Compiles a pattern.
    /// - Parameters:
    ///   - pattern: in RE2's syntax.
    ///   - isMultiline: whether a text may have several lines, so that `.` means their ends too.
    ///   - zone: of times that name none.
    /// - Throws: what is wrong with it and what to do.
    init(_ pattern: String, isMultiline: Bool, zone: Zone) throws(ValueProblem) {
        // Compiled as it stands first: what RE2 says is about what the user wrote.
        let plain = try Self.compile(pattern)
        expression = isMultiline ? try Self.compile("(?s)" + pattern) : plain
        names = expression.groupNames.map { $0 ?? "" }
        guard names.contains(where: { !$0.isEmpty }) else {
            throw ValueProblem(
                "the pattern \"\(pattern)\" has no named group",
                "name what it finds, as (?P<level>\\w+) (?P<message>.*)"
            )
        }
        let named = names.filter { !$0.isEmpty }
        // RE2 lets it pass; the log's data could have only one of them.
        if let name = named.first(where: { name in named.count { $0 == name } > 1 }) {
            throw ValueProblem(
                "the pattern has duplicate groups \"\(name)\"",
                "give each group a name of its own, or join them: (?P<\(name)>…|…)"
            )
        }
        guard names.count <= AgentLimits.patternGroups else {
            throw ValueProblem(
                "the pattern has more than \(AgentLimits.patternGroups) groups",
                "write those that need no name as (?:…)"
            )
        }
        meanings = names.map(Self.meaning)
        time = LineTime(zone: zone)
    }

    /// Compiles an expression of the configuration.
    /// - Throws: RE2's words, and what to do.
    static func compile(_ pattern: String) throws(ValueProblem) -> RegularExpression {
        guard pattern.utf8.count <= AgentLimits.patternBytes else {
            throw ValueProblem("the pattern has more than \(AgentLimits.patternBytes) bytes", "shorten it")
        }
        do throws(RegularExpression.Problem) {
            return try RegularExpression(pattern, memory: AgentLimits.patternMemory)
        } catch {
            let remedy =
                error.words.contains("(?<")
                ? "write a named group as (?P<name>…)"
                : "see https://github.com/google/re2/wiki/Syntax; a literal text '…' keeps backslashes as they are"
            throw ValueProblem("\"\(pattern)\" is no regular expression: \(error.words)", remedy)
        }
    }

    private static func meaning(_ name: String) -> Meaning {
        switch name {
        case "": .nothing
        case "message": .message
        case "level": .level
        case "time", "timestamp": .time
        case "host", "source": .source
        case "app": .app
        default: .data
        }
    }

    /// Reads a line of UTF-8; `record` is empty.
    /// - Returns: false when it does not match.
    mutating func read(_ view: ByteView, arrival: Int64, into record: inout LineRecord) -> Bool {
        guard expression.captures(in: view.base, &ranges) else { return false }
        for (index, meaning) in meanings.enumerated() where meaning != .nothing {
            // The first two numbers are the whole match.
            let field = Field(start: Int(clamping: ranges[2 * index + 2]), end: Int(clamping: ranges[2 * index + 3]))
            guard field.start >= 0, !field.isEmpty else { continue }
            switch meaning {
            case .nothing: break
            case .message: record.message = .text(.init(field: field))
            case .level:
                if let level = Level(name: view[field]) {
                    record.level = level
                    continue
                }
            case .time:
                if record.timestamp == nil, let time = time.read(view, field, arrival: arrival) {
                    record.timestamp = time
                    continue
                }
            case .source:
                if record.source.isEmpty {
                    record.source = field
                    continue
                }
            case .app: record.app = field
            case .data: break
            }
            if meaning != .message { record.members.append(.init(known: index, value: .init(field: field))) }
        }
        return true
    }
}
