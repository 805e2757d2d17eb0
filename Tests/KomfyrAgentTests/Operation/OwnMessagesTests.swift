import EventLoop
import Foundation
import Glibc
import Testing

@testable import KomfyrAgent

struct OwnMessagesTests {
    private static let own = OwnMessages(processID: 4711, host: "Gateway.example.org")

    @Test(arguments: [
        ("<30>Nov 23 14:00:00 gateway komfyr-agent[4711]: the hub cannot be reached", true),
        ("<30>1 2026-11-23T14:00:00Z GATEWAY.other.org komfyr-agent 4711 - - x", true),
        ("<30>1 2026-11-23T14:00:00Z - komfyr-agent 4711 - - x", true),
        ("<30>Nov 23 14:00:00 other komfyr-agent[4711]: another host's", false),
        ("<30>Nov 23 14:00:00 gateway komfyr-agent[4712]: another process", false),
        ("<30>Nov 23 14:00:00 gateway komfyr-agenT[4711]: another program", false),
        ("<30>Nov 23 14:00:00 gateway komfyr-agent: without a process id", false),
        ("<30>Nov 23 14:00:00 gateway sshd[4711]: komfyr-agent[4711] in the text", false),
        ("no syslog at all", false), ("", false),
    ])
    func `a message is the agent's own by program, process and host`(_ text: String, _ isOwn: Bool) {
        var parser = SyslogParser()
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { bytes in
            let message = parser.parse(bytes, arrival: 1_795_431_622_000_000_000)
            #expect(Self.own.isOwn(message, of: bytes) == isOwn)
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: AgentProcess.executable.path)))
    func `the file that standard error goes to is told once and never read, under any name`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "agent.toml",
            """
            [agent]
            data_dir = "state"
            [hub]
            url = "http://127.0.0.1:1"
            api_key = "kmf_secret"
            [[input]]
            type = "file"
            name = "files"
            paths = ["out*", "app.log"]
            """
        )
        try folder.write("app.log", "1\n")
        let agent = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        let received = { () -> Double? in
            guard let (_, body) = try? StatusSocket.ask(folder.path + "/state/status.sock", "/metrics") else {
                return nil
            }
            let line = String(decoding: body, as: UTF8.self).split(separator: "\n")
                .first { $0.hasPrefix("komfyr_agent_input_received_total{") }
            return line?.split(separator: " ").last.flatMap { Double($0) }
        }
        #expect(eventually { received() == 1 }, "\(agent.output)")
        let words = "output is where this agent's own messages go: it is not read"
        #expect(eventually { agent.output.contains(words) }, "\(agent.output)")
        // A message more, a name more, and a line that is to be read: only this one is.
        agent.send(SIGHUP)
        #expect(link(folder.path + "/output", folder.path + "/output.1") == 0)
        try folder.append("app.log", "2\n")
        #expect(eventually { received() == 2 }, "\(agent.output)")
        try folder.write("out-of-another", "3\n")
        #expect(eventually { received() == 3 }, "\(agent.output)")
        #expect(agent.output.components(separatedBy: words).count == 2, "\(agent.output)")
    }

    @Test(arguments: [InputConfiguration.Listen.Transport.unix, .unixgram])
    func `what this process wrote is left out whatever it is called`(
        _ transport: InputConfiguration.Listen.Transport
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/log"
        func bench(_ own: OwnMessages) throws -> IntakeBench {
            try IntakeBench { loop, batcher, logger in
                let listen = InputConfiguration.Listen(transport: transport, address: .unix(path))
                let input = InputConfiguration(name: "test", group: "g", kind: .syslog(listen))
                guard transport == .unixgram else {
                    return try SyslogStreamInput(
                        loop,
                        input,
                        listen: listen,
                        agentTags: [],
                        batcher: batcher,
                        logger: logger,
                        own: own
                    )
                }
                return try SyslogInput(
                    loop,
                    input,
                    listen: listen,
                    agentTags: [],
                    batcher: batcher,
                    logger: logger,
                    own: own
                )
            }
        }
        for (own, isLeftOut) in [(OwnMessages(), true), (OwnMessages(processID: getpid() + 1, host: ""), false)] {
            let bench = try bench(own)
            // As the journal hands on what a unit with a SyslogIdentifier of its own wrote: with its process.
            let socket = try TestSocket(stream: transport == .unix, path: path)
            socket.send("<30>Nov 23 14:00:00 log-agent: input files: the buffer takes nothing\n")
            try bench.waitForStatistics { $0.received == 1 }
            #expect(try bench.statistics().dropped[.ownMessage] == (isLeftOut ? 1 : 0))
            try bench.stop()
            #expect(bench.lines.count == (isLeftOut ? 0 : 1))
        }
    }

    @Test func `an input counts and leaves out what the agent itself wrote`() throws {
        let bench = try IntakeBench { loop, batcher, logger in
            let listen = InputConfiguration.Listen(transport: .udp, address: .ip("127.0.0.1", port: 0))
            return try SyslogInput(
                loop,
                InputConfiguration(name: "test", group: "g", kind: .syslog(listen)),
                listen: listen,
                agentTags: [],
                batcher: batcher,
                logger: logger
            )
        }
        defer { try? bench.stop() }
        let socket = try TestSocket(stream: false, to: bench.port)
        socket.send("<30>Nov 23 14:00:00 \(HostName.current) komfyr-agent[\(getpid())]: its own")
        socket.send("<30>Nov 23 14:00:00 \(HostName.current) komfyr-agent[\(getpid())0]: another's")
        try bench.waitForLines(1)
        #expect(bench.lines.count == 1 && bench.lines[0].contains("another's"))
        let statistics = try bench.statistics()
        #expect(statistics.dropped[.ownMessage] == 1)
        #expect((statistics.received, statistics.parsed) == (2, 1))
    }
}
