@testable import KomfyrAgent

/// Times and messages that break the RFCs.
extension SyslogMessagesTests {
    static let times: [SyslogCase] = [
        .init(
            "one digit's day",
            "<13>Nov  3 08:00:01 h a: b",
            "b",
            "user",
            5,
            host: "h",
            app: "a",
            more: #""device_time":"Nov  3 08:00:01""#
        ),
        .init(
            "a day with zero",
            "<13>Nov 23 08:00:01.250 h a: b",
            "b",
            "user",
            5,
            host: "h",
            app: "a",
            time: "2026-11-23T08:00:01.250Z"
        ),
        .init(
            "ctime with a year behind",
            "<13>Mon Nov 23 08:00:01 2026 h a: b",
            "b",
            "user",
            5,
            host: "h",
            app: "a",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "an offset behind",
            "<13>Nov 23 10:00:01 +02:00 h a: b",
            "b",
            "user",
            5,
            host: "h",
            app: "a",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "a host that begins with a digit",
            "<13>Nov 23 08:00:01 10.0.0.9 a: b",
            "b",
            "user",
            5,
            host: "10.0.0.9",
            app: "a",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "a clock that was never set",
            "<13>Jan  1 00:00:12 h a: b",
            "b",
            "user",
            5,
            host: "h",
            app: "a",
            more: #""device_time":"Jan  1 00:00:12""#
        ),
        .init(
            "a clock at 1970",
            "<13>1 1970-01-01T00:00:12Z h a - - - b",
            "b",
            "user",
            5,
            host: "h",
            app: "a",
            more: #""device_time":"1970-01-01T00:00:12Z""#
        ),
        .init(
            "a time that is none",
            "<13>1 2026-13-45T99:00:00Z h a - - - b",
            "b",
            "user",
            5,
            host: "h",
            app: "a",
            more: #""device_time":"2026-13-45T99:00:00Z""#
        ),
        .init(
            "nanoseconds",
            "<13>1 2026-11-23T08:00:01.123456789Z h a - - - b",
            "b",
            "user",
            5,
            host: "h",
            app: "a",
            time: "2026-11-23T08:00:01.123456789Z"
        ),
    ]

    static let broken: [SyslogCase] = [
        .init("plain text", "hello world", "hello world", nil, nil, unparsed: true),
        .init("only a priority", "<13>", nil, "user", 5),
        .init("a number above 191", "<999>text", "text", nil, 7),
        .init("four digits", "<0013>text", "<0013>text", nil, nil, unparsed: true),
        .init("no digits", "<>text", "<>text", nil, nil, unparsed: true),
        .init("priority not closed", "<13text", "<13text", nil, nil, unparsed: true),
        .init(
            "no priority, but a time",
            "Nov 23 08:00:01 h a[1]: b",
            "b",
            nil,
            nil,
            host: "h",
            app: "a",
            more: #""pid":1"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init("text with a number", "<13>5 apples", "5 apples", "user", 5),
        .init("a level is no tag", "<11>ERROR: failed", "ERROR: failed", "user", 3),
        .init("an address is no tag", "<13>http://example.com is up", "http://example.com is up", "user", 5),
        .init(
            "structured data not closed",
            #"<13>1 - h a - - [x y="1" text"#,
            #"[x y=\"1\" text"#,
            "user",
            5,
            host: "h",
            app: "a"
        ),
        .init(
            "structured data left out",
            "<13>1 - h a 1 ID some text",
            "some text",
            "user",
            5,
            host: "h",
            app: "a",
            more: #""pid":1,"msgid":"ID""#
        ),
        .init(
            "a bracket not escaped in a value",
            #"<13>1 - h a - - [x y="[1]"] t"#,
            "t",
            "user",
            5,
            host: "h",
            app: "a",
            more: #""sd":{"x":{"y":"[1]"}}"#
        ),
        .init(
            "an id twice",
            #"<13>1 - h a - - [x y="1"][x y="2" z="3"] t"#,
            "t",
            "user",
            5,
            host: "h",
            app: "a",
            more: #""sd":{"x":{"y":["1","2"],"z":"3"}}"#
        ),
        .init(
            "a forged group",
            "<13>Nov 23 08:00:01 a:b:c x: y",
            "y",
            "user",
            5,
            host: "a:b:c",
            app: "x",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "NUL within",
            "<13>Nov 23 08:00:01 h a: b\0c\0\n",
            #"b\u0000c"#,
            "user",
            5,
            host: "h",
            app: "a",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init("a process id with zeros", "<13>a[007]: b", "b", "user", 5, app: "a", more: #""pid":"007""#),
        .init("a process id that is a name", "<13>a[main-1]: b", "b", "user", 5, app: "a", more: #""pid":"main-1""#),
        .init(
            "a tag without text",
            "<13>Nov 23 08:00:01 h a:",
            nil,
            "user",
            5,
            host: "h",
            app: "a",
            time: "2026-11-23T08:00:01.000Z"
        ),
    ]
}
