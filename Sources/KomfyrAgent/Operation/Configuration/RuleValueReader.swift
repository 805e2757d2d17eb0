import Protocol
import RegularExpressions

/// Reads one value of a condition: a text, a glob, a regular expression, a comparison, a number, true or false.
struct RuleValueReader {
    let report: ConfigurationReport
    let field: RuleField
    /// As it stands in the file.
    let name: String
    let levels: LevelMap
    let isRaw: Bool

    /// Nil after an error was reported.
    func read(_ value: TomlValue) -> Rule.Test? {
        switch value.content {
        case .string(let text): return read(text, value.place)
        case .integer(let number) where isMember: return .number(.equal, Double(number))
        case .integer(let number) where field == .severity:
            guard (0...7).contains(number) else {
                return wrong(value.place, "\(number) is no severity", "give a number from 0 (emerg) to 7 (debug)")
            }
            return .severities([Int(number)])
        case .float(let number) where isMember: return .number(.equal, number)
        case .boolean(let flag) where isMember: return .boolean(flag)
        default:
            return wrong(value.place, "`\(name)` must be text (it is \(value.kindInWords))", "write \(name) = \"…\"")
        }
    }

    /// Whether it is a member of `data`, which may be of any type.
    private var isMember: Bool { if case .data = field { true } else { false } }

    private func read(_ text: String, _ place: TextPlace) -> Rule.Test? {
        guard text.utf8.count <= AgentLimits.ruleValueBytes else {
            return wrong(
                place,
                "`\(name)` is longer than \(AgentLimits.ruleValueBytes) bytes",
                "split it into several rules"
            )
        }
        if text.isEmpty {
            return wrong(
                place,
                "`\(name)` is empty, which no log's is",
                "give it a value; \"*\" means that it is there"
            )
        }
        if let pattern = Self.pattern(text) { return read(pattern: pattern.body, pattern.ignoresCase, place) }
        switch field {
        case .level: return readLevel(text, place)
        case .severity: return readSeverity(text, place)
        default: break
        }
        if text.contains("*") { return .glob(text) }
        if isMember, let comparison = Rule.Comparison.allCases.first(where: { text.hasPrefix($0.rawValue) }) {
            return readNumber(comparison, text, place)
        }
        if name == "facility" { return readFacility(text, place) }
        return .text(text)
    }

    // MARK: Regular expressions

    /// `/body/` or `/body/i`.
    private static func pattern(_ text: String) -> (body: String, ignoresCase: Bool)? {
        guard text.hasPrefix("/") else { return nil }
        if text.hasSuffix("/i"), text.utf8.count >= 3 { return (String(text.dropFirst().dropLast(2)), true) }
        return text.hasSuffix("/") && text.utf8.count >= 2 ? (String(text.dropFirst().dropLast()), false) : nil
    }

    private func read(pattern: String, _ ignoresCase: Bool, _ place: TextPlace) -> Rule.Test? {
        if pattern.isEmpty {
            return wrong(place, "`\(name)` has an empty regular expression, which matches everything", "give it a text")
        }
        do throws(RegularExpression.Problem) {
            _ = try RegularExpression(pattern, ignoresCase: ignoresCase, memory: AgentLimits.patternMemoryBytes)
            return .pattern(pattern, ignoresCase: ignoresCase)
        } catch {
            return wrong(
                place,
                "`\(name)`: /\(pattern)/ is no regular expression: \(error.words)",
                "the syntax is RE2's; in TOML put it into single quotes, so that backslashes stay: '/\\d+/'"
            )
        }
    }

    // MARK: Levels and severities

    private func readLevel(_ text: String, _ place: TextPlace) -> Rule.Test? {
        let (comparison, word) = Self.split(text)
        guard let level = Level(name: word), word.first?.isNumber != true else {
            let names = Level.allCases.map { "\($0.name)" }
            let near = NearestWord.to(word, among: names).map { "did you mean \"\($0)\"? " } ?? ""
            return wrong(
                place,
                "\"\(word)\" is no level",
                "\(near)It is one of: \(names.joined(separator: ", ")), alone or behind < <= > >="
            )
        }
        let meant = Set(Level.allCases.filter { comparison.holds($0, level) })
        let possible = isRaw ? [levels[.info]] : levels.results
        if meant.isDisjoint(with: possible) {
            let all = possible.map { "\($0.name)" }.joined(separator: ", ")
            return wrong(
                place,
                "level \"\(text)\" can never match: logs of this input are \(all)",
                isRaw ? "a raw line has no level of its own: match `message`" : "rules see a log's level after `level`"
            )
        }
        return .levels(meant)
    }

    private func readSeverity(_ text: String, _ place: TextPlace) -> Rule.Test? {
        let (comparison, word) = Self.split(text)
        let severity = Array(word.utf8).withUnsafeBytes { CompiledCondition.severity($0) }
        guard let severity else {
            let names = (0...7).map { "\(SyslogNames.severity($0))" }
            let near = NearestWord.to(word, among: names).map { "did you mean \"\($0)\"? " } ?? ""
            return wrong(
                place,
                "\"\(word)\" is no severity",
                "\(near)It is one of: \(names.joined(separator: ", ")), alone or behind < <= > >="
            )
        }
        // The lower number is the more severe: >=err is emerg to err.
        let meant = Set((0...7).filter { comparison.holds(-$0, -severity) })
        if meant.isEmpty { return wrong(place, "severity \"\(text)\" can never match", "there is none beyond it") }
        return .severities(meant)
    }

    private func readFacility(_ text: String, _ place: TextPlace) -> Rule.Test? {
        let names = (0...23).map { "\(SyslogNames.facility($0))" }
        if names.contains(text) { return .text(text) }
        let near = NearestWord.to(text, among: names).map { "did you mean \"\($0)\"? " } ?? ""
        return wrong(place, "\"\(text)\" is no facility", "\(near)It is one of: \(names.joined(separator: ", "))")
    }

    private func readNumber(_ comparison: Rule.Comparison, _ text: String, _ place: TextPlace) -> Rule.Test? {
        let digits = text.dropFirst(comparison.rawValue.count).drop { $0 == " " }
        guard let number = Double(digits), number.isFinite else {
            return wrong(
                place,
                "`\(name)`: \"\(digits)\" is no number to compare with",
                "write \(name) = \">100\"; a text that begins with such a sign is matched by '/^>/'"
            )
        }
        return .number(comparison, number)
    }

    private static func split(_ text: String) -> (Rule.Comparison, String) {
        for comparison in Rule.Comparison.allCases where text.hasPrefix(comparison.rawValue) {
            return (comparison, String(text.dropFirst(comparison.rawValue.count).drop { $0 == " " }))
        }
        return (.equal, text)
    }

    private func wrong(_ place: TextPlace, _ what: String, _ remedy: String) -> Rule.Test? {
        report.error(at: place, what, remedy)
        return nil
    }
}
