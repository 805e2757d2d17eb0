import EventLoop
import Glibc
import Logging
import Protocol

/// Delivery's edge on a real loop: its timer, its thread pool, and libcurl.
final class LoopEdge: DeliveryEdge {
    /// What posts carry besides the batch.
    struct Hub: Sendable {
        /// The whole URL of the route.
        var url: String
        /// The header's value; nil without a key, and never printed.
        var authorization: String?
        var userAgent: String

        init(_ section: AgentConfiguration.HubSection, version: String) {
            var base = section.url
            while base.utf8.last == UInt8(ascii: "/") { base.removeLast() }
            url = base + "/api/logs/batch"
            authorization = section.apiKey.map { "Bearer " + $0 }
            userAgent = "komfyr-agent/" + version
        }
    }

    /// Who the events go to; set before anything happens.
    weak var delivery: Delivery?

    private let loop: Loop
    private let client: HTTPClient
    private let hub: Hub
    private let logger: Logger
    private let letters: DeadLetterStore
    private let onTaken: @Sendable (Int, BufferState) -> Void
    private let onPublish: (DeliveryStatistics) -> Void
    private let onStopped: () -> Void
    private var timer: EventLoop.Timer?
    private var transfers: [UInt64: HTTPTransfer] = [:]

    init(
        _ loop: Loop,
        hub: Hub,
        logger: Logger,
        letters: DeadLetterStore,
        onTaken: @escaping @Sendable (Int, BufferState) -> Void,
        onPublish: @escaping (DeliveryStatistics) -> Void,
        onStopped: @escaping () -> Void
    ) throws(LoopError) {
        self.loop = loop
        self.hub = hub
        self.logger = logger
        self.letters = letters
        self.onTaken = onTaken
        self.onPublish = onPublish
        self.onStopped = onStopped
        client = try HTTPClient(loop, maximumConnections: ProtocolLimits.batchesInFlight)
        timer = try EventLoop.Timer(loop) { [weak self] in self?.delivery?.wake() }
    }

    var nowMs: UInt64 { loop.nowMs }

    var nowNs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    func random() -> UInt64 { .random(in: 0...UInt64.max) }

    func post(_ ticket: UInt64, identity: BatchIdentity, body: [UInt8]) {
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/x-ndjson"), ("Content-Encoding", "zstd"), ("Prefer", "return=minimal"),
            ("Idempotency-Key", identity.text), ("User-Agent", hub.userAgent),
        ]
        if let authorization = hub.authorization { headers.append(("Authorization", authorization)) }
        let request = HTTPRequest(
            method: "POST",
            url: hub.url,
            headers: headers,
            body: body,
            connectTimeoutMs: AgentLimits.hubConnectMs,
            timeoutMs: AgentLimits.hubAnswerMs,
            maximumAnswerBytes: AgentLimits.hubAnswerBytes
        )
        transfers[ticket] = client.send(request) { [weak self] result in
            self?.transfers[ticket] = nil
            self?.delivery?.answered(ticket, result)
        }
    }

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

    func report(_ level: DeliveryReport.Level, _ words: String) {
        switch level {
        case .info: logger.info("\(words)")
        case .warning: logger.warning("\(words)")
        case .error: logger.error("\(words)")
        }
    }

    func publish(_ statistics: DeliveryStatistics) { onPublish(statistics) }

    func stopped() { onStopped() }

    /// Closes what belongs to the loop.
    func close() {
        cancelPosts()
        client.close()
        timer?.close()
        timer = nil
    }
}

@available(*, unavailable)
extension LoopEdge: Sendable {}
