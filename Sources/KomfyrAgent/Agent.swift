import EventLoop
import Glibc
import Logging

/// Wires the agent: recovery first, then delivery, then inputs; and in reverse when it is told to stop.
///
/// ```
///  this thread                                        delivery thread
///  ───────────                                        ───────────────
///  DeliveryThread.init: recovers the buffer ────────► sends what was left
///  inputs ─► Batcher ─► submit ─────────────────────► disk, hub
///           ◄───────── taken, through the mailbox ──┘
///  SIGHUP: the configuration is read again            use(hub), use(buffer)
///  SIGTERM: inputs stop ─► Batcher.drain ─► loop ends ─► DeliveryThread.drain ─► exit 0
/// ```
///
/// `Agent+Reload.swift` has the reload, `Agent+Telling.swift` what it tells of itself.
final class Agent {
    let source: ConfigurationSource
    let logger: Logger
    let service: ServiceManager
    let startedNs = WallClock.now()
    /// Whether its messages go to a terminal, whose end is then its own.
    let isOnTerminal = isatty(STDERR_FILENO) != 0

    var configuration: AgentConfiguration
    var apiKeySource: String?
    var reloads: ReloadRecord
    /// Set while the agent runs.
    var work: Work?
    var metrics: MetricsListener?
    var isReloading = false
    /// SIGHUP came while one was being followed.
    var wantsReload = false
    private(set) var isStopping = false

    /// What was made for this run, on the intake loop.
    struct Work {
        var loop: Loop
        var batcher: Batcher
        var delivery: DeliveryThread
        var inputs: RunningInputs
        var meters = Meters()
    }

    private var statusListener: MetricsListener?
    private var signals: SignalWatcher?
    private var watchdog: Watchdog?
    private var sampler: Timer?
    private var settled: Timer?

    /// An agent that does nothing yet.
    /// - Parameters:
    ///   - source: where the configuration was read, and is read again.
    ///   - result: what was read.
    ///   - service: who started it.
    ///   - logger: for an operator.
    init(
        _ source: ConfigurationSource,
        _ result: ConfigurationReader.Result,
        service: ServiceManager,
        logger: Logger
    ) {
        self.source = source
        self.service = service
        self.logger = logger
        configuration = result.configuration
        apiKeySource = result.apiKeySource
        reloads = ReloadRecord(startedNs: startedNs)
    }

    /// Runs until a signal ends it, on the calling thread.
    /// - Returns: the exit code: 0 after a signal, 1 when it could not start.
    func run() -> Int32 {
        ProcessLimits.apply()
        logger.info(
            "komfyr-agent \(KomfyrAgent.version): agent \(configuration.agent.name), state in \(configuration.agent.dataDirectory)"
        )
        if let problem = service.problem { logger.warning("\(problem)") }
        do {
            try SmallFile.makeFolder(configuration.agent.dataDirectory)
        } catch {
            logger.error(
                "data_dir \(configuration.agent.dataDirectory) cannot be made: \(error.words); name a folder that the agent's user can write, or make it: install -d -o USER \(configuration.agent.dataDirectory)"
            )
            return 1
        }
        do {
            let loop = try Loop()
            let intake = LoopBound(Intake())
            let mailbox = loop.mailbox
            let delivery = try DeliveryThread(
                configuration: configuration,
                version: KomfyrAgent.version,
                logger: logger,
                onTaken: { count, state in
                    mailbox.post { loop in intake.open(on: loop) { $0.batcher?.taken(count: count, state: state) } }
                }
            )
            logger.info("hub \(ConfigurationSummary.describe(configuration.hub, keySource: apiKeySource))")
            defer { delivery.drain() }
            let batcher = try Batcher(loop) { delivery.submit($0) }
            intake.open(on: loop) { intake in
                intake.batcher = batcher
                intake.numbers = { [self] in heartbeatNumbers() }
            }
            let inputs = RunningInputs(
                InputFactory(loop: loop, batcher: batcher, logger: logger),
                positions: delivery.knownPositions()
            )
            work = Work(loop: loop, batcher: batcher, delivery: delivery, inputs: inputs)
            guard try start(loop, inputs, delivery) else {
                stop(loop)
                loop.run()
                return 1
            }
            delivery.beginHeartbeats(
                Heartbeat.Agent(
                    name: configuration.agent.name,
                    version: KomfyrAgent.version,
                    host: HostName.current,
                    startedNs: startedNs
                )
            ) { answer in
                mailbox.post { loop in
                    if let numbers = intake.open(on: loop, { $0.numbers?() }) ?? nil { answer(numbers) }
                }
            }
            loop.run()
            logger.info("inputs are closed, what was read goes to disk")
        } catch {
            logger.error("it cannot run: \(error)")
            return 1
        }
        return 0
    }

    /// What delivery reaches through the mailbox.
    private final class Intake {
        var batcher: Batcher?
        var numbers: (() -> Heartbeat.Numbers)?
    }

    // MARK: Start and stop

    /// Starts inputs and metrics; says of each what it does, or why it cannot and what to do.
    private func start(_ loop: Loop, _ inputs: RunningInputs, _ delivery: DeliveryThread) throws -> Bool {
        var isRight = true
        do throws(RunningInputs.Failures) {
            try inputs.change(to: configuration.inputs, tags: configuration.agent.tags)
            for input in configuration.inputs { logger.info("input \(ConfigurationSummary.describe(input))") }
        } catch {
            for failure in error.all { logger.error("\(failure.words)") }
            isRight = false
        }
        do throws(LoopError) {
            metrics = try makeMetrics(loop, configuration.metrics)
        } catch {
            logger.error("metrics cannot listen: \(error)\(StartFailure.remedy(error))")
            isRight = false
        }
        guard isRight else { return false }
        statusListener = makeStatusListener(loop)
        signals = try SignalWatcher(loop, signals: [SIGTERM, SIGINT, SIGHUP]) { [self] in arrived($0, loop) }
        sampler = try makeSampler(loop)
        if let everyMs = service.watchdogMs {
            let service = service
            watchdog = try Watchdog(
                loop,
                everyMs: everyMs / 2,
                ask: { delivery.ping($0) },
                alive: { service.alive() }
            )
        }
        settled = try Timer(loop) { ProcessMemory.releaseCode() }
        settled?.start(afterMs: 1_000)
        tellService()
        service.ready()
        return true
    }

    private func arrived(_ signal: Int32, _ loop: Loop) {
        if signal == SIGHUP {
            // A terminal that was closed says SIGHUP too, and then nobody is there any more.
            guard isOnTerminal, isatty(STDERR_FILENO) == 0 else { return reload(loop) }
        }
        let name = [SIGINT: "SIGINT", SIGHUP: "the terminal was closed"][signal] ?? "SIGTERM"
        logger.info("\(name): stopping; once more ends it at once")
        service.stopping()
        stop(loop)
    }

    /// Ends intake: what was read is handed over, after what only this run can read, then the loop ends.
    private func stop(_ loop: Loop) {
        isStopping = true
        signals?.close()
        watchdog?.close()
        sampler?.close()
        settled?.close()
        statusListener?.close()
        metrics?.close()
        guard let work else { return loop.stop() }
        work.inputs.stopAll {
            work.batcher.drain()
            loop.stop()
        }
    }
}

@available(*, unavailable)
extension Agent: Sendable {}
