import EventLoop
import Logging

/// Keeps a connection to Redis: looks the name up, connects, sets the connection up, hands commands to it, drops it
/// when an answer is overdue, and begins anew when it is lost.
///
/// ```
///  waiting ──► looking up ──► connecting ──► setting up ──► ready
///     ▲                                        │  ▲  └ loading: asked again
///     └──── backoff with jitter ◄── any fault ─┴──┴── lost, overdue
/// ```
///
/// Belongs to its loop.
final class RedisDriver {
    private let loop: Loop
    private let configuration: RedisConfiguration
    private unowned let queue: RedisQueue
    private var logger: Logger
    private var connection: RedisConnection?
    private var setUp: RedisSetUp
    private var isReady = false
    private var isClosed = false
    private var tries = 0
    /// What the next connection's TLS needs; nil: there is none.
    private var target: TLSTarget?
    private var retry: Timer?
    private var deadlines: Timer?
    /// What was last said in the log, so that a repeated fault is said once.
    private var reported: String?

    init(_ loop: Loop, _ configuration: RedisConfiguration, queue: RedisQueue, logger: Logger) {
        self.loop = loop
        self.configuration = configuration
        self.queue = queue
        self.logger = logger
        setUp = RedisSetUp(configuration)
    }

    /// Begins.
    func connect() {
        do throws(LoopError) {
            retry = try Timer(loop) { [unowned self] in again() }
            deadlines = try Timer(loop) { [unowned self] in checkDeadlines() }
            lookUp()
        } catch {
            queue.failed("no timer for Redis: \(error)")
        }
    }

    /// Ends for good.
    func close() {
        isClosed = true
        connection?.close("stopped")
        connection = nil
        retry?.close()
        deadlines?.close()
    }

    // MARK: Connecting

    private func lookUp() {
        do throws(TLSProblem) {
            // Anew each time: the files may have been renewed.
            target = try configuration.tlsTarget()
        } catch {
            return fail(error.description)
        }
        switch configuration.address {
        case .unix(let path): connect(to: [.unix(path)])
        case .tcp(let host, let port):
            loop.work {
                Result { () throws(LoopError) in try SocketAddress.resolve(host: host, port: port) }
            } done: { [weak self] (found: Result<[SocketAddress], LoopError>) in
                guard let self, !self.isClosed else { return }
                switch found {
                case .success(let addresses) where !addresses.isEmpty: self.connect(to: addresses[...])
                case .success: self.fail("\(self.configuration.address): the name has no address")
                case .failure(let error): self.fail("\(error)")
                }
            }
        }
    }

    /// Tries the addresses one after the other.
    private func connect(to addresses: ArraySlice<SocketAddress>) {
        guard let address = addresses.first else { return }
        StreamConnection.connect(loop, to: address, tls: target, timeoutMs: HubLimits.redisConnectMs) {
            [weak self] result in
            guard let self, !self.isClosed else {
                if case .success(let stream) = result { stream.close() }
                return
            }
            switch result {
            case .success(let stream): self.connected(stream)
            case .failure(let error):
                let rest = addresses.dropFirst()
                if rest.isEmpty { self.fail("\(error)") } else { self.connect(to: rest) }
            }
        }
    }

    private func connected(_ stream: StreamConnection) {
        do throws(RedisProtocolFault) {
            let connection = try RedisConnection(stream, driver: self)
            self.connection = connection
            connection.start()
            setUp = RedisSetUp(configuration)
            ask(connection)
        } catch {
            stream.close()
            fail(error.what)
        }
    }

    private func ask(_ connection: RedisConnection) {
        connection.add(setUp.commands, for: .driver, bytes: 0, deadline: loop.nowMs + HubLimits.redisDeadlineMs)
        connection.flush()
        watchDeadlines()
    }

    /// The set-up's answers are there.
    func answered(_ answers: [RedisValue], by connection: RedisConnection) {
        guard connection === self.connection else { return }
        switch setUp.next(answers) {
        case .ready: ready()
        case .refused(let reason): drop(reason)
        case .askNow: ask(connection)
        case .askLater(let reason):
            report(reason)
            queue.failed(reason)
            retry?.start(afterMs: RedisSetUp.loadingPollMs)
        }
    }

    private func ready() {
        isReady = true
        let number = queue.connected()
        if tries > 0 || number > 1 {
            logger.info("connected to Redis again", metadata: ["redis": "\(configuration.address)"])
        }
        tries = 0
        reported = nil
    }

    /// The retry timer: asks the loading Redis once more, or connects.
    private func again() {
        if let connection { ask(connection) } else { lookUp() }
    }

    // MARK: Commands

    /// Sends what waits, in one write.
    func drain() {
        let submissions = queue.take()
        guard isReady, let connection else {
            // Taken after the loss: these were not sent.
            for submission in submissions {
                queue.settle(commands: submission.commands.count, bytes: submission.bytes)
                submission.continuation.resume(returning: .failure(.notConnected(queue.trouble ?? "connecting")))
            }
            return
        }
        connection.reserve(submissions.reduce(0) { $0 + $1.bytes })
        for submission in submissions {
            let (deadline, isEndless) = loop.nowMs.addingReportingOverflow(submission.deadlineMs)
            connection.add(
                submission.commands,
                for: .task(submission.continuation),
                bytes: submission.bytes,
                deadline: isEndless ? .max : deadline,
                patience: submission.patienceMs
            )
        }
        connection.flush()
        watchDeadlines()
    }

    /// So much has been answered.
    func settled(commands: Int, bytes: Int) {
        if commands > 0 { queue.settle(commands: commands, bytes: bytes) }
    }

    private func watchDeadlines() {
        if let deadlines, !deadlines.isActive { deadlines.start(afterMs: 200, repeatMs: 200) }
    }

    private func checkDeadlines() {
        guard let connection, connection.isWaiting else {
            deadlines?.stop()
            return
        }
        connection.giveUp(at: loop.nowMs)
        if connection.isOverdue(at: loop.nowMs) { drop("Redis did not answer in time") }
    }

    // MARK: Losing

    /// Closes the connection for a reason of ours.
    private func drop(_ reason: String) {
        guard let connection else { return }
        connection.close(reason)
        lost(connection, reason)
    }

    /// The connection is about to tell its tasks that it has failed.
    func failing(_ reason: String) {
        isReady = false
        queue.failed(reason)
    }

    /// The connection has ended.
    func lost(_ connection: RedisConnection, _ reason: String) {
        guard connection === self.connection else { return }
        self.connection = nil
        let isNew = !isReady
        isReady = false
        if isClosed { return }
        // TLS 1.3 lets a client in before its certificate is asked for, and its reset overtakes what Redis says.
        if isNew, let tls = configuration.tls, tls.identity == nil {
            fail(reason + " (if Redis asks for a client certificate, set REDIS_CERT_FILE and REDIS_KEY_FILE)")
        } else {
            fail(reason)
        }
    }

    /// Tells everybody, and tries again after a while.
    private func fail(_ reason: String) {
        report(reason)
        queue.failed(reason)
        let full = min(HubLimits.redisBackoffFirstMs << UInt64(min(tries, 16)), HubLimits.redisBackoffLastMs)
        tries += 1
        retry?.start(afterMs: UInt64.random(in: full / 2...full))
    }

    private func report(_ reason: String) {
        guard reason != reported else { return }
        reported = reason
        logger.warning("no connection to Redis: \(reason)", metadata: ["redis": "\(configuration.address)"])
    }
}

@available(*, unavailable)
extension RedisDriver: Sendable {}
