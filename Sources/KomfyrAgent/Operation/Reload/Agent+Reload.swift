import EventLoop
import Logging

/// The reload: the configuration is read again, and taken over whole or not at all.
///
/// ```
///  SIGHUP ─► RELOADING=1 ─► read, on the thread pool ─► wrong, or needs a restart ─────────► refused ─┐
///                                                    └► metrics, inputs ─► one cannot start ► refused ─┤
///                                                                       └► hub, buffer ─────► taken ───┴─► READY=1
/// ```
///
/// What can fail comes first; what follows cannot.
extension Agent {
    /// Reads the configuration again and makes it hold, or says why not.
    func reload(_ loop: Loop) {
        guard !isReloading else {
            wantsReload = true
            return
        }
        isReloading = true
        service.reloading()
        logger.info("SIGHUP: reading \(source.path) again")
        loop.work({ [source] in source.read() }, done: { [self] in haveRead($0, loop) })
    }

    private func haveRead(_ read: Result<ConfigurationReader.Result, ConfigurationErrors>, _ loop: Loop) {
        isReloading = false
        guard !isStopping, let work else { return }
        switch read {
        case .success(let result): take(result, work)
        case .failure(let errors):
            let problems = errors.problems.map(\.text)
            refuse("the configuration is wrong (\(problems.count) error\(problems.count == 1 ? "" : "s"))", problems)
        }
        tellService()
        service.ready()
        guard wantsReload else { return }
        wantsReload = false
        reload(loop)
    }

    private func take(_ result: ConfigurationReader.Result, _ work: Work) {
        for warning in result.warnings { logger.warning("\(warning.text)") }
        let new = result.configuration
        let change = ConfigurationChange(from: configuration, to: new)
        guard change.needsRestart.isEmpty else {
            return refuse("what changed needs a restart", change.needsRestart)
        }
        var nextMetrics = metrics
        if change.isMetricsChanged {
            // Another address of the same port is free only then.
            if change.isMetricsPortKept { metrics?.close() }
            do throws(LoopError) {
                nextMetrics = try makeMetrics(work.loop, new.metrics)
            } catch {
                if change.isMetricsPortKept { restoreMetrics(work.loop) }
                return refuse("metrics cannot listen", ["\(error)\(StartFailure.remedy(error))"])
            }
        }
        let plan: InputPlan
        do throws(RunningInputs.Failures) {
            plan = try work.inputs.change(to: new.inputs, tags: new.agent.tags)
        } catch {
            if change.isMetricsChanged { nextMetrics?.close() }
            if change.isMetricsPortKept { restoreMetrics(work.loop) }
            return refuse("not every input could start", error.all.map(\.words))
        }
        if change.isMetricsChanged, !change.isMetricsPortKept { metrics?.close() }
        metrics = nextMetrics
        if change.isHubChanged { work.delivery.use(new.hub) }
        if change.isBufferChanged { work.delivery.use(new.buffer) }
        configuration = new
        apiKeySource = result.apiKeySource
        tellTaken(change.words + plan.words, plan)
    }

    /// The listener that was closed for one that could not be.
    private func restoreMetrics(_ loop: Loop) {
        do throws(LoopError) {
            metrics = try makeMetrics(loop, configuration.metrics)
        } catch {
            metrics = nil
            logger.error("metrics are off until the next reload: \(error)\(StartFailure.remedy(error))")
        }
    }

    private func tellTaken(_ changes: [String], _ plan: InputPlan) {
        let words = changes.isEmpty ? "nothing has changed" : changes.joined(separator: "; ")
        reloads.note(isTaken: true, words, atNs: WallClock.now())
        let unchanged = plan.unchanged.count
        let rest = unchanged == 0 ? "" : "; \(unchanged) input\(unchanged == 1 ? "" : "s") unchanged"
        logger.info("reloaded: \(words)\(rest)")
        for input in plan.starting { logger.info("input \(ConfigurationSummary.describe(input))") }
    }

    private func refuse(_ why: String, _ details: [String]) {
        for detail in details { logger.error("\(detail)") }
        logger.error("the reload is refused: \(why). All goes on with the configuration from before")
        reloads.note(isTaken: false, ([why + ":"] + details).joined(separator: " "), atNs: WallClock.now())
    }
}
