import EventLoop
import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

@Suite struct QueryTests {
    let now = WallClock.now()

    @Test(arguments: [UInt64(1), 2, 3])
    func `pages, counts, facets and exports are those of a plain array while logs arrive, with seed`(
        seed: UInt64
    ) async throws {
        var random = SeededRandom(seed: seed)
        var logs = RandomLogs(base: now)
        var model = LogModel()
        try await withStore { _, _, store in
            for _ in 0..<30 {
                let batch = (0..<Int.random(in: 1..<60, using: &random)).map { _ in logs.log(using: &random) }
                let body = try request(batch, arrival: now)
                model.add(body, batch, try await store.append(body))
                if Int.random(in: 0..<3, using: &random) == 0 { await store.store.seal() }
                let question = logs.question(using: &random)
                let export = LogExport(store.store.query, question.query, windowLogs: 37, windowBytes: 4_000)
                let wanted = model.matching(question).map(\.log.message)
                var exported: [String] = []
                while let part = try await export.next() {
                    exported += part.map(\.text)
                    if Int.random(in: 0..<20, using: &random) == 0 { await store.store.seal() }
                }
                #expect(exported == wanted)
                for interval: Int64 in [60_000_000_000, 300_000_000_000, 3_600_000_000_000] {
                    let histogram = try await store.store.histogram(question.query, interval: interval)
                    #expect(histogram.buckets == model.histogram(question, interval: interval))
                }
                let facets = try await store.store.facets(question.query, limit: 50)
                #expect(facets.total == wanted.count)
                #expect(facets.tags == model.top(question) { $0.tags })
                let numbers = facets.fields.first { $0.path == Array("n".utf8) }
                #expect(numbers?.count ?? 0 == model.matching(question).count { $0.log.data != nil })
            }
        }
    }

