import Glibc
import Logging

/// Redis for a command that is not the hub: the hub's own while it runs, or one that is started for the command.
enum RedisAccess {
    /// Calls `body` with a connection.
    static func with<Result>(
        _ configuration: HubConfiguration,
        startsRedis: Bool,
        _ body: (RedisClient) async throws -> Result
    ) async throws -> Result {
        let logger = Logger(label: "redis") { _ in SwiftLogNoOpLogHandler() }
        if let redis = configuration.redis { return try await connect(redis, logger, body) }
        let folder: DataFolder
        do throws(DataFolderError) {
            folder = try DataFolder(configuration.dataFolder)
        } catch {
            // A hub holds the folder, and its Redis is there.
            return try await connect(PrivateRedisFiles.address(inFolder: configuration.dataFolder), logger, body)
        }
        defer { folder.close() }
        guard startsRedis else {
            throw HubConfiguration.Problem(
                description: "no hub runs on the data folder \(folder.path): start it with komfyr-hub serve"
            )
        }
        let redis = PrivateRedis(
            folder: folder,
            settings: PrivateRedisSettings(fsync: configuration.fsync, memoryBytes: configuration.memoryLimit),
            logger: logger
        )
        try await redis.start()
        do {
            let result = try await connect(redis.configuration, logger, body)
            await redis.stop()
            return result
        } catch {
            await redis.stop()
            throw error
        }
    }

    private static func connect<Result>(
        _ configuration: RedisConfiguration,
        _ logger: Logger,
        _ body: (RedisClient) async throws -> Result
    ) async throws -> Result {
        let client = RedisClient(configuration, logger: logger)
        client.start()
        do {
            try await client.waitUntilConnected(withinMs: HubLimits.commandConnectMs)
            let result = try await body(client)
            await client.stop()
            return result
        } catch {
            await client.stop()
            throw error
        }
    }
}

extension PrivateRedisFiles {
    /// Where the private Redis of a folder listens, without taking the folder.
    static func address(inFolder path: String) -> RedisConfiguration {
        guard let resolved = realpath(path, nil) else { return RedisConfiguration(address: .unix(path)) }
        defer { free(resolved) }
        return RedisConfiguration(address: .unix(PrivateRedisFiles(path: String(cString: resolved)).socket))
    }
}

extension RedisClient: RedisSending {
    func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        try await send(command, deadlineMs: HubLimits.redisDeadlineMs)
    }
}
