import EventLoop
import Glibc
import Protocol

/// Reads `agent.toml`: every error with file, line, column and what to do, all errors of a file at once.
struct ConfigurationReader {
    /// What was read.
    struct Result: Sendable {
        var configuration: AgentConfiguration
        /// What is allowed and probably not meant.
        var warnings: [ConfigurationProblem]
        /// Where the API key came from, in words; nil without one.
        var apiKeySource: String?
    }

    /// The environment variables to look at; a test gives its own.
    var environment: [String: String]
    /// Where relative paths begin.
    var workingDirectory: String

    /// Reads the configuration at `path`.
    /// - Throws: all that is wrong with it.
    func read(path: String) throws(ConfigurationErrors) -> Result {
        let text: [UInt8]
        do throws(FileFailure) {
            text = try SmallFile.read(path, maximumBytes: AgentLimits.configurationBytes)
        } catch {
            let remedy =
                error.code == ENOENT ? "check the path given by --config" : "check the path, its owner and its mode"
            throw ConfigurationErrors(problems: [
                ConfigurationProblem(file: path, place: nil, what: "it cannot be read: \(error.words)", remedy: remedy)
            ])
        }
        return try read(text, file: path)
    }

    /// Reads a configuration's text; `file` is its name in errors.
    /// - Throws: all that is wrong with it.
    func read(_ text: [UInt8], file: String) throws(ConfigurationErrors) -> Result {
        let root: TomlValue
        do throws(TomlError) {
            root = try TomlDocument.parse(text)
        } catch {
            throw ConfigurationErrors(problems: [
                ConfigurationProblem(
                    file: file,
                    place: error.place,
                    what: "it is not TOML: \(error.words)",
                    remedy: "text stands in quotes, lists in [ ]; see https://toml.io"
                )
            ])
        }
        let report = ConfigurationReport(file: file)
        guard case .table(let members) = root.content else { fatalError("the root of a TOML text is a table") }
        let table = TableReader(
            members,
            name: "the file's top level",
            place: TextPlace(line: 1, column: 1),
            report: report
        )
        let agent = readAgent(table.tables("agent", isList: false).first, report)
        let (hub, keySource) = readHub(table.tables("hub", isList: false).first, report)
        let buffer = readBuffer(table.tables("buffer", isList: false).first, report)
        let inputs = InputReader(report: report, workingDirectory: workingDirectory, agentTags: agent.tags.count)
            .read(table.tables("input", isList: true))
        let metrics = readMetrics(table.tables("metrics", isList: false).first, inputs, report)
        if !table.has("hub") {
            report.error(at: nil, "there is no [hub]", "add it: [hub], url = \"http://127.0.0.1:8080\"")
        }
        if !table.has("input") {
            report.error(
                at: nil,
                "there is no [[input]]",
                "add one: [[input]], type = \"syslog\", listen = \"udp://127.0.0.1:5514\""
            )
        }
        table.finish()
        guard report.errors.isEmpty else { throw ConfigurationErrors(problems: report.sortedErrors) }
        return Result(
            configuration: AgentConfiguration(agent: agent, hub: hub, buffer: buffer, inputs: inputs, metrics: metrics),
            warnings: report.warnings,
            apiKeySource: keySource
        )
    }

    // MARK: Sections

    private func readAgent(_ table: TableReader?, _ report: ConfigurationReport) -> AgentConfiguration.AgentSection {
        var section = AgentConfiguration.AgentSection(name: Self.defaultName())
        guard let table else { return section }
        if let directory = table.string("data_dir") { section.dataDirectory = absolute(directory.value) }
        if let name = table.string("name") {
            if BatchIdentity.isAgentName(Array(name.value.utf8)) {
                section.name = name.value
            } else {
                report.error(
                    at: name.place,
                    "`name` has characters that an agent's name cannot have",
                    "use 1 to \(ProtocolLimits.agentNameBytes) of A-Z a-z 0-9 - _"
                )
            }
        }
        section.tags = TagList.read(table, alreadyGiven: 0, report)
        table.finish()
        return section
    }

