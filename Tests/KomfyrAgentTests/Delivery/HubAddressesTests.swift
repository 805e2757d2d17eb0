import Glibc
import Synchronization
import Testing

import struct TestSupport.SeededRandom

@testable import EventLoop
@testable import KomfyrAgent

@Suite struct HubAddressesTests {
    private static let down = HubTrouble.unreachable(
        HTTPFailure(code: 7, description: "refused", mayHaveArrived: false, cause: .notReached)
    )

    @Test func `the next address is taken when one fails, and the first is returned to when it answers`() {
        var addresses = HubAddresses(["https://a", "https://b"])
        #expect(addresses.nextProbe(nowMs: 0) == nil)
        #expect(addresses.failed(0, Self.down, afterMs: nil, nowMs: 1_000, random: 0) == nil)
        #expect(addresses.current == 1)
        // A post of before says nothing of the address in use.
        #expect(addresses.failed(0, Self.down, afterMs: 9_000, nowMs: 1_001, random: 0) == nil)
        #expect(addresses.current == 1)
        #expect(addresses.worked(0) == nil)
        #expect(addresses.worked(1) == HubAddresses.Move(url: "https://b", isBack: false, reason: Self.down.words))
        #expect(addresses.worked(1) == nil)
        #expect(addresses.probeDueMs == 16_000)
        #expect(addresses.nextProbe(nowMs: 15_999) == nil)
        #expect(addresses.nextProbe(nowMs: 16_000) == 0)
        #expect(addresses.nextProbe(nowMs: 99_000) == nil)
        #expect(addresses.probed(0, isUp: false, nowMs: 16_010, random: 0) == false)
        #expect(addresses.nextProbe(nowMs: 40_000) == 0)
        #expect(addresses.probed(0, isUp: true, nowMs: 40_010, random: 0) == true)
        #expect(addresses.current == 0)
        #expect(addresses.worked(0) == HubAddresses.Move(url: "https://a", isBack: true, reason: nil))
        #expect(addresses.failures.map(\.failures) == [2, 0])
    }

    @Test(arguments: [401, 403, 429, 418])
    func `what concerns the key or the logs is the same at every address`(_ status: Int) {
        var addresses = HubAddresses(["https://a", "https://b"])
        #expect(addresses.failed(0, .status(status, detail: nil), afterMs: 500, nowMs: 1, random: 0) == 500)
        #expect(addresses.current == 0)
    }

    @Test(arguments: [404, 407, 408, 500, 502, 503, 504])
    func `what stands at an address and fails is left for the next, whatever it asked to wait`(_ status: Int) {
        var addresses = HubAddresses(["https://a", "https://b"])
        #expect(addresses.failed(0, .status(status, detail: nil), afterMs: 60_000, nowMs: 0, random: 0) == nil)
        #expect(addresses.current == 1)
        // The other fails too, and the first has asked to wait: it is left alone, and the other tried again.
        #expect(addresses.failed(1, .status(status, detail: nil), afterMs: nil, nowMs: 10_000, random: 0) == nil)
        #expect(addresses.current == 1)
    }

    @Test func `an address that asked to wait is waited for when it is the only one left`() {
        var addresses = HubAddresses(["https://a", "https://b"])
        let busy = HubTrouble.status(503, detail: nil)
        _ = addresses.failed(0, busy, afterMs: 60_000, nowMs: 0, random: 0)
        #expect(addresses.failed(1, busy, afterMs: 90_000, nowMs: 10_000, random: 0) == 50_000)
        #expect(addresses.current == 0)
    }

    @Test func `with one address all is as without this`() {
        var addresses = HubAddresses(["https://a"])
        #expect(addresses.failed(0, Self.down, afterMs: 7, nowMs: 1, random: 0) == 7)
        #expect(addresses.current == 0)
        #expect(addresses.probeDueMs == nil)
        #expect(addresses.worked(0) == nil)
    }

    @Test func `an address that is well when asked and fails when used is asked ever more rarely`() {
        var addresses = HubAddresses(["https://a", "https://b"])
        var now: UInt64 = 0
        var waits: [UInt64] = []
        for _ in 0..<20 {
            _ = addresses.failed(0, Self.down, afterMs: nil, nowMs: now, random: 0)
            let due = addresses.probeDueMs ?? 0
            waits.append(due - now)
            now = due
            #expect(addresses.nextProbe(nowMs: now) == 0)
            #expect(addresses.probed(0, isUp: true, nowMs: now, random: 0) == true)
            now += 100
        }
        #expect(waits.first == AgentLimits.addressProbeFirstMs / 2)
        #expect(waits.last == AgentLimits.addressProbeLastMs / 2)
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test func `two hundred agents do not return in the same moment`() {
        var random = SeededRandom(seed: 7)
        var perSecond: [UInt64: Int] = [:]
        for _ in 0..<200 {
            var addresses = HubAddresses(["https://a", "https://b"])
            _ = addresses.failed(0, Self.down, afterMs: nil, nowMs: 0, random: random.next())
            perSecond[(addresses.probeDueMs ?? 0) / 1_000, default: 0] += 1
        }
        #expect(perSecond.count >= 25)
        #expect(perSecond.values.max() ?? 200 <= 20)
    }
}

/// Several addresses of one hub, in the simulated world and between real listeners.
@Suite struct DeliveryAddressTests {
    private func delivery(_ world: SimulatedEdge.World, _ addresses: Int) throws -> (SimulatedEdge, Delivery) {
        let settings = BufferSettings(folder: "/b", agent: "agent-1", section: AgentConfiguration.BufferSection())
        let buffer = try DiskBuffer(settings, files: SimulatedFileSystem(seed: 1))
        let edge = SimulatedEdge(world)
        let delivery = try Delivery(buffer: buffer, edge: edge, urls: (0..<addresses).map { "https://hub-\($0)" })
        edge.delivery = delivery
        delivery.start()
        return (edge, delivery)
    }

