import HTTPTypes
import NIOCore
import Testing

@testable import KomfyrHub

@Suite struct HubRouterTests {
    private let bed = APITestBed()

    @Test(arguments: [
        "Bearer", "Bearer ", "Basic abc", "Bearer kmf_short", "Bearer kmf_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
    ])
    func `a key that is none is 401`(_ authorization: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/stats", [.authorization: authorization])
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.wwwAuthenticate] == "Bearer")
            #expect(try answer.json["detail"]?.text != nil)
        }
    }

    @Test func `a key may have several scopes, and the scheme any case`() async throws {
        let key = try await bed.key(.ingest, .read)
        try await bed.run { api async throws in
            let headers: HTTPFields = [.authorization: "bearer \(key)"]
            #expect(try await api.get("/api/stats", headers).status == .ok)
            #expect(try await api.post("/api/logs", #"{"message":"1"}"#, headers).status == .ok)
        }
    }

    @Test func `while Redis is away an unknown key is 503, a known one and the admin's go on`() async throws {
        let known = try await bed.key(.read)
        let unknown = try await bed.key(.read)
        try await bed.run { api async throws in
            #expect(try await api.get("/api/stats", [.authorization: "Bearer \(known)"]).status == .ok)
            bed.redis.isDown = true
            #expect(try await api.get("/api/stats", [.authorization: "Bearer \(known)"]).status == .ok)
            #expect(try await api.get("/api/stats").status == .ok)
            let answer = try await api.get("/api/stats", [.authorization: "Bearer \(unknown)"])
            #expect(answer.status == .serviceUnavailable)
            #expect(answer.headers.contains(.retryAfter))
        }
    }

    @Test func `Redis is asked once for a key, not for each request`() async throws {
        let key = try await bed.key(.read)
        let before = bed.redis.asked
        try await bed.run { api async throws in
            for _ in 0..<50 { _ = try await api.get("/api/stats", [.authorization: "Bearer \(key)"]) }
        }
        // Once whose it is, and once to note that it is used.
        #expect(bed.redis.asked == before + 2)
    }

    @Test func `a path that is none is 404 and a wrong method 405 with those that are known`() async throws {
        try await bed.run { api async throws in
            for path in ["/api/nothing", "/nothing", "/api/logs/a/b", "/../etc/passwd", "/%2e%2e/etc/passwd"] {
                let answer = try await api.get(path)
                #expect(answer.status == .notFound, "\(path)")
                #expect(try answer.json["detail"]?.text != nil)
            }
            let answer = try await api.send(.patch, "/api/logs")
            #expect(answer.status == .methodNotAllowed)
            #expect(answer.headers[.allow] == "GET, POST")
            #expect(try answer.json["detail"]?.text?.contains("PATCH") == true)
        }
    }

    @Test func `HEAD is GET without a body`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.send(.head, "/api/stats")
            #expect(answer.status == .ok)
            #expect(answer.body.readableBytes == 0)
            #expect(answer.headers[.contentType] == "application/json")
        }
    }

    @Test func `an address that is too long is 414`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/logs?group=" + String(repeating: "a", count: HubLimits.addressBytes))
            #expect(answer.status == .uriTooLong)
            #expect(answer.text.contains(String(HubLimits.addressBytes)))
        }
    }

    @Test func `health needs no key and is 503 while nothing can be stored`() async throws {
        try await bed.run { api async throws in
            let healthy = try await api.get("/api/health", [:])
            #expect(healthy.status == .ok)
            #expect(
                try healthy.json
                    == .object(["status": .text("healthy"), "service": .text("Komfyrvakt"), "redis": .text("up")])
            )
            bed.store.failure = .redisUnavailable("gone")
            let sick = try await api.get("/api/health", [:])
            #expect(sick.status == .serviceUnavailable)
            #expect(sick.headers.contains(.retryAfter))
            #expect(try sick.json["redis"] == .text("down"))
            #expect(try sick.json["detail"]?.text?.contains("Redis cannot be reached") == true)
            #expect(!sick.text.contains("redis.sock"))
        }
    }

    @Test func `the API tells its name and version`() async throws {
        try await bed.run { api async throws in
            let json = try await api.get("/api", [:]).json
            #expect(json == .object(["name": .text("Komfyrvakt"), "version": .text(HubVersion.text)]))
        }
    }
}
