import EventLoop
import FoundationEssentials
import Logging
import Protocol
import Testing

@testable import KomfyrHub

@Suite struct LogStoreTests {
    let now = WallClock.now()

    private func append(_ logs: [TestLog], to store: StoreForTests, _ identity: BatchIdentity? = nil) async throws {
        _ = try await store.append(request(logs, arrival: now, identity: identity))
    }

    private func texts(_ query: LogQuery, in store: StoreForTests) async throws -> [String] {
        try await store.store.page(query).logs.map(\.text)
    }

    @Test func `a stored log is found by query and by id, before and after it is sealed and after a kill`() async throws
    {
        try await withStore { redis, folder, first in
            let log = TestLog(
                message: "disk full",
                group: "dc:rack-1",
                level: .error,
                tags: ["disk", "ops"],
                timestamp: now - 5,
                source: "host-1"
            )
            let receipt = try await first.store.append(request([log], arrival: now))
            #expect(receipt.ingested == 1)
            #expect(!receipt.isDuplicate)
            func check(_ store: StoreForTests) async throws {
                let page = try await store.store.page(LogQuery())
                let found = try #require(page.logs.first)
                #expect(page.logs.count == 1)
                #expect(!page.isPartial)
                #expect(found.text == "disk full")
                #expect(found.group == "dc:rack-1")
                #expect(found.level == .error)
                #expect(found.tags == Array("[\"disk\",\"ops\"]".utf8))
                #expect(found.source == Array("host-1".utf8))
                #expect(found.timestamp == now - 5)
                #expect(found.receivedAt == now)
                #expect(found.sequence == receipt.firstSequence)
                let expected = LogID(
                    timestamp: now - 5,
                    hub: store.store.hub,
                    group: receipt.groupNumbers[0],
                    sequence: receipt.firstSequence
                )
                #expect(found.id == expected)
                #expect(try await store.store.log(expected)?.text == "disk full")
                #expect(store.store.groups(bound: nil).map(\.name) == ["dc:rack-1"])
                #expect(store.store.stats(bound: nil).totalLogs == 1)
            }
            try await check(first)
            await first.store.seal()
            try await check(first)
            await first.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            try await check(second)
            await second.kill()
        }
    }

