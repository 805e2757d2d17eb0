import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// What the hub answers: RAM for a log, the eight queries and two more, patterns, how they fare while it takes logs in
/// at full speed, and how soon a log reaches the live stream.
struct HubQueries {
    let programs: String
    let logs: Int

    func run(into table: inout ResultsTable) throws {
        try HubProgram.run(programs) { hub in
            let before = try hub.redis.usedMemory()
            var workload = Workload(seed: 2, count: logs, endingAt: wallClock() / 1_000_000, hours: 48)
            var left = logs
            while left > 0 {
                let requests = (0..<min(100, (left + 4_999) / 5_000))
                    .map { HubBenchmarks.request(&workload, min(5_000, left - $0 * 5_000)) }
                left -= min(left, requests.count * 5_000)
                try hub.post(requests)
            }
            try waitUntilSealed(hub)
            let bytes = Double(try hub.redis.usedMemory() - before) / Double(logs)
            table.add(
                "hub, RAM in Redis, all in chunks, indexes included",
                "\(format(bytes)) bytes a log",
                memory: format(hub.program.residentMiB)
            )
            let queries = Self.queries(workload)
            let connection = try BlockingConnection(port: hub.port)
            for query in queries { try measure(query, on: connection, into: &table) }
            try report(hub, on: connection, into: &table)
            try underLoad(hub, queries.filter { $0.isListing }, into: &table)
        }
        try HubProgram.run(programs) { hub in try live(hub, into: &table) }
    }

    // MARK: The eight queries

    private struct Question {
        var what: String
        var address: String
        /// In milliseconds.
        var target: Double
        var isListing: Bool
        /// The hub keeps its answer for a while.
        var isKept = false
        /// What is wrong with the answer, in words; nil: nothing.
        var problem: ([UInt8]) -> String?
    }

