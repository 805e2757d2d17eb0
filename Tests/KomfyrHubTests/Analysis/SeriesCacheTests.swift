import EventLoop
import Protocol
import Synchronization
import Testing

@testable import KomfyrHub

/// What is kept of series, and when it counts: over a Redis in memory, and over a real one.
@Suite struct SeriesCacheTests {
    private static let second: Int64 = 1_000_000_000
    private let now: Int64 = 1_790_000_000_000_000_000
    private let stamp = LogStamp(memory: 1, stored: 2, purged: 3, dropped: 4)
    private let json = Array(#"{"intervals":[]}"#.utf8)

    private func question(_ change: (inout LogQuery) -> Void = { _ in }) -> SeriesCache.Question {
        var query = LogQuery(groups: [.exact("g")], since: 0, until: now - 1)
        change(&query)
        return SeriesCache.Question(query, search: nil, fields: nil, interval: 300 * Self.second, now: now)
    }

    // MARK: When an answer counts

    @Test(arguments: [
        // age in seconds, what has happened since, are all logs kept, does it count
        (Int64(0), "", true, true), (9, "", true, true), (11, "", true, true), (1_799, "", true, true),
        (1_800, "", true, false), (-1, "", true, false), (9, "stored", true, true), (10, "stored", true, false),
        (1_000, "stored", true, false), (0, "purged", true, false), (11, "purged", true, false),
        (1, "memory", true, false), (1, "dropped", true, false), (9, "", false, true), (10, "", false, false),
    ])
    func `an answer counts while logs stand where they stood, or ten seconds`(
        _ age: Int64,
        _ event: String,
        _ isKept: Bool,
        _ counts: Bool
    ) async {
        let store = KeptAnswers()
        let cache = SeriesCache(store: store)
        await cache.keep(json, question(), stamp, now: now)
        #expect(store.seconds == 1_800)
        var stamp = stamp
        switch event {
        case "stored": stamp.stored = 9
        case "purged": stamp.purged = 9
        case "memory": stamp.memory = 9
        case "dropped": stamp.dropped = 9
        default: break
        }
        let found = await cache.answer(question(), stamp, isKept: isKept, now: now + age * Self.second)
        #expect(found == (counts ? json : nil))
    }

    @Test func `every part of a question makes it another`() async throws {
        func question(_ change: (inout LogQuery) -> Void) -> SeriesCache.Question { self.question(change) }
        let base = LogQuery(groups: [.exact("g")], since: 0, until: now - 1)
        let minute = 60 * Self.second
        var questions = [
            question { _ in },
            question { $0.groups = [] },
            question { $0.groups = [.tree("g")] },
            question { $0.groups = [.exact("g"), .exact("h")] },
            question { $0.bound = .all },
            question { $0.bound = .tree("g") },
            question { $0.bound = .exact("g") },
            question { $0.tags = ["a", "b"] },
            question { $0.tags = ["ab"] },
            question { $0.tags = ["a,b"] },
            question { $0.allTags = true },
            question { $0.levels = 8 },
            question { $0.source = "" },
            question { $0.source = "a" },
            question { $0.since = nil },
            question { $0.since = 1 },
            question { $0.until = nil },
            question { $0.until = 1 },
            SeriesCache.Question(base, search: "x", fields: nil, interval: 5 * minute, now: now),
            SeriesCache.Question(base, search: "y", fields: nil, interval: 5 * minute, now: now),
            SeriesCache.Question(base, search: nil, fields: [], interval: 5 * minute, now: now),
            SeriesCache.Question(base, search: nil, fields: ["a"], interval: 5 * minute, now: now),
            SeriesCache.Question(base, search: nil, fields: ["a", "b"], interval: 5 * minute, now: now),
            SeriesCache.Question(base, search: nil, fields: ["ab"], interval: 5 * minute, now: now),
            SeriesCache.Question(base, search: nil, fields: nil, interval: minute, now: now),
        ]
        // A time that is not over is asked for anew with each interval.
        var open = base
        open.until = now + 60 * minute
        for step in [Int64(0), 300, 600] {
            questions.append(
                SeriesCache.Question(
                    open,
                    search: nil,
                    fields: nil,
                    interval: 5 * minute,
                    now: now + step * Self.second
                )
            )
        }
        let packer = try ChunkPacker()
        for (index, asked) in questions.enumerated() {
            let store = KeptAnswers()
            let cache = SeriesCache(store: store)
            await cache.keep(json, asked, stamp, now: now)
            // Wherever the others are looked for, this is what lies there.
            let name = try #require(store.names.first)
            let value = try #require(await store.recall(name))
            var body = ChunkBody()
            body.bytes = try ChunkPacker.unpack(value, field: "series", of: name, limit: 1 << 20)
            for place in 0..<HubLimits.seriesCached {
                let name = "series:\(place)"
                store.set(name, try packer.pack(body, field: "series", of: name))
            }
            for (other, question) in questions.enumerated() {
                let found = await cache.answer(question, stamp, isKept: true, now: now)
                #expect((found != nil) == (other == index), "\(index) \(other)")
            }
        }
        // The order of lists means nothing.
        let store = KeptAnswers()
        let cache = SeriesCache(store: store)
        let first = question {
            $0.groups = [.exact("a"), .exact("b")]
            $0.tags = ["x", "y"]
        }
        let second = question {
            $0.groups = [.exact("b"), .exact("a")]
            $0.tags = ["y", "x"]
        }
        await cache.keep(json, first, stamp, now: now)
        #expect(await cache.answer(second, stamp, isKept: true, now: now) == json)
    }

    @Test func `there are no more places than the limit, whatever is asked`() async {
        let store = KeptAnswers()
        let cache = SeriesCache(store: store)
        for number in 0..<2_000 {
            await cache.keep(json, question { $0.source = "\(number)" }, stamp, now: now)
        }
        #expect((10...HubLimits.seriesCached).contains(store.names.count))
        #expect(store.names.allSatisfy { $0.hasPrefix("series:") })
        // What cannot be packed small enough is not kept.
        store.removeAll()
        var noise: UInt64 = 88_172_645_463_325_252
        let large = (0..<HubLimits.seriesCachedBytes * 2)
            .map { _ -> UInt8 in
                noise ^= noise << 13
                noise ^= noise >> 7
                noise ^= noise << 17
                return UInt8(truncatingIfNeeded: noise)
            }
        await cache.keep(large, question(), stamp, now: now)
        #expect(store.names.isEmpty)
        await cache.keep([UInt8](repeating: 32, count: 4 << 20), question(), stamp, now: now)
        #expect(store.names.count == 1)
        await cache.keep([UInt8](repeating: 32, count: 9 << 20), question { $0.source = "x" }, stamp, now: now)
        #expect(store.names.count == 1)
    }

    @Test func `what is damaged or foreign is no answer`() async throws {
        let store = KeptAnswers()
        let cache = SeriesCache(store: store)
        await cache.keep(json, question(), stamp, now: now)
        let name = try #require(store.names.first)
        let value = try #require(await store.recall(name))
        var broken: [[UInt8]] = [[], [0], Array("junk".utf8), value + [0], [UInt8](repeating: 0, count: 1 << 20)]
        for index in value.indices {
            var one = value
            one[index] ^= 1 << UInt8(index % 8)
            broken.append(one)
            broken.append(Array(value.prefix(index)))
        }
        // Sound as a value, but of another place, or of another version, or too short.
        let body = try ChunkPacker.unpack(value, field: "series", of: name, limit: 1 << 20)
        var other = ChunkBody()
        other.bytes = body
        broken.append(try ChunkPacker().pack(other, field: "series", of: "series:other"))
        other.bytes[0] = 2
        broken.append(try ChunkPacker().pack(other, field: "series", of: name))
        for length in stride(from: 0, to: body.count - json.count, by: 3) {
            other.bytes = Array(body.prefix(length))
            broken.append(try ChunkPacker().pack(other, field: "series", of: name))
        }
        for value in broken {
            store.set(name, value)
            #expect(await cache.answer(question(), stamp, isKept: true, now: now) == nil)
        }
        store.set(name, value)
        #expect(await cache.answer(question(), stamp, isKept: true, now: now) == json)
    }

    // MARK: Where the logs stand

    @Test func `the stamp changes with what is stored and purged in the groups, and with nothing else`() async throws {
        let now = WallClock.now()
        try await withStore { redis, folder, store in
            func append(_ group: String?) async throws {
                let log = TestLog(message: "m", group: group, timestamp: now)
                _ = try await store.append(request([log], arrival: now))
            }
            for group in [nil, "a", "a:b", "c"] { try await append(group) }
            let query = LogQuery(groups: [.tree("a")])
            let first = store.store.stamp(query)
            await store.store.seal()
            await store.store.merge()
            try await append("c")
            _ = try await store.store.purge(.exact("c"), bound: nil)
            #expect(store.store.stamp(query) == first)
            #expect(store.store.stamp(LogQuery(groups: [.exact("a")])) != first)
            #expect(store.store.stamp(LogQuery(bound: .tree("a"))) == first)
            try await append("a:b")
            let second = store.store.stamp(query)
            #expect(second.stored != first.stored && second.purged == first.purged)
            _ = try await store.store.purge(.exact("a:b"), bound: nil)
            let third = store.store.stamp(query)
            #expect(third.purged != second.purged)
            try await append("a:new")
            #expect(store.store.stamp(query).stored != third.stored)
            // A hub that was started anew does not take the word of the one before.
            await store.kill()
            let next = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(next.store.stamp(query).memory != first.memory)
            await next.kill()
        }
    }

    // MARK: Redis

    @Test func `Redis keeps a value for its time, and what is no text is not there`() async throws {
        try await withStore { redis, _, store in
            await store.store.remember("series:1", [1, 2, 3], seconds: 1_800)
            #expect(await store.store.recall("series:1") == [1, 2, 3])
            guard case .integer(let left) = try await store.client.send(RedisCommand("TTL", "kmf:cache:series:1"))
            else {
                Issue.record("no TTL")
                return
            }
            #expect((1_500...1_800).contains(left))
            _ = try await store.client.send(RedisCommand("LPUSH", "kmf:cache:series:2", "x"))
            #expect(await store.store.recall("series:2") == nil)
            #expect(await store.store.recall("series:3") == nil)
            redis.kill()
            #expect(await store.store.recall("series:1") == nil)
            await store.store.remember("series:1", [1], seconds: 1)
        }
    }

    @Test func `what can be made again takes nothing of the reserve`() async throws {
        var configuration = StoreConfiguration()
        let limit = 8 << 20
        configuration.memoryLimit = limit
        configuration.whenFull = .refuse
        try await withStore(configuration) { _, _, store in
            let room = store.store.state.room
            try await eventually("the room is measured") { room.limit != nil && room.used > 0 }
            let free = StoreRoom.line(limit) - StoreRoom.margin(limit) - room.used
            try #require(free > 1 << 20)
            await store.store.remember("series:1", [UInt8](repeating: 1, count: free + (1 << 20)), seconds: 60)
            #expect(await store.store.recall("series:1") == nil)
            await store.store.remember("series:2", [UInt8](repeating: 1, count: 1_000), seconds: 60)
            #expect(await store.store.recall("series:2")?.count == 1_000)
            room.wrote(limit)
            await store.store.remember("series:3", [1], seconds: 60)
            #expect(await store.store.recall("series:3") == nil)
        }
    }

    @Test func `a Redis that is full keeps no answer, and nothing breaks`() async throws {
        try await withStore { _, _, store in
            _ = try await store.client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1mb"))
            await store.store.remember("series:1", [UInt8](repeating: 7, count: 10_000), seconds: 60)
            #expect(await store.store.recall("series:1") == nil)
        }
    }
}

/// Answers in memory.
private final class KeptAnswers: AnswerKeeping {
    private struct State {
        var values: [String: [UInt8]] = [:]
        var seconds = 0
    }

    private let state = Mutex(State())

    var names: [String] { state.withLock { Array($0.values.keys) } }
    /// For how long the last was to be kept.
    var seconds: Int { state.withLock { $0.seconds } }

    func set(_ name: String, _ value: [UInt8]) { state.withLock { $0.values[name] = value } }
    func removeAll() { state.withLock { $0.values = [:] } }

    func stamp(_ query: LogQuery) -> LogStamp { LogStamp(memory: 0, stored: 0, purged: 0, dropped: 0) }

    func recall(_ name: String) async -> [UInt8]? {
        state.withLock { $0.values[name] }
    }

    func remember(_ name: String, _ value: [UInt8], seconds: Int) async {
        state.withLock { state in
            state.values[name] = value
            state.seconds = seconds
        }
    }
}
