/// What the agent has done and holds, at one moment: what `/metrics` and `/health` show.
struct AgentSnapshot {
    var name: String
    var inputs: [(name: String, statistics: InputStatistics)]
    var delivery: DeliveryStatistics
    /// Whether TCP and files wait now.
    var isHeldBack: Bool
}
