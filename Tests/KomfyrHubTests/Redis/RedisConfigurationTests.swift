import EventLoop
import Testing

@testable import KomfyrHub

@Suite struct RedisConfigurationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var environment: [String: String]
        var address: RedisConfiguration.Address
        var username: String?
        var password: String?
        var database = 0
        var testDescription: String { "\(environment)" }
    }

    @Test(arguments: [
        Case(environment: ["REDIS_HOST": "redis"], address: .tcp(host: "redis", port: 6_379)),
        Case(
            environment: ["REDIS_HOST": "::1", "REDIS_PORT": "7000", "REDIS_DB": "2", "REDIS_URL": ""],
            address: .tcp(host: "::1", port: 7_000),
            database: 2
        ),
        Case(environment: ["REDIS_HOST": "[::1]"], address: .tcp(host: "::1", port: 6_379)),
        Case(
            environment: ["REDIS_HOST": "h", "REDIS_USERNAME": "u", "REDIS_PASSWORD": "p@:/"],
            address: .tcp(host: "h", port: 6_379),
            username: "u",
            password: "p@:/"
        ),
        Case(environment: ["REDIS_URL": "redis://localhost"], address: .tcp(host: "localhost", port: 6_379)),
        Case(environment: ["REDIS_URL": "REDIS://h:1/"], address: .tcp(host: "h", port: 1)),
        Case(
            environment: ["REDIS_URL": "redis://:pa%40ss@h:7000/3"],
            address: .tcp(host: "h", port: 7_000),
            password: "pa@ss",
            database: 3
        ),
        Case(
            environment: ["REDIS_URL": "redis://user:p@ss@[fe80::1]:7000?db=4"],
            address: .tcp(host: "fe80::1", port: 7_000),
            username: "user",
            password: "p@ss",
            database: 4
        ),
        Case(
            environment: ["REDIS_URL": "redis://user@h", "REDIS_PASSWORD": "x"],
            address: .tcp(host: "h", port: 6_379),
            username: "user",
            password: "x"
        ),
        Case(environment: ["REDIS_URL": "unix:///run/redis.sock"], address: .unix("/run/redis.sock")),
        Case(
            environment: ["REDIS_URL": "unix://u:p@/run/re%20dis.sock?db=1"],
            address: .unix("/run/re dis.sock"),
            username: "u",
            password: "p",
            database: 1
        ),
    ])
    func `the environment says where Redis is`(_ example: Case) throws {
        let expected = RedisConfiguration(
            address: example.address,
            username: example.username,
            password: example.password.map { Secret($0) },
            database: example.database
        )
        #expect(try RedisConfiguration.from(example.environment) == expected)
    }

    @Test func `a rediss URL asks for TLS, with files from the query or the environment`() throws {
        let plain = try #require(try RedisConfiguration.from(["REDIS_URL": "rediss://:p@redis.example/3"]))
        #expect(plain.address == .tcp(host: "redis.example", port: 6_379))
        #expect(plain.database == 3)
        #expect(plain.tls == TLSContext.Client(authoritySetting: "REDIS_CA_FILE"))
        let files = TLSContext.Client(
            authorityFile: "/a b/ca.pem",
            identity: TLSContext.Identity(certificateFile: "/c.pem", keyFile: "/k.pem"),
            authoritySetting: "REDIS_CA_FILE"
        )
        let url = "rediss://h:6380?ca=/a%20b/ca.pem&cert=/c.pem&key=/k.pem&db=2"
        #expect(try RedisConfiguration.from(["REDIS_URL": url])?.tls == files)
        let environment = [
            "REDIS_URL": "rediss://h", "REDIS_CA_FILE": "/a b/ca.pem", "REDIS_CERT_FILE": "/c.pem",
            "REDIS_KEY_FILE": "/k.pem",
        ]
        #expect(try RedisConfiguration.from(environment)?.tls == files)
    }

    @Test(arguments: [[:], ["REDIS_HOST": "", "REDIS_URL": "", "REDIS_PORT": ""], ["PORT": "1"]])
    func `without a host or a URL the hub runs its own`(_ environment: [String: String]) throws {
        #expect(try RedisConfiguration.from(environment) == nil)
    }

    @Test(arguments: [
        (["REDIS_HOST": "h", "REDIS_PORT": "0"], "REDIS_PORT"),
        (["REDIS_HOST": "h", "REDIS_PORT": "65536"], "REDIS_PORT"),
        (["REDIS_HOST": "h", "REDIS_PORT": "+1"], "REDIS_PORT"),
        (["REDIS_HOST": "h", "REDIS_PORT": "tcp://10.0.0.1:6379"], "REDIS_PORT"),
        (["REDIS_HOST": "h", "REDIS_DB": "-1"], "REDIS_DB"),
        (["REDIS_HOST": "h", "REDIS_DB": "one"], "REDIS_DB"),
        (["REDIS_HOST": "redis://h"], "REDIS_HOST"),
        (["REDIS_HOST": "h", "REDIS_URL": "redis://h"], "REDIS_HOST"),
        (["REDIS_URL": "redis://h", "REDIS_PORT": "1"], "REDIS_PORT"),
        (["REDIS_PORT": "6379"], "REDIS_PORT"),
        (["REDIS_PASSWORD": "hunter2"], "REDIS_PASSWORD"),
        (["REDIS_HOST": "h", "REDIS_USERNAME": "u"], "REDIS_PASSWORD"),
        (["REDIS_URL": "redis://:hunter2@h", "REDIS_PASSWORD": "hunter2"], "REDIS_PASSWORD"),
        (["REDIS_URL": "redis://u:hunter2@h", "REDIS_USERNAME": "u"], "REDIS_USERNAME"),
        (["REDIS_URL": "redis://h/1", "REDIS_DB": "2"], "REDIS_DB"),
        (["REDIS_URL": "h:6379"], "REDIS_URL"),
        (["REDIS_URL": "http://:hunter2@h"], "REDIS_URL"),
        (["REDIS_URL": "redis://:hunter2@h?ca=/ca.pem"], "REDIS_URL"),
        (["REDIS_URL": "redis://:hunter2@h", "REDIS_CA_FILE": "/ca.pem"], "REDIS_CA_FILE"),
        (["REDIS_HOST": "h", "REDIS_CERT_FILE": "/c.pem"], "REDIS_CERT_FILE"),
        (["REDIS_CA_FILE": "/ca.pem"], "REDIS_CA_FILE"),
        (["REDIS_URL": "rediss://:hunter2@h?ca=/ca.pem", "REDIS_CA_FILE": "/ca.pem"], "REDIS_CA_FILE"),
        (["REDIS_URL": "rediss://:hunter2@h?cert=/c.pem"], "REDIS_KEY_FILE"),
        (["REDIS_URL": "rediss://h", "REDIS_KEY_FILE": "/k.pem"], "REDIS_CERT_FILE"),
        (["REDIS_URL": "rediss://h?tls=1"], "REDIS_URL"),
        (["REDIS_URL": "redis://"], "REDIS_URL"),
        (["REDIS_URL": "redis://:hunter2@:6379"], "REDIS_URL"),
        (["REDIS_URL": "redis://h:port"], "REDIS_URL"),
        (["REDIS_URL": "redis://h:"], "REDIS_URL"),
        (["REDIS_URL": "redis://[::1"], "REDIS_URL"),
        (["REDIS_URL": "redis://[::1]x"], "REDIS_URL"),
        (["REDIS_URL": "redis://::1"], "REDIS_URL"),
        (["REDIS_URL": "redis://h/one"], "REDIS_URL"),
        (["REDIS_URL": "redis://h?timeout=1"], "REDIS_URL"),
        (["REDIS_URL": "redis://:hunter2%4@h"], "REDIS_URL"),
        (["REDIS_URL": "redis://:hunter2%ff@h"], "REDIS_URL"),
        (["REDIS_URL": "redis://:hunter2%+1@h"], "REDIS_URL"),
        (["REDIS_URL": "unix://relative.sock"], "REDIS_URL"),
        (["REDIS_URL": "unix://relative/redis.sock"], "REDIS_URL"),
        (["REDIS_URL": "unix:///" + String(repeating: "x", count: 107)], "REDIS_URL"),
    ])
    func `an error names the variable and shows no password`(
        _ environment: [String: String],
        _ variable: String
    ) throws {
        let error = try #require(throws: RedisConfigurationError.self) { try RedisConfiguration.from(environment) }
        #expect(error.variable == variable)
        #expect(error.description.hasPrefix(variable))
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test func `a password is in no description`() throws {
        let configuration = try #require(try RedisConfiguration.from(["REDIS_URL": "redis://u:hunter2@h"]))
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("hunter2"))
        }
    }

    @Test(arguments: [
        ("redis_version:7.0.15\r\n", Optional("noeviction"), String?.none),
        ("redis_version:6.2.0\r\n", "noeviction", nil),
        ("redis_version:8.0\r\n", "noeviction", nil),
        ("redis_version:6.0.16\r\n", "noeviction", "6.2"),
        ("redis_version:5.0.3\r\n", "noeviction", "6.2"),
        ("", "noeviction", "version"),
        ("redis_version:7.0.15\r\n", "allkeys-lru", "noeviction"),
        ("redis_version:7.0.15\r\n", nil, "noeviction"),
        ("redis_version:7.0.15\r\nrole:slave\r\n", "noeviction", "replica"),
        ("redis_version:7.0.15\r\ncluster_enabled:1\r\n", "noeviction", "cluster"),
    ])
    func `a Redis that would lose logs is refused with what to do`(
        _ info: String,
        _ policy: String?,
        _ words: String?
    ) throws {
        let check = { try RedisRequirements.check(RedisInfo(Array(info.utf8)), policy: policy, place: "Redis at h") }
        if let words {
            let refusal = try #require(throws: RedisRequirements.Refusal.self) { try check() }
            #expect(refusal.description.contains(words))
        } else {
            try check()
        }
    }

    @Test func `a real Redis that evicts is refused, and taken once it does not`() async throws {
        try await withRedis(["--maxmemory", "50mb"]) { _, client in
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"))
            await #expect(throws: RedisRequirements.Refusal.self) {
                try await RedisRequirements.check(client, logger: .silent)
            }
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory-policy", "noeviction"))
            let found = try await RedisRequirements.check(client, logger: .silent)
            #expect(found.memoryLimit == 50 << 20)
            #expect(found.version.split(separator: ".").count >= 2)
        }
    }
}
