import EventLoop
import Glibc
import Testing

import class TestSupport.Certificates
import enum TestSupport.Network

@testable import KomfyrHub

/// `rediss://` against a real redis-server that speaks TLS.
@Suite struct RedisTLSTests {
    /// A Redis with a TLS port, and the settings that reach it but for its certificate's authority.
    private final class Server {
        let redis: PrivateRedisForTests
        let port: UInt16
        let certificates: Certificates

        init(_ arguments: [String] = [], asksForCertificates: Bool = false) async throws {
            certificates = try await Certificates()
            let own = try await certificates.issue("redis")
            port = try Network.freePort()
            redis = try PrivateRedisForTests(
                [
                    "--tls-port", "\(port)", "--tls-cert-file", own.certificate, "--tls-key-file", own.key,
                    "--tls-ca-cert-file", certificates.authority,
                    "--tls-auth-clients", asksForCertificates ? "yes" : "no",
                ] + arguments
            )
        }

        func settings(_ environment: [String: String] = [:], url: String? = nil) throws -> RedisConfiguration {
            var environment = environment
            environment["REDIS_URL"] = url ?? "rediss://localhost:\(port)"
            if environment["REDIS_CA_FILE"] == nil { environment["REDIS_CA_FILE"] = certificates.authority }
            if environment["REDIS_CA_FILE"] == "" { environment["REDIS_CA_FILE"] = nil }
            return try #require(try RedisConfiguration.from(environment))
        }
    }

    /// Why there is no connection.
    private func trouble(_ configuration: RedisConfiguration) async throws -> String {
        let client = RedisClient(configuration, logger: .silent)
        client.start()
        let error = await #expect(throws: RedisError.self) { try await client.waitUntilConnected(withinMs: 5_000) }
        await client.stop()
        return "\(error.map { "\($0)" } ?? "")"
    }

    @Test func `password, user, database and TLS go together, and large values come back whole`() async throws {
        let server = try await Server([
            "--requirepass", "s3cret", "--user", "hub", "on", ">hub@pass", "~*", "&*", "+@all",
        ])
        let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        for url in [
            "rediss://:s3cret@localhost:\(server.port)/3", "rediss://hub:hub%40pass@127.0.0.1:\(server.port)/3",
        ] {
            try await withClient(try server.settings(url: url)) { client in
                guard case .string(let text) = try await client.send(RedisCommand("CLIENT", "INFO")) else { return }
                #expect(String(decoding: text, as: UTF8.self).contains(" db=3 "))
                let key = Array("large".utf8)
                _ = try await client.send(RedisCommand([Array("SET".utf8), key, large]))
                #expect(try await client.send(RedisCommand("GET", "large")) == .string(large))
                // It comes back by itself, TLS and all.
                let number = client.connectionNumber
                _ = try? await client.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"))
                try await eventually("it is back") { client.connectionNumber > number && client.trouble == nil }
            }
        }
    }

    @Test func `a Redis that asks for a client certificate gets it, and without one it is said which is missing`()
        async throws
    {
        let server = try await Server(asksForCertificates: true)
        let own = try await server.certificates.issue("hub")
        try await withClient(
            try server.settings(["REDIS_CERT_FILE": own.certificate, "REDIS_KEY_FILE": own.key])
        ) { client in
            let answer = try await client.send(RedisCommand("PING"))
            #expect(answer == .status("PONG"))
        }
        let words = try await trouble(try server.settings())
        #expect(words.contains("client certificate"), "\(words)")
    }

    @Test func `what is wrong with the certificate or the port is said, and no password`() async throws {
        let server = try await Server(["--requirepass", "s3cret"])
        let url = "rediss://:s3cret@localhost:\(server.port)"
        let unknown = try await trouble(
            try server.settings(["REDIS_CA_FILE": server.certificates.stranger], url: url)
        )
        #expect(unknown.contains("not trusted") && unknown.contains("set REDIS_CA_FILE"), "\(unknown)")
        let byName = "rediss://:s3cret@localhost.localdomain:\(server.port)"
        var elsewhere = try server.settings(url: byName)
        elsewhere.address = .tcp(host: "127.0.0.2", port: server.port)
        let otherName = try await trouble(elsewhere)
        #expect(otherName.contains("is for localhost, 127.0.0.1, not for 127.0.0.2"), "\(otherName)")
        let missing = try await trouble(try server.settings(["REDIS_CA_FILE": "/nowhere/ca.pem"], url: url))
        #expect(missing.contains("/nowhere/ca.pem") && missing.contains("no such file"), "\(missing)")
        let plainPort = try Network.freePort()
        let plain = try PrivateRedisForTests(["--port", "\(plainPort)", "--requirepass", "s3cret"])
        defer { plain.kill() }
        let noTLS = try await trouble(try server.settings(url: "rediss://:s3cret@localhost:\(plainPort)"))
        #expect(noTLS.contains("speak TLS"), "\(noTLS)")
        for words in [unknown, otherName, missing, noTLS] { #expect(!words.contains("s3cret")) }
    }

    @Test func `a store works over TLS`() async throws {
        let server = try await Server(["--requirepass", "s3cret"])
        let folder = try TemporaryFolder()
        let settings = try server.settings(url: "rediss://:s3cret@localhost:\(server.port)/2")
        let store = try await StoreForTests(settings, folder: folder.path)
        let now = WallClock.now()
        _ = try await store.append(try request([TestLog(message: "over TLS", timestamp: now)], arrival: now))
        await store.store.seal()
        let page = try await store.store.page(LogQuery())
        #expect(page.logs.map(\.text) == ["over TLS"])
        await store.kill()
    }
}
