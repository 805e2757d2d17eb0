import Testing

@testable import KomfyrAgent

struct LinePatternTests {
    /// A pattern and a line with what becomes of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var pattern: String
        var line: LineCase
        var testDescription: String { "\(pattern) \(line.input)" }

        init(_ pattern: String, _ line: LineCase) {
            self.pattern = pattern
            self.line = line
        }
    }

    static let cases: [Case] = [
        Case(
            #"^(?P<time>\S+ \S+) \[(?P<pid>\d+)\] (?P<level>\w+): (?P<message>.*)"#,
            LineCase(
                input: "2026-11-23 08:00:01,250 [17] ERROR: it \"broke\"",
                message: #"it \"broke\""#,
                level: "error",
                data: #""pid":17"#,
                time: "2026-11-23T08:00:01.250Z"
            )
        ),
        // PostgreSQL, with a zone behind a blank, and a level that is none of ours.
        Case(
            #"^(?P<timestamp>[\d-]+ [\d:.]+ \w+) \[(?P<pid>\d+)\] (?P<user>\S*)@(?P<database>\S*) (?P<level>\w+):\s+(?P<message>.*)"#,
            LineCase(
                input: "2026-11-23 08:00:01.250 CET [17] bob@ LOG:  ready",
                message: "ready",
                data: #""pid":17,"user":"bob","level":"LOG""#,
                time: "2026-11-23T07:00:01.250Z"
            )
        ),
        Case(
            #"(?P<host>\S+) (?P<app>\w+)(?:\((?P<extra>[^)]*)\))? took (?P<ms>[\d.]+) (?P<ratio>\S+)"#,
            LineCase(
                input: "web1 api took 12.50 1e-3 rest",
                message: "web1 api took 12.50 1e-3 rest",
                data: #""app":"api","ms":12.50,"ratio":"1e-3""#,
                source: "web1"
            )
        ),
        Case(
            #"(\d+) (?P<word>\w+) (?P<time>\w+)"#,
            LineCase(input: "1 two three", message: "1 two three", data: #""word":"two","time":"three""#)
        ),
        Case(
            #"^(?P<time>\d\d \w{3} \d{4} [\d:]+)"#,
            LineCase(
                input: "23 Nov 2026 08:00:01 x",
                message: "23 Nov 2026 08:00:01 x",
                time: "2026-11-23T08:00:01.000Z"
            )
        ),
        Case(
            #"^(?P<time>\S+ \S+ \S+) "#,
            LineCase(
                input: "2026-11-23 08:00:01 -0230 x",
                message: "2026-11-23 08:00:01 -0230 x",
                time: "2026-11-23T10:30:01.000Z"
            )
        ),
        Case(
            #"(?P<time>[\d.]+)"#,
            LineCase(input: "1795420801.5", message: "1795420801.5", time: "2026-11-23T08:00:01.500Z")
        ),
        Case(
            #"(?P<source>\w+)-(?P<host>\w+)"#,
            LineCase(input: "a-b", message: "a-b", data: #""host":"b""#, source: "a")
        ),
        Case(#"(?P<message>x*)"#, LineCase(input: "abc", message: "abc")),
        Case(#"^(?P<a>\d+)$"#, .unparsed("abc")),
    ]

    @Test(arguments: cases)
    func `named groups say what is what`(_ test: Case) throws {
        try test.line.check(.pattern(try LinePattern(test.pattern, isMultiline: false, zone: .utc)))
    }

    @Test func `a line of Latin-1 is repaired and then read`() throws {
        let parser = LineReader.Parser.pattern(
            try LinePattern("^(?P<a>\\w) (?P<message>.*)$", isMultiline: false, zone: .utc)
        )
        let (line, outcome) = try LineCase.read([0x61, 0x20, 0xE9, 0x62], by: parser)
        #expect(outcome == .parsed)
        #expect(line.hasPrefix("{\"message\":\"\u{FFFD}b\","))
    }

    @Test func `a dot means a line's end only where a text may have several lines`() throws {
        let text = Array("E one\ntwo".utf8)
        for (isMultiline, message) in [(true, "one\\ntwo"), (false, "one")] {
            let parser = try LinePattern("(?P<level>\\w) (?P<message>.*)", isMultiline: isMultiline, zone: .utc)
            let (line, _) = try LineCase.read(text, by: .pattern(parser))
            #expect(line.hasPrefix("{\"message\":\"\(message)\",\"level\":\"error\""))
        }
    }

    static let wrong: [(pattern: String, words: String)] = [
        ("(?P<a>", "missing"), ("(?P<a>x)(?P<a>y)", "duplicate"), ("a**(?P<b>)", "bad repetition"),
        ("(?P<a>[z-a])", "range"),
        ("(?<a>x)", "(?P<name>"), ("(\\w+) (.*)", "no named group"), ("x", "no named group"), ("", "no named group"),
        ("(?P<a>x{100000})", "repetition"), (String(repeating: "(?P<a>x)", count: 1_000), "4096 bytes"),
        ("(?P<a>x)" + String(repeating: "()", count: 64), "more than 64 groups"),
    ]

    @Test(arguments: wrong)
    func `a wrong pattern is refused in words`(_ pattern: String, _ words: String) throws {
        let problem = #expect(throws: ValueProblem.self) {
            _ = try LinePattern(pattern, isMultiline: false, zone: .utc)
        }
        let text = try #require(problem)
        #expect("\(text.what); \(text.remedy)".contains(words), "\(text)")
    }
}
