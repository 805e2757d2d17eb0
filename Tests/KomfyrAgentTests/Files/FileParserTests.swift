import Testing

@testable import KomfyrAgent

/// Lines that are read, not only kept.
struct FileParserTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func records(
        _ count: Int,
        _ change: (inout FileHarness.Options) -> Void
    ) throws -> (records: [WrittenRecord], statistics: InputStatistics) {
        var options = FileHarness.Options()
        change(&options)
        let harness = try FileHarness(folder, options)
        #expect(eventually { harness.records.count >= count }, "\(harness.lines)")
        return (harness.records, harness.statistics)
    }

    @Test func `JSON lines are logs, what is none is kept whole`() throws {
        try folder.write(
            "app.log",
            "{\"message\":\"m\",\"level\":\"warn\",\"tags\":[\"t\"]}\nnot json\n  \n{\"message\":\"n\",\"group\":\"own\"}\n"
        )
        let (records, statistics) = try records(3) {
            $0.parser = .json
            $0.tags = ["site"]
        }
        #expect(records.map(\.message) == ["m", "not json", "n"])
        #expect(records.map(\.group) == ["file:app.log", "file:app.log", "own"])
        #expect(records.map(\.tags) == [["site", "t"], ["site", "unparsed"], ["site"]])
        #expect(records.allSatisfy { $0.source == "host" })
        #expect(statistics.parsed == 2)
        #expect(statistics.unparsed == 1)
        #expect(statistics.dropped[.empty] == 1)
    }

    @Test func `syslog lines are read, also times of long ago`() throws {
        try folder.write(
            "messages.log",
            "<34>1 2003-10-11T22:14:15.003Z mymachine su - ID47 - failed\nOct 11 22:14:15 other app[7]: text\n"
        )
        let (records, statistics) = try records(2) {
            $0.parser = .syslog
            $0.group = "s:{hostname}:{app}:{file}"
        }
        #expect(records.map(\.message) == ["failed", "text"])
        #expect(records.map(\.group) == ["s:mymachine:su:messages.log", "s:other:app:messages.log"])
        #expect(records.first?.timestamp?.hasPrefix("2003-10-11T22:14:15.003") == true)
        #expect(statistics.parsed == 2)
    }

    @Test func `lines of web servers and of logfmt are read, a piece of one is kept as it is`() throws {
        let long = "msg=\"" + String(repeating: "x", count: AgentLimits.lineBytes) + "\" a=1"
        try folder.write("app.log", "level=warn msg=m a=1\nno pair here\n\(long)\n")
        let (records, statistics) = try records(4) {
            $0.parser = .logfmt
            $0.tags = ["site"]
        }
        #expect(records.map(\.message.count) == [1, 12, AgentLimits.lineBytes, 10])
        #expect(
            records.map(\.tags) == [
                ["site"], ["site", "unparsed"], ["site", "unparsed", "truncated"], ["site", "truncated"],
            ]
        )
        #expect(statistics.parsed == 2)
        #expect(statistics.unparsed == 2)
        #expect(statistics.cut == 2)
        try folder.write("web.log", "10.0.0.1 - - [23/Nov/2026:08:00:01 +0000] \"GET /x HTTP/1.1\" 404 7\n")
        let web = try self.records(1) {
            $0.paths = ["/web.log"]
            $0.parser = .combined
            $0.group = "web:{severity}"
        }
        #expect(web.records.map(\.message) == ["GET /x 404"])
        #expect(web.records.map(\.group) == ["web:warning"])
        #expect(web.records.map(\.timestamp) == ["2026-11-23T08:00:01.000Z"])
    }

    @Test func `an input whose pattern is wrong does not start`() throws {
        var options = FileHarness.Options()
        options.parser = .regex
        options.pattern = "(?P<a>"
        let harness = try FileHarness(folder, options)
        #expect(eventually { harness.failure?.contains("missing") == true }, "\(harness.failure ?? "")")
    }

    static let parsers = InputConfiguration.FileConfiguration.Parser.allCases

    @Test(arguments: parsers)
    func `a file's name cannot climb into another tree, and makes no groups without end`(
        _ parser: InputConfiguration.FileConfiguration.Parser
    ) throws {
        let line = parser == .json ? "{\"message\":\"m\"}\n" : "m\n"
        for name in ["a:b.log", "c*{app}.log", "d.log", "e.log"] { try folder.write(name, line) }
        let (records, _) = try records(4) {
            $0.parser = parser
            $0.pattern = "(?P<message>.*)"
            $0.group = "top:{file}"
            $0.maxGroups = 3
        }
        let groups = records.compactMap(\.group)
        #expect(groups.count == 4)
        #expect(groups.allSatisfy { $0.hasPrefix("top:") && $0.split(separator: ":").count == 2 && !$0.contains("*") })
        #expect(groups.count { $0 == "top:other" } == 1)
    }

    @Test func `logs of several files that name their groups make no more than max_groups of them`() throws {
        for (file, names) in [("a", 0..<5), ("b", 5..<10), ("c", 10..<15)] {
            try folder.write("\(file).log", names.map { "{\"message\":\"m\",\"group\":\"g\($0)\"}\n" }.joined())
        }
        let (records, statistics) = try records(15) {
            $0.parser = .json
            $0.maxGroups = 4
        }
        let groups = records.compactMap(\.group)
        #expect(Set(groups.filter { $0.hasPrefix("g") }).count == 4, "\(groups)")
        #expect(groups.count { $0.hasSuffix(":other") || $0 == "other" } == 11, "\(groups)")
        #expect(statistics.groupsFolded == 11)
    }
}
