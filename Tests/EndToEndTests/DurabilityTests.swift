import Foundation
import TestSupport
import Testing

/// What DESIGN.md §6 promises first: nothing that was taken over is lost, and nothing is there twice.
@Suite(.serialized)
struct DurabilityTests {
    @Test func `200,000 messages over TCP survive 20 s without a hub and a kill of the agent`() async throws {
        try await withHubAndAgent { hub, agent in
            let count = 200_000
            hub.kill()
            let away = ContinuousClock.now
            var sent = 0
            // When each part was sent: what is older than a second at the kill must survive it.
            var history: [(at: ContinuousClock.Instant, sent: Int)] = []
            func send(upTo end: Int) async throws {
                let connection = try Network.Stream(to: agent.syslogPort)
                defer { connection.close() }
                while sent < end {
                    let part = sent..<min(sent + 1_000, end)
                    let text = part.map { "<14>1 - h counter - - - number \($0)\n" }.joined()
                    try connection.send(Array(text.utf8))
                    sent = part.upperBound
                    history.append((.now, sent))
                    // Some ten seconds in all, as devices do it: not faster than the agent takes it.
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            try await send(upTo: Int.random(in: count / 4..<count / 2))
            let killed = ContinuousClock.now
            let safe = history.last { $0.at.advanced(by: .seconds(1)) <= killed }?.sent ?? 0
            // On a busy machine the agent is behind its socket, and what lies there dies with it.
            _ = try await eventually("what is older than a second is on disk") {
                try await Self.recordsOnDisk(agent) >= safe ? true : nil
            }
            agent.kill()
            let resumed = sent
            #expect(safe > 0)
            try await agent.start()
            try await send(upTo: count)
            try await Task.sleep(until: away.advanced(by: .seconds(20)))
            try await hub.start()
            let expected = Set(0..<safe).union(resumed..<count)
            let numbers = try await eventually("all are stored", within: 300) {
                let numbers = try await hub.numbers("number")
                return expected.subtracting(numbers).isEmpty ? numbers : nil
            }
            #expect(Set(numbers).count == numbers.count, "none is there twice")
        }
    }

    @Test func `100,000 posted logs are there once, though the hub is killed in the middle`() async throws {
        try await withHub { hub in
            let batch = 1_000
            let batches = 100
            let senders = 4
            let killAfter = Int.random(in: 10..<60)
            let posted = Counter()
            try await withThrowingTaskGroup { group in
                for sender in 0..<senders {
                    let url = "\(hub.url)/api/logs/batch"
                    let key = hub.key
                    group.addTask {
                        for index in stride(from: sender, to: batches, by: senders) {
                            let lines = (index * batch..<(index + 1) * batch).map { #"{"message":"number \#($0)"}"# }
                            try await Self.post(
                                lines.joined(separator: "\n"),
                                to: url,
                                key: key,
                                identity: "sender\(sender).0123456789abcdef0123456789abcdef/\(index / senders + 1)"
                            )
                            posted.add()
                        }
                    }
                }
                _ = try await eventually("\(killAfter) batches are answered", within: 180) {
                    posted.count >= killAfter ? true : nil
                }
                hub.kill()
                try await hub.start()
                try await group.waitForAll()
            }
            let numbers = try await hub.numbers("number")
            #expect(numbers.count == batches * batch, "killed after \(killAfter) batches")
            #expect(Set(numbers) == Set(0..<batches * batch), "killed after \(killAfter) batches")
        }
    }

    /// How many logs lie in an agent's buffer.
    private static func recordsOnDisk(_ agent: AgentProcess) async throws -> Int {
        let metrics = try await HTTP.send("GET", "http://127.0.0.1:\(agent.metricsPort)/metrics").body
        let line = metrics.split(separator: "\n").first { $0.hasPrefix("komfyr_agent_buffer_records ") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    /// Posts a batch until the hub has it.
    private static func post(_ body: String, to url: String, key: String, identity: String) async throws {
        let headers = [
            "Authorization": "Bearer \(key)", "Content-Type": "application/x-ndjson", "Idempotency-Key": identity,
        ]
        _ = try await eventually("\(identity) is answered", within: 180) {
            let answer = try await HTTP.send("POST", url, headers: headers, body: body)
            guard answer.status != 503 else { return Bool?.none }
            guard answer.status == 200, answer.json["ingested"] == 1_000 else {
                throw TestFailure("\(answer.status) \(answer.body.prefix(300))")
            }
            return true
        }
    }
}
