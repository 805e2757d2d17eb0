import EventLoop
import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

/// The store against a plain array: random requests, queries, repeats, seals, kills of the hub and of Redis.
@Suite(.timeLimit(.minutes(10))) struct StoreModelTests {
    @Test(arguments: [UInt64(11), 12, 13, 14])
    func `the store answers as a plain array does, with seed`(seed: UInt64) async throws {
        var configuration = StoreConfiguration()
        // Small, so that tails are sealed all the time.
        configuration.seal.records = 40
        configuration.seal.tickMs = 20
        configuration.seal.age = 150_000_000
        configuration.seal.walBytes = 64 << 10
        configuration.seal.tailBytes = 64 << 10
        let redis = try PrivateRedisForTests(isDurable: true)
        let folder = try TemporaryFolder()
        var run = try await ModelRun(redis, folder, configuration, seed: seed)
        do {
            for _ in 0..<2_500 { try await run.step() }
            try await run.checkEverything()
        } catch {
            await run.store.kill()
            throw error
        }
        await run.store.kill()
    }
}

/// One run: the store, the array, and what was sent.
private struct ModelRun {
    struct Sent {
        var request: IngestRequest
        var logs: [TestLog]
        var receipt: IngestReceipt
    }

    var store: StoreForTests
    private let redis: PrivateRedisForTests
    private let folder: TemporaryFolder
    private let configuration: StoreConfiguration
    private var random: SeededRandom
    private var model = LogModel()
    private var randomLogs: RandomLogs
    private var sent: [Sent] = []
    private let base: Int64
    private var generation = BatchIdentity.Generation(high: 0, low: 0)
    private var batchNumber: UInt64 = 0
    private var counter = 0

    init(
        _ redis: PrivateRedisForTests,
        _ folder: TemporaryFolder,
        _ configuration: StoreConfiguration,
        seed: UInt64
    ) async throws {
        self.redis = redis
        self.folder = folder
        self.configuration = configuration
        random = SeededRandom(seed: seed)
        base = WallClock.now()
        randomLogs = RandomLogs(base: base)
        store = try await StoreForTests(redis.configuration, folder: folder.path, configuration: configuration)
    }

