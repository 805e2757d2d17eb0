import EventLoop
import Protocol
import Testing

import class TestSupport.Scratch

@testable import KomfyrAgent

/// JSON over streams, one object a line.
struct JSONStreamInputTests {
    private static func json(token: String? = nil, address: SocketAddress = .ip("127.0.0.1", port: 0)) throws
        -> IntakeBench
    {
        try IntakeBench { loop, batcher, logger in
            let isUnix = if case .unix = address { true } else { false }
            let listen = InputConfiguration.Listen(transport: isUnix ? .unix : .tcp, address: address)
            return try JSONStreamInput(
                loop,
                InputConfiguration(name: "test", group: "device:{source}", kind: .json(listen, token: token)),
                listen: listen,
                token: token,
                agentTags: [],
                batcher: batcher,
                logger: logger
            )
        }
    }

    @Test func `each line is a log, in pieces of any size, the last one without its end too`() throws {
        let bench = try Self.json()
        let text = "{\"n\":1}\r\n\n  \n{\"n\":2, \"message\":\"two\"}\n{\"n\":3}"
        for piece in [1, 2, 3, 5, 100] {
            let socket = try TestSocket(stream: true, to: bench.port)
            let bytes = Array(text.utf8)
            let before = bench.lines.count
            for start in stride(from: 0, to: bytes.count, by: piece) {
                socket.send(Array(bytes[start..<min(start + piece, bytes.count)]))
            }
            try bench.waitForLines(before + 2)
            socket.close()
            try bench.waitForLines(before + 3)
            let lines = bench.lines[before...]
            #expect(lines.map { $0.contains(#""data":{"n":"#) } == [true, true, true])
            #expect(lines[before].contains(#""group":"device:127.0.0.1","data":{"n":1}"#))
            #expect(lines[before + 1].hasPrefix(#"{"message":"two","level":"info""#))
            #expect(lines[before + 2].contains(#""data":{"n":3}"#))
        }
        #expect(try bench.statistics().parsed == 15)
        try bench.stop()
    }

    @Test func `what is no object is kept as it came, and a line of digits is no count`() throws {
        let bench = try Self.json()
        let socket = try TestSocket(stream: true, to: bench.port)
        socket.send("5 {\"a\":1}\n[1,2]\n{\"half\":\n{\"n\":1}\n")
        try bench.waitForLines(4)
        let messages = bench.lines.prefix(3).map { $0.dropFirst(12).prefix(9) }
        #expect(messages == [#"5 {\"a\":"#, #"[1,2]","l"#, #"{\"half\""#])
        #expect(bench.lines.prefix(3).allSatisfy { $0.contains(#""tags":["unparsed"]"#) })
        let statistics = try bench.statistics()
        #expect(statistics.unparsed == 3 && statistics.parsed == 1)
        try bench.stop()
    }

