import Protocol

/// What an agent tells the hub of itself, and what it needs to know from the time before to do so.
///
/// `PUT /api/agents/NAME`, JSON: `version host started interval rate delivered_rate backlog_logs backlog_bytes
/// backlog_seconds received delivered rejected dropped drops buffer inputs`. The hub shows the newest one.
struct Heartbeat {
    /// What does not change while the agent runs.
    struct Agent: Sendable {
        var name: String
        var version: String
        var host: String
        /// Nanoseconds since 1970.
        var startedNs: Int64
    }

    /// What is told at a moment: the snapshot, and the type of each input by its name.
    struct Numbers: Sendable {
        var snapshot: AgentSnapshot
        var types: [String: String]
    }

    private struct Before {
        var atMs: UInt64
        var received: [String: UInt64]
        var delivered: UInt64
    }

    let agent: Agent
    private var before: Before?

    init(_ agent: Agent) { self.agent = agent }

    /// The body to send; rates are those since the last one.
    mutating func body(_ numbers: Numbers, nowMs: UInt64, nowNs: Int64) -> [UInt8] {
        let delivery = numbers.snapshot.delivery
        let inputs = numbers.snapshot.inputs
        let rates = inputs.map { rate($0.statistics.received, before?.received[$0.name], nowMs) }
        var json = JSONObjectWriter(textBytes: ProtocolLimits.heartbeatTextBytes)
        json.text("version", agent.version)
        json.text("host", agent.host)
        json.text("started", Timestamp.text(agent.startedNs))
        json.integer("interval", AgentLimits.heartbeatSeconds)
        json.number("rate", rates.reduce(0, +))
        json.number("delivered_rate", rate(delivery.recordsDelivered, before?.delivered, nowMs))
        let waiting = delivery.recordsWaiting + delivery.recordsInMemory
        json.integer("backlog_logs", waiting)
        json.number("backlog_bytes", waiting > 0 ? Double(delivery.bufferBytes + delivery.bytesInMemory) : 0)
        let age = delivery.oldestWaitingNs > 0 ? nowNs - delivery.oldestWaitingNs : 0
        json.number("backlog_seconds", max(0, Double(age / 1_000_000) / 1_000))
        json.integer("received", inputs.reduce(0) { $0 + $1.statistics.received })
        json.integer("delivered", delivery.recordsDelivered)
        json.integer("rejected", delivery.recordsRefused)
        let drops = Self.drops(numbers.snapshot)
        json.integer("dropped", drops.reduce(0) { $0 + $1.count })
        let most = ProtocolLimits.heartbeatBytes
        json.objects("drops", drops.prefix(ProtocolLimits.heartbeatReasons), bytesAtMost: most) { drop, json in
            json.text("reason", drop.reason)
            json.integer("count", drop.count)
        }
        json.text("buffer", Self.word(delivery.state))
        let shown = zip(inputs, rates).prefix(ProtocolLimits.heartbeatInputs)
        json.objects("inputs", shown, bytesAtMost: most) { Self.input($0.0, numbers.types[$0.0.name], rate: $0.1, &$1) }
        before = Before(
            atMs: nowMs,
            received: Dictionary(inputs.map { ($0.name, $0.statistics.received) }) { $1 },
            delivered: delivery.recordsDelivered
        )
        return json.finish()
    }

    /// A second's share of what was counted since the last heartbeat; 0 at the first.
    private func rate(_ now: UInt64, _ then: UInt64?, _ nowMs: UInt64) -> Double {
        guard let before, let then, now >= then, nowMs > before.atMs else { return 0 }
        return (Double(now - then) * 10_000 / Double(nowMs - before.atMs)).rounded() / 10
    }

    /// What was dropped since the start, by reason; those with none are left out.
    private static func drops(_ snapshot: AgentSnapshot) -> [(reason: String, count: UInt64)] {
        var drops: [(reason: String, count: UInt64)] = []
        for reason in InputStatistics.DropReason.allCases {
            drops.append(("\(reason.label)", snapshot.inputs.reduce(0) { $0 + $1.statistics.dropped[reason] }))
        }
        let delivery = snapshot.delivery
        drops.append(("kernel", snapshot.inputs.reduce(0) { $0 + $1.statistics.kernelDrops }))
        drops.append(("buffer_full", delivery.recordsDroppedFull))
        drops.append(("disk_broken", delivery.recordsDroppedBroken))
        drops.append(("disk_damaged", delivery.recordsCorrupt))
        drops.append(("dead_letters_full", delivery.recordsDroppedFromDeadLetters))
        return drops.filter { $0.count > 0 }
    }

    private static func input(
        _ input: AgentSnapshot.Input,
        _ type: String?,
        rate: Double,
        _ json: inout JSONObjectWriter
    ) {
        json.text("name", input.name)
        if let type { json.text("type", type) }
        json.number("rate", rate)
        json.integer("received", input.statistics.received)
        json.integer("unparsed", input.statistics.unparsed)
        json.integer("dropped", input.statistics.dropped.total + input.statistics.kernelDrops)
    }

    private static func word(_ state: BufferState) -> String {
        switch state {
        case .open: "open"
        case .full: "full"
        case .broken: "broken"
        }
    }
}
