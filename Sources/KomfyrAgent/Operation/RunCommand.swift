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
        let code = Agent(result, logger: logger).run()
        if code != 0 { throw ExitCode(code) }
    }
}
