import Protocol
import RegularExpressions

/// Reads `keep` and `drop`: tables of conditions, each with a field and what it must be.
///
/// Refuses what can only be a mistake: unknown fields, values that a field never has, rules that match every log or
/// none.
struct RuleReader {
    let report: ConfigurationReport
    let isFile: Bool
    let isRaw: Bool
    /// What becomes of levels before rules see them.
    let levels: LevelMap

    /// The rules of one key; what is wrong with them is reported.
    func read(_ table: TableReader, _ key: String) -> [Rule] {
        guard let value = table.value(key) else { return [] }
        let example = "write \(key) = [ { app = \"cron\", level = \"<=info\" } ]"
        let tables: [TomlValue]
        switch value.content {
        case .array(let elements): tables = elements
        case .table: tables = [value]
        default:
            report.error(at: value.place, "`\(key)` must be a list of tables (it is \(value.kindInWords))", example)
            return []
        }
        if tables.isEmpty { report.error(at: value.place, "`\(key)` is empty", "remove the line, or \(example)") }
        if tables.count > AgentLimits.rules {
            report.error(
                at: value.place,
                "`\(key)` has more than \(AgentLimits.rules) rules",
                "list several values in one rule: app = [\"cron\", \"anacron\"]"
            )
        }
        let rules = tables.prefix(AgentLimits.rules)
            .compactMap { element -> Rule? in
                guard case .table(let members) = element.content else {
                    report.error(at: element.place, "`\(key)` must hold tables (it is \(element.kindInWords))", example)
                    return nil
                }
                return readRule(members, at: element.place, key)
            }
        countPatterns(rules, at: value.place, key)
        return rules
    }

    private func countPatterns(_ rules: [Rule], at place: TextPlace, _ key: String) {
        let conditions = rules.flatMap { $0.conditions + $0.exceptions }
        let patterns = conditions.reduce(0) { sum, condition in
            sum
                + condition.tests.count {
                    switch $0 {
                    case .glob, .pattern: true
                    default: false
                    }
                }
        }
        guard patterns > AgentLimits.rulePatterns else { return }
        report.error(
            at: place,
            "`\(key)` has more than \(AgentLimits.rulePatterns) globs and regular expressions",
            "use texts without `*`, of which there may be many, or join expressions with |"
        )
    }

    private func readRule(_ members: [TomlMember], at place: TextPlace, _ key: String) -> Rule? {
        var rule = Rule(conditions: [])
        var isRight = true
        for member in members {
            if member.key == "not" {
                guard case .table(let inner) = member.value.content, !inner.isEmpty else {
                    report.error(
                        at: member.value.place,
                        "`not` must be a table of conditions",
                        "write not = { message = \"*error*\" }"
                    )
                    isRight = false
                    continue
                }
                for exception in flatten(inner) {
                    if let read = readCondition(exception) { rule.exceptions.append(read) } else { isRight = false }
                }
            } else {
                for condition in flatten([member]) {
                    if let read = readCondition(condition) { rule.conditions.append(read) } else { isRight = false }
                }
            }
        }
        guard isRight else { return nil }
        if rule.conditions.isEmpty && rule.exceptions.isEmpty {
            report.error(
                at: place,
                "a rule without conditions matches every log",
                key == "drop" ? "remove it, or the whole input" : "remove it: without `keep` every log is kept"
            )
            return nil
        }
        return rule
    }

    /// A key without quotes and with dots is tables within tables to TOML: `data.user.id = 5`.
    private func flatten(_ members: [TomlMember]) -> [TomlMember] {
        members.flatMap { member -> [TomlMember] in
            guard case .table(let inner) = member.value.content, member.key.hasPrefix("data"), !inner.isEmpty else {
                return [member]
            }
            return flatten(
                inner.map { TomlMember(key: "\(member.key).\($0.key)", keyPlace: $0.keyPlace, value: $0.value) }
            )
        }
    }

    // MARK: Conditions

    private func readCondition(_ member: TomlMember) -> Rule.Condition? {
        guard let field = RuleField(name: member.key) else {
            let near = NearestWord.to(member.key, among: RuleField.names).map { "did you mean `\($0)`? " } ?? ""
            report.error(
                at: member.keyPlace,
                "a log has no field `\(member.key)`",
                "\(near)It is one of: \(RuleField.names.joined(separator: ", ")), data.NAME, and `not`"
            )
            return nil
        }
        guard isThere(field, member) else { return nil }
        let values: [TomlValue]
        if case .array(let elements) = member.value.content { values = elements } else { values = [member.value] }
        if values.isEmpty {
            report.error(
                at: member.value.place,
                "`\(member.key)` lists nothing, so the rule never matches",
                "remove it"
            )
            return nil
        }
        if values.count > AgentLimits.ruleValues {
            report.error(
                at: member.value.place,
                "`\(member.key)` lists more than \(AgentLimits.ruleValues) values",
                "use a glob or a regular expression that covers several"
            )
            return nil
        }
        let reader = RuleValueReader(report: report, field: field, name: member.key, levels: levels, isRaw: isRaw)
        let tests = values.compactMap { reader.read($0) }
        return tests.count == values.count ? Rule.Condition(field: field, tests: tests) : nil
    }

    /// Whether logs of this input can have the field.
    private func isThere(_ field: RuleField, _ member: TomlMember) -> Bool {
        if !isFile, field == .data("file") {
            report.error(at: member.keyPlace, "`file` never matches here", "only inputs of type = \"file\" have it")
            return false
        }
        guard isRaw else { return true }
        switch field {
        case .message, .level, .group, .source, .hostname, .tag, .data("file"): return true
        case .severity, .data:
            report.error(
                at: member.keyPlace,
                "`\(member.key)` never matches here: lines of parser = \"raw\" are a message and nothing else",
                "choose the parser that reads them, or match `message`"
            )
            return false
        }
    }
}
