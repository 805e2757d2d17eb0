import EventLoop
import HTTPTypes
import NIOCore
import Protocol
import Testing

@testable import KomfyrHub

@Suite struct KeyRouteTests {
    private let bed = APITestBed()

    private func bearer(_ key: String) -> HTTPFields { [.authorization: "Bearer \(key)"] }

    private func make(_ api: APIClient, _ body: String, _ headers: HTTPFields = APITestBed.admin) async throws -> String
    {
        let answer = try await api.post("/api/keys", body, headers)
        #expect(answer.status == .ok, "\(answer.text)")
        return try #require(try answer.json["key"]?.text)
    }

    @Test func `a key is shown once, works, is listed without it, and ends when it is revoked`() async throws {
        try await bed.run { api async throws in
            let made = try await api.post(
                "/api/keys",
                #"{"name":"desk","scopes":["read","ingest"],"group":"a:*","expires_in":2,"rate_limit":600}"#
            )
            #expect(made.status == .ok)
            let key = try #require(try made.json["key"]?.text)
            #expect(RandomSecret.isKey(key))
            let id = try #require(try made.json["id"]?.text)
            #expect(try await api.get("/api/logs", bearer(key)).status == .ok)
            let list = try await api.get("/api/keys")
            #expect(!list.text.contains(key))
            #expect(!bed.redis.contents.contains(key))
            let shown = try #require(try list.json["keys"]?[0])
            #expect(shown["id"]?.text == id)
            #expect(shown["scopes"] == .list([.text("ingest"), .text("read")]))
            #expect(shown["group"]?.text == "a:*")
            #expect(shown["rate_limit"]?.int == 600)
            #expect(shown["expired"] == .boolean(false))
            #expect(shown["kind"]?.text == "key")
            #expect(shown["last_used"]?.text != nil)
            #expect(try list.json["count"]?.int == 1)
            #expect(try await api.send(.delete, "/api/keys/\(id)").status == .ok)
            #expect(try await api.get("/api/logs", bearer(key)).status == .unauthorized)
            #expect(try await api.send(.delete, "/api/keys/\(id)").status == .notFound)
        }
    }

