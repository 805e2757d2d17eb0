import Foundation
import Protocol
import Synchronization
import Testing

@testable import EventLoop
@testable import KomfyrAgent

@Suite struct HeartbeatTests {
    private static let agent = Heartbeat.Agent(
        name: "test-agent",
        version: "9.9",
        host: "gateway \"1\"",
        startedNs: 1_000_000_000
    )

    private static func numbers(_ received: UInt64, _ delivered: UInt64, inputs: Int = 1) -> Heartbeat.Numbers {
        var statistics = InputStatistics()
        statistics.received = received
        statistics.unparsed = 2
        statistics.dropped[.refusedSender] = 3
        statistics.kernelDrops = 4
        var delivery = DeliveryStatistics()
        delivery.recordsDelivered = delivered
        delivery.recordsWaiting = 10
        delivery.recordsInMemory = 5
        delivery.bufferBytes = 1_000
        delivery.bytesInMemory = 24
        delivery.recordsRefused = 1
        delivery.recordsDroppedFull = 7
        delivery.oldestWaitingNs = 90_000_000_000
        delivery.state = .full
        let name = inputs == 1 ? "udp" : String(repeating: "långt ", count: 100)
        return Heartbeat.Numbers(
            snapshot: AgentSnapshot(
                name: "test-agent",
                inputs: (0..<inputs)
                    .map { AgentSnapshot.Input(name: "\(name)\($0 == 0 ? "" : "\($0)")", statistics: statistics) },
                delivery: delivery,
                isHeldBack: true
            ),
            types: ["udp": "syslog"]
        )
    }

    private static func object(_ body: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }

    @Test func `it tells host, version, rates, backlog and drops, as they are`() throws {
        var heartbeat = Heartbeat(Self.agent)
        let first = try Self.object(
            heartbeat.body(Self.numbers(100, 50), nowMs: 1_000, nowNs: 100_000_000_000)
        )
        #expect(first["rate"] as? Double == 0)
        let second = try Self.object(
            heartbeat.body(Self.numbers(400, 350), nowMs: 31_000, nowNs: 100_500_000_000)
        )
        #expect(second["version"] as? String == "9.9")
        #expect(second["host"] as? String == "gateway \"1\"")
        #expect(second["started"] as? String == "1970-01-01T00:00:01.000Z")
        #expect(second["buffer"] as? String == "full")
        let figures: [(String, Double)] = [
            ("interval", 30), ("rate", 10), ("delivered_rate", 10), ("backlog_logs", 15), ("backlog_bytes", 1_024),
            ("backlog_seconds", 10.5), ("received", 400), ("delivered", 350), ("rejected", 1), ("dropped", 14),
        ]
        for (name, value) in figures { #expect(second[name] as? Double == value, "\(name)") }
        let drops = try #require(second["drops"] as? [[String: Any]])
        let byReason = Dictionary(
            drops.compactMap { drop in (drop["reason"] as? String).map { ($0, drop["count"] as? Int) } }
        ) { $1 }
        #expect(byReason == ["refused_sender": 3, "kernel": 4, "buffer_full": 7])
        let input = try #require((second["inputs"] as? [[String: Any]])?.first)
        #expect(input["name"] as? String == "udp")
        #expect(input["type"] as? String == "syslog")
        #expect(input["rate"] as? Double == 10)
        #expect(input["unparsed"] as? Double == 2)
        #expect(input["dropped"] as? Double == 7)
    }

    @Test func `it is bounded, however many inputs there are and whatever their names`() throws {
        var heartbeat = Heartbeat(Self.agent)
        let body = heartbeat.body(Self.numbers(1, 1, inputs: 200), nowMs: 1, nowNs: 1)
        #expect(body.count <= ProtocolLimits.heartbeatBytes)
        let inputs = try #require(try Self.object(body)["inputs"] as? [[String: Any]])
        #expect((10...ProtocolLimits.heartbeatInputs).contains(inputs.count))
        #expect(inputs.allSatisfy { ($0["name"] as? String)?.utf8.count ?? 999 <= ProtocolLimits.heartbeatTextBytes })
    }

    @Test func `a counter that began anew gives no rate`() throws {
        var heartbeat = Heartbeat(Self.agent)
        _ = heartbeat.body(Self.numbers(1_000, 1_000), nowMs: 1_000, nowNs: 0)
        let body = try Self.object(heartbeat.body(Self.numbers(10, 10), nowMs: 31_000, nowNs: 0))
        #expect(body["rate"] as? Double == 0)
        #expect(body["delivered_rate"] as? Double == 0)
    }

    // MARK: Over a real socket

    @Test func `one comes soon after the start, with the key, and is counted`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let delivery = try bench.start()
        delivery.beginHeartbeats(Self.agent) { answer in answer(Self.numbers(1, 1)) }
        try bench.wait("a heartbeat") { !$0.heartbeats.isEmpty }
        let (head, body) = try #require(bench.hub.state.withLock { $0.heartbeats.first })
        #expect(head.hasPrefix("PUT /api/agents/test-agent HTTP/1.1"))
        #expect(head.contains("Authorization: Bearer kmf_test"))
        #expect(head.contains("Content-Type: application/json"))
        #expect(try Self.object(Array(body.utf8))["version"] as? String == "9.9")
        try DeliveryBench.wait("counted") {
            bench.submit(1, to: delivery)
            usleep(20_000)
            return delivery.snapshot().heartbeats == 1
        }
        delivery.drain()
    }

    @Test(arguments: [
        (404, "{\"detail\":\"No such route\"}", "older than this agent"),
        (403, "{\"detail\":\"Another key speaks for the agent\"}", "Another key speaks for the agent"),
        (404, "<html>", nil), (500, "{\"detail\":\"x\"}", nil),
    ])
    func `a hub that takes none is told of once at most, and logs go on`(
        _ status: Int,
        _ answer: String,
        _ words: String?
    ) throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        bench.hub.state.withLock { $0.heartbeatMood = .says(status, headers: [], body: answer) }
        let delivery = try bench.start()
        delivery.beginHeartbeats(Self.agent) { answer in answer(Self.numbers(1, 1)) }
        try bench.wait("a heartbeat") { !$0.heartbeats.isEmpty }
        if let words { try bench.waitForWords(words) }
        try DeliveryBench.wait("counted") {
            bench.submit(1, to: delivery)
            usleep(20_000)
            return delivery.snapshot().heartbeatsFailed == 1
        }
        try bench.wait("delivered") { !$0.hub.lines.isEmpty }
        delivery.drain()
        #expect(bench.logged.filter { $0.contains("heartbeats") }.count == (words == nil ? 0 : 1))
        #expect(!bench.tells("kmf_test"))
    }

    @Test func `an intake that does not answer holds nothing up`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let delivery = try bench.start()
        delivery.beginHeartbeats(Self.agent) { _ in }
        for number in 1...5 { bench.submit(number, to: delivery) }
        try bench.wait("delivered") { $0.hub.lines.count == 5 }
        delivery.drain()
        #expect(bench.hub.state.withLock { $0.heartbeats.isEmpty })
    }
}
