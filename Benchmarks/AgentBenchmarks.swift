import EventLoop

#if canImport(Glibc)
import Glibc
#endif

/// The agent against a sink that answers as the hub does: UDP without loss, TCP end to end, memory.
struct AgentBenchmarks {
    let programs: String

    func run(into table: inout ResultsTable) throws {
        var source = SyslogLines(seed: 3)
        let now = wallClock()
        let lines = (0..<1_024).map { _ in source.line(at: now) }
        try withAgent { agent, sink, ports in
            table.add("agent, idle", "\(format(agent.residentMiB)) MiB", memory: format(agent.residentMiB))
            let count = 2_000_000
            let measured = try measure(agent, sink) {
                try SyslogLoad.tcp(port: ports.tcp, lines: lines, count: count)
                return count
            }
            table.add(
                "agent, syslog over TCP, disk, HTTP",
                "\(format(Double(measured.arrived) / measured.seconds)) messages/s",
                processor: format(measured.processor / Double(measured.arrived) * 1e6),
                memory: format(agent.residentMiB)
            )
            guard measured.arrived == count else {
                throw BenchmarkError("TCP: \(measured.arrived) of \(count) messages arrived")
            }
        }
        try runUDP(lines, together: 1, "one a system call, as devices send", &table)
        try runUDP(lines, together: 64, "64 a system call (GSO)", &table)
    }

    /// The highest of some rates at which every datagram of five seconds arrives.
    private func runUDP(
        _ lines: [[UInt8]],
        together: Int,
        _ sender: String,
        _ table: inout ResultsTable
    ) throws {
        var best: (rate: Double, processor: Double, memory: Double)?
        for rate in [50_000, 100_000, 150_000, 200_000, 250_000, 300_000, 350_000, 400_000, 450_000, 500_000] {
            var goesOn = false
            try withAgent { agent, sink, ports in
                var sent = 0
                let measured = try measure(agent, sink) {
                    sent = try SyslogLoad.udp(
                        port: ports.udp,
                        lines: lines,
                        perSecond: rate,
                        together: together,
                        for: 5
                    )
                    return sent
                }
                let isLossless = measured.arrived == sent
                // A sender that falls behind measures itself from here on.
                goesOn = isLossless && Double(sent) > 4.9 * Double(rate)
                print("  UDP at \(format(Double(rate)))/s: \(measured.arrived) of \(sent) arrived")
                if isLossless, Double(sent) / 5 > best?.rate ?? 0 {
                    best = (
                        Double(sent) / 5, measured.processor / Double(measured.arrived) * 1e6, agent.residentMiB
                    )
                }
            }
            if !goesOn { break }
        }
        guard let best else { throw BenchmarkError("the agent loses datagrams at 50,000 a second") }
        table.add(
            "agent, syslog over UDP without loss, disk, HTTP; \(sender)",
            "\(format(best.rate)) messages/s",
            processor: format(best.processor),
            memory: format(best.memory)
        )
    }

    /// Sends, then waits until all has arrived, or nothing more does for two seconds.
    private func measure(
        _ agent: Program,
        _ sink: HubSink,
        _ send: () throws -> Int
    ) throws -> (arrived: Int, seconds: Double, processor: Double) {
        let before = sink.count
        let processor = agent.processorSeconds
        let start = seconds()
        let sent = try send()
        var last = (count: sink.count, time: seconds())
        while last.count - before < sent, seconds() - last.time < 2 {
            pause(ms: 2)
            if sink.count != last.count { last = (sink.count, seconds()) }
        }
        return (last.count - before, last.time - start, agent.processorSeconds - processor)
    }

    private func withAgent(_ body: (Program, HubSink, (udp: UInt16, tcp: UInt16)) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let sink = try HubSink()
            defer { sink.stop() }
            let ports = (udp: freePort(), tcp: freePort())
            let configuration = """
                [agent]
                data_dir = "\(folder)/agent"
                name = "benchmark"

                [hub]
                url = "http://127.0.0.1:\(sink.port)"
                api_key = "kmf_benchmark0benchmark0benchmark000"

                [[input]]
                type = "syslog"
                listen = "udp://127.0.0.1:\(ports.udp)"
                group = "syslog:{hostname}:{app}"

                [[input]]
                type = "syslog"
                listen = "tcp://127.0.0.1:\(ports.tcp)"
                group = "syslog:{hostname}:{app}"
                """
            try writeText(configuration, to: "\(folder)/agent.toml")
            let agent = try Program(
                "\(programs)/komfyr-agent",
                ["run", "--config", "\(folder)/agent.toml"],
                environment: [:],
                folder: folder
            )
            defer { agent.stop() }
            let deadline = seconds() + 15
            while (try? SyslogLoad.tcp(port: ports.tcp, lines: [Array("<14>probe".utf8)], count: 1)) == nil {
                guard seconds() < deadline else {
                    throw BenchmarkError("the agent does not start:\n\(readText("\(folder)/komfyr-agent.log"))")
                }
                pause(ms: 50)
            }
            while sink.count < 1, seconds() < deadline { pause(ms: 10) }
            try body(agent, sink, ports)
        }
    }
}
