import EventLoop
import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

/// Patterns of a real store against those of plain rows, each masked by itself.
@Suite struct PatternScanTests {
    private let now = WallClock.now()
    private let hour: Int64 = 3_600_000_000_000

    @Test(arguments: [UInt64(1), 2, 3])
    func `patterns are those of a plain array while logs arrive, with seed`(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        var logs = RandomMessages(base: now)
        var model = LogModel()
        try await withStore { _, _, store in
            for round in 0..<40 {
                let batch = (0..<Int.random(in: 1..<80, using: &random)).map { _ in logs.log(using: &random) }
                let body = try request(batch, arrival: now)
                model.add(body, batch, try await store.append(body))
                if Int.random(in: 0..<3, using: &random) == 0 { await store.store.seal() }
                if round % 10 == 9 { await store.store.merge() }
                if round % 16 == 15 {
                    #expect(
                        try await store.store.purge(GroupPattern("a:b"), bound: nil)
                            == model.purge(GroupPattern("a:b"), bound: nil)
                    )
                }
                for _ in 0..<3 {
                    let question = logs.question(using: &random)
                    let newSince = now - Int64.random(in: 0..<45, using: &random) * hour
                    let found = try await store.store.patterns(question.query, newSince: newSince, limit: 1_000)
                    let wanted = model.patterns(question, newSince: newSince, hub: store.store.hub)
                    #expect(!found.isPartial && !found.isCut)
                    #expect(found.total == wanted.total)
                    #expect(found.count == wanted.count)
                    #expect(found.patterns == wanted.patterns)
                }
            }
        }
    }

    private func log(_ message: String, hoursAgo: Int64, group: String = "g", level: Level = .info) -> TestLog {
        TestLog(message: message, group: group, level: level, timestamp: now - hoursAgo * hour)
    }

    /// Templates with how often each came, new ones marked.
    private func patterns(_ store: StoreForTests, _ query: LogQuery, newSince: Int64) async throws -> [String] {
        let found = try await store.store.patterns(query, newSince: newSince, limit: 100)
        #expect(!found.isPartial)
        return found.patterns.map { "\($0.count) \($0.template)\($0.isNew ? " new" : "")" }.sorted()
    }

    @Test func `what was never seen before is new, over seals, merges and purges`() async throws {
        try await withStore { _, _, store in
            var query = LogQuery()
            query.since = now - 24 * hour
            let newSince = now - 24 * hour
            func ask() async throws -> [String] { try await patterns(store, query, newSince: newSince) }

            _ = try await store.append(request([log("disk 1 is full", hoursAgo: 1)], arrival: now))
            // There is nothing to compare with.
            #expect(try await ask() == ["1 disk <num> is full"])
            _ = try await store.append(request([log("boot took 5 s", hoursAgo: 30)], arrival: now))
            #expect(try await ask() == ["1 disk <num> is full new"])
            await store.store.seal()
            #expect(try await ask() == ["1 disk <num> is full new"])
            // Of the same span as the first, before it and after it.
            for hours: Int64 in [26, 27, 30] {
                _ = try await store.append(
                    request(
                        [log("fan 3 slow", hoursAgo: hours), log("boot took 7 s", hoursAgo: hours - 26)],
                        arrival: now
                    )
                )
                await store.store.seal()
            }
            #expect(try await ask() == ["1 disk <num> is full new", "3 boot took <num> s"])
            await store.store.merge()
            #expect(try await ask() == ["1 disk <num> is full new", "3 boot took <num> s"])
            query.levels = 1 << Level.error.rawValue
            _ = try await store.append(request([log("boot took 9 s", hoursAgo: 0, level: .error)], arrival: now))
            // As an error it is new, though as a message it is not.
            #expect(try await ask() == ["1 boot took <num> s new"])
            query.levels = 0b11111
            query.groups = [GroupPattern("other")]
            _ = try await store.append(request([log("fan 4 slow", hoursAgo: 2, group: "other")], arrival: now))
            #expect(try await ask() == ["1 fan <num> slow"])
            query.groups = []
            #expect(try await store.store.purge(GroupPattern("g"), bound: nil) > 0)
            #expect(try await ask() == ["1 fan <num> slow"])
        }
    }

    @Test func `a second question is answered of summaries, and a purge lets go of them`() async throws {
        try await withStore { _, _, store in
            let messages = (0..<500).map { log("request \($0) of user-\($0 % 7) took \($0)ms", hoursAgo: 3) }
            _ = try await store.append(request(messages, arrival: now))
            await store.store.seal()
            let first = try await patterns(store, LogQuery(), newSince: now)
            #expect(first == ["500 request <num> of user-<num> took <num>ms"])
            let held = store.store.state.cache.patterns.bytes
            #expect(held > 0)
            #expect(try await patterns(store, LogQuery(), newSince: now) == first)
            #expect(store.store.state.cache.patterns.bytes == held)
            // What listings read is not pushed out by it.
            #expect(store.store.state.cache.columns.bytes == 0)
            #expect(try await store.store.purge(nil, bound: nil) == 500)
            #expect(try await patterns(store, LogQuery(), newSince: now) == [])
        }
    }

    @Test func `without Redis the answer is partial and has what memory holds`() async throws {
        try await withStore { redis, _, store in
            _ = try await store.append(request([log("sealed 1", hoursAgo: 1)], arrival: now))
            await store.store.seal()
            _ = try await store.append(request([log("open 1", hoursAgo: 1)], arrival: now))
            redis.kill()
            let found = try await store.store.patterns(LogQuery(), newSince: now, limit: 10)
            #expect(found.isPartial)
            #expect(found.patterns.map(\.template) == ["open <num>"])
        }
    }

    @Test func `texts of a megabyte and binary ones are counted`() async throws {
        try await withStore { _, _, store in
            let long = String(repeating: "word ", count: 200_000)
            let logs = [
                log(long + "1", hoursAgo: 1), log(long + "2", hoursAgo: 1), log("\u{1}\u{2}\u{7F}", hoursAgo: 1),
                log(String(repeating: "x", count: 1 << 19), hoursAgo: 1),
            ]
            _ = try await store.append(request(logs, arrival: now))
            for _ in 0..<2 {
                let found = try await store.store.patterns(LogQuery(), newSince: now, limit: 10)
                #expect(found.total == 4)
                #expect(found.count == 3)
                for pattern in found.patterns {
                    #expect(pattern.template.utf8.count < 2 * HubLimits.patternFormBytes)
                    #expect(pattern.exampleMessage.utf8.count <= HubLimits.patternExampleBytes)
                }
                await store.store.seal()
            }
        }
    }
}

