import EventLoop
import Foundation
import Protocol
import Testing

@testable import KomfyrAgent

/// The inputs with real sockets.
struct SocketInputsTests {
    private static func configuration(
        _ transport: InputConfiguration.Listen.Transport,
        allow: [String] = [],
        group: String,
        maxGroups: Int = 1_000
    ) -> (InputConfiguration, InputConfiguration.Listen) {
        let listen = InputConfiguration.Listen(transport: transport, host: "127.0.0.1", port: 0, allow: allow)
        var configuration = InputConfiguration(name: "test", group: group, kind: .syslog(listen))
        configuration.maxGroups = maxGroups
        return (configuration, listen)
    }

    private static func syslogUDP(allow: [String] = []) throws -> IntakeBench {
        try IntakeBench { loop, batcher, logger in
            let (configuration, listen) = configuration(.udp, allow: allow, group: "syslog:{hostname}:{app}")
            return try SyslogInput(
                loop,
                configuration,
                listen: listen,
                agentTags: ["site"],
                batcher: batcher,
                logger: logger
            )
        }
    }

    @Test func `a datagram of several messages gives a line for each`() throws {
        let bench = try Self.syslogUDP()
        defer { try? bench.stop() }
        let socket = try TestSocket(stream: false, to: bench.port)
        socket.send("<13>Nov 23 08:00:01 h1 a: one\n  more\n<14>Nov 23 08:00:01 h2 b: two\n")
        try bench.waitForLines(2)
        #expect(bench.lines[0].contains(#""message":"one\n  more","level":"info","group":"syslog:h1:a""#))
        #expect(bench.lines[1].contains(#""message":"two","level":"info","group":"syslog:h2:b""#))
        #expect(try bench.statistics().parsed == 2)
    }

    @Test func `the members of a text come with an input's logs, and its zone with their times`() throws {
        let bench = try IntakeBench { loop, batcher, logger in
            var (configuration, listen) = Self.configuration(.udp, group: "g")
            configuration.zone = Zone(offset: 3_600)
            configuration.parsesPayload = true
            return try SyslogInput(
                loop,
                configuration,
                listen: listen,
                agentTags: [],
                batcher: batcher,
                logger: logger
            )
        }
        defer { try? bench.stop() }
        let socket = try TestSocket(stream: false, to: bench.port)
        var hour = tm()
        var now = time(nil)
        gmtime_r(&now, &hour)
        let clock = String(
            format: "%04d-%02d-%02d %02d:%02d:%02d",
            hour.tm_year + 1_900,
            hour.tm_mon + 1,
            hour.tm_mday,
            hour.tm_hour,
            hour.tm_min,
            hour.tm_sec
        )
        socket.send("<13>\(clock) h1 a: temperature=21.5")
        try bench.waitForLines(1)
        #expect(bench.lines[0].contains(#""temperature":21.5"#))
        // An hour earlier than the same clock at Greenwich.
        let earlier = Timestamp.text(Int64(now - 3_600) * 1_000_000_000)
        #expect(bench.lines[0].contains(#""timestamp":"\#(earlier)""#))
    }

    private static func syslogTCP(allow: [String] = []) throws -> IntakeBench {
        try IntakeBench { loop, batcher, logger in
            let (configuration, listen) = configuration(.tcp, allow: allow, group: "syslog:{hostname}:{app}")
            return try SyslogStreamInput(
                loop,
                configuration,
                listen: listen,
                agentTags: [],
                batcher: batcher,
                logger: logger
            )
        }
    }

    private static func json(token: String? = nil) throws -> IntakeBench {
        try IntakeBench { loop, batcher, logger in
            let (configuration, listen) = configuration(.udp, group: "device:{source}")
            return try JSONInput(
                loop,
                configuration,
                listen: listen,
                token: token,
                agentTags: [],
                batcher: batcher,
                logger: logger
            )
        }
    }

