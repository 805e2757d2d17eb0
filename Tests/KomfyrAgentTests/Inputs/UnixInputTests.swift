import EventLoop
import Glibc
import Testing

import class TestSupport.Scratch

@testable import KomfyrAgent

/// Unix sockets, as `/dev/log` and for programs of this machine.
struct UnixInputTests {
    private static let host = HostName.current
    /// The senders are this very process, which an agent would leave out.
    private static let nobody = OwnMessages(processID: 0, host: "")

    private static func syslog(
        _ transport: InputConfiguration.Listen.Transport,
        _ path: String,
        mode: UInt16 = 0o666,
        patienceMs: UInt64? = nil
    ) throws -> IntakeBench {
        try IntakeBench { loop, batcher, logger in
            var listen = InputConfiguration.Listen(transport: transport, address: .unix(path))
            listen.socketMode = mode
            let configuration = InputConfiguration(
                name: "test",
                group: "syslog:{hostname}:{app}",
                kind: .syslog(listen)
            )
            guard transport == .unixgram else {
                return try SyslogStreamInput(
                    loop,
                    configuration,
                    listen: listen,
                    agentTags: [],
                    batcher: batcher,
                    logger: logger,
                    own: nobody
                )
            }
            let input = try SyslogInput(
                loop,
                configuration,
                listen: listen,
                agentTags: [],
                batcher: batcher,
                logger: logger,
                own: nobody
            )
            if let patienceMs { input.patienceMs = patienceMs }
            return input
        }
    }

    /// Message, what `data` must hold, and the source.
    static let messages: [(sent: String, data: String, group: String)] = [
        // As the C library's syslog() writes to /dev/log: no host; the process in brackets only when it was asked for.
        (
            "<13>Oct 11 22:14:15 tag[77]: text", #""host":"HOST","app":"tag","pid":77"#, "syslog:HOST:tag"
        ),
        ("<13>Oct 11 22:14:15 tag: text", #""host":"HOST","app":"tag","pid":PID"#, "syslog:HOST:tag"),
        ("<13>tag: text\0", #""host":"HOST","app":"tag","pid":PID"#, "syslog:HOST:tag"),
        ("text", #""host":"HOST","pid":PID"#, "syslog:HOST:unknown"),
        // This machine by its name.
        ("<13>1 - HOST app - - - text", #""host":"HOST","app":"app","pid":PID"#, "syslog:HOST:app"),
        ("<13>1 - HOST app 78 - - text", #""host":"HOST","app":"app","pid":78"#, "syslog:HOST:app"),
        // A relay hands on what another machine said: its own process has nothing to do with that.
        ("<13>1 - other app - - - text", #""host":"other","app":"app""#, "syslog:other:app"),
    ]

    @Test(arguments: [InputConfiguration.Listen.Transport.unix, .unixgram])
    func `messages come with this machine as host, and their sender's process unless they name one`(
        _ transport: InputConfiguration.Listen.Transport
    ) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let bench = try Self.syslog(transport, scratch.at("log"))
        let socket = try TestSocket(stream: transport == .unix, path: scratch.at("log"))
        for (index, message) in Self.messages.enumerated() {
            let end = transport == .unix ? "\n" : ""
            socket.send(message.sent.replacing("HOST", with: Self.host) + end)
            try bench.waitForLines(index + 1)
            let line = bench.lines[index]
            let fill = { (text: String) in
                text.replacing("HOST", with: Self.host).replacing("PID", with: "\(getpid())")
            }
            #expect(line.contains(fill(message.data) + "}") || line.contains(fill(message.data) + ","), "\(line)")
            #expect(line.contains(#""group":"\#(fill(message.group))""#), "\(line)")
            let source = message.sent.contains("other") ? "other" : Self.host
            #expect(line.hasSuffix(#""source":"\#(source)"}"#), "\(line)")
            #expect(!line.contains("peer"), "\(line)")
            #expect(line.split(separator: #""pid":"#).count <= 2, "\(line)")
        }
        try bench.stop()
    }

    @Test func `a datagram is one message, however many lines and bytes it has`() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let bench = try Self.syslog(.unixgram, scratch.at("log"))
        let socket = try TestSocket(stream: false, path: scratch.at("log"))
        socket.send("<13>a[1]: first\n<13>forged[0]: second")
        let long = String(repeating: "x", count: 150_000)
        socket.send("<13>a[1]: \(long)")
        try bench.waitForLines(2)
        #expect(bench.lines[0].contains(#""message":"first\n<13>forged[0]: second""#))
        #expect(bench.lines[1].contains(#""message":"\#(long)""#))
        #expect(!bench.lines[1].contains("truncated"))
        #expect(try bench.statistics().cut == 0)
        try bench.stop()
    }

    @Test(arguments: [InputConfiguration.Listen.Transport.unix, .unixgram], [UInt16(0o666), 0o620])
    func `the socket has its mode whatever the process's mask is, and goes at the end`(
        _ transport: InputConfiguration.Listen.Transport,
        _ mode: UInt16
    ) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let bench = try Self.syslog(transport, scratch.at("log"), mode: mode)
        var status = stat()
        #expect(stat(scratch.at("log"), &status) == 0)
        #expect(UInt16(truncatingIfNeeded: status.st_mode & 0o777) == mode)
        try bench.stop()
        #expect(access(scratch.at("log"), F_OK) != 0)
    }

    @Test(arguments: [InputConfiguration.Listen.Transport.unix, .unixgram])
    func `a socket in use is refused in words, one left behind is replaced, another's is not removed`(
        _ transport: InputConfiguration.Listen.Transport
    ) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let path = scratch.at("log")
        let bench = try Self.syslog(transport, path)
        let error = #expect(throws: IntakeBench.DidNotStart.self) { _ = try Self.syslog(transport, path) }
        #expect(
            error?.words.contains("\(transport.rawValue)://\(path): address already in use") == true,
            "\(error?.words ?? "")"
        )
        #expect(access(path, F_OK) == 0)
        // As a killed agent leaves it: the file of a socket that is gone.
        rename(path, scratch.at("moved"))
        let left = Glibc.socket(AF_UNIX, Int32((transport == .unix ? SOCK_STREAM : SOCK_DGRAM).rawValue), 0)
        #expect(TestSocket.withAddress(path) { Glibc.bind(left, $0, $1) } == 0)
        Glibc.close(left)
        let second = try Self.syslog(transport, path)
        // The first one's file is not its own any more.
        try bench.stop()
        #expect(access(path, F_OK) == 0)
        let socket = try TestSocket(stream: transport == .unix, path: path)
        socket.send("<13>a[1]: hello\n")
        try second.waitForLines(1)
        try second.stop()
    }

    @Test func `senders wait while delivery takes nothing, and nothing is lost`() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let bench = try Self.syslog(.unixgram, scratch.at("log"))
        let socket = try TestSocket(stream: false, path: scratch.at("log"))
        try bench.hold()
        var sent = 0
        // The kernel's queue is short: 10 datagrams by default.
        while sent < 100_000, socket.sendAtOnce("<13>a[1]: number \(sent)") { sent += 1 }
        #expect(sent < 100_000)
        #expect(try bench.statistics().received == 0)
        try bench.release()
        for number in sent..<(sent + 1_000) { socket.send("<13>a[1]: number \(number)") }
        try bench.waitForLines(sent + 1_000)
        for (number, line) in bench.lines.enumerated() { #expect(line.contains(#""message":"number \#(number)""#)) }
        #expect(try bench.statistics().dropped.total == 0)
        try bench.stop()
    }

    @Test func `senders do not wait for ever: then it is kept in memory as far as there is room, and counted`() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let bench = try Self.syslog(.unixgram, scratch.at("log"), patienceMs: 20)
        let socket = try TestSocket(stream: false, path: scratch.at("log"))
        try bench.hold()
        let text = String(repeating: "x", count: 100_000)
        var sent = 0
        // More than the batches of datagrams that may wait.
        let room = AgentLimits.datagramBatchesWaiting + AgentLimits.batchesToDelivery
        while sent < room * 8 {
            socket.send("<13>a[1]: \(sent) \(text)")
            sent += 1
        }
        try bench.waitForStatistics { $0.received == UInt64(sent) }
        let statistics = try bench.statistics()
        #expect(statistics.parsed > 0 && statistics.dropped[.noRoom] > 0)
        #expect(statistics.parsed + statistics.dropped[.noRoom] == UInt64(sent))
        #expect(bench.log.contains { $0.contains("the buffer takes nothing") })
        // Once it takes again, senders are safe again.
        try bench.release()
        socket.send("<13>a[1]: after\n")
        try bench.waitForLines(Int(statistics.parsed) + 1)
        #expect(bench.lines.last?.contains(#""message":"after""#) == true)
        try bench.stop()
    }

