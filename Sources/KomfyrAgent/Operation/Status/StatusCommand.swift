import ArgumentParser
import EventLoop
import Glibc

/// `komfyr-agent status`: asks the running agent how it does.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says how the running agent does.",
        discussion: """
            Asks the agent through the socket status.sock in its data_dir, which belongs to the agent's user (mode \
            600): run this as that user, or as root. The configuration is read for its data_dir alone, so this works \
            also while it has errors.

            Shown are since when it runs, the last reload, whether the hub takes logs, what waits on disk and since \
            when, and of each input messages a second (over the last minute), received, kept whole because nobody \
            could read them, dropped (with the reasons), dropped by the kernel, and open connections or files. \
            Counts are since the start, or since the reload that changed the input.

            EXIT CODES
              0  all is well
              1  it runs, with trouble: what it is stands in the last lines
              3  it does not run
              4  this cannot be told: no permission, no answer, no data_dir

            EXAMPLES
              komfyr-agent status
              komfyr-agent status --watch
              komfyr-agent status --json | python3 -m json.tool
            """
    )

    @Option(name: .shortAndLong, help: "The configuration file of the agent; its data_dir is asked.")
    var config: String?

    @Option(help: "The agent's data_dir, instead of a configuration.")
    var dataDir: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Print again every two seconds, until ctrl-C.")
    var watch = false

    func run() throws {
        let directory = try dataDir ?? Self.dataDirectory(ConfigurationLocation.find(config))
        guard watch else { throw ExitCode(tell(directory)) }
        while true {
            // Home, and clear what was there: only where a person looks.
            if isatty(STDOUT_FILENO) != 0, !json { Output.print("\u{1B}[H\u{1B}[2J", terminator: "") }
            _ = tell(directory)
            sleep(2)
        }
    }

    /// - Returns: the exit code.
    private func tell(_ directory: String) -> Int32 {
        let path = StatusSocket.path(in: directory)
        do throws(LoopError) {
            let (status, body) = try StatusSocket.ask(path, json ? "/status.json" : "/status")
            Output.print(String(decoding: body, as: UTF8.self), terminator: "")
            return status == 200 ? 0 : status == 503 ? 1 : 4
        } catch {
            let (code, words) = Self.words(for: error, directory)
            if json {
                var object = JSONObjectWriter()
                object.text("status", code == 3 ? "not running" : "unknown")
                object.texts("troubles", [words])
                Output.print(String(decoding: object.finish(), as: UTF8.self))
            } else {
                Output.printError(words)
            }
            return code
        }
    }

    private static func words(for error: LoopError, _ directory: String) -> (code: Int32, words: String) {
        switch -error.code {
        case EACCES, EPERM:
            return (
                4,
                "\(directory) may be read by the agent's user alone: run this as that user "
                    + "(sudo -u komfyr komfyr-agent status), or as root"
            )
        case ENOENT, ECONNREFUSED:
            switch FolderOwner.of(directory) {
            case .running(let pid):
                return (
                    4,
                    "an agent\(pid.map { " (process \($0))" } ?? "") uses \(directory) but does not answer: it is "
                        + "starting or stopping; look again, and into its log"
                )
            case .none:
                return (
                    3,
                    "no agent runs in \(directory). Start it: systemctl start komfyr-agent, or komfyr-agent run; its "
                        + "last words: journalctl -u komfyr-agent -n 50"
                )
            case .unknown(let words):
                return (4, "nobody answers in \(directory), and whether an agent runs there cannot be told: \(words)")
            }
        default: return (4, "the agent cannot be asked: \(error)")
        }
    }

    /// The data_dir of a configuration, whatever else is wrong with it.
    private static func dataDirectory(_ path: String) throws -> String {
        let usual = "name the agent's data_dir with --data-dir"
        let text: [UInt8]
        do throws(FileFailure) {
            text = try SmallFile.read(path, maximumBytes: AgentLimits.configurationBytes)
        } catch {
            Output.printError("\(path) cannot be read: \(error.words); run this as the agent's user, or \(usual)")
            throw ExitCode(4)
        }
        guard let root = try? TomlDocument.parse(text), case .table(let members) = root.content else {
            Output.printError("\(path) is not TOML (`komfyr-agent check` says where); mend it, or \(usual)")
            throw ExitCode(4)
        }
        var directory = AgentConfiguration.AgentSection(name: "").dataDirectory
        if case .table(let agent)? = members.first(where: { $0.key == "agent" })?.value.content,
            case .string(let text)? = agent.first(where: { $0.key == "data_dir" })?.value.content
        {
            directory = text
        }
        return directory.hasPrefix("/") ? directory : Environment.workingDirectory + "/" + directory
    }
}
