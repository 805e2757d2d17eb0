import Protocol

/// The analyst without a model: the report that trends and patterns make by themselves.
///
/// Trends and patterns of one incident are one finding (`IncidentFinder`); each is written with what changed from what
/// to what since when and with examples (`FindingWriter`), and with what to look at (`Advice`). For the same facts it
/// is the same report.
enum StatisticalAnalyst {
    /// The report on these facts; times of other days than that of `now`, in nanoseconds since 1970, are written with
    /// their date.
    static func insights(_ facts: AnalysisFacts, now: Int64) -> Insights {
        let report = StatisticalReport(facts, now: now)
        return report.insights()
    }
}

private struct StatisticalReport {
    private let facts: AnalysisFacts
    private let now: Int64
    private let finder: IncidentFinder
    private let writer: FindingWriter

    init(_ facts: AnalysisFacts, now: Int64) {
        self.facts = facts
        self.now = now
        finder = IncidentFinder(facts)
        writer = FindingWriter(facts: facts, now: now, finder: finder)
    }

    func insights() -> Insights {
        let incidents = ranked(finder.incidents())
        let advice = Advice(facts: facts, now: now)
        var findings: [Insights.Finding] = []
        var recommendations: [Insights.Recommendation] = []
        for incident in incidents.prefix(HubLimits.insightFindings - 3) {
            let finding = writer.finding(incident)
            findings.append(finding)
            recommendations.append(advice.recommendation(incident, finding.severity))
        }
        add(&findings, &recommendations, besides: incidents)
        let severity = overall(findings)
        return InsightOrder.sorted(
            Insights(
                summary: ReportText.cut(summary(findings, severity), bytes: HubLimits.insightSummaryBytes),
                severity: severity,
                findings: findings,
                recommendations: recommendations
            )
        )
    }

    /// The gravest first; of those as grave what goes on before what is over, then errors and silence before what
    /// merely moves, and then what is surer.
    private func ranked(_ incidents: [Incident]) -> [Incident] {
        func key(_ incident: Incident) -> (Int, Int, Int, Double) {
            let isOngoing = incident.end >= facts.until &- 2 &* max(facts.interval, 0)
            let confidence = incident.trends.map(\.confidence).max() ?? 0.8
            let isError = incident.errors > 0 || incident.lead?.subject == .errors
            let kind = isError ? 2 : incident.lead?.kind == .silent ? 1 : 0
            return (InsightOrder.rank(writer.severity(incident)), isOngoing ? 1 : 0, kind, confidence)
        }
        return incidents.enumerated()
            .sorted { left, right in
                let (one, two) = (key(left.element), key(right.element))
                return one == two ? left.offset < right.offset : one > two
            }
            .map(\.element)
    }

    private func overall(_ findings: [Insights.Finding]) -> Insights.Severity {
        switch findings.map({ InsightOrder.rank($0.severity) }).max() {
        case 2: .critical
        case 1: .warning
        default: .normal
        }
    }

    // MARK: What is no incident

    /// Adds what no incident tells: critical logs, errors that were there all along, new kinds of messages, and that
    /// not all could be read.
    private func add(
        _ findings: inout [Insights.Finding],
        _ recommendations: inout [Insights.Recommendation],
        besides incidents: [Incident]
    ) {
        let told = incidents.flatMap(\.patterns)
        let errors = facts.levels.errors
        let share = facts.levels.total > 0 ? Double(errors) / Double(facts.levels.total) : 0
        let tellsErrors = incidents.contains { incident in
            incident.errors > 0 || incident.trends.contains { $0.subject == .errors }
        }
        if facts.levels.criticals > 0, !tellsErrors {
            add(criticals: facts.levels.criticals, &findings, &recommendations)
        } else if errors >= 10, share >= 0.05, !tellsErrors {
            addErrors(errors, share, &findings, &recommendations)
        }
        // One odd message has a number that was taken for a word, more often than it is news.
        let new = facts.patterns.filter { pattern in
            pattern.isNew && !told.contains(pattern)
                && pattern.count >= (pattern.levels.errors > 0 ? 2 : 3)
        }
        addNew(new, &findings)
        if facts.isPartial {
            findings.append(
                Insights.Finding(
                    title: "Not all logs could be read",
                    description: "Redis could not be asked for all of the window: this report is about what the hub has"
                        + " in memory, and what it does not tell may still have happened.",
                    severity: .warning,
                    since: nil
                )
            )
            recommendations.append(
                Insights.Recommendation(
                    action: "Look at Redis (GET /api/health, GET /api/stats), and ask for this report again when it is"
                        + " back.",
                    priority: .high
                )
            )
        }
    }

    private func add(
        criticals count: Int,
        _ findings: inout [Insights.Finding],
        _ recommendations: inout [Insights.Recommendation]
    ) {
        let newest = facts.newestErrors.first { $0.level == .critical }
        let group = newest?.group.map { ReportText.line($0, bytes: HubLimits.digestNameBytes) }
        var description = "\(ReportText.count(count, "log has", "logs have")) the level critical."
        if let newest {
            let message = ReportText.masked(newest.message, bytes: HubLimits.digestMessageBytes)
            let place = group.map { " in \($0)" } ?? ""
            description += " The newest\(place), at \(ReportText.time(newest.timestamp, now: now)): \"\(message)\"."
        }
        findings.append(
            Insights.Finding(
                title:
                    "\(ReportText.count(count, "critical log", "critical logs"))\(group.map { ", the newest in \($0)" } ?? "")",
                description: description,
                severity: .warning,
                since: nil
            )
        )
        let context = newest.map { ", and what led to the newest: GET /api/logs/\($0.id.text)/context" } ?? ""
        recommendations.append(
            Insights.Recommendation(action: "Read the logs of level critical\(context).", priority: .medium)
        )
    }

