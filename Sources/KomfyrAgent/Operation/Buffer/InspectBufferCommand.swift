import ArgumentParser
import Protocol

/// `komfyr-agent buffer inspect`.
struct InspectBufferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Says what is in the buffer and among the dead letters, and what is damaged.",
        discussion: """
            Works while the agent runs, and changes nothing. Without --verify only headers are read, which is quick for \
            any backlog. Exits 0 when all is sound, 1 when something is damaged or cannot be read: the agent passes \
            over such places by itself, no file has to be deleted.

            EXAMPLES
              komfyr-agent buffer inspect --config /etc/komfyr-agent/agent.toml
              komfyr-agent buffer inspect --verify
              komfyr-agent buffer inspect --json | python3 -m json.tool
            """
    )

    @OptionGroup var location: BufferLocation

    @Flag(help: "Read all logs too, and compare them with their checksums.")
    var verify = false

    @Flag(help: "One JSON object instead of tables.")
    var json = false

    func run() throws {
        let folder = try location.find()
        let inspection: BufferInspection
        do throws(FileError) {
            inspection = try BufferInspection(
                folder,
                PosixFileSystem(),
                owner: FolderOwner.of(folder),
                verifies: verify
            )
        } catch {
            Output.printError(
                "\(error). There is no buffer that can be read: see whose files these are (ls -l), and the disk"
            )
            throw ExitCode(1)
        }
        if json {
            Output.print(inspection.json)
        } else {
            for line in inspection.lines { Output.print(line) }
        }
        if !inspection.isSound { throw ExitCode(1) }
    }
}