    @Test(arguments: [
        ("", "body"), ("[]", "body"), (#"{"scopes":["read"]}"#, "name"), (#"{"name":"","scopes":["read"]}"#, "name"),
        (#"{"name":"x"}"#, "scopes"), (#"{"name":"x","scopes":[]}"#, "scopes"),
        (#"{"name":"x","scopes":["root"]}"#, "scopes"), (#"{"name":"x","scopes":"read"}"#, "scopes"),
        (#"{"name":"x","scopes":["read"],"group":"a::b"}"#, "group"),
        (#"{"name":"x","scopes":["read"],"group":"a*"}"#, "group"),
        (#"{"name":"x","scopes":["read"],"expires_in":0}"#, "expires_in"),
        (#"{"name":"x","scopes":["read"],"expires_in":1.5}"#, "expires_in"),
        (#"{"name":"x","scopes":["read"],"expires_at":"tomorrow"}"#, "expires_at"),
        (#"{"name":"x","scopes":["read"],"expires_at":"2020-01-01T00:00:00Z"}"#, "expires_at"),
        (#"{"name":"x","scopes":["read"],"rate_limit":0}"#, "rate_limit"),
        (#"{"name":"x","scopes":["read"],"expiry":"2h"}"#, "expiry"),
    ])
    func `what is wrong with a key is named, and none is made`(_ body: String, _ member: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/keys", body)
            #expect(answer.status == .unprocessableContent)
            #expect(answer.text.contains("\"\(member)\""))
            #expect(try await api.get("/api/keys").json["count"]?.int == 0)
        }
    }

    @Test(arguments: [Scope.ingest, .read])
    func `only admins make, list and revoke keys and shares`(_ scope: Scope) async throws {
        let headers = bearer(try await bed.key(scope))
        try await bed.run { api async throws in
            #expect(try await api.get("/api/keys", headers).status == .forbidden)
            #expect(try await api.post("/api/keys", "{}", headers).status == .forbidden)
            #expect(try await api.send(.delete, "/api/keys/123456789012", headers).status == .forbidden)
            #expect(try await api.post("/api/share", #"{"group":"a"}"#, headers).status == .forbidden)
            #expect(try await api.get("/api/keys", [:]).status == .unauthorized)
        }
    }

    @Test func `an ended key is refused with when it ended, also when it is remembered`() async throws {
        let key = try await bed.key(.read, expires: "2026-01-01T00:00:00Z")
        try await bed.run { api async throws in
            for _ in 0..<2 {
                let answer = try await api.get("/api/logs", bearer(key))
                #expect(answer.status == .unauthorized)
                #expect(answer.text.contains("2026-01-01T00:00:00"))
            }
        }
    }

    @Test func `an end that cannot be read has passed`() async throws {
        let key = try await bed.key(.read, expires: "soon")
        try await bed.run { api async throws in
            #expect(try await api.get("/api/logs", bearer(key)).status == .unauthorized)
        }
    }

    @Test(arguments: [
        (#"{"name":"x","scopes":["admin"],"group":"a:b"}"#, HTTPResponse.Status.ok),
        (#"{"name":"x","scopes":["read"],"group":"a:*"}"#, .ok), (#"{"name":"x","scopes":["read"],"group":"a"}"#, .ok),
        (#"{"name":"x","scopes":["read"]}"#, .forbidden), (#"{"name":"x","scopes":["read"],"group":"*"}"#, .forbidden),
        (#"{"name":"x","scopes":["read"],"group":"ab"}"#, .forbidden),
        (#"{"name":"x","scopes":["read"],"group":"b:*"}"#, .forbidden),
    ])
    func `a bound admin makes keys within its bound alone`(_ body: String, _ status: HTTPResponse.Status) async throws {
        let headers = bearer(try await bed.key(.admin, group: "a:*"))
        try await bed.run { api async throws in
            #expect(try await api.post("/api/keys", body, headers).status == status)
        }
    }

    @Test func `a bound admin sees and revokes keys within its bound alone`() async throws {
        let headers = bearer(try await bed.key(.admin, group: "a:*"))
        try await bed.run { api async throws in
            let other = try await api.post("/api/keys", #"{"name":"other","scopes":["read"],"group":"b"}"#)
            _ = try await make(api, #"{"name":"own","scopes":["read"],"group":"a:x"}"#)
            let list = try await api.get("/api/keys", headers)
            #expect(try list.json["count"]?.int == 2)
            #expect(list.text.contains("\"own\"") && !list.text.contains("\"other\""))
            let id = try #require(try other.json["id"]?.text)
            #expect(try await api.send(.delete, "/api/keys/\(id)", headers).status == .notFound)
            #expect(try await api.send(.delete, "/api/keys/\(id)").status == .ok)
        }
    }

    @Test func `what a key with an end makes ends no later`() async throws {
        let end = "2126-01-01T00:00:00Z"
        let headers = bearer(try await bed.key(.admin, expires: end))
        try await bed.run { api async throws in
            let made = try await api.post("/api/keys", #"{"name":"x","scopes":["read"]}"#, headers)
            #expect(try made.json["expires"]?.text?.hasPrefix("2126-01-01T00:00:00") == true)
        }
        let soon = bearer(try await bed.key(.admin, expires: Timestamp.text(WallClock.now() + 3_600_000_000_000)))
        try await bed.run { api async throws in
            let late = #"{"name":"x","scopes":["read"],"expires_in":48}"#
            #expect(try await api.post("/api/keys", late, soon).status == .forbidden)
        }
    }

    @Test func `a share token reads its groups until its end, and is listed and revoked as keys are`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/share", #"{"group":"a:*","hours":1}"#)
            #expect(answer.status == .ok)
            let token = try #require(try answer.json["token"]?.text)
            #expect(token.hasPrefix("kms_"))
            #expect(!bed.redis.contents.contains(token))
            let who = try await api.get("/api/session", bearer(token))
            #expect(try who.json["kind"]?.text == "share")
            #expect(try who.json["group"]?.text == "a:*")
            #expect(try who.json["scopes"] == .list([.text("read")]))
            #expect(try who.json["expires"]?.text != nil)
            #expect(try await api.get("/api/logs", bearer(token)).status == .ok)
            #expect(try await api.post("/api/logs", #"{"message":"x"}"#, bearer(token)).status == .forbidden)
            #expect(try await api.get("/metrics", bearer(token)).status == .forbidden)
            let shown = try #require(try await api.get("/api/keys").json["keys"]?[0])
            #expect(shown["kind"]?.text == "share")
            let id = try #require(shown["id"]?.text)
            #expect(try await api.send(.delete, "/api/keys/\(id)").status == .ok)
            #expect(try await api.get("/api/logs", bearer(token)).status == .unauthorized)
        }
    }

    @Test(arguments: [
        "{}", #"{"group":"a","hours":0}"#, #"{"group":"a","hours":8785}"#, #"{"group":7}"#, #"{"group":"a:"}"#,
        #"{"group":"a","scopes":["admin"]}"#,
    ])
    func `a share of another form is 422`(_ body: String) async throws {
        try await bed.run { api async throws in
            #expect(try await api.post("/api/share", body).status == .unprocessableContent)
        }
    }

    @Test func `keys that ended long ago make room, and there are no more than may be`() async throws {
        for number in 0..<HubLimits.keys {
            var record = KeyStore.Record(name: "\(number)", scopes: [.read], created: WallClock.text)
            if number == 0 { record.expires = "2020-01-01T00:00:00Z" }
            try await bed.authenticator.keys.add(SecretDigest(of: "\(number)"), record)
        }
        try await bed.run { api async throws in
            _ = try await make(api, #"{"name":"last","scopes":["read"]}"#)
            let answer = try await api.post("/api/keys", #"{"name":"one too many","scopes":["read"]}"#)
            #expect(answer.status == .conflict)
            #expect(answer.text.contains("\(HubLimits.keys)"))
            // Shares have a limit of their own.
            #expect(try await api.post("/api/share", #"{"group":"a"}"#).status == .ok)
        }
    }

    @Test func `while Redis is down keys are neither made nor listed, with 503`() async throws {
        bed.redis.isDown = true
        try await bed.run { api async throws in
            for answer in [
                try await api.get("/api/keys"), try await api.post("/api/keys", #"{"name":"x","scopes":["read"]}"#),
                try await api.send(.delete, "/api/keys/123456789012"),
            ] {
                #expect(answer.status == .serviceUnavailable)
                #expect(answer.headers.contains(.retryAfter))
            }
        }
    }

    @Test func `records of before are read`() async throws {
        let key = RandomSecret.newKey()
        let json = #"{"name":"old","scopes":["read"],"created":"2026-11-01T00:00:00Z"}"#
        _ = try await bed.redis.send(RedisCommand("HSET", KeyStore.field, SecretDigest(of: key).text, json))
        try await bed.run { api async throws in
            #expect(try await api.get("/api/logs", bearer(key)).status == .ok)
            let shown = try await api.get("/api/keys").json["keys"]?[0]
            #expect(shown?["group"] == .null)
            #expect(shown?["expires"] == .null)
        }
    }

    @Test(arguments: [
        ("a:*", "a:b", true), ("a:*", "a", true), ("a:*", "a:*", true), ("a:*", "a:b:*", true), ("a:*", "ab", false),
        ("a:*", "*", false), ("a", "a", true), ("a", "a:*", false), ("a:b", "a", false), ("*", "*", true),
        ("*", "a:*", true),
    ])
    func `a pattern covers what it means all of`(_ outer: String, _ inner: String, _ covers: Bool) {
        #expect(GroupPattern(outer).covers(GroupPattern(inner)) == covers)
        #expect(GroupPattern(outer).covers(nil) == (outer == "*"))
    }
}