    @Test func `what a sender was told is taken is not lost when the agent stops`() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let bench = try Self.syslog(.unixgram, scratch.at("log"))
        let socket = try TestSocket(stream: false, path: scratch.at("log"))
        try bench.hold()
        var sent = 0
        while sent < 100_000, socket.sendAtOnce("<13>a[1]: number \(sent)") { sent += 1 }
        try bench.stop()
        #expect(bench.lines.count == sent)
    }

    @Test func `descriptors that somebody sends along do not stay open`() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let bench = try Self.syslog(.unixgram, scratch.at("log"))
        var pipe: [Int32] = [0, 0]
        // No program that another test starts may keep the writing end.
        #expect(Glibc.pipe(&pipe) == 0)
        for descriptor in pipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        for number in 0..<3 { try sendDescriptor(pipe[1], "<13>a[1]: \(number)", to: scratch.at("log")) }
        try bench.waitForLines(3)
        Glibc.close(pipe[1])
        // Whoever still had the writing end would keep this waiting.
        var end = pollfd(fd: pipe[0], events: Int16(POLLIN), revents: 0)
        #expect(poll(&end, 1, 60_000) == 1)
        #expect(end.revents & Int16(POLLHUP) != 0)
        Glibc.close(pipe[0])
        try bench.stop()
    }

    /// sendmsg with SCM_RIGHTS.
    private func sendDescriptor(_ descriptor: Int32, _ text: String, to path: String) throws {
        let sender = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { Glibc.close(sender) }
        try #require(TestSocket.withAddress(path) { connect(sender, $0, $1) } == 0)
        // cmsghdr: | length 8 | level 4 | type 4 | descriptor 4 | 4 |
        var control = [UInt32](repeating: 0, count: 6)
        control[0] = 20
        control[2] = UInt32(SOL_SOCKET)
        control[3] = 1
        control[4] = UInt32(bitPattern: descriptor)
        var bytes = Array(text.utf8)
        let sent = bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &vector) { vector in
                    var message = msghdr()
                    message.msg_iov = vector
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return sendmsg(sender, &message, 0)
                }
            }
        }
        #expect(sent == text.utf8.count)
    }
}
