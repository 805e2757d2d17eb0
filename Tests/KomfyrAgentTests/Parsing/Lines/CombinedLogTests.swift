import Testing

@testable import KomfyrAgent

struct CombinedLogTests {
    private static let time = "[23/Nov/2026:08:00:01 +0100]"
    private static let timeText = "2026-11-23T07:00:01.000Z"

    private static func line(_ input: String, _ message: String, _ data: String) -> LineCase {
        line(input, message, "info", data)
    }

    private static func line(_ input: String, _ message: String, _ level: String, _ data: String) -> LineCase {
        LineCase(input: input, message: message, level: level, data: data, time: timeText)
    }

    static let lines: [LineCase] = [
        line(
            #"127.0.0.1 - frank \#(time) "GET /apache_pb.gif HTTP/1.0" 200 2326"#,
            "GET /apache_pb.gif 200",
            #""client":"127.0.0.1","user":"frank","method":"GET","path":"/apache_pb.gif","protocol":"HTTP/1.0","#
                + #""status":200,"bytes":2326"#
        ),
        line(
            #"2001:db8::7 - - \#(time) "POST /a?b=1&c=%20 HTTP/2.0" 404 153 "https://ref.example/x" "Mozilla/5.0 (X11)""#,
            "POST /a?b=1&c=%20 404",
            "warning",
            #""client":"2001:db8::7","method":"POST","path":"/a?b=1&c=%20","protocol":"HTTP/2.0","status":404,"#
                + #""bytes":153,"referer":"https://ref.example/x","user_agent":"Mozilla/5.0 (X11)""#
        ),
        line(
            #"10.0.0.1 - - \#(time) "GET / HTTP/1.1" 502 0 "-" "a \"quoted\" \x41gent\\" 0.012 "upstream""#,
            "GET / 502",
            "error",
            #""client":"10.0.0.1","method":"GET","path":"/","protocol":"HTTP/1.1","status":502,"bytes":0,"#
                + #""user_agent":"a \"quoted\" Agent\\","extra":"0.012 \"upstream\"""#
        ),
        line(
            #"www.example.org:443 10.0.0.1 - - \#(time) "GET / HTTP/1.1" 304 - "-" "-""#,
            "GET / 304",
            #""vhost":"www.example.org:443","client":"10.0.0.1","method":"GET","path":"/","protocol":"HTTP/1.1","#
                + #""status":304"#
        ),
        line(
            #"10.0.0.1 - John Doe \#(time) "GET /a b HTTP/1.1" 200 1"#,
            "GET /a b 200",
            #""client":"10.0.0.1","user":"John Doe","method":"GET","path":"/a b","protocol":"HTTP/1.1","#
                + #""status":200,"bytes":1"#
        ),
        line(
            #"10.0.0.1 id [x] \#(time) "OPTIONS * HTTP/1.0" 200 -"#,
            "OPTIONS * 200",
            #""client":"10.0.0.1","ident":"id","user":"[x]","method":"OPTIONS","path":"*","protocol":"HTTP/1.0","#
                + #""status":200"#
        ),
        // What speaks TLS to a plain port, sends nothing, or knows no protocol.
        line(
            #"10.0.0.1 - - \#(time) "\x16\x03\x01" 400 157 "-" "-""#,
            #"\u0016\u0003\u0001 400"#,
            "warning",
            #""client":"10.0.0.1","request":"\u0016\u0003\u0001","status":400,"bytes":157"#
        ),
        line(
            #"10.0.0.1 - - \#(time) "-" 408 - "-" "-""#,
            "- 408",
            "warning",
            #""client":"10.0.0.1","status":408"#
        ),
        line(
            #"10.0.0.1 - - \#(time) "" 400 0 "-" "-""#,
            "- 400",
            "warning",
            #""client":"10.0.0.1","status":400,"bytes":0"#
        ),
        line(
            #"10.0.0.1 - - \#(time) "GET /" 200 5"#,
            "GET / 200",
            #""client":"10.0.0.1","request":"GET /","status":200,"bytes":5"#
        ),
        line(
            #"10.0.0.1 - - \#(time) "GET / HTTP/1.1" 200 5 "http://r/" 0.5"#,
            "GET / 200",
            #""client":"10.0.0.1","method":"GET","path":"/","protocol":"HTTP/1.1","status":200,"bytes":5,"#
                + #""referer":"http://r/","extra":0.5"#
        ),
        line(
            #"10.0.0.1 - - \#(time) "GET / HTTP/1.1" 200 abc"#,
            "GET / 200",
            #""client":"10.0.0.1","method":"GET","path":"/","protocol":"HTTP/1.1","status":200,"extra":"abc""#
        ),
        LineCase(
            input: #"h - - [2/Jan/2026:00:00:00.5 Z] "GET / HTTP/1.1" 200 1"#,
            message: "GET / 200",
            data: #""client":"h","method":"GET","path":"/","protocol":"HTTP/1.1","status":200,"bytes":1"#,
            time: "2026-01-02T00:00:00.500Z"
        ),
        // None.
        .unparsed("a line"), .unparsed("10.0.0.1 - -"),
        .unparsed(
            "10.0.0.1 - - [x] \\\"GET / HTTP/1.1\\\" 200 1".unescaped,
            "10.0.0.1 - - [x] \\\"GET / HTTP/1.1\\\" 200 1"
        ),
        .unparsed("h - - [31/Feb/2026:00:00:00 +0000] x"),
        .unparsed("h - - \(time) GET / 200"),
        .unparsed(#"h - - \#(time) "GET / HTTP/1.1" ok 1"#, #"h - - \#(time) \"GET / HTTP/1.1\" ok 1"#),
        .unparsed(#"h - - \#(time) "GET / HTTP/1.1\" 200"#, #"h - - \#(time) \"GET / HTTP/1.1\\\" 200"#),
        .unparsed("\(time) \\\"GET / HTTP/1.1\\\" 200 1".unescaped, "\(time) \\\"GET / HTTP/1.1\\\" 200 1"),
    ]

    @Test(arguments: lines)
    func `a line of a web server becomes a log`(_ test: LineCase) throws {
        try test.check(.combined(CombinedLog(zone: .utc)))
    }

    @Test func `a time without a zone is in the input's`() throws {
        let line = #"h - - [23/Nov/2026:08:00:01] "GET / HTTP/1.1" 200 1"#
        let parser = LineReader.Parser.combined(CombinedLog(zone: Zone(offset: 3_600)))
        #expect(try LineCase.read(Array(line.utf8), by: parser).line.contains("2026-11-23T07:00:01.000Z"))
    }

    @Test func `two seconds, and two zones of one second, are told apart`() throws {
        var time = LineTime(zone: .utc)
        let texts = [
            "23/Nov/2026:08:00:01 +0100", "23/Nov/2026:08:00:01 +0100", "23/Nov/2026:08:00:02 +0100",
            "23/Nov/2026:08:00:02 +0000", "23/Nov/2026:08:00:02 +0001", "13/Nov/2026:08:00:02 +0001",
        ]
        let read = texts.map { text in
            Array(text.utf8).withUnsafeBytes { time.read(ByteView($0), Field(start: 0, end: $0.count), arrival: 0) }
        }
        #expect(
            read.map { $0.map { $0 / 1_000_000_000 - 1_795_417_200 } }
                == [1, 1, 2, 3_602, 3_542, 3_542 - 864_000]
        )
    }
}

extension String {
    /// Without backslashes before quotes.
    fileprivate var unescaped: String { replacing("\\\"", with: "\"") }
}
