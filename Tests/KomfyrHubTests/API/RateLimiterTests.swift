import HTTPTypes
import Testing

@testable import KomfyrHub

@Suite struct RateLimiterTests {
    private func key(_ limit: Int?) -> Caller.Key {
        Caller.Key(digest: SecretDigest(of: "key"), isShare: false, end: nil, rateLimit: limit)
    }

    private func allowed(_ limiter: RateLimiter, _ key: Caller.Key, isIngest: Bool = false, at now: Int64) -> Int {
        var count = 0
        while count < 100_000 {
            do throws(APIError) { try limiter.take(key, isIngest: isIngest, now: now) } catch { break }
            count += 1
        }
        return count
    }

    @Test func `a bucket is spent at once and fills with time, and no further than it is large`() {
        let limiter = RateLimiter()
        let second: Int64 = 1_000_000_000
        #expect(allowed(limiter, key(600), at: 0) == 40)
        #expect(allowed(limiter, key(600), at: second) == 10)
        #expect(allowed(limiter, key(600), at: 1_000 * second) == 40)
        // A clock that goes back neither locks out nor gives more than a bucket.
        #expect(allowed(limiter, key(600), at: 10 * second) <= 40)
    }

    @Test func `a slow limit lets one through at a time`() {
        let limiter = RateLimiter()
        let second: Int64 = 1_000_000_000
        #expect(allowed(limiter, key(1), at: 0) == 1)
        #expect(allowed(limiter, key(1), at: 59 * second) == 0)
        #expect(allowed(limiter, key(1), at: 61 * second) == 1)
    }

    @Test func `ingest is bound only where the key's record says so`() {
        let limiter = RateLimiter()
        #expect(allowed(limiter, key(nil), isIngest: true, at: 0) == 100_000)
        #expect(allowed(limiter, key(60), isIngest: true, at: 0) == 4)
        #expect(allowed(RateLimiter(), key(nil), at: 0) == 200)
    }

    @Test func `too many requests are 429 that names the limit and the wait, for that key alone`() async throws {
        let bed = APITestBed()
        let slow: HTTPFields = [.authorization: "Bearer \(try await bed.key(.read, rateLimit: 1))"]
        let other: HTTPFields = [.authorization: "Bearer \(try await bed.key(.read, rateLimit: 60))"]
        try await bed.run { api async throws in
            #expect(try await api.get("/api/logs", slow).status == .ok)
            let answer = try await api.get("/api/groups", slow)
            #expect(answer.status == .tooManyRequests)
            #expect(answer.text.contains("1 requests a minute"))
            let wait = try #require(answer.headers[.retryAfter].flatMap { Int($0) })
            #expect((1...60).contains(wait))
            #expect(answer.headers[.rateLimitPolicy] == "\"key\";q=1;w=60")
            #expect(answer.headers[.rateLimit]?.hasPrefix("\"key\";r=0;t=") == true)
            #expect(try await api.get("/api/logs", other).status == .ok)
            for _ in 0..<300 { #expect(try await api.get("/api").status == .ok) }
            for _ in 0..<300 { #expect(try await api.get("/api/groups").status == .ok) }
            let metrics = try await api.get("/metrics").text
            #expect(metrics.contains("komfyrvakt_rate_limited_requests_total 1\n"))
        }
    }
}
