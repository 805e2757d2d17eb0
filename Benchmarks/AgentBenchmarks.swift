import EventLoop

#if canImport(Glibc)
import Glibc
#endif

/// The agent beside rsyslog and syslog-ng, each from socket or file over its disk buffer to a sink.
///
/// A peer's row shows what it does; the agent's shows besides its processor time per message as a part of each peer's.
struct AgentBenchmarks {
    /// What is measured.
    enum Row: String, CaseIterable {
        case idle
        case tcp
        case tls
        case udp
        case file
        case outage
        case kill
        case unavailable
    }

    /// How much of everything.
    struct Amounts {
        /// Messages over TCP, and over TLS.
        var tcp = 3_000_000
        /// Bytes of the file.
        var file = 1_000_000_000
        /// Seconds of datagrams at each rate.
        var udpSeconds = 5.0
        /// Seconds without a hub, and with one that answers 503.
        var outageSeconds = 60
        var unavailableSeconds = 30
        /// Messages sent into an outage before the kill.
        var kill = 170_000

        /// A tenth: enough to see that every row runs, too little for figures.
        static let quick = Amounts(
            tcp: 200_000,
            file: 50_000_000,
            udpSeconds: 1,
            outageSeconds: 5,
            unavailableSeconds: 5,
            kill: 20_000
        )
    }

    let collectors: [Collector]
    let amounts: Amounts
    let rows: [Row]
    let lines: [[UInt8]]
    private let fileLines: [[UInt8]]

    /// - Parameters:
    ///   - programs: where komfyr-agent is.
    ///   - peers: where the peers were unpacked; nil leaves them out.
    ///   - amounts: how much of everything.
    ///   - rows: what is measured.
    init(programs: String, peers: String?, amounts: Amounts, rows: [Row]) {
        collectors = [.agent(programs)] + (peers.map { Collector.peers($0) } ?? [])
        self.amounts = amounts
        self.rows = rows
        var source = SyslogLines(seed: 3)
        let now = wallClock()
        lines = (0..<8_192).map { _ in source.line(at: now) }
        fileLines = (0..<8_192).map { _ in source.fileLine(at: now) }
    }

    func run(into table: inout ResultsTable) throws {
        for row in rows {
            switch row {
            case .idle: try runIdle(&table)
            case .tcp: try runTCP(&table)
            case .tls: try runTLS(&table)
            case .udp:
                try runUDP(together: 64, "64 a system call (GSO)", &table)
                try runUDP(together: 1, "one a system call, as devices send", &table)
            case .file: try runFile(&table)
            case .outage: try runOutage(&table)
            case .kill: try runKill(&table)
            case .unavailable: try runUnavailable(&table)
            }
        }
    }

    // MARK: Rates

    private func runIdle(_ table: inout ResultsTable) throws {
        for collector in collectors {
            try withCollector(collector) { program, _ in
                pause(ms: 2_000)
                let memory = program.memory
                table.add(
                    "\(collector.name), idle",
                    "\(format(memory.resident)) MiB, \(format(memory.own)) of it private",
                    memory: format(memory.resident)
                )
            }
        }
    }

    private func runTCP(_ table: inout ResultsTable) throws {
        let count = amounts.tcp
        try compare("syslog over TCP, disk, to the sink", &table) { collector in
            try withCollector(collector) { program, place in
                try measure(program, place.sink) {
                    try SyslogLoad.tcp(port: place.tcp, lines: lines, count: count)
                    return count
                }
            }
        }
    }

    private func runTLS(_ table: inout ResultsTable) throws {
        let count = amounts.tcp
        try compare("syslog over TLS (RFC 5425, sent by openssl s_client), disk, to the sink", &table) { collector in
            try withCollector(collector, withTLS: true) { program, place in
                guard let tls = place.tls else { return nil }
                try waitUntilListening(collector, program, on: tls.port)
                let sender = try TLSSender(port: tls.port, folder: place.folder)
                defer { sender.stop() }
                return try measure(program, place.sink) {
                    try sender.send(lines, count: count)
                    return count
                }
            }
        }
    }