    private static func queries(_ workload: Workload) -> [Question] {
        let rare = workload.middleTraces.max { ($0.value, $0.key) < ($1.value, $1.key) }
        func listing(
            _ what: String,
            _ query: String,
            target: Double,
            _ mark: String,
            count: ClosedRange<Int> = 100...100
        ) -> Question {
            Question(what: what, address: "/api/logs?limit=100&\(query)", target: target, isListing: true) { body in
                let logs = occurrences(of: #"{"id":"log_"#, in: body)
                let right = occurrences(of: mark, in: body)
                return count.contains(logs) && right >= logs
                    ? nil : "\(logs) logs instead of \(count), \(right) times \(mark)"
            }
        }
        func histogram(_ what: String, _ query: String, target: Double, _ expected: [Int]) -> Question {
            Question(what: what, address: "/api/histogram?\(query)", target: target, isListing: false) { body in
                let found = Vocabulary.levels.map { sum(of: "\"\($0)\":", in: body) }
                // Of a prefix the workload knows the sum, not each level's.
                return found == expected || expected == [found.reduce(0, +)]
                    ? nil : "counts \(found) instead of \(expected)"
            }
        }
        /// The first time makes the chunks' summaries, the others find them.
        func patterns(_ what: String, _ query: String, logs: Int?) -> Question {
            Question(what: what, address: "/api/patterns?\(query)", target: 50, isListing: false) { body in
                let found = sum(of: #""total":"#, in: body)
                let listed = occurrences(of: #""template":"#, in: body)
                return listed > 0 && found == logs ?? found ? nil : "\(found) logs, \(listed) patterns"
            }
        }
        func series(_ what: String, _ group: String, _ field: String, target: Double, _ logs: Int) -> Question {
            Question(
                what: what,
                address: "/api/timeseries?since=48h&interval=5m&group=\(group)\(field)",
                target: target,
                isListing: false,
                isKept: true
            ) { body in
                // The first minutes are over by now.
                let found = sum(of: "\"log_count\":", in: body)
                let averages = occurrences(of: "\"temperature\":{\"min\":", in: body)
                return found <= logs && found >= logs * 9 / 10 && (averages > 500 || logs < 100_000)
                    ? nil : "\(found) logs instead of \(logs), \(averages) averages"
            }
        }
        let inDatacenter = zip(Workload.groups, workload.countsByGroup)
            .reduce(0) { $1.0.name.hasPrefix("datacenter:") ? $0 + $1.1 : $0 }
        let group = "datacenter:server-rack-1"
        let inGroup = zip(Workload.groups, workload.countsByGroup).reduce(0) { $1.0.name == group ? $0 + $1.1 : $0 }
        // Few logs have neither 100 errors of the last day nor 100 that speak of a timeout.
        let some = workload.made < 100_000 ? 1...100 : 100...100
        return [
            listing("Q1 newest 100 of a group", "group=\(group)", target: 4, #""group":"\#(group)""#),
            listing("Q2 newest 100 of datacenter:*", "group=datacenter:*", target: 8, #""group":"datacenter:"#),
            listing(
                "Q3 newest 100 with level error, last 24 h",
                "levels=error&since=24h",
                target: 8,
                #""level":"error""#,
                count: some
            ),
            listing(
                "Q4 a rare word over everything",
                "q=\(rare?.key ?? "none")",
                target: 10,
                "trace=\(rare?.key ?? "none")",
                count: (rare?.value ?? 0)...(rare?.value ?? 0)
            ),
            listing(
                "Q5 newest 100 of datacenter:* with `timeout`",
                "group=datacenter:*&q=timeout",
                target: 8,
                "timeout",
                count: some
            ),
            histogram(
                "Q6 count per 5 min of datacenter:*",
                "interval=5m&group=datacenter:*",
                target: 6,
                [inDatacenter]
            ),
            histogram("Q8 count by level of everything", "interval=1d", target: 5, workload.countsByLevel),
            patterns("patterns of everything", "since=0", logs: workload.countsByLevel.reduce(0, +)),
            patterns("patterns of datacenter:*, last 24 h, and what is new", "group=datacenter:*", logs: nil),
            series("Q7 avg of a field per 5 min of a group", group, "&field=temperature", target: 3, inGroup),
            series("Q7, every field", group, "", target: 30, inGroup),
            series("Q7, of datacenter:*", "datacenter:*", "&field=temperature", target: 30, inDatacenter),
        ]
    }

    private func measure(
        _ query: Question,
        on connection: BlockingConnection,
        into table: inout ResultsTable
    ) throws {
        let request = HubProgram.get(query.address)
        let start = seconds()
        let first = try connection.exchange(request)
        let cold = (seconds() - start) * 1_000
        let what = "hub, \(query.what); \(format(Double(logs))) logs stored"
        guard first.status == 200 else {
            return table.add(what, "not answered: \(first.status)")
        }
        func times(_ request: (Int) -> [UInt8]) throws -> [Double] {
            try (0..<20)
                .map { number in
                    let request = request(number)
                    let start = seconds()
                    _ = try connection.exchange(request)
                    return (seconds() - start) * 1_000
                }
        }
        var figure = "\(format(median(try times { _ in request }))) ms"
        if query.isKept {
            // With a group that is not there it is the same question to the store, and another one to what is kept.
            let computed = try times { HubProgram.get("\(query.address)&group=none\($0)") }
            figure = "\(format(median(computed))) ms, kept \(figure)"
        }
        let problem = query.problem(first.body)
        let found = Self.occurrences(of: #"{"id":"log_"#, in: first.body)
        table.add(
            what,
            "\(figure), cold \(format(cold)) ms",
            ratio:
                "target \(format(query.target)) ms; \(query.isListing ? "\(found) logs" : "\(first.body.count) bytes")"
        )
        // A fast wrong answer is no figure.
        if let problem { throw BenchmarkError("\(query.what): \(problem)") }
    }

    private static func occurrences(of text: String, in body: [UInt8]) -> Int {
        let mark = Array(text.utf8)
        var count = 0
        var rest = body[...]
        while let place = rest.firstRange(of: mark) {
            count += 1
            rest = rest[place.upperBound...]
        }
        return count
    }

    /// The sum of the whole numbers that stand behind a text.
    private static func sum(of text: String, in body: [UInt8]) -> Int {
        let mark = Array(text.utf8)
        var sum = 0
        var rest = body[...]
        while let place = rest.firstRange(of: mark) {
            rest = rest[place.upperBound...].drop { $0 == 0x20 }
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            sum += digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }
        return sum
    }

    // MARK: Reports

    /// Everything that is told of 48 hours of all groups: series and trends of each, patterns, what is new, the newest
    /// errors, the analyst without a model.
    private func report(_ hub: HubProgram, on connection: BlockingConnection, into table: inout ResultsTable) throws {
        let request = HubProgram.post("/api/analyze?group=*&hours=48&refresh=1", [], minimal: false)
        var answer = (status: 0, body: [UInt8]())
        let times = try (0..<4)
            .map { _ in
                let start = seconds()
                let found = try connection.exchange(request)
                answer = (found.status, found.body)
                return (seconds() - start) * 1_000
            }
        let analyzed = Self.sum(of: #""analyzed_logs":"#, in: answer.body)
        table.add(
            "hub, report on everything, 48 h, by the statistics; \(format(Double(logs))) logs stored",
            "\(format(median(Array(times.dropFirst())))) ms, cold \(format(times[0])) ms",
            memory: format(hub.program.residentMiB),
            ratio: "\(answer.body.count) bytes"
        )
        guard answer.status == 200, analyzed <= logs, analyzed >= logs * 99 / 100 else {
            throw BenchmarkError("the report is \(answer.status), on \(analyzed) logs")
        }
    }

    // MARK: Under load

    /// The listings in turn: with nothing else to do, while batches come as fast as they are taken, and right after,
    /// when as many logs as then lie in tails and not in chunks.
    private func underLoad(_ hub: HubProgram, _ queries: [Question], into table: inout ResultsTable) throws {
        let idle = try latencies(hub, queries, rounds: 60)
        var workload = Workload(seed: 3, count: 200_000, endingAt: wallClock() / 1_000_000, hours: 1)
        let requests = (0..<200).map { _ in HubBenchmarks.request(&workload, 1_000) }
        let load = try LoadThread(port: hub.port, requests: requests)
        pause(ms: 500)
        let loaded = try latencies(hub, queries, rounds: 60)
        let rate = try load.stop()
        let after = try latencies(hub, queries, rounds: 60)
        func figures(_ part: Double) -> String {
            [idle, loaded, after].map { format(percentile($0, part)) }.joined(separator: " / ")
        }
        table.add(
            "hub, Q1 to Q5 in turn, idle / while \(format(rate)) logs/s come in / idle with the tails that this leaves",
            "p50 \(figures(0.5)) ms, p99 \(figures(0.99)) ms",
            ratio: "p99 \(ratio(percentile(loaded, 0.99) / percentile(idle, 0.99))) of idle, "
                + "\(ratio(percentile(loaded, 0.99) / percentile(after, 0.99))) of idle with tails; target below 3 times"
        )
    }

    private func latencies(_ hub: HubProgram, _ queries: [Question], rounds: Int) throws -> [Double] {
        let connection = try BlockingConnection(port: hub.port)
        var times: [Double] = []
        for _ in 0..<rounds {
            for query in queries {
                let start = seconds()
                let answer = try connection.exchange(HubProgram.get(query.address))
                if answer.status == 200 { times.append((seconds() - start) * 1_000) }
            }
        }
        return times.sorted()
    }

    // MARK: Sealing

    /// Waits until every tail is in chunks, which is five minutes after the last log at the latest: then the WAL is
    /// empty.
    private func waitUntilSealed(_ hub: HubProgram) throws {
        let deadline = seconds() + 420
        while try hub.redis.walEntries() > 0 {
            guard seconds() < deadline else { throw BenchmarkError("the hub does not seal its tails") }
            pause(ms: 500)
        }
    }

    // MARK: Live

    /// From the moment a log is sent until the stream has it.
    private func live(_ hub: HubProgram, into table: inout ResultsTable) throws {
        let stream = try BlockingConnection(port: hub.port)
        try stream.send(HubProgram.get("/api/logs/stream"))
        try stream.skip(to: "\r\n\r\n")
        let sender = try BlockingConnection(port: hub.port)
        let times = try (0..<200)
            .map { number in
                let body = Array(#"{"message":"live \#(number) ends","group":"live"}"#.utf8)
                let start = seconds()
                let answer = try sender.exchange(HubProgram.post("/api/logs", body, minimal: false))
                guard answer.status == 200 else { throw BenchmarkError("the hub refused a log: \(answer.status)") }
                try stream.skip(to: "live \(number) ends")
                return (seconds() - start) * 1_000
            }
            .sorted()
        table.add(
            "hub, from POST to the live stream",
            "\(format(median(times))) ms, p99 \(format(percentile(times, 0.99))) ms",
            ratio: "target 10 ms"
        )
    }
}

func median(_ values: [Double]) -> Double { percentile(values.sorted(), 0.5) }

/// Of sorted values.
func percentile(_ values: [Double], _ part: Double) -> Double {
    values.isEmpty ? 0 : values[min(values.count - 1, Int(Double(values.count) * part))]
}
