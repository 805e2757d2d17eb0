import HTTPTypes
import Testing

@testable import KomfyrHub

/// What is JSON (RFC 8259) is kept exactly, what is not is refused: asked of the route itself, with a value as a member
/// of `data`.
@Suite struct JSONConformanceTests {
    private let bed = APITestBed()

    /// Values that are JSON.
    private static let right: [String] = [
        // Literals, blanks.
        "null", "true", "false", "[]", "{}", "[ ]", "{ }", " 1 ", "\t[\t1\t,\t2\t]\t",
        // Numbers.
        "0", "-0", "1", "-1", "123", "0.1", "-0.1", "1.10", "1.0000000000000000000000001", "1e1", "1E1", "1e+1", "1e-1",
        "1E-0", "0e0", "0e+1", "0.0e0", "20e1", "1e400", "-1e400", "1e-400", "123e65", "9223372036854775808",
        "-9223372036854775809", "18446744073709551616", "123456789012345678901234567890", "0.30000000000000004",
        "-0.000000000000000000000000000000000000000000000000000000000000000000000000000001", "1.7976931348623157e309",
        // Strings.
        #""""#, #""a""#, #"" ""#, #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u0041""#, #""\u00e6""#, #""\u00E6""#,
        #""\uD83D\uDE39""#, #""\ud83d\ude39""#, #""\u2028\u2029""#, #""\uFFFF""#, #""\uFFFE""#, #""\uFDD0""#,
        #""\u005C\u0022""#, #""\\u0000""#, #""\\n""#, #""a/*b*/c/*d//e""#, "\"\u{7F}\"", "\"\u{80}\"", "\"æøå\"",
        "\"€𝄞\"",
        "\"\u{2028}\u{2029}\"", "\"\u{10FFFF}\"", "\"\u{FEFF}\"", #""\uFEFF""#, #""=1+1""#, #""</script>""#,
        // Lone surrogates are JSON by its grammar (RFC 8259 §8.2).
        #""\uD800""#, #""\uDC00""#, #""\uDC00\uD800""#, #""\uD800\uD800""#, #""\uD800\n""#,
        // Arrays.
        "[1]", "[1,2]", "[1,[2,[3]]]", #"[1,"a",null,{"b":[]}]"#, "[null,1,null]", "[[]]", "[{}]", "[[],[]]",
        // Objects.
        #"{"a":1}"#, #"{"a":1,"b":2}"#, #"{"":0}"#, #"{"a":{"b":{"c":[]}}}"#, #"{"a":[],"b":{}}"#, #"{"\u0061":1}"#,
        #"{"a\nb":1}"#, #"{"\u0000":1}"#, #"{"min":-1.0e+28,"max":1.0e+28}"#, #"{"æ":"ø"}"#, #"{"a":1,"a":2}"#,
        #"{"__proto__":{}}"#,
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    ]

    /// Texts that are no JSON value.
    private static let wrong: [String] = [
        // Literals, and what other languages have.
        "nul", "nulll", "True", "TRUE", "tru", "undefined", "NaN", "Infinity", "-Infinity", "None", "nil", "a", "'a'",
        "`a`", "@", "#", "", "1 2", "null null",
        // Numbers.
        "+1", "-", "--1", "- 1", "01", "-01", "00", "1.", ".1", "-.1", "1.e1", ".e1", "1e", "1e+", "1E-", "1ee1",
        "1e1.5",
        "0x1", "0b1", "1_000", "1,000", "1.2.3", "-1x", "1e1e1", "0e", "0.e1", "1.0e", "1.0e-", "2.e+3", "9.e+", "Inf",
        "+Inf", "-NaN", "１", "1a", "-a", "1\u{00A0}", "0.1.2", "1 000", "0 1", "-0x1", "1+2", "1-2",
        // Strings.
        #"""#, #""a"#, #"a""#, #""\x41""#, #""\a""#, #""\'""#, #""\0""#, #""\u""#, #""\u1""#, #""\u12""#, #""\u123""#,
        #""\u00G0""#, #""\U0041""#, #""\u{41}""#, #""\""#, #""\ ""#, #""\v""#, #""\e""#, #""\ud83\ude00""#, "\"\n\"",
        "\"\t\"",
        "\"\u{0}\"", "\"\u{1F}\"", "\"\r\"", "\"\u{1B}\"", #""a" "b""#, #""\🌀""#, #"'a"'"#, #"\u0020"a""#, #"“a”"#,
        // Arrays.
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "[1}", "[[1]", "[1]]", "[1;2]",
        "[1]x",
        "[\u{000B}1]", "[\u{000C}1]", "[1,\u{00A0}2]", "[a]", "[-]", "[\"a\",\n4\n,1,", "[1]\u{0}", "[...]", "(1)",
        "<1>",
        "[1\u{2028}]", "[\"\": 1]", "[\"x\", truth]", "*[1]",
        // Objects.
        "{", "}", #"{"a""#, #"{"a":"#, #"{"a":1"#, #"{"a":1,"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a"}"#, #"{"a" 1}"#,
        #"{"a":}"#,
        #"{:1}"#, #"{a:1}"#, #"{'a':1}"#, #"{1:1}"#, #"{"a":1 "b":2}"#, #"{"a":1,,"b":2}"#, #"{"a"::1}"#, #"{"a":1]"#,
        #"{"a","b"}"#, #"{null:1}"#, #"{"a":1;}"#, #"{"a":1}}"#, #"{"a":1}x"#, #"{"a":/*c*/1}"#, "{\"a\":1//c\n}",
        #"{"a":1}/**/"#, #"{"a":"b"}#"#, #"{[]:1}"#, #"{"a"=1}"#, #"{"a":b}"#, #"{"x": truth}"#, #"{"a":1,a:2}"#,
        #"{"\u":1}"#, #"{"a":"b",,"c":1}"#, "{\"\n\":1}", #"{"a":TRUE}"#, #"{"id":0,}"#,
    ]

