import Testing

@testable import KomfyrAgent

struct LogfmtTests {
    static let lines: [LineCase] = [
        // Go's slog, logrus, go-kit, Grafana, Vault.
        LineCase(
            input: #"time=2026-11-23T08:00:01.250+01:00 level=WARN msg="disk almost full" free=0.07 path=/var"#,
            message: "disk almost full",
            level: "warning",
            data: #""free":0.07,"path":"/var""#,
            time: "2026-11-23T07:00:01.250Z"
        ),
        LineCase(
            input: #"time="2026-11-23T08:00:01Z" level=error msg="no \"route\"\n" file="main.go:12" attempt=3"#,
            message: #"no \"route\"\n"#,
            level: "error",
            data: #""file":"main.go:12","attempt":3"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        LineCase(
            input: "ts=1795420801.5 lvl=dbug caller=x.go:1 message=hi",
            message: "hi",
            data: #""lvl":"dbug","caller":"x.go:1""#,
            time: "2026-11-23T08:00:01.500Z"
        ),
        LineCase(
            input: "timestamp=1795420801500 severity=5 app=web msg=m",
            message: "m",
            data: #""app":"web""#,
            time: "2026-11-23T08:00:01.500Z"
        ),
        // Without a message the line is it.
        LineCase(input: "a=1 b=two c", message: "a=1 b=two c", data: #""a":1,"b":"two","c":true"#),
        LineCase(
            input: "Listening on addr=:8080",
            message: "Listening on addr=:8080",
            data: #""Listening":true,"on":true,"addr":":8080""#
        ),
        // Values.
        LineCase(
            input: #"msg=m a= b="" c=true d=false e="true" f=null g=-1.50 h=007 i=1e9 j="12" k=1.2.3"#,
            message: "m",
            data: #""a":"","b":"","c":true,"d":false,"e":"true","f":"null","g":-1.50,"h":"007","i":"1e9","j":12,"#
                + #""k":"1.2.3""#
        ),
        LineCase(
            input: #"msg=m url=http://x/?a=1&b=2 q=a"b json={"a":1}"#,
            message: "m",
            data: #""url":"http://x/?a=1&b=2","q":"a\"b","json":"{\"a\":1}""#
        ),
        LineCase(
            input: #"msg="a\tb\\c\u00e9\ud83d\ude00\x41\q\x" x="\\""#,
            message: #"a\tb\\cé😀A\\q\\x"#,
            data: #""x":"\\""#
        ),
        LineCase(input: "msg=\"tab\there\" k=v\t\tk2=v2  ", message: #"tab\there"#, data: #""k":"v","k2":"v2""#),
        // The first of the log's own is taken, every other name is kept apart.
        LineCase(
            input: "msg=one msg=two level=info level=error a=1 a=2 a a_2=3 time=x",
            message: "one",
            data: #""msg":"two","level":"error","a":1,"a_2":2,"a_3":true,"a_2_2":3,"time":"x""#
        ),
        LineCase(
            input: "level=odd lvl=error msg=m ts=12.5 time=2026-11-23T08:00:01Z",
            message: "m",
            level: "error",
            data: #""level":"odd","ts":12.5"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        LineCase(input: "msg=m source=main.go host=web1", message: "m", data: #""source":"main.go","host":"web1""#),
        LineCase(input: #"msg="" a=1"#, message: nil, data: #""a":1"#),
        LineCase(input: "é.x-y/z=ø msg=m", message: "m", data: #""é.x-y/z":"ø""#),
        LineCase(input: #"a\b=1 msg=m"#, message: "m", data: #""a\\b":1"#),
        // None.
        .unparsed("plain text"), .unparsed("=1"), .unparsed("a=1 =2"), .unparsed(#"a="1"#, #"a=\"1"#),
        .unparsed(#"a="1\""#, #"a=\"1\\\""#), .unparsed(#"a="1"b c=2"#, #"a=\"1\"b c=2"#),
        .unparsed(#"a=1 "b""#, #"a=1 \"b\""#),
        .unparsed("{}"), .unparsed("   "),
    ]

    @Test(arguments: lines)
    func `a line of logfmt becomes a log`(_ test: LineCase) throws {
        try test.check(.logfmt(Logfmt(zone: .utc)))
    }

    @Test func `times without a zone are in the input's`() throws {
        let line = "time=2026-11-23T08:00:01 msg=m"
        let (written, _) = try LineCase.read(Array(line.utf8), by: .logfmt(Logfmt(zone: Zone(offset: 7_200))))
        #expect(written.contains("\"timestamp\":\"2026-11-23T06:00:01.000Z\""))
    }

    @Test func `app and level go into the group`() throws {
        let line = "app=web:1 level=warn msg=m"
        let parser = LineReader.Parser.logfmt(Logfmt(zone: .utc))
        let (written, _) = try LineCase.read(Array(line.utf8), by: parser, group: "x:{app}:{severity}:{source}")
        #expect(written.contains("\"group\":\"x:web_1:warning:h\""))
    }

    @Test func `bytes that are no UTF-8 are repaired, in names too`() throws {
        let line = [UInt8(ascii: "a"), 0xFF] + Array("=".utf8) + [0xC3] + Array(" msg=\"\\xff\"".utf8)
        let (written, outcome) = try LineCase.read(line, by: .logfmt(Logfmt(zone: .utc)))
        #expect(outcome == .parsed)
        #expect(
            written.hasPrefix(
                "{\"message\":\"\u{FFFD}\",\"level\":\"info\",\"group\":\"g\",\"data\":{\"a\u{FFFD}\":\"\u{FFFD}\"}"
            )
        )
    }

    @Test func `members beyond what a log may hold leave the line whole`() throws {
        let line = (0..<60_000).map { "k\($0)=\($0)" }.joined(separator: " ")
        let (written, outcome) = try LineCase.read(Array(line.utf8), by: .logfmt(Logfmt(zone: .utc)))
        #expect(outcome == .unparsed)
        #expect(written.contains("\"message\":\"\(line)\""))
    }

    @Test func `a piece is marked, one that is not the first is not read`() throws {
        let parser = LineReader.Parser.logfmt(Logfmt(zone: .utc))
        let text = Array("a=1 msg=m".utf8)
        let (first, _) = try LineCase.read(text, by: parser, tags: ["site"], isTruncated: true)
        #expect(
            first.hasPrefix("{\"message\":\"m\",\"level\":\"info\",\"group\":\"g\",\"tags\":[\"site\",\"truncated\"],")
        )
        let (rest, outcome) = try LineCase.read(text, by: parser, isTruncated: true, isContinuation: true)
        #expect(
            rest.hasPrefix(
                "{\"message\":\"a=1 msg=m\",\"level\":\"info\",\"group\":\"g\",\"tags\":[\"truncated\"],\"data\":{}"
            )
        )
        #expect(outcome == .parsed)
    }
}
