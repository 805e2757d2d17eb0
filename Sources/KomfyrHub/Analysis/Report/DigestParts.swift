import Protocol

/// The lines of a digest, each whole and clean, before it is known how many fit.
struct DigestParts {
    /// In the order of the text.
    enum Section: CaseIterable {
        case trends, fresh, errors, groups, common, fields, tags
    }

    /// What is always there.
    private(set) var basics: String
    private(set) var lines: [Section: [String]] = [:]
    /// How many there are in all, where facts hold a part of them.
    private var totals: [Section: Int] = [:]

    init(_ facts: AnalysisFacts) {
        basics = Self.basics(facts)
        let limit = HubLimits.digestLines
        set(.trends, facts.trends.prefix(limit).compactMap { Self.trend($0, facts) }, of: facts.trends.count)
        let fresh = facts.patterns.filter { $0.isNew }
        set(.fresh, fresh.prefix(limit).map { Self.pattern($0) }, of: fresh.count)
        let common = facts.patterns.filter { !$0.isNew }
        set(.common, common.prefix(limit).map { Self.pattern($0) }, of: common.count)
        set(.errors, facts.newestErrors.prefix(limit).map { Self.log($0) }, of: facts.newestErrors.count)
        set(.groups, facts.groups.prefix(limit).map { Self.group($0) }, of: max(facts.groupCount, facts.groups.count))
        set(.fields, facts.fields.prefix(limit).map { Self.field($0) }, of: facts.fields.count)
        set(.tags, facts.tags.prefix(limit).map { "- \(Self.name($0.text)): \($0.count)\n" }, of: facts.tags.count)
    }

    /// A section's first line.
    func title(_ section: Section, shown: Int) -> String {
        let total = max(totals[section] ?? shown, shown)
        let part = shown < total ? " (\(shown) of \(total))" : ""
        switch section {
        case .trends: return "TRENDS, the gravest first\(part)\n"
        case .fresh: return "NEW PATTERNS of messages, not seen before\(part)\n"
        case .errors: return "NEWEST ERRORS, the newest first\(part)\n"
        case .groups: return "GROUPS, those with most errors first\(part)\n"
        case .common: return "COMMON PATTERNS of messages\(part)\n"
        case .fields: return "NUMERIC FIELDS of data, over the whole window\(part)\n"
        case .tags: return "TAGS and how many logs have them\(part)\n"
        }
    }

    /// Takes the fence's number out of every line that has it.
    mutating func takeOut(_ nonce: String) {
        let nonce = Array(nonce.utf8)
        guard !nonce.isEmpty else { return }
        basics = Self.without(nonce, basics)
        for section in Section.allCases { lines[section] = lines[section]?.map { Self.without(nonce, $0) } }
    }

    private mutating func set(_ section: Section, _ lines: [String], of total: Int) {
        self.lines[section] = lines
        totals[section] = total
    }

    private static func without(_ nonce: [UInt8], _ line: String) -> String {
        let text = Array(line.utf8)
        guard text.count >= nonce.count else { return line }
        var kept: [UInt8] = []
        var index = 0
        var wasFound = false
        while index < text.count {
            if text.count - index >= nonce.count, text[index] == nonce[0], text[index...].starts(with: nonce) {
                // Something stands in its place, so that what is left cannot join to the same again.
                kept += "(number)".utf8
                index += nonce.count
                wasFound = true
            } else {
                kept.append(text[index])
                index += 1
            }
        }
        return wasFound ? String(decoding: kept, as: UTF8.self) : line
    }

    // MARK: Lines

    private static func basics(_ facts: AnalysisFacts) -> String {
        let errors = facts.levels.errors
        let share = facts.levels.total > 0 ? Double(errors) / Double(facts.levels.total) : 0
        var text = "window: \(time(facts.since)) to \(time(facts.until))"
        text += " (\(ReportText.duration(facts.until &- facts.since))), intervals of"
        text += " \(ReportText.duration(facts.interval))\n"
        text += "groups asked for: \(name(facts.scope))\n"
        text += "logs: \(facts.levels.total) (\(levels(facts.levels))); errors \(ReportText.percent(share))\n"
        if facts.isPartial { text += "partial: not all logs of the window could be read\n" }
        if !facts.leftOut.isEmpty { text += "left out: \(facts.leftOut.joined(separator: "; "))\n" }
        return text
    }