    private func runFile(_ table: inout ResultsTable) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/lines.log"
            let count = try SyslogLoad.file(path, lines: fileLines, bytes: amounts.file)
            try compare("file of \(amounts.file / 1_000_000) MB, disk, to the sink", &table) { collector in
                // From its start on: reading begins before a probe could come through.
                try withCollector(collector, file: path) { program, place in
                    try measure(program, place.sink, sinceStart: true, patience: 15) { count }
                }
            }
        }
    }

    /// The highest of some rates at which every datagram of some seconds arrives.
    private func runUDP(together: Int, _ sender: String, _ table: inout ResultsTable) throws {
        try compare("syslog over UDP without loss, \(sender), disk, to the sink", &table) { collector in
            var best: Measured?
            for rate in stride(from: 50_000, through: 600_000, by: 50_000) {
                let measured = try withCollector(collector) { program, place in
                    try measure(program, place.sink) {
                        try SyslogLoad.udp(
                            port: place.udp,
                            lines: lines,
                            perSecond: rate,
                            together: together,
                            for: amounts.udpSeconds
                        )
                    }
                }
                progress("\(collector.name): UDP at \(format(Double(rate)))/s: \(measured.words)")
                guard measured.arrived == measured.sent else { break }
                var lossless = measured
                lossless.rate = Double(measured.sent) / amounts.udpSeconds
                if lossless.rate > best?.rate ?? 0 { best = lossless }
                // A sender that falls behind measures itself from here on.
                guard lossless.rate > 0.98 * Double(rate) else { break }
            }
            return best
        }
    }

    /// Measures each program in turn, peers first, and adds their rows, the agent's with its ratios.
    private func compare(
        _ what: String,
        _ table: inout ResultsTable,
        _ body: (Collector) throws -> Measured?
    ) throws {
        var costs: [(peer: String, cost: Double)] = []
        for collector in collectors.reversed() {
            guard let measured = try body(collector), measured.arrived > 0 else {
                table.add("\(collector.name), \(what)", "nothing, or nothing without loss")
                continue
            }
            let cost = measured.processor / Double(measured.arrived) * 1e6
            let ratios = costs.map { "\(hundredths(cost / $0.cost)) of \($0.peer)" }
            if !collector.isAgent { costs.append((collector.name, cost)) }
            table.add(
                "\(collector.name), \(what)",
                "\(format(measured.rate)) messages/s" + (measured.arrived < measured.sent ? ", \(measured.words)" : ""),
                processor: format(cost),
                memory: format(measured.memory),
                ratio: collector.isAgent && !costs.isEmpty ? "CPU per message: " + ratios.joined(separator: ", ") : ""
            )
        }
    }

    // MARK: Measuring

    /// What a run gave.
    struct Measured {
        var sent: Int
        var arrived: Int
        var doubled: Int
        /// From the first sending to the last arrival.
        var seconds: Double
        var processor: Double
        /// Resident, in MiB, the highest since the program's start.
        var memory: Double
        var rate: Double

        var words: String {
            "\(arrived) of \(sent) arrived, \(sent - arrived) lost, \(doubled) doubled"
        }
    }

    /// Sends, then waits until all has arrived, or nothing more does for some seconds.
    func measure(
        _ program: Program,
        _ sink: HubSink,
        sinceStart: Bool = false,
        patience: Double = 3,
        _ send: () throws -> Int
    ) throws -> Measured {
        let processor = sinceStart ? 0 : program.processorSeconds
        let start = seconds()
        let sent = try send()
        let end = wait(for: sent, at: sink, patience: patience)
        return Measured(
            sent: sent,
            arrived: sink.tally.arrived,
            doubled: sink.tally.doubled,
            seconds: end - start,
            processor: program.processorSeconds - processor,
            memory: program.memory.highest,
            rate: Double(sink.tally.arrived) / (end - start)
        )
    }

    /// - Returns: when the last message arrived.
    func wait(for count: Int, at sink: HubSink, patience: Double) -> Double {
        var last = (count: sink.tally.arrived, time: seconds())
        while last.count < count, seconds() - last.time < patience {
            pause(ms: 2)
            if sink.tally.arrived != last.count { last = (sink.tally.arrived, seconds()) }
        }
        return last.time
    }

    /// Calls `body` with the program running and known to hand on, or with a file just started.
    func withCollector<Result>(
        _ collector: Collector,
        file: String? = nil,
        withTLS: Bool = false,
        _ body: (Program, Collector.Place) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            let sink = try HubSink()
            defer { sink.stop() }
            let place = Collector.Place(
                folder: folder,
                udp: freePort(),
                tcp: freePort(),
                tls: withTLS ? try TLSPlace(in: folder) : nil,
                sink: sink,
                file: file
            )
            let program = try collector.run(place)
            defer { program.stop() }
            if file == nil { try waitUntilUp(collector, program, place) }
            return try body(program, place)
        }
    }

    /// Waits until a message comes through.
    func waitUntilUp(_ collector: Collector, _ program: Program, _ place: Collector.Place) throws {
        let deadline = seconds() + 20
        let probe = "<14>\(SyslogLines.bsdTime(wallClock())) probe probe: ~\(SequenceTally.probe)"
        while (try? SyslogLoad.line(port: place.tcp, probe)) == nil {
            guard seconds() < deadline, program.isRunning else {
                throw BenchmarkError("\(collector.name) does not start:\n\(program.output)")
            }
            pause(ms: 50)
        }
        while !place.sink.tally.hasProbe {
            guard seconds() < deadline, program.isRunning else {
                throw BenchmarkError("\(collector.name) hands nothing on:\n\(program.output)")
            }
            pause(ms: 10)
        }
    }

    /// Waits until it takes connections on a port of its own.
    private func waitUntilListening(_ collector: Collector, _ program: Program, on port: UInt16) throws {
        let deadline = seconds() + 20
        while !SyslogLoad.isListening(port: port) {
            guard seconds() < deadline, program.isRunning else {
                throw BenchmarkError("\(collector.name) does not listen for TLS:\n\(program.output)")
            }
            pause(ms: 50)
        }
    }

    func progress(_ text: String) {
        print("  \(text)")
        fflush(nil)
    }

    private func hundredths(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}
