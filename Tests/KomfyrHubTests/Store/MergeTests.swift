import Protocol
import Testing

@testable import KomfyrHub

/// The merging of small chunks.
@Suite(.timeLimit(.minutes(5))) struct MergeTests {
    private static let hour: Int64 = 3_600_000_000_000
    /// Nothing is merged but what a test merges, however long it takes to fill the store.
    private static let noTicksMs = 3_600_000

    private static func entry(_ id: Int, count: Int, newest: Int64, bytes: Int = 500) -> ChunkEntry {
        var rows = LogRows()
        rows.append("m", timestamp: newest, sequence: UInt64(id + 1))
        var entry = ChunkEntry(id: "1-1-\(id).0", rows: rows, bytes: bytes)
        entry.count = count
        return entry
    }

    private static func sources(_ chunks: [ChunkEntry], now: Int64) -> [Int]? {
        MergePolicy.sources(of: chunks, span: 6 * hour, now: now, retention: 48 * hour) { _ in true }?.map(\.count)
            .sorted()
    }

    @Test func `eight chunks of a size are merged, and what is left when the span is over`() {
        let now = 1_000 * 6 * Self.hour + 5 * Self.hour
        let small = (0..<7).map { Self.entry($0, count: 20 + $0, newest: now - Self.hour) }
        #expect(Self.sources(small, now: now) == nil)
        // Of another size, or in another span.
        #expect(Self.sources(small + [Self.entry(8, count: 500, newest: now - Self.hour)], now: now) == nil)
        #expect(Self.sources(small + [Self.entry(8, count: 20, newest: now - 8 * Self.hour)], now: now) == nil)
        #expect(
            Self.sources(small + [Self.entry(8, count: 63, newest: now)], now: now) == [20, 21, 22, 23, 24, 25, 26, 63]
        )
        // Full ones stay, and so do those that are large for their count.
        let full = (0..<9).map { Self.entry($0, count: 4_096, newest: now) }
        #expect(Self.sources(full, now: now + 12 * Self.hour) == nil)
        let large = (0..<9).map { Self.entry($0, count: 9, newest: now, bytes: 1 << 20) }
        #expect(Self.sources(large, now: now + 12 * Self.hour) == nil)
        // The span is over.
        let two = [Self.entry(0, count: 20, newest: now), Self.entry(1, count: 7, newest: now)]
        #expect(Self.sources(two, now: now + 30 * 60_000_000_000) == nil)
        #expect(Self.sources(two, now: now + 2 * Self.hour) == [7, 20])
        let late = [Self.entry(0, count: 3_000, newest: now), Self.entry(1, count: 7, newest: now)]
        #expect(Self.sources(late, now: now + 2 * Self.hour) == nil)
        // What expires soon is left to it.
        #expect(Self.sources(two, now: now + 48 * Self.hour) == nil)
    }

    /// Seals some logs of a group several times; all of one span that is over.
    private static func fill(_ store: StoreForTests, _ clock: TestClock, chunks: Int) async throws {
        let base = LogID.floorDivide(clock.now, 6 * hour) * 6 * hour - 5 * hour
        for chunk in 0..<chunks {
            let logs = (0..<3)
                .map { index in
                    TestLog(
                        message: "log \(chunk).\(index)",
                        group: "a",
                        level: index == 0 ? .error : .info,
                        tags: ["t\(chunk % 3)"],
                        // Woven into each other.
                        timestamp: base + Int64(index * 100 + chunk) * 1_000_000_000
                    )
                }
            _ = try await store.append(try request(logs, arrival: clock.now))
            await store.store.seal()
        }
    }

    private static func index(_ store: StoreForTests, _ group: UInt32 = 1) async throws -> [ChunkEntry] {
        guard
            case .array(let members) = try await store.client.send(
                RedisCommand("ZRANGE", StoreKeys.chunks(group), "0", "-1")
            )
        else { return [] }
        return members.compactMap { if case .string(let bytes) = $0 { ChunkEntry(member: bytes) } else { nil } }
    }

    @Test func `what is merged answers as before, from one chunk with the right expiry`() async throws {
        let clock = TestClock()
        var configuration = StoreConfiguration()
        configuration.clock = { clock.now }
        configuration.seal.tickMs = Self.noTicksMs
        try await withStore(configuration) { redis, folder, store in
            try await Self.fill(store, clock, chunks: 20)
            var query = LogQuery()
            query.limit = 7
            let before = try await store.store.page(LogQuery(limit: 1_000)).logs
            let first = try await store.store.page(query)
            let sources = try await Self.index(store)
            #expect(sources.count == 20 && before.count == 60)
            await store.store.merge()
            let merged = try await Self.index(store)
            #expect(merged.count == 1)
            let entry = try #require(merged.first)
            #expect(entry.count == 60 && entry.levels.values == [0, 40, 0, 20, 0])
            #expect(entry.oldest == sources.map(\.oldest).min() && entry.newest == sources.map(\.newest).max())
            #expect(entry.firstSequence == 1 && entry.lastSequence == 60)
            let after = try await store.store.page(LogQuery(limit: 1_000)).logs
            #expect(after.map(\.sequence) == before.map(\.sequence) && after.map(\.text) == before.map(\.text))
            #expect(after.map(\.tags) == before.map(\.tags))
            // A listing that was begun before goes on.
            query.cursor = first.next
            #expect(try await store.store.page(query).logs.map(\.text) == Array(before[7..<14].map(\.text)))
            #expect(try await store.store.log(try #require(before.first).id)?.text == before.first?.text)
            #expect(store.store.stats(bound: nil).totalLogs == 60)
            let expiry = LogID.floorDivide(entry.newest + configuration.retention, 1_000_000_000) + 1
            #expect(
                try await store.client.send(RedisCommand("EXPIRETIME", StoreKeys.chunk(1, entry.id)))
                    == .integer(expiry)
            )
            // Who found the sources in the index before can still read them, for a while.
            for source in sources {
                let left = try await store.client.send(RedisCommand("TTL", StoreKeys.chunk(1, source.id)))
                guard case .integer(let seconds) = left else {
                    Issue.record("no expiry")
                    return
                }
                #expect(seconds > 0 && seconds <= Int64(HubLimits.mergedGraceSeconds))
            }
            // And after a restart all is as before.
            await store.kill()
            let again = try await StoreForTests(redis.configuration, folder: folder.path, configuration: configuration)
            #expect(try await again.store.page(LogQuery(limit: 1_000)).logs.map(\.text) == before.map(\.text))
            await again.kill()
        }
    }

    @Test func `a merge leaves out what is purged, and is refused when its mark or a source has changed`() async throws
    {
        let clock = TestClock()
        var configuration = StoreConfiguration()
        configuration.clock = { clock.now }
        configuration.seal.tickMs = Self.noTicksMs
        let redis = try PrivateRedisForTests(isDurable: true)
        let folder = try TemporaryFolder()
        let first = try await StoreForTests(redis.configuration, folder: folder.path, configuration: configuration)
        try await Self.fill(first, clock, chunks: 12)
        // A mark that this hub has not seen.
        _ = try await first.client.send(RedisCommand("HSET", StoreKeys.marks(1), "purged:\(first.store.hub)", "30"))
        await first.store.merge()
        #expect(try await Self.index(first).count == 12)
        await first.kill()
        // One that it read when it started.
        let second = try await StoreForTests(redis.configuration, folder: folder.path, configuration: configuration)
        let gone = try #require(try await Self.index(second).last)
        _ = try await second.client.send(RedisCommand("ZREM", StoreKeys.chunks(1), gone.member))
        await second.store.merge()
        // One source is no longer there, so nothing was written.
        #expect(try await Self.index(second).count == 11)
        _ = try await second.client.send(RedisCommand("ZADD", StoreKeys.chunks(1), String(gone.score), gone.member))
        await second.kill()
        let third = try await StoreForTests(redis.configuration, folder: folder.path, configuration: configuration)
        await third.store.merge()
        let index = try await Self.index(third)
        #expect(index.map(\.count) == [6] && index.first?.firstSequence == 31)
        #expect(try await third.store.page(LogQuery(limit: 1_000)).logs.map(\.sequence).sorted() == Array(31...36))
        await third.kill()
    }

    @Test(arguments: [true, false])
    func `a merge whose answer was lost is done once, and nothing is lost`(isDone: Bool) async throws {
        let clock = TestClock()
        var configuration = StoreConfiguration()
        configuration.clock = { clock.now }
        configuration.seal.tickMs = Self.noTicksMs
        let redis = try PrivateRedisForTests(isDurable: true)
        let folder = try TemporaryFolder()
        let proxy = try CuttingProxy(to: redis.socket, at: folder.path + "/proxy.sock")
        let near = RedisConfiguration(address: .unix(proxy.path))
        let store = try await StoreForTests(near, folder: folder.path, configuration: configuration)
        try await Self.fill(store, clock, chunks: 10)
        let before = try await store.store.page(LogQuery(limit: 1_000)).logs.map(\.text)
        #expect(before.count == 30)
        proxy.cut(isDone ? .afterCommand : .beforeCommand, at: StoreScripts.merge.digest)
        await store.store.merge()
        try await eventually("the store takes logs") { store.store.health.canStore }
        try await eventually("the page is whole") {
            let page = try await store.store.page(LogQuery(limit: 1_000))
            if !page.isPartial { #expect(page.logs.map(\.text) == before) }
            return !page.isPartial
        }
        try await eventually("it is merged") {
            await store.store.merge()
            return try await Self.index(store).count == 1
        }
        #expect(try await store.store.page(LogQuery(limit: 1_000)).logs.map(\.text) == before)
        #expect(store.store.stats(bound: nil).totalLogs == 30)
        #expect(proxy.count == 1)
        await store.kill()
        proxy.stop()
    }

    @Test func `a reader with the old index finds everything`() async throws {
        let clock = TestClock()
        var configuration = StoreConfiguration()
        configuration.clock = { clock.now }
        configuration.seal.tickMs = Self.noTicksMs
        try await withStore(configuration) { _, _, store in
            try await Self.fill(store, clock, chunks: 10)
            let before = try await Self.index(store)
            await store.store.merge()
            let reader = ChunkReader(redis: store.client, cache: ChunkCaches(), logger: .silent)
            let addresses = before.map { ChunkReader.Address(group: 1, entry: $0) }
            for fetched in try await reader.blocks(addresses, ColumnRequest(columns: .all)) {
                guard case .found(let block) = fetched else {
                    Issue.record("not found")
                    return
                }
                #expect(block.count == 3)
            }
            for fetched in try await reader.facts(addresses) {
                guard case .found(let facts) = fetched else {
                    Issue.record("not found")
                    return
                }
                #expect(facts.words?.mayContain(Words.hash(folded: Array("log".utf8))) == true)
            }
        }
    }
}