    private static func trend(_ trend: Trend, _ facts: AnalysisFacts) -> String? {
        var trend = trend
        trend.group = trend.group.map { name($0) }
        if case .field(let path) = trend.subject {
            // The values of a member that holds passwords are none of a model's business.
            if SecretMask.isSecretName(path, numbers: trend.before, trend.after) { return nil }
            trend.subject = .field(name(path))
        }
        // All times with their dates: they are to be compared with others, and quoted.
        let sentence = TrendWords(trend, interval: facts.interval, now: facts.until).sentence
        let confidence = ReportText.number((trend.confidence * 100).rounded() / 100)
        return "- \(trend.kind.rawValue) since \(time(trend.from)), confidence \(confidence): \(sentence)\n"
    }

    private static func pattern(_ pattern: Pattern) -> String {
        let template = ReportText.masked(pattern.template, bytes: HubLimits.digestTemplateBytes)
        let message = ReportText.masked(pattern.exampleMessage, bytes: HubLimits.digestMessageBytes)
        var line = "- \(pattern.count) logs (\(levels(pattern.levels))), first \(time(pattern.firstSeen)),"
        line += " last \(time(pattern.lastSeen)): \(quoted(template))"
        if !message.isEmpty, message != template { line += ", for example \(quoted(message))" }
        return line + "\n"
    }

    private static func log(_ log: StoredLog) -> String {
        var line = "- \(time(log.timestamp)) \(log.level.name)"
        if let group = log.group { line += " group \(name(group))" }
        if !log.source.isEmpty {
            line += " source \(quoted(ReportText.masked(log.source, bytes: HubLimits.digestNameBytes)))"
        }
        line += ": \(quoted(ReportText.masked(log.message, bytes: HubLimits.digestMessageBytes)))"
        if !log.tags.isEmpty {
            line += " tags \(quoted(ReportText.masked(log.tags, bytes: HubLimits.digestNameBytes)))"
        }
        if !log.data.isEmpty {
            line += " data \(quoted(ReportText.masked(log.data, bytes: HubLimits.digestDataBytes)))"
        }
        return line + "\n"
    }

    private static func group(_ group: AnalysisFacts.Group) -> String {
        let levels = levels(group.levels)
        return "- \(name(group.name)): \(group.levels.total) logs (\(levels)), newest \(time(group.newest))\n"
    }

    private static func field(_ field: AnalysisFacts.Field) -> String {
        guard !SecretMask.isSecretName(field.path, numbers: field.least, field.most) else {
            return "- \(name(field.path)): [masked]\n"
        }
        let values = [field.least, field.average, field.most, field.last].map { ReportText.number($0) }
        return "- \(name(field.path)): \(field.count) values, least \(values[0]), average \(values[1]),"
            + " most \(values[2]), last \(values[3])\n"
    }

    /// To the second: digits are what costs most.
    private static func time(_ nanoseconds: Int64) -> String { Timestamp.text(nanoseconds).prefix(19) + "Z" }

    /// Those levels that there are any logs of.
    private static func levels(_ counts: LevelCounts) -> String {
        let levels = Level.allCases.filter { counts[Int($0.rawValue)] > 0 }
        guard !levels.isEmpty else { return "none" }
        return levels.map { "\(counts[Int($0.rawValue)]) \($0.name)" }.joined(separator: ", ")
    }

    private static func name(_ text: String) -> String {
        ReportText.masked(text, bytes: HubLimits.digestNameBytes)
    }

    /// In quotes, with quotes and backslashes escaped: where the text ends is plain.
    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONText.appendString(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
