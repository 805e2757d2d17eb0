import ArgumentParser

/// `komfyr-agent buffer`: looks into the disk buffer, takes logs out to read them, sends refused ones again.
struct BufferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "buffer",
        abstract: "Shows what waits on disk, exports it, and sends again what the hub refused.",
        discussion: """
            What was not delivered lies in the folder `buffer` of data_dir, what the hub refused for good in \
            `dead-letter`. Looking and exporting change nothing there, and may be done while the agent runs.

            EXAMPLES
              What waits, since when, and is anything damaged?
                komfyr-agent buffer inspect

              Read what waits:
                komfyr-agent buffer export | less

              Save everything, refused logs too, before a disk is changed:
                komfyr-agent buffer export --all --output logs.ndjson
                komfyr-agent buffer export --dead-letters --output refused.ndjson

              Send again what the hub refused, after mending the reason:
                komfyr-agent buffer retry
            """,
        subcommands: [InspectBufferCommand.self, ExportBufferCommand.self, RetryBufferCommand.self]
    )
}

/// Where the buffer is: by the configuration, or by its folder.
struct BufferLocation: ParsableArguments {
    @Option(name: .shortAndLong, help: "The configuration file, TOML, whose data_dir is meant.")
    var config: String?

    @Option(
        help: ArgumentHelp(
            "The data_dir itself, instead of a configuration: for a disk from elsewhere.",
            valueName: "folder"
        )
    )
    var dataDir: String?

    func validate() throws {
        if config != nil && dataDir != nil {
            throw ValidationError("--config and --data-dir say the same thing: give one of them")
        }
    }

    /// The folder, without a slash at its end.
    /// - Throws: a text that says what to do when there is no such folder.
    func find() throws -> String {
        var folder: String
        if let dataDir {
            folder = dataDir
        } else {
            folder = try ConfigurationLocation.read(try ConfigurationLocation.find(config)).configuration.agent
                .dataDirectory
        }
        while folder.utf8.count > 1, folder.utf8.last == UInt8(ascii: "/") { folder.removeLast() }
        do throws(FileError) {
            _ = try PosixFileSystem().list(folder)
        } catch {
            Output.printError(
                "\(error). This is the agent's data_dir: it is made at the agent's first start, and belongs to the "
                    + "agent's user (sudo -u USER komfyr-agent buffer …)"
            )
            throw ExitCode(1)
        }
        return folder
    }
}

extension DeadLetterFolder {
    /// The dead letters of a data_dir.
    init(dataDirectory: String) {
        self.init(folder: dataDirectory + "/dead-letter", files: PosixFileSystem())
    }
}
