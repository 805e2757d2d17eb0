/// The hub with its private Redis: what it takes in and what that costs, beside a key per log and beside the floor.
struct HubBenchmarks {
    let programs: String
    /// Logs of each ingest row.
    let logs: Int

    func run(into table: inout ResultsTable) throws {
        let floor = try Floor.run(logs: min(logs, 200_000))
        table.add(
            "floor: scan, fill columns, zstd; no HTTP, no Redis",
            "\(format(floor.bytes)) bytes of columns a log of \(format(floor.json)) bytes of JSON",
            processor: format(floor.processor)
        )
        let keyed = try KeyPerLog.run(logs: logs)
        table.add(
            "a Redis key per log with indexes, 4 connections",
            "\(format(keyed.logsPerSecond)) logs/s, \(format(keyed.bytesPerLog)) bytes of RAM a log",
            processor: format(keyed.processor)
        )
        for size in [1_000, 5_000] {
            try HubProgram.run(programs) { hub in
                let idle = hub.program.residentMiB
                if size == 1_000 { table.add("hub, idle", "\(format(idle)) MiB", memory: format(idle)) }
                let measured = try batches(of: size, to: hub)
                table.add(
                    "hub, batches of \(format(Double(size))), 4 connections",
                    "\(format(measured.rate)) logs/s",
                    processor: "\(format(measured.processor)) (Redis \(format(measured.redis)))",
                    memory: format(hub.program.residentMiB),
                    ratio: "\(ratio(measured.rate / keyed.logsPerSecond)) of the rate and "
                        + "\(ratio(measured.processor / keyed.processor)) of the CPU of a key per log; "
                        + "\(ratio(measured.processor / floor.processor)) of the floor's CPU"
                )
            }
        }
        try HubProgram.run(programs) { hub in
            let empty = try answers(of: hub)
            table.add(
                "hub, GET /api, 64 connections: what an answer without a store costs",
                "\(format(empty.rate)) answers/s",
                processor: format(empty.processor)
            )
            let measured = try singles(to: hub)
            table.add(
                "hub, one log a POST, 64 connections",
                "\(format(measured.rate)) POST/s",
                processor: "\(format(measured.processor)) (Redis \(format(measured.redis)))",
                memory: format(hub.program.residentMiB),
                ratio: "\(ratio(measured.rate / empty.rate)) of the answers without a store"
            )
        }
    }

    /// What a million logs cost.
    private struct Measured {
        var rate: Double
        var processor: Double
        var redis: Double
    }

    private func batches(of size: Int, to hub: HubProgram) throws -> Measured {
        var workload = Workload(seed: 1, count: logs + 20 * size, endingAt: wallClock() / 1_000_000, hours: 48)
        // The first round warms connections, decoders and Redis up, and is not counted.
        try hub.post((0..<20).map { _ in Self.request(&workload, size) })
        var rounds = Rounds(hub)
        var left = logs / size
        while left > 0 {
            // In rounds, so that what is sent need not all be made beforehand; only sending counts.
            let requests = (0..<min(left, 400_000 / size)).map { _ in Self.request(&workload, size) }
            left -= requests.count
            try rounds.measure { try hub.post(requests) }
        }
        return rounds.result(logs: logs / size * size)
    }

    /// The floor of single POSTs: the server's way from a request to an answer, as Hummingbird goes it.
    private func answers(of hub: HubProgram) throws -> Measured {
        let count = max(1_000, logs / 10)
        let request = HubProgram.get("/api")
        try hub.post(Array(repeating: request, count: 1_000), connections: 64)
        let all = Array(repeating: request, count: count)
        var rounds = Rounds(hub)
        try rounds.measure { try hub.post(all, connections: 64) }
        return rounds.result(logs: count)
    }

    private func singles(to hub: HubProgram) throws -> Measured {
        let count = max(1_000, logs / 10)
        var workload = Workload(seed: 2, count: count + 1_000, endingAt: wallClock() / 1_000_000, hours: 1 / 60)
        func requests(_ count: Int) -> [[UInt8]] {
            (0..<count)
                .map { _ in
                    workload.next()
                    return HubProgram.post("/api/logs", workload.json, minimal: false)
                }
        }
        try hub.post(requests(1_000), connections: 64)
        let all = requests(count)
        var rounds = Rounds(hub)
        try rounds.measure { try hub.post(all, connections: 64) }
        return rounds.result(logs: count)
    }

    static func request(_ workload: inout Workload, _ size: Int) -> [UInt8] {
        HubProgram.post("/api/logs/batch", workload.batch(of: size), minimal: true)
    }

    /// Sums up time and processor time of what is measured.
    private struct Rounds {
        private let hub: HubProgram
        private var elapsed = 0.0
        private var processor = 0.0
        private var redis = 0.0

        init(_ hub: HubProgram) { self.hub = hub }

        mutating func measure(_ body: () throws -> Void) throws {
            let before = (hub.program.processorSeconds, hub.redisProcessorSeconds)
            let start = seconds()
            try body()
            elapsed += seconds() - start
            processor += hub.program.processorSeconds - before.0
            redis += hub.redisProcessorSeconds - before.1
        }

        func result(logs: Int) -> Measured {
            Measured(
                rate: Double(logs) / elapsed,
                processor: processor / Double(logs) * 1e6,
                redis: redis / Double(logs) * 1e6
            )
        }
    }
}

/// `7.1 times`.
func ratio(_ value: Double) -> String {
    value < 1 ? "\(format((value * 1_000).rounded() / 10)) %" : "\(format(value)) times"
}
