import Glibc
import Synchronization
import Testing

@testable import KomfyrAgent

/// A reload, and a stop, lose nothing that only this run can read.
struct FileReloadTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func start(_ change: (inout FileHarness.Options) -> Void = { _ in }) throws -> FileHarness {
        var options = FileHarness.Options()
        // A file that is gone stays in hand for the whole test.
        options.leftFileMs = 60_000
        change(&options)
        return try FileHarness(folder, options)
    }

    private func expect(_ harness: FileHarness, _ lines: [String], _ location: SourceLocation = #_sourceLocation) {
        let arrived = eventually { harness.lines.count >= lines.count }
        #expect(arrived && harness.lines == lines, "\(harness.lines) \(harness.log)", sourceLocation: location)
    }

    /// A file that was read in part, and deleted.
    private func deleted(_ harness: FileHarness) throws {
        try folder.write("app.log", "1\n")
        expect(harness, ["1"])
        harness.hold(true)
        try folder.append("app.log", "2\n3\nlast")
        try folder.remove("app.log")
    }

    @Test func `a deleted file is read to its end by the input that goes on`() throws {
        let harness = try start()
        try deleted(harness)
        harness.reload { $0.tags = ["changed"] }
        harness.hold(false)
        expect(harness, ["1", "2", "3"])
        // Whoever has it open may still write; its last line comes when that is over.
        harness.reload { $0.leftFileMs = 50 }
        expect(harness, ["1", "2", "3", "last"])
        #expect(Set(harness.records.map(\.group)) == ["file:app.log"])
        #expect(harness.records.map(\.tags) == [nil, ["changed"], ["changed"], nil])
        #expect(eventually { harness.statistics.open == 0 })
        #expect(harness.log.allSatisfy { !$0.contains("error") }, "\(harness.log)")
    }

    @Test func `a deleted file that the new globs do not mean is told of`() throws {
        let harness = try start()
        try deleted(harness)
        harness.reload { $0.paths = ["/other/*.log"] }
        harness.hold(false)
        #expect(eventually { harness.log.contains { $0.contains("8 bytes of it are not read any more") } })
        #expect(eventually { harness.statistics.open == 0 })
        expect(harness, ["1"])
    }

    @Test func `a deleted file is read to its end before the agent stops`() throws {
        let harness = try start()
        try deleted(harness)
        try folder.write("other.log", "other\n")
        harness.finish { harness.hold(false) }
        // What another run finds is left to it.
        expect(harness, ["1", "2", "3", "last"])
        #expect(harness.log.allSatisfy { !$0.contains("error") }, "\(harness.log)")
    }

    @Test func `a file that is read right now is handed over open, which nothing can refuse`() throws {
        let harness = try start()
        try deleted(harness)
        let numbers = Mutex<[Int32?]>([])
        harness.reload(before: { _, input, batcher in
            // Its read begins, and is under way when the input leaves.
            batcher.taken(count: 0, state: .open)
            let own = input.tails.values.first?.descriptor?.number
            numbers.withLock { $0 = [own] + input.leave().map { $0.descriptor?.number } }
        })
        let handed = numbers.withLock { $0 }
        #expect(handed.count == 2 && handed[0] != nil && handed[0] == handed[1], "\(handed)")
    }

    @Test func `a deleted file that is read right now is read to its end by the input that goes on`() throws {
        let harness = try start()
        try deleted(harness)
        harness.reload(times: 5, before: { _, _, batcher in batcher.taken(count: 0, state: .open) })
        expect(harness, ["1", "2", "3"])
        #expect(harness.log.allSatisfy { !$0.contains("error") }, "\(harness.log)")
    }

    @Test func `a stop waits for a deleted file that may be a copy until that is clear, and no longer`() throws {
        let lines = (0..<500).map { "line \($0) of a log" }
        let text = lines.map { $0 + "\n" }.joined()
        try folder.write("app.log", text)
        let harness = try start { $0.paths = ["/*.log*"] }
        expect(harness, lines)
        harness.hold(true)
        try folder.write("app.log.1", text + "more\n")
        try folder.write("other.log", text + "of its own\n")
        #expect(eventually { harness.statistics.open == 3 })
        try folder.remove("app.log.1")
        try folder.remove("other.log")
        #expect(harness.finish(withinMs: 600_000) { harness.hold(false) })
        // One is no copy by its name.
        #expect(harness.lines.sorted() == (lines + ["more"] + lines + ["of its own"]).sorted())
        #expect(harness.log.allSatisfy { !$0.contains("error") }, "\(harness.log)")
    }

    @Test func `with read_from end a file that was made between two reloads is read from its beginning`() throws {
        let harness = try start { $0.readFrom = .end }
        #expect(eventually { !harness.onDisk.isEmpty })
        let path = folder.path
        harness.reload(
            times: 2,
            { $0.readFrom = .end },
            before: { time, _, _ in
                guard time == 1, let file = fopen(path + "/app.log", "w") else { return }
                fputs("1\n", file)
                fclose(file)
            }
        )
        expect(harness, ["1"])
    }

    @Test func `a stop waits for a deleted file no longer than it may`() throws {
        let harness = try start()
        try deleted(harness)
        harness.finish(withinMs: 50)
        #expect(harness.log.contains { $0.contains("8 bytes of it are not read any more") })
        expect(harness, ["1"])
    }

    @Test func `with read_from end what is written after the first look is read, whatever is reloaded`() throws {
        try folder.write("app.log", "old\nolder\n")
        let harness = try start {
            $0.readFrom = .end
            $0.startsHeld = true
        }
        // It was seen, and is not opened yet.
        #expect(eventually { !harness.positions.isEmpty })
        try folder.append("app.log", "1\n")
        harness.reload { $0.readFrom = .end }
        try folder.append("app.log", "2\n")
        harness.reload { $0.readFrom = .end }
        harness.hold(false)
        expect(harness, ["1", "2"])
    }

    @Test func `with read_from end what is written before the file is opened is read`() throws {
        try folder.write("app.log", "old\nolder\n")
        try folder.write("cut.log", "old\nolder\n")
        let harness = try start {
            $0.readFrom = .end
            $0.startsHeld = true
        }
        #expect(eventually { !harness.positions.isEmpty })
        try folder.append("app.log", "1\n")
        try folder.truncate("cut.log")
        try folder.append("cut.log", "2\n")
        harness.hold(false)
        #expect(eventually { harness.lines.count == 2 })
        #expect(Set(harness.lines) == ["1", "2"])
    }
}
