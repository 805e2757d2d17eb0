import EventLoop
import Logging
import Protocol

/// Delivery's edge on a real loop: its timer, its thread pool, and libcurl.
final class LoopEdge: DeliveryEdge {
    /// Who the events go to; set before anything happens.
    weak var delivery: Delivery?

    private let loop: Loop
    private let hub: HubConnection
    private var heartbeats: HeartbeatSender?
    private let logger: Logger
    private let letters: DeadLetterStore
    private let onTaken: @Sendable (Int, BufferState) -> Void
    private let onPublish: (DeliveryStatistics) -> Void
    private let onStopped: () -> Void
    private var timer: EventLoop.Timer?
    private var transfers: [UInt64: HTTPTransfer] = [:]
    private var address = 0
    private var probe: HTTPTransfer?
    private var answers = HubAnswerReader()

    init(
        _ loop: Loop,
        hub section: AgentConfiguration.HubSection,
        certificates: HTTPCertificates,
        version: String,
        logger: Logger,
        letters: DeadLetterStore,
        onTaken: @escaping @Sendable (Int, BufferState) -> Void,
        onPublish: @escaping (DeliveryStatistics) -> Void,
        onStopped: @escaping () -> Void
    ) throws {
        self.loop = loop
        self.logger = logger
        self.letters = letters
        self.onTaken = onTaken
        self.onPublish = onPublish
        self.onStopped = onStopped
        hub = try HubConnection(
            loop,
            section: section,
            certificates: certificates,
            version: version,
            report: { Self.log(logger, $0, $1) }
        )
        timer = try EventLoop.Timer(loop) { [weak self] in self?.delivery?.wake() }
    }

    var nowMs: UInt64 { loop.nowMs }

    var nowNs: Int64 { WallClock.now() }

    func random() -> UInt64 { .random(in: 0...UInt64.max) }

    func post(_ ticket: UInt64, identity: BatchIdentity, body: [UInt8]) {
        let request = HubConnection.Request(
            method: "POST",
            path: "/api/logs/batch",
            headers: [
                ("Content-Type", "application/x-ndjson"), ("Content-Encoding", "zstd"), ("Prefer", "return=minimal"),
                ("Idempotency-Key", identity.text),
            ],
            body: body
        )
        transfers[ticket] = hub.send(request, to: address) { [weak self] result in
            self?.transfers[ticket] = nil
            self?.delivery?.answered(ticket, result)
        }
    }

    func choose(_ address: Int) { self.address = address }

    func probe(_ address: Int) {
        let request = HubConnection.Request(
            method: "GET",
            path: "/api/health",
            // Anyone may ask; what answers there is not known to be the hub yet.
            isAuthorized: false,
            timeoutMs: AgentLimits.addressProbeTimeoutMs,
            maximumAnswerBytes: AgentLimits.addressProbeBytes
        )
        probe = hub.send(request, to: address) { [weak self] result in
            guard let self else { return }
            probe = nil
            var isUp = false
            if case .success(let answer) = result { isUp = answers.health(answer) == true }
            delivery?.probed(address, isUp: isUp)
        }
    }

    /// The hub is another one, or is reached in another way.
    func use(_ section: AgentConfiguration.HubSection) {
        hub.use(section) { [weak self] isUsed in
            guard isUsed, let self else { return }
            probe?.cancel()
            probe = nil
            address = 0
            delivery?.use(urls: section.urls)
            heartbeats?.beginAnew()
        }
    }

    /// Begins to tell the hub of this agent; `ask` asks for numbers, which come through `beat`.
    func beginHeartbeats(_ agent: Heartbeat.Agent, ask: @escaping () -> Void) {
        do throws(LoopError) {
            heartbeats = try HeartbeatSender(
                loop,
                hub: hub,
                agent: agent,
                address: { [weak self] in self?.address ?? 0 },
                report: { [logger] in Self.log(logger, $0, $1) },
                ask: ask
            )
        } catch {
            report(.error, "there will be no heartbeats: \(error)")
        }
    }

    /// Sends a heartbeat with these numbers.
    func beat(_ numbers: Heartbeat.Numbers) { heartbeats?.send(numbers) }

    func cancelPosts() {
        for transfer in transfers.values { transfer.cancel() }
        transfers = [:]
    }

    func run(_ job: DiskJob) {
        loop.work({ job.run() }, done: { [weak self] in self?.delivery?.diskJobDone($0) })
    }

    func write(_ letter: DeadLetter, ticket: UInt64) {
        let letters = letters
        loop.work({ letters.write(letter) }, done: { [weak self] in self?.delivery?.deadLetterDone(ticket, $0) })
    }

    func wake(atMs: UInt64?) {
        if let atMs { timer?.start(afterMs: atMs - min(nowMs, atMs)) } else { timer?.stop() }
    }

    func taken(_ batches: Int, _ state: BufferState) { onTaken(batches, state) }

    func report(_ level: DeliveryReport.Level, _ words: String) { Self.log(logger, level, words) }

    func publish(_ statistics: DeliveryStatistics) {
        var statistics = statistics
        statistics.heartbeats = heartbeats?.sent ?? 0
        statistics.heartbeatsFailed = heartbeats?.failed ?? 0
        onPublish(statistics)
    }

    func stopped() { onStopped() }

    /// Closes what belongs to the loop.
    func close() {
        cancelPosts()
        heartbeats?.close()
        heartbeats = nil
        hub.close()
        timer?.close()
        timer = nil
    }

    private static func log(_ logger: Logger, _ level: DeliveryReport.Level, _ words: String) {
        switch level {
        case .info: logger.info("\(words)")
        case .warning: logger.warning("\(words)")
        case .error: logger.error("\(words)")
        }
    }
}

@available(*, unavailable)
extension LoopEdge: Sendable {}
