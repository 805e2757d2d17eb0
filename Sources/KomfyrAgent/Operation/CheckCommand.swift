import ArgumentParser

/// `komfyr-agent check`: reads the configuration, changes nothing, opens nothing.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reads a configuration and says what it would do, or what is wrong with it.",
        discussion: """
            Every error names file, line, column and what to do; all errors are listed at once. Nothing is opened or \
            changed. Exits 0 when the configuration is right, 1 when it is not.

            EXAMPLE
              komfyr-agent check --config /etc/komfyr-agent/agent.toml
            """
    )

    @Option(name: .shortAndLong, help: "The configuration file, TOML.")
    var config: String?

    func run() throws {
        let path = try ConfigurationLocation.find(config)
        let result = try ConfigurationLocation.read(path)
        for warning in result.warnings { Output.printError("warning: \(warning.text)") }
        for line in ConfigurationSummary.lines(result) { Output.print(line) }
        Output.print("\(path): right")
    }
}

/// Says in words what a configuration makes the agent do.
enum ConfigurationSummary {
    static func lines(_ result: ConfigurationReader.Result) -> [String] {
        let configuration = result.configuration
        let buffer = configuration.buffer
        var lines = [
            "agent    \(configuration.agent.name), state in \(configuration.agent.dataDirectory)"
                + tags(configuration.agent.tags),
            "hub      \(configuration.hub.url), API key \(result.apiKeySource.map { "from \($0)" } ?? "missing")",
            "buffer   up to \(ByteSize.text(buffer.maxBytes)) on disk, fsync \(fsync(buffer)), when full "
                + (buffer.whenFull == .block ? "inputs wait" : "the oldest logs are dropped"),
        ]
        lines += configuration.inputs.map { "input    " + describe($0) }
        if let metrics = configuration.metrics {
            lines.append("metrics  http://\(metrics.address)/metrics and /health")
        }
        return lines
    }

    /// `syslog-udp://127.0.0.1:5514: syslog on udp://127.0.0.1:5514 …`.
    static func describe(_ input: InputConfiguration) -> String {
        let what =
            switch input.kind {
            case .syslog(let listen): "syslog on \(listen.url)\(allowed(listen))"
            case .json(let listen, let token):
                "json on \(listen.url)\(allowed(listen))\(token == nil ? "" : ", with a token")"
            case .file(let file):
                "files \(file.paths.joined(separator: " "))"
                    + (file.exclude.isEmpty ? "" : " but not \(file.exclude.joined(separator: " "))")
                    + ", as \(file.parser.rawValue), those there at the first start from the \(file.readFrom.rawValue)"
            }
        return "\"\(input.name)\": \(what), group \(input.group)\(tags(input.tags))"
    }

    private static func allowed(_ listen: InputConfiguration.Listen) -> String {
        listen.allow.isEmpty ? "" : " for \(listen.allow.joined(separator: " "))"
    }

    private static func tags(_ tags: [String]) -> String {
        tags.isEmpty ? "" : ", tags \(tags.joined(separator: " "))"
    }

    private static func fsync(_ buffer: AgentConfiguration.BufferSection) -> String {
        switch buffer.fsync {
        case .always: "at every batch"
        case .interval: "every \(buffer.fsyncIntervalMs) ms"
        case .never: "never (a crash of the machine can lose what was just written)"
        }
    }
}
