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
                let twin = inputs.first(where: { $0.listen?.isSame(listen) ?? false })
            {
                report.error(
                    at: table.place,
                    "the inputs \"\(twin.name)\" and \"\(input.name)\" have one address, \(listen.url)",
                    "give one of them another \(listen.isUnix ? "path" : "port")"
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
            let listen = listeners("syslog").read(table, token: nil)
            kind = listen.map { .syslog($0) }
            defaultName = "syslog-" + (listen?.url ?? "")
            defaultGroup = "syslog:{hostname}:{app}"
        case .json:
            let token = table.string("token")
            if let token, token.value.utf8.count > ProtocolLimits.tagBytes {
                report.error(at: token.place, "`token` is longer than \(ProtocolLimits.tagBytes) bytes", "shorten it")
            }
            if let token {
                let subject = "the file holds `token` and"
                report.warnIfReadableByOthers(report.file, at: token.place, subject: subject)
            }
            let listen = listeners("json").read(table, token: token?.value)
            kind = listen.map { .json($0, token: token?.value) }
            defaultName = "json-" + (listen?.url ?? "")
            defaultGroup = "device:{source}"
        case .file:
            let file = FileInputReader(report: report, workingDirectory: workingDirectory).read(table)
            kind = file.map { .file($0) }
            defaultName = "file-" + (file?.paths.first ?? "")
            defaultGroup = "file:{file}"
        }
        let name = readName(table) ?? defaultName
        let parser = kind?.fileParser
        let group = readGroup(table, type, isJSONFile: parser == .json) ?? defaultGroup
        let maxGroups = table.integer("max_groups", in: 1...AgentLimits.groupsPerInput) ?? 1_000
        let tags = TagList.read(table, alreadyGiven: agentTags, report)
        let isSyslog = type == .syslog || kind?.isSyslogFile ?? true
        let zone = kind?.usesZone ?? true ? readZone(table) : .utc
        let parsesPayload = isSyslog ? table.boolean("parse_payload") ?? true : false
        let shaping = ShapingReader(report: report, isFile: type == .file, isRaw: parser == .raw).read(table)
        finish(table, type)
        guard let kind else { return nil }
        return InputConfiguration(
            name: name,
            tags: tags,
            group: group,
            maxGroups: maxGroups,
            zone: zone,
            parsesPayload: parsesPayload,
            shaping: shaping,
            kind: kind
        )
    }

    private func listeners(_ type: String) -> ListenerReader {
        ListenerReader(report: report, workingDirectory: workingDirectory, type: type)
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

    private func readGroup(_ table: TableReader, _ type: InputType, isJSONFile: Bool) -> String? {
        guard let group = table.string("group") else { return nil }
        let placeholders: [String]
        switch type {
        case .syslog: placeholders = ["hostname", "app", "source", "facility", "severity"]
        case .json: placeholders = ["hostname", "app", "source", "data.NAME"]
        case .file:
            placeholders =
                ["file", "hostname", "app", "source", "facility", "severity"] + (isJSONFile ? ["data.NAME"] : [])
        }
        do throws(ValueProblem) {
            try GroupTemplateSyntax.check(group.value, placeholders: placeholders)
        } catch {
            report.error(at: group.place, "group", error)
        }
        return group.value
    }

    /// Reports keys that this type of input does not have.
    private func finish(_ table: TableReader, _ type: InputType) {
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
            for key in ["paths", "exclude", "parser", "pattern", "multiline", "read_from"] {
                elsewhere[key] = "it belongs to inputs of type = \"file\""
            }
        case .file:
            elsewhere["parse_payload"] = "it belongs to files of parser = \"syslog\""
            elsewhere["timezone"] = "it belongs to files of the parsers syslog, logfmt, combined and regex"
            elsewhere["pattern"] = "it belongs to files of parser = \"regex\""
            for key in ListenerReader.keys + ["token"] {
                elsewhere[key] = "it belongs to inputs of type = \"syslog\" and \"json\""
            }
        }
        table.finish(elsewhere: elsewhere)
    }
}
