import EventLoop
import FoundationEssentials
import Protocol
import Testing

@testable import KomfyrHub

@Suite struct PurgeTests {
    let now = WallClock.now()

    private func append(_ logs: [TestLog], to store: StoreForTests) async throws -> IngestReceipt {
        try await store.append(request(logs, arrival: now))
    }

    private func log(_ message: String, _ group: String?, _ offset: Int64 = 0) -> TestLog {
        TestLog(message: message, group: group, timestamp: now + offset)
    }

    private func texts(in store: StoreForTests) async throws -> [String] {
        let page = try await store.store.page(LogQuery(limit: 1_000))
        #expect(!page.isPartial)
        return page.logs.map(\.text)
    }

    @Test func `a purged tree is gone from tails, chunks, look-ups and counts, and nothing else is`() async throws {
        try await withStore { redis, folder, store in
            let sealed = try await append(
                [log("1", "a"), log("2", "a:b"), log("3", "ab"), log("4", nil), log("5", "x:y")],
                to: store
            )
            await store.store.seal()
            let open = try await append([log("6", "a:b", 1), log("7", "ab", 1), log("8", nil, 1)], to: store)
            #expect(try await store.store.purge(.tree("a"), bound: nil) == 3)
            let kept = ["8", "7", "5", "4", "3"]
            #expect(try await texts(in: store) == kept)
            for (receipt, time) in [(sealed, now), (open, now + 1)] {
                let group = try #require(receipt.groupNumbers.first)
                for sequence in receipt.firstSequence...receipt.firstSequence + 1 {
                    for number in [group, receipt.groupNumbers[1]] {
                        let id = LogID(timestamp: time, hub: store.store.hub, group: number, sequence: sequence)
                        let found = try await store.store.log(id)
                        #expect(found == nil || found?.group == "ab")
                    }
                }
            }
            #expect(store.store.groups(bound: nil).map(\.name) == ["ab", "x:y"])
            #expect(store.store.stats(bound: nil).totalLogs == kept.count)
            guard case .array(let keys) = try await store.client.send(RedisCommand("KEYS", "kmf:*:chunk:*")) else {
                Issue.record("KEYS")
                return
            }
            #expect(keys.count == 3)
            // What comes later stays, also in the same group.
            _ = try await append([log("9", "a:b", 2)], to: store)
            #expect(try await texts(in: store) == ["9"] + kept)
            #expect(try await store.store.purge(.tree("a"), bound: nil) == 1)
            #expect(try await store.store.purge(.tree("a"), bound: nil) == 0)
            _ = try await append([log("10", "a", 3)], to: store)
            await store.kill()
            // The WAL still holds all of them.
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(try await texts(in: second) == ["10"] + kept)
            await second.store.seal()
            #expect(try await texts(in: second) == ["10"] + kept)
            #expect(try await second.store.purge(nil, bound: nil) == 6)
            #expect(try await texts(in: second) == [])
            await second.kill()
            redis.kill()
            try redis.start()
            let third = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(try await texts(in: third) == [])
            await third.kill()
        }
    }

    @Test func `a bound leaves other groups alone, and the group of logs without one is purged with all`() async throws
    {
        try await withStore { _, _, store in
            _ = try await append([log("1", "a"), log("2", "a:b"), log("3", "b"), log("4", nil)], to: store)
            #expect(try await store.store.purge(nil, bound: .tree("a")) == 2)
            #expect(try await texts(in: store) == ["4", "3"])
            #expect(try await store.store.purge(.exact("b"), bound: .tree("a")) == 0)
            #expect(try await store.store.purge(.all, bound: nil) == 2)
            #expect(try await texts(in: store) == [])
        }
    }