    @Test func `while the first address is down logs go to the second, and come back: both told once`() throws {
        let world = SimulatedEdge.World(seed: 1)
        let (edge, delivery) = try delivery(world, 2)
        world.addressFate = { $0 == 0 ? .neverArrived : nil }
        for number in 1...50 {
            edge.submit(batch(number))
            world.run(ms: 1_000)
        }
        #expect(world.hub.lines.count == 50)
        #expect(edge.addressesUsed.filter { $0 == 0 }.count <= 4)
        #expect(edge.reports.filter { $0.contains("logs go to https://hub-1") }.count == 1, "\(edge.reports)")
        #expect(delivery.statistics.addresses.map(\.isCurrent) == [false, true])
        world.addressFate = { _ in nil }
        world.run(ms: AgentLimits.addressProbeLastMs * 2)
        for number in 51...60 {
            edge.submit(batch(number))
            world.run(ms: 1_000)
        }
        #expect(edge.addressesUsed.suffix(10).allSatisfy { $0 == 0 })
        #expect(edge.reports.filter { $0.contains("https://hub-0 takes logs again") }.count == 1, "\(edge.reports)")
        #expect(delivery.statistics.addresses.map(\.isCurrent) == [true, false])
        #expect(world.hub.problems == [])
    }

    @Test func `a backlog goes on at once when the first address answers, however long the wait had become`() throws {
        let world = SimulatedEdge.World(seed: 3)
        let (edge, _) = try delivery(world, 2)
        world.addressFate = { _ in .neverArrived }
        edge.submit(batch(1))
        world.run(ms: 600_000)
        #expect(world.hub.lines.isEmpty)
        world.addressFate = { $0 == 0 ? nil : .neverArrived }
        world.run(ms: AgentLimits.addressProbeLastMs * 2)
        #expect(world.hub.lines.count == 1)
    }

    @Test(arguments: 0..<10)
    func `whichever addresses come and go, every log arrives once, and the first is returned to`(round: Int) throws {
        for seed in (round * 20)..<(round * 20 + 20) {
            let world = SimulatedEdge.World(seed: UInt64(seed))
            let (edge, delivery) = try delivery(world, 3)
            var random = SeededRandom(seed: UInt64(seed) &+ 5)
            var sent = 0
            for _ in 0..<40 {
                let down = (0..<3).map { _ in random.chance(1, in: 2) }
                let fate: SimulatedEdge.PostFate = [
                    .answerLost, .neverArrived, .answeredWith(ModelHub.answer(503, "{}")),
                ][
                    random.below(3)
                ]
                world.addressFate = { down[$0] ? fate : nil }
                for _ in 0..<random.below(4) {
                    sent += 1
                    edge.submit(batch(sent))
                }
                world.run(ms: UInt64(random.below(20_000)))
            }
            world.addressFate = { _ in nil }
            world.run(ms: AgentLimits.addressProbeLastMs * 4)
            #expect(world.hub.lines.count == sent, "seed \(seed)")
            #expect(world.hub.problems == [], "seed \(seed)")
            #expect(delivery.statistics.addresses.first?.isCurrent == true, "seed \(seed)")
        }
    }

    @Test func `between two real listeners: over to the second, and back to the first`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let first = try HTTPHub()
        let port = first.port
        first.stop()
        let section = AgentConfiguration.HubSection(
            urls: ["http://127.0.0.1:\(port)", "http://127.0.0.1:\(bench.hub.port)"],
            apiKey: "kmf_test"
        )
        let delivery = try bench.start(section, addressProbeMs: 200)
        for number in 1...20 { bench.submit(number, to: delivery) }
        try bench.wait("delivered to the second") { $0.hub.lines.count == 20 }
        try bench.waitForWords("logs go to http://127.0.0.1:\(bench.hub.port) until a better address works again")
        let again = try HTTPHub(port: port)
        defer { again.stop() }
        try DeliveryBench.wait("the first is asked, and used again") {
            delivery.snapshot().addresses.first?.isCurrent == true
                || again.state.withLock { !$0.questions.isEmpty }
        }
        try DeliveryBench.wait("logs go to the first") {
            bench.submit(21, to: delivery)
            usleep(20_000)
            return again.state.withLock { !$0.posts.isEmpty }
        }
        try bench.waitForWords("http://127.0.0.1:\(port) takes logs again")
        delivery.drain()
        // Whoever asks shows no key: what stands there is not known to be the hub.
        #expect(again.state.withLock { $0.questions.allSatisfy { !$0.contains("kmf_test") } })
        #expect(!bench.tells("kmf_test"))
    }

    private func batch(_ number: Int) -> Batch {
        Batch(body: Array("number \(number)\n".utf8), records: 1, positions: [], isFromDatagramsOnly: false)
    }
}
