import EventLoop
import Logging
import Synchronization

/// Where tasks and the client's loop meet: commands that wait for the loop, what is under way in numbers, how the
/// connection stands, and who observes it.
///
/// ```
///  tasks ── submit ──► queued ── drain (once a turn) ──► RedisDriver ──► socket
///    ▲                                                        │
///    └───────────── continuation ◄──── settle ◄───────────────┘
/// ```
final class RedisQueue: Sendable {
    /// Commands that go out together and are answered together.
    struct Submission: Sendable {
        var commands: [RedisCommand]
        var bytes: Int
        var deadlineMs: UInt64
        var patienceMs: UInt64
        var continuation: Continuation
    }
    typealias Continuation = CheckedContinuation<Result<[RedisValue], RedisError>, Never>

    private struct State {
        var mailbox: Mailbox?
        var queued: [Submission] = []
        var commandsUnderWay = 0
        var bytesUnderWay = 0
        var connectionNumber = 0
        /// Why no command is taken; nil while connected.
        var trouble: String? = "not started"
        var isClosed = false
        var observers: [Int: AsyncStream<ConnectionEvent>.Continuation] = [:]
        var nextObserver = 0
    }

    private let state = Mutex(State())
    private let driver = LoopBound<RedisDriver>()
    private let configuration: RedisConfiguration
    private let logger: Logger

    init(_ configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    // MARK: From tasks

    /// Queues commands for the loop's next turn, or answers at once that this cannot be.
    func submit(
        _ commands: [RedisCommand],
        deadlineMs: UInt64,
        patienceMs: UInt64,
        _ continuation: Continuation
    ) {
        let bytes = commands.reduce(0) { $0 + RedisCommandWriter.bytes(of: $1) }
        let (refusal, door): (String?, Mailbox?) = state.withLock { state in
            if let trouble = state.trouble { return (trouble, nil) }
            guard state.commandsUnderWay < HubLimits.redisCommandsUnderWay,
                state.bytesUnderWay < HubLimits.redisBytesUnderWay
            else { return ("busy: \(state.commandsUnderWay) commands, \(state.bytesUnderWay) bytes under way", nil) }
            state.commandsUnderWay += commands.count
            state.bytesUnderWay += bytes
            state.queued.append(
                Submission(
                    commands: commands,
                    bytes: bytes,
                    deadlineMs: deadlineMs,
                    patienceMs: patienceMs,
                    continuation: continuation
                )
            )
            // Whoever is first wakes the loop; it takes what the others have added by then.
            return (nil, state.queued.count == 1 ? state.mailbox : nil)
        }
        if let refusal { return continuation.resume(returning: .failure(.notConnected(refusal))) }
        guard let door else { return }
        if !door.post({ loop in self.driver.open(on: loop) { $0.drain() } }) {
            failed("the loop for Redis has ended or is overrun")
        }
    }

    /// The events from now on, after how it stands.
    func observe() -> AsyncStream<ConnectionEvent> {
        let kept = HubLimits.redisEventsKept
        let (stream, continuation) = AsyncStream.makeStream(
            of: ConnectionEvent.self,
            bufferingPolicy: .bufferingNewest(kept)
        )
        state.withLock { state in
            guard !state.isClosed else { return continuation.finish() }
            let number = state.nextObserver
            state.nextObserver += 1
            continuation.onTermination = { [weak self] _ in
                self?.forget(number)
            }
            state.observers[number] = continuation
            if let trouble = state.trouble {
                continuation.yield(.lost(reason: trouble))
            } else {
                continuation.yield(.connected(number: state.connectionNumber))
            }
        }
        return stream
    }

    /// Why there is no connection; nil when there is.
    var trouble: String? { state.withLock { $0.trouble } }

    /// What has no answer yet.
    var underWay: (commands: Int, bytes: Int) { state.withLock { ($0.commandsUnderWay, $0.bytesUnderWay) } }

    /// How many connections there have been.
    var connectionNumber: Int { state.withLock { $0.connectionNumber } }

    /// The loop's thread has started.
    func opened(_ mailbox: Mailbox) {
        state.withLock { $0.mailbox = mailbox }
    }

    /// Ends the connection and all observers' streams.
    func close() async {
        let mailbox = state.withLock { $0.mailbox }
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            let isPosted = mailbox?
                .post { loop in
                    self.driver.open(on: loop) { $0.close() }
                    self.driver.empty(on: loop)
                    done.resume()
                }
            if isPosted != true { done.resume() }
        }
        failed("stopped")
        let observers = state.withLock { state in
            state.isClosed = true
            state.mailbox = nil
            defer { state.observers = [:] }
            return state.observers
        }
        for observer in observers.values { observer.finish() }
    }

    // MARK: From the loop

    /// Makes the driver, on its loop.
    func begin(on loop: Loop) {
        opened(loop.mailbox)
        failed("connecting")
        let driver = RedisDriver(loop, configuration, queue: self, logger: logger)
        self.driver.fill(driver, on: loop)
        driver.connect()
    }

    /// What waits for this turn.
    func take() -> [Submission] {
        state.withLock { state in
            var taken: [Submission] = []
            swap(&taken, &state.queued)
            return taken
        }
    }

    /// So many commands and bytes are no longer under way.
    func settle(commands: Int, bytes: Int) {
        state.withLock { state in
            state.commandsUnderWay -= commands
            state.bytesUnderWay -= bytes
        }
    }

    /// Commands may come.
    /// - Returns: the connection's number.
    func connected() -> Int {
        state.withLock { state in
            state.trouble = nil
            state.connectionNumber += 1
            for observer in state.observers.values { observer.yield(.connected(number: state.connectionNumber)) }
            return state.connectionNumber
        }
    }

    /// No command may come until `connected`; those that waited for the loop were not sent, and fail so.
    func failed(_ reason: String) {
        let unsent = state.withLock { state in
            if state.trouble != reason {
                state.trouble = reason
                for observer in state.observers.values { observer.yield(.lost(reason: reason)) }
            }
            var unsent: [Submission] = []
            swap(&unsent, &state.queued)
            for submission in unsent {
                state.commandsUnderWay -= submission.commands.count
                state.bytesUnderWay -= submission.bytes
            }
            return unsent
        }
        for submission in unsent { submission.continuation.resume(returning: .failure(.notConnected(reason))) }
    }

    private func forget(_ observer: Int) {
        state.withLock { _ = $0.observers.removeValue(forKey: observer) }
    }
}
