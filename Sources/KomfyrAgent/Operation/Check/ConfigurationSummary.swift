import EventLoop
import Protocol

/// Says in words what a configuration makes the agent do.
enum ConfigurationSummary {
    static func lines(_ result: ConfigurationReader.Result) -> [String] {
        let configuration = result.configuration
        let buffer = configuration.buffer
        var lines = [
            "agent    \(configuration.agent.name), state in \(configuration.agent.dataDirectory)"
                + tags(configuration.agent.tags),
            "hub      \(describe(configuration.hub, keySource: result.apiKeySource))",
            "buffer   up to \(ByteSize.text(buffer.maxBytes)) on disk, fsync \(fsync(buffer)), when full "
                + (buffer.whenFull == .block ? "inputs wait" : "the oldest logs are dropped"),
        ]
        lines += configuration.inputs.map { "input    " + describe($0) }
        if let metrics = configuration.metrics {
            lines.append("metrics  http://\(metrics.address)/metrics and /health")
        }
        return lines
    }

    /// `https://a (else https://b), through the proxy http://p:3128, API key from …`, without any secret.
    static func describe(_ hub: AgentConfiguration.HubSection, keySource: String?) -> String {
        var words = hub.url
        if hub.urls.count > 1 { words += " (else \(hub.urls.dropFirst().joined(separator: ", else ")))" }
        if let file = hub.authorityFile { words += ", trusted by \(file)" }
        if let identity = hub.identity { words += ", with the certificate \(identity.certificateFile)" }
        if let proxy = hub.proxy { words += ", through the proxy \(NetworkSyntax.withoutPassword(proxy))" }
        return words + ", API key " + (keySource.map { "from \($0)" } ?? "missing")
    }

    /// `syslog-udp://127.0.0.1:5514: syslog on udp://127.0.0.1:5514 …`.
    static func describe(_ input: InputConfiguration) -> String {
        let more =
            switch input.kind {
            case .syslog(let listen): allowed(listen)
            case .json(let listen, let token): allowed(listen) + (token == nil ? "" : ", with a token")
            case .file(let file):
                (file.exclude.isEmpty ? "" : " but not \(file.exclude.joined(separator: " "))")
                    + ", as \(file.parser.rawValue)\(lines(file.multiline)), "
                    + "those there at the first start from the \(file.readFrom.rawValue)"
            }
        let placed = "group \(input.group)\(tags(input.tags))\(shaping(input.shaping))"
        return "\"\(input.name)\": \(subject(input))\(more), \(placed)"
    }

    /// `syslog on udp://127.0.0.1:5514`, `files /var/log/*.log`.
    static func subject(_ input: InputConfiguration) -> String {
        switch input.kind {
        case .syslog(let listen): "syslog on \(listen.url)"
        case .json(let listen, _): "json on \(listen.url)"
        case .file(let file): "files \(file.paths.joined(separator: " "))"
        }
    }

    private static func shaping(_ shaping: Shaping) -> String {
        var words = ""
        if let levels = shaping.levels {
            words += levels.results.count == 1 ? ", level \(levels.results[0].name)" : ", levels changed"
        }
        if !shaping.keep.isEmpty { words += ", keeps by \(shaping.keep.count) rules" }
        if !shaping.drop.isEmpty { words += ", drops by \(shaping.drop.count) rules" }
        if let limit = shaping.rateLimit { words += ", \(limit.words) of each source" }
        return words
    }

    private static func lines(_ multiline: InputConfiguration.Multiline?) -> String {
        guard let multiline else { return "" }
        return switch multiline.beginning {
        case .start(let pattern): ", a log begins at lines like \(pattern)"
        case .notIndented: ", indented lines belong to the one before"
        }
    }

    private static func allowed(_ listen: InputConfiguration.Listen) -> String {
        var words = listen.allow.isEmpty ? "" : " for \(listen.allow.joined(separator: " "))"
        if let authority = listen.tls?.clientAuthorityFile { words += " with a certificate of \(authority)" }
        if listen.isUnix { words += " (mode \(String(listen.socketMode, radix: 8)))" }
        return words
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
