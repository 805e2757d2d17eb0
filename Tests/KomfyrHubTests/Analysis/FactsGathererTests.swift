import Protocol
import Synchronization
import Testing

@testable import KomfyrHub

/// What an analyst is told: gathered from a store's stand-in.
@Suite struct FactsGathererTests {
    private static let minute: Int64 = 60_000_000_000
    private static let hour = 60 * minute
    private static let now: Int64 = 1_795_410_123_000_000_000

    private func levels(_ info: Int, errors: Int = 0) -> LevelCounts {
        var levels = LevelCounts()
        levels[1] = info
        levels[3] = errors
        return levels
    }

    private func series(_ levels: [LevelCounts], _ fields: [String: [Double?]] = [:]) -> LogSeries {
        LogSeries(
            start: 0,
            interval: Self.minute,
            levels: levels,
            fields: fields.sorted { $0.key < $1.key }
                .map { path, values in
                    LogSeries.Field(path: path, summaries: values.map { $0.map { ChunkInterval.Summary($0) } })
                },
            isPartial: false,
            isCut: false,
            whole: 0..<levels.count
        )
    }

    private func facts(
        _ store: AnalysisStandIn,
        _ works: AnalystWorks = .forTests,
        hours: Int = 24,
        bound: GroupPattern? = nil
    ) async throws -> GatheredFacts {
        let gatherer = FactsGatherer(store: store, works: works, retention: 48 * Self.hour)
        return try await gatherer.facts(
            AnalysisQuestion(group: .all, bound: bound, hours: hours),
            now: Self.now
        )
    }

