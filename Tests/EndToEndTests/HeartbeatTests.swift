import TestSupport
import Testing

/// What the hub shows of an agent that tells of itself, with a key that may store logs and nothing else.
struct HeartbeatTests {
    @Test func `an agent is in the hub's fleet with host, version, rates, backlog and drops`() async throws {
        try await withHubAndAgent { hub, agent in
            try Network.sendDatagram("<14>1 - h counter - - - number 1", to: agent.syslogPort)
            let shown = try await eventually("the agent is in the fleet") {
                let agents = try await hub.send("GET", "/api/agents").json["agents"].items
                return agents.first { $0["id"] == "test-agent" }
            }
            #expect(shown["state"] == "online")
            #expect(shown["key"]["name"] == "test-agent")
            let told = shown["agent"]
            #expect(told["version"].text?.isEmpty == false)
            #expect(told["host"].text?.isEmpty == false)
            #expect(told["started"].text?.hasSuffix("Z") == true)
            #expect(told["interval"] == .number(30))
            #expect(told["buffer"] == "open")
            for name in ["rate", "delivered_rate", "backlog_logs", "backlog_bytes", "received", "dropped"] {
                guard case .number = told[name] else {
                    Issue.record("\(name) is no number: \(told[name])")
                    continue
                }
            }
            #expect(Set(told["inputs"].items.compactMap { $0["type"].text }) == ["syslog", "json", "file"])
            #expect(told["inputs"].items.count == 4)
            // Its key is never written anywhere.
            #expect(!agent.output.contains("kmf_"))
        }
    }
}
