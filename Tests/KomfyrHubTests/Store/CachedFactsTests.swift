import Protocol
import Synchronization
import Testing

@testable import KomfyrHub

/// What is cached of chunks goes when they do.
@Suite(.timeLimit(.minutes(5))) struct CachedFactsTests {
    private static let hour: Int64 = 3_600_000_000_000

    /// Logs of the group `a` in chunks of three, all of one span that is over.
    private func fill(_ store: StoreForTests, _ clock: TestClock, chunks: Int) async throws {
        let base = LogID.floorDivide(clock.now, 6 * Self.hour) * 6 * Self.hour - 5 * Self.hour
        for chunk in 0..<chunks {
            let logs = (0..<3)
                .map { TestLog(message: "log \(chunk).\($0)", group: "a", timestamp: base + Int64(chunk)) }
            _ = try await store.append(try request(logs, arrival: clock.now))
            await store.store.seal()
        }
    }

    private func group(_ store: StoreForTests) throws -> StoreGroup {
        try #require(store.store.state.memory.directory.withLock { $0.all }.first { $0.name == "a" })
    }

    private func addresses(_ group: StoreGroup) -> [ChunkReader.Address] {
        group.state.withLock { $0.chunks }.map { ChunkReader.Address(group: group.number, entry: $0) }
    }

    @Test func `facts of merged and of expired chunks go with the sweep, others stay`() async throws {
        let clock = TestClock()
        var configuration = StoreConfiguration()
        configuration.clock = { clock.now }
        try await withStore(configuration) { _, _, store in
            try await fill(store, clock, chunks: 10)
            let facts = store.store.state.cache.facts
            let group = try group(store)
            let sources = addresses(group)
            #expect(sources.count == 10 && facts.facts(of: sources).allSatisfy { $0 != nil })
            await store.store.merge()
            let merged = addresses(group)
            #expect(merged.count == 1)
            await store.store.sweep()
            try await eventually("those of the sources are gone") {
                facts.facts(of: sources).allSatisfy { $0 == nil }
            }
            #expect(facts.facts(of: merged).allSatisfy { $0 != nil })
            clock.advance(configuration.retention + Self.hour)
            await store.store.sweep()
            try await eventually("those of the expired chunk are gone") { facts.bytes == 0 }
        }
    }

    @Test func `a seal that a purge overtakes leaves nothing in the cache`() async throws {
        try await withStore(StoreConfiguration()) { _, _, store in
            let now = StoreConfiguration().clock()
            _ = try await store.append(try request([TestLog(message: "m", group: "a", timestamp: now)], arrival: now))
            let group = try group(store)
            let state = store.store.state
            let isPurged = Mutex(false)
            var configuration = StoreConfiguration()
            // Asked between the freezing of the tail and the end of the seal.
            configuration.clock = {
                group.state.withLock { _ = $0.purged(upTo: 1_000, sealedMark: 0, now: now) }
                isPurged.withLock { $0 = true }
                return now
            }
            let seal = Seal(
                group: group,
                session: try #require(state.session),
                state: state,
                replayer: Replayer(redis: store.client, configuration: configuration, logger: .silent),
                configuration: configuration,
                logger: .silent,
                encoders: ChunkEncoderPool(),
                number: 900
            )
            await seal.run()
            #expect(isPurged.withLock { $0 })
            #expect(group.state.withLock { $0.chunks.isEmpty && $0.frozen == nil })
            #expect(state.cache.facts.bytes == 0)
        }
    }

    @Test func `a merge says whether its chunk stands, or was purged meanwhile`() {
        func entry(_ id: String, _ sequence: UInt64) -> ChunkEntry {
            var rows = LogRows()
            rows.append("m", timestamp: Int64(sequence), sequence: sequence)
            return ChunkEntry(id: id, rows: rows, bytes: 1)
        }
        for (purged, isTaken) in [(UInt64(0), true), (5, false)] {
            var state = GroupState()
            state.insert(entry("1", 1))
            state.insert(entry("2", 2))
            state.merge = DoubtfulMerge(sources: ["1", "2"], entry: entry("3", 2), purged: 0)
            state.marks.purged = purged
            let stands = state.merged()
            #expect(stands == isTaken)
            #expect(state.chunks.map(\.id) == (isTaken ? ["3"] : []))
            #expect(Set(state.gone) == ["1", "2"])
            // There is none any more.
            let again = state.merged()
            #expect(!again)
        }
    }
}