    @Test func `each line must carry the token; those without are refused, counted and told of once`() throws {
        let bench = try Self.json(token: "s3cret")
        let socket = try TestSocket(stream: true, to: bench.port)
        for number in 0..<5 { socket.send("{\"n\":\(number),\"token\":\"wrong\"}\n") }
        socket.send("{\"n\":5,\"token\":\"s3cret\"}\nno object\n{\"n\":6,\"token\":\"s3cret\"}\n")
        try bench.waitForLines(2)
        #expect(bench.lines[0].contains(#""data":{"n":5}"#) && bench.lines[1].contains(#""data":{"n":6}"#))
        #expect(try bench.statistics().dropped[.wrongToken] == 6)
        #expect(
            bench.log == [
                "error: input test: refused, for their token is missing or wrong: 1 lines, the last from 127.0.0.1"
            ]
        )
        try bench.stop()
        #expect(bench.log.count == 2 && bench.log[1].contains("5 lines"))
        #expect(!bench.log.joined().contains("s3cret"))
    }

    @Test func `a line above the limit comes in pieces, none of it lost`() throws {
        let bench = try Self.json()
        let socket = try TestSocket(stream: true, to: bench.port)
        socket.send("{\"a\":\"" + String(repeating: "x", count: AgentLimits.lineBytes + 5_000) + "\"}\n{\"n\":1}\n")
        try bench.waitForLines(3)
        #expect(bench.lines.map { $0.count { $0 == "x" } }.reduce(0, +) >= AgentLimits.lineBytes + 5_000)
        #expect(bench.lines[0].contains(#""tags":["unparsed","truncated"]"#))
        #expect(bench.lines[1].contains(#""tags":["unparsed","truncated"]"#))
        #expect(bench.lines[2].contains(#""data":{"n":1}"#))
        let statistics = try bench.statistics()
        #expect(statistics.cut == 1 && statistics.received == 2 && statistics.unparsed == 1)
        try bench.stop()
    }

    @Test func `bytes that are not UTF-8 never make a log too large for the hub`() throws {
        let bench = try Self.json()
        let socket = try TestSocket(stream: true, to: bench.port)
        socket.send([UInt8](repeating: 0xFF, count: ProtocolLimits.messageBytes - 10) + [0x0A])
        try bench.waitForLines(3)
        #expect(bench.lines.allSatisfy { $0.utf8.count < ProtocolLimits.messageBytes + 1_000 })
        #expect(bench.lines.map { $0.count { $0 == "\u{FFFD}" } }.reduce(0, +) == ProtocolLimits.messageBytes - 10)
        let statistics = try bench.statistics()
        #expect(statistics.received == 1 && statistics.cut == 1)
        try bench.stop()
    }

    @Test func `where a token is asked a line above the limit is dropped, counted and told of`() throws {
        let bench = try Self.json(token: "s3cret")
        let socket = try TestSocket(stream: true, to: bench.port)
        let long = String(repeating: "x", count: 2 * AgentLimits.lineBytes)
        socket.send("{\"token\":\"s3cret\",\"a\":\"\(long)\"}\n{\"n\":1,\"token\":\"s3cret\"}\n")
        // Within the limit of a line, beyond that of data.
        let large = String(repeating: "y", count: ProtocolLimits.dataBytes)
        socket.send("{\"token\":\"s3cret\",\"a\":\"\(large)\"}\n")
        try bench.waitForLines(1)
        try bench.waitForStatistics { $0.dropped[.tooLarge] == 2 }
        #expect(try bench.statistics().received == 3)
        #expect(bench.log.contains { $0.contains("longer than a log may be: 1 lines") })
        try bench.stop()
        #expect(bench.lines.count == 1 && bench.lines[0].contains(#""data":{"n":1}"#))
    }

    @Test func `a unix socket's objects have this machine as source, and nothing added to their data`() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let bench = try Self.json(address: .unix(scratch.at("json")))
        let socket = try TestSocket(stream: true, path: scratch.at("json"))
        socket.send("{\"n\":1}\n")
        try bench.waitForLines(1)
        #expect(bench.lines[0].contains(#""group":"device:\#(HostName.current)","data":{"n":1}"#))
        #expect(bench.lines[0].hasSuffix(#""source":"\#(HostName.current)"}"#))
        try bench.stop()
    }

    @Test func `lines wait while delivery takes nothing`() throws {
        let bench = try Self.json()
        let socket = try TestSocket(stream: true, to: bench.port)
        try bench.hold()
        socket.send("{\"n\":1}\n{\"n\":2}\n")
        try bench.waitForStatistics { $0.open == 1 }
        #expect(try bench.statistics().received == 0)
        try bench.release()
        try bench.waitForLines(2)
        try bench.stop()
    }

    @Test func `many senders that never end their lines take bounded memory, and others go on`() throws {
        let bench = try Self.json()
        var slow: [TestSocket] = []
        let part = String(repeating: "x", count: 900_000)
        // More than all unfinished lines may take together.
        let count = AgentLimits.unfinishedFrameBytes / part.utf8.count + 20
        for _ in 0..<count {
            let socket = try TestSocket(stream: true, to: bench.port)
            socket.send(part)
            slow.append(socket)
        }
        let good = try TestSocket(stream: true, to: bench.port)
        good.send("{\"n\":1}\n")
        try bench.waitForStatistics { $0.parsed == 1 }
        // Those beyond the bound came in short pieces instead.
        try bench.waitForStatistics { $0.cut > 0 }
        try bench.stop()
    }
}
