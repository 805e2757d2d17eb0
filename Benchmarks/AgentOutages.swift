import EventLoop

#if canImport(Glibc)
import Glibc
#endif

/// What becomes of messages and memory while the hub is away, and when the program is killed meanwhile.
extension AgentBenchmarks {
    /// How long after an outage nothing may arrive before the rest counts as lost, in seconds: longer than the longest
    /// wait before any of them tries again.
    private static let patience = 45.0

    /// 20,000 messages a second with the hub down: memory, then what is lost once it is up again.
    func runOutage(_ table: inout ResultsTable) throws {
        for collector in collectors.reversed() {
            try withCollector(collector) { program, place in
                place.sink.set(.down)
                let count = 20_000 * amounts.outageSeconds
                try SyslogLoad.tcp(port: place.tcp, lines: lines, count: count, perSecond: 20_000)
                let memory = program.memory
                place.sink.set(.answers)
                let start = seconds()
                let end = wait(for: count, at: place.sink, patience: Self.patience)
                table.add(
                    "\(collector.name), hub down for \(amounts.outageSeconds) s at 20,000 messages/s",
                    result(count, place.sink) + "; all that arrives is there \(format(end - start)) s after",
                    memory: "\(format(memory.resident)), at most \(format(memory.highest))"
                )
            }
        }
    }

    /// Messages over TCP into an outage, and `kill -9` a second after the last.
    func runKill(_ table: inout ResultsTable) throws {
        for collector in collectors.reversed() {
            try withCollector(collector) { program, place in
                place.sink.set(.down)
                try SyslogLoad.tcp(port: place.tcp, lines: lines, count: amounts.kill, perSecond: 17_000)
                pause(ms: 1_000)
                program.killAtOnce()
                place.sink.set(.answers)
                let second = try collector.run(place)
                defer { second.stop() }
                _ = wait(for: amounts.kill, at: place.sink, patience: Self.patience)
                table.add(
                    "\(collector.name), kill -9 in an outage, a second after \(format(Double(amounts.kill))) messages",
                    result(amounts.kill, place.sink)
                )
            }
        }
    }

    /// 10,000 messages a second while the hub answers 503.
    func runUnavailable(_ table: inout ResultsTable) throws {
        for collector in collectors.reversed() where collector.isOverHTTP {
            try withCollector(collector) { _, place in
                place.sink.set(.unavailable)
                let count = 10_000 * amounts.unavailableSeconds
                try SyslogLoad.tcp(port: place.tcp, lines: lines, count: count, perSecond: 10_000)
                place.sink.set(.answers)
                _ = wait(for: count, at: place.sink, patience: Self.patience)
                table.add(
                    "\(collector.name), \(amounts.unavailableSeconds) s of answers 503 at 10,000 messages/s",
                    result(count, place.sink)
                )
            }
        }
    }

    private func result(_ sent: Int, _ sink: HubSink) -> String {
        "\(format(Double(sent - sink.tally.arrived))) lost, \(format(Double(sink.tally.doubled))) doubled"
    }
}
