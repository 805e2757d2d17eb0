import Protocol

/// The dashboard's sessions and the one-time codes that open them.
///
/// ```
/// kmf:sessions      hash     SHA-256 of the session's id → SHA-256 of its key, its end in seconds since 1970, 1 if its
///                            cookie goes through TLS only or 0; with blanks between
/// kmf:login:SHA256  string   SHA-256 of the key that the code stands for; lives 10 minutes, taken by GETDEL
/// ```
///
/// A session has no rights of its own: it may what its key may, and ends with it.
struct SessionStore: Sendable {
    static let field = "kmf:sessions"
    let redis: any RedisSending

    /// A stored session.
    struct Session: Sendable, Equatable {
        /// The key that it stands for.
        var key: SecretDigest
        /// Seconds since 1970.
        var end: Int64
        /// It was opened through TLS, and its cookie is for TLS only.
        var isSecure: Bool

        /// As it stands in Redis.
        var text: String { "\(key.text) \(end) \(isSecure ? 1 : 0)" }

        fileprivate init?(bytes: [UInt8]) {
            let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
            guard parts.count == 3, let key = SecretDigest(text: String(parts[0])), let end = Int64(parts[1]) else {
                return nil
            }
            self.init(key: key, end: end, isSecure: parts[2] == "1")
        }

        init(key: SecretDigest, end: Int64, isSecure: Bool) {
            self.key = key
            self.end = end
            self.isSecure = isSecure
        }
    }

    /// A session that has not ended; nil when there is none.
    func session(_ digest: SecretDigest, now: Int64) async throws(RedisError) -> Session? {
        switch try await redis.send(RedisCommand("HGET", Self.field, digest.text)) {
        case .string(let bytes): Session(bytes: bytes).flatMap { $0.end > now ? $0 : nil }
        case .null: nil
        case .error(let message): throw .server(message)
        default: throw .unexpected("HGET of a session")
        }
    }

    /// Opens a session; those that have ended go, and when there are too many those that end first.
    func open(_ digest: SecretDigest, _ session: Session, now: Int64) async throws(RedisError) {
        var ends: [(field: String, end: Int64)] = []
        for (field, bytes) in try await redis.fields(of: Self.field) {
            ends.append((field, Session(bytes: bytes)?.end ?? 0))
        }
        ends.sort { $0.end < $1.end }
        let surplus = max(0, ends.count - HubLimits.sessions + 1)
        let gone = ends.enumerated().filter { $0.offset < surplus || $0.element.end <= now }.map(\.element.field)
        if !gone.isEmpty { try await run(RedisCommand((["HDEL", Self.field] + gone).map { Array($0.utf8) })) }
        try await run(RedisCommand("HSET", Self.field, digest.text, session.text))
    }

    /// Moves a session's end, unless it was closed meanwhile.
    func touch(_ digest: SecretDigest, _ session: Session) async throws(RedisError) {
        let script = "if redis.call('HEXISTS',KEYS[1],ARGV[1])==1 then redis.call('HSET',KEYS[1],ARGV[1],ARGV[2]) end"
        try await run(RedisCommand("EVAL", script, "1", Self.field, digest.text, session.text))
    }

    /// Closes a session.
    func close(_ digest: SecretDigest) async throws(RedisError) {
        try await run(RedisCommand("HDEL", Self.field, digest.text))
    }

    /// Makes a code that opens one session with a key's rights.
    func newCode(for key: SecretDigest) async throws(RedisError) -> String {
        let code = RandomSecret.text()
        let name = "kmf:login:" + SecretDigest(of: code).text
        try await run(RedisCommand("SET", name, key.text, "EX", String(HubLimits.loginCodeSeconds)))
        return code
    }

    /// Takes a code: it counts once.
    /// - Returns: the key that it stands for; nil when it is not known, was used or has ended.
    func take(code: String) async throws(RedisError) -> SecretDigest? {
        guard RandomSecret.isText(code.utf8) else { return nil }
        switch try await redis.send(RedisCommand("GETDEL", "kmf:login:" + SecretDigest(of: code).text)) {
        case .string(let bytes): return SecretDigest(text: String(decoding: bytes, as: UTF8.self))
        case .null: return nil
        case .error(let message): throw .server(message)
        default: throw .unexpected("GETDEL of a code")
        }
    }

    private func run(_ command: RedisCommand) async throws(RedisError) {
        if case .error(let message) = try await redis.send(command) { throw .server(message) }
    }
}