    @Test(arguments: [CuttingProxy.Cut.afterCommand, .beforeCommand])
    func `a purge whose answer is lost is an error, memory is what Redis has, and again it finishes`(
        cut: CuttingProxy.Cut
    ) async throws {
        let redis = try PrivateRedisForTests(isDurable: true)
        let folder = try TemporaryFolder()
        let proxy = try CuttingProxy(to: redis.socket, at: folder.path + "/proxy.sock")
        let store = try await StoreForTests(RedisConfiguration(address: .unix(proxy.path)), folder: folder.path)
        // The script is known by its digest from the second time on.
        _ = try await append([log("0", "z")], to: store)
        #expect(try await store.store.purge(.exact("z"), bound: nil) == 1)
        _ = try await append([log("1", "a"), log("2", "b")], to: store)
        await store.store.seal()
        _ = try await append([log("3", "a", 1)], to: store)
        proxy.cut(cut, at: StoreScripts.purge.digest)
        await #expect(throws: StoreError.self) { try await store.store.purge(.exact("a"), bound: nil) }
        try await eventually("the store takes logs") { store.store.health.canStore }
        let isGone = try await texts(in: store) == ["2"]
        if !isGone { #expect(try await texts(in: store) == ["3", "2", "1"]) }
        #expect(isGone == (cut == .afterCommand))
        #expect(try await store.store.purge(.exact("a"), bound: nil) == (isGone ? 0 : 2))
        #expect(try await texts(in: store) == ["2"])
        _ = try await append([log("4", "a", 2)], to: store)
        await store.store.seal()
        #expect(try await texts(in: store) == ["4", "2"])
        await store.kill()
        proxy.stop()
    }

    @Test func `logs answered before a purge go and logs sent after it stay, while commits and seals go on`()
        async throws
    {
        var configuration = StoreConfiguration()
        configuration.seal.records = 20
        configuration.seal.tickMs = 5
        try await withStore(configuration) { redis, folder, store in
            let now = now
            for round in 0..<5 {
                let writer = Task {
                    var sent: [String] = []
                    for index in 0..<40 {
                        let text = "\(round)-\(index)"
                        let group = "g:\(index % 5)"
                        _ = try await store.append(
                            request([TestLog(message: text, group: group, timestamp: now)], arrival: now)
                        )
                        sent.append(text)
                    }
                    return sent
                }
                _ = try await append([log("before \(round)", "g:0")], to: store)
                _ = try await store.store.purge(.tree("g"), bound: nil)
                _ = try await append([log("after \(round)", "g:0")], to: store)
                let sent = try await writer.value
                let found = try await store.store.page(LogQuery(limit: 1_000)).logs.map(\.text)
                #expect(!found.contains("before \(round)"))
                #expect(found.contains("after \(round)"))
                #expect(Set(found).count == found.count)
                // They were sent one after the other, so from the first that stayed on all are there.
                let left = found.filter(sent.contains)
                #expect(Set(left) == Set(sent.suffix(left.count)))
                _ = try await store.store.purge(.tree("g"), bound: nil)
                #expect(try await texts(in: store) == [])
            }
            _ = try await append([log("last", "g:1")], to: store)
            await store.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(try await texts(in: second) == ["last"])
            await second.kill()
        }
    }

    @Test func `only logs that readers could see are counted`() async throws {
        let clock = TestClock()
        var configuration = StoreConfiguration()
        configuration.retention = 80_000_000_000
        configuration.clock = { clock.now }
        try await withStore(configuration) { _, _, store in
            let span = configuration.span
            let begin = LogID.floorDivide(now, span) * span - 4 * span
            let times = [begin, begin + span / 2, begin + span - 1]
            _ = try await append(times.map { TestLog(message: "m", group: "g", timestamp: $0) }, to: store)
            await store.store.seal()
            // The middle one expires just not.
            clock.advance(begin + span / 2 + configuration.retention - clock.now)
            #expect(try await store.store.page(LogQuery()).logs.count == 2)
            #expect(try await store.store.purge(nil, bound: nil) == 2)
        }
    }

    @Test func `a thousand groups are purged in parts, and an empty one is removed by the sweep`() async throws {
        try await withStore { _, _, store in
            let logs = (0..<1_000).map { log("\($0)", "t:\($0)") }
            _ = try await append(logs + [log("kept", "u")], to: store)
            await store.store.seal()
            _ = try await append(logs, to: store)
            async let first = store.store.purge(.tree("t"), bound: nil)
            async let second = store.store.purge(.tree("t"), bound: nil)
            let counts = try await [first, second].sorted()
            #expect(counts == [0, 2_000])
            #expect(try await texts(in: store) == ["kept"])
            // All that the WAL holds is purged or sealed, so it is trimmed and the groups can go.
            try await eventually("the groups are gone") {
                await store.store.seal()
                await store.store.sweep()
                return try await store.client.send(RedisCommand("HLEN", "kmf:groups")) == .integer(1)
            }
        }
    }

    @Test func `a Redis restarted with data from before a purge has it again`() async throws {
        try await withStore { redis, folder, store in
            _ = try await append([log("1", "a"), log("2", "b", 1)], to: store)
            await store.store.seal()
            // One that only the WAL holds.
            _ = try await append([log("3", "a", 2)], to: store)
            let files = FileManager.default
            let (live, older) = (redis.folder + "/appendonlydir", folder.path + "/older")
            try files.copyItem(atPath: live, toPath: older)
            #expect(try await store.store.purge(.tree("a"), bound: nil) == 2)
            redis.kill()
            try files.removeItem(atPath: live)
            try files.copyItem(atPath: older, toPath: live)
            try redis.start()
            _ = try await append([log("4", "b", 3)], to: store)
            #expect(try await texts(in: store) == ["4", "2"])
            guard case .array(let keys) = try await store.client.send(RedisCommand("KEYS", "kmf:*:chunk:*")) else {
                Issue.record("KEYS")
                return
            }
            #expect(keys.count == 1, "the purged chunk is gone from Redis too")
            await store.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            #expect(try await texts(in: second) == ["4", "2"])
            await second.kill()
        }
    }

    @Test func `without Redis a purge is refused at once`() async throws {
        try await withStore { redis, _, store in
            _ = try await append([log("1", "a")], to: store)
            redis.kill()
            try await eventually("the store says so") { !store.store.health.canStore }
            await #expect(throws: StoreError.self) { try await store.store.purge(nil, bound: nil) }
            try redis.start()
            try await eventually("the store takes logs") { store.store.health.canStore }
            #expect(try await store.store.purge(nil, bound: nil) == 1)
        }
    }
}