    private func readHub(
        _ table: TableReader?,
        _ report: ConfigurationReport
    ) -> (AgentConfiguration.HubSection, keySource: String?) {
        guard let table else { return (AgentConfiguration.HubSection(urls: []), nil) }
        return HubReader(environment: environment, report: report, absolute: absolute).read(table)
    }

    private func readBuffer(_ table: TableReader?, _ report: ConfigurationReport) -> AgentConfiguration.BufferSection {
        var section = AgentConfiguration.BufferSection()
        guard let table else { return section }
        if let bytes = table.size("max_bytes", in: AgentLimits.bufferBytes) { section.maxBytes = bytes }
        if let fsync: AgentConfiguration.BufferSection.Fsync = table.choice("fsync") { section.fsync = fsync }
        if let interval = table.integer("fsync_interval_ms", in: AgentLimits.fsyncIntervalMs) {
            section.fsyncIntervalMs = UInt64(interval)
        }
        if let whenFull: AgentConfiguration.BufferSection.WhenFull = table.choice("when_full") {
            section.whenFull = whenFull
        }
        if let bytes = table.size("dead_letter_max_bytes", in: AgentLimits.deadLetterBytes) {
            section.deadLetterMaxBytes = bytes
        }
        table.finish()
        return section
    }

    private func readMetrics(
        _ table: TableReader?,
        _ inputs: [InputConfiguration],
        _ report: ConfigurationReport
    ) -> AgentConfiguration.MetricsSection? {
        guard let table else { return nil }
        defer { table.finish() }
        guard let listen = table.string("listen") else {
            if !table.has("listen") {
                report.error(at: table.place, "[metrics] has no `listen`", "add listen = \"127.0.0.1:9514\"")
            }
            return nil
        }
        do throws(ValueProblem) {
            let (host, port) = try NetworkSyntax.hostAndPort(listen.value, example: "127.0.0.1:9514")
            if !NetworkSyntax.isLoopback(host) {
                report.warning(
                    at: listen.place,
                    "/metrics can be read from other machines",
                    "anyone who reaches \(listen.value) sees it: use 127.0.0.1 unless your scraper is elsewhere"
                )
            }
            let address = AgentConfiguration.MetricsSection(host: host, port: port)
            let door = InputConfiguration.Listen(transport: .tcp, address: .ip(host, port: port))
            if let other = inputs.first(where: { $0.listen.map(door.isSame) ?? false }) {
                report.error(
                    at: listen.place,
                    "the input \"\(other.name)\" listens on \(listen.value) too",
                    "give it another port"
                )
            }
            return address
        } catch {
            report.error(at: listen.place, "listen", error)
            return nil
        }
    }

    // MARK: Paths and names

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : workingDirectory + "/" + path
    }

    /// The host's name with what an agent's name cannot have replaced by `-`.
    static func defaultName() -> String {
        let bytes = HostName.current.utf8.prefix(ProtocolLimits.agentNameBytes)
            .map { byte in
                BatchIdentity.isAgentName([byte]) ? byte : UInt8(ascii: "-")
            }
        return bytes.isEmpty ? "agent" : String(decoding: bytes, as: UTF8.self)
    }
}

/// Reads `tags` of any section.
enum TagList {
    /// - Parameters:
    ///   - table: the section.
    ///   - alreadyGiven: tags that every log has before these.
    ///   - report: where errors go.
    /// - Returns: the tags in order, repeats dropped.
    static func read(_ table: TableReader, alreadyGiven: Int, _ report: ConfigurationReport) -> [String] {
        guard let found = table.strings("tags") else { return [] }
        var tags: [String] = []
        for tag in found.value where !tags.contains(tag.value) {
            if tag.value.utf8.count > ProtocolLimits.tagBytes {
                report.error(
                    at: tag.place,
                    "a tag is longer than \(ProtocolLimits.tagBytes) bytes",
                    "shorten it"
                )
            }
            tags.append(tag.value)
        }
        // One place is kept for `truncated` and `unparsed`, which the agent adds itself.
        let most = ProtocolLimits.tags - 2
        if tags.count + alreadyGiven > most {
            report.error(
                at: found.place,
                "there are more than \(most) tags on every log",
                "keep those that you search for"
            )
        }
        return tags
    }
}
