import EventLoop
import Glibc
import Logging

/// What the agent tells of itself: `/metrics`, `/health`, the socket of `status`, and a line for the service manager.
extension Agent {
    /// The rates of what is counted.
    struct Meters {
        var inputs: [String: RateMeter] = [:]
        var delivered = RateMeter()
    }

    /// Listens for Prometheus; nil when the configuration has no such section.
    func makeMetrics(_ loop: Loop, _ section: AgentConfiguration.MetricsSection?) throws(LoopError) -> MetricsListener?
    {
        guard let section else { return nil }
        let address = SocketAddress.ip(section.host, port: section.port)
        let listener = try MetricsListener(loop, bind: address) { [self] in snapshot() }
        logger.info("metrics on http://\(listener.localAddress)/metrics")
        return listener
    }

    /// The socket that `komfyr-agent status` asks; the agent goes on without it.
    func makeStatusListener(_ loop: Loop) -> MetricsListener? {
        let path = StatusSocket.path(in: configuration.agent.dataDirectory)
        do throws(LoopError) {
            let listener = try MetricsListener(loop, bind: .unix(path), isForOperator: true) { [self] in snapshot() }
            chmod(path, 0o600)
            return listener
        } catch {
            logger.warning("`komfyr-agent status` will not work: \(error)")
            return nil
        }
    }

    /// Feeds the rates, and tells the service manager how things are.
    func makeSampler(_ loop: Loop) throws(LoopError) -> Timer {
        sample()
        let timer = try Timer(loop) { [self] in
            sample()
            tellService()
        }
        timer.start(afterMs: RateMeter.sampleMs, repeatMs: RateMeter.sampleMs)
        return timer
    }

    /// What a heartbeat tells the hub.
    func heartbeatNumbers() -> Heartbeat.Numbers {
        let types = (work?.inputs.all ?? []).map { ($0.configuration.name, $0.configuration.kind.word) }
        return Heartbeat.Numbers(snapshot: snapshot(), types: Dictionary(types) { $1 })
    }

    /// All that can be known of the agent now.
    func snapshot() -> AgentSnapshot {
        let nowMs = work?.loop.nowMs ?? 0
        let delivery = work?.delivery.snapshot() ?? DeliveryStatistics()
        var snapshot = AgentSnapshot(
            name: configuration.agent.name,
            inputs: [],
            delivery: delivery,
            isHeldBack: work?.batcher.isHeldBack ?? false
        )
        snapshot.inputs = (work?.inputs.all ?? [])
            .map { running in
                let statistics = running.input.statistics
                let meter = work?.meters.inputs[running.configuration.name] ?? RateMeter()
                return AgentSnapshot.Input(
                    name: running.configuration.name,
                    summary: ConfigurationSummary.subject(running.configuration),
                    statistics: statistics,
                    perSecond: meter.perSecond(statistics.received, atMs: nowMs)
                )
            }
        snapshot.startedNs = startedNs
        snapshot.processID = getpid()
        snapshot.configurationPath = source.path
        snapshot.dataDirectory = configuration.agent.dataDirectory
        snapshot.hubURL = configuration.hub.url
        snapshot.bufferMaxBytes = configuration.buffer.maxBytes
        snapshot.reloads = reloads
        snapshot.deliveredPerSecond = work?.meters.delivered.perSecond(delivery.recordsDelivered, atMs: nowMs) ?? 0
        return snapshot
    }

    /// The line of `systemctl status`.
    func tellService() {
        guard service.isThere else { return }
        service.tell(StatusText.line(snapshot()))
    }

    private func sample() {
        guard var meters = work?.meters, let work else { return }
        let nowMs = work.loop.nowMs
        meters.delivered.note(work.delivery.snapshot().recordsDelivered, atMs: nowMs)
        var inputs: [String: RateMeter] = [:]
        for running in work.inputs.all {
            var meter = meters.inputs[running.configuration.name] ?? RateMeter()
            meter.note(running.input.statistics.received, atMs: nowMs)
            inputs[running.configuration.name] = meter
        }
        meters.inputs = inputs
        self.work?.meters = meters
    }
}
