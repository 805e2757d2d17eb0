import Foundation
import Testing

@testable import KomfyrAgent

/// A restart finds every line once: what is on disk says how far files were read.
struct FileRestartTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func start(
        _ positions: [FilePosition],
        _ change: (inout FileHarness.Options) -> Void = { _ in }
    ) throws -> FileHarness {
        var options = FileHarness.Options()
        options.positions = positions
        change(&options)
        return try FileHarness(folder, options)
    }

    private func expect(_ harness: FileHarness, _ lines: [String], _ location: SourceLocation = #_sourceLocation) {
        let arrived = eventually { harness.lines.count >= lines.count }
        #expect(arrived && harness.lines == lines, "\(harness.lines) \(harness.log)", sourceLocation: location)
    }

    /// Reads what is there, and stops.
    private func readOnce(_ lines: [String], _ positions: [FilePosition] = []) throws -> [FilePosition] {
        let harness = try start(positions)
        expect(harness, lines)
        harness.stop()
        return FileHarness.positions(harness.onDisk, before: positions)
    }

    @Test func `after a restart only what is new is read`() throws {
        try folder.write("app.log", "1\n2\nunfin")
        let positions = try readOnce(["1", "2"])
        #expect(positions.first?.offset == 4)
        try folder.append("app.log", "ished\n3\n")
        expect(try start(positions), ["unfinished", "3"])
    }

    @Test func `what was rotated while the agent was down is finished`() throws {
        try folder.write("app.log", "1\n")
        let positions = try readOnce(["1"])
        try folder.append("app.log", "2\nlast of it")
        try folder.rename("app.log", "app.log.1")
        try folder.write("app.log", "3\n")
        let harness = try start(positions)
        #expect(eventually { harness.lines.count == 3 }, "\(harness.lines)")
        #expect(Set(harness.lines) == ["2", "3", "last of it"])
        // Its logs keep the name under which it was written.
        #expect(Set(harness.records.map(\.group)) == ["file:app.log"])
    }

    @Test func `a file that is not there yet at the start is still known when it comes`() throws {
        try folder.makeFolder("disk")
        try folder.write("disk/app.log", "1\n")
        let change: (inout FileHarness.Options) -> Void = { $0.paths = ["/*.log", "/disk/*.log"] }
        let first = try start([], change)
        expect(first, ["1"])
        first.stop()
        // As a disk that is mounted late.
        try folder.rename("disk", "elsewhere")
        try folder.write("other.log", "other\n")
        let harness = try start(FileHarness.positions(first.onDisk), change)
        expect(harness, ["other"])
        try folder.rename("elsewhere", "disk")
        try folder.append("disk/app.log", "2\n")
        expect(harness, ["other", "2"])
    }

    @Test func `a re-used inode is another file`() throws {
        try folder.write("app.log", "the old file's lines\nmore of them\n")
        let positions = try readOnce(["the old file's lines", "more of them"])
        // The same inode with other content, longer than before: as if the system had given it to a new file.
        try folder.truncate("app.log")
        try folder.append("app.log", "the new file has longer lines\nand more of them\nthree\n")
        expect(try start(positions), ["the new file has longer lines", "and more of them", "three"])
    }

    @Test func `a file that was written anew behind its first KiB is read from its beginning`() throws {
        let head = (0..<100).map { "line \($0) of the head" }
        try folder.write("app.log", (head + ["old 1", "old 2"]).map { $0 + "\n" }.joined())
        let positions = try readOnce(head + ["old 1", "old 2"])
        try folder.overwrite("app.log", (head + ["new 1", "new 2", "new 3"]).map { $0 + "\n" }.joined())
        expect(try start(positions), head + ["new 1", "new 2", "new 3"])
    }

    @Test func `a file that was truncated while the agent was down is read from its beginning`() throws {
        try folder.write("app.log", "1\n2\n3\n")
        let positions = try readOnce(["1", "2", "3"])
        try folder.truncate("app.log", to: 2)
        expect(try start(positions), ["1"])
    }

    @Test func `a device that was numbered anew is no new file`() throws {
        try folder.write("app.log", "1\n")
        var positions = try readOnce(["1"])
        for index in positions.indices { positions[index].device &+= 7 }
        try folder.append("app.log", "2\n")
        expect(try start(positions), ["2"])
    }

    @Test func `another input's positions are not this one's`() throws {
        try folder.write("app.log", "1\n")
        var positions = try readOnce(["1"])
        for index in positions.indices { positions[index].input = "other" }
        expect(try start(positions), ["1"])
    }

    @Test func `a grown file's fingerprint is extended`() throws {
        try folder.write("app.log", "1\n")
        var positions = try readOnce(["1"])
        #expect(positions.first?.fingerprintLength == 2)
        for round in 0..<3 {
            let line = String(repeating: "\(round)", count: 600)
            try folder.append("app.log", line + "\n")
            positions = try readOnce([line], positions)
        }
        #expect(positions.count == 1)
        #expect(positions.first?.fingerprintLength == 1_024)
    }

    @Test func `pieces of a long line go on after a restart`() throws {
        let text = String(repeating: "0123456789", count: 300_000)
        try folder.write("app.log", text)
        let harness = try start([])
        #expect(eventually { harness.records.count == 2 })
        harness.stop()
        try folder.append("app.log", "end\nnext\n")
        let again = try start(FileHarness.positions(harness.onDisk))
        #expect(eventually { again.lines.last == "next" })
        #expect((harness.lines + again.lines.dropLast()).joined() == text + "end")
        #expect(again.records.map(\.tags) == [["truncated"], nil])
    }

    @Test func `a file of another name that got the inode is none of ours`() throws {
        try folder.write("app.log", "1\n")
        let positions = try readOnce(["1"])
        try folder.truncate("app.log")
        try folder.append("app.log", "a secret that nobody asked to be read\n")
        try folder.rename("app.log", "secrets")
        try folder.write("app.log", "2\n")
        let harness = try start(positions)
        expect(harness, ["2"])
        try folder.append("secrets", "another\n")
        try folder.append("app.log", "3\n")
        expect(harness, ["2", "3"])
    }

    @Test func `a file without a line yet is known after a restart`() throws {
        try folder.write("app.log", "unfinished")
        let harness = try start([])
        #expect(eventually { !harness.onDisk.isEmpty })
        harness.stop()
        try folder.append("app.log", " line\n")
        try folder.rename("app.log", "app.log.1")
        expect(try start(FileHarness.positions(harness.onDisk)), ["unfinished line"])
    }

    // MARK: An input that goes on where another stopped

    @Test func `an input goes on where the one before it stopped, as far as it had read`() throws {
        var positions: [FilePosition] = []
        var survived: [String] = []
        var written: [String] = []
        for round in 0..<6 {
            let harness = try start(positions)
            for number in 0..<200 {
                let line = "round \(round) line \(number)"
                written.append(line)
                try folder.append("\(number % 3).log", line + "\n")
                if number == 120 { try folder.rename("0.log", "0.log.\(round)") }
                // The name is met before it is gone again: what no input ever saw cannot be gone on with.
                if number == 100 { #expect(eventually { Set(survived + harness.lines).isSuperset(of: written) }) }
            }
            positions = harness.stopAndAsk()
            survived += harness.lines
        }
        let last = try start(positions)
        let all = survived
        #expect(eventually { all.count + last.lines.count >= written.count })
        last.stop()
        #expect((all + last.lines).sorted() == written.sorted())
    }

    @Test func `an input that found no file at its first start does not take the next one for an old one`() throws {
        let end: (inout FileHarness.Options) -> Void = { $0.readFrom = .end }
        let harness = try start([], end)
        #expect(eventually { !harness.onDisk.isEmpty })
        let asked = harness.stopAndAsk()
        try folder.write("app.log", "1\n")
        for positions in [FileHarness.positions(harness.onDisk), asked] { expect(try start(positions, end), ["1"]) }
    }

    @Test func `what was not found yet stays known to the input that goes on`() throws {
        try folder.write("app.log", "1\n")
        let positions = try readOnce(["1"])
        try folder.rename("app.log", "elsewhere")
        try folder.makeFolder("gone")
        try folder.rename("elsewhere", "gone/app.log")
        let harness = try start(positions)
        try folder.write("other.log", "other\n")
        expect(harness, ["other"])
        let asked = harness.stopAndAsk()
        try folder.rename("gone/app.log", "app.log")
        try folder.append("app.log", "2\n")
        expect(try start(asked), ["2"])
    }

    /// Random appends, rotations and kills: of the batches only those that were on disk count.
    ///
    /// The glob means the rotated names too: a file that came and was rotated before any position of it was on disk is
    /// found in no other way.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `every line comes once whatever is killed when`(_ seed: UInt64) throws {
        var random = Random(state: seed)
        var written: [String] = []
        var survived: [String] = []
        var positions: [FilePosition] = []
        var rotation = 0
        for round in 0..<5 {
            let harness = try start(positions) { $0.paths = ["/*.log*"] }
            for _ in 0..<Int.random(in: 5...30, using: &random) {
                let name = "\(Int.random(in: 0..<3, using: &random)).log"
                switch Int.random(in: 0..<10, using: &random) {
                case 0 where access(folder.path + "/" + name, F_OK) == 0:
                    rotation += 1
                    try folder.rename(name, name + ".\(rotation)")
                case 1:
                    let line = "round \(round) line \(written.count)"
                    written.append(line)
                    try folder.append(name, String(line.prefix(9)))
                    usleep(UInt32.random(in: 0..<30_000, using: &random))
                    try folder.append(name, String(line.dropFirst(9)) + "\n")
                default:
                    let lines = (0..<Int.random(in: 1...200, using: &random))
                        .map { "round \(round) line \(written.count + $0)" }
                    written += lines
                    try folder.append(name, lines.map { $0 + "\n" }.joined())
                    usleep(UInt32.random(in: 0..<20_000, using: &random))
                }
            }
            usleep(UInt32.random(in: 0..<300_000, using: &random))
            harness.kill()
            let kept = Array(harness.onDisk.prefix(Int.random(in: 0...harness.onDisk.count, using: &random)))
            survived += FileHarness.records(kept).map(\.message)
            positions = FileHarness.positions(kept, before: positions)
        }
        let harness = try start(positions) { $0.paths = ["/*.log*"] }
        let all = survived
        #expect(eventually { all.count + harness.lines.count >= written.count })
        harness.stop()
        let arrived = (all + harness.lines).sorted()
        #expect(arrived.count == written.count)
        #expect(arrived == written.sorted())
    }

    /// SplitMix64.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}
