import EventLoop
import Foundation
import Glibc
import HTTPTypes
import Logging
import Protocol
import Synchronization
import Testing

@testable import KomfyrHub

/// Full, slow, gone: what the store does at the memory limit, on a full disk, and with a Redis that does not answer or
/// does not write; and that it recovers by itself.
@Suite struct StoreRoomTests {
    private let now = WallClock.now()

    /// A body of logs that do not compress away, all of one time.
    private func noise(_ count: Int, _ bytes: Int, at time: Int64, number: Int, group: String = "g") throws
        -> IngestRequest
    {
        // At once: a random number for each letter took seconds.
        let source = try #require(FileHandle(forReadingAtPath: "/dev/urandom"))
        let random = try source.read(upToCount: count * bytes * 3 / 4) ?? Data()
        let text = random.base64EncodedString()
        var rest = text.utf8[...]
        var lines: [UInt8] = []
        for index in 0..<count {
            let start = "{\"message\":\"\(number).\(index) "
            let end = "\",\"group\":\"\(group)\",\"timestamp\":\"\(Timestamp.text(time + Int64(index)))\"}\n"
            lines += Array(start.utf8) + Array(rest.prefix(bytes)) + Array(end.utf8)
            rest = rest.dropFirst(bytes)
        }
        return try request(lines: lines, arrival: now)
    }

    private func small(_ message: String, _ time: Int64? = nil) throws -> IngestRequest {
        try request([TestLog(message: message, group: "small", timestamp: time ?? now)], arrival: now)
    }

    private func used(_ client: RedisClient) async throws -> Int {
        guard case .string(let text) = try await client.send(RedisCommand("INFO", "memory")) else { return 0 }
        return RedisInfo(text)["used_memory"].flatMap(Int.init) ?? 0
    }

    /// Limits with their lines, in MiB.
    @Test(arguments: [(128, 96), (256, 192), (512, 448), (1_000, 900), (10_000, 9_000)])
    func `the line lies a tenth below the limit, 64 MiB at least, a quarter at most`(limit: Int, line: Int) {
        #expect(StoreRoom.line(limit << 20) == line << 20)
    }

    @Test func `room is what was measured and written since, and comes back with a margin`() {
        let room = StoreRoom(limit: 1_000 << 20)
        room.wrote(2_000 << 20)
        #expect(!room.isFull, "nothing is full before it was measured")
        room.begin()
        room.measured(used: 899 << 20, maxMemory: nil)
        #expect(!room.isFull)
        room.wrote(2 << 20)
        #expect(room.isFull)
        #expect(room.excess == 21 << 20)
        room.wrote(-(10 << 20))
        #expect(room.isFull, "below the line, but not by the margin")
        room.wrote(-(12 << 20))
        #expect(!room.isFull)
        room.begin()
        room.measured(used: 1, maxMemory: 100 << 20)
        #expect(room.limit == 100 << 20, "a maxmemory that was lowered counts")
        room.begin()
        room.measured(used: 1, maxMemory: nil)
        #expect(room.limit == 1_000 << 20)
    }

    /// A store whose Redis has room for some megabytes only.
    private func smallStore(
        _ whenFull: WhenFull,
        megabytes: Int = 32,
        _ change: (inout StoreConfiguration) -> Void = { _ in },
        logger: Logger = .silent,
        _ body: (PrivateRedisForTests, StoreForTests) async throws -> Void
    ) async throws {
        let redis = try PrivateRedisForTests(["--maxmemory", "\(megabytes)mb"], isDurable: true)
        let folder = try TemporaryFolder()
        var configuration = StoreConfiguration()
        configuration.whenFull = whenFull
        configuration.limitMemory(to: megabytes << 20)
        change(&configuration)
        let store = try await StoreForTests(
            redis.configuration,
            folder: folder.path,
            configuration: configuration,
            logger: logger
        )
        do {
            try await body(redis, store)
            await store.kill()
        } catch {
            await store.kill()
            throw error
        }
    }

