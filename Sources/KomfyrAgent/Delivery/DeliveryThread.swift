import EventLoop
import Logging
import Protocol
import Synchronization

/// The thread that owns the disk buffer and sends to the hub.
///
/// Made before intake starts: `init` locks the buffer's folder and recovers what it holds, on the calling thread.
/// Ended with `drain(deadlineMs:)`. What belongs to its loop is behind a `LoopBound`, which nobody else opens.
final class DeliveryThread: Sendable {
    private let thread: LoopThread
    private let home: LoopBound<Home>
    private let positions: [FilePosition]
    private let letters: DeadLetterStore
    private let shared = Shared()

    /// What lives on the delivery loop.
    private final class Home {
        let buffer: DiskBuffer
        var edge: LoopEdge?
        var delivery: Delivery?

        init(_ buffer: DiskBuffer) {
            self.buffer = buffer
        }
    }

    /// What the thread leaves for others.
    private final class Shared: Sendable {
        let statistics = Mutex(DeliveryStatistics())
        let failure = Mutex<(any Error)?>(nil)
        let started = Latch()
        let ended = Latch()
    }

    /// Recovers the buffer and starts the thread, which at once begins to send what was left.
    /// - Parameters:
    ///   - configuration: the sections `agent`, `hub` and `buffer` are used.
    ///   - version: named to the hub in `User-Agent`.
    ///   - logger: hears what an operator has to know.
    ///   - files: where the buffer and the dead letters are kept.
    ///   - addressProbeMs: how often the hub's better addresses are asked while another one is used.
    ///   - onTaken: called on the delivery thread; how many submitted batches left the queue since the last call
    ///     (0 when only the state changed), and the state now. Post it to the intake loop's mailbox.
    /// - Throws: `BufferError` when the folder cannot be used, or another agent uses it; `TLSProblem` when a file of
    ///   `[hub]` cannot be used.
    init(
        configuration: AgentConfiguration,
        version: String,
        logger: Logger,
        files: any FileSystem = PosixFileSystem(),
        addressProbeMs: UInt64 = AgentLimits.addressProbeFirstMs,
        onTaken: @escaping @Sendable (_ batches: Int, _ state: BufferState) -> Void
    ) throws {
        let folder = configuration.agent.dataDirectory
        let settings = BufferSettings(
            folder: folder + "/buffer",
            agent: configuration.agent.name,
            section: configuration.buffer
        )
        let buffer = try DiskBuffer(settings, files: files)
        positions = buffer.knownPositions
        Self.tellStart(buffer, logger)

        let letters = DeadLetterStore(
            folder: folder + "/dead-letter",
            maxBytes: configuration.buffer.deadLetterMaxBytes,
            files: files
        )
        self.letters = letters
        let hub = configuration.hub
        let certificates = try HTTPCertificates(hub.trust)
        let bound = LoopBound(Home(buffer))
        let shared = shared
        home = bound
        thread = try LoopThread(name: "delivery") { loop in
            bound.open(on: loop) { home in
                do {
                    let edge = try LoopEdge(
                        loop,
                        hub: hub,
                        certificates: certificates,
                        version: version,
                        logger: logger,
                        letters: letters,
                        onTaken: onTaken,
                        onPublish: { statistics in shared.statistics.withLock { $0 = statistics } },
                        onStopped: { [mailbox = loop.mailbox] in
                            // Not from within delivery's own turn: this lets go of it.
                            mailbox.post { loop in
                                bound.open(on: loop) { $0.edge?.close() }
                                bound.empty(on: loop)
                                loop.stop()
                                shared.ended.open()
                            }
                        }
                    )
                    let delivery = try Delivery(
                        buffer: home.buffer,
                        edge: edge,
                        letters: DeadLetterFolder(folder: folder + "/dead-letter", files: files),
                        urls: hub.urls,
                        addressProbeMs: addressProbeMs
                    )
                    edge.delivery = delivery
                    home.edge = edge
                    home.delivery = delivery
                    delivery.start()
                } catch {
                    shared.failure.withLock { $0 = error }
                }
            }
            shared.started.open()
        }
        shared.started.wait()
        if let failure = shared.failure.withLock({ $0 }) {
            thread.stop()
            throw failure
        }
    }

