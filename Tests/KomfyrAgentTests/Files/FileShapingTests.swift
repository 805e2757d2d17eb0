import Protocol
import Testing

@testable import KomfyrAgent

/// Levels, rules and rate limits for lines of every parser, and for records of several lines.
struct FileShapingTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// How a line is read, and lines of which the first has a level and the second is to be dropped.
    struct Case: Sendable, CustomTestStringConvertible {
        var parser: InputConfiguration.FileConfiguration.Parser
        var lines: [String]
        /// Of the logs that are kept.
        var messages: [String]
        /// What `level = { warning = "error", info = "debug" }` makes of their levels.
        var levels: [String]
        /// Which of the second line's fields has which text.
        var dropped: (field: RuleField, text: String)

        var testDescription: String { parser.rawValue }
    }

    static let cases = [
        Case(
            parser: .raw,
            lines: ["one", "two", "three"],
            messages: ["one", "three"],
            levels: ["debug", "debug"],
            dropped: (.message, "two")
        ),
        Case(
            parser: .json,
            lines: [
                #"{"message":"one","level":"warning"}"#, #"{"message":"two","unit":"b"}"#, #"{"message":"three"}"#,
            ],
            messages: ["one", "three"],
            levels: ["error", "debug"],
            dropped: (.data("unit"), "b")
        ),
        Case(
            parser: .syslog,
            lines: ["<12>1 - h a - - - one", "<14>1 - h b - - - two", "<14>1 - h c - - - three"],
            messages: ["one", "three"],
            levels: ["error", "debug"],
            dropped: (.data("app"), "b")
        ),
        Case(
            parser: .logfmt,
            lines: ["level=warn msg=one unit=a", "msg=two unit=b", "msg=three unit=c"],
            messages: ["one", "three"],
            levels: ["error", "debug"],
            dropped: (.data("unit"), "b")
        ),
        Case(
            parser: .combined,
            lines: [
                #"10.0.0.1 - - [23/Nov/2026:08:00:01 +0000] "GET /one HTTP/1.1" 404 7"#,
                #"10.0.0.1 - - [23/Nov/2026:08:00:01 +0000] "PUT /two HTTP/1.1" 200 7"#,
                #"10.0.0.1 - - [23/Nov/2026:08:00:01 +0000] "GET /three HTTP/1.1" 200 7"#,
            ],
            messages: ["GET /one 404", "GET /three 200"],
            levels: ["error", "debug"],
            dropped: (.data("method"), "PUT")
        ),
        Case(
            parser: .regex,
            lines: ["warning a one", "info b two", "info c three"],
            messages: ["one", "three"],
            levels: ["error", "debug"],
            dropped: (.data("unit"), "b")
        ),
    ]

    private func options(_ test: Case) -> FileHarness.Options {
        var options = FileHarness.Options()
        options.parser = test.parser
        options.pattern = #"(?P<level>\w+) (?P<unit>\w) (?P<message>.*)"#
        return options
    }

    @Test(arguments: cases)
    func `level and drop hold for lines of every parser`(_ test: Case) throws {
        var options = options(test)
        var levels = LevelMap()
        levels[.warning] = .error
        levels[.info] = .debug
        options.shaping.levels = levels
        options.shaping.drop = [
            Rule(conditions: [.init(field: test.dropped.field, tests: [.text(test.dropped.text)])])
        ]
        try folder.write("a.log", test.lines.map { $0 + "\n" }.joined())
        let harness = try FileHarness(folder, options)
        #expect(eventually { harness.records.count == 2 }, "\(harness.lines) \(harness.failure ?? "")")
        #expect(harness.lines == test.messages)
        #expect(harness.records.map(\.level) == test.levels)
        let statistics = harness.statistics
        #expect(statistics.received == 3 && statistics.parsed == 2 && statistics.dropped[.rule] == 1)
        // What was dropped is read all the same: it does not come again.
        #expect(FileHarness.positions(harness.onDisk).last?.offset == UInt64(test.lines.joined().utf8.count + 3))
    }

    @Test(arguments: cases)
    func `the rate limit holds for lines of every parser, and says what it held back`(_ test: Case) throws {
        var options = options(test)
        options.shaping.rateLimit = RateLimit(count: 1, period: .hour, burst: 2)
        try folder.write("a.log", test.lines.map { $0 + "\n" }.joined())
        let harness = try FileHarness(folder, options)
        #expect(eventually { harness.statistics.dropped[.rateLimited] == 1 }, "\(harness.lines)")
        #expect(harness.statistics.received == 3 && harness.statistics.parsed == 2)
        #expect(eventually { harness.records.count >= 2 })
        #expect(!harness.lines.contains { $0.contains("three") })
    }

    @Test func `a record of several lines is one log to rules, levels and limit`() throws {
        var options = FileHarness.Options()
        options.multiline = .init(beginning: .start("^\\d+ "), waitMs: 50)
        options.shaping.levels = LevelMap(fixed: .warning)
        options.shaping.drop = [
            Rule(conditions: [.init(field: .message, tests: [.pattern("second line", ignoresCase: false)])])
        ]
        options.shaping.rateLimit = RateLimit(count: 1, period: .hour, burst: 3)
        try folder.write("a.log", "1 a\n x\n2 b\n second line\n3 c\n y\n z\n4 d\n x\n")
        let harness = try FileHarness(folder, options)
        #expect(eventually { harness.statistics.received == 4 }, "\(harness.lines)")
        #expect(eventually { harness.records.count == 2 })
        #expect(harness.lines == ["1 a\n x", "3 c\n y\n z"])
        #expect(harness.records.allSatisfy { $0.level == "warning" })
        let statistics = harness.statistics
        #expect(statistics.dropped[.rule] == 1 && statistics.dropped[.rateLimited] == 1 && statistics.parsed == 2)
    }
}
