import EventLoop
import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

/// Series against plain logs on a real Redis.
@Suite(.timeLimit(.minutes(5))) struct SeriesTests {
    let now = WallClock.now()
    private static let minute: Int64 = 60_000_000_000

    // MARK: The model

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `series are those of plain logs while they are sealed, merged and purged, with seed`(
        seed: UInt64
    ) async throws {
        var random = SeededRandom(seed: seed)
        var logs = RandomLogs(base: now)
        var model = SeriesModel()
        try await withStore { _, _, store in
            for round in 0..<40 {
                let batch = (0..<Int.random(in: 1..<80, using: &random))
                    .map { _ in
                        var log = logs.log(using: &random)
                        // Some close together, some anywhere in the time that is kept.
                        let minutes = Bool.random(using: &random) ? 40 : 40 * 60
                        log.timestamp = now - Int64.random(in: 0..<Int64(minutes) * Self.minute, using: &random)
                        if Int.random(in: 0..<3, using: &random) == 0 { log.timestamp -= log.timestamp % Self.minute }
                        // Not more fields than a series has.
                        let tree = RandomObjects.object(using: &random, most: 1)
                        log.data = tree.text
                        model.trees[log.message] = tree
                        return log
                    }
                let body = try request(batch, arrival: now)
                model.logs.add(body, batch, try await store.append(body))
                switch Int.random(in: 0..<8, using: &random) {
                case 0..<4: await store.store.seal()
                case 4: await store.store.merge()
                case 5 where round % 4 == 0:
                    let pattern = GroupPattern(["a:b:*", "w?", "x:*"].randomElement(using: &random) ?? "a")
                    #expect(
                        try await store.store.purge(pattern, bound: nil) == model.logs.purge(pattern, bound: nil)
                    )
                default: break
                }
                for _ in 0..<4 { try await check(store, model, logs.question(using: &random), &random) }
            }
        }
    }

    private func check(
        _ store: StoreForTests,
        _ model: SeriesModel,
        _ question: LogModel.Question,
        _ random: inout SeededRandom
    ) async throws {
        let minutes = Int64([1, 5, 7, 10, 15, 60, 360].randomElement(using: &random) ?? 5)
        var question = question
        if minutes == 1 { question.query.since = max(question.query.since ?? .min, now - 540 * Self.minute) }
        var asked: [String]?
        if Int.random(in: 0..<3, using: &random) == 0 { asked = ["a", "a.b", "temperature", "none"] }
        if Int.random(in: 0..<8, using: &random) == 0 { asked = [] }
        let series = try await store.store.series(question.query, fields: asked, interval: minutes * Self.minute)
        #expect(!series.isPartial && !series.isCut)
        #expect(series.interval == minutes * Self.minute && series.start % series.interval == 0)
        let expected = model.series(question, like: series)
        #expect(series.levels == expected.levels)
        let wanted = expected.fields.keys.filter { path in asked?.contains { Array($0.utf8) == path } ?? true }
            .sorted { $0.lexicographicallyPrecedes($1) }
        #expect(series.fields.map { Array($0.path.utf8) } == wanted)
        // Chunks with a tail or another chunk in the same interval are told apart by their ends alone.
        let isExact = minutes % 5 != 0
        for field in series.fields {
            let cells = expected.fields[Array(field.path.utf8)] ?? []
            try #require(field.summaries.count == cells.count)
            for (summary, values) in zip(field.summaries, cells) where summary != nil || !values.isEmpty {
                let summary = try #require(summary)
                #expect(summary.count == values.count)
                #expect(summary.least == values.min())
                #expect(summary.most == values.max())
                let sum = values.reduce(0, +)
                let size = values.reduce(0) { $0 + abs($1) }
                #expect(abs(summary.sum - sum) <= size * 1e-12)
                if isExact {
                    #expect(summary.first == values.first && summary.last == values.last)
                } else {
                    #expect(values.contains(summary.first) && values.contains(summary.last))
                }
            }
        }
    }

    @Test func `first and last are by time, across chunks and the tail, ties by arrival`() async throws {
        try await withStore { _, _, store in
            let begin = now / (15 * Self.minute) * 15 * Self.minute - 60 * Self.minute
            var values: [Int64: [Int]] = [:]
            for part in 0..<12 {
                let logs = (0..<50)
                    .map { index in
                        let number = part * 50 + index
                        // Pairs of the same time, also across two chunks.
                        let time = begin + Int64((number + 1) / 2) * 11_000_000_000
                        values[(time - begin) / (5 * Self.minute), default: []].append(number)
                        return TestLog(message: "m", group: "g", timestamp: time, data: "{\"n\":\(number)}")
                    }
                _ = try await store.append(request(logs, arrival: now))
                if part < 11 { await store.store.seal() }
                if part == 8 { await store.store.merge() }
            }
            for interval: Int64 in [5, 15] {
                let series = try await store.store.series(
                    LogQuery(groups: [.exact("g")], since: begin),
                    fields: nil,
                    interval: interval * Self.minute
                )
                let summaries = try #require(series.fields.first?.summaries)
                for (index, summary) in summaries.enumerated() {
                    let steps = Int(interval / 5)
                    let expected = (0..<steps).flatMap { values[Int64(index * steps + $0)] ?? [] }
                    #expect(
                        summary.map { [$0.first, $0.last] }
                            == expected.first.map { first in
                                [Double(first), Double(expected.last ?? 0)]
                            }
                    )
                }
            }
        }
    }

    // MARK: Fields

    @Test func `of 300 fields the first by name are given, and others when they are asked for`() async throws {
        try await withStore { _, _, store in
            let names = (0..<300).map { "f\($0)" }
            let kept = names.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
                .prefix(HubLimits.seriesFields)
            func log(_ names: some Sequence<String>, _ offset: Int64) -> TestLog {
                let members = names.enumerated().map { "\"\($0.element)\":\($0.offset)" }
                return TestLog(
                    message: "m",
                    group: "g",
                    timestamp: now - offset * Self.minute,
                    data: "{" + members.joined(separator: ",") + "}"
                )
            }
            // The last by name come first, and more than a chunk has columns for.
            _ = try await store.append(request([log(names.reversed(), 30), log(names, 29)], arrival: now))
            for isSealed in [false, true, true] {
                if isSealed {
                    await store.store.seal()
                    _ = try await store.append(request([log(names, 10)], arrival: now))
                }
                let logs = store.store.stats(bound: nil).totalLogs
                for interval: Int64 in [5, 1] {
                    let series = try await store.store.series(LogQuery(), fields: nil, interval: interval * Self.minute)
                    // With an interval of a minute there is room for fewer.
                    let limit = SeriesFields.limit(intervals: series.count)
                    #expect(series.fields.map { Array($0.path.utf8) } == Array(kept.prefix(limit)))
                    #expect(series.isCut)
                    for field in series.fields {
                        #expect(field.summaries.reduce(0) { $0 + ($1?.count ?? 0) } == logs)
                    }
                    let asked = try await store.store.series(
                        LogQuery(),
                        fields: ["f99", "f299", "none", "f299"],
                        interval: interval * Self.minute
                    )
                    #expect(asked.fields.map(\.path) == ["f299", "f99"])
                    #expect(!asked.isCut)
                    for field in asked.fields {
                        #expect(field.summaries.reduce(0) { $0 + ($1?.count ?? 0) } == logs)
                    }
                }
            }
        }
    }

    /// An object, and what its fields are.
    private static let objects: [(String, [String: Double])] = [
        (#"{"a":{"b":{"c":1}},"a.b":{"c":2}}"#, ["a.b.c": 1.0]),
        (#"{"a":"x","a":3,"a":4}"#, ["a": 3.0]),
        (#"{"a":1e400,"a":4,"b":-1e400,"c":1}"#, ["c": 1.0]),
        (#"{"a":[1,{"b":2}],"c":{"d":[[3]]},"e":"5","f":true,"g":null}"#, [:]),
        (#"{"":1,".":2,"..":{"":3}}"#, ["": 1.0, ".": 2, "...": 3]),
        (#"{"\u0061\u00e5":1,"\ud800":2,"\u0000":3}"#, ["aå": 1.0, "\u{FFFD}": 2, "\u{0}": 3]),
        (#"{"n":12345678901234567890.123456789012345678901234567890}"#, ["n": 12345678901234567890.0]),
        (#"{"n":0.1000000000000000055511151231257827021181583404541015625}"#, ["n": 0.1]),
        (
            #"{"n":-0,"m":5e-324,"k":1.7976931348623157e308}"#,
            [
                "n": 0.0, "m": .leastNonzeroMagnitude,
                "k": 1.7976931348623157e308,
            ]
        ),
        (
            #"{"d":"# + String(repeating: #"{"x":"#, count: 60) + "1" + String(repeating: "}", count: 61),
            ["d" + String(repeating: ".x", count: 60): 1.0]
        ),
        (#"{""# + String(repeating: "n", count: 600) + #"":1,"m":2}"#, ["m": 2.0]),
    ]

    @Test(arguments: objects)
    func `members of all sorts are the same in a tail and in a chunk`(
        _ data: String,
        _ expected: [String: Double]
    ) async throws {
        try await withStore { _, _, store in
            let log = TestLog(message: "m", group: "g", timestamp: now, data: data)
            _ = try await store.append(request([log], arrival: now))
            for interval: Int64 in [5, 1, 5, 1] {
                let series = try await store.store.series(LogQuery(), fields: nil, interval: interval * Self.minute)
                let values = series.fields.map { field in
                    (field.path, field.summaries.compactMap { $0?.last }.first ?? .nan)
                }
                #expect(Dictionary(uniqueKeysWithValues: values) == expected)
                #expect(series.levels.reduce(0) { $0 + $1.total } == 1)
                if interval == 1 { await store.store.seal() }
            }
        }
    }

    @Test func `a sum beyond a double's range is none, and spoils nothing else`() async throws {
        try await withStore { _, _, store in
            let time = now / (5 * Self.minute) * 5 * Self.minute - 5 * Self.minute
            let data = [#"{"n":1.7e308,"m":1}"#, #"{"n":1.7e308,"m":1e400}"#, #"{"n":-1e400,"m":3}"#]
            let logs = data.enumerated()
                .map { TestLog(message: "m", group: "g", timestamp: time + Int64($0.offset), data: $0.element) }
            _ = try await store.append(request(logs, arrival: now))
            for _ in 0..<2 {
                let series = try await store.store.series(LogQuery(since: time), fields: nil, interval: 5 * Self.minute)
                #expect(series.fields.map(\.path) == ["m", "n"])
                let (m, n) = (try #require(series.fields[0].summaries[0]), try #require(series.fields[1].summaries[0]))
                #expect(m == ChunkInterval.Summary(count: 2, sum: 4, least: 1, most: 3, first: 1, last: 3))
                #expect(n.average == nil && n.most == 1.7e308 && n.least == 1.7e308 && n.count == 2)
                #expect(series.series(of: .field("n")).values.allSatisfy { $0.isNaN })
                await store.store.seal()
            }
        }
    }

    // MARK: Time

    @Test func `gaps are gaps, and what is not whole is no part of a trend's series`() async throws {
        try await withStore { _, _, store in
            let begin = now / (5 * Self.minute) * 5 * Self.minute
            let logs = [
                TestLog(
                    message: "m",
                    group: "g",
                    level: .error,
                    timestamp: begin - 30 * Self.minute,
                    data: "{\"n\":1}"
                ),
                TestLog(message: "m", group: "g", timestamp: begin - 29 * Self.minute, data: #"{"n":2}"#),
                TestLog(message: "m", group: "g", timestamp: begin - 10 * Self.minute, data: #"{"x":7}"#),
                TestLog(message: "m", group: "g", timestamp: begin, data: #"{"n":9}"#),
            ]
            _ = try await store.append(request(logs, arrival: now))
            var query = LogQuery(since: begin - 33 * Self.minute)
            // An interval that begins meanwhile is none of these.
            query.until = now
            let series = try await store.store.series(query, fields: nil, interval: 5 * Self.minute)
            #expect(series.start == begin - 35 * Self.minute)
            #expect(series.count == 8)
            #expect(series.levels.map(\.total) == [0, 2, 0, 0, 0, 1, 0, 1])
            #expect(series.fields.map(\.path) == ["n", "x"])
            #expect(series.fields[0].summaries.map { $0?.average } == [nil, 1.5, nil, nil, nil, nil, nil, 9])
            #expect(series.whole == 1..<7)
            let counts = series.series(of: .count)
            #expect(
                counts
                    == Series(
                        start: begin - 30 * Self.minute,
                        interval: 5 * Self.minute,
                        values: [
                            2, 0, 0, 0, 1, 0,
                        ]
                    )
            )
            let errors = series.series(of: .errors).values
            #expect(errors[0] == 0.5 && errors[1].isNaN && errors[4] == 0)
            let field = series.series(of: .field("n"))
            #expect(field.start == counts.start && field.values.count == counts.values.count)
            #expect(field.values[0] == 1.5 && field.values.dropFirst().allSatisfy { $0.isNaN })
            #expect(series.series(of: .field("none")).values.allSatisfy { $0.isNaN })
            // Nothing is asked for, and nothing that could be there.
            query.until = begin - 60 * Self.minute
            let none = try await store.store.series(query, fields: nil, interval: 5 * Self.minute)
            #expect(none.count == 0 && none.fields.isEmpty && none.whole.isEmpty)
            #expect(none.series(of: .count).values == [])
        }
    }

    @Test(arguments: [
        (Int64(300), Int64?.none, Int64?.none), (1, nil, nil), (60, .min, .max), (.max, .min, .max), (86_400, 0, nil),
        (1, .max, .min), (7, 1, .max), (0, .max, .min), (0, nil, nil),
    ])
    func `a window is never too long and never overflows`(_ seconds: Int64, _ since: Int64?, _ until: Int64?) {
        let (interval, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let query = LogQuery(since: since, until: until)
        for now in [now, 0, 1_000_000_000] {
            let window = SeriesWindow(
                query,
                interval: overflow ? .max : interval,
                oldest: now - 48 * 3_600_000_000_000,
                now: now
            )
            #expect((0...HubLimits.seriesIntervals).contains(window.count))
            #expect(window.whole.upperBound <= window.count)
            #expect(window.count == 0 || window.index(of: window.since) == 0)
            #expect(window.count == 0 || window.index(of: window.until) == window.count - 1)
            #expect(window.index(of: .max) == nil && window.index(of: .min) == nil)
        }
    }

    @Test func `the groups come one after the other, those without logs in the time left out`() async throws {
        try await withStore { _, _, store in
            let groups: [(String?, Int64)] = [(nil, 1), ("a", 2), ("a:b", 3), ("b", 4), ("old", 600)]
            for (group, minutes) in groups {
                let log = TestLog(
                    message: "m",
                    group: group,
                    timestamp: now - minutes * Self.minute,
                    data: "{\"n\":\(minutes)}"
                )
                _ = try await store.append(request([log], arrival: now))
                if minutes == 2 { await store.store.seal() }
            }
            var found: [String] = []
            let query = LogQuery(bound: nil, since: now - 300 * Self.minute)
            let all = try await store.store.seriesByGroup(query, interval: 5 * Self.minute) { group, series in
                found.append("\(group ?? "-") \(series.fields.first?.summaries.compactMap { $0?.last } ?? [])")
            }
            #expect(found == ["- [1.0]", "a [2.0]", "a:b [3.0]", "b [4.0]"])
            // What is returned is what a question for all of them gives.
            let whole = try await store.store.series(query, fields: nil, interval: 5 * Self.minute)
            #expect(all.levels == whole.levels && all.start == whole.start && all.interval == whole.interval)
            #expect(all.fields.map(\.path) == ["n"] && all.fields.map(\.summaries) == whole.fields.map(\.summaries))
            #expect(!all.isPartial && !all.isCut)
            found = []
            let bound = LogQuery(bound: .tree("a"))
            _ = try await store.store.seriesByGroup(bound, interval: 5 * Self.minute) { group, _ in
                found.append(group ?? "-")
            }
            #expect(found == ["a", "a:b"])
        }
    }

    // MARK: Trouble

    @Test func `without Redis the tails are counted, and the answer says that it is partial`() async throws {
        try await withStore { redis, _, store in
            for number in 1...2 {
                let log = TestLog(message: "m", group: "g", timestamp: now, data: "{\"n\":\(number)}")
                _ = try await store.append(request([log], arrival: now))
                if number == 1 { await store.store.seal() }
            }
            redis.kill()
            let series = try await store.store.series(LogQuery(), fields: nil, interval: 5 * Self.minute)
            #expect(series.isPartial)
            #expect(series.fields.first?.summaries.compactMap { $0?.last } == [2])
        }
    }

    @Test func `a chunk that is gone is counted where its logs are now, and a damaged one is left out`() async throws {
        try await withStore { _, _, store in
            for number in 1...3 {
                let log = TestLog(message: "m", group: "g\(number)", timestamp: now, data: "{\"n\":\(number)}")
                _ = try await store.append(request([log], arrival: now))
                await store.store.seal()
            }
            guard case .array(let keys) = try await store.client.send(RedisCommand("KEYS", "kmf:{2}:chunk:*")),
                case .string(let key)? = keys.first
            else {
                Issue.record("no chunk")
                return
            }
            for field in ["i", "c"] {
                _ = try await store.client.send(
                    RedisCommand([Array("HSET".utf8), key, Array(field.utf8), Array("junk".utf8)])
                )
            }
            // What was known when they were written is not read of Redis.
            store.store.state.cache.removeAll()
            for _ in 0..<2 {
                let series = try await store.store.series(LogQuery(), fields: nil, interval: 5 * Self.minute)
                #expect(series.isPartial)
                #expect(series.fields.first?.summaries.compactMap { $0?.sum } == [4])
            }
            // One that another program deleted is not there, and everything else is; what is cached is not asked for.
            guard case .array(let others) = try await store.client.send(RedisCommand("KEYS", "kmf:{3}:*")) else {
                return
            }
            for case .string(let key) in others {
                _ = try await store.client.send(RedisCommand([Array("DEL".utf8), key]))
            }
            let series = try await store.store.series(
                LogQuery(groups: [.exact("g1"), .exact("g3")]),
                fields: nil,
                interval: Self.minute
            )
            #expect(!series.isPartial)
            #expect(series.fields.first?.summaries.compactMap { $0?.sum } == [1])
        }
    }

    // MARK: Pure parts

    @Test(arguments: UInt64(1)...3)
    func `the walk finds the numbers that a tree has, with seed`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var path: [UInt8] = []
        for _ in 0..<2_000 {
            let tree = RandomObjects.object(using: &random, most: 4)
            var found: [(path: [UInt8], value: Double)] = []
            var text = Array(tree.text.utf8)
            func walk() {
                text.withUnsafeBytes { bytes in
                    DataWalk.numbers(in: bytes, path: &path) { path, value in
                        guard case .number(let digits) = value else { return }
                        let path = Array(path)
                        if found.contains(where: { $0.path == path }) { return }
                        found.append((path, ChunkNumbers.value(of: digits)))
                    }
                }
            }
            walk()
            let expected = tree.numbers
            #expect(found.map(\.path) == expected.map(\.path))
            #expect(found.map(\.value) == expected.map(\.value))
            // Whatever it is, no byte beyond the end is read, and it ends.
            for _ in 0..<3 where !text.isEmpty {
                text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                if Bool.random(using: &random) { text.removeLast(Int.random(in: 0..<text.count, using: &random)) }
                walk()
            }
        }
    }

    @Test func `which fields are kept does not depend on what was met first`() {
        var random = SeededRandom(seed: 7)
        let names = (0..<600).map { Array("n\($0)".utf8) }
        func count(_ order: [[UInt8]], parts: Int) -> SeriesFields {
            var all = SeriesFields(nil, intervals: 2)
            for part in 0..<parts {
                var some = SeriesFields(nil, intervals: 2)
                for (log, name) in order.enumerated() where log % parts == part {
                    name.withUnsafeBytes {
                        some.add(
                            1,
                            of: $0,
                            interval: log % 2,
                            log: log,
                            at: SeriesCell.Place(time: Int64(log), sequence: 1)
                        )
                    }
                }
                all.add(some)
            }
            return all
        }
        let wanted = names.sorted { $0.lexicographicallyPrecedes($1) }.prefix(HubLimits.seriesFields)
        for parts in [1, 2, 7] {
            // Each name three times.
            let order = (names + names + names).shuffled(using: &random)
            let found = count(order, parts: parts)
            #expect(found.paths == Array(wanted))
            #expect(found.isCut)
            #expect(found.cells.allSatisfy { cells in cells.reduce(0) { $0 + $1.summary.count } == 3 })
        }
    }
}