    @Test func `at the limit the oldest logs go, are counted and said, and the newest stay`() async throws {
        let log = RecordingLog()
        let begin = ContinuousClock.now
        try await smallStore(.dropOldest, logger: log.logger) { redis, store in
            var last = 0
            for number in 0..<60 {
                // A megabyte each, three quarters of it in Redis: nearly twice what there is room for.
                _ = try await store.append(
                    try noise(1_000, 1_000, at: now - 3_600_000_000_000 + Int64(number) * 1_000_000, number: number)
                )
                last = number
            }
            #expect(store.store.health.canStore)
            try await eventually("there is room") { !store.store.stats(bound: nil).isFull }
            let stats = store.store.stats(bound: nil)
            #expect(stats.dropped > 0)
            #expect(stats.dropped + stats.totalLogs == 60_000, "each is there or was counted as dropped")
            #expect(stats.memoryLimit == 32 << 20)
            #expect(try await used(store.client) < 32 << 20)
            // What is left is the newest, without a gap.
            var query = LogQuery()
            query.limit = 1_000
            let newest = try await store.store.page(query)
            #expect(!newest.isPartial)
            #expect(newest.logs.count == 1_000)
            #expect(newest.logs.allSatisfy { $0.text.hasPrefix("\(last).") })
            query.order = .oldestFirst
            let oldest = try await store.store.page(query)
            let first = try #require(oldest.logs.first.flatMap { Int($0.text.prefix { $0 != "." }) })
            #expect(first > 10)
            #expect(!oldest.isPartial)
            let said = log.count {
                $0.contains("oldest logs were dropped") && $0.contains("KOMFYRVAKT_MEMORY_LIMIT")
            }
            // At once, and then as often as it may be said again.
            let more = Int((ContinuousClock.now - begin) / .milliseconds(HubLimits.evictionReportMs))
            #expect((1...1 + more).contains(said))
            #expect(log.count { $0.contains("before its time") } == 0, "dropping is not taken for damage")
            // And nothing of it comes back.
            try redis.restart()
            try await eventually("the store takes logs") { store.store.health.canStore }
            // A Redis that has just read its file may take more memory, so that more of the oldest had to go.
            let after = store.store.stats(bound: nil)
            #expect(after.totalLogs <= stats.totalLogs)
            #expect(after.dropped + after.totalLogs == 60_000)
        }
    }

