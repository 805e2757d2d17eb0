import Protocol

/// Reads the `[[input]]` sections.
struct InputReader {
    let report: ConfigurationReport
    /// Where relative paths begin.
    let workingDirectory: String
    /// How many tags every log has before an input's own.
    let agentTags: Int

    private enum InputType: String, CaseIterable {
        case syslog
        case json
        case file
    }

    /// All inputs; those with errors are left out, after their errors were reported.
    func read(_ tables: [TableReader]) -> [InputConfiguration] {
        var inputs: [InputConfiguration] = []
        if tables.count > AgentLimits.inputs {
            report.error(
                at: tables[AgentLimits.inputs].place,
                "there are more than \(AgentLimits.inputs) inputs",
                "join some: a listener takes many devices, a file input many globs"
            )
        }
        for table in tables.prefix(AgentLimits.inputs) {
            guard let input = readInput(table) else { continue }
            if let twin = inputs.first(where: { $0.name == input.name }) {
                report.error(
                    at: table.place,
                    "two inputs have the name \"\(twin.name)\"",
                    "give one of them a `name` of its own: metrics and file positions go by it"
                )
            } else if let listen = input.listen,
                let twin = inputs.first(where: {
                    $0.listen?.isSame(listen.transport, listen.host, listen.port) ?? false
                })
            {
                report.error(
                    at: table.place,
                    "the inputs \"\(twin.name)\" and \"\(input.name)\" have one address, \(listen.url)",
                    "give one of them another port"
                )
            }
            inputs.append(input)
        }
        return inputs
    }

    private func readInput(_ table: TableReader) -> InputConfiguration? {
        guard let type: InputType = table.choice("type") else {
            if !table.has("type") {
                report.error(at: table.place, "[[input]] has no `type`", "add type = \"syslog\", \"json\" or \"file\"")
            }
            // Its other keys depend on the type: nothing more can be said.
            return nil
        }
        let kind: InputConfiguration.Kind?
        let defaultName: String
        let defaultGroup: String
        switch type {
        case .syslog:
            let listen = readListen(table, type: "syslog", token: nil)
            kind = listen.map { .syslog($0) }
            defaultName = "syslog-" + (listen?.url ?? "")
            defaultGroup = "syslog:{hostname}:{app}"
        case .json:
            let token = table.string("token")
            if let token, token.value.utf8.count > ProtocolLimits.tagBytes {
                report.error(at: token.place, "`token` is longer than \(ProtocolLimits.tagBytes) bytes", "shorten it")
            }
            let listen = readListen(table, type: "json", token: token?.value)
            if let listen, listen.transport == .tcp {
                report.error(
                    at: table.place,
                    "json over tcp:// comes with a later version",
                    "use listen = \"udp://…\" for now"
                )
            }
            kind = listen.map { .json($0, token: token?.value) }
            defaultName = "json-" + (listen?.url ?? "")
            defaultGroup = "device:{source}"
        case .file:
            let file = readFile(table)
            kind = file.map { .file($0) }
            defaultName = "file-" + (file?.paths.first ?? "")
            defaultGroup = "file:{file}"
        }
        let name = readName(table) ?? defaultName
        let group = readGroup(table, type) ?? defaultGroup
        let maxGroups = table.integer("max_groups", in: 1...AgentLimits.groupsPerInput) ?? 1_000
        let tags = TagList.read(table, alreadyGiven: agentTags, report)
        let isSyslog = type == .syslog || kind?.isSyslogFile ?? true
        let zone = isSyslog ? readZone(table) : .utc
        let parsesPayload = isSyslog ? table.boolean("parse_payload") ?? true : false
        finish(table, type)
        guard let kind else { return nil }
        return InputConfiguration(
            name: name,
            tags: tags,
            group: group,
            maxGroups: maxGroups,
            zone: zone,
            parsesPayload: parsesPayload,
            kind: kind
        )
    }

    private func readZone(_ table: TableReader) -> Zone {
        guard let name = table.string("timezone") else { return ZoneSource.ofMachine() }
        do throws(ValueProblem) {
            return try ZoneSource.named(name.value)
        } catch {
            report.error(at: name.place, "timezone", error)
            return .utc
        }
    }

