import FoundationEssentials
import Protocol

/// What keys and sessions need of Redis: `RedisClient` has it.
protocol RedisSending: Sendable {
    func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue
}

/// What a key or a session may do; `admin` may everything.
enum Scope: String, Sendable, CaseIterable, Codable {
    case ingest
    case read
    case admin
}

/// The API keys besides the one in `.env`, and the share tokens.
///
/// ```
/// kmf:keys       hash   SHA-256 of the key, 64 hex digits → {"name":"agent","scopes":["ingest"],"created":"2026-…Z"}
///                       and where they mean something "kind":"share", "group":"a:*" (the bound), "expires":"2026-…Z",
///                       "rate_limit":600 (requests a minute)
/// kmf:keys:used  hash   SHA-256 of the key → seconds since 1970 of its last use, within the hour
/// ```
///
/// Written by `komfyr-hub keys` and `/api/keys`, read by the hub; the key itself is stored nowhere. The last uses stand
/// apart, so that noting one cannot bring back a key that is revoked at the same moment.
struct KeyStore: Sendable {
    static let field = "kmf:keys"
    static let usesField = "kmf:keys:used"
    let redis: any RedisSending

    /// A stored key.
    struct Record: Codable, Sendable, Equatable {
        var name: String
        var scopes: [Scope]
        /// RFC 3339.
        var created: String
        /// Nil: a key.
        var kind: Kind? = nil
        /// The pattern that bounds it; nil: all groups.
        var group: String? = nil
        /// RFC 3339; nil: it does not end.
        var expires: String? = nil
        /// Requests a minute; nil: the default.
        var rateLimit: Int? = nil

        enum CodingKeys: String, CodingKey {
            case name, scopes, created, kind, group, expires
            case rateLimit = "rate_limit"
        }

        /// What a record is of.
        enum Kind: String, Sendable, Codable {
            case key
            case share
        }

        /// The groups that it may see and post to; nil: all.
        var bound: GroupPattern? { group.map { GroupPattern($0) } }

        /// Seconds since 1970; nil: it does not end.
        ///
        /// What cannot be read has ended.
        var end: Int64? { expires.map { (Timestamp.parse($0) ?? 0) / 1_000_000_000 } }

        /// Who has the key.
        func caller(_ digest: SecretDigest) -> Caller {
            Caller(
                name: name,
                // A share token reads, whatever its record says.
                scopes: kind == .share ? [.read] : scopes,
                bound: bound,
                key: Caller.Key(digest: digest, isShare: kind == .share, end: end, rateLimit: rateLimit)
            )
        }
    }

    /// A key as lists show it: the first 12 digits of its digest.
    static func id(_ digest: String) -> String { String(digest.prefix(12)) }

    /// The record of a key; nil when there is no such key.
    func record(_ digest: SecretDigest) async throws(RedisError) -> Record? {
        switch try await redis.send(RedisCommand("HGET", Self.field, digest.text)) {
        case .string(let json): try Self.decode(json)
        case .null: nil
        case .error(let message): throw .server(message)
        default: throw .unexpected("HGET of a key")
        }
    }

    /// All keys by name.
    func all() async throws(RedisError) -> [(digest: String, record: Record)] {
        let fields = try await redis.fields(of: Self.field)
        var keys: [(digest: String, record: Record)] = []
        for (digest, json) in fields { keys.append((digest, try Self.decode(json))) }
        return keys.sorted { ($0.record.name, $0.digest) < ($1.record.name, $1.digest) }
    }

    /// Stores a key.
    func add(_ digest: SecretDigest, _ record: Record) async throws(RedisError) {
        let json = Self.encode(record)
        let command = RedisCommand([
            Array("HSET".utf8), Array(Self.field.utf8), Array(digest.text.utf8), json,
        ])
        if case .error(let message) = try await redis.send(command) { throw .server(message) }
    }

    /// Removes a key.
    func remove(_ digest: String) async throws(RedisError) {
        for field in [Self.field, Self.usesField] {
            if case .error(let message) = try await redis.send(RedisCommand("HDEL", field, digest)) {
                throw .server(message)
            }
        }
    }

    /// Removes the keys that ended some time ago, and share tokens that ended; `now` is in seconds since 1970.
    ///
    /// Those that are left are returned.
    func removeEnded(
        _ keys: [(digest: String, record: Record)],
        now: Int64
    ) async throws(RedisError) -> [(digest: String, record: Record)] {
        var left: [(digest: String, record: Record)] = []
        for key in keys {
            let listed = key.record.kind == .share ? 0 : HubLimits.endedKeySeconds
            if let end = key.record.end, end <= now - listed {
                try await remove(key.digest)
            } else {
                left.append(key)
            }
        }
        return left
    }

    /// Writes down that a key is used.
    func noteUse(_ digest: SecretDigest, now: Int64) async throws(RedisError) {
        let command = RedisCommand("HSET", Self.usesField, digest.text, String(now))
        if case .error(let message) = try await redis.send(command) { throw .server(message) }
    }

    /// When keys were last used, in seconds since 1970, by digest.
    func uses() async throws(RedisError) -> [String: Int64] {
        var uses: [String: Int64] = [:]
        for (digest, value) in try await redis.fields(of: Self.usesField) {
            uses[digest] = Int64(String(decoding: value, as: UTF8.self))
        }
        return uses
    }

    private static func decode(_ json: [UInt8]) throws(RedisError) -> Record {
        do {
            return try JSONDecoder().decode(Record.self, from: Data(json))
        } catch {
            throw .unexpected("\(field) holds a key that cannot be read")
        }
    }

    private static func encode(_ record: Record) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("name")
        json.string(record.name)
        json.key("scopes")
        json.beginArray()
        for scope in record.scopes { json.string(scope.rawValue) }
        json.endArray()
        json.key("created")
        json.string(record.created)
        if let kind = record.kind {
            json.key("kind")
            json.string(kind.rawValue)
        }
        if let group = record.group {
            json.key("group")
            json.string(group)
        }
        if let expires = record.expires {
            json.key("expires")
            json.string(expires)
        }
        if let rateLimit = record.rateLimit {
            json.key("rate_limit")
            json.integer(rateLimit)
        }
        json.endObject()
        return json.bytes
    }
}

extension RedisSending {
    /// A whole hash.
    func fields(of key: String) async throws(RedisError) -> [(field: String, value: [UInt8])] {
        switch try await send(RedisCommand("HGETALL", key)) {
        case .array(let values):
            var fields: [(field: String, value: [UInt8])] = []
            for index in stride(from: 0, to: values.count - 1, by: 2) {
                guard case .string(let field) = values[index], case .string(let value) = values[index + 1] else {
                    throw .unexpected("HGETALL \(key)")
                }
                fields.append((String(decoding: field, as: UTF8.self), value))
            }
            return fields
        case .error(let message): throw .server(message)
        default: throw .unexpected("HGETALL \(key)")
        }
    }
}
