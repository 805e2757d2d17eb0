import HTTPTypes
import NIOCore
import Testing

@testable import KomfyrHub

@Suite struct SessionRouteTests {
    private let bed = APITestBed()

    private func cookie(_ answer: APIClient.Answer) throws -> String {
        let header = try #require(answer.headers[.setCookie])
        return String(header.prefix { $0 != ";" })
    }

    private func logIn(_ api: APIClient) async throws -> String {
        try cookie(try await api.post("/api/session", #"{"key":"\#(APITestBed.adminKey)"}"#, [:]))
    }

    @Test func `a login link's code opens a session once`() async throws {
        let code = try await bed.authenticator.sessions.newCode(for: bed.authenticator.environmentKey)
        try await bed.run { api async throws in
            let answer = try await api.post("/api/session", #"{"code":"\#(code)"}"#, [:])
            #expect(answer.status == .ok)
            let header = try #require(answer.headers[.setCookie])
            for part in ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=604800"] { #expect(header.contains(part)) }
            #expect(!header.contains("Secure"))
            let who = try await api.get("/api/session", [.cookie: "other=1; " + (try cookie(answer))])
            #expect(who.status == .ok)
            #expect(try who.json["kind"] == .text("session"))
            #expect(try who.json["scopes"] == .list([.text("admin")]))
            #expect(try await api.post("/api/session", #"{"code":"\#(code)"}"#, [:]).status == .unauthorized)
        }
    }

    @Test func `neither key, code nor session id is stored or shown`() async throws {
        let code = try await bed.authenticator.sessions.newCode(for: bed.authenticator.environmentKey)
        try await bed.run { api async throws in
            let answer = try await api.post("/api/session", #"{"key":"\#(APITestBed.adminKey)"}"#, [:])
            let id = try cookie(answer).split(separator: "=")[1]
            #expect(!answer.text.contains(APITestBed.adminKey))
            for secret in [APITestBed.adminKey, code, String(id)] { #expect(!bed.redis.contents.contains(secret)) }
        }
    }

    @Test func `a session ends with log out`() async throws {
        try await bed.run { api async throws in
            let cookie = try await logIn(api)
            let headers: HTTPFields = [.cookie: cookie, .origin: "http://localhost"]
            #expect(try await api.get("/api/stats", headers).status == .ok)
            let answer = try await api.send(.delete, "/api/session", headers)
            #expect(answer.status == .ok)
            #expect(answer.headers[.setCookie]?.contains("Max-Age=0") == true)
            #expect(try await api.get("/api/stats", headers).status == .unauthorized)
        }
    }

    @Test func `a session ends with its key`() async throws {
        let key = try await bed.key(.read)
        try await bed.run { api async throws in
            let answer = try await api.post("/api/session", #"{"key":"\#(key)"}"#, [:])
            #expect(try answer.json["scopes"] == .list([.text("read")]))
            try await bed.authenticator.keys.remove(SecretDigest(of: key).text)
            // A fresh hub remembers nothing of before.
            let fresh = Authenticator(environmentKey: APITestBed.adminKey, redis: bed.redis)
            let id = try #require(SessionCookie.id(in: [.cookie: try cookie(answer)]))
            #expect(try await fresh.sessions.session(SecretDigest(of: id), now: 0) != nil)
            await #expect(throws: APIError.self) { try await fresh.caller(digest: SecretDigest(of: key)) }
        }
    }

    @Test(arguments: [
        (nil, HTTPResponse.Status.forbidden), ("http://evil.example", .forbidden), ("null", .forbidden),
        ("http://localhost.evil.example", .forbidden), ("http://localhost:81", .forbidden), ("http://localhost", .ok),
        ("https://localhost", .ok), ("http://LOCALHOST", .ok),
    ])
    func `with a cookie, what changes state needs the hub's own origin`(
        _ origin: String?,
        _ status: HTTPResponse.Status
    ) async throws {
        try await bed.run { api async throws in
            var headers: HTTPFields = [.cookie: try await logIn(api)]
            headers[.origin] = origin
            #expect(try await api.get("/api/stats", headers).status == .ok)
            #expect(try await api.post("/api/logs", #"{"message":"1"}"#, headers).status == status)
        }
    }

    @Test func `another site cannot log a visitor in`() async throws {
        try await bed.run { api async throws in
            let headers: HTTPFields = [.origin: "http://evil.example"]
            let answer = try await api.post("/api/session", #"{"key":"\#(APITestBed.adminKey)"}"#, headers)
            #expect(answer.status == .forbidden)
            #expect(!answer.headers.contains(.setCookie))
        }
    }

    @Test func `behind TLS the cookie goes through TLS only`() async throws {
        try await bed.run { api async throws in
            let headers: HTTPFields = [.origin: "https://localhost"]
            let answer = try await api.post("/api/session", #"{"key":"\#(APITestBed.adminKey)"}"#, headers)
            #expect(answer.headers[.setCookie]?.hasSuffix("; Secure") == true)
        }
    }

    @Test(arguments: ["", "{}", "[]", #"{"code":"a","key":"b"}"#, #"{"code":1}"#])
    func `a login of another form is 422`(_ body: String) async throws {
        try await bed.run { api async throws in
            #expect(try await api.post("/api/session", body, [:]).status == .unprocessableContent)
        }
    }

    @Test func `guessing is stopped with 429, and right logins do not count`() async throws {
        try await bed.run { api async throws in
            for _ in 0..<30 { _ = try await logIn(api) }
            var statuses: [HTTPResponse.Status] = []
            for _ in 0..<HubLimits.failedLoginsPerAddress * 3 {
                let answer = try await api.post("/api/session", #"{"code":"\#(RandomSecret.text())"}"#, [:])
                statuses.append(answer.status)
                if answer.status == .tooManyRequests { #expect(answer.headers.contains(.retryAfter)) }
            }
            // The minute may change once on the way.
            #expect(statuses.count { $0 == .unauthorized } <= HubLimits.failedLoginsPerAddress * 2)
            #expect(statuses.contains(.tooManyRequests))
        }
    }

    @Test func `failed logins are counted by address and over all`() throws {
        let limiter = LoginLimiter()
        let peers = try (0..<20).map { try SocketAddress(ipAddress: "192.0.2.\($0)", port: 1) }
        for _ in 0..<HubLimits.failedLoginsPerAddress { try limiter.attempt(from: peers[0], now: 0) }
        #expect(throws: APIError.self) { try limiter.attempt(from: peers[0], now: 0) }
        try limiter.attempt(from: peers[1], now: 0)
        try limiter.attempt(from: peers[0], now: 60)
        let others = peers.dropFirst().flatMap { Array(repeating: $0, count: HubLimits.failedLoginsPerAddress) }
        #expect(throws: APIError.self) { for peer in others { try limiter.attempt(from: peer, now: 61) } }
    }

    @Test func `addresses of one IPv6 network count as one`() throws {
        let limiter = LoginLimiter()
        for host in 1...HubLimits.failedLoginsPerAddress {
            try limiter.attempt(from: try SocketAddress(ipAddress: "2001:db8::\(host)", port: 1), now: 0)
        }
        #expect(throws: APIError.self) {
            try limiter.attempt(from: try SocketAddress(ipAddress: "2001:db8::ffff", port: 1), now: 0)
        }
        try limiter.attempt(from: try SocketAddress(ipAddress: "2001:db8:0:1::1", port: 1), now: 0)
    }

    @Test func `a used session is prolonged, one that was closed is not`() async throws {
        let sessions = bed.authenticator.sessions
        let digest = SecretDigest(of: "a session")
        let key = bed.authenticator.environmentKey
        try await sessions.open(digest, .init(key: key, end: 100, isSecure: false), now: 0)
        try await sessions.touch(digest, .init(key: key, end: 200, isSecure: false))
        #expect(try await sessions.session(digest, now: 150)?.end == 200)
        #expect(try await sessions.session(digest, now: 200) == nil)
        try await sessions.close(digest)
        try await sessions.touch(digest, .init(key: key, end: 300, isSecure: false))
        #expect(try await sessions.session(digest, now: 0) == nil)
    }
}
