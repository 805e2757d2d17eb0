import ArgumentParser

/// `komfyr-agent check`: reads the configuration and, with `--live`, tries what it asks for.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reads a configuration and says what it would do, or what is wrong with it.",
        discussion: """
            Every error names file, line, column and what to do; all errors are listed at once. Nothing is opened or \
            changed.

            With --live it also tries, on this machine and now: whether data_dir can be written and its disk has room \
            for the buffer, whether each address can be listened on (and who has it if not), which files the globs \
            mean and whether they can be read, and whether the hub can be reached, takes the key, and has the same \
            time. A running agent is not disturbed: what it holds itself counts as right. The hub gets an empty \
            batch; nothing is stored. Run it as the agent's user, whose rights matter.

            EXIT CODES
              0  right; with --live also when something is to be warned of
              1  wrong, or --live found something that would keep the agent from starting or delivering

            EXAMPLES
              komfyr-agent check --config /etc/komfyr-agent/agent.toml
              sudo -u komfyr komfyr-agent check --live
            """
    )

    @Option(name: .shortAndLong, help: "The configuration file, TOML.")
    var config: String?

    @Flag(help: "Also try addresses, files, disk and hub.")
    var live = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let path = try ConfigurationLocation.find(config)
        if json { return try printJSON(path) }
        let result = try ConfigurationLocation.read(path)
        for warning in result.warnings { Output.printError("warning: \(warning.text)") }
        for line in ConfigurationSummary.lines(result) { Output.print(line) }
        Output.print("\(path): right")
        guard live else { return }
        Output.print("")
        let report = FindingReport(findings: LiveCheck(result.configuration).run())
        for line in report.lines { Output.print(line) }
        if report.state == .fail { throw ExitCode(1) }
    }

    private func printJSON(_ path: String) throws {
        var report = FindingReport()
        switch ConfigurationSource(path: path).read() {
        case .failure(let errors):
            report.findings = errors.problems.map { .fail("configuration", $0.location + $0.what, $0.remedy) }
        case .success(let result):
            report.findings = [.ok("configuration", "\(path) is right")]
            report.findings += result.warnings.map { .warn("configuration", $0.location + $0.what, $0.remedy) }
            if live { report.findings += LiveCheck(result.configuration).run() }
        }
        Output.print(report.json)
        if report.state == .fail { throw ExitCode(1) }
    }
}