    /// Hands a batch over, from any thread, in order.
    ///
    /// It is taken without condition: whoever submits keeps to `AgentLimits.batchesToDelivery`, by what `onTaken` says.
    func submit(_ batch: consuming Batch) {
        let home = home
        thread.mailbox.post { [batch] loop in
            home.open(on: loop) { $0.delivery?.take(batch) }
        }
    }

    /// Takes another section `[buffer]` of the configuration: sizes, syncs and bounds change from now on.
    func use(_ section: AgentConfiguration.BufferSection) {
        letters.use(maxBytes: section.deadLetterMaxBytes)
        let home = home
        thread.mailbox.post { loop in
            home.open(on: loop) { $0.delivery?.use(section) }
        }
    }

    /// From now on logs go to this hub, or there in this way; from any thread.
    ///
    /// Its files are read first: when one cannot be used, all stays as it is, and that is told. Posts under way end
    /// where they were sent; the backlog goes on at once.
    func use(_ hub: AgentConfiguration.HubSection) {
        let home = home
        thread.mailbox.post { loop in
            home.open(on: loop) { $0.edge?.use(hub) }
        }
    }

    /// Begins to tell the hub of this agent, soon and then every half minute.
    ///
    /// `ask` is called on the delivery thread and must not wait; it hands on the question for the agent's numbers,
    /// which may be answered on any thread.
    func beginHeartbeats(
        _ agent: Heartbeat.Agent,
        ask: @escaping @Sendable (_ answer: @escaping @Sendable (Heartbeat.Numbers) -> Void) -> Void
    ) {
        let home = home
        let mailbox = thread.mailbox
        mailbox.post { loop in
            home.open(on: loop) { inside in
                inside.edge?
                    .beginHeartbeats(agent) {
                        ask { numbers in
                            mailbox.post { loop in home.open(on: loop) { $0.edge?.beat(numbers) } }
                        }
                    }
            }
        }
    }

    /// How far which file had been read when the agent stopped.
    func knownPositions() -> [FilePosition] { positions }

    /// Has `answer` called on the delivery loop: whether it still turns.
    /// - Returns: false when the thread has ended, or its mailbox is full.
    func ping(_ answer: @escaping @Sendable () -> Void) -> Bool {
        thread.mailbox.post { _ in answer() }
    }

    /// Takes what was submitted before, syncs it, gives posts under way until the deadline, and ends the thread.
    ///
    /// Blocks the calling thread; `onTaken` is still called meanwhile. The backlog stays on disk. No `submit` may
    /// follow.
    func drain(deadlineMs: UInt64 = AgentLimits.drainMs) {
        let home = home
        let shared = shared
        thread.mailbox.post { loop in
            home.open(on: loop) { $0.delivery?.drain(deadlineMs: deadlineMs) }
        }
        // A disk that hangs must not hold the process: what is not done by now is found at the next start.
        guard shared.ended.wait(timeoutMs: deadlineMs + AgentLimits.drainGraceMs) else { return }
        thread.stop()
    }

    /// The counters, at most some 100 ms old.
    func snapshot() -> DeliveryStatistics { shared.statistics.withLock { $0 } }

    private static func tellStart(_ buffer: DiskBuffer, _ logger: Logger) {
        let waiting = buffer.waiting
        if waiting.frames > 0 {
            logger.info("the buffer holds \(waiting.records) logs in \(waiting.frames) batches from before")
        }
        if buffer.settings.section.fsync == .never {
            logger.warning(
                "fsync = \"never\": a crash of the machine may lose logs that count as read, lines of files included"
            )
        }
    }
}
