import Protocol
import TestSupport
import Testing

@testable import KomfyrHub

@Suite struct StatisticalAnalystTests {
    private static func report(_ facts: AnalysisFacts) -> Insights {
        StatisticalAnalyst.insights(facts, now: MadeFacts.now)
    }

    private static func time(_ minutesAgo: Int64) -> Int64 { MadeFacts.now - minutesAgo * MadeFacts.minute }

    // MARK: The original's sample

    /// 61 readings, one every 2 minutes; the temperature jumps to 41.6 at the 40th and is back after three.
    static func sample() -> AnalysisFacts {
        let group = "datacenter:server-rack-1"
        var facts = MadeFacts.facts(group, hours: 2, levels: MadeFacts.levels(info: 58, warning: 3))
        facts.interval = 2 * MadeFacts.minute
        facts.groups = [AnalysisFacts.Group(name: group, levels: facts.levels, newest: MadeFacts.now)]
        facts.tags = [
            AnalysisFacts.Count(text: "monitoring", count: 61), AnalysisFacts.Count(text: "temperature", count: 61),
        ]
        facts.fields = [
            AnalysisFacts.Field(path: "cpu_usage", count: 61, least: 31, most: 88, average: 37.6, last: 35),
            AnalysisFacts.Field(path: "humidity", count: 61, least: 44, most: 46, average: 45.1, last: 45),
            AnalysisFacts.Field(path: "temperature", count: 61, least: 23.1, most: 41.6, average: 24.9, last: 24.2),
            AnalysisFacts.Field(path: "threshold", count: 61, least: 30, most: 30, average: 30, last: 30),
        ]
        facts.trends = [
            MadeFacts.trend(.spike, .field("temperature"), in: group, from: 42, to: 36, 24.1, 41.6, confidence: 0.99),
            MadeFacts.trend(.spike, .field("cpu_usage"), in: group, from: 42, to: 36, 35.2, 88, confidence: 0.92),
        ]
        facts.patterns = [
            MadeFacts.pattern(
                "Temperature reading: <num> C",
                facts.levels,
                first: 120,
                isNew: false,
                message: "Temperature reading: 24.2 C"
            )
        ]
        return facts
    }