    private func post(_ api: APIClient, _ value: String) async throws -> APIClient.Answer {
        try await api.post("/api/logs", "{\"message\":\"m\",\"data\":{\"v\":\(value)}}")
    }

    @Test func `what is JSON is taken and kept as it was sent`() async throws {
        try await bed.run { api async throws in
            // Foundation, which the answers are checked by, knows less JSON than this.
            var api = api
            api.isChecked = false
            for value in Self.right {
                let answer = try await post(api, value)
                #expect(answer.status == .ok, "\(value): \(answer.text)")
                let kept = "\"data\":{\"v\":\(value)},\"timestamp\""
                #expect(answer.text.utf8.contains(kept.utf8), "\(value): \(answer.text)")
            }
        }
        #expect(bed.store.appends == Self.right.count)
    }

    @Test func `what is not JSON is refused, in each kind of body`() async throws {
        try await bed.run { api async throws in
            for value in Self.wrong {
                let log = "{\"message\":\"m\",\"data\":{\"v\":\(value)}}"
                #expect(try await api.post("/api/logs", log).status.code / 100 == 4, "\(value)")
                #expect(try await api.post("/api/logs/batch", "[\(log)]").status.code / 100 == 4, "\(value)")
                if value.contains("\n") { continue }
                let lines = try await api.post("/api/logs/batch", log + "\n", type: "application/x-ndjson")
                #expect(lines.status.code / 100 == 4, "\(value)")
            }
        }
        #expect(bed.store.appends == 0)
    }

    @Test(arguments: [
        "null", "1", "\"a\"", "true", "{}", #"{"message":"m"}{"message":"n"}"#, #"{"message":"m"},"#,
        #"[{"message":"m"}"#,
        #"{"message":"m"}"# + "\u{0}", "\u{0}" + #"{"message":"m"}"#, "\u{FEFF}\u{FEFF}{}", #"/**/{"message":"m"}"#,
        #"{"message":"m"}//"#, #"{"message":"m"} x"#, #"{"message":"m" "level":"info"}"#, #"{"message" "m"}"#,
        "\u{FEFF}",
        #"{"message":m}"#, #"{message:"m"}"#, #"{'message':'m'}"#, #"{"message":"m",}"#, #"{,}"#, " ", "\n",
        "{\"message",
    ])
    func `a body that is no log is refused`(_ body: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs", body)
            #expect(answer.status == .badRequest || answer.status == .unprocessableContent, "\(answer.text)")
        }
        #expect(bed.store.appends == 0)
    }

    @Test(arguments: ["/api/logs", "/api/logs/batch"])
    func `a byte order mark before a body is read over`(_ path: String) async throws {
        try await bed.run { api async throws in
            let isBatch = path.hasSuffix("batch")
            let log = #"{"message":"m"}"#
            let answer = try await api.post(path, "\u{FEFF}" + (isBatch ? "[\(log)]" : log))
            #expect(answer.status == .ok, "\(answer.text)")
            if isBatch {
                let lines = try await api.post(path, "\u{FEFF}\(log)\n\(log)\n", type: "application/x-ndjson")
                #expect(try lines.json["ingested"]?.int == 2)
                #expect(try lines.json["rejected"]?.int == 0)
            }
        }
    }

    @Test(
        arguments: [
            [0xFF], [0xC3, 0x28], [0xE2, 0x82], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xC0, 0xAF],
            [0xF4, 0x90, 0x80, 0x80], [0x80],
        ] as [[UInt8]]
    )
    func `broken UTF-8 in a text is repaired, never refused`(_ bytes: [UInt8]) async throws {
        try await bed.run { api async throws in
            let body = Array(#"{"message":"a"#.utf8) + bytes + Array(#"b"}"#.utf8)
            let answer = try await api.post("/api/logs", bytes: body)
            #expect(answer.status == .ok)
            let message = try #require(try answer.json["message"]?.text)
            #expect(message.hasPrefix("a\u{FFFD}") && message.hasSuffix("b"))
        }
    }

    @Test(
        arguments: [
            [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], [0xFE, 0xFF, 0x00, 0x7B, 0x00, 0x7D], [0x7B, 0x00, 0x7D, 0x00],
        ] as [[UInt8]]
    )
    func `UTF-16 is refused`(_ body: [UInt8]) async throws {
        try await bed.run { api async throws in
            #expect(try await api.post("/api/logs", bytes: body).status.code / 100 == 4)
        }
    }

    @Test(arguments: [63, 64, 65, 1_000, 100_000])
    func `nesting is bounded`(_ depth: Int) async throws {
        try await bed.run { api async throws in
            for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
                let inner = open == "[" ? "" : "1"
                let value = String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
                let status = try await post(api, value).status
                #expect(status == .ok || status.code / 100 == 4)
                #expect((status == .ok) == (depth < 64), "\(depth)")
            }
            let unclosed = try await api.post("/api/logs", String(repeating: "[", count: depth))
            #expect(unclosed.status.code / 100 == 4)
        }
    }
}

extension String.UTF8View {
    /// Whether another text stands in this one, byte for byte.
    fileprivate func contains(_ other: String.UTF8View) -> Bool {
        let wanted = Array(other)
        let bytes = Array(self)
        guard wanted.count <= bytes.count else { return false }
        return (0...bytes.count - wanted.count).contains { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
}
