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
            for _ in 0..<1_500 { try await run.step() }
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
    struct Expected {
        var log: TestLog
        var sequence: UInt64
        var group: UInt32
        var arrival: Int64
    }

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
    private var expected: [Expected] = []
    private var sent: [Sent] = []
    private let base = StoreConfiguration.systemClock()
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
        store = try await StoreForTests(redis.configuration, folder: folder.path, configuration: configuration)
    }

    mutating func step() async throws {
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<450: try await appendOne()
        case 450..<530: try await repeatOne()
        case 530..<800: try await query()
        case 800..<920: try await lookUp()
        case 920..<945: await store.store.seal()
        case 945..<950: await store.store.merge()
        case 950..<975: try checkCounts()
        case 975..<988: try await killHub()
        case 988..<994: try await killRedis()
        default:
            generation.low += 1
            batchNumber = 0
        }
    }

    // MARK: Writing

    private let groups: [String?] = [nil, "a", "a:b", "a:b:c", "ab", "a[1]", "w?", "x:y"]
    private let tags = ["red", "green", "blue", "q\"uote", "ü"]

    private mutating func randomLogs() -> [TestLog] {
        let count = Int.random(in: 0..<10, using: &random) == 0 ? 30 : Int.random(in: 1...4, using: &random)
        return (0..<count)
            .map { _ in
                counter += 1
                // Few different times, so that there are ties, over several spans.
                let hours = Int64.random(in: 0..<40, using: &random)
                let offset = Int64.random(in: 0..<5, using: &random) * 1_000_000
                return TestLog(
                    message: "log \(counter)",
                    group: groups.randomElement(using: &random) ?? nil,
                    level: Level.allCases.randomElement(using: &random) ?? .info,
                    tags: tags.filter { _ in Int.random(in: 0..<3, using: &random) == 0 },
                    timestamp: base - hours * 3_600_000_000_000 + offset,
                    source: ["h1", "h2", nil].randomElement(using: &random) ?? nil
                )
            }
    }

    private mutating func randomRequest(keyed: Bool) throws -> (IngestRequest, [TestLog]) {
        let logs = randomLogs()
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
        return (try request(lines: lines, arrival: base + Int64(counter), identity: identity), logs)
    }

    private mutating func note(_ request: IngestRequest, _ logs: [TestLog], _ receipt: IngestReceipt) {
        let body = request.decoded
        #expect(receipt.ingested == logs.count)
        #expect(receipt.refusedPositions == body.refusals.map(\.index))
        for (row, log) in logs.enumerated() {
            expected.append(
                Expected(
                    log: log,
                    sequence: receipt.firstSequence + UInt64(body.positions[row]),
                    group: receipt.groupNumbers[Int(body.groups[row])],
                    arrival: receipt.arrival
                )
            )
        }
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
        var query = LogQuery()
        if Bool.random(using: &random) {
            query.groups = [["a", "a:*", "a:b:*", "*", "w?", "a*"].randomElement(using: &random) ?? "*"]
                .map(GroupPattern.init)
        }
        if Int.random(in: 0..<8, using: &random) == 0 { query.bound = .tree("a") }
        if Int.random(in: 0..<3, using: &random) == 0 {
            query.tags = tags.filter { _ in Bool.random(using: &random) }
            query.allTags = Bool.random(using: &random)
        }
        if Bool.random(using: &random) { query.levels = UInt8.random(in: 1..<32, using: &random) }
        if Bool.random(using: &random) {
            query.since = base - Int64.random(in: 0..<42, using: &random) * 3_600_000_000_000
        }
        if Bool.random(using: &random) {
            query.until = base - Int64.random(in: 0..<20, using: &random) * 3_600_000_000_000 + 2_000_000
        }
        if Int.random(in: 0..<4, using: &random) == 0 { query.source = "h1" }
        query.order = Bool.random(using: &random) ? .newestFirst : .oldestFirst
        query.limit = [1, 3, 10, 100].randomElement(using: &random) ?? 10
        var wanted = matching(query)[...]
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

    private func matching(_ query: LogQuery) -> [Expected] {
        let found = expected.filter { one in
            let log = one.log
            return (query.groups.isEmpty || query.groups.contains { $0.matches(log.group) })
                && query.bound?.matches(log.group) ?? true
                && query.levels >> log.level.rawValue & 1 == 1
                && log.timestamp >= query.since ?? .min && log.timestamp <= query.until ?? .max
                && (query.source == nil || query.source == log.source)
                && (query.tags.isEmpty
                    || (query.allTags
                        ? query.tags.allSatisfy(log.tags.contains) : query.tags.contains(where: log.tags.contains)))
        }
        let sorted = found.sorted { ($0.log.timestamp, $0.sequence) < ($1.log.timestamp, $1.sequence) }
        return query.order == .oldestFirst ? sorted : sorted.reversed()
    }

    private mutating func lookUp() async throws {
        guard let one = expected.randomElement(using: &random) else { return }
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
        #expect(stats.totalLogs == expected.count)
        for level in Level.allCases {
            #expect(stats.levels[Int(level.rawValue)] == expected.count { $0.log.level == level })
        }
        let names = Set(expected.compactMap(\.log.group))
        #expect(
            store.store.groups(bound: nil).map(\.name) == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        )
        for group in store.store.groups(bound: nil) {
            #expect(group.count == expected.count { $0.log.group == group.name })
        }
    }

    /// Every log once, with everything that it was sent with.
    func checkEverything() async throws {
        try checkCounts()
        #expect(Set(expected.map(\.sequence)).count == expected.count)
        let all = try await wholePage(LogQuery(limit: expected.count + 1)).logs
        let wanted = matching(LogQuery())
        #expect(all.map(\.text) == wanted.map(\.log.message))
        for (found, one) in zip(all, wanted) {
            #expect(found.sequence == one.sequence)
            #expect(String(decoding: found.source, as: UTF8.self) == one.log.source ?? "")
            #expect(found.receivedAt == one.arrival)
        }
    }
}
