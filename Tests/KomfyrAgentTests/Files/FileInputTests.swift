import Foundation
import Testing

@testable import KomfyrAgent

/// What a program does with its log, and what arrives.
struct FileInputTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func start(_ change: (inout FileHarness.Options) -> Void = { _ in }) throws -> FileHarness {
        var options = FileHarness.Options()
        change(&options)
        return try FileHarness(folder, options)
    }

    /// Waits for exactly these lines, in this order.
    private func expect(_ harness: FileHarness, _ lines: [String], _ location: SourceLocation = #_sourceLocation) {
        let arrived = eventually { harness.lines.count >= lines.count }
        #expect(arrived && harness.lines == lines, "\(harness.lines) \(harness.log)", sourceLocation: location)
    }

    // MARK: Lines

    @Test func `a line becomes a log with its file, group, tags, source and time`() throws {
        try folder.write("app.log", "hello \"world\" \\ \u{1}\ttab\n")
        let harness = try start { $0.tags = ["site", "t\"q"] }
        expect(harness, ["hello \"world\" \\ \u{1}\ttab"])
        let record = try #require(harness.records.first)
        #expect(record.group == "file:app.log")
        #expect(record.tags == ["site", "t\"q"])
        #expect(record.source == "host")
        #expect(record.data?.file == folder.path + "/app.log")
        let time = try #require(record.timestamp.flatMap { ISO8601DateFormatter.withMilliseconds.date(from: $0) })
        #expect(abs(time.timeIntervalSinceNow) < 60)
    }

    @Test func `what is appended arrives in order`() throws {
        try folder.write("app.log", "1\n2\n")
        let harness = try start()
        expect(harness, ["1", "2"])
        try folder.append("app.log", "3\n")
        expect(harness, ["1", "2", "3"])
        for number in 4...50 { try folder.append("app.log", "\(number)\n") }
        expect(harness, (1...50).map(String.init))
    }

    @Test func `a line waits until it is whole`() throws {
        try folder.write("app.log", "be")
        let harness = try start()
        try folder.write("marker.log", "marker\n")
        expect(harness, ["marker"])
        try folder.append("app.log", "gin")
        try folder.append("marker.log", "marker 2\n")
        expect(harness, ["marker", "marker 2"])
        try folder.append("app.log", "ning\nnext\n")
        expect(harness, ["marker", "marker 2", "beginning", "next"])
    }

    @Test func `CR before LF is no part of a line, empty lines are no logs`() throws {
        try folder.write("app.log", "\n\r\na\r\n\n\nb\rc\n\r\n")
        let harness = try start()
        expect(harness, ["a", "b\rc"])
        #expect(eventually { FileHarness.positions(harness.onDisk).first?.offset == 14 })
    }

    @Test func `bytes that are no UTF-8 are repaired and counted`() throws {
        try folder.append("app.log", Array("a".utf8) + [0xFF, 0xC3] + Array("b\n\u{1F600}\n".utf8))
        let harness = try start()
        expect(harness, ["a\u{FFFD}\u{FFFD}b", "\u{1F600}"])
        #expect(harness.statistics.repaired == 1)
        #expect(harness.statistics.received == 2)
        #expect(harness.statistics.bytes == 8)
    }

    static let longLines = [
        AgentLimits.lineBytes, AgentLimits.lineBytes + 1, AgentLimits.fileBlockBytes, AgentLimits.fileBlockBytes - 64,
        AgentLimits.fileBlockBytes + 1, 2 * AgentLimits.lineBytes, 5 * AgentLimits.lineBytes / 2,
    ]

    @Test(arguments: longLines)
    func `a line longer than the limit comes in pieces that are marked`(_ length: Int) throws {
        let text = String(String(repeating: "abcdefghijklmnopqrstuvw", count: length / 23 + 1).prefix(length))
        try folder.write("app.log", "before\n\(text)\nafter\n")
        let harness = try start()
        #expect(eventually { harness.lines.last == "after" })
        let records = harness.records
        #expect(records.first?.message == "before")
        #expect(records.dropFirst().dropLast().map(\.message).joined() == text)
        let pieces = (length + AgentLimits.lineBytes - 1) / AgentLimits.lineBytes
        #expect(records.count == 2 + pieces)
        #expect(
            records.map { $0.tags == ["truncated"] } == [false] + Array(repeating: pieces > 1, count: pieces) + [false]
        )
        #expect(harness.statistics.cut == (pieces > 1 ? UInt64(pieces) : 0))
    }

    @Test func `a long line is cut between characters`() throws {
        let text = "a" + String(repeating: "\u{1F600}", count: AgentLimits.lineBytes / 4 + 10)
        try folder.write("app.log", text + "\n")
        let harness = try start()
        #expect(eventually { harness.records.map(\.message).joined() == text })
        #expect(harness.statistics.repaired == 0)
    }

    @Test func `a long line of no UTF-8 stays within a message's limit`() throws {
        let bytes = [UInt8](repeating: 0xFF, count: 900_000)
        try folder.append("app.log", bytes + [0x0A])
        let harness = try start()
        #expect(eventually { harness.lines.map(\.unicodeScalars.count).reduce(0, +) == 900_000 })
        #expect(harness.lines.allSatisfy { $0.utf8.count <= 1 << 20 })
    }

    // MARK: Rotation

    @Test func `a renamed file is read on, and the new one from its beginning`() throws {
        try folder.write("app.log", "1\n")
        let harness = try start()
        expect(harness, ["1"])
        try folder.append("app.log", "2\n")
        try folder.rename("app.log", "app.log.1")
        try folder.append("app.log.1", "3\n")
        expect(harness, ["1", "2", "3"])
        try folder.write("app.log", "4\n")
        expect(harness, ["1", "2", "3", "4"])
        try folder.append("app.log.1", "5\n")
        expect(harness, ["1", "2", "3", "4", "5"])
        #expect(Set(harness.records.map(\.group)) == ["file:app.log"])
    }

    @Test func `a file renamed to a name that the glob means is not read again`() throws {
        try folder.write("app.log", "1\n")
        let harness = try start { $0.paths = ["/app.*"] }
        expect(harness, ["1"])
        try folder.rename("app.log", "app.1.log")
        try folder.write("app.log", "2\n")
        expect(harness, ["1", "2"])
        try folder.append("app.1.log", "3\n")
        expect(harness, ["1", "2", "3"])
    }

    @Test func `a file removed and made anew is read from its beginning`() throws {
        try folder.write("app.log", "one\ntwo\n")
        let harness = try start { $0.leftFileMs = 20 }
        expect(harness, ["one", "two"])
        for round in 0..<5 {
            try folder.remove("app.log")
            try folder.write("app.log", "round \(round)\n")
            expect(harness, ["one", "two"] + (0...round).map { "round \($0)" })
        }
    }

    @Test func `a truncated file is read from its beginning`() throws {
        try folder.write("app.log", "one\ntwo\nthree\n")
        let harness = try start()
        expect(harness, ["one", "two", "three"])
        try folder.truncate("app.log")
        try folder.append("app.log", "a\n")
        expect(harness, ["one", "two", "three", "a"])
        #expect(harness.log.contains { $0.contains("is read from its beginning") })
    }

    @Test func `a file copied and truncated that has grown past the position is read from its beginning`() throws {
        try folder.write("app.log", "one\ntwo\nthree\n")
        let harness = try start()
        expect(harness, ["one", "two", "three"])
        let longer = (0..<100).map { "anew \($0)" }
        // As one write: at no time is the file shorter than what was read of it.
        try folder.overwrite("app.log", longer.map { $0 + "\n" }.joined())
        expect(harness, ["one", "two", "three"] + longer)
    }

    @Test func `a hole that a truncated log has before its new lines is skipped`() throws {
        try folder.write("app.log", "first line\n")
        let harness = try start()
        expect(harness, ["first line"])
        try folder.overwrite("app.log", [UInt8](repeating: 0, count: 300_000) + Array("after the hole\n".utf8))
        expect(harness, ["first line", "after the hole"])
    }

    @Test func `a deleted file that is still written is read to its end`() throws {
        try folder.write("app.log", "1\n")
        let harness = try start { $0.leftFileMs = 4_000 }
        let file = try #require(FileHandle(forWritingAtPath: folder.path + "/app.log"))
        expect(harness, ["1"])
        try file.seekToEnd()
        try folder.remove("app.log")
        try file.write(contentsOf: Data("2\n".utf8))
        try file.write(contentsOf: Data("3\nno end".utf8))
        try file.close()
        // It has not grown for a while: what has no line end is its last line.
        expect(harness, ["1", "2", "3", "no end"])
        #expect(eventually { harness.statistics.open == 0 })
    }

    @Test func `a rotated file's last line needs no end`() throws {
        try folder.write("app.log", "1\nlast")
        let harness = try start()
        expect(harness, ["1"])
        try folder.rename("app.log", "app.log.1")
        expect(harness, ["1", "last"])
        #expect(eventually { harness.statistics.open == 0 })
        try folder.append("app.log.1", " and more\n")
        expect(harness, ["1", "last", " and more"])
        #expect(harness.records.last?.tags == ["truncated"])
    }

    @Test func `a folder that appears later is found`() throws {
        let harness = try start { $0.paths = ["/later/**/*.log"] }
        try folder.makeFolder("later")
        try folder.makeFolder("later/deep")
        try folder.write("later/deep/x.log", "1\n")
        expect(harness, ["1"])
        try folder.append("later/deep/x.log", "2\n")
        expect(harness, ["1", "2"])
    }

    @Test func `a new name is followed when it is heard of, before any scan`() throws {
        try folder.write("marker.log", "marker\n")
        // Neither the timer nor a hint brings a scan on after the first one.
        let harness = try start {
            $0.scanMs = 600_000
            $0.hintMs = 600_000
        }
        var expected = ["marker"]
        expect(harness, expected)
        for round in 0..<10 {
            try folder.write("new", "round \(round)\n")
            try folder.rename("new", "app.log")
            expected.append("round \(round)")
            expect(harness, expected)
            // To a name that no glob means: a scan would find it no more.
            try folder.rename("app.log", "rotated.\(round)")
        }
        // What is no file, or excluded, is not opened.
        #expect(mkfifo(folder.path + "/pipe.log", 0o600) == 0)
        try folder.write("last", "last\n")
        try folder.rename("last", "last.log")
        expect(harness, expected + ["last"])
        #expect(harness.statistics.open == 12)
    }

    // MARK: Which files

    @Test func `read_from end skips what was there at the very first start and nothing else`() throws {
        try folder.write("old.log", "old 1\nold 2\nunfinished")
        let harness = try start { $0.readFrom = .end }
        #expect(eventually { FileHarness.positions(harness.onDisk).first?.offset == 12 })
        try folder.append("old.log", " line\nold 3\n")
        try folder.write("new.log", "new 1\n")
        #expect(eventually { harness.lines.count == 3 })
        #expect(Set(harness.lines) == ["unfinished line", "old 3", "new 1"])
        harness.stop()
        // What appeared while the agent was down is new too.
        try folder.write("down.log", "down 1\n")
        let again = try start {
            $0.readFrom = .end
            $0.positions = FileHarness.positions(harness.onDisk)
        }
        expect(again, ["down 1"])
    }

    @Test func `a folder that cannot be read keeps nothing else from being seen`() throws {
        // Root may read every folder, but not follow a link to itself.
        #expect(symlink("loop", folder.path + "/loop") == 0)
        try folder.write("old.log", "old 1\n")
        try folder.write("going.log", "going 1\n")
        let harness = try start {
            $0.paths = ["/*.log", "/loop/*.log"]
            $0.readFrom = .end
        }
        #expect(eventually { FileHarness.positions(harness.onDisk).count == 2 })
        #expect(harness.log.contains { $0.contains("loop cannot be read") }, "\(harness.log)")
        try folder.write("new.log", "new 1\n")
        expect(harness, ["new 1"])
        #expect(eventually { harness.statistics.open == 3 })
        try folder.remove("going.log")
        #expect(eventually { harness.statistics.open == 2 })
    }

    @Test func `packed and excluded files are not read`() throws {
        for name in ["a.log", "b.log", "c.log.gz", "d.log.zst"] { try folder.write(name, name + "\n") }
        let harness = try start {
            $0.paths = ["/*"]
            $0.exclude = ["b.*"]
        }
        expect(harness, ["a.log"])
        try folder.append("a.log", "more\n")
        expect(harness, ["a.log", "more"])
    }

    @Test func `more files than may be open at once are all read`() throws {
        for number in 0..<200 { try folder.write("\(number).log", "\(number) first\n") }
        let harness = try start { $0.maximumOpen = 5 }
        #expect(eventually { harness.lines.count == 200 })
        for number in 0..<200 { try folder.append("\(number).log", "\(number) second\n") }
        #expect(eventually { harness.lines.count == 400 })
        #expect(Set(harness.lines).count == 400)
        #expect(harness.statistics.open <= 5)
    }

    static let names = [
        "a b.log", "new\nline.log", "quote\"\\.log", "colon:star*.log", "-rf.log", "æøå.log", "\u{1F600}.log",
        "%s%n.log",
        "*.log", "[a].log", String(repeating: "n", count: 250) + ".log",
    ]

    @Test(arguments: names)
    func `hostile names are only names`(_ name: String) throws {
        try folder.write(name, "1\n")
        let harness = try start()
        expect(harness, ["1"])
        #expect(harness.records.first?.data?.file == folder.path + "/" + name)
        try folder.append(name, "2\n")
        try folder.rename(name, "other")
        expect(harness, ["1", "2"])
    }

    @Test func `a name that is not UTF-8 is read and shown repaired`() throws {
        let path = Array(folder.path.utf8) + [0x2F, 0x61, 0xFF] + Array(".log".utf8)
        let descriptor = FilePath.with(path) { open($0, O_WRONLY | O_CREAT, 0o600) }
        #expect(write(descriptor, "1\n", 2) == 2)
        let harness = try start()
        expect(harness, ["1"])
        #expect(harness.records.first?.data?.file == folder.path + "/a\u{FFFD}.log")
        #expect(write(descriptor, "2\n", 2) == 2)
        close(descriptor)
        expect(harness, ["1", "2"])
    }

    @Test func `nothing is read while the batcher is held back`() throws {
        try folder.write("app.log", "1\n")
        let harness = try start { $0.startsHeld = true }
        usleep(100_000)
        #expect(harness.statistics.received == 0)
        harness.hold(false)
        expect(harness, ["1"])
        harness.hold(true)
        try folder.append("app.log", "2\n")
        harness.hold(false)
        expect(harness, ["1", "2"])
    }

    @Test func `files take turns`() throws {
        let large = String(repeating: String(repeating: "x", count: 99) + "\n", count: 60_000)
        try folder.write("a.log", large)
        try folder.write("b.log", large)
        try folder.write("z.log", "small\n")
        let harness = try start()
        #expect(eventually { harness.lines.count == 120_001 })
        // The small file did not have to wait for the large ones.
        #expect((harness.lines.firstIndex(of: "small") ?? .max) < 60_000)
    }
}

extension ISO8601DateFormatter {
    /// Reads `2026-11-23T05:23:52.123Z`.
    static var withMilliseconds: ISO8601DateFormatter {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter
    }
}
