import Logging

/// The hub's way to Redis: the private one with its data folder, or the one that `REDIS_…` names.
struct RedisPart {
    let client: RedisClient
    /// Also with an external Redis: it holds the lease's token.
    let folder: DataFolder
    private let privateRedis: PrivateRedis?

    /// Starts what is needed and connects.
    static func start(_ configuration: HubConfiguration, logger: Logger) async throws -> RedisPart {
        let folder = try DataFolder(configuration.dataFolder)
        guard let external = configuration.redis else {
            let redis = PrivateRedis(
                folder: folder,
                settings: PrivateRedisSettings(fsync: configuration.fsync, memoryBytes: configuration.memoryLimit),
                logger: logger
            )
            try await redis.start { logger.notice("waiting for Redis: \($0)") }
            return try await connect(redis.configuration, folder, redis, logger)
        }
        return try await connect(external, folder, nil, logger)
    }

    /// Disconnects, and stops the private Redis.
    func stop() async {
        await client.stop()
        await privateRedis?.stop()
        folder.close()
    }

    private static func connect(
        _ configuration: RedisConfiguration,
        _ folder: DataFolder,
        _ privateRedis: PrivateRedis?,
        _ logger: Logger
    ) async throws -> RedisPart {
        let client = RedisClient(configuration, logger: logger)
        let part = RedisPart(client: client, folder: folder, privateRedis: privateRedis)
        client.start()
        do {
            try await client.waitUntilConnected(withinMs: HubLimits.redisStartMs)
            _ = try await RedisRequirements.check(client, logger: logger)
        } catch {
            await part.stop()
            if case .notConnected(let reason)? = error as? RedisError {
                throw HubConfiguration.Problem(
                    description: "Redis at \(configuration.address) cannot be reached: \(reason). "
                        + "Start it, correct REDIS_HOST or REDIS_URL, or remove them to use the hub's own"
                )
            }
            throw error
        }
        return part
    }
}