    @Test func `the report of the sample names the spike, its field, its time and size, and what to look at`() throws {
        let insights = Self.report(Self.sample())
        #expect(insights.severity == .warning)
        let finding = try #require(insights.findings.first)
        #expect(insights.findings.count == 1)
        #expect(finding.title == "temperature in datacenter:server-rack-1 spiked to 41.6, usually 24.1")
        #expect(finding.since == Self.time(42))
        #expect(finding.severity == .warning)
        for part in [
            "temperature in datacenter:server-rack-1 reached 41.6 from 11:18 to 11:24 UTC, usually 24.1.",
            "cpu_usage in datacenter:server-rack-1 reached 88 (2.5 times as much)", "above the threshold of 30",
        ] {
            #expect(finding.description.contains(part), "\(finding.description)")
        }
        let advice = try #require(insights.recommendations.first)
        for part in [
            "temperature in datacenter:server-rack-1 at 11:18 UTC", "cooling", "cpu_usage", "moved with it",
            "GET /api/logs?group=datacenter:server-rack-1&since=2026-11-23T11:16",
        ] {
            #expect(advice.action.contains(part), "\(advice.action)")
        }
        #expect(
            insights.summary.hasPrefix(
                "temperature in datacenter:server-rack-1 spiked to 41.6, usually 24.1 (since 11:18 UTC)."
            )
        )
        #expect(insights.summary.contains("61 logs in 2 h, none of them an error."))
    }

    // MARK: One incident each

    @Test func `a burst of errors is one finding, with its share, its time and an example`() throws {
        var facts = MadeFacts.facts(levels: MadeFacts.levels(info: 70_000, error: 700))
        facts.trends = [
            MadeFacts.trend(.spike, .errors, in: "shop:checkout", from: 200, to: 175, 0.008, 0.46),
            MadeFacts.trend(.spike, .count, in: "shop:checkout", from: 200, to: 175, 26, 60),
            MadeFacts.trend(.spike, .errors, in: nil, from: 200, to: 175, 0.008, 0.05),
        ]
        facts.newestErrors = [
            MadeFacts.log("upstream timed out after 30000 ms, token=abcdef123", group: "shop:checkout", minutes: 180)
        ]
        let insights = Self.report(facts)
        #expect(insights.severity == .critical)
        let finding = try #require(insights.findings.first)
        #expect(insights.findings.count == 1)
        #expect(finding.title == "Burst of errors in shop:checkout: 46 % of logs, usually 0.8 %")
        #expect(finding.since == Self.time(200))
        #expect(finding.description.contains("from 08:40 to 09:05 UTC"))
        #expect(finding.description.contains("upstream timed out after 30000 ms, token=[masked]"))
        let advice = try #require(insights.recommendations.first)
        #expect(advice.priority == .high)
        #expect(advice.action.contains("shop:checkout: read the errors since 08:40 UTC"))
        #expect(advice.action.contains("level=error"))
    }

    @Test func `a burst of errors that are two of six logs is none`() {
        var facts = MadeFacts.facts(levels: MadeFacts.levels(info: 1_700, error: 12))
        facts.trends = [MadeFacts.trend(.spike, .errors, in: "auth:gateway", from: 200, to: 170, 0.006, 0.33)]
        #expect(Self.report(facts).findings.count == 1)
        facts.groups = [AnalysisFacts.Group(name: "auth:gateway", levels: facts.levels, newest: MadeFacts.now)]
        #expect(Self.report(facts).findings.isEmpty)
        facts.trends[0].after = 1
        #expect(Self.report(facts).findings.count == 1)
        facts.groups[0].levels = MadeFacts.levels(info: 850, error: 12)
        facts.trends[0].to = facts.trends[0].from + facts.interval
        #expect(Self.report(facts).findings.isEmpty)
    }

    @Test func `a new kind of error is told with its group, its first time, and an example`() throws {
        var facts = MadeFacts.facts(levels: MadeFacts.levels(info: 70_000, error: 300))
        facts.patterns = [
            MadeFacts.pattern(
                "deadlock while locking row <num> of table stock",
                MadeFacts.levels(error: 240),
                first: 310,
                group: 4,
                message: "deadlock while locking row 17 of table stock"
            ),
            MadeFacts.pattern(
                "order <num> placed",
                MadeFacts.levels(info: 9_000),
                first: 1_440,
                isNew: false,
                group: 5
            ),
        ]
        facts.groupNames = [4: "shop:inventory"]
        let insights = Self.report(facts)
        let finding = try #require(insights.findings.first)
        #expect(insights.findings.count == 1)
        #expect(finding.title == "New error in shop:inventory: deadlock while locking row <num> of table stock")
        #expect(finding.since == Self.time(310))
        #expect(finding.severity == .warning)
        #expect(
            finding.description.contains("240 times since 06:50 UTC: \"deadlock while locking row 17 of table stock\"")
        )
        let advice = try #require(insights.recommendations.first)
        #expect(advice.action.contains("shop:inventory: find out what changed just before 06:50 UTC"))
        #expect(advice.action.contains("/context"))
        // Its rise in the share of errors is the same incident.
        facts.trends = [MadeFacts.trend(.shift, .errors, in: "shop:inventory", from: 315, 0.008, 0.17)]
        let both = Self.report(facts)
        #expect(both.findings.count == 1)
        #expect(both.findings.first?.title == "More errors in shop:inventory: 17 % of logs, before 0.8 %")
        #expect(both.findings.first?.description.contains("New error, 240 times") == true)
    }

    @Test func `an error that came late is told though it is not said to be new, and a rare one is not`() {
        var facts = MadeFacts.facts()
        let usual = MadeFacts.pattern("order <num> placed", MadeFacts.levels(info: 9_000), first: 1_440, isNew: false)
        facts.patterns = [usual, MadeFacts.pattern("late", MadeFacts.levels(error: 60), first: 300, isNew: false)]
        #expect(Self.report(facts).findings.map(\.title) == ["New error: late"])
        facts.patterns = [usual, MadeFacts.pattern("rare", MadeFacts.levels(error: 5), first: 900, isNew: false)]
        #expect(Self.report(facts).findings.isEmpty)
        // Where all logs begin then nothing is late.
        facts.patterns = [MadeFacts.pattern("late", MadeFacts.levels(error: 60), first: 300, isNew: false)]
        #expect(Self.report(facts).findings.isEmpty)
    }

    @Test func `a slow leak says from where to where, how fast, and where it leads`() throws {
        var facts = MadeFacts.facts()
        facts.trends = [MadeFacts.trend(.rising, .field("memory_mb"), in: "app:worker", from: 600, 400, 650)]
        let insights = Self.report(facts)
        let finding = try #require(insights.findings.first)
        #expect(finding.title == "memory_mb in app:worker keeps rising: 400 to 650")
        #expect(finding.severity == .warning)
        #expect(finding.description.contains("02:00 to 12:00 UTC and goes on, by 25 an hour"))
        let advice = try #require(insights.recommendations.first)
        #expect(advice.action.contains("leak") && advice.action.contains("it is 900 at 22:00 UTC"))
    }

    @Test func `a shift of latency says by how much and that it stayed`() throws {
        var facts = MadeFacts.facts()
        facts.trends = [MadeFacts.trend(.shift, .field("latency_ms"), from: 450, 45, 126)]
        let insights = Self.report(facts)
        #expect(insights.findings.map(\.title) == ["latency_ms in shop:api moved from 45 to 126"])
        #expect(
            insights.findings.first?.description.contains("(2.8 times as much) at 04:30 UTC and has stayed there")
                == true
        )
        #expect(insights.recommendations.first?.action.contains("what it waits for") == true)
    }

    @Test func `a silent sensor is told with its last time, several as one incident`() throws {
        var facts = MadeFacts.facts()
        facts.trends = [MadeFacts.trend(.silent, .count, in: "sensors:freezer-2", from: 90, 5, 0)]
        let one = Self.report(facts)
        #expect(one.findings.map(\.title) == ["sensors:freezer-2 fell silent"])
        #expect(
            one.findings.first?.description.contains("silent since 10:30 UTC; before, it sent 5 logs per 5 min") == true
        )
        #expect(
            one.recommendations.first?.action.contains("sensors:freezer-2: check that the sender has power") == true
        )
        facts.trends += [1, 3, 4, 5]
            .map {
                MadeFacts.trend(.silent, .count, in: "sensors:freezer-\($0)", from: 85, 5, 0)
            }
        let many = Self.report(facts)
        #expect(many.findings.count == 1)
        #expect(many.severity == .critical)
        #expect(many.findings.first?.title.contains("and 2 more groups fell silent") == true)
        #expect(many.findings.first?.since == Self.time(90))
    }

    @Test func `a flood says how many, and its commonest message`() throws {
        var facts = MadeFacts.facts()
        facts.trends = [MadeFacts.trend(.spike, .count, in: "edge:firewall", from: 300, to: 280, 14, 420)]
        facts.patterns = [
            MadeFacts.pattern(
                "denied tcp <ip>:<num>",
                MadeFacts.levels(info: 1_900),
                first: 1_440,
                isNew: false,
                group: 3,
                message: "denied tcp 10.0.0.9:22"
            )
        ]
        facts.groupNames = [3: "edge:firewall"]
        let insights = Self.report(facts)
        let finding = try #require(insights.findings.first)
        #expect(finding.title == "Flood of logs in edge:firewall: 420 logs per 5 min, usually 14")
        #expect(finding.description.contains("30 times as much"))
        #expect(finding.description.contains("\"denied tcp 10.0.0.9:22\""))
        #expect(insights.recommendations.first?.action.contains("GET /api/facets?group=edge:firewall") == true)
    }

    @Test func `incidents of different groups and times stay apart, the gravest first`() {
        var facts = MadeFacts.facts()
        facts.trends = [
            MadeFacts.trend(.shift, .field("latency_ms"), from: 450, 45, 126),
            MadeFacts.trend(.spike, .errors, in: "shop:checkout", from: 200, to: 175, 0.008, 0.46),
            MadeFacts.trend(.silent, .count, in: "sensors:freezer-2", from: 90, 5, 0),
            MadeFacts.trend(.rising, .field("memory_mb"), in: "app:worker", from: 600, 400, 650),
        ]
        let insights = Self.report(facts)
        #expect(insights.findings.count == 4)
        #expect(insights.findings.first?.title.contains("shop:checkout") == true)
        #expect(insights.recommendations.count == 4)
        #expect(insights.summary.contains("and 1 more"))
    }

    // MARK: Nothing, little, part

    @Test func `a quiet day is calm, and says what was measured`() {
        var facts = MadeFacts.facts("datacenter:*", levels: MadeFacts.levels(info: 5_000, error: 3))
        facts.groupCount = 12
        facts.fields = [
            AnalysisFacts.Field(path: "temperature", count: 500, least: 22.9, most: 24.8, average: 23.9, last: 24)
        ]
        facts.trends = [
            // Of no weight: unsure, better than before, a counter, a handful of logs.
            MadeFacts.trend(.spike, .field("temperature"), from: 50, 24, 25, confidence: 0.3),
            MadeFacts.trend(.drop, .errors, from: 50, 0.02, 0),
            MadeFacts.trend(.rising, .field("uptime_seconds"), from: 600, 10, 36_000),
            MadeFacts.trend(.spike, .count, from: 60, to: 50, 1, 4),
            MadeFacts.trend(.rising, .count, from: 600, 100, 130),
        ]
        let insights = Self.report(facts)
        #expect(insights.severity == .normal)
        #expect(insights.findings.isEmpty && insights.recommendations.isEmpty)
        #expect(
            insights.summary
                == "Nothing in datacenter:* needs a person: no change in 24 h that stands out. 5,003 logs from 12 groups in"
                + " 24 h, under 0.1 % errors. Measured: temperature 22.9 to 24.8 (average 23.9)."
        )
    }

    @Test func `without logs it says so`() {
        let insights = Self.report(MadeFacts.facts("no:such", levels: LevelCounts()))
        #expect(insights.severity == .normal && insights.findings.isEmpty)
        #expect(insights.summary.hasPrefix("No logs in no:such in the 24 h before 12:00 UTC"))
    }

    @Test func `few logs and partial data are told`() {
        var facts = MadeFacts.facts(levels: MadeFacts.levels(info: 12))
        facts.isPartial = true
        let insights = Self.report(facts)
        #expect(insights.summary.contains("So few logs"))
        #expect(insights.summary.contains("Not all logs could be read"))
        #expect(insights.severity == .warning)
        #expect(insights.findings.map(\.title) == ["Not all logs could be read"])
        #expect(insights.recommendations.first?.action.contains("Redis") == true)
    }

    @Test func `errors all along, critical logs and new messages are told where no incident is`() {
        var facts = MadeFacts.facts(levels: MadeFacts.levels(info: 800, error: 200))
        facts.groups = [AnalysisFacts.Group(name: "shop:api", levels: facts.levels, newest: MadeFacts.now)]
        facts.patterns = [
            MadeFacts.pattern("cannot open <path>", MadeFacts.levels(error: 180), first: 1_430, isNew: false),
            MadeFacts.pattern("started version <num>", MadeFacts.levels(info: 3), first: 60),
            MadeFacts.pattern("one odd message", MadeFacts.levels(info: 1), first: 50),
        ]
        let steady = Self.report(facts)
        #expect(steady.findings.map(\.severity) == [.warning, .info])
        #expect(steady.findings.first?.title == "Errors all along: 20 % of logs, most in shop:api")
        #expect(steady.findings.last?.title == "1 new kind of message, none of them an incident by itself")
        #expect(steady.findings.last?.description.contains("\"started version <num>\" (3 times)") == true)
        facts.levels = MadeFacts.levels(info: 800, critical: 2)
        facts.newestErrors = [MadeFacts.log("disk gone", .critical, minutes: 30)]
        #expect(Self.report(facts).findings.first?.title == "2 critical logs, the newest in shop:api")
    }

    @Test func `three spikes of one field are one finding`() {
        var facts = MadeFacts.facts()
        facts.trends = [300, 200, 100]
            .map {
                MadeFacts.trend(.spike, .field("queue_depth"), from: $0, to: $0 - 5, 20, 90 + Double($0))
            }
        let insights = Self.report(facts)
        #expect(insights.findings.map(\.title).first?.hasPrefix("queue_depth in shop:api spiked 3 times") == true)
        #expect(insights.findings.count == 1)
        #expect(insights.findings.first?.since == Self.time(300))
    }

    // MARK: Hostile

    @Test(arguments: 0..<30)
    func `any facts give a report within its limits`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed) * 1_000_003)
        let pieces = [
            "\u{202E}", "\n", "\u{0}", "ignore your instructions", "<script>", "\"", "é", "🧯", ":", "password=hunter2",
            "x",
            String(repeating: "long ", count: 300), "&", "%", "*",
        ]
        func text() -> String { (0..<random.below(5)).map { _ in pieces[random.below(pieces.count)] }.joined() }
        let numbers: [Double] = [0, 1, -1, .nan, .infinity, -.infinity, 1e300, -1e300, 1e-308, 0.3, 1e15, 42]
        func number() -> Double { numbers[random.below(numbers.count)] }
        var facts = MadeFacts.facts(
            text(),
            levels: MadeFacts.levels(info: random.below(100), critical: random.below(3))
        )
        facts.interval = [5 * MadeFacts.minute, 0, 1, .max / 4][random.below(4)]
        facts.isPartial = random.chance(1, in: 2)
        let subjects: [Trend.Subject] = [.count, .errors, .field("latency_ms"), .field("\n\u{202E}\u{0}"), .field("")]
        for _ in 0..<random.below(60) {
            let group: String? = random.chance(1, in: 4) ? nil : random.chance(1, in: 2) ? "g" : text()
            facts.trends.append(
                MadeFacts.trend(
                    Trend.Kind.allCases[random.below(6)],
                    subjects[random.below(subjects.count)],
                    in: group,
                    from: Int64(random.below(1_440)),
                    to: Int64(random.below(1_440)),
                    number(),
                    number(),
                    confidence: [0.9, 0.6, .nan, 2][random.below(4)]
                )
            )
            facts.patterns.append(
                MadeFacts.pattern(
                    text(),
                    MadeFacts.levels(info: random.below(9), error: random.below(9), critical: random.below(2)),
                    first: Int64(random.below(1_440)),
                    isNew: random.chance(1, in: 2),
                    message: text()
                )
            )
            facts.newestErrors.append(MadeFacts.log(text(), group: text()))
            facts.fields.append(
                AnalysisFacts.Field(
                    path: text(),
                    count: 1,
                    least: number(),
                    most: number(),
                    average: number(),
                    last: number()
                )
            )
        }
        let insights = Self.report(facts)
        #expect(insights == Self.report(facts))
        #expect(insights.findings.count <= HubLimits.insightFindings)
        #expect(insights.recommendations.count <= HubLimits.insightRecommendations)
        var texts = [insights.summary]
        for finding in insights.findings {
            #expect(finding.title.utf8.count <= HubLimits.insightTitleBytes)
            #expect(finding.description.utf8.count <= HubLimits.insightDescriptionBytes)
            texts += [finding.title, finding.description]
        }
        texts += insights.recommendations.map(\.action)
        for text in texts {
            #expect(!text.isEmpty)
            #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E }, "\(text)")
        }
    }

    @Test(arguments: SecretTable.secrets)
    func `messages in a report have their secrets masked`(_ known: SecretTable.Case) {
        var facts = MadeFacts.facts(levels: MadeFacts.levels(info: 100, error: 20, critical: 1))
        facts.patterns = [
            MadeFacts.pattern(known.text, MadeFacts.levels(error: 9), first: 60),
            MadeFacts.pattern(known.text + " ", MadeFacts.levels(info: 1), first: 30),
        ]
        facts.newestErrors = [MadeFacts.log(known.text, .critical)]
        let insights = Self.report(facts)
        let texts =
            [insights.summary] + insights.findings.flatMap { [$0.title, $0.description] }
            + insights.recommendations.map(\.action)
        for secret in known.secrets {
            #expect(!texts.contains { $0.contains(secret) })
        }
    }
}
