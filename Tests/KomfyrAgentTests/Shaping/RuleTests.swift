import EventLoop
import Protocol
import RegularExpressions
import Testing

@testable import KomfyrAgent

/// A rule as it stands in agent.toml, held against logs of one kind of input.
struct RuleTests {
    /// What a listener's messages become.
    enum Kind: String {
        case syslog
        case json
        case raw
    }

    /// Reads `drop = [ RULE ]` of an input of this kind.
    static func rules(_ text: String, _ kind: Kind, key: String = "drop", level: String = "") throws -> Shaping {
        let input =
            switch kind {
            case .syslog: "type = \"syslog\"\nlisten = \"udp://127.0.0.1:1\""
            case .json: "type = \"json\"\nlisten = \"udp://127.0.0.1:1\""
            case .raw: "type = \"file\"\npaths = [\"/a\"]"
            }
        let toml = "[hub]\nurl = \"http://h\"\n[[input]]\n\(input)\n\(level)\n\(key) = [\(text)]\n"
        let reader = ConfigurationReader(environment: [:], workingDirectory: "/work")
        do throws(ConfigurationErrors) {
            return try reader.read(Array(toml.utf8), file: "agent.toml").configuration.inputs[0].shaping
        } catch {
            throw Refused(words: error.problems.map(\.text))
        }
    }

    struct Refused: Error { var words: [String] }

    /// The line that the agent writes of a message.
    static func line(_ message: String, _ kind: Kind, levels: LevelMap? = nil) throws -> [UInt8] {
        var settings = RecordWriter.Settings(group: try GroupTemplate("g:{hostname}:{app}"), tags: ["site", "rack-7"])
        settings.parsesPayload = true
        settings.levels = levels
        let origin = RecordWriter.Origin(peer: SyslogMessagesTests.peer, arrival: SyslogCase.arrival)
        var output: [UInt8] = []
        Array(message.utf8)
            .withUnsafeBytes { bytes in
                switch kind {
                case .syslog:
                    var parser = SyslogParser()
                    var writer = RecordWriter(settings)
                    let parsed = parser.parse(bytes, arrival: SyslogCase.arrival)
                    writer.append(parsed, of: bytes, from: origin, to: &output)
                case .json:
                    var reader = JSONDatagramReader(settings, token: nil)
                    _ = reader.append(bytes, from: origin, to: &output)
                case .raw:
                    var writer = FileRecordWriter()
                    writer.begin(at: SyslogCase.arrival)
                    let frame = FileRecordWriter.Frame(
                        group: Array("app:shop".utf8),
                        tags: ["site"],
                        level: levels?[.info] ?? .info,
                        file: "/var/log/shop/error.log",
                        source: "web1"
                    )
                    _ = writer.append(bytes, isPiece: false, frame, to: &output)
                }
            }
        return output
    }

    private static func keeps(_ shaping: Shaping, _ line: [UInt8]) throws -> Bool {
        var rules = try RuleSet(keep: shaping.keep, drop: shaping.drop)
        return line.withUnsafeBytes { rules.keeps($0) }
    }

    static let cron = "<78>Nov 23 12:00:00 web1 CRON[4711]: (root) CMD (run-parts)"
    static let reset = "<187>Nov 23 12:00:00 fw1 nginx: Connection reset by 192.0.2.9 bytes=4096 user=\"bob\""

