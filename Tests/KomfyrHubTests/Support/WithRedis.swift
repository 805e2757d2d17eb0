import Logging

@testable import KomfyrHub

/// Runs a test with a Redis of its own and a connected client, and ends both, also on failure.
func withRedis<Result>(
    _ arguments: [String] = [],
    isDurable: Bool = false,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (PrivateRedisForTests, RedisClient) async throws -> Result
) async throws -> Result {
    let redis = try PrivateRedisForTests(arguments, isDurable: isDurable)
    return try await withClient(redis.configuration) { try await body(redis, $0) }
}

/// Runs a test with a connected client, and stops it, also on failure.
func withClient<Result>(
    _ configuration: RedisConfiguration,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (RedisClient) async throws -> Result
) async throws -> Result {
    let client = RedisClient(configuration, logger: .silent)
    client.start()
    do {
        try await client.waitUntilConnected(withinMs: 60_000)
        let result = try await body(client)
        await client.stop()
        return result
    } catch {
        await client.stop()
        throw error
    }
}

extension RedisValue {
    /// A bulk string of this text.
    static func text(_ text: String) -> RedisValue { .string(Array(text.utf8)) }
}
