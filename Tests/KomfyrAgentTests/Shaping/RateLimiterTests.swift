import TestSupport
import Testing

@testable import KomfyrAgent

struct RateLimiterTests {
    private static func source(_ number: Int) -> RateLimiter.Source {
        RateLimiter.Source(high: 0, low: 0xFFFF_0000_0000 | UInt64(number))
    }

    private static func taken(_ limiter: inout RateLimiter, _ count: Int, from number: Int = 1, at ms: UInt64) -> Int {
        (0..<count).count { _ in limiter.ask(source(number), nowMs: ms) == .taken }
    }

    private static func accounts(_ limiter: inout RateLimiter, at ms: UInt64) -> [RateLimiter.Account] {
        var accounts: [RateLimiter.Account] = []
        limiter.takeHeldBack(nowMs: ms) { accounts.append($0) }
        return accounts
    }

    @Test func `a burst is taken, then as many as the time brings`() {
        var limiter = RateLimiter(RateLimit(count: 1_000, period: .second, burst: 5_000))
        #expect(Self.taken(&limiter, 6_000, at: 50) == 5_000)
        #expect(Self.taken(&limiter, 10, at: 50) == 0)
        #expect(Self.taken(&limiter, 10, at: 51) == 1)
        #expect(Self.taken(&limiter, 1_000, at: 551) == 500)
        // However long the silence, no more than the burst.
        #expect(Self.taken(&limiter, 10_000, at: .max / 2) == 5_000)
        let accounts = Self.accounts(&limiter, at: .max / 2)
        let heldBack: [UInt64] = accounts.map(\.heldBack)
        #expect(heldBack == [6_519])
        #expect(Self.accounts(&limiter, at: .max / 2).isEmpty)
    }

    @Test(arguments: [(RateLimit.Period.minute, UInt64(60_000)), (.hour, 3_600_000)])
    func `a rate of minutes or hours gives one back in its part of them`(period: RateLimit.Period, ms: UInt64) {
        var limiter = RateLimiter(RateLimit(count: 60, period: period, burst: 60))
        #expect(Self.taken(&limiter, 100, at: 0) == 60)
        #expect(Self.taken(&limiter, 1, at: ms / 60 - 1) == 0)
        #expect(Self.taken(&limiter, 1, at: ms / 60) == 1)
        #expect(Self.taken(&limiter, 1, at: ms / 60) == 0)
    }

    @Test func `each source has its own, and a clock that stands still gives nothing`() {
        var limiter = RateLimiter(RateLimit(count: 1, period: .second, burst: 1))
        for number in 0..<100 { #expect(limiter.ask(Self.source(number), nowMs: 7) == .taken) }
        for number in 0..<100 { #expect(limiter.ask(Self.source(number), nowMs: 7) == .firstHeldBack) }
        for number in 0..<100 { #expect(limiter.ask(Self.source(number), nowMs: 6) == .heldBack) }
        #expect(Self.accounts(&limiter, at: 8).allSatisfy { $0.heldBack == 2 && $0.ageMs == 1 })
    }

    @Test func `sources beyond the bound share one bucket until others are idle`() {
        var limiter = RateLimiter(RateLimit(count: 10, period: .second, burst: 10), maximumSources: 4)
        for number in 0..<4 { #expect(Self.taken(&limiter, 20, from: number, at: 1_000) == 10) }
        var shared = 0
        for number in 4..<1_000 { shared += Self.taken(&limiter, 1, from: number, at: 1_000) }
        #expect(shared == 10)
        #expect(limiter.sources == 4)
        let accounts = Self.accounts(&limiter, at: 1_000)
        #expect(accounts.count == 5)
        let shareds: UInt64? = accounts.first { $0.source == nil }?.heldBack
        #expect(shareds == 986)
        // Their buckets are full again: they make room.
        #expect(Self.taken(&limiter, 20, from: 2_000, at: 3_000) == 10)
        #expect(limiter.sources == 1)
        // One who still has something to account for stays.
        for number in 0..<3 { _ = Self.taken(&limiter, 1, from: number, at: 3_000) }
        _ = Self.taken(&limiter, 1, from: 9, at: 9_000)
        #expect(limiter.sources == 2)
        #expect(Self.accounts(&limiter, at: 9_000).map(\.heldBack) == [10])
    }

    @Test(arguments: 0..<40)
    func `what is taken and what is accounted for is what came, whatever comes`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let limit = RateLimit(
            count: 1 + random.below(50),
            period: RateLimit.Period.allCases[random.below(3)],
            burst: 1 + random.below(100)
        )
        var limiter = RateLimiter(limit, maximumSources: 1 + random.below(50))
        var now: UInt64 = 0
        var asked = 0
        var taken = 0
        var accounted: UInt64 = 0
        for _ in 0..<20_000 {
            now += UInt64(random.below(4) == 0 ? random.below(2_000) : 0)
            asked += 1
            // Some send much, most seldom.
            let source = random.chance(1, in: 2) ? random.below(5) : random.below(10_000)
            switch limiter.ask(Self.source(source), nowMs: now) {
            case .taken: taken += 1
            case .heldBack: break
            case .firstHeldBack:
                limiter.identify(Self.source(source), LogIdentity(group: Array("g\(source)".utf8), source: nil))
            }
            if random.chance(1, in: 500) {
                for account in Self.accounts(&limiter, at: now) {
                    accounted += account.heldBack
                    if let source = account.source {
                        #expect(account.identity.group == Array("g\(source.low & 0xFFFF_FFFF)".utf8))
                    }
                }
            }
        }
        for account in Self.accounts(&limiter, at: now) { accounted += account.heldBack }
        #expect(taken + Int(accounted) == asked)
    }
}
