import Protocol

/// What to look at for an incident: the group, the field, the message, the time, and where they are found.
struct Advice {
    let facts: AnalysisFacts
    let now: Int64

    func recommendation(_ incident: Incident, _ severity: Insights.Finding.Severity) -> Insights.Recommendation {
        let priority: Insights.Recommendation.Priority =
            switch severity {
            case .critical: .high
            case .warning: .medium
            case .info: .low
            }
        let text = incident.lead.map { action(incident, $0) } ?? pattern(incident)
        return Insights.Recommendation(
            action: ReportText.cut(text, bytes: HubLimits.insightActionBytes),
            priority: priority
        )
    }

    private func action(_ incident: Incident, _ lead: Trend) -> String {
        let place = incident.groups.first ?? "all groups"
        let time = ReportText.time(incident.start, now: now)
        let logs = "GET /api/logs?\(query(incident))"
        switch (lead.subject, lead.kind) {
        case (.field(let path), .silent):
            return "\(place): find out why \(path) is missing since \(time) while the group still logs: the sensor, its"
                + " driver, or a changed format (\(logs))."
        case (.field(let path), _):
            let advice = FieldKind(path).advice(goesUp: lead.change > 0)
            let also = incident.trends.dropFirst()
                .compactMap { other -> String? in
                    if case .field(let name) = other.subject, name != path { return name }
                    return nil
                }
            let beside = also.isEmpty ? "" : ", and at \(also.prefix(3).joined(separator: ", ")), which moved with it"
            return "\(path) in \(place) at \(time): \(advice)\(beside) (\(logs))\(forecast(lead))."
        case (_, .silent):
            let many =
                incident.groups.count > 1 ? " and the \(incident.groups.count - 1) others, and what they share" : ""
            return
                "\(place)\(many): check that the sender has power and network and that its agent runs and reaches the"
                + " hub (GET /api/agents); read its last logs before \(time) (\(last(incident)))."
        case (.errors, _):
            return "\(place): read the errors since \(time) (\(logs)&level=error), and look at what was deployed or"
                + " changed there, or at what it depends on, just before\(message(incident))."
        case (.count, .drop), (.count, .falling),
            (.count, .shift) where lead.change < 0:
            return "\(place): find out what stopped logging at \(time): a part that is down, or a lost connection"
                + " (\(logs)); compare with GET /api/facets?\(query(incident))."
        case (.count, _):
            return "\(place): see who sends so much since \(time) by GET /api/facets?\(query(incident)), and which"
                + " message by GET /api/patterns?\(query(incident)); stop it at its source\(message(incident))."
        }
    }

    private func pattern(_ incident: Incident) -> String {
        guard let pattern = incident.patterns.first else { return "" }
        let place = incident.groups.first ?? "the group of \(pattern.example.text)"
        let time = ReportText.time(incident.start, now: now)
        return
            "\(place): find out what changed just before \(time), when \(quoted(pattern)) first came; what led to one"
            + " of them: GET /api/logs/\(pattern.example.text)/context."
    }

    private func message(_ incident: Incident) -> String {
        incident.patterns.first.map { "; begin with \(quoted($0))" } ?? ""
    }

    private func quoted(_ pattern: Pattern) -> String { "\"\(ReportText.masked(pattern.template, bytes: 160))\"" }

    /// When a slope that goes on will have gone as far again.
    private func forecast(_ trend: Trend) -> String {
        let words = TrendWords(trend, interval: facts.interval, now: now)
        let length = trend.to &- trend.from
        guard trend.kind == .rising || trend.kind == .falling, trend.isOngoing, length > 0 else { return "" }
        let next = trend.after + trend.change
        return "; at this pace it is \(words.value(next)) at \(ReportText.time(trend.to &+ length, now: now))"
    }

    // MARK: Addresses

    /// Parameters of a query for the incident's logs, from an interval before it to one after it.
    private func query(_ incident: Incident) -> String {
        let margin = max(facts.interval, 0)
        let isOngoing = incident.end >= facts.until &- 2 &* margin
        var query = "\(scope(incident))since=\(Timestamp.text(incident.start &- margin))"
        if !isOngoing { query += "&until=\(Timestamp.text(incident.end &+ margin))" }
        return query
    }

    /// The newest logs before the incident.
    private func last(_ incident: Incident) -> String {
        "GET /api/logs?\(scope(incident))limit=20&until=\(Timestamp.text(incident.start))"
    }

    /// No query asks for logs without a group alone.
    private func scope(_ incident: Incident) -> String {
        let group = group(incident)
        return group == AnalysisFacts.noGroup ? "" : "group=\(encoded(group))&"
    }

    private func group(_ incident: Incident) -> String { incident.groups.first ?? facts.scope }

    /// A value in an address (RFC 3986 §2.3), `:` and `*` as they are.
    private func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isPlain = SecretMask.isLetter(byte) || SecretMask.isDigit(byte) || "-._~:*".utf8.contains(byte)
            if isPlain {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