    @Test func `group a is not a:b, and stars and brackets in a group are no patterns`() async throws {
        try await withStore { _, _, store in
            for group in ["a", "a:b", "ab", "a[1]", "a?", "a1"] {
                try await append([TestLog(message: group, group: group, timestamp: now)], to: store)
            }
            func found(_ pattern: String) async throws -> Set<String> {
                Set(try await texts(LogQuery(groups: [GroupPattern(pattern)]), in: store))
            }
            for _ in 0..<2 {
                #expect(try await found("a") == ["a"])
                #expect(try await found("a:*") == ["a", "a:b"])
                #expect(try await found("a[1]") == ["a[1]"])
                #expect(try await found("a?") == ["a?"])
                #expect(try await found("a*") == [])
                #expect(try await found("*") == ["a", "a:b", "ab", "a[1]", "a?", "a1"])
                #expect(
                    try await Set(texts(LogQuery(groups: [.all], bound: .tree("a")), in: store)) == ["a", "a:b"]
                )
                await store.store.seal()
            }
        }
    }

    @Test func `levels are compared by severity, and the limit takes the newest`() async throws {
        try await withStore { _, _, store in
            var logs: [TestLog] = []
            for (index, level) in [Level.critical, .debug, .error, .info, .warning].enumerated() {
                logs.append(
                    TestLog(message: level.name.description, group: "g", level: level, timestamp: now - Int64(index))
                )
            }
            try await append(logs.reversed(), to: store)
            for _ in 0..<2 {
                let severe = LogQuery(levels: 0b11100)
                #expect(try await texts(severe, in: store) == ["critical", "error", "warning"])
                #expect(try await texts(LogQuery(limit: 1), in: store) == ["critical"])
                #expect(try await texts(LogQuery(limit: 2, order: .oldestFirst), in: store) == ["warning", "info"])
                await store.store.seal()
            }
        }
    }

    @Test func `a log without a group, and one with data alone, are stored`() async throws {
        try await withStore { _, _, store in
            let lines = Array("{\"message\":\"none\"}\n{\"group\":\"w:f\",\"data\":{\"t\":-18.50}}\n".utf8)
            let receipt = try await store.store.append(request(lines: lines, arrival: now))
            #expect(receipt.ingested == 2)
            await store.store.seal()
            let logs = try await store.store.page(LogQuery()).logs
            #expect(logs.map(\.group) == ["w:f", nil])
            #expect(logs.first?.data == Array("{\"t\":-18.50}".utf8))
            #expect(try await store.store.log(#require(logs.last).id)?.text == "none")
            #expect(store.store.groups(bound: nil).count == 1)
            #expect(store.store.stats(bound: nil).totalLogs == 2)
        }
    }

    @Test func `a repeated batch is answered as the first time, errors included, and stored once`() async throws {
        try await withStore { redis, folder, first in
            let lines = Array(
                "{\"message\":\"a\",\"group\":\"g\"}\nnonsense\n{\"message\":\"b\",\"group\":\"h\"}\n".utf8
            )
            func batch(_ sequence: UInt64, at arrival: Int64) throws -> IngestRequest {
                try request(
                    lines: lines,
                    arrival: arrival,
                    identity: BatchIdentity(
                        agent: "gw",
                        generation: BatchIdentity.Generation(high: 1, low: 2),
                        sequence: sequence
                    )
                )
            }
            let stored = try await first.store.append(batch(5, at: now))
            #expect(stored.refusedPositions == [1])
            for _ in 0..<3 { _ = try await first.store.append(batch(6, at: now)) }
            func check(_ store: StoreForTests) async throws {
                let again = try await store.store.append(batch(5, at: now + 1_000))
                #expect(again.isDuplicate)
                #expect(again.firstSequence == stored.firstSequence)
                #expect(again.groupNumbers == stored.groupNumbers)
                #expect(again.arrival == now)
                #expect(again.refusedPositions == [1])
                #expect(again.ingested == 2)
                #expect(try await store.store.page(LogQuery()).logs.count == 4)
            }
            try await check(first)
            await first.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            try await check(second)
            // The window is 64: what lies below counts as seen.
            _ = try await second.store.append(batch(200, at: now))
            #expect(try await second.store.append(batch(100, at: now)).isDuplicate)
            #expect(try await !second.store.append(batch(150, at: now)).isDuplicate)
            await second.kill()
        }
    }

    @Test func `two of the same batch in one commit are one`() async throws {
        try await withStore { _, _, store in
            let identity = BatchIdentity(agent: "gw", generation: .random(), sequence: 1)
            let batch = try request(
                [TestLog(message: "m", group: "g", timestamp: now)],
                arrival: now,
                identity: identity
            )
            let duplicates = try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for _ in 0..<20 { tasks.addTask { try await store.store.append(batch).isDuplicate } }
                return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(duplicates == 19)
            #expect(try await store.store.page(LogQuery()).logs.count == 1)
        }
    }

    @Test(arguments: [CuttingProxy.Cut.afterCommand, .beforeCommand])
    func `a commit whose answer was lost is answered truthfully and stored once`(cut: CuttingProxy.Cut) async throws {
        let redis = try PrivateRedisForTests(isDurable: true)
        let folder = try TemporaryFolder()
        let proxy = try CuttingProxy(to: redis.socket, at: folder.path + "/proxy.sock")
        let store = try await StoreForTests(RedisConfiguration(address: .unix(proxy.path)), folder: folder.path)
        // The script is known by its digest from the second commit on.
        try await append([TestLog(message: "first", group: "g", timestamp: now - 9)], to: store)
        for round in 0..<5 {
            proxy.cut(cut, at: StoreScripts.commit.digest)
            let log = TestLog(message: "round \(round)", group: "g", timestamp: now + Int64(round))
            let receipt = try await store.store.append(request([log], arrival: now))
            #expect(!receipt.isDuplicate)
            #expect(proxy.count == round + 1)
            let page = try await store.store.page(LogQuery())
            #expect(page.logs.count == round + 2)
            #expect(page.logs.first?.sequence == receipt.firstSequence)
        }
        await store.kill()
        proxy.stop()
    }

    @Test func `a seal whose answer was lost is not done twice`() async throws {
        let redis = try PrivateRedisForTests(isDurable: true)
        let folder = try TemporaryFolder()
        let proxy = try CuttingProxy(to: redis.socket, at: folder.path + "/proxy.sock")
        let store = try await StoreForTests(RedisConfiguration(address: .unix(proxy.path)), folder: folder.path)
        var expected: [String] = []
        for (round, cut) in [nil, CuttingProxy.Cut.afterCommand, .beforeCommand, .afterCommand].enumerated() {
            try await eventually("the store takes logs") { store.store.health.canStore }
            try await append([TestLog(message: "\(round)", group: "g", timestamp: now + Int64(round))], to: store)
            expected.insert("\(round)", at: 0)
            if let cut { proxy.cut(cut, at: StoreScripts.seal.digest) }
            await store.store.seal()
            // The connection that was cut may be made anew only now, and until then chunks cannot be read.
            var page = try await store.store.page(LogQuery())
            try await eventually("Redis answers") {
                if page.isPartial { page = try await store.store.page(LogQuery()) }
                return !page.isPartial
            }
            #expect(page.logs.map(\.text) == expected)
            try await eventually("the store takes logs") { store.store.health.canStore }
            await store.store.seal()
            #expect(try await texts(LogQuery(), in: store) == expected)
            #expect(store.store.stats(bound: nil).totalLogs == expected.count)
        }
        #expect(proxy.count == 3)
        await store.kill()
        proxy.stop()
    }

    @Test func `a stopped hub's late commit writes nothing`() async throws {
        try await withStore { redis, folder, first in
            try await append([TestLog(message: "a", group: "g", timestamp: now)], to: first)
            let old = try #require(first.lease.fence)
            await first.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            let keys = StoreKeys(hub: second.store.hub)
            let late = [
                Array(text: "2"), Array(text: "3"), Array(text: "2-0"), Array(text: "x"), Array(text: "0"),
                Array(text: "0"),
            ]
            await #expect(throws: RedisError.self) {
                _ = try await second.client.evaluate(
                    StoreScripts.commit,
                    keys: Fence.keys + [keys.sequence, keys.wal, keys.seen, StoreKeys.groups, StoreKeys.groupIDs],
                    arguments: old.arguments + late
                )
            }
            #expect(try await second.client.send(RedisCommand("XLEN", keys.wal)) == .integer(1))
            #expect(try await second.client.send(RedisCommand("GET", keys.sequence)) == .text("2"))
            await second.kill()
        }
    }

    @Test func `a Redis that came back empty gets again what memory holds`() async throws {
        try await withStore { redis, folder, store in
            let identity = BatchIdentity(agent: "gw", generation: .random(), sequence: 1)
            try await append([TestLog(message: "sealed", group: "g", timestamp: now - 9)], to: store)
            await store.store.seal()
            try await append([TestLog(message: "a", group: "g", timestamp: now)], to: store, identity)
            try await append([TestLog(message: "b", group: "h", timestamp: now + 1)], to: store)
            _ = try await store.client.send(RedisCommand("FLUSHALL"))
            try redis.restart()
            try await eventually("the store takes logs") { store.store.health.canStore }
            try await append([TestLog(message: "a", group: "g", timestamp: now)], to: store, identity)
            try await append([TestLog(message: "c", group: "h", timestamp: now + 2)], to: store)
            #expect(try await texts(LogQuery(), in: store) == ["c", "b", "a"])
            await store.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(try await texts(LogQuery(), in: second) == ["c", "b", "a"])
            try await append([TestLog(message: "a", group: "g", timestamp: now)], to: second, identity)
            #expect(try await texts(LogQuery(), in: second) == ["c", "b", "a"])
            await second.kill()
        }
    }

    @Test func `a Redis that came back older than it had answered gets again what memory holds`() async throws {
        try await withStore { redis, folder, store in
            let identity = BatchIdentity(agent: "gw", generation: .random(), sequence: 1)
            try await append([TestLog(message: "a", group: "g", timestamp: now)], to: store)
            let files = FileManager.default
            let (live, copy) = (redis.folder + "/appendonlydir", folder.path + "/older")
            try files.copyItem(atPath: live, toPath: copy)
            try await append([TestLog(message: "b", group: "g", timestamp: now + 1)], to: store)
            try await append([TestLog(message: "c", group: "new", timestamp: now + 2)], to: store, identity)
            let before = try await store.store.page(LogQuery()).logs.map(\.id)
            redis.kill()
            try files.removeItem(atPath: live)
            try files.copyItem(atPath: copy, toPath: live)
            try redis.start()
            try await append([TestLog(message: "c", group: "new", timestamp: now + 2)], to: store, identity)
            #expect(try await store.store.page(LogQuery()).logs.map(\.id) == before)
            try await append([TestLog(message: "d", group: "g", timestamp: now + 3)], to: store)
            await store.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(try await texts(LogQuery(), in: second) == ["d", "c", "b", "a"])
            #expect(try await second.store.page(LogQuery()).logs.dropFirst().map(\.id) == before)
            await second.store.seal()
            #expect(try await texts(LogQuery(), in: second) == ["d", "c", "b", "a"])
            await second.kill()
        }
    }

    @Test func `marks that another has changed are read anew, and what is purged stays away`() async throws {
        try await withStore { _, _, store in
            let first = try await store.append(
                request([TestLog(message: "a", group: "g", timestamp: now)], arrival: now)
            )
            try await append([TestLog(message: "b", group: "g", timestamp: now + 1)], to: store)
            _ = try await store.client.send(
                RedisCommand("HSET", "kmf:{1}:marks", "purged:1", String(first.firstSequence))
            )
            await store.store.seal()
            try await eventually("the purged log is gone") {
                try await store.store.page(LogQuery()).logs.map(\.text) == ["b"]
            }
            try await append([TestLog(message: "c", group: "g", timestamp: now + 2)], to: store)
            await store.store.seal()
            #expect(try await texts(LogQuery(), in: store) == ["c", "b"])
        }
    }

    @Test func `beyond what may wait for Redis requests are refused, not queued`() async throws {
        let queue = OpenCommit(arrived: Signal())
        queue.open()
        var large = try request([TestLog(message: "m", group: "g", timestamp: now)], arrival: now)
        large.body = [UInt8](repeating: 0, count: HubLimits.openCommitBytes * 2 / 3)
        let first = Task { [large] in await queue.append(large) }
        var taken: [OpenCommit.Waiting] = []
        try await eventually("the first waits") {
            taken = queue.take()
            return !taken.isEmpty
        }
        guard case .failure(.busy) = await queue.append(large) else {
            Issue.record("it was let in")
            return
        }
        queue.answer(taken, [.failure(.stopping)])
        _ = await first.value
        let second = Task { [large] in await queue.append(large) }
        try await eventually("there is room again") {
            taken = queue.take()
            return !taken.isEmpty
        }
        queue.answer(taken, [.failure(.stopping)])
        _ = await second.value
    }

    @Test(arguments: [LogQuery.Order.newestFirst, .oldestFirst])
    func `a page of large logs ends early, and its cursor goes on until all came once`(
        _ order: LogQuery.Order
    ) async throws {
        var logs: [TestLog] = []
        for index in 0..<50 {
            let text = "\(index)-" + String(repeating: "x", count: index % 7 * 300)
            logs.append(
                TestLog(message: text, group: index % 3 == 0 ? "g" : "h", timestamp: now + Int64(index * 37 % 50))
            )
        }
        try await withStore { _, _, store in
            for (index, part) in [logs[..<20], logs[20..<40], logs[40...]].enumerated() {
                try await append(Array(part), to: store)
                if index < 2 { await store.store.seal() }
            }
            var request = PageRequest(query: LogQuery(limit: 20, order: order), limit: 20, bytes: 2_000)
            var found: [String] = []
            var pages = 0
            repeat {
                let page = await store.store.query.read(request)
                let texts = page.logs(0..<page.order.count, hub: 1).map(\.text)
                #expect(texts.count == 1 || texts.reduce(0) { $0 + $1.utf8.count } <= 2_000)
                found += texts
                request.query.cursor = page.next
                pages += 1
            } while request.query.cursor != nil && pages < 100
            let sorted = logs.sorted { $0.timestamp < $1.timestamp }.map(\.message)
            #expect(found == (order == .oldestFirst ? sorted : sorted.reversed()))
            #expect(pages > 10)
        }
    }

    @Test func `what arrived after a log is found whatever its own time, from tails and from chunks`() async throws {
        try await withStore { _, _, store in
            let hour: Int64 = 3_600_000_000_000
            try await append([TestLog(message: "first", group: "g", timestamp: now)], to: store)
            let first = try #require(try await store.store.page(LogQuery()).logs.first)
            try await append([TestLog(message: "late", group: "g", timestamp: now - 20 * hour)], to: store)
            try await append([TestLog(message: "second", group: "g", timestamp: now - 1)], to: store)
            for _ in 0..<2 {
                #expect(try await texts(LogQuery(arrivedAfter: first.sequence), in: store) == ["second", "late"])
                let newest = LogQuery(arrivedAfter: first.sequence, limit: 1)
                let page = try await store.store.page(newest)
                #expect(page.logs.map(\.text) == ["second"])
                #expect(page.next != nil)
                await store.store.seal()
            }
        }
    }

    @Test func `a group beyond the limit is refused by name, the other logs of the batch are taken`() throws {
        var directory = GroupDirectory()
        for number in 1...UInt32(HubLimits.groups) { directory.insert(StoreGroup(number: number, name: "g\(number)")) }
        let logs = ["g1", "new", "g2"].map { TestLog(message: $0, group: $0, timestamp: now) }
        let waiting = OpenCommit.Waiting(try request(logs, arrival: now), nil)
        let plan = CommitPlan([waiting], nextSequence: 9, cache: SeenCache(), directory: directory)
        let receipt = plan.receipt(0)
        #expect(receipt.ingested == 2)
        #expect(receipt.refusedPositions == [1])
        #expect(receipt.storeRefusals.map(\.type) == ["too_many_groups"])
        #expect(receipt.groupNumbers == [1, .max, 2])
        #expect(plan.nextSequence == 12)
        #expect(plan.groups.isEmpty)
    }

    @Test func `while Redis is gone nothing is taken and reads say that they are partial`() async throws {
        try await withStore { redis, _, store in
            try await append([TestLog(message: "sealed", group: "g", timestamp: now - 9)], to: store)
            await store.store.seal()
            try await append([TestLog(message: "tail", group: "g", timestamp: now)], to: store)
            redis.kill()
            try await eventually("the store says so") { !store.store.health.canStore }
            #expect(!store.store.health.isRedisUp)
            let late = try request([TestLog(message: "x", group: "g", timestamp: now)], arrival: now)
            await #expect(throws: StoreError.self) { try await store.store.append(late) }
            let page = try await store.store.page(LogQuery())
            #expect(page.isPartial)
            #expect(page.logs.map(\.text) == ["tail"])
            try redis.start()
            try await eventually("the store takes logs") { store.store.health.canStore }
            try await append([TestLog(message: "after", group: "g", timestamp: now + 1)], to: store)
            let whole = try await store.store.page(LogQuery())
            #expect(!whole.isPartial)
            #expect(whole.logs.map(\.text) == ["after", "tail", "sealed"])
        }
    }

    @Test func `damaged WAL entries and chunks are set aside, and the rest is found`() async throws {
        try await withStore { redis, folder, first in
            try await append([TestLog(message: "chunk", group: "g", timestamp: now - 9)], to: first)
            await first.store.seal()
            try await append([TestLog(message: "lost", group: "h", timestamp: now)], to: first)
            try await append([TestLog(message: "kept", group: "h", timestamp: now + 1)], to: first)
            await first.kill()
            try await withClient(redis.configuration) { client in
                // The entry is written again with other bytes: ids only rise, so all are.
                guard case .array(let entries) = try await client.send(RedisCommand("XRANGE", "kmf:wal:1", "-", "+"))
                else {
                    return
                }
                _ = try await client.send(RedisCommand("DEL", "kmf:wal:1"))
                for (index, entry) in entries.enumerated() {
                    guard case .array(let parts) = entry, case .string(let id) = parts[0],
                        case .array(let fields) = parts[1],
                        case .string(var value) = fields[1]
                    else { return }
                    if index == 0 { value[12] ^= 0xFF }
                    _ = try await client.send(
                        RedisCommand([Array(text: "XADD"), Array(text: "kmf:wal:1"), id, Array(text: "c"), value])
                    )
                }
                guard case .array(let keys) = try await client.send(RedisCommand("KEYS", "kmf:*:chunk:*")),
                    case .string(let key)? = keys.first
                else { return }
                _ = try await client.send(
                    RedisCommand([Array(text: "HSET"), key, Array(text: "m"), Array(text: "junk")])
                )
            }
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            let page = try await second.store.page(LogQuery())
            #expect(page.logs.map(\.text) == ["kept"])
            #expect(page.isPartial)
            #expect(try await second.client.send(RedisCommand("HLEN", "kmf:damaged:1")) == .integer(1))
            try await append([TestLog(message: "new", group: "h", timestamp: now + 2)], to: second)
            #expect(try await texts(LogQuery(), in: second) == ["new", "kept"])
            await second.kill()
        }
    }

    @Test func `the end of the retention hides logs, and sweeping removes what held them`() async throws {
        let clock = TestClock()
        var configuration = StoreConfiguration()
        configuration.retention = 80_000_000_000
        configuration.clock = { clock.now }
        try await withStore(configuration) { redis, folder, store in
            try await append([TestLog(message: "old", group: "g", timestamp: now - 60_000_000_000)], to: store)
            try await append([TestLog(message: "new", group: "h", timestamp: now)], to: store)
            await store.store.seal()
            #expect(try await texts(LogQuery(), in: store) == ["new", "old"])
            clock.advance(30_000_000_000)
            #expect(try await texts(LogQuery(), in: store) == ["new"])
            #expect(store.store.groups(bound: nil).map(\.name) == ["h"])
            // Nothing pins the WAL, so the sealer trims it, and the group can go.
            try await eventually("the group is gone") {
                await store.store.sweep()
                return try await store.client.send(RedisCommand("HEXISTS", "kmf:groups", "g")) == .integer(0)
            }
            #expect(try await store.client.send(RedisCommand("HEXISTS", "kmf:groups", "h")) == .integer(1))
            #expect(try await texts(LogQuery(), in: store) == ["new"])
        }
    }

    @Test func `a tail is sealed at its age and lies in one chunk for each span, and the WAL is trimmed`() async throws
    {
        let clock = TestClock()
        var configuration = StoreConfiguration()
        configuration.clock = { clock.now }
        configuration.seal.tickMs = 10
        try await withStore(configuration) { _, _, store in
            let hour: Int64 = 3_600_000_000_000
            let logs = [0, 1, 7, 13].map { TestLog(message: "\($0)", group: "g", timestamp: now - $0 * hour) }
            try await append(logs, to: store)
            #expect(try await store.client.send(RedisCommand("XLEN", "kmf:wal:1")) == .integer(1))
            clock.advance(301_000_000_000)
            try await eventually("the WAL is trimmed") {
                try await store.client.send(RedisCommand("XLEN", "kmf:wal:1")) == .integer(0)
            }
            guard case .integer(let chunks) = try await store.client.send(RedisCommand("ZCARD", "kmf:{1}:chunks"))
            else {
                Issue.record("no index")
                return
            }
            #expect((3...4).contains(chunks))
            #expect(try await texts(LogQuery(), in: store) == ["0", "1", "7", "13"])
        }
    }

    @Test func `what follows the store sees each stored request once, in order`() async throws {
        try await withStore { _, _, store in
            let seen = Seen()
            store.store.follow { _, receipt in seen.add(receipt.firstSequence) }
            let identity = BatchIdentity(agent: "gw", generation: .random(), sequence: 1)
            for _ in 0..<2 {
                try await append([TestLog(message: "m", group: "g", timestamp: now)], to: store, identity)
            }
            for _ in 0..<5 { try await append([TestLog(message: "m", group: "g", timestamp: now)], to: store) }
            #expect(seen.values == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test func `a drained store takes nothing more and has answered everything`() async throws {
        try await withStore { _, _, store in
            let batch = try request([TestLog(message: "m", group: "g", timestamp: now)], arrival: now)
            let answers = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<50 { tasks.addTask { (try? await store.store.append(batch).ingested) ?? 0 } }
                await store.store.drain()
                await #expect(throws: StoreError.self) { try await store.store.append(batch) }
                return try await tasks.reduce(0, +)
            }
            #expect(try await store.store.page(LogQuery()).logs.count == answers)
        }
    }
}
