import CZlib
import CZstd
import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

private let arrival: Int64 = 1_795_411_432_123_000_000
private let hour: Int64 = 3_600_000_000_000

/// A log as the tests compare it.
private struct Row: Equatable, CustomStringConvertible {
    var message: String
    var level: Level = .info
    var group: String?
    var tags = ""
    var data = ""
    var source = ""
    var timestamp = arrival
    var position: UInt32 = 0

    var description: String { "\(position) \(level) \(group ?? "-") \(tags) \(message) \(data) \(source) \(timestamp)" }
}

private func context(
    _ format: BodyFormat,
    encoding: BodyEncoding = .identity,
    defaults: RequestDefaults = RequestDefaults(),
    refused: [UInt32]? = nil,
    limit: Int = ProtocolLimits.bodyBytes
) -> BodyDecoder.Context {
    BodyDecoder.Context(
        format: format,
        encoding: encoding,
        defaults: defaults,
        arrival: arrival,
        window: (arrival - 48 * hour)...(arrival + 24 * hour),
        refusedPositions: refused,
        limit: limit
    )
}

private func decode(_ body: [UInt8], _ context: BodyDecoder.Context) throws -> DecodedBody {
    let decoder = BodyDecoder()
    return try decoder.decode(body, context)
}

private func decode(_ body: String, _ format: BodyFormat) throws -> DecodedBody {
    try decode(Array(body.utf8), context(format))
}

private func rows(_ body: DecodedBody) -> [Row] {
    let columns = body.columns
    let text = { (range: TextRange) in String(decoding: columns.bytes(range), as: UTF8.self) }
    return (0..<columns.count)
        .map { index in
            Row(
                message: text(columns.messages[index]),
                level: Level(rawValue: columns.levels[index]) ?? .critical,
                group: body.groupNames[Int(body.groups[index])],
                tags: text(columns.tags[index]),
                data: text(columns.data[index]),
                source: text(columns.sources[index]),
                timestamp: columns.timestamps[index],
                position: body.positions[index]
            )
        }
}

/// A zstd frame with the largest window that is taken, which does not name its size.
private func packedWithLargeWindow(_ bytes: [UInt8]) -> [UInt8] {
    let zstd = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(zstd) }
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, HubLimits.zstdWindowLog)
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0)
    var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let count = ZSTD_compress2(zstd, &packed, packed.count, bytes, bytes.count)
    return Array(packed[..<count])
}

