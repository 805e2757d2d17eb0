import EventLoop
import Testing

@testable import KomfyrAgent

struct JSONDatagramReaderTests {
    private static func read(
        _ input: [UInt8],
        token: String? = nil,
        tags: [String] = [],
        group: String = "device:{source}"
    ) throws -> (JSONDatagramReader.Outcome, String) {
        var reader = JSONDatagramReader(.init(group: try GroupTemplate(group), tags: tags), token: token)
        var output: [UInt8] = []
        let outcome = input.withUnsafeBytes { bytes in
            reader.append(
                bytes,
                from: .init(peer: SyslogMessagesTests.peer, arrival: SyslogCase.arrival),
                to: &output
            )
        }
        return (outcome, String(decoding: output, as: UTF8.self))
    }

    private static func line(
        _ members: String,
        level: String = "info",
        group: String = "device:10.0.0.9",
        data: String? = nil,
        time: String = SyslogCase.arrivalText,
        source: String = "10.0.0.9"
    ) -> String {
        let message = members.isEmpty ? "" : members + ","
        let data = data.map { "\"data\":{\($0)}," } ?? ""
        return "{\(message)\"level\":\"\(level)\",\"group\":\"\(group)\",\(data)\"timestamp\":\"\(time)\","
            + "\"source\":\"\(source)\"}\n"
    }

