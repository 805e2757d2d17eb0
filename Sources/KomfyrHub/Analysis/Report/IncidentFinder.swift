/// Puts trends and patterns together that are of one incident, so that one thing is told once.
struct IncidentFinder {
    private let facts: AnalysisFacts
    /// What lies this near together began together, in nanoseconds: two intervals.
    private let near: Int64
    /// When logs begin, as far as it is known.
    private let begin: Int64

    init(_ facts: AnalysisFacts) {
        self.facts = facts
        near = 2 &* max(facts.interval, 1)
        begin = max(facts.since, facts.patterns.map(\.firstSeen).min() ?? facts.since)
    }

    /// The incidents, in order of time.
    func incidents() -> [Incident] {
        var incidents = merged(trends: facts.trends.compactMap { told($0) })
        incidents = joined(withoutTotals(incidents))
        incidents = repeated(incidents)
        for index in incidents.indices {
            incidents[index].trends.sort { $1.weight < $0.weight }
        }
        take(facts.patterns.filter { isNoteworthy($0) }, into: &incidents)
        return incidents.sorted { $0.start < $1.start }
    }

    // MARK: Trends

    /// The trend with its names cleaned; nil: it is no incident.
    private func told(_ trend: Trend) -> Trend? {
        guard trend.confidence >= 0.5, trend.before.isFinite, trend.after.isFinite, trend.to >= trend.from else {
            return nil
        }
        var trend = trend
        trend.group = trend.group.map { ReportText.line($0, bytes: HubLimits.digestNameBytes) }
        switch trend.subject {
        case .field(let path):
            let isMove = trend.kind == .rising || trend.kind == .falling || trend.kind == .shift
            if SecretMask.isSecretName(path) || isMove && FieldKind(path) == .counter { return nil }
            trend.subject = .field(ReportText.line(path, bytes: HubLimits.digestNameBytes))
        case .errors:
            // Fewer errors are no incident, and neither is one of a hundred.
            if trend.change <= 0 || trend.after < 0.01 || isHandful(trend) { return nil }
        case .count:
            // What moves slowly with the load of the day is no incident; nor is a handful of logs.
            switch trend.kind {
            case .silent: break
            case .rising, .falling:
                if abs(trend.change) < 0.5 * max(abs(trend.before), abs(trend.after)) { return nil }
            case .spike, .shift, .drop:
                if max(trend.before, trend.after) < 5 { return nil }
            }
        }
        return trend
    }

    /// Whether a burst of errors is a few: of few logs a large share is soon one.
    private func isHandful(_ trend: Trend) -> Bool {
        guard trend.kind == .spike,
            let group = facts.groups.first(where: {
                ReportText.line($0.name, bytes: HubLimits.digestNameBytes) == trend.group
            })
        else { return false }
        let intervals = Double(facts.until &- facts.since) / Double(max(facts.interval, 1))
        let atPeak = Double(group.levels.total) / max(intervals, 1) * trend.after
        // Where all are errors it matters how long.
        guard trend.after >= 0.9 else { return atPeak < 3 }
        return atPeak * Double(trend.to &- trend.from) / Double(max(facts.interval, 1)) < 5
    }

    private func merged(trends: [Trend]) -> [Incident] {
        var incidents: [Incident] = []
        for trend in trends.sorted(by: { ($0.from, $0.to) < ($1.from, $1.to) }) {
            let groups = trend.group.map { [$0] } ?? []
            if let index = incidents.firstIndex(where: { $0.groups == groups && belongs(trend, to: $0) }) {
                incidents[index].trends.append(trend)
                incidents[index].start = min(incidents[index].start, trend.from)
                incidents[index].end = max(incidents[index].end, trend.to)
            } else {
                incidents.append(Incident(trends: [trend], groups: groups, start: trend.from, end: trend.to))
            }
        }
        return incidents
    }

    private func belongs(_ trend: Trend, to incident: Incident) -> Bool {
        incident.trends.contains { other in
            if trend.subject == other.subject {
                return trend.from < other.to &+ near && other.from < trend.to &+ near
            }
            return distance(trend.from, other.from) <= vagueness(trend, other)
        }
    }

    /// How far apart two trends of one incident may begin: nobody can say to the minute when a slope began.
    private func vagueness(_ trend: Trend, _ other: Trend) -> Int64 {
        func slope(_ trend: Trend) -> Int64 {
            trend.kind == .rising || trend.kind == .falling ? trend.to &- trend.from : 0
        }
        let (one, two) = (slope(trend), slope(other))
        if one > 0, two > 0 { return max(near, max(one, two) / 4) }
        return max(near, max(one, two) / 16)
    }

    /// Without those of all groups together that single groups show too.
    private func withoutTotals(_ incidents: [Incident]) -> [Incident] {
        incidents.compactMap { incident in
            guard incident.groups.isEmpty else { return incident }
            var incident = incident
            incident.trends.removeAll { trend in
                incidents.contains { other in
                    !other.groups.isEmpty
                        && other.trends.contains {
                            $0.subject == trend.subject && $0.from < trend.to &+ near && trend.from < $0.to &+ near
                        }
                }
            }
            return incident.trends.isEmpty ? nil : incident
        }
    }

