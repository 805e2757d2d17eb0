import Glibc
import Testing

@testable import KomfyrHub

@Suite struct LeaseTests {
    /// A script that writes, as the store's do.
    private static let write = RedisScript(Lease.fenceCheck + "redis.call('SET', KEYS[3], ARGV[3]) return 1")

    private func write(_ value: String, with fence: Fence, over client: RedisClient) async throws -> RedisValue {
        try await client.evaluate(
            Self.write,
            keys: Fence.keys + ["written"],
            arguments: fence.arguments + [Array(value.utf8)]
        )
    }

    private func makeFolder() throws -> (TemporaryFolder, DataFolder) {
        let temporary = try TemporaryFolder()
        return (temporary, try DataFolder(temporary.path))
    }

    @Test func `the first grant makes the store, and a second one raises the fence`() async throws {
        let (temporary, folder) = try makeFolder()
        defer { withExtendedLifetime(temporary) {} }
        try await withRedis { _, client in
            let lease = try Lease(redis: client, folder: folder, logger: .silent)
            #expect(lease.fence == nil)
            let first = try await lease.acquire()
            #expect(first.store == .first(isNew: true))
            #expect(first.fence.epoch.utf8.count == 32)
            #expect(first.hub == 1)
            #expect(lease.fence == first.fence)
            let second = try await lease.acquire()
            #expect(second.fence.number == first.fence.number + 1)
            #expect(second.fence.epoch == first.fence.epoch)
            #expect(second.store == .same)
            #expect(second.isUnbroken)
            #expect(second.number == first.number + 1)
        }
    }

    @Test func `what was sent under an older grant writes nothing`() async throws {
        let (temporary, folder) = try makeFolder()
        defer { withExtendedLifetime(temporary) {} }
        try await withRedis { _, client in
            let lease = try Lease(redis: client, folder: folder, logger: .silent)
            let old = try await lease.acquire().fence
            #expect(try await write("one", with: old, over: client) == .integer(1))
            let new = try await lease.acquire().fence
            let fenced = await #expect(throws: RedisError.self) { try await write("two", with: old, over: client) }
            #expect(fenced?.fencing == .fenced)
            #expect(try await client.send(RedisCommand("GET", "written")) == .text("one"))
            #expect(try await write("three", with: new, over: client) == .integer(1))

            _ = try await client.send(RedisCommand("FLUSHALL"))
            let gone = await #expect(throws: RedisError.self) { try await write("four", with: new, over: client) }
            #expect(gone?.fencing == .epoch)
            #expect(try await client.send(RedisCommand("DBSIZE")) == .integer(0))
        }
    }

    @Test func `a second hub is refused by name until the lease has ended`() async throws {
        let (temporaryA, folderA) = try makeFolder()
        let (temporaryB, folderB) = try makeFolder()
        defer { withExtendedLifetime((temporaryA, temporaryB)) {} }
        try await withRedis { _, client in
            let first = try Lease(redis: client, folder: folderA, name: "first hub", logger: .silent)
            let grant = try await first.acquire()
            let second = try Lease(redis: client, folder: folderB, name: "second hub", logger: .silent)
            let error = await #expect(throws: LeaseError.self) { try await second.acquire() }
            guard case .heldBy("first hub", let ms)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(ms > 0 && ms <= HubLimits.leaseMs)
            #expect(try await write("by the first", with: grant.fence, over: client) == .integer(1))

            // As if ten seconds had gone without a renewal.
            _ = try await client.send(RedisCommand("HSET", "kmf:hub", "until", "1"))
            let taken = try await second.acquire()
            #expect(taken.fence.number == grant.fence.number + 1)
            #expect(taken.store == .first(isNew: false))
            #expect(taken.hub == grant.hub)
            await #expect(throws: RedisError.self) { try await write("too late", with: grant.fence, over: client) }
            await #expect(throws: LeaseError.self) { try await first.acquire() }
            #expect(first.fence == nil)

            // When the first has it again, it learns that somebody else wrote in between.
            await second.release()
            let again = try await first.acquire()
            #expect(again.store == .same)
            #expect(!again.isUnbroken)
        }
    }

