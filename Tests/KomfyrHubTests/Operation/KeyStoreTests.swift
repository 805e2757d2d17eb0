import EventLoop
import Protocol
import Testing

@testable import KomfyrHub

/// Keys and sessions in a real Redis.
@Suite struct KeyStoreTests {
    private func withRedis(_ test: (RedisClient) async throws -> Void) async throws {
        let redis = try PrivateRedisForTests()
        let client = RedisClient(redis.configuration, logger: .silent)
        client.start()
        do {
            try await client.waitUntilConnected(withinMs: 60_000)
            try await test(client)
        } catch {
            await client.stop()
            throw error
        }
        await client.stop()
    }

    @Test func `keys are stored as digests, found, listed by name and revoked`() async throws {
        try await withRedis { client in
            let store = KeyStore(redis: client)
            let keys = (0..<3).map { _ in RandomSecret.newKey() }
            for (name, key) in zip(["c \"quoted\"", "a", "b"], keys) {
                let record = KeyStore.Record(name: name, scopes: [.ingest, .read], created: WallClock.text)
                try await store.add(SecretDigest(of: key), record)
            }
            #expect(try await store.all().map(\.record.name) == ["a", "b", "c \"quoted\""])
            let found = try #require(try await store.record(SecretDigest(of: keys[0])))
            #expect(found.name == "c \"quoted\"")
            #expect(found.scopes == [.ingest, .read])
            try await store.remove(SecretDigest(of: keys[0]).text)
            #expect(try await store.record(SecretDigest(of: keys[0])) == nil)
            let everything = try await client.fields(of: KeyStore.field)
            for (field, value) in everything {
                #expect(!keys.contains(field))
                #expect(!String(decoding: value, as: UTF8.self).contains("kmf_"))
            }
        }
    }

    @Test func `a key's bound, end, rate and last use are stored, and go with it`() async throws {
        try await withRedis { client in
            let store = KeyStore(redis: client)
            let digest = SecretDigest(of: "key")
            var record = KeyStore.Record(name: "x", scopes: [.read], created: WallClock.text, kind: .share)
            record.group = "a \"b\":*"
            record.expires = "2026-11-23T05:00:00Z"
            record.rateLimit = 7
            try await store.add(digest, record)
            #expect(try await store.record(digest) == record)
            try await store.noteUse(digest, now: 1_000)
            #expect(try await store.uses() == [digest.text: 1_000])
            let end = try #require(record.end)
            #expect(try await store.removeEnded(try await store.all(), now: end - 1).count == 1)
            #expect(try await store.removeEnded(try await store.all(), now: end).isEmpty)
            #expect(try await store.uses().isEmpty)
        }
    }

    @Test func `the agents of a hub are known to the next one on the same Redis`() async throws {
        try await withRedis { client in
            let now = WallClock.now()
            let told = try AgentRegistry.heartbeat(Array(#"{"version":"1","host":"gw \"1\"","rate":0.5}"#.utf8)).told
            let agent = AgentRegistry.Agent(
                id: "gw",
                received: now,
                interval: 30,
                keyID: "0123456789ab",
                keyName: "k",
                bound: .tree("a"),
                told: told
            )
            #expect(await AgentRegistry(redis: client, retentionHours: 1).note(agent) == .taken)
            let found = try #require(await AgentRegistry(redis: client, retentionHours: 1).agents(bound: nil).first)
            #expect(found.told == told)
            #expect(found.bound == .tree("a"))
            #expect(found.received == now && found.keyID == "0123456789ab" && found.keyName == "k")
        }
    }

    @Test func `a code is taken once and does not live for ever`() async throws {
        try await withRedis { client in
            let sessions = SessionStore(redis: client)
            let key = SecretDigest(of: "key")
            let code = try await sessions.newCode(for: key)
            let name = "kmf:login:" + SecretDigest(of: code).text
            guard case .integer(let seconds) = try await client.send(RedisCommand("TTL", name)) else {
                Issue.record("no TTL")
                return
            }
            #expect((1...Int64(HubLimits.loginCodeSeconds)).contains(seconds))
            #expect(try await sessions.take(code: code) == key)
            #expect(try await sessions.take(code: code) == nil)
            #expect(try await sessions.take(code: "nonsense") == nil)
        }
    }

    @Test func `sessions are bounded, those that end first go`() async throws {
        try await withRedis { client in
            let sessions = SessionStore(redis: client)
            let key = SecretDigest(of: "key")
            for number in 0..<HubLimits.sessions {
                let session = SessionStore.Session(key: key, end: Int64(1_000 + number), isSecure: false)
                try await client.send(
                    RedisCommand("HSET", SessionStore.field, SecretDigest(of: "\(number)").text, session.text)
                )
                .expectInteger()
            }
            try await sessions.open(SecretDigest(of: "new"), .init(key: key, end: 9_000, isSecure: true), now: 1_010)
            #expect(try await client.fields(of: SessionStore.field).count == HubLimits.sessions - 10)
            #expect(try await sessions.session(SecretDigest(of: "new"), now: 1_010)?.isSecure == true)
            #expect(try await sessions.session(SecretDigest(of: "11"), now: 1_010)?.end == 1_011)
            #expect(try await sessions.session(SecretDigest(of: "10"), now: 0) == nil)
            try await sessions.touch(SecretDigest(of: "11"), .init(key: key, end: 5_000, isSecure: false))
            try await sessions.touch(SecretDigest(of: "10"), .init(key: key, end: 5_000, isSecure: false))
            #expect(try await sessions.session(SecretDigest(of: "11"), now: 0)?.end == 5_000)
            #expect(try await sessions.session(SecretDigest(of: "10"), now: 0) == nil)
        }
    }
}

extension RedisValue {
    fileprivate func expectInteger() {
        if case .integer = self { return }
        Issue.record("\(self) is no integer")
    }
}
