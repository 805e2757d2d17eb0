import EventLoop
import Testing

@testable import KomfyrAgent

struct ReloadPlanTests {
    private static func input(_ name: String, port: UInt16 = 514, group: String = "g") -> InputConfiguration {
        InputConfiguration(
            name: name,
            group: group,
            kind: .syslog(InputConfiguration.Listen(transport: .udp, address: .ip("127.0.0.1", port: port)))
        )
    }

    private static func configuration(_ change: (inout AgentConfiguration) -> Void = { _ in }) -> AgentConfiguration {
        var configuration = AgentConfiguration(
            agent: AgentConfiguration.AgentSection(name: "a"),
            hub: AgentConfiguration.HubSection(url: "http://127.0.0.1:8080", apiKey: "kmf_old")
        )
        change(&configuration)
        return configuration
    }

    @Test func `what is the same stays, by name and all that it says`() {
        let running = ["same", "other", "gone"].map { (configuration: Self.input($0), tags: ["t"]) }
        let plan = InputPlan(
            running,
            to: [Self.input("new"), Self.input("same"), Self.input("other", group: "h")],
            tags: ["t"]
        )
        #expect(plan.unchanged == ["same"])
        #expect(plan.changed == ["other"])
        #expect(plan.removed == ["gone"])
        #expect(plan.new == ["new"])
        #expect(plan.starting.map(\.name) == ["new", "other"])
        #expect(plan.words == ["input \"new\" new", "input \"other\" changed", "input \"gone\" removed"])
        #expect(["same", "other", "gone", "new"].map(plan.stops) == [false, true, true, false])
    }

    @Test func `other tags of the agent change every input`() {
        let running = [(configuration: Self.input("a"), tags: ["t"])]
        #expect(InputPlan(running, to: [Self.input("a")], tags: []).changed == ["a"])
    }

    @Test func `what needs a restart is named`() {
        let change = ConfigurationChange(
            from: Self.configuration(),
            to: Self.configuration {
                $0.agent.dataDirectory = "/elsewhere"
                $0.agent.name = "b"
            }
        )
        #expect(change.needsRestart.count == 2)
        #expect(change.needsRestart[0].hasPrefix("data_dir (/var/lib/komfyr-agent to /elsewhere)"))
        #expect(change.needsRestart[1].hasPrefix("name (a to b)"))
    }

    @Test func `a new key is told and not shown`() {
        let change = ConfigurationChange(
            from: Self.configuration(),
            to: Self.configuration { $0.hub.apiKey = "kmf_new" }
        )
        #expect(change.isHubChanged)
        #expect(change.words == ["the API key changed"])
    }

    @Test func `each section is told by itself`() {
        let change = ConfigurationChange(
            from: Self.configuration(),
            to: Self.configuration {
                $0.agent.tags = ["x"]
                $0.hub.urls = ["http://127.0.0.1:8081"]
                $0.buffer.maxBytes = 1 << 25
                $0.metrics = AgentConfiguration.MetricsSection(host: "127.0.0.1", port: 9_514)
            }
        )
        #expect(change.isHubChanged && change.isBufferChanged && change.isMetricsChanged)
        #expect(
            change.words == [
                "the agent's tags changed, and so every input", "[hub] changed", "[buffer] changed",
                "metrics on 127.0.0.1:9514",
            ]
        )
        #expect(change.needsRestart == [])
        #expect(ConfigurationChange(from: Self.configuration(), to: Self.configuration()).words == [])
    }

    @Test func `a record of reloads counts both outcomes`() {
        var record = ReloadRecord(startedNs: 5)
        #expect(record.lastTakenNs == 5)
        record.note(isTaken: false, "wrong", atNs: 7)
        #expect(record.lastTakenNs == 5)
        #expect(record.last?.words == "wrong")
        record.note(isTaken: true, "right", atNs: 9)
        #expect((record.taken, record.refused, record.lastTakenNs) == (1, 1, 9))
    }
}
