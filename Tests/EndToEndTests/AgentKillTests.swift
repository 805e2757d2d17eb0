import Foundation
import Synchronization
import TestSupport
import Testing

/// The agent's promise: what reached its disk is never lost and never doubled.
struct AgentKillTests {
    @Test func `200,000 messages over TCP while the hub is down, the agent killed: each once`() async throws {
        try await withHubAndAgent { hub, agent in
            try await hub.stop()
            let sender = PacedSender(port: agent.syslogPort, perSecond: 10_000)
            let started = Task.detached { try sender.run(for: 20) }
            try await Task.sleep(for: .seconds(19))
            let safe = sender.sent(secondsAgo: 1)
            agent.kill()
            _ = try? await started.value
            #expect(safe > 150_000)

            try await agent.start()
            try await hub.start()
            let last = safe - 1
            _ = try await eventually("the backlog has arrived", within: 120) {
                let stats = try await hub.send("GET", "/api/stats").json
                return stats["stats"]["total_logs"].number.map { Int($0) >= safe }
            }
            try await Self.settle(hub)
            let counts = try await Sequences.count(in: hub)
            let missing = (0...last).filter { counts[$0] == nil }
            let doubled = counts.filter { $0.value > 1 }
            #expect(missing.isEmpty, "\(missing.count) missing, first \(missing.prefix(5))")
            #expect(doubled.isEmpty, "\(doubled.count) doubled")
        }
    }

    /// Waits until the number of logs stays the same.
    private static func settle(_ hub: HubProcess) async throws {
        var last = -1.0
        _ = try await eventually("no more logs arrive", within: 60) {
            let total = try await hub.send("GET", "/api/stats").json["stats"]["total_logs"].number ?? -1
            try await Task.sleep(for: .milliseconds(500))
            defer { last = total }
            return total == last ? true : nil
        }
    }
}

/// Sends numbered syslog lines over one TCP connection at a steady rate, and remembers how far it was when.
final class PacedSender: Sendable {
    private let port: UInt16
    private let rate: Int
    private let history = Mutex<[(time: ContinuousClock.Instant, sent: Int)]>([])

    init(port: UInt16, perSecond rate: Int) {
        self.port = port
        self.rate = rate
    }

    /// How many had been sent that long ago.
    func sent(secondsAgo seconds: Double) -> Int {
        let then = ContinuousClock.now - .seconds(seconds)
        return history.withLock { $0.last { $0.time <= then }?.sent ?? 0 }
    }

    /// Sends until the time is up or the agent is gone.
    func run(for seconds: Double) throws {
        let clock = ContinuousClock()
        let start = clock.now
        try Network.stream(to: port) { send in
            var sent = 0
            while true {
                let elapsed = clock.now - start
                let milliseconds = Int(elapsed.components.seconds) * 1_000
                    + Int(elapsed.components.attoseconds / 1_000_000_000_000_000)
                if Double(milliseconds) >= seconds * 1_000 { return }
                let due = milliseconds * rate / 1_000
                if due > sent {
                    let lines = (sent..<due).map { "<13>1 - sender counter 1 - - \(Sequences.text($0)) end\n" }
                    try send(Array(lines.joined().utf8))
                    sent = due
                    history.withLock { $0.append((clock.now, sent)) }
                }
                usleep(2_000)
            }
        }
    }
}
