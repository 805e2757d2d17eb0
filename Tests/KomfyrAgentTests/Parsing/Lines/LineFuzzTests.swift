import Foundation
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrAgent

/// Whatever stands in a line, it becomes one line of JSON that the hub takes, with each name once.
struct LineFuzzTests {
    private static let pieces = [
        "=", "\"", "\\", " ", "  ", "a", "b=", "msg=", "level=", "time=", "ts=", "-", "[", "]",
        "[23/Nov/2026:08:00:01 +0100]",
        "127.0.0.1 - - ", "\"GET / HTTP/1.1\"", " 200 ", " 17", "\\x", "\\u12", "\\ud800", "\\\"", "\t", "\u{1}", "é",
        "😀",
        "2026-11-23 08:00:01", ",123", " CET", "1795420801", "true", "\r", "a_2=", "0.5", "::1",
    ]

    @Test(arguments: 0..<200)
    func `lines made of parts of lines become one line of JSON, with seed`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pattern = try LinePattern(
            #"(?P<time>[\d: ,-]+)?(?P<level>\w+)?(?P<x>=)?(?P<message>.*)"#,
            isMultiline: seed % 2 == 0,
            zone: Zone(offset: 3_600)
        )
        let parsers: [LineReader.Parser] = [
            .logfmt(Logfmt(zone: .utc)), .combined(CombinedLog(zone: .utc)), .pattern(pattern),
        ]
        for _ in 0..<50 {
            var bytes: [UInt8] = []
            for _ in 0...random.below(14) { bytes += Array(Self.pieces[random.below(Self.pieces.count)].utf8) }
            for _ in 0..<random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            for parser in parsers { try check(bytes, parser) }
        }
    }

    @Test func `a line cut at every byte becomes one line of JSON`() throws {
        let lines = LogfmtTests.lines + CombinedLogTests.lines
        for line in lines {
            let bytes = Array(line.input.utf8)
            for count in 0...bytes.count {
                // Memory of its own, so that a look beyond the end is seen by the sanitizers.
                let part = Array(bytes[..<count])
                try check(part, .logfmt(Logfmt(zone: .utc)))
                try check(part, .combined(CombinedLog(zone: .utc)))
            }
        }
    }

    private func check(_ bytes: [UInt8], _ parser: LineReader.Parser) throws {
        let (line, outcome) = try LineCase.read(bytes, by: parser, group: "a:{app}:{source}", tags: ["t"])
        guard outcome != .empty else {
            #expect(line.isEmpty && bytes.isEmpty)
            return
        }
        #expect(line.last == "\n" && !line.dropLast().contains("\n"), "\(bytes)")
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let log = try #require(object)
        #expect((log["message"] as? String)?.isEmpty == false || (log["data"] as? [String: Any])?.isEmpty == false)
        #expect(log["timestamp"] is String && log["group"] is String && log["source"] is String)
    }
}