    /// Groups that did the same at the same time are one incident: what they share failed.
    private func joined(_ incidents: [Incident]) -> [Incident] {
        var joined: [Incident] = []
        for incident in incidents {
            let lead = incident.trends.max { $0.weight < $1.weight }
            let index = joined.firstIndex { other in
                guard let lead, let theirs = other.lead, !incident.groups.isEmpty, !other.groups.isEmpty else {
                    return false
                }
                return lead.kind == theirs.kind && lead.subject == theirs.subject
                    && lead.change * theirs.change >= 0 && distance(other.start, incident.start) <= near
            }
            if let index {
                joined[index].trends += incident.trends
                joined[index].groups += incident.groups
                joined[index].end = max(joined[index].end, incident.end)
            } else {
                var incident = incident
                incident.trends.sort { $1.weight < $0.weight }
                joined.append(incident)
            }
        }
        return joined
    }

    /// Spikes that come again and again are one incident.
    private func repeated(_ incidents: [Incident]) -> [Incident] {
        var told: [Incident] = []
        var taken: Set<Int> = []
        for (index, incident) in incidents.enumerated() where !taken.contains(index) {
            var one = incident
            if let lead = incident.lead, lead.kind == .spike || lead.kind == .drop {
                let same = incidents.indices.filter {
                    incidents[$0].groups == incident.groups && incidents[$0].lead?.kind == lead.kind
                        && incidents[$0].lead?.subject == lead.subject
                }
                if same.count >= 3 {
                    taken.formUnion(same)
                    one.trends = same.compactMap { incidents[$0].lead }
                    one.start = same.map { incidents[$0].start }.min() ?? one.start
                    one.end = same.map { incidents[$0].end }.max() ?? one.end
                    one.isRepeated = true
                }
            }
            told.append(one)
        }
        return told
    }

    // MARK: Patterns

    /// The name of the group that a pattern's example is of, where it is known.
    func group(of pattern: Pattern) -> String? { name(of: pattern.example) }

    private func name(of id: LogID) -> String? {
        let name = facts.groupNames[id.group] ?? facts.newestErrors.first { $0.id.group == id.group }?.group
        return name.map { ReportText.line($0, bytes: HubLimits.digestNameBytes) }
    }

    /// Errors of a kind that was not there before; warnings when there are many of them.
    private func isNoteworthy(_ pattern: Pattern) -> Bool {
        let errors = pattern.levels.errors
        if pattern.isNew {
            return errors >= 3 || pattern.levels.criticals > 0 || errors + pattern.levels[2] >= 10
        }
        return errors >= 5 && appeared(pattern)
    }

    /// Whether its first log came so late that chance cannot be why there was none before.
    ///
    /// Logs that come by chance at the rate they have had since would have left that time empty with a probability of
    /// e^-12.
    private func appeared(_ pattern: Pattern) -> Bool {
        let before = Double(pattern.firstSeen &- begin)
        let since = Double(max(facts.until &- pattern.firstSeen, facts.interval))
        return before > Double(near) && Double(pattern.count) * before / max(since, 1) >= 12
    }

    private func take(_ patterns: [Pattern], into incidents: inout [Incident]) {
        for pattern in patterns.sorted(by: { $0.firstSeen < $1.firstSeen }) {
            let group = group(of: pattern)
            let candidates = incidents.indices.filter { fits(pattern, group, incidents[$0]) }
            let nearest = candidates.min {
                distance(incidents[$0].start, pattern.firstSeen) < distance(incidents[$1].start, pattern.firstSeen)
            }
            if let nearest {
                incidents[nearest].patterns.append(pattern)
                incidents[nearest].patterns.sort { $1.count < $0.count }
                if incidents[nearest].trends.isEmpty {
                    incidents[nearest].start = min(incidents[nearest].start, pattern.firstSeen)
                    incidents[nearest].end = max(incidents[nearest].end, pattern.lastSeen)
                }
            } else {
                incidents.append(
                    Incident(
                        patterns: [pattern],
                        groups: group.map { [$0] } ?? [],
                        start: pattern.firstSeen,
                        end: pattern.lastSeen
                    )
                )
            }
        }
    }

    private func fits(_ pattern: Pattern, _ group: String?, _ incident: Incident) -> Bool {
        let isNear = distance(pattern.firstSeen, incident.start) <= near
        let isWithin = pattern.firstSeen >= incident.start &- near && pattern.firstSeen <= incident.end
        if let group, incident.groups.contains(group) {
            // A slope of hours is no reason for all that happens on the way.
            return incident.lead?.subject == .errors || incident.lead?.subject == .count ? isWithin : isNear
        }
        if group != nil, !incident.groups.isEmpty { return false }
        guard let lead = incident.lead else { return isNear }
        return isNear && (lead.subject == .errors || lead.subject == .count && lead.kind == .spike)
    }

    private func distance(_ one: Int64, _ other: Int64) -> Int64 { Int64(clamping: (one &- other).magnitude) }
}