    mutating func step() async throws {
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<450: try await appendOne()
        case 450..<510: try await repeatOne()
        case 510..<680: try await query()
        case 680..<740: try await count()
        case 740..<780: try await facets()
        case 780..<820: try await context()
        case 820..<840: try await export()
        case 840..<852: try await purge()
        case 852..<920: try await lookUp()
        case 920..<943: await store.store.seal()
        case 943..<950: await store.store.merge()
        case 950..<975: try checkCounts()
        case 975..<988: try await killHub()
        case 988..<994: try await killRedis()
        default:
            generation.low += 1
            batchNumber = 0
        }
    }

    // MARK: Writing

    private mutating func randomRequest(keyed: Bool) throws -> (IngestRequest, [TestLog]) {
        let count = Int.random(in: 0..<10, using: &random) == 0 ? 30 : Int.random(in: 1...4, using: &random)
        let logs = (0..<count).map { _ in randomLogs.log(using: &random) }
        var lines: [UInt8] = []
        for log in logs {
            if Int.random(in: 0..<20, using: &random) == 0 { lines += Array("no log\n".utf8) }
            log.append(to: &lines)
        }
        var identity: BatchIdentity?
        if keyed {
            batchNumber += 1
            identity = BatchIdentity(agent: "gw", generation: generation, sequence: batchNumber)
        }
        counter += 1
        return (try request(lines: lines, arrival: base + Int64(counter), identity: identity), logs)
    }

    private mutating func note(_ request: IngestRequest, _ logs: [TestLog], _ receipt: IngestReceipt) {
        #expect(receipt.ingested == logs.count)
        #expect(receipt.refusedPositions == request.decoded.refusals.map(\.index))
        model.add(request, logs, receipt)
        sent.append(Sent(request: request, logs: logs, receipt: receipt))
    }

    private mutating func appendOne() async throws {
        let (request, logs) = try randomRequest(keyed: Bool.random(using: &random))
        let receipt = try await store.append(request)
        #expect(!receipt.isDuplicate)
        note(request, logs, receipt)
    }

    private mutating func repeatOne() async throws {
        guard let first = sent.suffix(40).randomElement(using: &random), first.request.identity != nil else { return }
        var again = first.request
        again.arrival += 12_345
        let receipt = try await store.append(again)
        #expect(receipt.isDuplicate)
        #expect(receipt.firstSequence == first.receipt.firstSequence || receipt.firstSequence == 0)
        if receipt.firstSequence != 0 {
            #expect(receipt.arrival == first.receipt.arrival)
            #expect(receipt.groupNumbers == first.receipt.groupNumbers)
            #expect(receipt.refusedPositions == first.receipt.refusedPositions)
        }
        #expect(receipt.ingested == first.receipt.ingested)
    }

    /// Sends some requests at once, lets something happen meanwhile, and sends again what was not answered.
    private mutating func disturb(_ happening: () async throws -> StoreForTests) async throws {
        var requests: [(IngestRequest, [TestLog])] = []
        for _ in 0..<Int.random(in: 0...6, using: &random) { requests.append(try randomRequest(keyed: true)) }
        let store = store
        let tasks = requests.map { request in Task { try? await store.store.append(request.0) } }
        if Bool.random(using: &random) { await Task.yield() }
        self.store = try await happening()
        var results: [(IngestRequest, [TestLog], IngestReceipt)] = []
        for (request, task) in zip(requests, tasks) {
            if let receipt = await task.value {
                results.append((request.0, request.1, receipt))
            } else {
                results.append((request.0, request.1, try await self.store.append(request.0)))
            }
        }
        for (request, logs, receipt) in results { note(request, logs, receipt) }
    }

    private mutating func killHub() async throws {
        let (redis, folder, configuration, old) = (redis.configuration, folder.path, configuration, store)
        try await disturb {
            await old.kill()
            return try await StoreForTests(redis, folder: folder, configuration: configuration)
        }
    }

    private mutating func killRedis() async throws {
        let (redis, store) = (redis, store)
        try await disturb {
            redis.kill()
            try redis.start()
            return store
        }
    }

    // MARK: Reading

    private mutating func query() async throws {
        let question = randomLogs.question(using: &random)
        var query = question.query
        query.limit = [1, 3, 10, 100].randomElement(using: &random) ?? 10
        var wanted = model.matching(question)[...]
        for _ in 0..<4 {
            let page = try await wholePage(query)
            #expect(page.logs.map(\.text) == wanted.prefix(query.limit).map(\.log.message))
            wanted = wanted.dropFirst(query.limit)
            #expect((page.next == nil) == wanted.isEmpty)
            guard let next = page.next else { return }
            query.cursor = next
            // What arrives meanwhile is no part of the listing.
            if Int.random(in: 0..<3, using: &random) == 0 { try await appendOne() }
            if Int.random(in: 0..<5, using: &random) == 0 { await store.store.seal() }
            if Int.random(in: 0..<9, using: &random) == 0 { await store.store.merge() }
        }
    }

    /// A page when Redis can be asked; before, it is as well a page of the listing with logs left out, and says so.
    private func wholePage(_ query: LogQuery) async throws -> LogPage {
        var page = try await store.store.page(query)
        try await eventually("Redis answers") {
            if page.isPartial { page = try await store.store.page(query) }
            return !page.isPartial
        }
        return page
    }

    private mutating func count() async throws {
        let question = randomLogs.question(using: &random)
        let minutes = Int64([1, 5, 7, 60, 720].randomElement(using: &random) ?? 5)
        let interval = minutes * 60_000_000_000
        var histogram = try await store.store.histogram(question.query, interval: interval)
        try await eventually("Redis answers") {
            if histogram.isPartial { histogram = try await store.store.histogram(question.query, interval: interval) }
            return !histogram.isPartial
        }
        #expect(histogram.interval == interval)
        #expect(histogram.buckets == model.histogram(question, interval: interval))
    }

    private mutating func facets() async throws {
        let question = randomLogs.question(using: &random)
        var facets = try await store.store.facets(question.query, limit: 100)
        try await eventually("Redis answers") {
            if facets.isPartial { facets = try await store.store.facets(question.query, limit: 100) }
            return !facets.isPartial
        }
        #expect(!facets.isSampled)
        #expect(facets.total == model.matching(question).count)
        #expect(facets.groups == model.top(question) { [$0.group].compactMap { $0 } })
        #expect(facets.tags == model.top(question) { $0.tags })
        #expect(facets.sources == model.top(question) { [$0.source].compactMap { $0 } })
        #expect(facets.levels.total == facets.total)
    }

    private mutating func context() async throws {
        guard let one = model.logs.randomElement(using: &random) else { return }
        let id = LogID(timestamp: one.log.timestamp, hub: store.store.hub, group: one.group, sequence: one.sequence)
        let (before, after) = (Int.random(in: 0..<5, using: &random), Int.random(in: 0..<5, using: &random))
        let store = store
        var found: LogContext?
        try await eventually("Redis answers") {
            found = try? await store.store.context(id, before: before, after: after, bound: nil)
            return found.map { !$0.isPartial } ?? false
        }
        let wanted = model.context(one, before: before, after: after)
        #expect(found?.log.text == one.log.message)
        #expect(found?.before.map(\.text) == wanted.before)
        #expect(found?.after.map(\.text) == wanted.after)
    }

    private mutating func export() async throws {
        let question = randomLogs.question(using: &random)
        let export = store.store.export(question.query)
        let wanted = model.matching(question).map(\.log.message)
        // What arrives after its begin, and what is sealed under it, changes nothing.
        if Bool.random(using: &random) { try await appendOne() }
        if Bool.random(using: &random) { await store.store.seal() }
        var found: [String] = []
        do {
            while let part = try await export.next() { found += part.map(\.text) }
        } catch {
            // Redis has just been killed: said so, and not a short list.
            return
        }
        #expect(found == wanted)
    }

    private mutating func purge() async throws {
        // Most leave most of the logs there.
        let pattern = ["a:b:*", "w?", "x:*", "a", "a[1]", "ab", "*"].randomElement(using: &random) ?? "a"
        guard pattern != "*" || Int.random(in: 0..<4, using: &random) == 0 else { return }
        let bound: GroupPattern? = Int.random(in: 0..<6, using: &random) == 0 ? .tree("a") : nil
        let store = store
        var purged: Int?
        try await eventually("the store purges") {
            purged = try? await store.store.purge(GroupPattern(pattern), bound: bound)
            return purged != nil
        }
        #expect(purged == model.purge(GroupPattern(pattern), bound: bound))
    }

    private mutating func lookUp() async throws {
        guard let one = model.logs.randomElement(using: &random) else { return }
        let id = LogID(timestamp: one.log.timestamp, hub: store.store.hub, group: one.group, sequence: one.sequence)
        var found: StoredLog?
        try await eventually("Redis answers") {
            do {
                found = try await store.store.log(id)
                return true
            } catch is StoreError {
                return false
            }
        }
        #expect(found?.text == one.log.message)
        #expect(found?.group == one.log.group)
        #expect(found?.level == one.log.level)
        #expect(found?.timestamp == one.log.timestamp)
        #expect(found?.receivedAt == one.arrival)
        let other = LogID(timestamp: 0, hub: id.hub, group: one.group, sequence: one.sequence)
        #expect(try await store.store.log(other) == nil)
    }

    private func checkCounts() throws {
        let stats = store.store.stats(bound: nil)
        #expect(stats.totalLogs == model.logs.count)
        for level in Level.allCases {
            #expect(stats.levels[Int(level.rawValue)] == model.logs.count { $0.log.level == level })
        }
        let names = Set(model.logs.compactMap(\.log.group))
        #expect(
            store.store.groups(bound: nil).map(\.name) == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        )
        for group in store.store.groups(bound: nil) {
            #expect(group.count == model.logs.count { $0.log.group == group.name })
        }
    }

    /// Every log once, with everything that it was sent with.
    func checkEverything() async throws {
        try checkCounts()
        #expect(Set(model.logs.map(\.sequence)).count == model.logs.count)
        let all = try await wholePage(LogQuery(limit: model.logs.count + 1)).logs
        let wanted = model.matching(LogModel.Question())
        #expect(all.map(\.text) == wanted.map(\.log.message))
        for (found, one) in zip(all, wanted) {
            #expect(found.sequence == one.sequence)
            #expect(String(decoding: found.source, as: UTF8.self) == one.log.source ?? "")
            #expect(found.receivedAt == one.arrival)
        }
    }
}
