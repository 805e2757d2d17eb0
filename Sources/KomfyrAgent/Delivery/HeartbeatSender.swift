import EventLoop
import Protocol

/// Tells the hub every half minute that this agent lives, and how it does.
///
/// Nothing depends on it: a heartbeat that fails is counted, and the next one comes in its time. Belongs to the
/// delivery loop; the numbers are asked from intake, so that an agent whose intake stands still falls silent.
final class HeartbeatSender {
    private let loop: Loop
    private let hub: HubConnection
    private let address: () -> Int
    private let report: (DeliveryReport.Level, String) -> Void
    private let ask: () -> Void
    private var heartbeat: Heartbeat
    private var answers = HubAnswerReader()
    private var timer: EventLoop.Timer?
    private var transfer: HTTPTransfer?
    /// Refusals that were told.
    private var told: Set<Int> = []
    private(set) var sent: UInt64 = 0
    private(set) var failed: UInt64 = 0

    /// Begins soon.
    /// - Parameters:
    ///   - loop: the delivery loop.
    ///   - hub: what they are sent through.
    ///   - agent: what is told of the agent itself.
    ///   - address: the hub's address in use.
    ///   - report: hears what an operator has to know.
    ///   - ask: asks for the numbers, which then come through `send`.
    /// - Throws: when the loop cannot be had.
    init(
        _ loop: Loop,
        hub: HubConnection,
        agent: Heartbeat.Agent,
        address: @escaping () -> Int,
        report: @escaping (DeliveryReport.Level, String) -> Void,
        ask: @escaping () -> Void
    ) throws(LoopError) {
        self.loop = loop
        self.hub = hub
        self.address = address
        self.report = report
        self.ask = ask
        heartbeat = Heartbeat(agent)
        timer = try EventLoop.Timer(loop) { [weak self] in self?.beat() }
        beginAnew()
    }

    /// The hub is another one: what was told of the one before may be told again.
    func beginAnew() {
        told = []
        timer?.start(afterMs: .random(in: 0..<AgentLimits.heartbeatFirstMs))
    }

    /// Numbers that were asked for have come.
    func send(_ numbers: Heartbeat.Numbers) {
        guard timer != nil, transfer == nil else { return }
        let request = HubConnection.Request(
            method: "PUT",
            path: "/api/agents/" + heartbeat.agent.name,
            headers: [("Content-Type", "application/json")],
            body: heartbeat.body(numbers, nowMs: loop.nowMs, nowNs: WallClock.now()),
            timeoutMs: AgentLimits.heartbeatTimeoutMs,
            maximumAnswerBytes: AgentLimits.heartbeatAnswerBytes
        )
        transfer = hub.send(request, to: address()) { [weak self] result in
            self?.transfer = nil
            self?.answered(result)
        }
    }

    /// Ends it.
    func close() {
        transfer?.cancel()
        transfer = nil
        timer?.close()
        timer = nil
    }

    private func beat() {
        // A tenth more or less, so that agents that began together do not stay together.
        let interval = UInt64(AgentLimits.heartbeatSeconds) * 1_000
        timer?.start(afterMs: .random(in: (interval * 9 / 10)...(interval * 11 / 10)))
        guard transfer == nil else { return }
        ask()
    }

    private func answered(_ result: Result<HTTPAnswer, HTTPFailure>) {
        guard case .success(let answer) = result else {
            failed += 1
            return
        }
        guard answer.status != 200 else {
            sent += 1
            told = []
            return
        }
        failed += 1
        // Without the hub's own reason it is some proxy's answer, and the batches' business.
        guard let reason = answers.reason(answer) else { return }
        switch answer.status {
        case 404, 405:
            timer?.start(afterMs: AgentLimits.heartbeatRareMs)
            tell(
                answer.status,
                .info,
                "the hub is older than this agent and knows no heartbeats (\(answer.status)), so it does not show the "
                    + "agent's state. Logs are delivered all the same"
            )
        case 401, 403, 422:
            tell(
                answer.status,
                .warning,
                "the hub takes no heartbeats of this agent, so it does not show its state (\(answer.status)): \(reason)"
            )
        default: break
        }
    }

    private func tell(_ status: Int, _ level: DeliveryReport.Level, _ words: String) {
        if told.insert(status).inserted { report(level, words) }
    }
}

@available(*, unavailable)
extension HeartbeatSender: Sendable {}
