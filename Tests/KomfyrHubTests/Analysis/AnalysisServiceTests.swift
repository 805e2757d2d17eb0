import Logging
import NIOCore
import Protocol
import Synchronization
import TestSupport
import Testing

@testable import KomfyrHub

/// Reports: made, kept, shared, replaced; with a real Redis, and a model's stand-in on a real socket.
@Suite struct AnalysisServiceTests {
    /// A service with what it works with; the clock stands until it is moved.
    private struct Bed: Sendable {
        let server: ModelServer
        let client: RedisClient
        let store = AnalysisStandIn()
        let sender = ModelClient()
        let log = RecordingLog()
        let clock = Clock()

        func service(
            model: Bool = true,
            dailyTokens: Int = 1_000_000,
            name: String = "m",
            works: AnalystWorks = .forTests
        ) -> AnalysisService {
            var caller: ModelCaller?
            if model {
                let dialect = OpenAIDialect(base: server.url, model: name, key: ModelKey(ModelTests.key))
                caller = ModelCaller(dialect: dialect, sender: sender, clock: RetryClock().clock)
            }
            let clock = clock
            return AnalysisService(
                AnalysisService.Parts(
                    store: store,
                    redis: client,
                    model: caller,
                    works: works,
                    dailyTokens: dailyTokens,
                    retention: 48 * 3_600_000_000_000,
                    logger: log.logger,
                    now: { clock.now }
                )
            )
        }
    }

    private final class Clock: Sendable {
        private let value = Mutex<Int64>(1_795_410_000_000_000_000)
        var now: Int64 { value.withLock { $0 } }
        func pass(seconds: Int64) { value.withLock { $0 += seconds * 1_000_000_000 } }
    }

    private func withBed(_ moods: ModelServer.Mood..., body: (Bed) async throws -> Void) async throws {
        try await withRedis { _, client async throws in
            let server = try await ModelServer()
            server.script(moods)
            let bed = Bed(server: server, client: client)
            do { try await body(bed) } catch {
                await bed.sender.stop()
                await server.stop()
                throw error
            }
            await bed.sender.stop()
            await server.stop()
        }
    }

    private static let good = ModelServer.Mood.says(200, ModelAnswers.openAI())
    private static let question = AnalysisQuestion(group: .tree("a"), bound: nil, hours: 24)

    private func json(_ answer: AnalysisService.Answer) throws -> ModelJSON {
        try #require(ModelJSON(answer.analysis))
    }

    private func analyst(_ answer: AnalysisService.Answer) throws -> (provider: String?, error: String?) {
        let analyst = try json(answer)["analyst"]
        return (analyst?["provider"]?.text, analyst?["error"]?.text)
    }

    // MARK: Kept

    @Test func `a report is kept, says how many logs came since, and is made anew when asked to`() async throws {
        try await withBed(Self.good) { bed async throws in
            let service = bed.service()
            let first = try await service.report(Self.question, isRefresh: false)
            #expect(!first.isCached && first.logsSince == 0)
            let report = try json(first)
            #expect(report["ai_insights"]?["summary"]?.text == "the disk fills")
            #expect(report["analyst"]?["provider"]?.text == "openai")
            #expect(report["analyst"]?["model"]?.text == "m")
            #expect(report["analyst"]?["tokens_in"]?.count == 900)
            #expect(report["analyst"]?["tokens_out"]?.count == 200)
            #expect(report["analyst"]?["error"] == .null)
            #expect(report["analyzed_logs"]?.count == 42)
            #expect(report["group"]?.text == "a:*")

            bed.store.state.withLock { $0.later = 7 }
            bed.clock.pass(seconds: 3_000)
            let second = try await service.report(Self.question, isRefresh: false)
            #expect(second.isCached && second.logsSince == 7)
            #expect(second.analysis == first.analysis)
            #expect(bed.server.requests.count == 1)
            // Also after a restart.
            #expect(try await bed.service().report(Self.question, isRefresh: false).isCached)
            #expect(bed.server.requests.count == 1)

            let third = try await service.report(Self.question, isRefresh: true)
            #expect(!third.isCached && third.analysis != first.analysis)
            #expect(bed.server.requests.count == 2)
            let kept = try await service.report(Self.question, isRefresh: false)
            #expect(kept.isCached && kept.analysis == third.analysis)
            #expect(service.figures.counts.byModel == 2 && service.figures.counts.cached == 2)
        }
    }

