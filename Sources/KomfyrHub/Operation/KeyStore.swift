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

/// The API keys besides the one in `.env`.
///
/// ```
/// kmf:keys   hash   SHA-256 of the key, 64 hex digits → {"name":"agent","scopes":["ingest"],"created":"2026-…Z"}
/// ```
///
/// Written by `komfyr-hub keys`, read by the hub; the key itself is stored nowhere.
struct KeyStore: Sendable {
    static let field = "kmf:keys"
    let redis: any RedisSending

    /// A stored key.
    struct Record: Codable, Sendable, Equatable {
        var name: String
        var scopes: [Scope]
        /// RFC 3339.
        var created: String
    }

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
        if case .error(let message) = try await redis.send(RedisCommand("HDEL", Self.field, digest)) {
            throw .server(message)
        }
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