    @Test func `a datagram becomes a line with the agent's tags`() throws {
        let bench = try Self.syslogUDP()
        let socket = try TestSocket(stream: false, to: bench.port)
        socket.send("<30>web[7]: hello\n")
        try bench.waitForLines(1)
        #expect(
            bench.lines[0]
                .hasPrefix(
                    #"{"message":"hello","level":"info","group":"syslog:127.0.0.1:web","tags":["site"],"data":{"facility":"daemon","severity":"info","app":"web","pid":7},"timestamp":"20"#
                )
        )
        #expect(bench.lines[0].hasSuffix(#"Z","source":"127.0.0.1"}"#))
        try bench.stop()
    }

    @Test func `ten thousand datagrams are all counted`() throws {
        let bench = try Self.syslogUDP()
        let socket = try TestSocket(stream: false, to: bench.port)
        for number in 0..<10_000 {
            socket.send("<30>web[7]: number \(number)")
            // The kernel's buffer is small on small machines: let the loop keep up.
            if number % 100 == 99 { try bench.waitUntilReceived(number + 1) }
        }
        try bench.waitForLines(10_000)
        let statistics = try bench.statistics()
        #expect(statistics.received == 10_000 && statistics.parsed == 10_000)
        #expect(statistics.dropped.total == 0 && statistics.kernelDrops == 0)
        #expect(statistics.receiveBufferBytes > 0)
        #expect(Set(bench.lines).count == 10_000)
        try bench.stop()
    }

    @Test func `a sender that is not allowed is refused and counted`() throws {
        let bench = try Self.syslogUDP(allow: ["10.0.0.0/8"])
        let socket = try TestSocket(stream: false, to: bench.port)
        for _ in 0..<3 { socket.send("<30>web[7]: hello") }
        try bench.waitUntilReceived(3)
        let statistics = try bench.statistics()
        #expect(statistics.dropped[.refusedSender] == 3 && statistics.parsed == 0)
        try bench.stop()
        #expect(bench.lines.isEmpty)
    }

    @Test func `what cannot be read and what is empty are counted apart`() throws {
        let bench = try Self.syslogUDP()
        let socket = try TestSocket(stream: false, to: bench.port)
        socket.send("just text")
        socket.send("\n")
        try bench.waitUntilReceived(2)
        let statistics = try bench.statistics()
        #expect(statistics.unparsed == 1 && statistics.dropped[.empty] == 1)
        try bench.stop()
        #expect(bench.lines.count == 1 && bench.lines[0].contains(#""tags":["site","unparsed"]"#))
    }

    @Test func `both framings come over one connection, and its rest when it ends`() throws {
        let bench = try Self.syslogTCP()
        let socket = try TestSocket(stream: true, to: bench.port)
        socket.send("<30>a[1]: one\n14 <30>a[1]: two\n<30>a[1]: th")
        try bench.waitForLines(2)
        socket.send("ree\n<30>a[1]: rest")
        socket.close()
        try bench.waitForLines(4)
        let messages = bench.lines.map { $0.dropFirst(12).prefix { $0 != "\"" } }
        #expect(messages == ["one", "two", "three", "rest"])
        try bench.stop()
    }

    @Test func `a connection that is open at the end gives its rest`() throws {
        let bench = try Self.syslogTCP()
        let socket = try TestSocket(stream: true, to: bench.port)
        socket.send("<30>a[1]: one\n<30>a[1]: rest")
        try bench.waitForLines(1)
        #expect(try bench.statistics().open == 1)
        try bench.stop()
        #expect(bench.lines.count == 2)
        #expect(socket.isClosedByPeer())
    }

    @Test func `a connection of a sender that is not allowed is closed`() throws {
        let bench = try Self.syslogTCP(allow: ["10.0.0.0/8"])
        let socket = try TestSocket(stream: true, to: bench.port)
        #expect(socket.isClosedByPeer())
        #expect(try bench.statistics().dropped[.refusedSender] == 1)
        try bench.stop()
    }

    @Test func `connections beyond the limit are closed`() throws {
        let bench = try Self.syslogTCP()
        var sockets: [TestSocket] = []
        for _ in 0..<AgentLimits.connectionsPerListener {
            sockets.append(try TestSocket(stream: true, to: bench.port))
        }
        let oneMore = try TestSocket(stream: true, to: bench.port)
        #expect(oneMore.isClosedByPeer())
        let statistics = try bench.statistics()
        #expect(statistics.open == UInt64(AgentLimits.connectionsPerListener))
        #expect(statistics.dropped[.connectionLimit] == 1)
        sockets[0].send("<30>a[1]: still here\n")
        try bench.waitForLines(1)
        try bench.stop()
    }

    @Test func `a line above the limit comes in pieces, none of it lost`() throws {
        let bench = try Self.syslogTCP()
        let socket = try TestSocket(stream: true, to: bench.port)
        let text = "<30>a[1]: " + String(repeating: "x", count: AgentLimits.lineBytes + 5_000)
        socket.send(text + "\n<30>a[1]: next\n")
        try bench.waitForLines(3)
        #expect(bench.lines.map { $0.count { $0 == "x" } }.reduce(0, +) >= AgentLimits.lineBytes + 5_000)
        #expect(bench.lines[0].contains(#""tags":["truncated"]"#) && bench.lines[1].contains(#""tags":["truncated"]"#))
        #expect(!bench.lines[2].contains("truncated"))
        #expect(try bench.statistics().cut == 1)
        try bench.stop()
    }

    @Test func `connections wait while delivery takes nothing, and lose nothing`() throws {
        let bench = try Self.syslogTCP()
        let socket = try TestSocket(stream: true, to: bench.port)
        socket.send("<30>a[1]: before\n")
        try bench.waitForLines(1)
        _ = try bench.onLoop { batcher, _ in
            batcher.taken(count: 0, state: .full)
            return batcher.isHeldBack
        }
        socket.send("<30>a[1]: meanwhile\n")
        let second = try TestSocket(stream: true, to: bench.port)
        second.send("<30>a[1]: from another\n")
        while try bench.statistics().open < 2 {}
        #expect(try bench.statistics().received == 1)
        _ = try bench.onLoop { batcher, _ in
            batcher.taken(count: 0, state: .open)
            return true
        }
        try bench.waitForLines(3)
        try bench.stop()
    }

    @Test func `a microcontroller's datagram becomes a log`() throws {
        let bench = try Self.json()
        let socket = try TestSocket(stream: false, to: bench.port)
        socket.send("{\"temperature\":21.5,\"group\":\"warehouse:freezer-3\"}\n")
        try bench.waitForLines(1)
        #expect(
            bench.lines[0]
                .hasPrefix(
                    #"{"level":"info","group":"warehouse:freezer-3","data":{"temperature":21.5},"timestamp":""#
                )
        )
        try bench.stop()
    }

    @Test func `datagrams without the token are counted and not kept`() throws {
        let bench = try Self.json(token: "s3cret")
        let socket = try TestSocket(stream: false, to: bench.port)
        socket.send(#"{"a":1,"token":"wrong"}"#)
        socket.send(#"{"a":2,"token":"s3cret"}"#)
        try bench.waitForLines(1)
        let statistics = try bench.statistics()
        #expect(statistics.dropped[.wrongToken] == 1 && statistics.parsed == 1 && statistics.received == 2)
        try bench.stop()
        #expect(bench.lines.count == 1)
    }

    @Test func `an address in use is an error in words`() throws {
        let bench = try Self.syslogTCP()
        let port = bench.port
        let error = #expect(throws: IntakeBench.DidNotStart.self) {
            _ = try IntakeBench { loop, batcher, logger in
                let listen = InputConfiguration.Listen(transport: .tcp, host: "127.0.0.1", port: port)
                let configuration = InputConfiguration(name: "test", group: "g", kind: .syslog(listen))
                return try SyslogStreamInput(
                    loop,
                    configuration,
                    listen: listen,
                    agentTags: [],
                    batcher: batcher,
                    logger: logger
                )
            }
        }
        #expect(error?.words.contains("address already in use") == true)
        #expect(error?.words.contains("127.0.0.1:\(port)") == true)
        try bench.stop()
    }
}

extension IntakeBench {
    /// Waits until the input has counted so many.
    func waitUntilReceived(_ count: Int) throws {
        for _ in 0..<100_000 {
            if try statistics().received >= UInt64(count) { return }
        }
        throw Late()
    }
}
