import ArgumentParser

/// The command line: what `komfyr-agent` understands.
@main
struct KomfyrAgent: ParsableCommand {
    /// The version that `--version`, the start-up line and every request to the hub name.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "komfyr-agent",
        abstract: "Collects logs from devices, files and applications, and brings them to a Komfyrvakt hub.",
        discussion: """
            Logs come in over syslog (UDP, TCP, TLS, unix sockets), as JSON in the same ways, and from files. They are \
            kept in a buffer on disk until the hub has taken them, so neither a restart nor an outage of the hub loses \
            any.

            EXAMPLES
              See whether a configuration is right, and what it would do:
                komfyr-agent check --config /etc/komfyr-agent/agent.toml

              Ask the running agent how it does:
                komfyr-agent status --config /etc/komfyr-agent/agent.toml

              Run in the foreground; ctrl-C stops it, what was not delivered stays on disk:
                komfyr-agent run --config /etc/komfyr-agent/agent.toml

              Send a first message to a syslog input on port 5514:
                logger -d -n 127.0.0.1 -P 5514 -t myapp "hello"

            A MINIMAL CONFIGURATION
            \(ConfigurationLocation.indentedExample)
            """,
        version: "komfyr-agent \(version)",
        subcommands: [RunCommand.self, CheckCommand.self, StatusCommand.self, BufferCommand.self]
    )
}