    static let syslog: [(rule: String, message: String, matches: Bool)] = [
        (#"{ app = "CRON" }"#, cron, true),
        (#"{ app = "cron" }"#, cron, false),
        (#"{ app = "CRO" }"#, cron, false),
        (#"{ app = ["sshd", "CRON"] }"#, cron, true),
        (#"{ app = "CR*" }"#, cron, true),
        (#"{ app = "*R*" }"#, cron, true),
        (#"{ app = "R*" }"#, cron, false),
        (#"{ app = '/^cron$/i' }"#, cron, true),
        (#"{ app = "CRON", level = "<=info" }"#, cron, true),
        (#"{ app = "CRON", level = ">=warning" }"#, cron, false),
        (#"{ level = "info" }"#, cron, true),
        (#"{ level = "<info" }"#, cron, false),
        (#"{ level = ["debug", "error"] }"#, reset, true),
        (#"{ level = "> warn" }"#, reset, true),
        (#"{ severity = "err" }"#, reset, true),
        (#"{ severity = ">=warning" }"#, reset, true),
        (#"{ severity = "<=notice" }"#, reset, false),
        (#"{ severity = 3 }"#, reset, true),
        (#"{ facility = "cron" }"#, cron, true),
        (#"{ facility = ["local7", "kern"] }"#, reset, true),
        (#"{ pid = 4711 }"#, cron, true),
        (#"{ pid = ">5000" }"#, cron, false),
        (#"{ pid = "4711" }"#, cron, true),
        (#"{ hostname = "web1" }"#, cron, true),
        (#"{ source = "web*" }"#, cron, true),
        (#"{ data.host = "web1" }"#, cron, true),
        (#"{ peer = "10.0.0.*" }"#, cron, true),
        (#"{ data = { peer = "10.0.0.9" } }"#, cron, true),
        (#"{ group = "g:fw1:*" }"#, reset, true),
        (#"{ tag = "rack-7" }"#, reset, true),
        (#"{ tag = "rack" }"#, reset, false),
        (#"{ message = '/connection (closed|reset)/i' }"#, reset, true),
        (#"{ message = '/connection (closed|reset)/' }"#, reset, false),
        (#"{ message = '/^192/' }"#, reset, false),
        (#"{ message = "*reset*" }"#, reset, true),
        (#"{ message = "*Reset*" }"#, reset, false),
        (#"{ data.bytes = ">4095" }"#, reset, true),
        (#"{ data.bytes = ">4096" }"#, reset, false),
        (#"{ data.bytes = 4096 }"#, reset, true),
        (#"{ data.bytes = "*" }"#, reset, true),
        (#"{ data.nothing = "*" }"#, reset, false),
        (#"{ data.user = ["alice", "bob"], not = { message = "*192.0.2.9*" } }"#, reset, false),
        (#"{ data.user = ["alice", "bob"], not = { message = "*192.0.2.8*" } }"#, reset, true),
        (#"{ not = { level = ">=error" } }"#, cron, true),
        (#"{ not = { level = ">=error" } }"#, reset, false),
        (#"{ app = "sshd" }, { app = "CRON" }"#, cron, true),
        (#"{ msgid = "LINK-*" }"#, "<189>29: Nov 23 12:00:00: %LINK-3-UPDOWN: Interface Gi0/1, down", true),
        (#"{ data.sd.\#("\"")id@1\#("\"").a = "x" }"#, #"<13>1 - h a - - [id@1 a="x"] text"#, true),
        (#"{ tag = "unparsed" }"#, "who knows what this is", true),
        (#"{ message = "blåbær \"q\"" }"#, "<13>a: blåbær \"q\"", true),
        (#"{ message = "a\nb" }"#, "<13>x: a\nb", true),
        (#"{ message = "a*b" }"#, "<13>x: a\n\nb", true),
        (#"{ message = "a.b" }"#, "<13>x: axb", false),
        (#"{ message = "[a]*" }"#, "<13>x: [a] b", true),
    ]

    @Test(arguments: syslog)
    func `a rule takes the syslog messages that it means`(rule: String, message: String, matches: Bool) throws {
        let line = try Self.line(message, .syslog)
        #expect(
            try Self.keeps(try Self.rules(rule, .syslog), line) == !matches,
            "\(String(decoding: line, as: UTF8.self))"
        )
        #expect(try Self.keeps(try Self.rules(rule, .syslog, key: "keep"), line) == matches)
    }

    static let json: [(rule: String, message: String, matches: Bool)] = [
        (#"{ data.temperature = "<-20" }"#, #"{"temperature": -21.5}"#, true),
        (#"{ data.temperature = "<-20" }"#, #"{"temperature": "-21.5"}"#, true),
        (#"{ data.temperature = "<-20" }"#, #"{"temperature": "cold"}"#, false),
        (#"{ data.net.rx = ">=1e3" }"#, #"{"net": {"tx": 1, "rx": 1000}}"#, true),
        (#"{ data.net.rx = ">=1e3" }"#, #"{"net.rx": 1000}"#, true),
        (#"{ data.net.rx = ">=1e3" }"#, #"{"data": {"net": {"rx": 2e3}}}"#, true),
        (#"{ data.net = "*" }"#, #"{"net": {"rx": 1000}}"#, false),
        (#"{ data.list = 3 }"#, #"{"list": [1, 2, 3]}"#, true),
        (#"{ data.list = "c" }"#, #"{"list": ["a", {"b": "c"}]}"#, false),
        (#"{ data.on = true }"#, #"{"on": true}"#, true),
        (#"{ data.on = true }"#, #"{"on": false}"#, false),
        (#"{ data.on = "*" }"#, #"{"on": null}"#, false),
        (#"{ data."a b" = 1.5 }"#, #"{"a b": 1.5}"#, true),
        (#"{ data."ø" = 1 }"#, #"{"\u00f8": 1}"#, true),
        (#"{ app = "boiler" }"#, #"{"app": "boiler", "x": 1}"#, true),
        (#"{ hostname = "esp-1" }"#, #"{"host": "esp-1", "x": 1}"#, true),
        (#"{ source = "10.0.0.9" }"#, #"{"x": 1}"#, true),
        (#"{ level = "warning" }"#, #"{"msg": "m", "severity": "warn"}"#, true),
        (#"{ level = "<=info" }"#, #"{"msg": "m"}"#, true),
        (#"{ tag = ["a", "b"] }"#, #"{"msg": "m", "tags": ["x", "b"]}"#, true),
        (#"{ group = "own:*" }"#, #"{"msg": "m", "group": "own:place"}"#, true),
        (#"{ message = "not json" }"#, "not json", true),
        (#"{ message = "tab\there" }"#, #"{"message": "tab\u0009here"}"#, true),
    ]

    @Test(arguments: json)
    func `a rule takes the JSON logs that it means`(rule: String, message: String, matches: Bool) throws {
        let line = try Self.line(message, .json)
        #expect(
            try Self.keeps(try Self.rules(rule, .json), line) == !matches,
            "\(String(decoding: line, as: UTF8.self))"
        )
    }

    static let raw: [(rule: String, message: String, matches: Bool)] = [
        (#"{ message = "GET /health*" }"#, "GET /health 200", true),
        (#"{ file = "*/shop/*.log" }"#, "x", true),
        (#"{ file = "/var/log/shop/error.log" }"#, "x", true),
        (#"{ data.file = "*access*" }"#, "x", false),
        (#"{ hostname = "web1", group = "app:shop", tag = "site" }"#, "x", true),
        (#"{ level = "info" }"#, "x", true),
    ]

    @Test(arguments: raw)
    func `a rule takes the lines that it means`(rule: String, message: String, matches: Bool) throws {
        #expect(try Self.keeps(try Self.rules(rule, .raw), try Self.line(message, .raw)) == !matches)
    }

    @Test func `all patterns of an input share what they may take`() throws {
        func rules(_ count: Int) -> [Rule] {
            (0..<count)
                .map {
                    Rule(conditions: [.init(field: .message, tests: [.pattern("x\($0)[a-z]*y", ignoresCase: true)])])
                }
        }
        #expect(PatternMemory(of: rules(1)).share == AgentLimits.patternMemoryBytes)
        for count in [1, 8, 9, AgentLimits.rulePatterns] {
            let memory = PatternMemory(of: rules(count))
            #expect(memory.share * count + memory.spare <= AgentLimits.patternsMemoryBytes)
        }
        // As large as one may be, and as many as there may be.
        let large = Rule(conditions: [.init(field: .message, tests: [.pattern("\\pL{400}", ignoresCase: false)])])
        var set = try RuleSet(keep: [], drop: rules(AgentLimits.rulePatterns - 1) + [large])
        func keeps(_ message: String) -> Bool {
            Array("{\"message\":\"\(message)\"}".utf8).withUnsafeBytes { set.keeps($0) }
        }
        #expect(!keeps("an X77abcY"))
        #expect(!keeps(String(repeating: "é", count: 400)))
        #expect(keeps("nothing of it"))
    }

    /// As large as one may be (half a million steps), and each a condition of its own.
    private static let large = (0..<12).map { "x\($0)\\pL{400}" }

    @Test func `large patterns take what there is for all, and no more`() throws {
        let rules = Self.large
            .map {
                Rule(conditions: [.init(field: .message, tests: [.pattern($0, ignoresCase: false)])])
            }
        var memory = PatternMemory(of: rules)
        var taken = 0
        let error = #expect(throws: RegularExpression.Problem.self) {
            for source in Self.large {
                _ = try memory.compile(source)
                taken += 1
            }
        }
        #expect(error?.words.contains("64 MiB") == true, "\(error?.words ?? "")")
        #expect(taken >= 4 && memory.spare >= 0)
        // Where the configuration is checked, not where the input starts.
        let list = Self.large.map { "{ message = '/\($0)/' }" }.joined(separator: ", ")
        let wrong = #expect(throws: Refused.self) { _ = try Self.rules(list, .syslog) }
        #expect(wrong?.words.contains { $0.contains("64 MiB") } == true, "\(wrong?.words ?? [])")
    }

    @Test func `keep comes first, then drop takes from what is left`() throws {
        let toml = #"{ app = "nginx" }, { level = ">=error" }"#
        var shaping = try Self.rules(toml, .syslog, key: "keep")
        shaping.drop = try Self.rules(#"{ message = "*health*" }"#, .syslog).drop
        for (message, isKept) in [
            ("<14>nginx: GET /", true), ("<14>nginx: GET /health", false), ("<11>sshd: broken", true),
            ("<14>sshd: fine", false), ("<11>sshd: health", false),
        ] {
            #expect(try Self.keeps(shaping, try Self.line(message, .syslog)) == isKept, "\(message)")
        }
    }

    @Test func `rules see the level that the input gives`() throws {
        let shaping = try Self.rules(#"{ level = "debug" }"#, .syslog, level: "level = { info = \"debug\" }")
        #expect(try Self.keeps(shaping, try Self.line("<14>a: b", .syslog, levels: shaping.levels)) == false)
        #expect(try Self.keeps(shaping, try Self.line("<11>a: b", .syslog, levels: shaping.levels)))
        let raw = try Self.rules(#"{ level = ">=warning" }"#, .raw, level: "level = \"error\"")
        #expect(try Self.keeps(raw, try Self.line("x", .raw, levels: raw.levels)) == false)
    }

    @Test func `ten thousand texts are one look, and no pattern hangs`() throws {
        let names = (0..<10_000).map { "\"app-\($0)\"" }.joined(separator: ", ")
        let many = try Self.rules("{ app = [\(names)] }", .syslog)
        var rules = try RuleSet(keep: [], drop: many.drop)
        for (app, isKept) in [("app-0", false), ("app-9999", false), ("app-10000", true), ("app-", true)] {
            let line = try Self.line("<13>\(app): x", .syslog)
            #expect(line.withUnsafeBytes { rules.keeps($0) } == isKept, "\(app)")
        }
        let text = String(repeating: "a", count: 100_000)
        for pattern in [
            "/(a+)+$b/", "/(a|aa)+b/", "/(.*)*x(.*)*y/", "/(a?){40}a{40}b/", "/(([a-z])+.)+[A-Z]([a-z])+$/",
        ] {
            let catastrophic = try Self.rules("{ message = '\(pattern)' }", .raw)
            #expect(try Self.keeps(catastrophic, try Self.line(text, .raw)), "\(pattern)")
        }
        let stars = try Self.rules("{ message = \"\(String(repeating: "*a", count: 1_000))*b\" }", .raw)
        #expect(try Self.keeps(stars, try Self.line(text, .raw)))
        let globs = (0..<1_000).map { "\"*needle-\($0)*\"" }.joined(separator: ", ")
        let haystack = try Self.rules("{ message = [\(globs)] }", .raw)
        #expect(try Self.keeps(haystack, try Self.line("hay needle-777x", .raw)) == false)
        #expect(try Self.keeps(haystack, try Self.line("hay needle-", .raw)))
    }

    static let wrong: [(rule: String, kind: Kind, words: [String])] = [
        ("{}", .syslog, ["7:9", "matches every log", "remove it"]),
        (#"{ ap = "x" }"#, .syslog, ["7:11", "no field `ap`", "did you mean `app`?"]),
        (#"{ colour = "x" }"#, .syslog, ["no field `colour`", "message, level, app", "data.NAME"]),
        (#"{ message = '/a(b/' }"#, .syslog, ["7:21", "no regular expression", "missing )", "RE2"]),
        (#"{ message = '/(?<=a)b/' }"#, .syslog, ["no regular expression", "single quotes"]),
        (#"{ message = "//" }"#, .syslog, ["matches everything"]),
        (#"{ message = '/a{1000}{1000}/' }"#, .syslog, ["no regular expression"]),
        (#"{ message = "" }"#, .syslog, ["`message` is empty"]),
        (#"{ message = 5 }"#, .syslog, ["`message` must be text (it is a number)"]),
        (#"{ app = [] }"#, .syslog, ["lists nothing", "never matches"]),
        (#"{ level = "<debug" }"#, .syslog, ["can never match"]),
        (#"{ level = ">critical" }"#, .syslog, ["can never match"]),
        (#"{ level = "wrning" }"#, .syslog, ["is no level", "did you mean \"warning\"?"]),
        (#"{ level = 3 }"#, .syslog, ["must be text"]),
        (#"{ severity = "error" }"#, .syslog, ["is no severity", "err"]),
        (#"{ severity = ">emerg" }"#, .syslog, ["can never match"]),
        (#"{ severity = 8 }"#, .syslog, ["no severity", "0 (emerg)"]),
        (#"{ facility = "locl0" }"#, .syslog, ["no facility", "did you mean \"local0\"?"]),
        (#"{ data.x = ">many" }"#, .syslog, ["no number to compare with", "'/^>/'"]),
        (#"{ file = "/var/log/x" }"#, .syslog, ["`file` never matches here"]),
        (#"{ app = "x" }"#, .raw, ["never matches here", "choose the parser"]),
        (#"{ data.user = "x" }"#, .raw, ["never matches here"]),
        (#"{ level = ">=warning" }"#, .raw, ["can never match", "match `message`"]),
        (#"{ not = {} }"#, .syslog, ["`not` must be a table"]),
        (#"{ not = { ap = "x" } }"#, .syslog, ["no field `ap`"]),
        (#""x""#, .syslog, ["must hold tables (it is text)"]),
    ]

    @Test(arguments: wrong)
    func `a wrong rule is refused with its place and what to do`(rule: String, kind: Kind, words: [String]) throws {
        let refused = #expect(throws: Refused.self) { try Self.rules(rule, kind) }
        #expect(refused?.words.count == 1)
        for word in words { #expect(refused?.words.first?.contains(word) == true, "\(word): \(refused?.words ?? [])") }
    }

    @Test func `a level that the input's own never gives is refused`() {
        let refused = #expect(throws: Refused.self) {
            try Self.rules(#"{ level = "debug" }"#, .syslog, level: "level = \"info\"")
        }
        #expect(refused?.words.first?.contains("logs of this input are info") == true)
    }

    @Test func `a line that is no JSON is kept`() throws {
        #expect(try Self.keeps(try Self.rules(#"{ message = "*" }"#, .syslog), Array("{\"message\":".utf8)))
    }
}
