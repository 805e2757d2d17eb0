import EventLoop
import HTTPTypes
import Hummingbird
import Protocol

/// `/api/keys` and `/api/share`: makes, lists and revokes keys and share tokens; for admins.
///
/// Nobody makes what may more than its maker: an admin key that is bound to groups, or that ends, makes only keys
/// within its bound that end no later, and sees and revokes only those.
struct KeyRoutes: Sendable {
    let authenticator: Authenticator
    let bodies: RequestBodyReader

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/keys",
                access: .scope(.admin),
                documentation: Self.listDocumentation
            ) { call throws(APIError) in try await list(call) },
            Route(
                method: .post,
                path: "/api/keys",
                access: .scope(.admin),
                documentation: Self.makeDocumentation
            ) { call throws(APIError) in try await makeKey(call) },
            Route(
                method: .delete,
                path: "/api/keys/{id}",
                access: .scope(.admin),
                documentation: Self.revokeDocumentation
            ) { call throws(APIError) in try await revoke(call) },
            Route(
                method: .post,
                path: "/api/share",
                access: .scope(.admin),
                documentation: Self.shareDocumentation
            ) { call throws(APIError) in try await share(call) },
        ]
    }

    // MARK: Making

    private func makeKey(_ call: APICall) async throws(APIError) -> Response {
        let maker = try Self.maker(call)
        let now = WallClock.now()
        let record = try await bodies.read(call.request, upTo: HubLimits.keyBodyBytes) { bytes throws(APIError) in
            try Self.keyRecord(bytes, maker: maker, now: now)
        }
        let key = RandomSecret.newKey()
        let digest = try await store(key, record, now: now / 1_000_000_000)
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("key")
        json.string(key)
        Self.write(digest, record, lastUsed: nil, now: now / 1_000_000_000, to: &json)
        json.endObject()
        return .json(json.bytes)
    }

    private func share(_ call: APICall) async throws(APIError) -> Response {
        let maker = try Self.maker(call)
        let now = WallClock.now()
        let record = try await bodies.read(call.request, upTo: HubLimits.keyBodyBytes) { bytes throws(APIError) in
            try Self.shareRecord(bytes, maker: maker, now: now)
        }
        let token = RandomSecret.newShareToken()
        let digest = try await store(token, record, now: now / 1_000_000_000)
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("token")
        json.string(token)
        Self.write(digest, record, lastUsed: nil, now: now / 1_000_000_000, to: &json)
        json.endObject()
        return .json(json.bytes)
    }

    private static func keyRecord(_ bytes: [UInt8], maker: Caller, now: Int64) throws(APIError) -> KeyStore.Record {
        let body = try BodyObject(
            bytes,
            known: ["name", "scopes", "group", "expires_in", "expires_at", "rate_limit"],
            form: #"{"name": "my-app", "scopes": ["ingest"]}"#
        )
        var record = KeyStore.Record(name: try name(body) ?? "", scopes: [], created: Timestamp.text(now))
        if record.name.isEmpty { throw body.problem("name", "missing", "A key needs a name: what it is for.") }
        let scopes = try body.texts("scopes") ?? []
        for scope in scopes where Scope(rawValue: scope) == nil {
            throw body.problem(
                "scopes",
                "enum",
                "\"\(scope.prefix(40))\" is no scope; there are ingest, read and admin."
            )
        }
        record.scopes = Scope.allCases.filter { scopes.contains($0.rawValue) }
        if record.scopes.isEmpty {
            throw body.problem("scopes", "missing", "Say what the key may: a list of ingest, read and admin.")
        }
        record.group = try group(body, maker: maker)
        record.rateLimit = try body.integer("rate_limit", 1...HubLimits.requestsPerMinuteMost)
        var end: Int64?
        if let hours = try body.integer("expires_in", 1...HubLimits.keyHours) {
            end = now / 1_000_000_000 + Int64(hours) * 3_600
        }
        if let time = try body.time("expires_at") {
            guard end == nil else {
                throw body.problem("expires_at", "conflict", "Give expires_in or expires_at, not both.")
            }
            guard time > now, time - now <= Int64(HubLimits.keyHours) * 3_600_000_000_000 else {
                throw body.problem("expires_at", "range", "expires_at must lie ahead, by ten years at most.")
            }
            end = time / 1_000_000_000
        }
        record.expires = try expires(end, maker: maker)
        return record
    }

    private static func shareRecord(_ bytes: [UInt8], maker: Caller, now: Int64) throws(APIError) -> KeyStore.Record {
        let body = try BodyObject(bytes, known: ["group", "hours", "name"], form: #"{"group": "a:*", "hours": 24}"#)
        let hours = try body.integer("hours", 1...HubLimits.shareHours) ?? HubLimits.shareHoursDefault
        guard try body.text("group", upTo: ProtocolLimits.groupBytes + 2) != nil else {
            throw body.problem("group", "missing", "Say what is shared: \(GroupPattern.boundForm), or * for all.")
        }
        return KeyStore.Record(
            name: try name(body) ?? "share",
            scopes: [.read],
            created: Timestamp.text(now),
            kind: .share,
            group: try group(body, maker: maker),
            expires: try expires(now / 1_000_000_000 + Int64(hours) * 3_600, maker: maker)
        )
    }

    private static func maker(_ call: APICall) throws(APIError) -> Caller {
        guard let caller = call.caller else { throw .unauthorized("This needs an API key.") }
        return caller
    }

    private static func name(_ body: BodyObject) throws(APIError) -> String? {
        guard let name = try body.text("name", upTo: HubLimits.keyNameBytes) else { return nil }
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw body.problem(
                "name",
                "name",
                "A key's name has 1 to \(HubLimits.keyNameBytes) bytes, without control characters."
            )
        }
        return name
    }

    /// The bound of a new key: nil for all groups.
    private static func group(_ body: BodyObject, maker: Caller) throws(APIError) -> String? {
        var bound: GroupPattern?
        if let text = try body.text("group", upTo: ProtocolLimits.groupBytes + 2) {
            bound = GroupPattern.bound(text)
            if bound == nil {
                throw body.problem("group", "group", "group must be \(GroupPattern.boundForm).")
            }
        }
        if let own = maker.bound, !own.covers(bound) {
            throw maker.boundForbids("it can make keys within that alone: send a \"group\" that lies in it")
        }
        return bound == .all ? nil : bound?.text
    }

    /// The end of a new key: its maker's own, if that comes first and no other is asked for.
    private static func expires(_ end: Int64?, maker: Caller) throws(APIError) -> String? {
        if let end, let own = maker.key?.end, end > own {
            throw APIError(
                .forbidden,
                "This key (\(maker.name)) ends at \(Timestamp.text(own * 1_000_000_000)); what it makes ends no later."
            )
        }
        return (end ?? maker.key?.end).map { Timestamp.text($0 * 1_000_000_000) }
    }

    private func store(_ secret: String, _ record: KeyStore.Record, now: Int64) async throws(APIError) -> String {
        let keys = authenticator.keys
        let digest = SecretDigest(of: secret)
        let isShare = record.kind == .share
        var hasRoom = false
        do throws(RedisError) {
            let stored = try await keys.removeEnded(try await keys.all(), now: now)
            let limit = isShare ? HubLimits.shares : HubLimits.keys
            hasRoom = stored.count { ($0.record.kind == .share) == isShare } < limit
            if hasRoom { try await keys.add(digest, record) }
        } catch {
            throw Self.cannotStore
        }
        guard hasRoom else {
            let what = isShare ? "\(HubLimits.shares) share tokens" : "\(HubLimits.keys) keys"
            throw APIError(.conflict, "There are \(what), as many as there may be; revoke some.")
        }
        return digest.text
    }

    private static let cannotStore = APIError.passing(
        "Redis, which holds the keys, cannot be reached at the moment; please try again."
    )

    // MARK: Listing and revoking

    private func list(_ call: APICall) async throws(APIError) -> Response {
        let caller = try Self.maker(call)
        let (stored, uses) = try await all()
        let seen = stored.filter { caller.bound?.covers($0.record.bound) ?? true }
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("keys")
        json.beginArray()
        for (digest, record) in seen {
            json.beginObject()
            Self.write(digest, record, lastUsed: uses[digest], now: WallClock.now() / 1_000_000_000, to: &json)
            json.endObject()
        }
        json.endArray()
        json.key("count")
        json.integer(seen.count)
        json.endObject()
        return .json(json.bytes)
    }

    private func revoke(_ call: APICall) async throws(APIError) -> Response {
        let caller = try Self.maker(call)
        let id = call.pathValue
        let (stored, _) = try await all()
        let found = stored.filter { KeyStore.id($0.digest) == id && caller.bound?.covers($0.record.bound) ?? true }
        guard let key = found.first else {
            throw APIError(.notFound, "Key \(id.prefix(64)) not found; GET /api/keys lists the ids.")
        }
        do throws(RedisError) {
            try await authenticator.keys.remove(key.digest)
        } catch {
            throw Self.cannotStore
        }
        if let digest = SecretDigest(text: key.digest) { authenticator.forget(digest) }
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("id")
        json.string(id)
        json.key("name")
        json.string(key.record.name)
        json.endObject()
        return .json(json.bytes)
    }

    private func all() async throws(APIError) -> ([(digest: String, record: KeyStore.Record)], [String: Int64]) {
        do throws(RedisError) {
            return (try await authenticator.keys.all(), try await authenticator.keys.uses())
        } catch {
            throw Self.cannotStore
        }
    }

    /// The members of a key as it is shown.
    private static func write(
        _ digest: String,
        _ record: KeyStore.Record,
        lastUsed: Int64?,
        now: Int64,
        to json: inout JSONWriter
    ) {
        json.key("id")
        json.string(KeyStore.id(digest))
        json.key("kind")
        json.string((record.kind ?? .key).rawValue)
        json.key("name")
        json.string(record.name)
        json.key("scopes")
        json.beginArray()
        for scope in record.scopes { json.string(scope.rawValue) }
        json.endArray()
        json.key("group")
        json.string(record.group)
        json.key("created")
        json.string(record.created)
        json.key("expires")
        json.time(record.end.map { $0 * 1_000_000_000 })
        json.key("expired")
        json.boolean(record.end.map { $0 <= now } ?? false)
        json.key("last_used")
        json.time(lastUsed.map { $0 * 1_000_000_000 })
        json.key("rate_limit")
        json.integer(record.rateLimit)
    }
}
