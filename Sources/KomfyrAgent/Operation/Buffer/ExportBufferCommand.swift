import ArgumentParser
import Glibc

/// `komfyr-agent buffer export`.
struct ExportBufferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes the logs of the buffer as NDJSON, one a line.",
        discussion: """
            Nothing is marked as delivered, and nothing changes: what is exported is still sent. Works while the agent \
            runs. The lines are those that the hub gets: POST them to /api/logs/batch, or read them with any tool.

            What is damaged is named on standard error, and the rest is exported. Exits 0 when all could be read, 1 when \
            not; a pipe that its reader closes is no error.

            EXAMPLES
              komfyr-agent buffer export | head
              komfyr-agent buffer export --all --output logs.ndjson
              komfyr-agent buffer export --data-dir /mnt/old-disk/komfyr-agent --output rescued.ndjson
            """
    )

    /// What is exported.
    enum Choice: String, EnumerableFlag {
        case waiting
        case all
        case deadLetters

        static func name(for value: Choice) -> NameSpecification {
            value == .deadLetters ? .customLong("dead-letters") : .long
        }

        static func help(for value: Choice) -> ArgumentHelp? {
            switch value {
            case .waiting: "What the hub has not acknowledged (the default)."
            case .all: "Also what it has, as far as it still lies in the segments."
            case .deadLetters: "What the hub refused for good, also what is in line to be sent again."
            }
        }
    }

    @OptionGroup var location: BufferLocation

    @Flag(exclusivity: .exclusive)
    var choice: Choice = .waiting

    @Option(name: .shortAndLong, help: ArgumentHelp("A new file, instead of standard output.", valueName: "file"))
    var output: String?

    func run() throws {
        let folder = try location.find()
        do {
            let sink = try output.map { path throws(FileError) in try LogSink(path) } ?? LogSink()
            let export = LogExport(sink) { Output.printError($0) }
            let files = PosixFileSystem()
            if choice == .deadLetters {
                try export.letters(DeadLetterFolder(folder: folder + "/dead-letter", files: files))
            } else {
                let buffer = try BufferFolder(folder + "/buffer", files, isInUse: FolderOwner.of(folder).mayRun)
                try export.logs(buffer, waitingAlone: choice == .waiting)
            }
            try sink.flush(isLast: true)
            if let output { Output.printError("\(export.records) logs are in \(output)") }
            if export.isIncomplete { throw ExitCode(1) }
        } catch let error as FileError {
            Output.printError(
                error.code == EEXIST
                    ? "\(output ?? "") is there already: name another file, or remove it"
                    : "\(error); what came before is exported"
            )
            throw ExitCode(1)
        }
    }
}
