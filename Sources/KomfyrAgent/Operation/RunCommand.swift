import ArgumentParser
import Logging

/// `komfyr-agent run`: the agent itself, in the foreground.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Collects and delivers logs until it is stopped.",
        discussion: """
            Stays in the foreground and writes its own messages to standard error. SIGTERM or ctrl-C stop it: inputs \
            are closed, what was read goes to disk, posts under way get \(AgentLimits.drainMs / 1_000) s; what was not delivered stays in \
            the buffer for the next start.

            SIGHUP (`systemctl reload komfyr-agent`) reads the configuration and the key's file again. Inputs that \
            did not change keep their sockets, connections and places in files; a configuration that is wrong, or \
            whose inputs cannot all start, is refused whole, and all goes on as it was. What was changed, or why \
            nothing was, is in the log and in `komfyr-agent status`. data_dir and name need a restart.

            EXAMPLE
              komfyr-agent run --config /etc/komfyr-agent/agent.toml
            """
    )

    @Option(name: .shortAndLong, help: "The configuration file, TOML.")
    var config: String?

    func run() throws {
        let path = try ConfigurationLocation.find(config)
        let result = try ConfigurationLocation.read(path)
        var logger = Logger(label: "komfyr-agent") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .info
        for warning in result.warnings { logger.warning("\(warning.text)") }
        let agent = Agent(ConfigurationSource(path: path), result, service: .ofEnvironment(), logger: logger)
        let code = agent.run()
        if code != 0 { throw ExitCode(code) }
    }
}
