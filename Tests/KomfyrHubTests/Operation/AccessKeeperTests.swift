import Testing

@testable import KomfyrHub

@Suite struct AccessKeeperTests {
    private let redis = MemoryRedis()
    private let log = RecordingLog()

    private func run(_ words: String...) async throws {
        _ = try await redis.send(RedisCommand(words.map { Array($0.utf8) }))
    }

    @Test func `keys and sessions are written again into a Redis that was emptied, once it is a store again`()
        async throws
    {
        let keeper = AccessKeeper(redis: redis, logger: log.logger)
        try await run("SET", StoreKeys.epoch, "one")
        try await run("HSET", KeyStore.field, "digest", "record")
        try await run("HSET", SessionStore.field, "session", "key")
        await keeper.look()
        try await run("FLUSHALL")
        await keeper.look()
        #expect(redis.contents.isEmpty)
        try await run("SET", StoreKeys.epoch, "two")
        try await run("HSET", SessionStore.field, "new", "key")
        await keeper.look()
        for part in ["digest", "record", "session", "new"] { #expect(redis.contents.contains(part)) }
        #expect(log.count { $0.hasPrefix("error") && $0.contains("2 were written again") } == 1)
        await keeper.look()
        #expect(log.count { _ in true } == 1)
    }

    @Test func `a key that was revoked does not come back`() async throws {
        let keeper = AccessKeeper(redis: redis, logger: log.logger)
        try await run("SET", StoreKeys.epoch, "one")
        try await run("HSET", KeyStore.field, "digest", "record")
        await keeper.look()
        try await run("HDEL", KeyStore.field, "digest")
        await keeper.look()
        try await run("FLUSHALL")
        try await run("SET", StoreKeys.epoch, "two")
        await keeper.look()
        #expect(!redis.contents.contains("digest"))
    }

    @Test func `while Redis is down the copy stays`() async throws {
        let keeper = AccessKeeper(redis: redis, logger: log.logger)
        try await run("SET", StoreKeys.epoch, "one")
        try await run("HSET", KeyStore.field, "digest", "record")
        await keeper.look()
        redis.isDown = true
        await keeper.look()
        redis.isDown = false
        try await run("FLUSHALL")
        try await run("SET", StoreKeys.epoch, "two")
        await keeper.look()
        #expect(redis.contents.contains("record"))
    }
}