/// Messages of some kinds, with variables.
private struct RandomMessages {
    private var logs: RandomLogs

    init(base: Int64) { logs = RandomLogs(base: base) }

    mutating func log(using random: inout SeededRandom) -> TestLog {
        var log = logs.log(using: &random)
        let number = Int.random(in: 0..<100_000, using: &random)
        log.message =
            switch Int.random(in: 0..<9, using: &random) {
            case 0: "connection from 10.0.\(number % 256).7 port \(number) opened"
            case 1: "connection from 10.0.\(number % 256).7 port \(number) closed after \(number)ms"
            case 2: "session opened for \(["anna", "bob", "cy", "dora", "eve", "fred"][number % 6]) on tty\(number % 3)"
            case 3: "read /var/data/\(number).csv in \(number).5s"
            case 4: "key f0\(String(number + 0x100000, radix: 16)) expired"
            case 5: "rule \"block \(number)\" hit \(number % 3) times"
            case 6: ["started", "stopped", "opened by hand"][number % 3]
            case 7: "word\(String(repeating: "x", count: number % 12)) of its own"
            default: "Error: no \(number)\n\tat a(b:\(number))\n\tat c"
            }
        return log
    }

    func question(using random: inout SeededRandom) -> LogModel.Question {
        var question = logs.question(using: &random)
        question.query.search = nil
        question.holds = { _ in true }
        let shapes: [(String, (TestLog) -> Bool)] = [
            ("opened", { $0.message.contains("opened") }), ("level:error", { $0.level == .error }),
            ("source:h1 OR tags:blue", { $0.source == "h1" || $0.tags.contains("blue") }),
        ]
        if Int.random(in: 0..<3, using: &random) == 0, let (text, holds) = shapes.randomElement(using: &random) {
            question.query.search = try? Search(text)
            question.holds = holds
        }
        return question
    }
}

extension LogModel {
    /// The patterns of plain rows.
    fileprivate func patterns(_ question: Question, newSince: Int64, hub: UInt8) -> LogPatterns {
        var whole = question
        whole.query.since = nil
        var table = PatternTable()
        for one in matching(whole).shuffled() {
            let message = Array(one.log.message.utf8)
            var counter = PatternCounter()
            message.withUnsafeBytes { bytes in
                _ = counter.add(
                    bytes,
                    number: 0,
                    level: one.log.level.rawValue,
                    first: one.log.timestamp,
                    last: one.log.timestamp,
                    sequence: one.sequence
                )
            }
            table.add(
                counter.summary { _ in message[...] },
                group: one.group,
                levels: question.query.levels,
                isCounted: one.log.timestamp >= question.query.since ?? .min
            )
        }
        let isEmpty = (question.query.since ?? .min) > (question.query.until ?? .max)
        var all = Question()
        all.query.groups = question.query.groups
        all.query.bound = question.query.bound
        let hasOlder = !isEmpty && matching(all).contains { $0.log.timestamp < newSince }
        return table.patterns(newSince: hasOlder ? newSince : nil, hub: hub, limit: 1_000)
    }
}
