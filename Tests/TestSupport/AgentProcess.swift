import Foundation

/// An agent of a test: the real program, sending to a hub, with every kind of input on a free port or in its folder.
///
/// The folder outlives the process, so that `start` after `kill` finds the buffer.
package final class AgentProcess {
    /// Syslog, UDP and TCP.
    package let syslogPort: UInt16
    /// JSON over UDP.
    package let jsonPort: UInt16
    /// Of `/metrics`.
    package let metricsPort: UInt16
    package let scratch: Scratch
    private var program: ChildProgram?

    /// Prepares an agent; `start` runs it.
    ///
    /// `more` is TOML to add at the end of its configuration.
    package init(hub: String, key: String, more: String = "") throws {
        scratch = try Scratch()
        syslogPort = try Network.freePort()
        jsonPort = try Network.freePort()
        metricsPort = try Network.freePort()
        try scratch.write(key + "\n", to: "key")
        chmod(scratch.at("key"), 0o600)
        try FileManager.default.createDirectory(atPath: scratch.at("watched"), withIntermediateDirectories: true)
        try scratch.write(
            """
            [agent]
            data_dir = "\(scratch.at("data"))"
            name = "test-agent"

            [hub]
            url = "\(hub)"
            api_key_file = "\(scratch.at("key"))"

            [[input]]
            type = "syslog"
            listen = "udp://127.0.0.1:\(syslogPort)"

            [[input]]
            type = "syslog"
            listen = "tcp://127.0.0.1:\(syslogPort)"

            [[input]]
            type = "json"
            listen = "udp://127.0.0.1:\(jsonPort)"

            [[input]]
            type = "file"
            paths = ["\(scratch.at("watched"))/*.log"]

            [metrics]
            listen = "127.0.0.1:\(metricsPort)"
            \(more)

            """,
            to: "agent.toml"
        )
    }

    /// Starts the agent and waits until it listens.
    package func start() async throws {
        let program = try ChildProgram(
            Built.agent,
            ["run", "--config", scratch.at("agent.toml")],
            folder: scratch.path,
            output: scratch.at("agent.log")
        )
        self.program = program
        _ = try await eventually("the agent listens") {
            guard program.isRunning else { return true }
            return try await HTTP.send("GET", "http://127.0.0.1:\(metricsPort)/health").status == 200 ? true : nil
        }
        guard program.isRunning else { throw TestFailure("the agent did not start:\n\(program.output.suffix(2_000))") }
    }

    /// What it has written.
    package var output: String { scratch.read("agent.log") }

    /// Its process id; nil when it does not run.
    package var pid: Int32? { program?.isRunning == true ? program?.pid : nil }

    /// Ends it at once, as a crash does.
    package func kill() {
        program?.kill()
        program = nil
    }

    /// Stops it as a person does.
    package func stop() async throws {
        let program = self.program
        self.program = nil
        if let program { try await program.stop() }
    }

    /// Stops it and removes its folder.
    package func close() async {
        try? await stop()
        scratch.remove()
    }
}
