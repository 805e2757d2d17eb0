import ArgumentParser

/// `komfyr-agent buffer retry`.
struct RetryBufferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Puts what the hub refused for good back in line, to be sent again.",
        discussion: """
            For when the reason is mended: a limit raised, a clock set. A running agent takes the letters into its \
            buffer within seconds, a stopped one at its next start. Each is sent under an identity of its own, however \
            often that takes, so nothing comes twice; what is refused again is a dead letter again.

            A letter may be mended before: unpack NAME.ndjson.zst with zstd -d, edit the lines, pack it again with the \
            same name.

            EXAMPLES
              See what was refused, and why:
                komfyr-agent buffer inspect
              Send all of it again:
                komfyr-agent buffer retry
              One letter, by its name:
                komfyr-agent buffer retry 000001795411432000-…
            """
    )

    @OptionGroup var location: BufferLocation

    @Argument(help: ArgumentHelp("Names of dead letters, as inspect shows them; all without any.", valueName: "name"))
    var names: [String] = []

    func run() throws {
        let folder = try location.find()
        let letters = DeadLetterFolder(dataDirectory: folder)
        var unknown: [String] = []
        do throws(FileError) {
            var entries = try letters.entries() + letters.half()
            if !names.isEmpty {
                unknown = names.filter { name in !entries.contains { $0.name == name } }
                entries = unknown.isEmpty ? entries.filter { names.contains($0.name) } : []
            }
            var records = 0
            var count = 0
            for entry in entries where try letters.putInLine(entry.name) {
                count += 1
                records += entry.records
            }
            if unknown.isEmpty {
                report(letters: count, records: records, owner: FolderOwner.of(folder))
            }
        } catch {
            Output.printError("\(error); see that this is run by the agent's user, and the disk")
            throw ExitCode(1)
        }
        guard unknown.isEmpty else {
            throw ValidationError(
                "there is no dead letter \(unknown.joined(separator: ", ")), nothing was done; `buffer inspect` lists them"
            )
        }
    }

    private func report(letters: Int, records: Int, owner: FolderOwner) {
        guard letters > 0 else { return Output.print("there are no dead letters") }
        let what = "\(records) logs of \(letters) dead letters are in line"
        if case .running(let pid) = owner {
            Output.print(
                "\(what): the agent\(pid.map { " (process \($0))" } ?? "") takes them within \(AgentLimits.retryLookMs / 1_000) s"
            )
        } else {
            Output.print("\(what): no agent runs, they are sent after its next start")
        }
    }
}