    private func readName(_ table: TableReader) -> String? {
        guard let name = table.string("name") else { return nil }
        guard name.value.utf8.count <= ProtocolLimits.sourceBytes,
            name.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            report.error(
                at: name.place,
                "`name` is too long or has control characters",
                "use up to \(ProtocolLimits.sourceBytes) printable bytes"
            )
            return nil
        }
        return name.value
    }

    private func readGroup(_ table: TableReader, _ type: InputType) -> String? {
        guard let group = table.string("group") else { return nil }
        let placeholders: [String]
        switch type {
        case .syslog: placeholders = ["hostname", "app", "source", "facility", "severity"]
        case .json: placeholders = ["hostname", "app", "source"]
        case .file: placeholders = ["file", "hostname", "app", "source", "facility", "severity"]
        }
        do throws(ValueProblem) {
            try GroupTemplateSyntax.check(group.value, placeholders: placeholders)
        } catch {
            report.error(at: group.place, "group", error)
        }
        return group.value
    }

    // MARK: Listeners

    private func readListen(_ table: TableReader, type: String, token: String?) -> InputConfiguration.Listen? {
        let allow = table.strings("allow")
        for network in allow?.value ?? [] {
            do throws(ValueProblem) {
                try NetworkSyntax.checkNetwork(network.value)
            } catch {
                report.error(at: network.place, "allow", error)
            }
        }
        let buffer = table.size("receive_buffer", in: AgentLimits.receiveBufferBytes)
        guard let text = table.string("listen") else {
            if !table.has("listen") {
                let example = type == "json" ? "udp://127.0.0.1:5515" : "udp://127.0.0.1:5514"
                report.error(at: table.place, "a \(type) input has no `listen`", "add listen = \"\(example)\"")
            }
            return nil
        }
        var listen: InputConfiguration.Listen
        do throws(ValueProblem) {
            listen = try InputConfiguration.Listen.parse(text.value)
        } catch {
            report.error(at: text.place, "listen", error)
            return nil
        }
        if let buffer {
            if listen.transport != .udp {
                report.error(
                    at: table.place,
                    "`receive_buffer` does nothing for \(listen.transport.rawValue)://",
                    "remove it: it is the kernel's buffer of a udp:// listener"
                )
            }
            listen.receiveBufferBytes = Int(clamping: buffer)
        }
        listen.allow = allow?.value.map(\.value) ?? []
        if listen.allow.isEmpty, token == nil, !NetworkSyntax.isLoopback(listen.host) {
            let remedy = "add allow = [\"192.168.0.0/16\"] with the networks of your devices"
            report.error(
                at: text.place,
                "\(listen.url) can be reached by everyone on the network",
                type == "json" ? "\(remedy), or a `token`" : remedy
            )
        }
        return listen
    }

    // MARK: Files

    private func readFile(_ table: TableReader) -> InputConfiguration.FileConfiguration? {
        let parser: InputConfiguration.FileConfiguration.Parser? =
            table.choice("parser", later: ["logfmt", "combined", "regex"])
        let readFrom: InputConfiguration.FileConfiguration.ReadFrom? = table.choice("read_from")
        let exclude = readGlobs(table, "exclude")
        let paths = readGlobs(table, "paths")
        guard table.has("paths") else {
            report.error(at: table.place, "a file input has no `paths`", "add paths = [\"/var/log/myapp/*.log\"]")
            return nil
        }
        guard !paths.isEmpty else { return nil }
        return InputConfiguration.FileConfiguration(
            paths: paths,
            exclude: exclude,
            parser: parser ?? .raw,
            readFrom: readFrom ?? .beginning
        )
    }

    private func readGlobs(_ table: TableReader, _ key: String) -> [String] {
        guard let found = table.strings(key) else { return [] }
        if found.value.isEmpty, key == "paths" {
            report.error(at: found.place, "`paths` is empty", "name at least one glob, as \"/var/log/myapp/*.log\"")
        }
        if found.value.count > AgentLimits.globs {
            report.error(at: found.place, "`\(key)` has more than \(AgentLimits.globs) globs", "join some with * or **")
        }
        var globs: [String] = []
        for text in found.value.prefix(AgentLimits.globs) {
            // A glob without a slash in `exclude` means the file's name alone.
            let isName = key == "exclude" && !text.value.contains("/")
            let path = isName || text.value.hasPrefix("/") ? text.value : workingDirectory + "/" + text.value
            do throws(ValueProblem) {
                _ = try FileGlob(path)
                globs.append(path)
            } catch {
                report.error(at: text.place, key, error)
            }
        }
        return globs
    }

    /// Reports keys that this type of input does not have.
    private func finish(_ table: TableReader, _ type: InputType) {
        let multiLine = "until then each line is a log of its own: remove it"
        var elsewhere: [String: String] = [:]
        switch type {
        case .syslog:
            elsewhere["token"] = "syslog has no place for a token: use allow = [\"…\"]"
            fallthrough
        case .json:
            if type == .json {
                for key in ["timezone", "parse_payload"] {
                    elsewhere[key] = "it belongs to inputs of type = \"syslog\", and files of parser = \"syslog\""
                }
            }
            for key in ["paths", "exclude", "parser", "read_from"] {
                elsewhere[key] = "it belongs to inputs of type = \"file\""
            }
        case .file:
            for key in ["timezone", "parse_payload"] { elsewhere[key] = "it belongs to files of parser = \"syslog\"" }
            for key in ["listen", "allow", "token", "receive_buffer"] {
                elsewhere[key] = "it belongs to inputs of type = \"syslog\" and \"json\""
            }
        }
        table.finish(
            later: [
                "multiline": multiLine, "cert_file": "tls:// listeners need it", "key_file": "tls:// listeners need it",
            ],
            elsewhere: elsewhere
        )
    }
}