struct BodyDecoderTests {
    @Test func `a whole log is taken with every field`() throws {
        let body = try decode(
            #"{"message":"disk \"almost\" full","level":"WARN","group":"dc:rack-1","tags":["disk","a\"b","disk"],"data":{"t": 1.10, "e":1e400,"n":{"x":[null]}},"timestamp":"2026-11-23T05:23:52.5Z","source":"web-01","unknown":[1,{}]}"#,
            .single
        )
        #expect(
            rows(body) == [
                Row(
                    message: "disk \"almost\" full",
                    level: .warning,
                    group: "dc:rack-1",
                    tags: #"["disk","a\"b"]"#,
                    data: #"{"t": 1.10, "e":1e400,"n":{"x":[null]}}"#,
                    source: "web-01",
                    timestamp: 1_795_411_432_500_000_000
                )
            ]
        )
        #expect(body.refusals.isEmpty)
    }

    @Test func `a log with a group and data alone gets its message from the data`() throws {
        let body = try decode(
            #"{"group":"warehouse:freezer-3","data":{"temperature":-18.50,"door":"open","note":"two words","ok":true,"n":{"a":1},"e":""}}"#,
            .single
        )
        #expect(
            rows(body).first?.message
                == #"temperature=-18.50 door=open note="two words" ok=true n={"a":1} e="""#
        )
        #expect(try rows(decode(#"{"data":{}}"#, .single)).first?.message == "{}")
        #expect(try rows(decode(#"{"message":"","data":{"a":1}}"#, .single)).first?.message == "a=1")
        #expect(try rows(decode(#"{"message":null,"data":{"a":1}}"#, .single)).first?.message == "a=1")
    }

    @Test func `nulls and names with escapes are read as what they are`() throws {
        let body = try decode(
            #"{"mess\u0061ge":"x","level":null,"group":null,"tags":null,"data":null,"timestamp":null,"source":null}"#,
            .single
        )
        #expect(rows(body) == [Row(message: "x")])
    }

    @Test(
        arguments: [
            (#"{"level":"info"}"#, "missing", ["message"]), (#"{"message":""}"#, "missing", ["message"]),
            (#"{"message":1}"#, "string_type", ["message"]),
            (#"{"message":"x","level":"loud"}"#, "enum", ["level"]),
            (#"{"message":"x","level":true}"#, "enum", ["level"]),
            (#"{"message":"x","group":1}"#, "string_type", ["group"]),
            (#"{"message":"x","group":"a::b"}"#, "group_name", ["group"]),
            (#"{"message":"x","group":"a*"}"#, "group_name", ["group"]),
            (#"{"message":"x","tags":"a"}"#, "list_type", ["tags"]),
            (#"{"message":"x","tags":[1]}"#, "string_type", ["tags"]),
            (#"{"message":"x","data":[1]}"#, "dict_type", ["data"]),
            (#"{"message":"x","data":"a"}"#, "dict_type", ["data"]),
            (#"{"message":"x","timestamp":"yesterday"}"#, "datetime_parsing", ["timestamp"]),
            (#"{"message":"x","timestamp":{}}"#, "datetime_parsing", ["timestamp"]),
            (#"{"message":"x","timestamp":"2026-11-20T00:00:00Z"}"#, "too_old", ["timestamp"]),
            (#"{"message":"x","timestamp":1796411432}"#, "too_new", ["timestamp"]),
            (#"{"message":"x","source":5}"#, "string_type", ["source"]), ("5", "dict_type", []),
            ("[]", "dict_type", []),
        ] as [(String, String, [String])]
    )
    func `a bad log costs only itself and says what is wrong`(log: String, type: String, location: [String]) throws {
        let array = try decode("[{\"message\":\"first\"},\(log),{\"message\":\"last\"}]", .batch)
        #expect(rows(array).map(\.message) == ["first", "last"])
        #expect(array.positions == [0, 2])
        #expect(array.positionCount == 3)
        #expect(array.refusals.map(\.index) == [1])
        #expect(array.refusals.first?.type == type)
        #expect(array.refusals.first?.location == location)
        let lines = try decode("{\"message\":\"first\"}\n\(log)\r\n\n{\"message\":\"last\"}", .ndjson)
        #expect(rows(lines) == rows(array))
        #expect(lines.refusals == array.refusals)
    }

    @Test func `sizes are held to their limits, which are taken themselves`() throws {
        func log(_ member: String, _ value: String) -> String { "{\"message\":\"x\",\"\(member)\":\(value)}" }
        func string(_ count: Int) -> String { "\"" + String(repeating: "a", count: count) + "\"" }
        func tags(_ count: Int) -> String { "[" + (0..<count).map { "\"t\($0)\"" }.joined(separator: ",") + "]" }
        let cases: [(String, String)] = [
            (
                "{\"message\":\(string(ProtocolLimits.messageBytes))}",
                "{\"message\":\(string(ProtocolLimits.messageBytes + 1))}"
            ),
            (log("group", string(255)), log("group", string(256))),
            (log("source", string(255)), log("source", string(256))),
            (log("tags", "[\(string(128))]"), log("tags", "[\(string(129))]")),
            (log("tags", tags(64)), log("tags", tags(65))),
            (
                log("data", "{\"a\":\(string(ProtocolLimits.dataBytes - 8))}"),
                log("data", "{\"a\":\(string(ProtocolLimits.dataBytes - 7))}")
            ),
        ]
        for (good, bad) in cases {
            #expect(try decode(good, .single).refusals.isEmpty)
            #expect(try decode(bad, .single).refusals.count == 1)
        }
    }

    @Test func `all forms of a batch give the same logs`() throws {
        let logs = [
            #"{"message":"a","group":"g"}"#, #"{"message":"b","tags":["x"]}"#,
            #"{"message":"c","group":"g","source":"s"}"#,
        ]
        let array = try decode("[" + logs.joined(separator: " ,\n") + "]", .batch)
        let object = try decode("{\"x\":[],\"logs\":[" + logs.joined(separator: ",") + "],\"y\":null}", .batch)
        let lines = try decode(logs.joined(separator: "\n"), .ndjson)
        #expect(rows(array).count == 3)
        #expect(rows(array) == rows(object))
        #expect(rows(array) == rows(lines))
        for empty in ["[]", " [ ] ", "{\"logs\":[]}"] { #expect(try decode(empty, .batch).positionCount == 0) }
        for empty in ["", "\n", " \r\n\n"] { #expect(try decode(empty, .ndjson).positionCount == 0) }
    }

    @Test func `line breaks between the members of data become blanks`() throws {
        let body = try decode("{\"message\":\"x\",\"data\":{\n\"a\": \"l1\\nl2\",\r\n\"b\":1}}", .single)
        #expect(rows(body).first?.data == "{ \"a\": \"l1\\nl2\",  \"b\":1}")
    }

    @Test func `defaults are for logs that lack them`() throws {
        let defaults = RequestDefaults(group: "d:g", tags: ["t\"1", "t2"], source: "ds", level: .error)
        let body = Array(
            #"[{"message":"a"},{"message":"b","group":"own","tags":[],"source":"me","level":"debug"},{"message":"c","group":null,"tags":null}]"#
                .utf8
        )
        let decoded = try decode(body, context(.batch, defaults: defaults))
        #expect(
            rows(decoded) == [
                Row(message: "a", level: .error, group: "d:g", tags: #"["t\"1","t2"]"#, source: "ds"),
                Row(message: "b", level: .debug, group: "own", source: "me", position: 1),
                Row(message: "c", level: .error, group: "d:g", tags: #"["t\"1","t2"]"#, source: "ds", position: 2),
            ]
        )
    }

    @Test func `broken UTF-8 is repaired and counted, never refused`() throws {
        let body = Array("[{\"message\":\"bl".utf8) + [0xE5] + Array("b\"},{\"message\":\"ok\"}]".utf8)
        let decoded = try decode(body, context(.batch))
        #expect(rows(decoded).map(\.message) == ["bl\u{FFFD}b", "ok"])
        #expect(decoded.repairs == 1)
    }

    @Test func `broken UTF-8 is repaired also where another line is no JSON`() throws {
        let body =
            Array("{\"message\":\"cut\n{\"message\":\"bl".utf8) + [0xE5]
            + Array("b\"}\n{\"message\":\"ok\"}\n".utf8)
        let decoded = try decode(body, context(.ndjson))
        #expect(rows(decoded).map(\.message) == ["bl\u{FFFD}b", "ok"])
        #expect(decoded.refusals.map(\.index) == [0])
        #expect(decoded.repairs == 1)
    }

    @Test func `a carriage return within a line's data becomes a blank`() throws {
        let body = try decode("{\"message\":\"x\",\"data\":{\r\"a\":1}}\r\n", .ndjson)
        #expect(rows(body).first?.data == "{ \"a\":1}")
    }

    @Test func `a tag is only a repeat of a whole tag`() throws {
        let body = try decode(#"{"message":"x","tags":["a","b",",","q\"b\"","b\"","a",",","b\""]}"#, .single)
        #expect(rows(body).first?.tags == #"["a","b",",","q\"b\"","b\""]"#)
    }

    @Test func `a group that only refused logs name is not the body's`() throws {
        let bad = [
            #"{"message":"x","group":"old","timestamp":"1999-01-01T00:00:00Z"}"#, #"{"group":"silent"}"#,
            #"{"message":"x","group":"sourced","source":7}"#, #"{"message":"x","group":"trailed"} x"#,
        ]
        let body = try decode(bad.joined(separator: "\n") + "\n{\"message\":\"x\",\"group\":\"good\"}\n", .ndjson)
        #expect(body.groupNames == ["good"])
        #expect(rows(body) == [Row(message: "x", group: "good", position: 4)])
        #expect(body.refusals.map(\.index) == [0, 1, 2, 3])
    }

    @Test func `defaults are kept once, however many logs share them`() throws {
        let tag = String(repeating: "t", count: 100)
        let defaults = RequestDefaults(tags: [tag], source: String(repeating: "s", count: 200))
        let lines = String(repeating: "{\"message\":\"m\"}\n{\"message\":\"m\"} x\n", count: 500)
        let body = try decode(Array(lines.utf8), context(.ndjson, defaults: defaults))
        #expect(rows(body).allSatisfy { $0.tags == "[\"\(tag)\"]" && $0.source == defaults.source })
        #expect(body.columns.count == 500 && body.columns.text.count - lines.utf8.count < 1_000)
    }

    @Test func `many logs in one answer enlarge its buffer some times, not once each`() {
        var log = StoredLog(
            id: LogID(timestamp: arrival, hub: 1, group: 1, sequence: 1),
            sequence: 1,
            timestamp: arrival,
            receivedAt: arrival,
            level: .info,
            message: Array("a message".utf8),
            tags: [],
            data: [],
            source: []
        )
        log.group = "g"
        var output: [UInt8] = []
        var enlarged = 0
        for _ in 0..<5_000 {
            let before = output.capacity
            LogEncoder.append(log, to: &output)
            if output.capacity != before { enlarged += 1 }
        }
        #expect(enlarged < 30)
    }

    @Test(arguments: [0, JSONScanner.padding - 1, JSONScanner.padding, 4_096])
    func `a body is decoded the same wherever it lies`(_ room: Int) throws {
        let text =
            ##"[{"message":"as it stands","tags":["a","b"],"data":{"x":1.10},"source":"s"},"##
            + ##"{"message":"with \n escapes","tags":[ "a","b" ],"data":{"x":"\u0041"},"source":"\u0073"},"##
            + ##"{"message":"as it stands","tags":["a","\u0062"],"data":{"x":\##n1.10},"source":"s"}]"##
        var body: [UInt8] = []
        body.reserveCapacity(text.utf8.count + room)
        body.append(contentsOf: text.utf8)
        let before = body
        let columns = try decode(body, context(.batch)).columns
        #expect(body == before)
        let messages = columns.messages.map { String(decoding: columns.bytes($0), as: UTF8.self) }
        #expect(messages == ["as it stands", "with \n escapes", "as it stands"])
        #expect(columns.tags.allSatisfy { columns.bytes($0).elementsEqual(##"["a","b"]"##.utf8) })
        #expect(columns.sources.allSatisfy { columns.bytes($0).elementsEqual("s".utf8) })
        let data = columns.data.map { String(decoding: columns.bytes($0), as: UTF8.self) }
        #expect(data == [##"{"x":1.10}"##, ##"{"x":"\u0041"}"##, ##"{"x": 1.10}"##])
    }

    /// Tags that stand as they are kept are not written anew; all others are, with the same outcome.
    @Test(arguments: [
        (##"["a","b"]"##, ##"["a","b"]"##), (##"[ "a" , "b" ]"##, ##"["a","b"]"##),
        (##"["a" ,"b"]"##, ##"["a","b"]"##), (##"["a","b" ]"##, ##"["a","b"]"##),
        (##"["a","a"]"##, ##"["a"]"##), (##"["ab","a","b","ab"]"##, ##"["ab","a","b"]"##),
        (##"["a,","a"]"##, ##"["a,","a"]"##), (##"["","a"]"##, ##"["a"]"##), (##"["a",""]"##, ##"["a"]"##),
        (##"["\u0061","a"]"##, ##"["a"]"##), (##"["a\"b"]"##, ##"["a\"b"]"##), ("[]", ""), ("[ ]", ""),
        (##"[""]"##, ""), ("null", ""),
    ])
    func `tags are kept once each, without blanks`(_ sent: String, _ kept: String) throws {
        let columns = try decode(##"[{"message":"m","tags":\##(sent)}]"##, .batch).columns
        #expect(columns.count == 1)
        #expect(columns.tags.map { String(decoding: columns.bytes($0), as: UTF8.self) } == [kept])
    }

    @Test func `too many tags are refused however they stand`() throws {
        for separator in [",", " ,"] {
            let tags = (0...ProtocolLimits.tags).map { "\"t\($0)\"" }.joined(separator: separator)
            let body = try decode(##"[{"message":"m","tags":[\##(tags)]}]"##, .batch)
            #expect(body.columns.count == 0)
            #expect(body.refusals.map(\.location) == [["tags"]])
        }
    }

    @Test func `a large body leaves no large memory behind`() throws {
        let decoder = BodyDecoder()
        for format in [BodyFormat.batch, .ndjson] {
            let large = [UInt8](repeating: UInt8(ascii: "["), count: 3 << 20)
            _ = try? decoder.decode(large, context(format))
            let cut = Array("\"cut\n".utf8) + large
            _ = try? decoder.decode(cut, context(format))
            #expect(decoder.memory <= 3 * HubLimits.decoderScratchBytes)
        }
        let packed = packedWithLargeWindow([UInt8](repeating: UInt8(ascii: "["), count: 20 << 20))
        _ = try? decoder.decode(packed, context(.batch, encoding: .zstd))
        #expect(decoder.memory <= HubLimits.decoderScratchBytes)
        let small = Array("{\"message\":\"m\"}".utf8)
        #expect(try decoder.decode(small, context(.single)).columns.count == 1)
    }

    @Test func `a line whose string is not closed costs one line`() throws {
        let body = try decode(
            "{\"message\":\"a\"}\n{\"message\":\"b\n{\"message\":\"c\"}\n{\"message\":\"d\"} x\n{\"message\":\"e\"}",
            .ndjson
        )
        #expect(rows(body).map(\.message) == ["a", "c", "e"])
        #expect(body.refusals.map(\.index) == [1, 3])
        #expect(body.refusals.allSatisfy { $0.type == "json_invalid" })
    }

    @Test func `a log that nests too deeply costs only itself`() throws {
        let deep =
            "{\"message\":\"x\",\"data\":{\"a\":" + String(repeating: "[", count: 100)
            + String(repeating: "]", count: 100) + "}}"
        let body = try decode("[\(deep),{\"message\":\"b\"}]", .batch)
        #expect(rows(body).map(\.message) == ["b"])
        #expect(body.refusals.map(\.type) == ["too_deep"])
        let lines = try decode("\(deep)\n{\"message\":\"b\"}", .ndjson)
        #expect(rows(lines).map(\.message) == ["b"])
    }

    @Test(arguments: [
        "", "{", "[", "[{]", "[{\"message\":\"a\"},]", "[{\"message\":01}]", "nope", "[{\"message\":\"a\"}] x",
        "{\"logs\":[}",
    ])
    func `what is not JSON is refused whole`(text: String) {
        #expect(throws: BodyProblem.self) { try decode(text, .batch) }
        #expect(throws: BodyProblem.self) { try decode(text, .single) }
    }

    @Test(arguments: ["5", "\"x\"", "{}", "{\"logs\":5}", "{\"logs\":[],\"logs\":[]}", "null"])
    func `what is JSON but no batch is invalid`(text: String) {
        do {
            _ = try decode(text, .batch)
            Issue.record("taken: \(text)")
        } catch BodyProblem.invalid {
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func `a body has a bounded number of logs`() throws {
        let most = HubLimits.logsPerBody
        #expect(try decode(String(repeating: "1\n", count: most), .ndjson).refusals.count == most)
        #expect(throws: BodyProblem.self) { try decode(String(repeating: "1\n", count: most + 1), .ndjson) }
        #expect(throws: BodyProblem.self) { try decode("[" + String(repeating: "1,", count: most) + "1]", .batch) }
    }

    @Test func `replay takes what was taken and refuses what was refused, whatever the rules say now`() throws {
        let text = #"[{"message":"old","timestamp":"2020-01-01T00:00:00Z"},{"message":"b"},{"message":"c"},5]"#
        let decoded = try decode(Array(text.utf8), context(.batch, refused: [1, 3]))
        #expect(rows(decoded).map(\.message) == ["old", "c"])
        #expect(decoded.positions == [0, 2])
        #expect(decoded.positionCount == 4)
        let lines = Array("{\"message\":\"a\"}\n{broken\n{\"message\":\"c\"}".utf8)
        #expect(try rows(decode(lines, context(.ndjson, refused: [1]))).map(\.message) == ["a", "c"])
    }
}

/// Bodies of which little is kept: they wait for Redis with what is kept of them.
struct CompactBodyTests {
    /// Logs and what else stands between them: blanks, refused logs, members that nobody knows.
    private static func body(_ filler: String, repeated: Int) -> [UInt8] {
        var text = Array("[".utf8)
        for index in 0..<4 {
            let log =
                #"{"message":"kept \#(index) \u0041","group":"g\#(index % 2)","tags":["t","\#(long)"],"#
                + #""data":{"a":\#(index)},"source":"\#(index % 2 == 0 ? long : "s")"},"#
            text += Array(log.utf8)
            for _ in 0..<repeated { text += Array(filler.utf8) }
        }
        return text + Array(#"{"message":"last"}]"#.utf8)
    }

    private static let long = String(repeating: "x", count: 100)

    private static let fillers: [(String, Int)] = [
        (String(repeating: " ", count: 1 << 20), 15),
        (#"{"message":"of no level","level":"none at all, \#(String(repeating: "y", count: 4_000))"},"#, 1_000),
        (#"{"message":"m","unknown":"\#(String(repeating: "z", count: 900_000))"},"#, 16),
    ]

    private static func request(_ body: [UInt8], _ encoding: BodyEncoding) throws -> IngestRequest {
        var defaults = RequestDefaults()
        defaults.tags = [long, long + "2"]
        let decoded = try decode(body, context(.batch, encoding: encoding, defaults: defaults))
        return IngestRequest(
            body: body,
            format: .batch,
            encoding: encoding,
            defaults: defaults,
            arrival: arrival,
            identity: nil,
            decoded: decoded
        )
    }

    @Test(arguments: 0..<3)
    func `what is kept of a large body is what is kept of a small one, and holds no more than that`(
        _ filler: Int
    ) throws {
        let (text, count) = Self.fillers[filler]
        let small = try Self.request(Self.body(text, repeated: 1), .identity)
        let large = try Self.request(Self.body(text, repeated: count), .identity)
        let ofLarge = rows(large.decoded).filter { $0.message != "m" }
        let ofSmall = rows(small.decoded).filter { $0.message != "m" }
        #expect(ofLarge.count == 5)
        for (left, right) in zip(ofLarge, ofSmall) {
            var same = left
            same.position = right.position
            #expect(same == right)
        }
        #expect(large.body.count > 15 << 20 || filler == 1)
        #expect(large.decoded.columns.text.count < 16 << 10)
    }

    @Test func `what most of a body is kept of stays where it stands`() throws {
        let lines = String(repeating: #"{"message":"\#(String(repeating: "m", count: 200))"}"# + "\n", count: 4_000)
        let decoded = try decode(lines, .ndjson)
        #expect(decoded.columns.text.count == lines.utf8.count)
        #expect(rows(decoded).allSatisfy { $0.message.count == 200 })
    }

    @Test func `logs that share long defaults share them in what is kept, too`() throws {
        var text = Array("[".utf8)
        for _ in 0..<5_000 { text += Array(#"{"message":"m"},"#.utf8) }
        text += [UInt8](repeating: 0x20, count: 1 << 20) + Array(#"{"message":"last"}]"#.utf8)
        let columns = try Self.request(text, .identity).decoded.columns
        #expect(columns.count == 5_001)
        #expect(Set(columns.tags.map(\.offset)).count == 1)
        #expect(columns.text.count < 16 << 10)
        #expect(String(decoding: columns.bytes(columns.tags[5_000]), as: UTF8.self).hasSuffix(#"x2"]"#))
    }

    @Test func `packed bodies that unpack to 64 MiB of next to nothing leave the open commit to others`() async throws {
        let plain = Self.body(String(repeating: " ", count: (ProtocolLimits.bodyBytes >> 2) - 600), repeated: 1)
        #expect(plain.count <= ProtocolLimits.bodyBytes && plain.count > ProtocolLimits.bodyBytes - 4_096)
        let large = try Self.request(DecompressorTests.deflated(plain, windowBits: 31), .gzip)
        let small = try Self.request(Array(#"[{"message":"m"}]"#.utf8), .identity)
        let queue = OpenCommit(arrived: Signal())
        queue.open()
        let tasks = (0..<40).map { index in Task { await queue.append(index % 2 == 0 ? large : small) } }
        var taken: [OpenCommit.Waiting] = []
        let deadline = ContinuousClock.now + .seconds(60)
        while taken.count < tasks.count, ContinuousClock.now < deadline {
            taken += queue.take()
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(taken.count == tasks.count)
        queue.answer(taken, taken.map { _ in .failure(.stopping) })
        for task in tasks { _ = await task.value }
    }
}

struct DecompressorTests {
    private static let text = Array(String(repeating: #"{"message":"again and again"}"# + "\n", count: 5_000).utf8)

    fileprivate static func deflated(_ bytes: [UInt8], windowBits: Int32) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(
            &stream,
            6,
            Z_DEFLATED,
            windowBits,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count + 1_000)
        let written = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.next_in = source.baseAddress
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(target.count)
                deflate(&stream, Z_FINISH)
                return target.count - Int(stream.avail_out)
            }
        }
        return Array(output[..<written])
    }

    private static func zstd(_ bytes: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = ZSTD_compress(&output, output.count, bytes, bytes.count, 3)
        return Array(output[..<count])
    }

    private static func unpack(_ body: [UInt8], _ encoding: BodyEncoding, limit: Int = 64 << 20) throws -> [UInt8] {
        let output = PaddedBuffer()
        let decompressor = Decompressor()
        try body.withUnsafeBytes { try decompressor.unpack($0, encoding: encoding, limit: limit, into: output) }
        return Array(output.bytes)
    }

    private static let packed: [(BodyEncoding, [UInt8])] = [
        (.gzip, deflated(text, windowBits: 31)), (.deflate, deflated(text, windowBits: 15)),
        (.deflate, deflated(text, windowBits: -15)),
        (.zstd, zstd(text)), (.identity, text),
    ]

    @Test func `every encoding is unpacked`() throws {
        for (encoding, body) in Self.packed { #expect(try Self.unpack(body, encoding) == Self.text) }
        let half = Self.text.count / 2
        let twoMembers =
            Self.deflated(Array(Self.text[..<half]), windowBits: 31)
            + Self.deflated(Array(Self.text[half...]), windowBits: 31)
        #expect(try Self.unpack(twoMembers, .gzip) == Self.text)
        let twoFrames = Self.zstd(Array(Self.text[..<half])) + Self.zstd(Array(Self.text[half...]))
        #expect(try Self.unpack(twoFrames, .zstd) == Self.text)
    }

    @Test func `the limit holds to the byte`() throws {
        for (encoding, body) in Self.packed {
            #expect(try Self.unpack(body, encoding, limit: Self.text.count).count == Self.text.count)
            #expect(throws: BodyProblem.self) { try Self.unpack(body, encoding, limit: Self.text.count - 1) }
        }
    }

    @Test func `a bomb is stopped without unpacking it`() {
        let zeros = [UInt8](repeating: 0, count: 80 << 20)
        for (encoding, body) in [(BodyEncoding.zstd, Self.zstd(zeros)), (.gzip, Self.deflated(zeros, windowBits: 31))] {
            #expect(throws: BodyProblem.self) { try Self.unpack(body, encoding) }
        }
    }

    @Test(arguments: 1...10)
    func `cut and damaged bodies are refused, never a crash, seed`(seed: UInt64) {
        var source = SeededRandom(seed: seed)
        for (encoding, body) in Self.packed where encoding != .identity {
            for _ in 0..<40 {
                let cut = Array(body[..<Int.random(in: 0..<body.count, using: &source)])
                #expect(throws: BodyProblem.self) { try Self.unpack(cut, encoding) }
                var damaged = body
                damaged[Int.random(in: 0..<body.count, using: &source)] ^= UInt8.random(in: 1...255, using: &source)
                _ = try? Self.unpack(damaged, encoding)
            }
        }
        for encoding in [BodyEncoding.gzip, .deflate, .zstd] {
            #expect(throws: BodyProblem.self) { try Self.unpack([], encoding) }
            #expect(throws: BodyProblem.self) { try Self.unpack(Array("plain text, not packed".utf8), encoding) }
        }
    }
}
