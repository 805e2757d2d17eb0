/// What the agent has done and holds, at one moment: what `/metrics`, `/health` and `status` show.
struct AgentSnapshot: Sendable {
    /// One input.
    struct Input: Sendable {
        var name: String
        /// What it does, as `check` says it.
        var summary = ""
        var statistics: InputStatistics
        /// Messages a second over the last minute.
        var perSecond: Double = 0
    }

    var name: String
    var inputs: [Input]
    var delivery: DeliveryStatistics
    /// Whether TCP and files wait now.
    var isHeldBack: Bool
    /// When the agent started, in nanoseconds since 1970.
    var startedNs: Int64 = 0
    var processID: Int32 = 0
    var configurationPath = ""
    var dataDirectory = ""
    var hubURL = ""
    var bufferMaxBytes: UInt64 = 0
    var reloads = ReloadRecord(startedNs: 0)
    /// Logs a second that the hub has taken, over the last minute.
    var deliveredPerSecond: Double = 0

    /// How long the oldest log on disk has waited, in seconds; 0 when none does.
    func oldestAge(nowNs: Int64) -> Double {
        guard delivery.oldestWaitingNs > 0 else { return 0 }
        return max(0, Double((nowNs - delivery.oldestWaitingNs) / 1_000_000) / 1_000)
    }

    /// Why logs are not taken, in words; nil while they are.
    var bufferTrouble: String? {
        switch delivery.state {
        case .open: nil
        case .full:
            "the buffer has reached max_bytes: files and TCP senders wait, datagrams are dropped. Bring the hub back, "
                + "or give it more room"
        case .broken:
            "the buffer's disk refuses: files and TCP senders wait, datagrams go on in memory. Free or mend the disk: "
                + "it is tried again by itself"
        }
    }

    /// What a person should look at, in words; empty when all is well.
    var troubles: [String] {
        var troubles: [String] = []
        if let bufferTrouble { troubles.append(bufferTrouble) }
        if let trouble = delivery.trouble { troubles.append(trouble) }
        if let last = reloads.last, !last.isTaken { troubles.append("the last reload was refused: \(last.words)") }
        return troubles
    }
}
