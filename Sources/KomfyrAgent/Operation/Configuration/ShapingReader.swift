import Protocol
import RegularExpressions

/// Reads what an `[[input]]` says about `level`, `keep`, `drop` and `rate_limit`.
struct ShapingReader {
    let report: ConfigurationReport
    /// Whether the input reads files.
    let isFile: Bool
    /// Whether its lines are kept as they are, so that they have few fields.
    let isRaw: Bool

    func read(_ table: TableReader) -> Shaping {
        var shaping = Shaping()
        shaping.levels = readLevels(table)
        let rules = RuleReader(report: report, isFile: isFile, isRaw: isRaw, levels: shaping.levels ?? LevelMap())
        shaping.keep = rules.read(table, "keep")
        shaping.drop = rules.read(table, "drop")
        checkPatterns(shaping, table)
        shaping.rateLimit = readRateLimit(table)
        return shaping
    }

    /// Each expression was checked alone; together they may be too large.
    private func checkPatterns(_ shaping: Shaping, _ table: TableReader) {
        guard shaping.hasRules, let place = (table.value("drop") ?? table.value("keep"))?.place else { return }
        do throws(RegularExpression.Problem) {
            _ = try RuleSet(keep: shaping.keep, drop: shaping.drop)
        } catch {
            report.error(
                at: place,
                "the regular expressions of the input's `keep` and `drop` cannot be used: \(error.words)",
                "shorten those that repeat much (`{1000}`), or spread them over several inputs"
            )
        }
    }

    // MARK: Level

    private static let levelNames = Level.allCases.map { "\($0.name)" }

    private func readLevels(_ table: TableReader) -> LevelMap? {
        guard let value = table.value("level") else { return nil }
        switch value.content {
        case .string(let name): return readLevel(name, at: value.place).map { LevelMap(fixed: $0) }
        case .table(let members):
            var map = LevelMap()
            for member in members {
                guard let from = readLevel(member.key, at: member.keyPlace) else { continue }
                guard case .string(let name) = member.value.content else {
                    report.error(
                        at: member.value.place,
                        "`level` must say a level in text for \(member.key)",
                        "write level = { \(member.key) = \"warning\" }"
                    )
                    continue
                }
                if let to = readLevel(name, at: member.value.place) { map[from] = to }
            }
            if members.isEmpty { report.error(at: value.place, "`level` is empty", "remove the line") }
            return map
        default:
            report.error(
                at: value.place,
                "`level` must be text or a table (it is \(value.kindInWords))",
                "write level = \"warning\", or level = { error = \"warning\" }"
            )
            return nil
        }
    }

    private func readLevel(_ name: String, at place: TextPlace) -> Level? {
        if let level = Level(name: name), name.first?.isNumber != true { return level }
        let near = NearestWord.to(name, among: Self.levelNames).map { "did you mean \"\($0)\"? " } ?? ""
        report.error(
            at: place,
            "\"\(name)\" is no level",
            "\(near)It is one of: \(Self.levelNames.joined(separator: ", "))"
        )
        return nil
    }

    // MARK: Rate limit

    private static let rateExample =
        "write it like rate_limit = \"1000/s\" (s, m or h), or { per_second = 1000, burst = 5000 }"

    private func readRateLimit(_ table: TableReader) -> RateLimit? {
        guard let value = table.value("rate_limit") else { return nil }
        switch value.content {
        case .string(let text):
            if let limit = Self.parse(text) { return limit }
            report.error(at: value.place, "`rate_limit`: \"\(text)\" is no rate", Self.rateExample)
        case .table(let members):
            let inner = TableReader(members, name: "rate_limit", place: value.place, report: report)
            let count = inner.integer("per_second", in: AgentLimits.rateLimit)
            let burst = inner.integer("burst", in: AgentLimits.rateLimit)
            inner.finish()
            if let count { return RateLimit(count: count, period: .second, burst: burst ?? count) }
            if !inner.has("per_second") {
                report.error(at: value.place, "`rate_limit` has no `per_second`", Self.rateExample)
            }
        default:
            report.error(
                at: value.place,
                "`rate_limit` must be text or a table (it is \(value.kindInWords))",
                Self.rateExample
            )
        }
        return nil
    }

    /// `1000/s`: a number, and a second, minute or hour.
    private static func parse(_ text: String) -> RateLimit? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.allSatisfy(\.isDigit), let count = Int(parts[0]),
            AgentLimits.rateLimit.contains(count), let period = RateLimit.Period(rawValue: String(parts[1]))
        else { return nil }
        return RateLimit(count: count, period: period, burst: count)
    }
}
