import EventLoop
import Protocol
import Synchronization
import Testing

@testable import KomfyrHub

/// What parts of the store do while others are at work.
@Suite(.timeLimit(.minutes(5))) struct StoreInterplayTests {
    let now = WallClock.now()

    private func append(_ message: String, _ group: String, to store: StoreForTests) async throws {
        let log = TestLog(message: message, group: group, level: .error, timestamp: now)
        #expect(try await !store.append(request([log], arrival: now)).isDuplicate)
    }

    private func texts(in store: StoreForTests) async throws -> [String] {
        var query = LogQuery(limit: 1_000)
        query.order = .oldestFirst
        let page = try await store.store.page(query)
        #expect(!page.isPartial)
        #expect(Set(page.logs.map(\.sequence)).count == page.logs.count)
        return page.logs.map(\.text)
    }

    private func group(_ name: String, in store: StoreForTests) throws -> StoreGroup {
        try #require(store.store.state.memory.directory.withLock { $0.group(name) })
    }

    @Test func `a restore that a kill cut short is ended at the next start`() async throws {
        try await withStore { redis, folder, first in
            try await append("1", "a", to: first)
            try await append("2", "a", to: first)
            // The sequence is what a restore writes last.
            _ = try await first.client.send(RedisCommand("SET", StoreKeys(hub: first.store.hub).sequence, "1"))
            await first.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(try await texts(in: second) == ["1", "2"])
            try await append("3", "a", to: second)
            #expect(try await texts(in: second) == ["1", "2", "3"])
            await second.kill()
            let third = try await StoreForTests(redis.configuration, folder: folder.path)
            await third.store.seal()
            #expect(try await texts(in: third) == ["1", "2", "3"])
            await third.kill()
        }
    }

    @Test func `a purge that an older Redis forgot is done again, and no later log counts as purged`() async throws {
        try await withStore { redis, folder, store in
            let keys = StoreKeys(hub: store.store.hub)
            try await append("1", "a", to: store)
            try await append("2", "b", to: store)
            await store.store.seal()
            let number = try group("a", in: store).number
            let chunks = try await store.client.send(RedisCommand("DUMP", StoreKeys.chunks(number)))
            guard case .string(let dump) = chunks else {
                Issue.record("no index")
                return
            }
            try await append("3", "b", to: store)
            try await append("4", "b", to: store)
            #expect(try await store.store.purge(.exact("a"), bound: nil) == 1)
            // As after the first two commits, and started again.
            _ = try await store.client.send(RedisCommand("HDEL", StoreKeys.marks(number), keys.purgedMark))
            _ = try await store.client.send(
                RedisCommand([Array(text: "RESTORE"), Array(text: StoreKeys.chunks(number)), Array(text: "0"), dump])
            )
            _ = try await store.client.send(RedisCommand("SET", keys.sequence, "3"))
            _ = try await store.client.send(RedisCommand("DEL", keys.wal))
            try redis.restart()
            try await eventually("it is restored") {
                let sequence = try? await store.client.send(RedisCommand("GET", keys.sequence))
                return sequence == .text("5") && store.store.health.canStore
            }
            #expect(try await texts(in: store) == ["2", "3", "4"])
            // A kill before the sequence rose would have left this mark with numbers from 3 on.
            #expect(
                try await store.client.send(RedisCommand("HGET", StoreKeys.marks(number), keys.purgedMark))
                    == .text("2")
            )
            await store.kill()
            let again = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(try await texts(in: again) == ["2", "3", "4"])
            await again.kill()
        }
    }

    /// Chunks of two logs each, of a span that is over.
    private func fill(_ store: StoreForTests, chunks: Int) async throws {
        for chunk in 0..<chunks {
            let logs = (0..<2)
                .map { index in
                    TestLog(
                        message: "\(chunk).\(index)",
                        group: "a",
                        level: index == 0 ? .error : .info,
                        timestamp: now - 10 * 3_600_000_000_000 + Int64(index * 100 + chunk) * 1_000_000_000
                    )
                }
            _ = try await store.append(request(logs, arrival: now))
            await store.store.seal()
        }
    }

    @Test func `chunks that a purge is about to take are not merged, and later they are`() async throws {
        var configuration = StoreConfiguration()
        // Nothing is merged but what is merged here, however long it takes to fill the store.
        configuration.seal.tickMs = 3_600_000
        try await withStore(configuration) { _, _, store in
            try await fill(store, chunks: 8)
            let group = try group("a", in: store)
            group.state.withLock { $0.purgingUpTo = 16 }
            await store.store.merge()
            #expect(group.state.withLock { $0.chunks.count } == 8)
            group.state.withLock { $0.purgingUpTo = nil }
            await store.store.merge()
            #expect(group.state.withLock { $0.chunks.count } <= 2)
            #expect(try await texts(in: store).count == 16)
        }
    }

    @Test func `a search for levels is counted without rows`() async throws {
        try await withStore { _, _, store in
            try await fill(store, chunks: 8)
            var query = LogQuery()
            query.search = try Search("level:error group:a -group:b")
            let histogram = try await store.store.histogram(query, interval: 720 * 60_000_000_000)
            #expect(histogram.buckets.reduce(0) { $0 + $1.levels.total } == 8)
            #expect(histogram.buckets.allSatisfy { $0.levels.values == [0, 0, 0, $0.levels.total, 0] })
            let fine = try await store.store.histogram(query, interval: 300_000_000_000)
            #expect(fine.buckets.reduce(0) { $0 + $1.levels.total } == 8)
            #expect(store.store.state.cache.columns.bytes == 0)
            query.search = try Search("level:error group:b")
            #expect(try await store.store.histogram(query, interval: 300_000_000_000).buckets.isEmpty)
            query.search = try Search("level:error 3.0")
            #expect(try await store.store.histogram(query, interval: 300_000_000_000).buckets.count == 1)
        }
    }

    @Test func `an index entry of times that cannot be is none, and one that can is`() throws {
        var rows = LogRows()
        rows.append("m", timestamp: 5, sequence: 1)
        let entry = ChunkEntry(id: "1-1-1.0", rows: rows, bytes: 9)
        for time in [Int64.min, .min / 2 - 1, .max / 2 + 1, .max] {
            var odd = entry
            (odd.oldest, odd.newest) = (time, time)
            #expect(ChunkEntry(member: Array(odd.member.utf8)) == nil)
            // Nor do they trap in memory.
            #expect(odd.expiry(retention: 1) <= Int64.max / 1_000_000_000 + 1)
        }
        var many = entry
        many.count = HubLimits.chunkRecords + 1
        #expect(ChunkEntry(member: Array(many.member.utf8)) == nil)
        #expect(ChunkEntry(member: Array(entry.member.utf8)) == entry)
        #expect(entry.score == 1)
    }
}
