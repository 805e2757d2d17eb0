/// Writes an incident down: a title, what changed from what to what since when, examples, and what to look at.
struct FindingWriter {
    let facts: AnalysisFacts
    let now: Int64
    let finder: IncidentFinder

    func finding(_ incident: Incident) -> Insights.Finding {
        Insights.Finding(
            title: ReportText.cut(title(incident), bytes: HubLimits.insightTitleBytes),
            description: ReportText.cut(description(incident), bytes: HubLimits.insightDescriptionBytes),
            severity: severity(incident),
            since: incident.start
        )
    }

    func words(_ trend: Trend) -> TrendWords {
        TrendWords(trend, interval: facts.interval, now: now)
    }

    // MARK: Severity

    func severity(_ incident: Incident) -> Insights.Finding.Severity {
        var worst = Insights.Finding.Severity.info
        for trend in incident.trends {
            let severity = severity(trend)
            if InsightOrder.rank(severity) > InsightOrder.rank(worst) { worst = severity }
        }
        if incident.errors > 0 || !incident.patterns.isEmpty, worst == .info { worst = .warning }
        if incident.patterns.contains(where: { $0.levels.criticals > 0 }) { worst = .critical }
        // What several groups share failed.
        if incident.groups.count >= 3, incident.lead?.kind == .silent { worst = .critical }
        return worst
    }

    private func severity(_ trend: Trend) -> Insights.Finding.Severity {
        switch trend.subject {
        case .errors: return trend.after >= 0.25 ? .critical : trend.after >= 0.03 ? .warning : .info
        case .count:
            if trend.kind == .silent { return .warning }
            let most = max(trend.before, trend.after)
            let least = max(min(trend.before, trend.after), 0.5)
            let isSlope = trend.kind == .rising || trend.kind == .falling
            return !isSlope && most / least >= 3 && most >= 20 ? .warning : .info
        case .field(let path):
            let kind = FieldKind(path)
            let isBad = kind.isBadWhenLow ? trend.change < 0 : trend.change > 0 || trend.kind != .falling
            return trend.kind == .silent || isBad && trend.confidence >= 0.7 ? .warning : .info
        }
    }

    // MARK: Words

    private func title(_ incident: Incident) -> String {
        guard let lead = incident.lead else {
            let place = incident.groups.first.map { " in \($0)" } ?? ""
            let kind = incident.errors > 0 ? "error" : "kind of message"
            let template = incident.patterns.first.map { ReportText.masked($0.template, bytes: 120) } ?? ""
            return "New \(kind)\(place): \(template)"
        }
        if incident.groups.count > 1 {
            var shared = lead
            shared.group = names(incident.groups)
            return words(shared).title
        }
        if incident.isRepeated {
            let verb = lead.kind == .spike ? "spiked" : "dropped"
            let words = words(lead)
            let subject = lead.subject == .count ? "Number of logs" : words.subject
            return "\(subject)\(words.place) \(verb) \(incident.trends.count) times,"
                + " to \(words.after)\(words.unit) at the farthest"
        }
        return words(lead).title
    }

    private func description(_ incident: Incident) -> String {
        var sentences: [String] = []
        if let lead = incident.lead {
            if incident.groups.count > 1 {
                sentences.append(
                    "\(ReportText.number(incident.groups.count)) groups did the same within two intervals."
                )
                sentences += incident.trends.filter { $0.subject == lead.subject && $0.kind == lead.kind }.prefix(5)
                    .map { words($0).sentence }
            } else {
                sentences += incident.trends.prefix(incident.isRepeated ? 4 : 5).map { words($0).sentence }
            }
            if let sentence = threshold(lead) { sentences.append(sentence) }
        }
        for pattern in incident.patterns.prefix(3) { sentences.append(sentence(pattern)) }
        if incident.patterns.count > 3 {
            sentences.append("And \(incident.patterns.count - 3) more new kinds of messages.")
        }
        if incident.patterns.isEmpty, let example = example(incident) { sentences.append(example) }
        return sentences.joined(separator: " ")
    }

    /// `a`, `a and b`, `a, b, c and 4 more groups`.
    private func names(_ groups: [String]) -> String {
        if groups.count <= 2 { return groups.joined(separator: " and ") }
        if groups.count == 3 { return "\(groups[0]), \(groups[1]) and \(groups[2])" }
        return groups.prefix(3).joined(separator: ", ") + " and \(groups.count - 3) more groups"
    }

    private func sentence(_ pattern: Pattern) -> String {
        let errors = pattern.levels.errors
        let kind = errors > 0 ? "error" : "message"
        let message = ReportText.masked(
            pattern.exampleMessage.isEmpty ? pattern.template : pattern.exampleMessage,
            bytes: HubLimits.digestMessageBytes
        )
        let times = ReportText.count(pattern.count, "time", "times")
        return "New \(kind), \(times) since \(ReportText.time(pattern.firstSeen, now: now)): \"\(message)\"."
    }

    /// The limit that the logs themselves carry, when the trend passed it.
    private func threshold(_ trend: Trend) -> String? {
        guard case .field(let path) = trend.subject else { return nil }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        let parent = parts.dropLast().map { $0 + "." }.joined()
        let own = parts.last.map(String.init) ?? path
        for name in ["\(own)_threshold", "\(own)_limit", "\(own)_max", "\(own)_min", "threshold", "limit"] {
            guard let field = facts.fields.first(where: { $0.path == parent + name }), field.path != path,
                field.least == field.most
            else { continue }
            let limit = ReportText.number(field.least)
            if trend.before < field.least, trend.after >= field.least {
                return "That is above the \(name) of \(limit) in the same logs."
            }
            if trend.before > field.least, trend.after <= field.least {
                return "That is below the \(name) of \(limit) in the same logs."
            }
        }
        return nil
    }

    /// What an incident without a new pattern looks like in the logs: an error of its time, or the commonest message.
    private func example(_ incident: Incident) -> String? {
        guard let lead = incident.lead, lead.kind != .silent else { return nil }
        switch lead.subject {
        case .errors, .count:
            let isErrors = lead.subject == .errors
            let patterns = facts.patterns.filter { pattern in
                let errors = pattern.levels.errors
                guard pattern.lastSeen >= incident.start, pattern.firstSeen <= incident.end else { return false }
                guard !isErrors || errors > 0 else { return false }
                guard let group = finder.group(of: pattern) else { return incident.groups.isEmpty }
                return incident.groups.isEmpty || incident.groups.contains(group)
            }
            if let most = patterns.max(by: { $0.count < $1.count }) {
                let message = ReportText.masked(most.exampleMessage, bytes: HubLimits.digestMessageBytes)
                return
                    "The commonest \(isErrors ? "error" : "message"), \(ReportText.number(most.count)) of them in the"
                    + " window: \"\(message)\"."
            }
            guard isErrors else { return nil }
            let end = incident.end &+ max(facts.interval, 0)
            let log = facts.newestErrors.first { log in
                log.timestamp >= incident.start && log.timestamp <= end
                    && (incident.groups.isEmpty || log.group.map { incident.groups.contains($0) } ?? false)
            }
            guard let log else { return nil }
            return "One of them: \"\(ReportText.masked(log.message, bytes: HubLimits.digestMessageBytes))\"."
        case .field: return nil
        }
    }
}