    @Test func `it is kept for two hours, and in bounded room`() async throws {
        try await withBed(Self.good) { bed async throws in
            _ = try await bed.service().report(Self.question, isRefresh: false)
            let key = ReportCache.key(Self.question, analyst: "openai/m")
            guard case .integer(let left) = try await bed.client.send(RedisCommand("TTL", key)) else { return }
            #expect((6_900...7_200).contains(left))
            // Two hundred large ones: the oldest go.
            let cache = ReportCache(redis: bed.client)
            // Nothing that can be packed.
            var random = SeededRandom(seed: 1)
            let body = (0..<200 << 10).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            for number in 0..<100 {
                let made = bed.clock.now + Int64(number) * 1_000_000_000
                await cache.keep(ReportCache.Kept(made: made, body: body), "kmf:cache:report:test\(number)")
            }
            #expect(await cache.report("kmf:cache:report:test99")?.body == body)
            #expect(await cache.report("kmf:cache:report:test0") == nil)
            #expect(await cache.report(key) == nil)
            guard case .integer(let count) = try await bed.client.send(RedisCommand("ZCARD", ReportCache.index)) else {
                return
            }
            #expect(Int(count) * body.count <= HubLimits.reportsBytes && count > 50)
        }
    }

    @Test func `another group, window, bound or analyst has a report of its own`() async throws {
        var keys: Set<String> = []
        for group in [GroupPattern.all, .exact("a"), .tree("a"), .exact("a:b"), .exact("1:a")] {
            for bound in [nil, GroupPattern.tree("a"), .exact("a"), .exact("1:a")] {
                for hours in [1, 24] {
                    for analyst in ["openai/m", "openai/n", "statistics/"] {
                        let question = AnalysisQuestion(group: group, bound: bound, hours: hours)
                        keys.insert(ReportCache.key(question, analyst: analyst))
                    }
                }
            }
        }
        #expect(keys.count == 5 * 4 * 2 * 3)
        try await withBed(Self.good) { bed async throws in
            let service = bed.service()
            var bound = Self.question
            bound.bound = .exact("a:b")
            #expect(try await !service.report(Self.question, isRefresh: false).isCached)
            #expect(try await !service.report(bound, isRefresh: false).isCached)
            #expect(try await service.report(bound, isRefresh: false).isCached)
            // The bound is in all that the store is asked.
            #expect(bed.store.state.withLock { $0.queries.contains { $0.bound == .exact("a:b") } })
            #expect(bed.server.requests.count == 2)
        }
    }

    @Test(arguments: [0, 3, 5, 13, 21, 40])
    func `a damaged report counts as not there`(_ place: Int) async throws {
        try await withBed(Self.good) { bed async throws in
            let service = bed.service()
            _ = try await service.report(Self.question, isRefresh: false)
            let key = ReportCache.key(Self.question, analyst: "openai/m")
            guard case .string(var bytes) = try await bed.client.send(RedisCommand("GET", key)) else {
                Issue.record("nothing was kept")
                return
            }
            bytes[place] ^= 1
            _ = try await bed.client.send(RedisCommand([Array("SET".utf8), Array(key.utf8), bytes]))
            #expect(try await !service.report(Self.question, isRefresh: false).isCached)
            // One of another key.
            let other = try ReportCache.bytes(ReportCache.Kept(made: bed.clock.now, body: [0x7B, 0x7D]), key + "x")
            _ = try await bed.client.send(RedisCommand([Array("SET".utf8), Array(key.utf8), other]))
            #expect(try await !service.report(Self.question, isRefresh: false).isCached)
            for text in ["", "KMR1", String(repeating: "x", count: 300_000)] {
                _ = try await bed.client.send(RedisCommand("SET", key, text))
                #expect(try await !service.report(Self.question, isRefresh: false).isCached)
            }
            // A key of another kind.
            _ = try await bed.client.send(RedisCommand("DEL", key))
            _ = try await bed.client.send(RedisCommand("RPUSH", key, "x"))
            #expect(try await !service.report(Self.question, isRefresh: false).isCached)
        }
    }