    @Test(arguments: [
        (#"{"site":"oslo","x":1}"#, "device:oslo:10.0.0.9"), (#"{"x":1}"#, "device:nowhere:10.0.0.9"),
        (#"{"site":{"name":"a:b"},"host":"esp"}"#, "device:a_b:esp"), (#"{"site":7}"#, "device:7:10.0.0.9"),
        (#"{"data":{"site":"l\u00f8kka"}}"#, "device:løkka:10.0.0.9"),
        (#"{"site":null,"x":1}"#, "device:nowhere:10.0.0.9"),
        (#"{"site":[],"x":1}"#, "device:nowhere:10.0.0.9"), (#"{"site.name":true}"#, "device:true:10.0.0.9"),
    ])
    func `a group can be made of members, with another when they are missing`(input: String, group: String) throws {
        let template = "device:{data.site.name|data.site|'nowhere'}:{hostname}"
        let (outcome, line) = try Self.read(Array(input.utf8), group: template)
        #expect(outcome == .parsed)
        #expect(line.contains("\"group\":\"\(group)\""), "\(line)")
    }

    static let objects: [(input: String, line: String)] = [
        (#"{"temperature": 21.5}"#, line("", data: #""temperature":21.5"#)),
        (
            "{\"temperature\":21.5,\"group\":\"warehouse:freezer-3\"}\n",
            line("", group: "warehouse:freezer-3", data: #""temperature":21.5"#)
        ),
        (
            #"{"n":100000000000000000000000.10,"e":-1E+3}"#,
            line("", data: #""n":100000000000000000000000.10,"e":-1E+3"#)
        ),
        (
            #"{"message":"low \"x\" \u00e6","level":"warn","source":"esp-1","timestamp":"2026-11-23T11:59:58.5Z"}"#,
            line(
                #""message":"low \"x\" \u00e6""#,
                level: "warning",
                group: "device:esp-1",
                time: "2026-11-23T11:59:58.500Z",
                source: "esp-1"
            )
        ),
        (
            #"{"msg":"hi","severity":3,"ts":1795435199.25,"hostname":"pi"}"#,
            line(
                #""message":"hi""#,
                level: "error",
                group: "device:pi",
                time: "2026-11-23T11:59:59.250Z",
                source: "pi"
            )
        ),
        (#"{"message":"a","msg":"b"}"#, line(#""message":"a""#, data: #""msg":"b""#)),
        (#"{"msg":"b","message":"a"}"#, line(#""message":"a""#, data: #""msg":"b""#)),
        (#"{"message":7}"#, line(#""message":"7""#)),
        (#"{"message":{"a":1}}"#, line("", data: #""message":{"a":1}"#)),
        (#"{"a":1,"data":{"b":2,"a":3},"a":4}"#, line("", data: #""a":1,"b":2,"a_2":3,"a_3":4"#)),
        (#"{"a_2":1,"a":2,"\u0061":3}"#, line("", data: #""a_2":1,"a":2,"\u0061_3":3"#)),
        (#"{"data":[1,2]}"#, line("", data: #""data":[1,2]"#)),
        (#"{"a":1,"data":null,"group":null,"level":null}"#, line("", data: #""a":1"#)),
        (#"{"a":1,"time":12345}"#, line("", data: #""a":1,"time":12345"#)),
        (#"{"a":1,"timestamp":12345}"#, line("", data: #""a":1,"device_time":12345"#)),
        (#"{"a":1,"level":"purple"}"#, line("", data: #""a":1,"level":"purple""#)),
        (#"{"a":1,"group":"a::b"}"#, line("", data: #""a":1,"group":"a::b""#)),
        (#"{"a":1,"host":{"name":"x"}}"#, line("", data: #""a":1,"host":{"name":"x"}"#)),
        (#"{"id":"x","received_at":"y"}"#, line("", data: #""id":"x","received_at":"y""#)),
        (#"{"a":1,"token":"t"}"#, line("", data: #""a":1,"token":"t""#)),
        ("{\"a\":[1,\n2],\r\n\"b\" : {\n} }", line("", data: #""a":[1,2],"b":{}"#)),
    ]

    @Test(arguments: objects.indices)
    func `an object gives this line`(_ index: Int) throws {
        let (input, line) = Self.objects[index]
        let (outcome, output) = try Self.read(Array(input.utf8))
        #expect(outcome == .parsed)
        #expect(output == line)
    }

    @Test(arguments: [
        ("hello", "hello"), ("{\"t\": nan}", #"{\"t\": nan}"#), ("[1]", "[1]"), ("{}", "{}"),
        ("{\"a\":1} x", #"{\"a\":1} x"#),
        ("{\"a\":01}", #"{\"a\":01}"#), (#"{"group":"x"}"#, #"{\"group\":\"x\"}"#), ("21.5", "21.5"),
    ])
    func `what is no log is kept whole`(input: String, message: String) throws {
        let (outcome, output) = try Self.read(Array(input.utf8))
        #expect(outcome == .unparsed)
        #expect(
            output
                == "{\"message\":\"\(message)\",\"level\":\"info\",\"group\":\"device:10.0.0.9\",\"tags\":[\"unparsed\"],"
                + "\"data\":{},\"timestamp\":\"2026-11-23T12:00:00.000Z\",\"source\":\"10.0.0.9\"}\n"
        )
    }

    @Test func `tags join those of the configuration, unless they are none`() throws {
        let some = try Self.read(Array(#"{"a":1,"tags":["x", "y"]}"#.utf8), tags: ["s"]).1
        #expect(some.contains(#""tags":["s","x", "y"]"#))
        let one = try Self.read(Array(#"{"a":1,"tags":"x"}"#.utf8), tags: ["s"]).1
        #expect(one.contains(#""tags":["s","x"]"#))
        let none = try Self.read(Array(#"{"a":1,"tags":[]}"#.utf8), tags: ["s"]).1
        #expect(none.contains(#""tags":["s"]"#))
        let wrong = try Self.read(Array(#"{"a":1,"tags":["x",5]}"#.utf8)).1
        #expect(wrong.contains(#""data":{"a":1,"tags":["x",5]}"#))
    }

    @Test func `the token is asked for, compared and left out`() throws {
        let right = try Self.read(Array(#"{"a":1,"token":"s3cret"}"#.utf8), token: "s3cret")
        #expect(right.0 == .parsed)
        #expect(right.1.contains(#""data":{"a":1}"#) && !right.1.contains("s3cret"))
        for input in [
            #"{"a":1}"#, #"{"a":1,"token":"s3creT"}"#, #"{"a":1,"token":5}"#, "text", #"{"token":"s3cret"} x"#,
        ] {
            let wrong = try Self.read(Array(input.utf8), token: "s3cret")
            #expect(wrong.0 == .wrongToken && wrong.1.isEmpty, "\(input)")
        }
        // Nothing is wrong with the token of a log that says nothing; kept whole, it would show it.
        let silent = try Self.read(Array(#"{"level":"error","token":"s3cret"}"#.utf8), token: "s3cret")
        #expect(silent.0 == .empty && silent.1.isEmpty)
    }

    @Test func `bytes that are not UTF-8 are repaired and the object is read`() throws {
        let (outcome, output) = try Self.read(Array("{\"a\":\"x".utf8) + [0xFF] + Array("\"}".utf8))
        #expect(outcome == .parsed)
        #expect(output.contains("\"data\":{\"a\":\"x\u{FFFD}\"}"))
    }

    @Test func `nothing is nothing`() throws {
        for input in [[], [0x0A], [0x20, 0, 0x0D]] as [[UInt8]] {
            #expect(try Self.read(input).0 == .empty)
        }
    }
}
