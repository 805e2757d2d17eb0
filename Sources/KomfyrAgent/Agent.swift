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
///  SIGTERM: inputs stop ─► Batcher.drain ─► loop ends ─► DeliveryThread.drain ─► exit 0
/// ```
final class Agent {
    private let configuration: AgentConfiguration
    private let apiKeySource: String?
    private let logger: Logger

    private var inputs: [any Input] = []
    private var metrics: MetricsListener?
    private var batcher: Batcher?
    private var signals: SignalWatcher?

    /// An agent that does nothing yet.
    init(_ result: ConfigurationReader.Result, logger: Logger) {
        configuration = result.configuration
        apiKeySource = result.apiKeySource
        self.logger = logger
    }

    /// Runs until a signal ends it, on the calling thread.
    /// - Returns: the exit code: 0 after a signal, 1 when it could not start.
    func run() -> Int32 {
        ProcessLimits.apply()
        logger.info(
            "komfyr-agent \(KomfyrAgent.version): agent \(configuration.agent.name), state in \(configuration.agent.dataDirectory)"
        )
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
            logger.info("hub \(configuration.hub.url), API key \(apiKeySource.map { "from \($0)" } ?? "missing")")
            defer { delivery.drain() }
            let batcher = try Batcher(loop) { delivery.submit($0) }
            intake.open(on: loop) { $0.batcher = batcher }
            self.batcher = batcher
            guard start(loop, batcher, delivery) else {
                stop(loop)
                loop.run()
                return 1
            }
            signals = try SignalWatcher(loop, signals: [SIGTERM, SIGINT]) { [self] signal in
                logger.info("\(signal == SIGINT ? "SIGINT" : "SIGTERM"): stopping; once more ends it at once")
                stop(loop)
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
    }

    // MARK: Start and stop

    /// Starts inputs and metrics; says of each what it does, or why it cannot and what to do.
    private func start(_ loop: Loop, _ batcher: Batcher, _ delivery: DeliveryThread) -> Bool {
        var isRight = true
        let positions = delivery.knownPositions()
        for configuration in configuration.inputs {
            do {
                let input = try makeInput(loop, configuration, batcher, positions)
                inputs.append(input)
                try input.start()
                logger.info("input \(ConfigurationSummary.describe(configuration))")
            } catch {
                logger.error("input \"\(configuration.name)\" cannot start: \(error)\(StartFailure.remedy(error))")
                isRight = false
            }
        }
        if let section = configuration.metrics {
            do {
                let listener = try MetricsListener(loop, host: section.host, port: section.port) { [self] in
                    AgentSnapshot(
                        name: configuration.agent.name,
                        inputs: inputs.map { ($0.name, $0.statistics) },
                        delivery: delivery.snapshot(),
                        isHeldBack: batcher.isHeldBack
                    )
                }
                metrics = listener
                logger.info("metrics on http://\(listener.localAddress)/metrics")
            } catch {
                logger.error("metrics cannot listen: \(error)\(StartFailure.remedy(error))")
                isRight = false
            }
        }
        return isRight
    }

    private func makeInput(
        _ loop: Loop,
        _ input: InputConfiguration,
        _ batcher: Batcher,
        _ positions: [FilePosition]
    ) throws -> any Input {
        let tags = configuration.agent.tags
        switch input.kind {
        case .syslog(let listen):
            switch listen.transport {
            case .udp:
                return try SyslogInput(loop, input, listen: listen, agentTags: tags, batcher: batcher, logger: logger)
            case .tcp:
                return try SyslogStreamInput(
                    loop,
                    input,
                    listen: listen,
                    agentTags: tags,
                    batcher: batcher,
                    logger: logger
                )
            }
        case .json(let listen, let token):
            return try JSONInput(
                loop,
                input,
                listen: listen,
                token: token,
                agentTags: tags,
                batcher: batcher,
                logger: logger
            )
        case .file(let file):
            let lines = FileLineWriter.Settings(
                parser: file.parser,
                group: input.group,
                maxGroups: input.maxGroups,
                tags: tags + input.tags,
                source: HostName.current,
                zone: input.zone,
                parsesPayload: input.parsesPayload
            )
            return try FileInput(
                loop,
                name: input.name,
                configuration: file,
                lines: lines,
                sink: batcher,
                positions: positions,
                logger: logger
            )
        }
    }

    /// Ends intake: what was read is handed over, then the loop ends.
    private func stop(_ loop: Loop) {
        signals?.close()
        metrics?.close()
        for input in inputs { input.stop() }
        batcher?.drain()
        loop.stop()
    }
}

@available(*, unavailable)
extension Agent: Sendable {}

/// What to do about an address that cannot be listened on.
enum StartFailure {
    /// Words to put behind the error; empty when there is nothing to say.
    static func remedy(_ error: any Error) -> String {
        guard let error = error as? LoopError else { return "" }
        switch -error.code {
        case EACCES:
            return "; ports below 1024 need a right: AmbientCapabilities=CAP_NET_BIND_SERVICE in the service's unit, "
                + "or setcap cap_net_bind_service=+ep on the program; or listen on a port from 1024 on"
        case EADDRINUSE:
            return "; `ss -ulpn` (UDP) and `ss -tlpn` (TCP) tell which program has it: stop that one, or give this "
                + "input another port"
        case EADDRNOTAVAIL:
            return "; this machine does not have that address: `ip address` lists those it has, 0.0.0.0 means all"
        case EMFILE, ENFILE: return "; raise the limit of open files (LimitNOFILE=)"
        default: return ""
        }
    }
}