    @Test func `after a purge nothing is kept, what is under way included`() async throws {
        try await withBed(Self.good, .held(Self.good)) { bed async throws in
            let service = bed.service()
            _ = try await service.report(Self.question, isRefresh: false)
            await service.forget()
            async let under = service.report(Self.question, isRefresh: false)
            _ = try await eventually("the model is asked") { bed.server.heldCount > 0 ? true : nil }
            await service.forget()
            // Who asks now does not get what was read before.
            async let after = service.report(Self.question, isRefresh: false)
            _ = try await eventually("it waits") { await service.waitingCount == 2 ? true : nil }
            bed.server.mood = Self.good
            bed.server.release()
            #expect(try await !under.isCached)
            #expect(try await !after.isCached)
            #expect(bed.server.requests.count == 3)
            #expect(bed.store.state.withLock { $0.gathered } == 3)
            #expect(try await service.report(Self.question, isRefresh: false).isCached)
        }
    }

    @Test func `a report that Redis has no room for is not kept`() async throws {
        try await withBed(Self.good) { bed async throws in
            bed.store.state.withLock { $0.hasRoom = false }
            let service = bed.service()
            bed.server.mood = Self.good
            for _ in 0..<2 { #expect(try await !service.report(Self.question, isRefresh: false).isCached) }
            #expect(bed.server.requests.count == 2)
        }
    }

    // MARK: Shared

    @Test func `twenty requests for the same are one call`() async throws {
        try await withBed(.held(Self.good)) { bed async throws in
            let service = bed.service()
            let tasks = (0..<20)
                .map { number in
                    Task { try await service.report(Self.question, isRefresh: number % 2 == 0) }
                }
            _ = try await eventually("all wait") { await service.waitingCount == 20 ? true : nil }
            _ = try await eventually("the model is asked") { bed.server.heldCount > 0 ? true : nil }
            bed.server.release()
            var bodies: Set<[UInt8]> = []
            for task in tasks { bodies.insert(try await task.value.analysis) }
            #expect(bodies.count == 1)
            #expect(bed.server.requests.count == 1)
            #expect(bed.store.state.withLock { $0.gathered } == 1)
            #expect(service.figures.counts.shared == 19)
        }
    }

    @Test func `who goes away cancels its own wait and nothing else`() async throws {
        try await withBed(.held(Self.good)) { bed async throws in
            let service = bed.service()
            let first = Task { try await service.report(Self.question, isRefresh: false) }
            _ = try await eventually("the model is asked") { bed.server.heldCount > 0 ? true : nil }
            let second = Task { try await service.report(Self.question, isRefresh: false) }
            _ = try await eventually("both wait") { await service.waitingCount == 2 ? true : nil }
            first.cancel()
            _ = await first.result
            #expect(await service.waitingCount == 1)
            bed.server.release()
            #expect(try await second.value.logsSince == 0)
            #expect(bed.server.requests.count == 1)
            #expect(try await service.report(Self.question, isRefresh: false).isCached)
        }
    }

    @Test func `the windows of a group come one after the other, and two analyses run at a time`() async throws {
        try await withBed(.held(Self.good)) { bed async throws in
            let service = bed.service()
            var tasks: [Task<AnalysisService.Answer, any Error>] = []
            for (group, hours) in [("a", 1), ("a", 2), ("b", 1), ("c", 1)] {
                let question = AnalysisQuestion(group: .exact(group), bound: nil, hours: hours)
                tasks.append(Task { try await service.report(question, isRefresh: false) })
                _ = try await eventually("it waits") { await service.waitingCount == tasks.count ? true : nil }
            }
            _ = try await eventually("two are asked") { bed.server.heldCount == 2 ? true : nil }
            #expect(service.figures.counts.running == 2)
            // Not two of the same group.
            let groups = Set(bed.server.requests.map { $0.json["messages"][1]["content"].text ?? "" })
            #expect(groups.count == 2)
            for _ in 0..<4 {
                bed.server.release()
                try await Task.sleep(for: .milliseconds(1))
                _ = try await eventually("the next") {
                    let isDone = service.figures.counts.running == 0
                    return isDone || bed.server.heldCount > 0 ? true : nil
                }
            }
            _ = try await eventually("all are asked") {
                bed.server.release()
                return service.figures.counts.byModel == 4 ? true : nil
            }
            for task in tasks { #expect(try await !task.value.isCached) }
            #expect(bed.server.requests.count == 4)
        }
    }

    @Test func `too many that wait are told to come again`() async throws {
        try await withBed(.held(Self.good)) { bed async throws in
            let service = bed.service()
            let tasks = (0..<HubLimits.analysesWaiting)
                .map { _ in
                    Task { try await service.report(Self.question, isRefresh: false) }
                }
            _ = try await eventually("all wait") {
                await service.waitingCount == HubLimits.analysesWaiting ? true : nil
            }
            _ = try await eventually("the model is asked") { bed.server.heldCount > 0 ? true : nil }
            do throws(AnalysisService.Problem) {
                _ = try await service.report(Self.question, isRefresh: true)
                Issue.record("one too many waits")
            } catch {
                guard case .busy = error else {
                    Issue.record("\(error)")
                    return
                }
            }
            bed.server.release()
            for task in tasks { _ = try await task.value }
        }
    }

    @Test func `a stop ends what is under way`() async throws {
        try await withBed(.nothing) { bed async throws in
            let service = bed.service()
            let tasks = (0..<3).map { _ in Task { try await service.report(Self.question, isRefresh: false) } }
            _ = try await eventually("the model is asked") { bed.server.requests.isEmpty ? nil : true }
            await service.stop()
            for task in tasks {
                guard case .failure(let error as AnalysisService.Problem) = await task.result, case .stopping = error
                else {
                    Issue.record("it goes on")
                    continue
                }
            }
            _ = try await eventually("the connection has ended") { bed.server.closed > 0 ? true : nil }
            _ = try await eventually("nothing runs") { service.figures.counts.running == 0 ? true : nil }
        }
    }

    // MARK: Instead of the model

    @Test func `while the model fails the statistics answer and say why, and nothing is kept`() async throws {
        let refusal = #"{"error":{"message":"Incorrect API key: \#(ModelTests.key)"}}"#
        try await withBed(.says(401, refusal), .says(200, ModelAnswers.openAI("no JSON")), Self.good) {
            bed async throws in
            let service = bed.service()
            let first = try await service.report(Self.question, isRefresh: false)
            #expect(try analyst(first).provider == "statistics")
            #expect(try analyst(first).error?.contains("openai, m: ") == true)
            #expect(try analyst(first).error?.contains("OPENAI_API_KEY") == true)
            #expect(try json(first)["ai_insights"]?["summary"]?.text == "statistics of 42 logs")
            let second = try await service.report(Self.question, isRefresh: false)
            #expect(!second.isCached)
            #expect(try analyst(second).error?.contains("does not fit") == true)
            // What it wrote was paid for.
            #expect(try json(second)["analyst"]?["tokens_out"]?.count == 200)
            let third = try await service.report(Self.question, isRefresh: false)
            #expect(try analyst(third).provider == "openai" && analyst(third).error == nil)
            #expect(try await service.report(Self.question, isRefresh: false).isCached)
            let counts = service.figures.counts
            #expect(counts.instead == 2 && counts.byModel == 1 && counts.requests == 3)
            #expect(bed.log.count { $0.contains("OPENAI_API_KEY") } == 1)
            #expect(bed.log.count { $0.contains("secret") } == 0)
            #expect(
                ![first, second, third].contains { String(decoding: $0.analysis, as: UTF8.self).contains("secret") }
            )
        }
    }

    @Test func `an answer that does not fit the schema is none`() async throws {
        try await withBed(.says(200, ModelAnswers.openAI(#"{"something":"else"}"#))) { bed async throws in
            let answer = try await bed.service().report(Self.question, isRefresh: false)
            #expect(try analyst(answer).error?.contains("what it wrote does not fit") == true)
        }
    }

    @Test func `a time that a model gives beyond the window is none`() async throws {
        try await withBed(Self.good) { bed async throws in
            let hour: Int64 = 3_600_000_000_000
            let (now, begin) = (bed.clock.now, bed.clock.now - 24 * hour)
            bed.store.state.withLock { $0.first = begin }
            let times: [(Int64?, Int64?)] = [
                (begin - 1, begin), (begin - hour, nil), (begin, begin), (now - hour, now - hour), (now, now),
                (now + 1, nil), (now + 365 * 24 * hour, nil), (0, nil), (.min, nil), (.max, nil), (nil, nil),
            ]
            var works = AnalystWorks.forTests
            works.read = { _ in
                Insights(
                    summary: "s",
                    severity: .normal,
                    findings: times.map {
                        Insights.Finding(title: "t", description: "d", severity: .info, since: $0.0)
                    },
                    recommendations: []
                )
            }
            let report = try json(try await bed.service(works: works).report(Self.question, isRefresh: false))
            let told = report["ai_insights"]?["findings"]?.items.map { $0["since"]?.text }
            #expect(told == times.map { $0.1.map { Timestamp.text($0) } })
        }
    }

    @Test func `reports that leave something out are counted, and logged once`() async throws {
        try await withBed(Self.good) { bed async throws in
            bed.store.state.withLock { $0.patternsAreCut = true }
            let service = bed.service(model: false)
            for _ in 0..<3 {
                let report = try json(try await service.report(Self.question, isRefresh: true))
                #expect(report["left_out"]?.items.count == 1)
            }
            #expect(service.figures.counts.cut == 3)
            #expect(bed.log.count { $0.contains("leaves out") } == 1)
        }
    }

    @Test func `a provider that asks for a pause is left alone that long`() async throws {
        try await withBed(.says(429, ModelAnswers.quota("1s"), headers: ["Retry-After: 120"]), Self.good) {
            bed async throws in
            let service = bed.service()
            let first = try await service.report(Self.question, isRefresh: false)
            #expect(try analyst(first).error?.contains("asks to wait 120 s") == true)
            bed.clock.pass(seconds: 60)
            let second = try await service.report(Self.question, isRefresh: false)
            #expect(try analyst(second).error?.contains("to be left alone until") == true)
            #expect(bed.server.requests.count == 1)
            bed.clock.pass(seconds: 61)
            #expect(try await analyst(service.report(Self.question, isRefresh: false)).provider == "openai")
        }
    }

    @Test func `the same trouble is logged once, and other trouble again`() async throws {
        try await withBed(.says(401, "")) { bed async throws in
            let service = bed.service()
            for _ in 0..<5 { _ = try await service.report(Self.question, isRefresh: false) }
            #expect(bed.log.count { $0.contains("a model did not write") } == 1)
            bed.server.mood = .says(404, "")
            _ = try await service.report(Self.question, isRefresh: false)
            #expect(bed.log.count { $0.contains("a model did not write") } == 2)
        }
    }

    @Test func `without logs nobody is asked, and what is incomplete is not kept`() async throws {
        try await withBed(Self.good) { bed async throws in
            let service = bed.service()
            bed.store.state.withLock { $0.logs = 0 }
            for _ in 0..<2 {
                let empty = try await service.report(Self.question, isRefresh: false)
                #expect(try !empty.isCached && analyst(empty).provider == "statistics" && analyst(empty).error == nil)
            }
            #expect(bed.server.requests.isEmpty)
            bed.store.state.withLock { state in
                state.logs = 5
                state.isPartial = true
            }
            for _ in 0..<2 {
                let part = try await service.report(Self.question, isRefresh: false)
                #expect(part.isPartial && !part.isCached)
            }
            bed.store.state.withLock { $0.failure = .silent }
            await #expect(throws: AnalysisService.Problem.self) {
                _ = try await service.report(Self.question, isRefresh: false)
            }
        }
    }

    @Test func `the statistics alone are kept too`() async throws {
        try await withBed(Self.good) { bed async throws in
            let service = bed.service(model: false)
            #expect(try await analyst(service.report(Self.question, isRefresh: false)).provider == "statistics")
            #expect(try await service.report(Self.question, isRefresh: false).isCached)
            #expect(bed.server.requests.isEmpty && service.figures.counts.byStatistics == 1)
        }
    }

    // MARK: Tokens

    @Test func `a day's tokens are counted over a restart, and then the statistics answer`() async throws {
        try await withBed(Self.good) { bed async throws in
            let service = bed.service()
            _ = try await service.report(Self.question, isRefresh: true)
            _ = try await service.report(Self.question, isRefresh: true)
            #expect(service.tokensToday == 2_200)
            let next = bed.service()
            await next.begin()
            #expect(next.tokensToday == 2_200)
            // Nothing is begun that might go beyond.
            let poor = bed.service(dailyTokens: 2_200 + HubLimits.modelAnswerTokens)
            let answer = try await poor.report(Self.question, isRefresh: true)
            #expect(try analyst(answer).provider == "statistics")
            #expect(try analyst(answer).error?.contains("AI_DAILY_TOKENS") == true)
            #expect(bed.server.requests.count == 2)
            bed.clock.pass(seconds: 86_400)
            #expect(poor.tokensToday == 0)
            // A day later there are as many again.
            let rich = bed.service(dailyTokens: 50_000)
            #expect(try await analyst(rich.report(Self.question, isRefresh: true)).provider == "openai")
        }
    }

    @Test func `what was asked and not answered counts as used`() async throws {
        try await withBed(.writes("")) { bed async throws in
            let service = bed.service()
            _ = try await service.report(Self.question, isRefresh: true)
            #expect(service.tokensToday > 0 && service.tokensToday < 1_000)
        }
    }

    @Test func `reservations keep two from using what is left for one`() async throws {
        let redis = MemoryRedis()
        let budget = TokenBudget(limit: 100, redis: redis)
        await budget.load(now: 0)
        #expect(budget.reserve(60, now: 0))
        #expect(!budget.reserve(60, now: 0))
        await budget.spend(10, reserved: 60, now: 0)
        #expect(budget.used(now: 0) == 10 && budget.reserve(90, now: 0) && !budget.reserve(1, now: 0))
        #expect(budget.used(now: 86_400_000_000_000) == 0)
    }

    @Test(arguments: ["-5", "many", "", "99999999999999999999999", "9223372036854775807"])
    func `a foreign number in Redis does no harm`(_ text: String) async throws {
        let redis = MemoryRedis()
        _ = try await redis.send(RedisCommand("SET", "kmf:ai:tokens:0", text))
        let budget = TokenBudget(limit: 100_000, redis: redis)
        await budget.load(now: 0)
        await budget.spend(5, reserved: 0, now: 0)
        #expect(budget.used(now: 0) >= 5)
        _ = budget.reserve(Int(Int32.max), now: 0)
    }

    @Test func `while Redis is away tokens are counted here, and written when it is back`() async throws {
        try await withBed(Self.good) { bed async throws in
            let away = MemoryRedis()
            away.isDown = true
            let budget = TokenBudget(limit: 100_000, redis: away)
            await budget.load(now: 0)
            await budget.spend(500, reserved: 0, now: 0)
            #expect(budget.used(now: 0) == 500)
            let back = TokenBudget(limit: 100_000, redis: bed.client)
            await back.spend(700, reserved: 0, now: 0)
            let restarted = TokenBudget(limit: 100_000, redis: bed.client)
            await restarted.load(now: 0)
            #expect(restarted.used(now: 0) == 700)
        }
    }

    // MARK: Secrets

    @Test func `the search for secrets finds them in whatever form they are sent`() async throws {
        try await withBed(Self.good) { bed async throws in
            let secrets = ["hunter2", "pass\"word\\", "line\nbreak", "ø-token", "never sent"]
            let pattern = Pattern(
                template: "login <*>",
                count: 1,
                levels: LevelCounts(),
                firstSeen: 0,
                lastSeen: 0,
                isNew: true,
                example: LogID(timestamp: 0, hub: 1, group: 1, sequence: 1),
                exampleMessage: secrets.dropLast().joined(separator: " ")
            )
            bed.store.state.withLock { $0.patterns = [pattern] }
            // The stand-in analyst masks nothing.
            _ = try await bed.service().report(Self.question, isRefresh: false)
            #expect(bed.server.leaks(of: secrets) == Array(secrets.dropLast()))
            // The key is in the one header that carries it, and nowhere else.
            let request = try #require(bed.server.requests.first)
            #expect(!request.text.contains("secret") && !request.line.contains("secret"))
        }
    }
}