    @Test func `groups, fields and tags are summed up`() async throws {
        let store = AnalysisStandIn()
        store.state.withLock { state in
            state.groups = [
                ("quiet", series([levels(5), levels(5)])), ("loud", series([levels(500)])),
                ("broken", series([levels(1, errors: 3)])), (nil, series([levels(2)])), ("empty", series([levels(0)])),
            ]
            state.whole = series([levels(9), levels(9)], ["t": [20, nil, 30], "none": [nil], "u": [5]])
            state.tags = [LogFacets.Value(text: Array("disk".utf8), count: 3)]
        }
        let facts = try await facts(store, bound: .tree("x")).facts
        #expect(facts.groups.map(\.name) == ["broken", "loud", "quiet", "(no group)"])
        #expect(facts.groupCount == 4)
        #expect(facts.groups[0].levels == levels(1, errors: 3))
        #expect(
            facts.fields == [
                AnalysisFacts.Field(path: "t", count: 2, least: 20, most: 30, average: 25, last: 30),
                AnalysisFacts.Field(path: "u", count: 1, least: 5, most: 5, average: 5, last: 5),
            ]
        )
        #expect(facts.tags == [AnalysisFacts.Count(text: "disk", count: 3)])
        #expect(facts.levels.total == 42)
        #expect(store.state.withLock { $0.queries.allSatisfy { $0.bound == .tree("x") } })
    }

    @Test func `trends come of each group and of all, each once, the gravest first`() async throws {
        var works = AnalystWorks.forTests
        works.trends = { series, subject, group, counts in
            // Every series of fields and errors comes with that of the counts beside it.
            if subject != .count, counts == nil { return [] }
            let kind: Trend.Kind = subject == .errors ? .spike : group == "quiet" ? .silent : .rising
            if group == nil, subject == .errors {
                return [
                    Trend(
                        subject: subject,
                        group: nil,
                        kind: .spike,
                        from: 90,
                        to: 99,
                        before: 0,
                        after: 1,
                        confidence: 1
                    )
                ]
            }
            return [
                Trend(subject: subject, group: group, kind: kind, from: 0, to: 9, before: 0, after: 1, confidence: 0.5)
            ]
        }
        let store = AnalysisStandIn()
        store.state.withLock { state in
            state.groups = [("quiet", series([levels(5)])), ("other", series([levels(5)], ["t": [1]]))]
            state.whole = series([levels(10)], ["t": [1]])
        }
        let trends = try await facts(store, works).facts.trends
        // Of all together the count's rise is one group's too, the errors' spike is at another time.
        #expect(trends.filter { $0.group == nil }.map(\.subject) == [.errors])
        #expect(trends.first?.group == nil)
        #expect(trends.count { $0.group == "other" } == 3)
        #expect(trends.count { $0.subject == .field("t") } == 1)
        let kinds = trends.filter { $0.subject == .count }.map(\.kind)
        #expect(kinds == [.silent, .rising])
    }

    @Test func `ten thousand groups and a thousand members stay bounded`() async throws {
        var works = AnalystWorks.forTests
        works.trends = { _, subject, group, _ in
            [Trend(subject: subject, group: group, kind: .rising, from: 0, to: 1, before: 0, after: 1, confidence: 0.5)]
        }
        let store = AnalysisStandIn()
        store.state.withLock { state in
            let members = Dictionary(
                uniqueKeysWithValues: (0..<100).map { ("m\($0)", [Double?](repeating: 1, count: 2)) }
            )
            let one = series([levels(1), levels(1)], members)
            state.groups = (0..<2_000).map { ("g\($0)", one) }
            state.whole = one
        }
        let gathered = try await facts(store, works)
        #expect(gathered.facts.groups.count == HubLimits.analysisGroups)
        #expect(gathered.facts.groupCount == 2_000)
        #expect(gathered.facts.trends.count == HubLimits.analysisTrends)
        #expect(gathered.facts.fields.count == HubLimits.analysisFields)
        // What that leaves out is said, wherever the facts are told.
        let words = "trends of 198,000 of 200,000 numeric fields of single groups"
        #expect(gathered.facts.leftOut == [words])
        let insights = StatisticalAnalyst.insights(gathered.facts, now: Self.now)
        #expect(insights.summary.contains("Left out, since there is too much: \(words)."))
        #expect(Digest.text(gathered.facts, tokens: 8_000).contains("left out: \(words)\n"))
        let json = ModelJSON(ReportTree.bytes(gathered, insights, ReportTree.Author()))
        #expect(json?["left_out"]?.items == [.text(words)])
    }

    @Test func `groups, fields and kinds of messages beyond the bounds are said to be left out`() async throws {
        let store = AnalysisStandIn()
        store.state.withLock { state in
            let one = series([levels(1)])
            state.groups = (0...HubLimits.analysisGroupsRead).map { ("g\($0)", one) }
            state.whole = series([levels(1)], ["t": [1]])
        }
        #expect(try await facts(store).facts.leftOut == ["trends of 1 of 20,001 groups"])
        store.state.withLock { state in
            state.groups = [("g", series([levels(1)], ["t": [1]]))]
            state.whole?.isCut = true
            state.patternsAreCut = true
        }
        let leftOut = try await facts(store).facts.leftOut
        #expect(leftOut.count == 2 && leftOut[0].contains("but the first 1 by name"), "\(leftOut)")
        store.state.withLock { state in
            state.whole?.isCut = false
            state.patternsAreCut = false
        }
        #expect(try await facts(store).facts.leftOut.isEmpty)
    }

    @Test func `what is new is told from what was there before`() async throws {
        let store = AnalysisStandIn()
        // Logs since long before the window: all of it can be new.
        _ = try await facts(store, hours: 12)
        #expect(store.state.withLock { $0.newSince } == Self.now - 12 * Self.hour)
        // Logs since an hour: the first quarter of them is what was there.
        store.state.withLock { $0.first = Self.now - Self.hour }
        _ = try await facts(store, hours: 12)
        #expect(store.state.withLock { $0.newSince } == Self.now - Self.hour * 3 / 4)
    }

    @Test func `without logs there is nothing`() async throws {
        let store = AnalysisStandIn()
        store.state.withLock { $0.logs = 0 }
        let gathered = try await facts(store)
        #expect(gathered.facts.levels.total == 0 && gathered.series == nil && gathered.facts.trends.isEmpty)
    }

    @Test(
        arguments: [
            (1, 2), (60, 2), (180, 2), (181, 5), (24 * 60, 5), (25 * 60 - 1, 5), (48 * 60, 10), (7 * 24 * 60, 60),
            (366 * 24 * 60, 1_440),
        ] as [(Int64, Int64)]
    )
    func `intervals are few enough and short enough`(_ minutes: Int64, _ expected: Int64) {
        #expect(FactsGatherer.interval(minutes * Self.minute) == expected * Self.minute)
    }

    @Test func `a report is bounded, whatever its series has`() throws {
        let count = 300
        let fields = Dictionary(
            uniqueKeysWithValues: (0..<40)
                .map { ("a.very.long.path.of.a.member.\($0)", [Double?](repeating: 123_456.789, count: count)) }
        )
        let series = series((0..<count).map { _ in levels(1) }, fields)
        var facts = AnalysisFacts(
            scope: "*\"",
            since: 0,
            until: Self.now,
            interval: Self.minute,
            levels: levels(count),
            groups: [],
            groupCount: 0,
            tags: [AnalysisFacts.Count(text: "\"\u{1}", count: 1)],
            fields: fields.keys.map {
                AnalysisFacts.Field(path: $0, count: 1, least: .nan, most: .infinity, average: 0.1, last: 1e300)
            },
            trends: [],
            patterns: [],
            newestErrors: [],
            isPartial: false
        )
        let insights = Insights(summary: "\u{0}</script>", severity: .critical, findings: [], recommendations: [])
        var bytes = ReportTree.bytes(GatheredFacts(facts: facts, series: series), insights, ReportTree.Author())
        #expect(bytes.count <= HubLimits.reportBytes)
        var json = try #require(ModelJSON(bytes))
        #expect(json["group"]?.text == "*\"")
        #expect(json["ai_insights"]?["summary"]?.text == "\u{0}</script>")
        #expect(json["aggregation"]?["data_fields"]?["a.very.long.path.of.a.member.0"]?["min"] == .null)
        #expect(json["time_series"]?["intervals"]?.items.count == count)
        // Small enough for its fields: they are there.
        facts.fields = Array(facts.fields.prefix(2))
        bytes = ReportTree.bytes(GatheredFacts(facts: facts, series: series), insights, ReportTree.Author())
        json = try #require(ModelJSON(bytes))
        #expect(json["time_series"]?["intervals"]?.items[7]["data"] != .object([:]))
    }
}
