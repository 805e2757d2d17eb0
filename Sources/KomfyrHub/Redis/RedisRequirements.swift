import Logging

/// What the hub asks of a Redis that it uses, checked once at start.
struct RedisRequirements: Sendable {
    /// `7.0.15`.
    let version: String
    /// `maxmemory` in bytes; nil: unlimited.
    let memoryLimit: Int?

    /// Asks Redis.
    /// - Throws: `Refusal` in words when this Redis must not be used, or cannot be asked.
    static func check(_ redis: RedisClient, logger: Logger) async throws(Refusal) -> RedisRequirements {
        let place = "Redis at \(redis.configuration.address)"
        let info: RedisInfo
        var policy: String?
        do throws(RedisError) {
            guard case .string(let text) = try await redis.send(RedisCommand("INFO")) else {
                throw .unexpected("INFO is not text")
            }
            info = RedisInfo(text)
            policy = info["maxmemory_policy"]
            if policy == nil {
                let answer = try await redis.send(RedisCommand("CONFIG", "GET", "maxmemory-policy"))
                if case .array(let pair) = answer, case .string(let value)? = pair.last {
                    policy = String(decoding: value, as: UTF8.self)
                }
            }
        } catch {
            throw Refusal("\(place) cannot be asked what it is: \(error)")
        }
        try check(info, policy: policy, place: place)
        if info["aof_enabled"] == "0" {
            logger.warning(
                "\(place) keeps no append-only file: logs that were answered are lost when it dies (set appendonly yes)"
            )
        }
        return RedisRequirements(
            version: info["redis_version"] ?? "",
            memoryLimit: info["maxmemory"].flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil }
        )
    }

    /// The rules alone.
    static func check(_ info: RedisInfo, policy: String?, place: String) throws(Refusal) {
        guard let version = info["redis_version"] else { throw Refusal("\(place) does not tell its version") }
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 } + [0, 0]
        guard (numbers[0], numbers[1]) >= oldest else {
            throw Refusal("\(place) is version \(version): \(oldest.0).\(oldest.1) or newer is wanted")
        }
        guard policy == "noeviction" else {
            throw Refusal(
                """
                \(place) has maxmemory-policy \(policy ?? "unknown"), with which it drops logs without a word when its \
                memory is full: run `redis-cli CONFIG SET maxmemory-policy noeviction`, and put `maxmemory-policy \
                noeviction` into its redis.conf
                """
            )
        }
        if info["role"] == "slave" { throw Refusal("\(place) is a replica: use the one that takes writes") }
        if info["cluster_enabled"] == "1" { throw Refusal("\(place) is a cluster, which this version cannot use") }
    }

    private static let oldest = (6, 2)

    /// This Redis must not be used.
    struct Refusal: Error, Sendable, CustomStringConvertible {
        /// Why, and what to do.
        let description: String
        init(_ description: String) { self.description = description }
    }
}
