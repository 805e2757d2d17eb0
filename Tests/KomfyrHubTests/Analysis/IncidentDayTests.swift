import Protocol
import Testing

@testable import KomfyrHub

@Suite struct IncidentDayTests {
    private static let day = IncidentDay(seed: 7, end: MadeFacts.now, load: 0.3)

    @Test func `the same seed gives the same day, in order of time, as NDJSON`() throws {
        let batches = Self.day.batches()
        #expect(batches == IncidentDay(seed: 7, end: MadeFacts.now, load: 0.3).batches())
        #expect(batches != IncidentDay(seed: 8, end: MadeFacts.now, load: 0.3).batches())
        var last = Self.day.start
        var count = 0
        Self.day.eachLog { log in
            #expect(log.time >= last && log.time < Self.day.end)
            last = log.time
            count += 1
        }
        #expect(count > 15_000)
        var lines = 0
        var scanner = JSONScanner()
        for batch in batches {
            for line in batch.split(separator: 0x0A) {
                lines += 1
                var cursor = try line.withUnsafeBytes { try scanner.indexCopy(of: $0) }
                #expect(try cursor.readValue().kind == .object)
                try cursor.finish()
            }
        }
        #expect(lines == count)
    }

    @Test func `there are twenty groups, and what was planted is there`() throws {
        var groups: Set<String> = []
        var counts: [IncidentDay.Kind: Int] = [:]
        var silent = 0
        let incidents = Self.day.incidents
        #expect(Set(incidents.map(\.kind)) == Set(IncidentDay.Kind.allCases))
        Self.day.eachLog { log in
            groups.insert(log.group)
            for incident in incidents where incident.group == log.group {
                let isWithin = log.time >= incident.start && log.time < incident.end
                switch incident.kind {
                case .errorBurst: if isWithin, log.level == .error { counts[.errorBurst, default: 0] += 1 }
                case .newError: if log.message.hasPrefix("deadlock"), isWithin { counts[.newError, default: 0] += 1 }
                case .suddenFlood: if isWithin { counts[.suddenFlood, default: 0] += 1 }
                case .silentSensor: if isWithin { silent += 1 }
                case .slowLeak, .latencyShift: if isWithin { counts[incident.kind, default: 0] += 1 }
                }
            }
        }
        #expect(groups.count == 20)
        #expect(silent == 0)
        #expect(try #require(counts[.newError]) > 300)
        #expect(try #require(counts[.suddenFlood]) > 300)
        #expect(try #require(counts[.errorBurst]) > 5)
        #expect(try #require(counts[.slowLeak]) > 300)
    }

    /// What trends and patterns should find, made by hand from what was planted.
    private static func facts(_ day: IncidentDay) -> AnalysisFacts {
        var facts = MadeFacts.facts(levels: MadeFacts.levels(info: 70_000, warning: 2_000, error: 900))
        facts.since = day.start
        facts.until = day.end
        facts.groupCount = 20
        facts.groupNames = [3: "shop:inventory"]
        func trend(
            _ incident: IncidentDay.Incident,
            _ kind: Trend.Kind,
            _ subject: Trend.Subject,
            _ from: Double,
            _ to: Double
        ) {
            let interval = IncidentDay.interval
            facts.trends.append(
                Trend(
                    subject: subject,
                    group: incident.group,
                    kind: kind,
                    from: incident.start / interval * interval,
                    to: incident.end,
                    before: from,
                    after: to,
                    confidence: 0.9
                )
            )
        }
        for incident in day.incidents {
            switch incident.kind {
            case .errorBurst: trend(incident, .spike, .errors, 0.008, 0.45)
            case .newError:
                trend(incident, .shift, .errors, 0.008, 0.18)
                var pattern = MadeFacts.pattern("deadlock <num>", MadeFacts.levels(error: 600), first: 0, group: 3)
                pattern.firstSeen = incident.start + Timestamp.second
                pattern.lastSeen = incident.end
                facts.patterns.append(pattern)
            case .slowLeak: trend(incident, .rising, .field("memory_mb"), 400, 800)
            case .latencyShift: trend(incident, .shift, .field("latency_ms"), 45, 126)
            case .silentSensor: trend(incident, .silent, .count, 5, 0)
            case .suddenFlood: trend(incident, .spike, .count, 14, 420)
            }
        }
        return facts
    }

    @Test func `a report on what was planted tells six incidents and nothing else`() {
        for seed in 0..<20 {
            let day = IncidentDay(seed: UInt64(seed), end: MadeFacts.now)
            let insights = StatisticalAnalyst.insights(Self.facts(day), now: MadeFacts.now)
            let verdict = day.verdict(on: insights)
            #expect(verdict.missed.isEmpty && verdict.wrong.isEmpty && verdict.repeated.isEmpty, "seed \(seed)")
            #expect(insights.findings.count == 6)
        }
    }

    @Test func `the verdict tells what is missed and what is wrong`() {
        let day = Self.day
        var facts = Self.facts(day)
        facts.trends.removeAll { $0.kind == .silent }
        for index in facts.trends.indices where facts.trends[index].kind == .rising {
            facts.trends[index].from += 20 * IncidentDay.interval
        }
        let verdict = day.verdict(on: StatisticalAnalyst.insights(facts, now: MadeFacts.now))
        #expect(Set(verdict.missed.map(\.kind)) == [.silentSensor, .slowLeak])
        #expect(verdict.wrong.count == 1)
    }
}