    @Test func `at the limit with refuse nothing is lost, and room opens the door by itself`() async throws {
        try await smallStore(.refuse) { redis, store in
            var stored = 0
            var refused: StoreError?
            for number in 0..<100 where refused == nil {
                let request = try noise(1_000, 1_000, at: now, number: number)
                do throws(StoreError) {
                    _ = try await store.store.append(request)
                    stored += 1_000
                } catch {
                    refused = error
                }
            }
            guard case .full = refused else {
                Issue.record("\(String(describing: refused)) instead of full")
                return
            }
            var stats = store.store.stats(bound: nil)
            try await eventually("health says so") {
                let health = store.store.health
                stats = store.store.stats(bound: nil)
                return !health.canStore && health.isRedisUp && stats.isFull
                    && health.publicReason?.contains("KOMFYRVAKT_MEMORY_LIMIT") == true && health.since != nil
            }
            #expect(APIError(.full).headers[.retryAfter] != nil)
            #expect(stats.totalLogs == stored)
            #expect(stats.dropped == 0)
            #expect(try await used(store.client) < 32 << 20)
            let page = try await store.store.page(LogQuery())
            #expect(!page.isPartial && page.logs.count == 100)
            // More room, as an operator makes it; before that a lower limit of Redis's own, since what was sealed
            // meanwhile may have made some already.
            let lower = try await used(store.client)
            _ = try await store.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "\(lower)"))
            try await eventually("the lower one counts") {
                store.store.stats(bound: nil).memoryLimit == lower && !store.store.health.canStore
            }
            for group in store.store.groups(bound: nil) {
                let keys = try await store.client.send(RedisCommand("KEYS", "kmf:{\(group.number)}:chunk:*"))
                guard case .array(let names) = keys else { continue }
                for case .string(let name) in names.dropLast() {
                    _ = try await store.client.send(RedisCommand([Array("DEL".utf8), name]))
                }
            }
            try await eventually("there is room again") { store.store.health.canStore }
            #expect(store.store.health.since == nil)
            _ = try await store.append(try small("again"))
        }
    }

    @Test func `what cannot be dropped fills it: nothing is taken until there is room`() async throws {
        try await smallStore(.dropOldest) { _, store in
            let other = [UInt8](repeating: 1, count: (1 << 20) - 4_096)
            for _ in 0..<25 {
                _ = try await store.client.send(RedisCommand([Array("RPUSH".utf8), Array("other".utf8), other]))
            }
            _ = try? await store.store.append(try small("perhaps"))
            try await eventually("it is refused") {
                _ = try? await store.store.append(try small("perhaps"))
                return !store.store.health.canStore
            }
            #expect(store.store.health.publicReason?.contains("memory limit") == true)
            _ = try await store.client.send(RedisCommand("DEL", "other"))
            try await eventually("there is room again") { store.store.health.canStore }
            _ = try await store.append(try small("again"))
        }
    }

    @Test func `a tail is sealed and the WAL trimmed although Redis is full`() async throws {
        try await smallStore(.refuse) { _, store in
            _ = try await store.append(try noise(2_000, 1_000, at: now, number: 0))
            let before = try await used(store.client)
            _ = try await store.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "\(before - 1_000)"))
            await store.store.seal()
            let wal = try await store.client.send(RedisCommand("XLEN", "kmf:wal:1"))
            #expect(wal == .integer(0))
            let page = try await store.store.page(LogQuery())
            #expect(page.logs.count == 100 && !page.isPartial)
        }
    }

    @Test func `a disk that runs full stops ingest before Redis does, and room opens the door`() async throws {
        let free = Atomic64(1 << 40)
        let watchesDisk: (inout StoreConfiguration) -> Void = { $0.freeDiskBytes = { free.value } }
        try await smallStore(.dropOldest, watchesDisk) { _, store in
            _ = try await store.append(try small("before"))
            free.value = 100 << 20
            try await eventually("it is noticed") { !store.store.health.canStore }
            await #expect(throws: StoreError.self) { try await store.store.append(try small("not now")) }
            let health = store.store.health
            #expect(health.isRedisUp)
            #expect(health.publicReason?.contains("100 MiB free") == true, "\(health)")
            let page = try await store.store.page(LogQuery())
            #expect(page.logs.map(\.text) == ["before"] && !page.isPartial)
            free.value = 1 << 40
            try await eventually("there is room again") { store.store.health.canStore }
            _ = try await store.append(try small("after"))
        }
        let freeNow = try #require(DiskSpace.free(at: "/tmp"))
        #expect(freeNow > 0)
        #expect(DiskSpace.free(at: "/nowhere") == nil)
    }

    /// How a Redis comes to refuse writes, and how it is mended.
    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var begin: [[String]]
        var end: [[String]]
        var words: String

        static let all: [Refusal] = [
            Refusal(
                testDescription: "a replica",
                begin: [["REPLICAOF", "127.0.0.1", "1"]],
                end: [["REPLICAOF", "NO", "ONE"]],
                words: "replica"
            ),
            Refusal(
                testDescription: "too few replicas",
                begin: [["CONFIG", "SET", "min-replicas-to-write", "1"]],
                end: [["CONFIG", "SET", "min-replicas-to-write", "0"]],
                words: "more replicas"
            ),
            Refusal(
                testDescription: "a user without the right to write",
                begin: [["ACL", "SETUSER", "default", "-@write"]],
                end: [["ACL", "SETUSER", "default", "+@all"]],
                words: "REDIS_USERNAME"
            ),
        ]
    }

    @Test(arguments: Refusal.all)
    func `a Redis that refuses writes is said, and opens the door when it takes them again, as`(_ refusal: Refusal)
        async throws
    {
        try await withStore { _, _, store in
            _ = try await store.append(try small("before"))
            for command in refusal.begin {
                _ = try await store.client.send(RedisCommand(command.map { Array($0.utf8) }))
            }
            let error = await #expect(throws: StoreError.self) { try await store.store.append(try small("not now")) }
            if case .refused(let words)? = error {
                #expect(words.contains(refusal.words), "\(words)")
            } else {
                Issue.record("\(String(describing: error))")
            }
            try await eventually("health says so") {
                store.store.health.publicReason?.contains(refusal.words) == true && store.store.health.isRedisUp
            }
            #expect(try await store.store.page(LogQuery()).logs.map(\.text) == ["before"])
            for command in refusal.end {
                _ = try await store.client.send(RedisCommand(command.map { Array($0.utf8) }))
            }
            try await eventually("it takes logs again") { store.store.health.canStore }
            _ = try await store.append(try small("after", now + 1))
            #expect(try await store.store.page(LogQuery()).logs.map(\.text) == ["after", "before"])
        }
    }

    @Test func `a disk on which Redis cannot write its snapshot is said, and mended`() async throws {
        let redis = try PrivateRedisForTests(["--save", "100000 1", "--enable-protected-configs", "local"])
        let folder = try TemporaryFolder()
        let store = try await StoreForTests(redis.configuration, folder: folder.path)
        _ = try await store.append(try small("before"))
        // Where the snapshot is to go there is a folder, as unwritable as a full disk.
        _ = try await store.client.send(RedisCommand("CONFIG", "SET", "dbfilename", "there"))
        #expect(mkdir(redis.folder + "/there", 0o700) == 0)
        _ = try await store.client.send(RedisCommand("BGSAVE"))
        try await eventually("Redis refuses") {
            _ = try? await store.store.append(try small("perhaps"))
            return store.store.health.publicReason?.contains("disk") == true
        }
        rmdir(redis.folder + "/there")
        _ = try await store.client.send(RedisCommand("BGSAVE"))
        try await eventually("it takes logs again") { store.store.health.canStore }
        _ = try await store.append(try small("after"))
        await store.kill()
    }

    @Test func `a Redis that does not answer is said soon, requests are refused, and what was under way is there once`()
        async throws
    {
        try await withStore { redis, _, store in
            _ = try await store.append(try small("before", now - 2))
            await store.store.seal()
            _ = try await store.append(try small("tail", now - 1))
            redis.freeze()
            let underWay = Task { [request = try small("under way", now)] in try await store.append(request) }
            try await eventually("health says so") { !store.store.health.canStore && !store.store.health.isRedisUp }
            #expect(store.store.health.publicReason?.contains("does not answer") == true)
            // Refused at once instead of waiting with the others.
            await #expect(throws: StoreError.self) { try await store.store.append(try small("not now")) }
            redis.thaw()
            _ = try await underWay.value
            try await eventually("it takes logs again") { store.store.health.canStore }
            let page = try await store.store.page(LogQuery())
            #expect(page.logs.map(\.text) == ["under way", "tail", "before"])
        }
    }

    @Test func `reads do not wait for a Redis that does not answer: they are partial, and whole again after it`()
        async throws
    {
        try await withStore { redis, _, store in
            _ = try await store.append(try small("sealed", now - 2))
            await store.store.seal()
            _ = try await store.append(try small("tail", now - 1))
            redis.freeze()
            for _ in 0..<2 {
                let page = try await store.store.page(LogQuery())
                #expect(page.isPartial)
                #expect(page.logs.map(\.text) == ["tail"])
            }
            // It has not waited until the connection was given up.
            #expect(store.client.trouble == nil)
            redis.thaw()
            try await eventually("it is read whole") { try await !store.store.page(LogQuery()).isPartial }
            #expect(try await store.store.page(LogQuery()).logs.map(\.text) == ["tail", "sealed"])
            #expect(store.client.connectionNumber == 1)
        }
    }

    @Test func `a slow Redis is only slow, one that owes answers for seconds is said, and every log is there once`()
        async throws
    {
        let redis = try PrivateRedisForTests(isDurable: true)
        let folder = try TemporaryFolder()
        let proxy = try CuttingProxy(to: redis.socket, at: folder.path + "/slow.sock")
        defer { proxy.stop() }
        let store = try await StoreForTests(RedisConfiguration(address: .unix(proxy.path)), folder: folder.path)
        do {
            _ = try await store.append(try small("before", now - 4))
            await store.store.seal()
            proxy.delay(ms: 200)
            for number in 0..<3 { _ = try await store.append(try small("slow \(number)", now - 3 + Int64(number))) }
            #expect(store.store.health.canStore)
            let page = try await store.store.page(LogQuery())
            #expect(page.logs.count == 4 && !page.isPartial)
            // Long enough to look around in, and not so long that the connection is given up.
            proxy.delay(ms: 7_000)
            let underWay = Task { [request = try small("late", now)] in try await store.append(request) }
            try await eventually("health says so") { !store.store.health.canStore && !store.store.health.isRedisUp }
            await #expect(throws: StoreError.self) { try await store.store.append(try small("not now")) }
            proxy.delay(ms: 0)
            _ = try await underWay.value
            try await eventually("it takes logs again") { store.store.health.canStore }
            #expect(
                try await store.store.page(LogQuery()).logs.map(\.text)
                    == ["late", "slow 2", "slow 1", "slow 0", "before"]
            )
            #expect(store.client.connectionNumber == 1)
            await store.kill()
        } catch {
            await store.kill()
            throw error
        }
    }

    @Test(arguments: WhenFull.allCases)
    func `a commit that Redis refuses for lack of memory is said, and room opens the door, with`(_ whenFull: WhenFull)
        async throws
    {
        try await smallStore(whenFull) { _, store in
            _ = try await store.append(try small("before", now - 1))
            let limit = try await used(store.client) / 2
            _ = try await store.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "\(limit)"))
            let error = await #expect(throws: StoreError.self) { try await store.store.append(try small("not now")) }
            if case .full? = error {} else { Issue.record("\(String(describing: error)) instead of full") }
            try await eventually("health says so") {
                _ = try? await store.store.append(try small("not now"))
                return store.store.health.publicReason?.contains("memory limit") == true
                    && store.store.health.isRedisUp
            }
            _ = try await store.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "32mb"))
            try await eventually("there is room again") { store.store.health.canStore }
            _ = try await store.append(try small("after", now))
            let page = try await store.store.page(LogQuery())
            #expect(page.logs.first?.text == "after" && !page.isPartial)
            // With drop_oldest what was there had to go, and is counted.
            let isThere = page.logs.map(\.text).contains("before")
            #expect(isThere != (store.store.stats(bound: nil).dropped > 0))
            #expect(isThere || whenFull == .dropOldest)
        }
    }

    @Test func `a Redis that loses its data under load has again what memory holds, once`() async throws {
        try await withStore { _, _, store in
            _ = try await store.append(try small("one", now - 2))
            _ = try await store.client.send(RedisCommand("FLUSHALL"))
            try await eventually("the loss is noticed and mended") {
                let length = try await store.client.send(RedisCommand("XLEN", "kmf:wal:1"))
                return store.store.health.canStore && length != .integer(0)
            }
            _ = try await store.append(try small("two", now - 1))
            await store.store.seal()
            #expect(try await store.store.page(LogQuery()).logs.map(\.text) == ["two", "one"])
        }
    }
}

/// A number that a test changes under the store.
final class Atomic64: Sendable {
    private let number: Atomic<Int>

    init(_ value: Int) { number = Atomic(value) }

    var value: Int {
        get { number.load(ordering: .relaxed) }
        set { number.store(newValue, ordering: .relaxed) }
    }
}