    @Test func `facets name members of data by dotted path, with their values as sent`() async throws {
        try await withStore { _, _, store in
            let data = [
                #"{"host":{"name":"h\u0041","up":true},"n":1.10}"#, #"{ "n" : 1.10, "s":"a\"b", "n":3 }"#,
                #"{"n":1e400,"list":[1,{"n":2}],"none":null,"empty":{}}"#,
            ]
            let logs = data.map { TestLog(message: "m", group: "g", tags: ["t\"1"], timestamp: now, data: $0) }
            _ = try await store.append(request(logs, arrival: now))
            for _ in 0..<2 {
                let facets = try await store.store.facets(LogQuery(), limit: 5)
                let fields = facets.fields.map { field in
                    "\(String(decoding: field.path, as: UTF8.self)) \(field.count): "
                        + field.values.map { "\(String(decoding: $0.text, as: UTF8.self))×\($0.count)" }
                        .joined(separator: " ")
                }
                #expect(
                    fields == [
                        "n 3: 1.10×2 1e400×1", "host.name 1: hA×1", "host.up 1: true×1", "list 1: ", "none 1: null×1",
                        "s 1: a\"b×1",
                    ]
                )
                #expect(facets.tags == [LogFacets.Value(text: Array("t\"1".utf8), count: 3)])
                #expect(!facets.isSampled)
                await store.store.seal()
            }
        }
    }

    @Test func `a damaged chunk makes every answer of its time partial, and is counted once`() async throws {
        try await withStore { _, _, store in
            let hour: Int64 = 3_600_000_000_000
            for (message, time) in [("lost", now - 30 * hour), ("kept", now)] {
                let logs = [TestLog(message: message, group: "g", timestamp: time)]
                _ = try await store.append(request(logs, arrival: now))
                await store.store.seal()
                guard message == "lost",
                    case .array(let keys) = try await store.client.send(RedisCommand("KEYS", "kmf:*:chunk:*")),
                    case .string(let key)? = keys.first,
                    case .array(let fields) = try await store.client.send(
                        RedisCommand([Array("HKEYS".utf8), key])
                    )
                else { continue }
                for case .string(let field) in fields {
                    _ = try await store.client.send(
                        RedisCommand([Array("HSET".utf8), key, field, Array("junk".utf8)])
                    )
                }
            }
            for _ in 0..<3 {
                let page = try await store.store.page(LogQuery())
                #expect(page.logs.map(\.text) == ["kept"])
                #expect(page.isPartial)
                #expect(try await store.store.histogram(LogQuery(), interval: hour).isPartial)
                #expect(try await store.store.facets(LogQuery(), limit: 1).isPartial)
                let export = store.store.export(LogQuery())
                await #expect(throws: StoreError.self) { while try await export.next() != nil {} }
                // What does not touch it is whole.
                #expect(try await !store.store.page(LogQuery(since: now - hour)).isPartial)
                #expect(store.store.stats(bound: nil).dropped == 1)
            }
            #expect(try await store.store.purge(nil, bound: nil) == 1)
            #expect(try await !store.store.page(LogQuery()).isPartial)
        }
    }

    @Test func `context is in the same group and source, and nil out of bound`() async throws {
        try await withStore { _, _, store in
            var logs: [TestLog] = []
            for index in 0..<30 {
                logs.append(
                    TestLog(
                        message: "\(index)",
                        group: index % 3 == 0 ? "other" : "g",
                        timestamp: now + Int64(index / 4),
                        source: index % 2 == 0 ? "h" : nil
                    )
                )
            }
            for part in [logs[..<10], logs[10..<20], logs[20...]] {
                _ = try await store.append(request(Array(part), arrival: now))
                if part.endIndex < 30 { await store.store.seal() }
            }
            let all = try await store.store.page(LogQuery()).logs
            for log in all {
                let near = all.reversed().filter { $0.group == log.group && $0.source == log.source }.map(\.text)
                let place = try #require(near.firstIndex(of: log.text))
                let found = try #require(try await store.store.context(log.id, before: 3, after: 2, bound: .all))
                #expect(found.log.text == log.text)
                #expect(found.before.map(\.text) == near[..<place].suffix(3).map { $0 })
                #expect(found.after.map(\.text) == near[(place + 1)...].prefix(2).map { $0 })
                let bound = GroupPattern.exact(log.group == "g" ? "other" : "g")
                #expect(try await store.store.context(log.id, before: 3, after: 2, bound: bound) == nil)
            }
        }
    }

    @Test func `an export is of its begin, whatever is sealed, purged or comes meanwhile`() async throws {
        var configuration = StoreConfiguration()
        configuration.seal.records = 50
        configuration.seal.tickMs = 2
        try await withStore(configuration) { _, _, store in
            var wanted: Set<String> = []
            for batch in 0..<40 {
                let logs = (0..<50)
                    .map { index in
                        let group = "g:\(index % 7)"
                        return TestLog(
                            message: "\(batch)-\(index)",
                            group: group,
                            timestamp: now - Int64(batch * 37 % 40) * 60_000_000_000 + Int64(index)
                        )
                    }
                for log in logs where log.group != "g:3" { wanted.insert(log.message) }
                _ = try await store.append(request(logs, arrival: now))
            }
            for order in [LogQuery.Order.newestFirst, .oldestFirst] {
                let export = LogExport(store.store.query, LogQuery(order: order), windowLogs: 100)
                var found: [StoredLog] = []
                var parts = 0
                while let part = try await export.next() {
                    found += part
                    parts += 1
                    let late = TestLog(message: "late", group: "g:1", timestamp: now - 60_000_000_000)
                    _ = try await store.append(request([late], arrival: now))
                    if parts == 3 { _ = try await store.store.purge(.exact("g:3"), bound: nil) }
                }
                #expect(parts > 15)
                let texts = found.filter { $0.group != "g:3" }.map(\.text).filter { $0 != "late" }
                #expect(texts.count == wanted.count)
                #expect(Set(texts) == wanted)
                #expect(Set(found.map(\.sequence)).count == found.count)
                let places = found.map { Rank(timestamp: $0.timestamp, sequence: $0.sequence, order: order) }
                #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
            }
        }
    }

    @Test func `too many intervals become longer ones, and no log is left out`() {
        var random = SeededRandom(seed: 5)
        var all = TimeBuckets(interval: 10, limit: 16)
        var parts = TimeBuckets(interval: 10, limit: 16)
        var times: [Int64] = []
        for round in 0..<200 {
            var part = TimeBuckets(interval: 10, limit: 16)
            for _ in 0..<20 {
                let time = Int64.random(in: -5...Int64(round * round), using: &random)
                times.append(time)
                all.add(1, at: time)
                part.add(1, at: time)
            }
            parts.add(part)
        }
        #expect(all.buckets.count <= 16)
        #expect(all.interval % 10 == 0)
        #expect(parts.buckets == all.buckets)
        for bucket in all.buckets {
            let count = times.count { LogID.floorDivide($0, all.interval) * all.interval == bucket.start }
            #expect(bucket.levels.total == count)
        }
        #expect(all.buckets.reduce(0) { $0 + $1.levels.total } == times.count)
    }

    @Test func `the directory finds what the patterns match, as groups come and go`() {
        var random = SeededRandom(seed: 9)
        var directory = GroupDirectory()
        var groups: [StoreGroup] = []
        let parts = ["a", "b", "ab", "a!", "a;", "é", "e\u{301}", "z"]
        for number in UInt32(1)...400 {
            let name = (0..<Int.random(in: 1...4, using: &random))
                .map { _ in parts.randomElement(using: &random) ?? "a" }
                .joined(separator: ":")
            if directory.group(name) == nil {
                let group = StoreGroup(number: number, name: name)
                groups.append(group)
                directory.insert(group)
            } else if Bool.random(using: &random), let group = groups.randomElement(using: &random) {
                groups.removeAll { $0 === group }
                directory.remove(group)
            }
            guard number % 7 == 0 else { continue }
            let patterns = ["*", "a", "a:*", "a:b:*", "ab:*", "é:*", "z", "a!:*"].map(GroupPattern.init)
            for pattern in patterns {
                for bound in patterns + [nil] {
                    let second = patterns.randomElement(using: &random) ?? .all
                    let found = directory.matching([pattern, second], bound: bound).map(\.number)
                    let wanted = ([directory.null] + groups)
                        .filter { group in
                            (pattern.matches(group.name) || second.matches(group.name))
                                && bound?.matches(group.name) ?? true
                        }
                    #expect(found.sorted() == wanted.map(\.number).sorted())
                }
                let names = directory.matching([], bound: pattern).compactMap(\.name)
                #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            }
        }
    }

    @Test func `numbers that were taken out of objects stand again where they stood`() {
        func column(_ texts: [String]) -> TextColumn {
            var column = TextColumn()
            for text in texts {
                let range = TextRange(offset: UInt32(column.text.count), length: UInt32(text.utf8.count))
                column.ranges.append(text.isEmpty ? .none : range)
                column.text += Array(text.utf8)
            }
            return column
        }
        let hole = "\u{1}"
        let objects = column([
            "{\"a\":\(hole)\u{0},\"b\":{\"c\":\(hole)\u{22}}}", "", "{}", "{\"a\":\(hole)\u{0}}",
            "{\"x\":\(hole)\u{7}}",
        ])
        var data = SplitData(columns: [], numbers: [:], objects: objects)
        data.numbers[0] = SplitData.NumberColumn(values: [], digits: column(["1.10", "", "", "1e400", ""]))
        data.numbers[0x22] = SplitData.NumberColumn(values: [], digits: column(["-0", "", "", "", ""]))
        let texts = (0..<5)
            .map { row in
                var text: [UInt8] = []
                DataColumn.split(data).append(row, to: &text)
                return String(decoding: text, as: UTF8.self)
            }
        // What has no number there was no hole, but bytes that were sent.
        #expect(
            texts == ["{\"a\":1.10,\"b\":{\"c\":-0}}", "", "{}", "{\"a\":1e400}", "{\"x\":\(hole)\u{7}}"]
        )
        var fields = FieldCounts()
        for row in 0..<5 { fields.add(.split(data), row) }
        #expect(fields.top(3).map { String(decoding: $0.path, as: UTF8.self) } == ["a", "b.c", "x"])
        #expect(fields.top(3)[0].values.map(\.text) == [Array("1.10".utf8), Array("1e400".utf8)])
    }
}
