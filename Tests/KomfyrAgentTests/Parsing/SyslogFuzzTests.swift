import EventLoop
import Foundation
import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrAgent

/// Nothing crashes, and whatever arrives becomes one line of JSON that the hub takes.
struct SyslogFuzzTests {
    @Test(arguments: 0..<200)
    func `a mutated message still gives one line of JSON`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let all =
            SyslogMessagesTests.utilLinux + SyslogMessagesTests.libraries + SyslogMessagesTests.relays
            + SyslogMessagesTests.cisco + SyslogMessagesTests.network + SyslogMessagesTests.times
            + SyslogMessagesTests.broken
        var parser = SyslogParser()
        var writer = RecordWriter(
            .init(group: try GroupTemplate("syslog:{hostname}:{app}"), maxGroups: 20, tags: ["t"])
        )
        for _ in 0..<60 {
            let input = mutate(Array(all.randomElement(using: &random)?.input.utf8 ?? "".utf8), &random)
            var output: [UInt8] = []
            input.withUnsafeBytes { bytes in
                let message = parser.parse(bytes, arrival: SyslogCase.arrival, zoneOffset: 0)
                writer.append(
                    message,
                    of: bytes,
                    from: .init(peer: SyslogMessagesTests.peer, arrival: SyslogCase.arrival),
                    to: &output
                )
            }
            try check(output, of: input)
        }
    }

    @Test(arguments: 0..<100)
    func `a mutated JSON datagram still gives one line of JSON`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let inputs = [
            #"{"temperature":21.5,"group":"warehouse:freezer-3"}"#,
            #"{"message":"a","message":"b","data":{"a":1},"a":2}"#,
            #"{"msg":"x","level":30,"time":1795435200,"tags":["a","b"],"host":"esp","data":[1]}"#,
            "{\n \"a\" : {\"b\" : [1, 2, {\"c\" : null}]} ,\r\n \"ts\":\"now\", \"id\": \"x\"}",
        ]
        var reader = JSONDatagramReader(.init(group: try GroupTemplate("d:{source}"), maxGroups: 20), token: nil)
        for _ in 0..<60 {
            let input = mutate(Array(inputs.randomElement(using: &random)?.utf8 ?? "".utf8), &random)
            var output: [UInt8] = []
            let outcome = input.withUnsafeBytes { bytes in
                reader.append(
                    bytes,
                    from: .init(peer: SyslogMessagesTests.peer, arrival: SyslogCase.arrival),
                    to: &output
                )
            }
            if outcome == .empty {
                #expect(output.isEmpty)
            } else {
                try check(output, of: input)
            }
        }
    }

    private func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        let special: [UInt8] = [
            0, 10, 13, 0x20, 0x22, 0x5B, 0x5C, 0x5D, 0x3C, 0x3E, 0x3A, 0x7F, 0x80, 0xC3, 0xED, 0xFF,
        ]
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            case 1: bytes.insert(special.randomElement(using: &random) ?? 0, at: at)
            case 2 where at < bytes.count: bytes.remove(at: at)
            case 3: bytes.removeSubrange(at...)
            default: if at < bytes.count { bytes[at] = special.randomElement(using: &random) ?? 0 }
            }
        }
        return bytes
    }

    private func check(_ output: [UInt8], of input: [UInt8]) throws {
        let text = String(decoding: input, as: UTF8.self).debugDescription
        #expect(output.last == UInt8(ascii: "\n"), "\(text)")
        #expect(output.count { $0 == UInt8(ascii: "\n") } == 1, "\(text)")
        #expect(output.withUnsafeBytes(JSONText.isUTF8), "\(text)")
        var scanner = JSONScanner()
        try output.withUnsafeBytes { bytes in
            var cursor = try scanner.indexCopy(of: bytes)
            var isFirst = true
            try cursor.enter(UInt8(ascii: "{"))
            var names: Set<String> = []
            while let name = try cursor.nextKey(isFirst: &isFirst) {
                let name = String(decoding: cursor.bytes(name), as: UTF8.self)
                #expect(names.insert(name).inserted, "\(name) twice: \(text)")
                let value = try cursor.readValue()
                if name == "group" {
                    var group: [UInt8] = []
                    JSONText.appendUnescaped(cursor.bytes(value), to: &group)
                    #expect(group.withUnsafeBytes(GroupNames.isName), "\(text)")
                }
                if name == "message" || name == "source" { #expect(value.end > value.start, "\(text)") }
            }
            try cursor.finish()
            #expect(names.contains("message") || names.contains("data"), "\(text)")
        }
    }
}