    @Test func `a restart on the same folder takes over at once`() async throws {
        let temporary = try TemporaryFolder()
        try await withRedis { _, client in
            var folder: DataFolder? = try DataFolder(temporary.path)
            let killed = try await Lease(redis: client, folder: #require(folder), logger: .silent).acquire()
            folder?.close()
            folder = try DataFolder(temporary.path)
            let restarted = try await Lease(redis: client, folder: #require(folder), logger: .silent).acquire()
            #expect(restarted.fence.epoch == killed.fence.epoch)
            #expect(restarted.fence.number == killed.fence.number + 1)
            var state = stat()
            #expect(stat(temporary.path + "/lease", &state) == 0)
            #expect(state.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `two hubs cannot have one data folder`() throws {
        let temporary = try TemporaryFolder()
        let first = try DataFolder(temporary.path + "/a/b")
        let error = #expect(throws: DataFolderError.self) { try DataFolder(temporary.path + "/a/b") }
        #expect(error?.description.contains("process \(getpid())") == true)
        first.close()
        _ = try DataFolder(temporary.path + "/a/b")
    }

    @Test func `a released lease can be had at once, and its fence is dead`() async throws {
        let (temporaryA, folderA) = try makeFolder()
        let (temporaryB, folderB) = try makeFolder()
        defer { withExtendedLifetime((temporaryA, temporaryB)) {} }
        try await withRedis { _, client in
            let first = try Lease(redis: client, folder: folderA, logger: .silent)
            let fence = try await first.acquire().fence
            await first.release()
            #expect(first.fence == nil)
            await #expect(throws: RedisError.self) { try await write("late", with: fence, over: client) }
            _ = try await Lease(redis: client, folder: folderB, logger: .silent).acquire()
        }
    }

    @Test func `it is taken anew at every connection, and a Redis that came back empty is told`() async throws {
        let (temporary, folder) = try makeFolder()
        defer { withExtendedLifetime(temporary) {} }
        try await withRedis { redis, client in
            let lease = try Lease(redis: client, folder: folder, logger: .silent)
            let first = try await lease.acquire()
            let keeper = Task { await lease.run() }
            defer { keeper.cancel() }
            _ = try? await client.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"))
            let second = try #require(await lease.grant(after: first.number))
            #expect(second.store == .same)
            #expect(second.isUnbroken)
            #expect(second.fence.number > first.fence.number)

            // Without an append-only file it comes back empty.
            redis.kill()
            try await eventually("the loss is seen") { lease.fence == nil }
            try redis.start()
            let third = try #require(await lease.grant(after: second.number))
            #expect(third.store == .cameBackEmpty)
            #expect(third.fence.epoch != second.fence.epoch)
            #expect(!third.isUnbroken)
            #expect(try await write("x", with: third.fence, over: client) == .integer(1))
        }
    }

    @Test func `it is renewed before it ends, and taken back when the store is emptied under it`() async throws {
        let (temporary, folder) = try makeFolder()
        defer { withExtendedLifetime(temporary) {} }
        try await withRedis { _, client in
            let lease = try Lease(redis: client, folder: folder, logger: .silent)
            let first = try await lease.acquire()
            let before = try await client.send(RedisCommand("HGET", "kmf:hub", "until"))
            let keeper = Task { await lease.run() }
            try await eventually("it is renewed") {
                try await client.send(RedisCommand("HGET", "kmf:hub", "until")) != before
            }
            #expect(lease.current == first)
            _ = try await client.send(RedisCommand("FLUSHALL"))
            let second = try #require(await lease.grant(after: first.number))
            #expect(second.store == .cameBackEmpty)
            keeper.cancel()
            // Ends, or this test does not.
            await keeper.value
        }
    }

    @Test func `a hub that was started on another store than it knew says so`() async throws {
        let temporary = try TemporaryFolder()
        let log = RecordingLog()
        try await withRedis { _, client in
            for expected in [0, 0, 1] {
                let folder = try DataFolder(temporary.path)
                let lease = try Lease(redis: client, folder: folder, logger: log.logger)
                try await lease.acquire()
                #expect(log.count { $0.contains("does not hold the store") } == expected)
                folder.close()
                if log.runs == 1 { _ = try await client.send(RedisCommand("FLUSHALL")) }
                log.runs += 1
            }
        }
    }

    @Test func `it is had and kept although Redis is full`() async throws {
        let (temporary, folder) = try makeFolder()
        defer { withExtendedLifetime(temporary) {} }
        try await withRedis { _, client in
            let lease = try Lease(redis: client, folder: folder, logger: .silent)
            let full = RedisCommand("CONFIG", "SET", "maxmemory", "1")
            _ = try await client.send(full)
            let refused = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("SET", "a", "b"))
            }
            #expect(refused?.description.contains("OOM") == true)
            let fence = try await lease.acquire().fence
            let renewed = try await client.evaluate(
                Lease.renewScript,
                keys: Fence.keys,
                arguments: fence.arguments + [Array("10000".utf8)]
            )
            guard case .integer = renewed else {
                Issue.record("\(renewed)")
                return
            }
            await lease.release()
            try await lease.acquire()
            // Others are still refused, and write nothing.
            let held = try #require(lease.fence)
            await #expect(throws: RedisError.self) { try await write("x", with: held, over: client) }
        }
    }
}
