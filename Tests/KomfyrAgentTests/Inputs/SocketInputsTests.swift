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
        let listen = InputConfiguration.Listen(
            transport: transport,
            address: .ip("127.0.0.1", port: 0),
            allow: allow
        )
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

    private static func syslogTCP(allow: [String] = [], connections: Int? = nil) throws -> IntakeBench {
        try IntakeBench { loop, batcher, logger in
            let (configuration, listen) = configuration(.tcp, allow: allow, group: "syslog:{hostname}:{app}")
            let input = try SyslogStreamInput(
                loop,
                configuration,
                listen: listen,
                agentTags: [],
                batcher: batcher,
                logger: logger
            )
            if let connections { input.connectionsAtMost = connections }
            return input
        }
    }

    @Test func `what has arrived is taken before an input stops, the unfinished message too`() throws {
        let bench = try Self.syslogTCP()
        let sockets = try (0..<3).map { _ in try TestSocket(stream: true, to: bench.port) }
        for socket in sockets { socket.send("<13>a: first\n") }
        try bench.waitForLines(3)
        // Nobody reads the connections now.
        try bench.hold()
        for (index, socket) in sockets.enumerated() {
            socket.send((0..<2_000).map { "<13>a: \(index) \($0)\n" }.joined() + "<13>a: \(index) unfinished")
            #expect(socket.hasArrived())
        }
        let before = bench.lines.count
        #expect(before == 3)
        try bench.stop()
        for index in 0..<3 {
            let own = bench.lines.filter { $0.hasPrefix("{\"message\":\"\(index) ") }
            #expect(own.count == 2_001)
            #expect(own.last?.contains("\(index) unfinished") == true)
        }
    }

    @Test func `connections that are closed with something unread are told of once, with their number`() throws {
        let bench = try Self.syslogTCP()
        let sockets = try (0..<4).map { _ in try TestSocket(stream: true, to: bench.port) }
        for socket in sockets { socket.send("<13>a: first\n") }
        try bench.waitForLines(4)
        try bench.hold()
        let lines = (0..<1_000).map { "<13>a: \($0)\n" }.joined()
        for socket in sockets.dropLast() {
            socket.send(lines)
            #expect(socket.hasArrived())
        }
        // Room for one, and some of another; the last has sent nothing.
        _ = try bench.onLoop { _, input in
            (input as? StreamInput)?.waitingBytesAtStop = lines.utf8.count + 100
            return true
        }
        try bench.stop()
        let told = bench.log.filter { $0.contains("were closed before") }
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("error: input test: 2 connections were closed") == true, "\(bench.log)")
        #expect(bench.lines.count >= 1_004)
    }

    @Test func `what is read to its end before a stop is nothing to tell of`() throws {
        let bench = try Self.syslogTCP()
        let socket = try TestSocket(stream: true, to: bench.port)
        socket.send("<13>a: first\n")
        try bench.waitForLines(1)
        try bench.hold()
        socket.send("<13>a: second\n")
        #expect(socket.hasArrived())
        try bench.stop()
        #expect(bench.lines.count == 2 && bench.log.isEmpty, "\(bench.log)")
    }

    @Test func `connections that could not be accepted before a stop are told of once, and counted`() throws {
        let bench = try Self.syslogTCP()
        _ = try bench.onLoop { _, input in
            // As if more came, for as long as it was looked.
            (input as? StreamInput)?.takeBacklog = { $0.acceptBacklog() + 3 }
            return true
        }
        let statistics = try bench.onLoop { _, input in
            input.stop()
            return input.statistics
        }
        #expect(statistics.dropped[.closedAtStop] == 3)
        try bench.stop()
        let told = bench.log.filter { $0.contains("before anything of them was read") }
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("error: input test: 3 connections") == true, "\(bench.log)")
    }

    @Test func `connections that were not accepted yet are taken before an input stops`() throws {
        let bench = try Self.syslogTCP()
        let port = bench.port
        // Within one turn of the loop: nobody has accepted them.
        let isSent = try bench.onLoop { _, input in
            for number in 0..<100 {
                guard let socket = try? TestSocket(stream: true, to: port) else { return false }
                socket.send("<13>a: \(number)\n<13>a: unfinished")
                guard socket.hasArrived() else { return false }
            }
            input.stop()
            return true
        }
        #expect(isSent)
        try bench.stop()
        #expect(bench.lines.count == 200)
        #expect(bench.lines.count { $0.contains("unfinished") } == 100)
    }

    @Test func `who may not send is refused at the stop too`() throws {
        let bench = try Self.syslogTCP(allow: ["10.0.0.0/8"])
        let port = bench.port
        _ = try bench.onLoop { _, input in
            (try? TestSocket(stream: true, to: port))?.send("<13>a: b\n")
            input.stop()
            return true
        }
        #expect(try bench.statistics().dropped[.refusedSender] == 1)
        try bench.stop()
        #expect(bench.lines.isEmpty)
    }

    @Test func `a sender that goes on cannot keep an input from stopping`() throws {
        let bench = try Self.syslogTCP()
        let port = bench.port
        let sender = Thread {
            guard let socket = try? TestSocket(stream: true, to: port) else { return }
            let lines = Array(String(repeating: "<13>a: again and again\n", count: 1_000).utf8)
            while socket.sendAll(lines) {}
        }
        sender.start()
        try bench.waitForLines(1)
        try bench.stop()
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
        let bench = try Self.syslogTCP(connections: 3)
        var sockets: [TestSocket] = []
        for _ in 0..<3 { sockets.append(try TestSocket(stream: true, to: bench.port)) }
        let oneMore = try TestSocket(stream: true, to: bench.port)
        #expect(oneMore.isClosedByPeer())
        let statistics = try bench.statistics()
        #expect(statistics.open == 3)
        #expect(statistics.dropped[.connectionLimit] == 1)
        #expect(bench.log == ["error: input test: closed 1 connections beyond the limit, the last from 127.0.0.1"])
        // One that goes makes room.
        sockets[1].close()
        try bench.waitForStatistics { $0.open == 2 }
        let again = try TestSocket(stream: true, to: bench.port)
        again.send("<30>a[1]: let in\n")
        try bench.waitForLines(1)
        sockets[0].send("<30>a[1]: still here\n")
        try bench.waitForLines(2)
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
        try bench.hold()
        socket.send("<30>a[1]: meanwhile\n")
        let second = try TestSocket(stream: true, to: bench.port)
        second.send("<30>a[1]: from another\n")
        try bench.waitForStatistics { $0.open == 2 }
        #expect(try bench.statistics().received == 1)
        try bench.release()
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
                let listen = InputConfiguration.Listen(transport: .tcp, address: .ip("127.0.0.1", port: port))
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
        try waitForStatistics { $0.received >= UInt64(count) }
    }
}
