import EventLoop
import Logging

/// The inputs that run, and how they become others while the agent goes on.
///
/// ```
///  same configuration ────────────────────────────► stays: sockets, connections, files untouched
///  new address ──► started before anything stops ─► a port that is taken refuses the whole change
///  the rest    ──► old ones stop ─► new ones start: a listener takes its predecessor's socket over, with all that
///                                                   waits in it; files go on where they were
///                                   └ one fails ──► new ones stop, the old ones start again
/// ```
///
/// Belongs to the intake loop.
final class RunningInputs {
    /// An input with what it was made of.
    struct Running {
        var configuration: InputConfiguration
        /// The agent's, which its logs carry too.
        var tags: [String]
        var input: any Input
    }

    /// An input that could not start.
    struct Failure: Error {
        var name: String
        var error: any Error

        /// What happened, and what to do.
        var words: String { "input \"\(name)\" cannot start: \(error)\(StartFailure.remedy(error))" }
    }

    /// Why nothing was changed: each input that could not start.
    struct Failures: Error {
        var all: [Failure]
    }

    /// In the order of the configuration.
    private(set) var all: [Running] = []

    private let factory: InputFactory
    /// How far files were read: what the buffer knew at the start, and newer what stopped inputs said.
    private var positions: [FilePosition]
    /// Files of inputs that were stopped, by input, until another one goes on with them.
    private var left: [String: [LeftFile]] = [:]

    /// None yet.
    init(_ factory: InputFactory, positions: [FilePosition]) {
        self.factory = factory
        self.positions = positions
    }

    /// Makes those run that `inputs` names, and no others.
    /// - Returns: what became of which.
    /// - Throws: those that could not start; then everything is as it was.
    @discardableResult
    func change(to inputs: [InputConfiguration], tags: [String]) throws(Failures) -> InputPlan {
        let plan = InputPlan(all.map { ($0.configuration, $0.tags) }, to: inputs, tags: tags)
        let leaving = all.filter { plan.stops($0.configuration.name) }
        let early = plan.starting.filter { !Self.mustWait($0, for: leaving) }
        var (started, failures) = start(early, tags)
        guard failures.isEmpty else {
            for running in started { stop(running) }
            dropLeft()
            throw Failures(all: failures)
        }
        let late = plan.starting.filter { input in !early.contains { $0.name == input.name } }
        var missing: [InputConfiguration] = []
        factory.loop.keepingSockets {
            for running in leaving { stop(running) }
            let (more, failed) = start(late, tags)
            started += more
            missing = late.filter { input in failed.contains { $0.name == input.name } }
        }
        // Once more: what one of the others had may be free only now, under another address.
        let (last, stillMissing) = start(missing, tags)
        started += last
        failures = stillMissing
        guard failures.isEmpty else {
            restore(leaving, insteadOf: started)
            throw Failures(all: failures)
        }
        all = inputs.compactMap { input in
            (started + all).first { $0.configuration == input && $0.tags == tags }
        }
        dropLeft()
        return plan
    }

    /// Stops all of them, then calls `done`: what was begun is handed over, and what only this run can read of files is
    /// read, within `AgentLimits.lastReadMs`.
    func stopAll(_ done: @escaping () -> Void) {
        for running in all where !(running.input is FileInput) { running.input.stop() }
        let files = all.compactMap { $0.input as? FileInput }
        all = all.filter { $0.input is FileInput }
        guard !files.isEmpty else { return done() }
        var count = files.count
        for input in files {
            input.finish(withinMs: AgentLimits.lastReadMs) { [self] in
                input.stop()
                count -= 1
                guard count == 0 else { return }
                all = []
                done()
            }
        }
    }

    private func start(_ inputs: [InputConfiguration], _ tags: [String]) -> (started: [Running], failed: [Failure]) {
        var started: [Running] = []
        var failed: [Failure] = []
        for configuration in inputs {
            do {
                let input = try factory.make(
                    configuration,
                    tags: tags,
                    positions: positions,
                    left: left[configuration.name] ?? []
                )
                do {
                    try input.start()
                } catch {
                    // The files of the one before are still in `left`.
                    if let files = input as? FileInput { _ = files.leave() } else { input.stop() }
                    throw error
                }
                if input is FileInput { left[configuration.name] = nil }
                started.append(Running(configuration: configuration, tags: tags, input: input))
            } catch {
                failed.append(Failure(name: configuration.name, error: error))
            }
        }
        return (started, failed)
    }

    private func stop(_ running: Running) {
        guard let files = running.input as? FileInput else { return running.input.stop() }
        left[files.name] = files.leave()
        positions.removeAll { $0.input == files.name }
        positions += files.positions
    }

    /// Closes what nobody goes on with, and says what was lost by that.
    private func dropLeft() {
        for (name, files) in left { FileInput.tellLost(of: files, name, factory.logger) }
        left = [:]
    }

    /// Puts those that were stopped back, in place of those that were started.
    private func restore(_ leaving: [Running], insteadOf started: [Running]) {
        factory.loop.keepingSockets {
            for running in started { stop(running) }
            all = all.compactMap { running in
                guard leaving.contains(where: { $0.input === running.input }) else { return running }
                let (again, failed) = start([running.configuration], running.tags)
                for failure in failed {
                    factory.logger.error("\(failure.words). It ran until now and is stopped: restart the agent")
                }
                return again.first
            }
        }
        dropLeft()
    }

    /// Whether an input can start only after those that leave have stopped: its port, or its files, are theirs.
    private static func mustWait(_ input: InputConfiguration, for leaving: [Running]) -> Bool {
        leaving.contains { running in
            guard let listen = input.listen else { return running.configuration.name == input.name }
            guard let other = running.configuration.listen else { return false }
            return listen.mayCollide(with: other)
        }
    }
}

@available(*, unavailable)
extension RunningInputs: Sendable {}
