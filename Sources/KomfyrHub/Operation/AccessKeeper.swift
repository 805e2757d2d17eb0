import Logging

/// Keeps a copy of keys and sessions, and writes them back when Redis has come back empty.
///
/// Redis is where they live, and what the copy holds is at most ten seconds old: so a key that is revoked stays so, and
/// an agent whose key was lost with Redis's memory is let in again. Agents of `AgentRegistry` come back by themselves.
///
/// ```
/// kmf:keys, kmf:sessions, then kmf:epoch ── the epoch is the known one ──▶ copied
///                                        ── there is none ──────────────▶ the store is not back yet; asked again
///                                        ── it is another one ──────────▶ what is missing is written back
/// ```
///
/// The epoch is read last: hashes that were emptied before they were read are never copied under the old epoch.
actor AccessKeeper {
    static let hashes = [KeyStore.field, SessionStore.field]
    private let redis: any RedisSending
    private let logger: Logger
    private var epoch: [UInt8]?
    private var copies: [[(field: String, value: [UInt8])]] = []

    init(redis: any RedisSending, logger: Logger) {
        self.redis = redis
        self.logger = logger
    }

    /// Works until it is cancelled.
    func run() async {
        repeat { await look() } while (try? await Task.sleep(for: .seconds(HubLimits.accessCopySeconds))) != nil
    }

    /// Copies, or writes back.
    func look() async {
        do throws(RedisError) {
            var found: [[(field: String, value: [UInt8])]] = []
            for hash in Self.hashes { found.append(try await redis.fields(of: hash)) }
            guard case .string(let now) = try await redis.send(RedisCommand("GET", StoreKeys.epoch)) else { return }
            if let epoch, epoch != now { found = try await writeBack(into: found) }
            copies = found
            epoch = now
        } catch {
            // Redis cannot be asked: the next look tries again, and the copy stays.
        }
    }

    private func writeBack(
        into found: [[(field: String, value: [UInt8])]]
    ) async throws(RedisError) -> [[(field: String, value: [UInt8])]] {
        var whole = found
        var count = 0
        for (index, hash) in Self.hashes.enumerated() {
            for (field, value) in copies[index] where !found[index].contains(where: { $0.field == field }) {
                let command = [Array("HSETNX".utf8), Array(hash.utf8), Array(field.utf8), value]
                if case .error(let message) = try await redis.send(RedisCommand(command)) { throw .server(message) }
                whole[index].append((field, value))
                count += 1
            }
        }
        if count > 0 { logger.error("Redis had lost keys and sessions; \(count) were written again") }
        return whole
    }
}
