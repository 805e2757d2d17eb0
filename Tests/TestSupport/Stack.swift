/// A hub for the time of a test.
package func withHub(
    _ settings: [String: String] = [:],
    _ test: (HubProcess) async throws -> Void
) async throws {
    let hub = try HubProcess(settings)
    do {
        try await hub.start()
        try await test(hub)
    } catch {
        let words = hub.output.suffix(2_000)
        await hub.close()
        throw TestFailure("\(error)\nThe hub's last words:\n\(words)")
    }
    await hub.close()
}

/// A hub and an agent that brings logs to it, for the time of a test.
///
/// `more` is TOML to add at the end of the agent's configuration.
package func withHubAndAgent(
    _ settings: [String: String] = [:],
    more: String = "",
    _ test: (HubProcess, AgentProcess) async throws -> Void
) async throws {
    try await withHub(settings) { hub in
        let agent = try AgentProcess(
            hub: hub.url,
            key: try await hub.makeKey("test-agent", scope: "ingest"),
            more: more
        )
        do {
            try await agent.start()
            try await test(hub, agent)
        } catch {
            let words = agent.output.suffix(2_000)
            await agent.close()
            throw TestFailure("\(error)\nThe agent's last words:\n\(words)")
        }
        await agent.close()
    }
}