    private func addErrors(
        _ errors: Int,
        _ share: Double,
        _ findings: inout [Insights.Finding],
        _ recommendations: inout [Insights.Recommendation]
    ) {
        let worst = facts.groups.max { $0.levels.errors < $1.levels.errors }
        let name = worst.map { ReportText.line($0.name, bytes: HubLimits.digestNameBytes) }
        var description =
            "\(ReportText.count(errors, "error", "errors")) are \(ReportText.percent(share)) of all logs, without a change"
            + " that could be told from chance."
        if let worst, let name {
            description += " Most are in \(name): \(ReportText.number(worst.levels.errors))."
        }
        let pattern = facts.patterns.max { $0.levels.errors < $1.levels.errors }
        if let pattern, pattern.levels.errors > 0 {
            let message = ReportText.masked(pattern.template, bytes: HubLimits.digestTemplateBytes)
            description += " The commonest, \(ReportText.count(pattern.count, "time", "times")): \"\(message)\"."
        }
        findings.append(
            Insights.Finding(
                title: "Errors all along: \(ReportText.percent(share)) of logs\(name.map { ", most in \($0)" } ?? "")",
                description: description,
                severity: share >= 0.2 ? .warning : .info,
                since: nil
            )
        )
        recommendations.append(
            Insights.Recommendation(
                action:
                    "Find out whether \(name.map { "the errors of \($0)" } ?? "these errors") matter: mend their cause,"
                    + " or log them at a lower level, so that new ones stand out.",
                priority: .low
            )
        )
    }

    private func addNew(_ patterns: [Pattern], _ findings: inout [Insights.Finding]) {
        guard let first = patterns.map(\.firstSeen).min() else { return }
        let examples =
            patterns.sorted { ($1.levels.errors, $1.count) < ($0.levels.errors, $0.count) }
            .prefix(4)
            .map {
                "\"\(ReportText.masked($0.template, bytes: 160))\" (\(ReportText.count($0.count, "time", "times")))"
            }
        let count = ReportText.count(patterns.count, "new kind of message", "new kinds of messages")
        findings.append(
            Insights.Finding(
                title: "\(count), none of them an incident by itself",
                description: "Not seen before: \(examples.joined(separator: ", "))"
                    + (patterns.count > 4 ? " and \(patterns.count - 4) more." : "."),
                severity: .info,
                since: first
            )
        )
    }

    // MARK: Summary

    private func summary(_ findings: [Insights.Finding], _ severity: Insights.Severity) -> String {
        let scope = ReportText.line(facts.scope, bytes: HubLimits.digestNameBytes)
        let place = scope == "*" ? "all groups" : scope
        let window = ReportText.duration(facts.until &- facts.since)
        let total = facts.levels.total
        if total == 0 {
            let partial = facts.isPartial ? " Not all of it could be read." : ""
            return
                "No logs in \(place) in the \(window) before \(ReportText.time(facts.until, now: now)): either nothing"
                + " was sent, or the group's name is another (GET /api/groups).\(partial)"
        }
        var sentences: [String] = []
        let grave = findings.filter { $0.severity != .info }
        if let first = grave.max(by: { InsightOrder.rank($0.severity) < InsightOrder.rank($1.severity) }) {
            let gravest = grave.first { $0.severity == first.severity } ?? first
            let since = gravest.since.map { " (since \(ReportText.time($0, now: now)))" } ?? ""
            sentences.append("\(gravest.title)\(since).")
            let others = grave.filter { $0 != gravest }
            if !others.isEmpty {
                let titles = others.prefix(2).map(\.title).joined(separator: "; ")
                let more = others.count > 2 ? "; and \(others.count - 2) more" : ""
                sentences.append("Also: \(titles)\(more).")
            }
        } else {
            sentences.append("Nothing in \(place) needs a person: no change in \(window) that stands out.")
        }
        let errors = facts.levels.errors
        let share =
            errors == 0 ? "none of them an error" : "\(ReportText.percent(Double(errors) / Double(total))) errors"
        let groups = facts.groupCount > 1 ? " from \(ReportText.number(facts.groupCount)) groups" : ""
        sentences.append("\(ReportText.count(total, "log", "logs"))\(groups) in \(window), \(share).")
        if grave.isEmpty, !fields.isEmpty { sentences.append(fields) }
        if total < 30 { sentences.append("So few logs do not tell what is usual: take this report as a first look.") }
        if facts.isPartial { sentences.append("Not all logs could be read.") }
        if !facts.leftOut.isEmpty {
            sentences.append("Left out, since there is too much: \(facts.leftOut.joined(separator: "; ")).")
        }
        return sentences.joined(separator: " ")
    }

    /// `temperature 22.9 to 24.8 (average 23.9); …` of those with most values.
    private var fields: String {
        let fields = facts.fields.filter { !SecretMask.isSecretName($0.path) && $0.average.isFinite }.prefix(3)
        guard !fields.isEmpty else { return "" }
        let texts = fields.map { field in
            let name = ReportText.line(field.path, bytes: HubLimits.digestNameBytes)
            if field.least == field.most { return "\(name) \(ReportText.number(field.least))" }
            return "\(name) \(ReportText.number(field.least)) to \(ReportText.number(field.most)) (average"
                + " \(ReportText.number(field.average)))"
        }
        return "Measured: \(texts.joined(separator: "; "))."
    }
}
