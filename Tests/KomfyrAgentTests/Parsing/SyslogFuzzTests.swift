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
            + SyslogMessagesTests.broken + DeviceTests.all
        var parser = SyslogParser(zone: Zone(offset: 3_600))
        var writer = RecordWriter(
            .init(
                group: try GroupTemplate("syslog:{hostname}:{app}"),
                maxGroups: 20,
                tags: ["t"],
                parsesPayload: seed % 4 != 0
            )
        )
        for _ in 0..<60 {
            let input = mutate(Array(all.randomElement(using: &random)?.input.utf8 ?? "".utf8), &random)
            var output: [UInt8] = []
            input.withUnsafeBytes { bytes in
                let message = parser.parse(bytes, arrival: SyslogCase.arrival)
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

    @Test(arguments: DeviceTests.all)
    func `a device's message cut at every byte still gives one line of JSON`(_ test: SyslogCase) throws {
        let input = Array(test.input.utf8)
        var parser = SyslogParser()
        var writer = RecordWriter(.init(group: try GroupTemplate("a:{hostname}:{app}"), parsesPayload: true))
        for count in 1...input.count {
            // Memory of its own, so that a look beyond the end is seen by the sanitizers.
            let part = Array(input[..<count])
            var output: [UInt8] = []
            part.withUnsafeBytes { bytes in
                let message = parser.parse(bytes, arrival: SyslogCase.arrival)
                guard message.form != .unparsed || !message.message.isEmpty else { return }
                let origin = RecordWriter.Origin(peer: SyslogMessagesTests.peer, arrival: SyslogCase.arrival)
                writer.append(message, of: bytes, from: origin, to: &output)
            }
            if !output.isEmpty { try check(output, of: part) }
        }
    }

    @Test(arguments: 0..<60)
    func `payloads made of nothing but marks still give members that JSON can hold`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let pieces = [
            "=", "\"", "'", "\\", "|", ";", " ; ", ", ", ",", "a", "b1", "host", "[", "]", "{", "}", ":", "\n", "\t",
            " ",
            "CEF:0|", "LEEF:2.0|a|b|c|d|^|", "@cee:{", "in:", " out:", " proto ", "->", "a=", "a=\"", "[a:\"", "1.5",
            "\0",
            "CISE_x ", "firewall,info ", "date=2026-11-23 time=08:00:01 ", "1,2026/11/23 08:00:01,",
        ]
        var parser = SyslogParser()
        var writer = RecordWriter(.init(group: try GroupTemplate("a:{hostname}:{app}"), parsesPayload: true))
        for _ in 0..<100 {
            var text =
                ["<13>", "<13>Nov 23 08:00:01 h ", "<13>Nov 23 08:00:01 h a: ", ""].randomElement(using: &random) ?? ""
            for _ in 0..<Int.random(in: 1...30, using: &random) { text += pieces.randomElement(using: &random) ?? "" }
            let input = Array(text.utf8)
            var output: [UInt8] = []
            input.withUnsafeBytes { bytes in
                let message = parser.parse(bytes, arrival: SyslogCase.arrival)
                guard message.form != .unparsed || !message.message.isEmpty else { return }
                let origin = RecordWriter.Origin(peer: SyslogMessagesTests.peer, arrival: SyslogCase.arrival)
                writer.append(message, of: bytes, from: origin, to: &output)
            }
            if !output.isEmpty { try check(output, of: input) }
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

    /// The members of `data` have names of their own.
    private func checkData(_ data: UnsafeRawBufferPointer, _ text: String) throws {
        var scanner = JSONScanner()
        var cursor = try scanner.indexCopy(of: data)
        var isFirst = true
        var names: Set<String> = []
        try cursor.enter(UInt8(ascii: "{"))
        while let name = try cursor.nextKey(isFirst: &isFirst) {
            var unescaped: [UInt8] = []
            JSONText.appendUnescaped(cursor.bytes(name), to: &unescaped)
            let name = String(decoding: unescaped, as: UTF8.self)
            #expect(names.insert(name).inserted, "\(name) twice in data: \(text)")
            _ = try cursor.readValue()
        }
        #expect(data.count <= ProtocolLimits.dataBytes, "\(text)")
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
                if name == "data" { try checkData(cursor.bytes(value), text) }
                if name == "message" || name == "source" { #expect(value.end > value.start, "\(text)") }
            }
            try cursor.finish()
            #expect(names.contains("message") || names.contains("data"), "\(text)")
        }
    }
}
