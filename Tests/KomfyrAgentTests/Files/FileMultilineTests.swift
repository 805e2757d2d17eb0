import Testing

@testable import KomfyrAgent

/// Logs of several lines, as they come from a file that is written, rotated, truncated, and read again.
struct FileMultilineTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func start(
        waitMs: Int = 60_000,
        _ positions: [FilePosition] = [],
        _ change: (inout FileHarness.Options) -> Void = { _ in }
    ) throws -> FileHarness {
        var options = FileHarness.Options()
        options.multiline = .init(beginning: .start("^\\d+ "), waitMs: waitMs)
        options.positions = positions
        change(&options)
        return try FileHarness(folder, options)
    }

    private func expect(_ harness: FileHarness, _ lines: [String], _ location: SourceLocation = #_sourceLocation) {
        let arrived = eventually { harness.lines.count >= lines.count }
        #expect(arrived && harness.lines == lines, "\(harness.lines) \(harness.log)", sourceLocation: location)
    }

    @Test func `a record is whole when the next one begins, however its lines come`() throws {
        let harness = try start()
        try folder.write("app.log", "1 error\n")
        try folder.write("marker.log", "0 marker\n0 end\n")
        expect(harness, ["0 marker"])
        try folder.append("app.log", "  at a\n  a")
        try folder.append("app.log", "t b\n")
        try folder.append("app.log", "\ncaused by\n2 next\n3 ")
        expect(harness, ["0 marker", "1 error\n  at a\n  at b\n\ncaused by"])
        try folder.append("app.log", "third\n")
        expect(harness, ["0 marker", "1 error\n  at a\n  at b\n\ncaused by", "2 next"])
        #expect(harness.statistics.received == 3)
        #expect(harness.records.allSatisfy { $0.tags == nil })
    }

    @Test func `the last record is taken after the time limit, what comes later is the rest of one`() throws {
        let harness = try start(waitMs: 50)
        try folder.write("app.log", "1 error\n  at a\n  unfin")
        expect(harness, ["1 error\n  at a"])
        #expect(FileHarness.positions(harness.onDisk).first?.offset == 15)
        try folder.append("app.log", "ished\n2 next\n")
        expect(harness, ["1 error\n  at a", "  unfinished", "2 next"])
        #expect(harness.records.map(\.tags) == [nil, ["truncated"], nil])
        #expect(harness.statistics.cut == 1)
    }

    @Test func `a record that was not emitted is read again after a restart, and is the same`() throws {
        try folder.write("app.log", "1 one\n a\n2 two\n b\n")
        let harness = try start()
        expect(harness, ["1 one\n a"])
        let positions = harness.stopAndAsk()
        #expect(positions.first { $0.inode != 0 }?.offset == 9)
        try folder.append("app.log", " c\n3 three\n")
        expect(try start(positions), ["2 two\n b\n c"])
    }

    @Test func `a rotated file's last record is taken`() throws {
        try folder.write("app.log", "1 one\n a\n b")
        let harness = try start()
        try folder.write("marker.log", "0 marker\n0 end\n")
        expect(harness, ["0 marker"])
        try folder.rename("app.log", "app.log.1")
        try folder.write("app.log", "2 two\n3 three\n")
        #expect(eventually { harness.lines.count == 3 }, "\(harness.lines)")
        #expect(Set(harness.lines) == ["0 marker", "1 one\n a\n b", "2 two"])
        #expect(eventually { harness.statistics.open == 2 })
    }

    @Test func `what waited of a truncated file is not lost`() throws {
        try folder.write("app.log", "1 one\n2 two\n a\n")
        let harness = try start()
        expect(harness, ["1 one"])
        try folder.truncate("app.log")
        expect(harness, ["1 one", "2 two\n a"])
        try folder.append("app.log", "3 three\n4\n")
        expect(harness, ["1 one", "2 two\n a"])
        try folder.append("app.log", "4 four\n")
        expect(harness, ["1 one", "2 two\n a", "3 three\n4"])
        // Nothing of it comes again.
        let positions = harness.stopAndAsk()
        expect(try start(positions) { $0.multiline?.waitMs = 50 }, ["4 four"])
    }

    @Test func `what waited and came with a full block does not come again when the file is truncated`() throws {
        try folder.write("app.log", "1 one\n2 two\n a\n")
        let harness = try start()
        expect(harness, ["1 one"])
        harness.withhold()
        // More than a block, in so many records that delivery has all that it may hold before the block is used up.
        let records = (0..<60_000).map { "\($0) x" }
        try folder.append("app.log", records.map { $0 + "\n" }.joined())
        #expect(eventually { harness.onDisk.count >= AgentLimits.batchesToDelivery })
        try folder.truncate("app.log")
        harness.take()
        try folder.append("app.log", "new\n5 five\n")
        #expect(eventually { harness.lines.last == "new" }, "\(harness.lines.suffix(3))")
        let counts = Dictionary(grouping: harness.lines) { $0 }
        #expect(counts["2 two\n a"]?.count == 1)
        #expect(counts.values.allSatisfy { $0.count == 1 })
    }

    @Test func `a long record is cut at the limits, and marked`() throws {
        let lines = (0..<30).map { " line \($0)" }
        try folder.write("app.log", "1 one\n" + lines.map { $0 + "\n" }.joined() + "2 two\n3 three\n")
        let harness = try start { $0.multiline?.maxLines = 20 }
        #expect(eventually { harness.lines.last == "2 two" })
        #expect(harness.records.map { $0.message.split(separator: "\n").count } == [20, 11, 1])
        #expect(harness.records.map(\.tags) == [["truncated"], ["truncated"], nil])
        #expect(harness.lines.joined(separator: "\n") == "1 one\n" + lines.joined(separator: "\n") + "\n2 two")
        #expect(harness.statistics.cut == 2)
    }

    @Test func `a record of the largest size is read whole, one byte more is cut`() throws {
        let limit = Int(AgentLimits.recordBytes.upperBound)
        let lines = String(repeating: String(repeating: "x", count: 1_023) + "\n", count: limit / 1_024)
        let longLine = " " + String(repeating: "y", count: AgentLimits.lineBytes)
        let exact = "1 " + lines.dropFirst(2).dropLast()
        try folder.write("app.log", "\(exact)\n2 \(lines)\(longLine)\n3 end\n4 x\n")
        let harness = try start()
        #expect(eventually { harness.lines.last == "3 end" }, "\(harness.records.map(\.message.count))")
        #expect(harness.records.first?.message == exact)
        #expect(harness.records.first?.tags == nil)
        #expect(harness.records.dropFirst().dropLast().allSatisfy { $0.tags == ["truncated"] })
        let rest = harness.lines.dropFirst().dropLast().joined(separator: "\n")
        // Within a line no LF was between the pieces.
        #expect(rest.replacing("\n", with: "") == "2 \(lines)\(longLine)".replacing("\n", with: ""))
    }

    static let parsers: [(InputConfiguration.FileConfiguration.Parser, text: String, messages: [String])] = [
        (.json, "1 {\"message\":\"m\",\n \"a\":1}\n", ["1 {\"message\":\"m\",\n \"a\":1}"]),
        (.logfmt, "1 msg=\"a\n b\" c=1\n", ["a\n b"]),
        (.syslog, "<13>Nov 23 08:00:01 h app: a\n b\n", ["a\n b"]),
        (.combined, "1 x\n y\n", ["1 x\n y"]),
        (.regex, "1 one\n two\n", ["one\n two"]),
    ]

    @Test(arguments: parsers)
    func `a parser reads the lines together`(
        _ parser: InputConfiguration.FileConfiguration.Parser,
        _ text: String,
        _ messages: [String]
    ) throws {
        try folder.write("app.log", text + "2 end\n")
        let harness = try start {
            $0.parser = parser
            $0.multiline?.beginning = .start("^(\\d+ |<)")
            $0.pattern = "(?P<number>\\d) (?P<message>.*)"
        }
        expect(harness, messages)
    }

    @Test func `JSON over several lines is one object`() throws {
        try folder.write("app.log", "{\n  \"message\": \"m\",\n  \"a\": [\n1\n]\n}\n{\n\"message\":\"n\"\n}\n")
        let harness = try start(waitMs: 50) {
            $0.parser = .json
            $0.multiline?.beginning = .start("^\\{")
        }
        expect(harness, ["m", "n"])
        #expect(harness.statistics.unparsed == 0)
    }

    @Test func `many files wait at once, each for its own time`() throws {
        for number in 0..<300 { try folder.write("\(number).log", "\(number) a\n b\n") }
        let harness = try start(waitMs: 100) { $0.maximumOpen = 10 }
        #expect(eventually { harness.lines.count == 300 })
        #expect(Set(harness.lines) == Set((0..<300).map { "\($0) a\n b" }))
    }
}
