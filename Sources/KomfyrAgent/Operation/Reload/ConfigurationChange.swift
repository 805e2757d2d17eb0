/// What lies between two configurations, besides the inputs: pure comparison.
struct ConfigurationChange: Equatable {
    /// What only a restart can change, in words; a reload with any of it is refused.
    private(set) var needsRestart: [String] = []
    /// Whether logs go elsewhere, or with another key.
    private(set) var isHubChanged = false
    private(set) var isBufferChanged = false
    private(set) var isMetricsChanged = false
    /// Whether metrics move to another address with the same port, which the old one may keep them from.
    private(set) var isMetricsPortKept = false
    /// What changes, in words; no key is among them.
    private(set) var words: [String] = []

    init(from old: AgentConfiguration, to new: AgentConfiguration) {
        if old.agent.dataDirectory != new.agent.dataDirectory {
            needsRestart.append(
                "data_dir (\(old.agent.dataDirectory) to \(new.agent.dataDirectory)): what waits lies in the old one"
            )
        }
        if old.agent.name != new.agent.name {
            needsRestart.append(
                "name (\(old.agent.name) to \(new.agent.name)): batches that wait carry the old one"
            )
        }
        if old.agent.tags != new.agent.tags { words.append("the agent's tags changed, and so every input") }
        compareHub(old.hub, new.hub)
        isBufferChanged = old.buffer != new.buffer
        if isBufferChanged { words.append("[buffer] changed") }
        isMetricsChanged = old.metrics != new.metrics
        if let old = old.metrics, let new = new.metrics, old != new { isMetricsPortKept = old.port == new.port }
        if isMetricsChanged {
            words.append(new.metrics.map { "metrics on \($0.address)" } ?? "metrics are off")
        }
    }

    private mutating func compareHub(_ old: AgentConfiguration.HubSection, _ new: AgentConfiguration.HubSection) {
        guard old != new else { return }
        isHubChanged = true
        var rest = old
        rest.apiKey = new.apiKey
        if rest != new { words.append("[hub] changed") }
        if old.apiKey != new.apiKey { words.append("the API key changed") }
    }
}
