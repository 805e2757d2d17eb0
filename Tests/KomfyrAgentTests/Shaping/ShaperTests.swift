import EventLoop
import Foundation
import Logging
import TestSupport
import Testing

@testable import KomfyrAgent

/// The shaper within the inputs: what is kept, what is counted, and what the stream says of it.
struct ShaperTests {
    /// A log of the stream, as far as these tests look at it.
    struct Line: Decodable {
        struct Members: Decodable {
            var held_back: Int?
            var limit: Int?
            var seconds: Int?
        }
        var message: String?
        var level: String?
        var group: String?
        var tags: [String]?
        var data: Members?
        var source: String?

        var isSummary: Bool { tags?.contains("rate-limited") == true }
    }

    /// A loop that does not turn, and what is handed to delivery.
    final class Bench {
        let loop: Loop
        private(set) var batcher: Batcher
        private let bodies: Bodies

        private final class Bodies {
            var all: [[UInt8]] = []
            var untaken = 0
        }

        init() throws {
            loop = try Loop()
            let bodies = Bodies()
            self.bodies = bodies
            let submit: (consuming Batch) -> Void = { batch in
                bodies.all.append(batch.body)
                bodies.untaken += 1
            }
            batcher = Batcher(setTimer: { _ in }, submit: submit)
        }

        func take(_ state: BufferState = .open) {
            batcher.taken(count: bodies.untaken, state: state)
            bodies.untaken = 0
        }

        func lines() throws -> [Line] {
            batcher.drain()
            return try bodies.all.flatMap { body in
                try body.split(separator: UInt8(ascii: "\n"))
                    .map { try JSONDecoder().decode(Line.self, from: Data($0)) }
            }
        }

        /// Lets closed handles go.
        func end() {
            loop.stop()
            loop.run()
        }
    }

    static func configuration(_ shaping: Shaping, tags: [String] = []) -> InputConfiguration {
        let listen = InputConfiguration.Listen(transport: .udp, address: .ip("127.0.0.1", port: 0))
        var configuration = InputConfiguration(name: "test", group: "syslog:{hostname}:{app}", kind: .syslog(listen))
        configuration.tags = tags
        configuration.shaping = shaping
        return configuration
    }

    private static func peer(_ number: Int) -> Peer {
        Peer(high: 0, low: 0xFFFF_C000_0200 | UInt64(number & 0xFF), port: 514)
    }

    private static let limit = RateLimit(count: 10, period: .second, burst: 10)

    // MARK: Summaries

    @Test func `an input without rules and limit has no shaper`() throws {
        let bench = try Bench()
        defer { bench.end() }
        #expect(try Shaper.make(Self.configuration(Shaping()), agentTags: [], bench.loop, bench.batcher) == nil)
    }

    @Test func `one line a source says what was held back, in the group of its logs`() throws {
        let bench = try Bench()
        defer { bench.end() }
        let configuration = Self.configuration(Shaping(rateLimit: Self.limit), tags: ["rack"])
        let shaper = try Shaper.make(configuration, agentTags: ["site"], bench.loop, bench.batcher)
        var intake = SyslogIntake(
            try RecordWriter.Settings(configuration, agentTags: ["site"]),
            zone: .utc,
            splitsDatagrams: true,
            shaper: shaper
        )
        let long = LongMessage()
        for number in 0..<1_510 {
            for device in 1...2 where device == 1 || number < 15 {
                Array("<13>fw\(device) kernel: \(number)".utf8)
                    .withUnsafeBytes {
                        _ = intake.take(
                            $0,
                            .whole,
                            Arrival(peer: Self.peer(device), time: SyslogCase.arrival, long: long, canWait: false),
                            into: bench.batcher
                        )
                    }
            }
        }
        intake.close()
        let lines = try bench.lines()
        let summaries = lines.filter(\.isSummary)
        #expect(lines.count == 22 && summaries.count == 2)
        let first = summaries.first { $0.data?.held_back == 1_500 }
        #expect(
            first?.message
                == "192.0.2.1 sent 1,500 more messages than the limit of 10 a second within the last 1 s; they were not kept"
        )
        #expect(first?.level == "warning" && first?.tags == ["site", "rack", "rate-limited"])
        #expect(first?.group == lines.first?.group && first?.source == lines.first?.source)
        #expect(first?.data?.limit == 10 && first?.data?.seconds == 1)
        #expect(
            summaries.contains { $0.data?.held_back == 5 && $0.message?.hasPrefix("192.0.2.2 sent 5 more") == true }
        )
        #expect(intake.statistics.dropped[.rateLimited] == 1_505 && intake.statistics.parsed == 20)
    }

    @Test func `the line comes by itself when the interval is over, and waits while nothing is taken`() throws {
        let loop = try Loop()
        var bodies: [[UInt8]] = []
        let batcher = try Batcher(loop) { batch in
            bodies.append(batch.body)
            loop.stop()
        }
        batcher.taken(count: 0, state: .full)
        let configuration = Self.configuration(Shaping(rateLimit: Self.limit))
        let shaper = try #require(
            try Shaper.make(configuration, agentTags: [], loop, batcher, intervalMs: 5)
        )
        for _ in 0..<17 { _ = shaper.admit(Self.peer(1)) }
        // The interval ends several times while it is held back.
        let release = try EventLoop.Timer(loop) { batcher.taken(count: 0, state: .open) }
        release.start(afterMs: 60)
        let deadline = try EventLoop.Timer(loop) { loop.stop() }
        deadline.start(afterMs: 10_000)
        loop.run()
        #expect(bodies.count == 1)
        let line = try JSONDecoder().decode(Line.self, from: Data(bodies.first ?? []))
        #expect(line.data?.held_back == 7 && line.group == nil)
    }

    @Test func `an input that stops tells what it still held back`() throws {
        let bench = try IntakeBench { loop, batcher, logger in
            let listen = InputConfiguration.Listen(transport: .tcp, address: .ip("127.0.0.1", port: 0))
            return try SyslogStreamInput(
                loop,
                Self.configuration(Shaping(rateLimit: Self.limit)),
                listen: listen,
                agentTags: [],
                batcher: batcher,
                logger: logger
            )
        }
        let socket = try TestSocket(stream: true, to: bench.port)
        socket.send((0..<100).map { "<13>app: \($0)\n" }.joined())
        try bench.waitUntilReceived(100)
        let statistics = try bench.statistics()
        try bench.stop()
        let summary = try bench.lines.filter { $0.contains("rate-limited") }
            .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(summary.map { $0.data?.held_back } == [Int(statistics.dropped[.rateLimited])])
        #expect(UInt64(bench.lines.count - 1) == statistics.parsed)
        #expect(statistics.parsed + statistics.dropped[.rateLimited] == 100)
    }

    @Test func `a sender without the token is nobody's source`() throws {
        let bench = try Bench()
        defer { bench.end() }
        var configuration = Self.configuration(Shaping(rateLimit: Self.limit))
        let listen = InputConfiguration.Listen(transport: .udp, address: .ip("127.0.0.1", port: 0))
        configuration.kind = .json(listen, token: "secret")
        let input = try JSONInput(
            bench.loop,
            configuration,
            listen: listen,
            token: "secret",
            agentTags: [],
            batcher: bench.batcher,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let long = LongMessage()
        for number in 0..<100 {
            for token in ["secret", "guess"] {
                Array("{\"n\":\(number),\"token\":\"\(token)\"}".utf8)
                    .withUnsafeBytes {
                        _ = input.take(
                            $0,
                            .whole,
                            Arrival(peer: Self.peer(3), time: SyslogCase.arrival, long: long, canWait: false)
                        )
                    }
            }
        }
        input.stop()
        let statistics = input.statistics
        #expect(statistics.dropped[.wrongToken] == 100 && statistics.dropped[.rateLimited] == 90)
        #expect(statistics.parsed == 10 && statistics.received == 200)
        let lines = try bench.lines()
        #expect(lines.filter(\.isSummary).map { $0.data?.held_back } == [90])
        #expect(!lines.contains { $0.message?.contains("secret") == true })
    }

    // MARK: Everything is somewhere

    private static func shaping(_ random: inout SeededRandom) throws -> Shaping {
        var shaping = Shaping()
        if random.chance(2, in: 3) {
            shaping.drop = try RuleTests.rules(#"{ app = "a1" }, { message = "/[27] /" }"#, .syslog).drop
        }
        if random.chance(1, in: 2) { shaping.keep = try RuleTests.rules(#"{ level = ">=warning" }"#, .syslog).drop }
        if random.chance(2, in: 3) {
            shaping.rateLimit = RateLimit(count: 1, period: .hour, burst: 1 + random.below(200))
        }
        return shaping
    }

    @Test(arguments: 0..<60)
    func `every syslog message is delivered or counted in just one place`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let bench = try Bench()
        defer { bench.end() }
        let configuration = Self.configuration(try Self.shaping(&random))
        let fromDatagrams = random.chance(1, in: 2)
        var intake = SyslogIntake(
            try RecordWriter.Settings(configuration, agentTags: []),
            zone: .utc,
            splitsDatagrams: fromDatagrams,
            shaper: try Shaper.make(configuration, agentTags: [], bench.loop, bench.batcher)
        )
        var sent = 0
        var unfinished: Set<Int> = []
        let longs = (0..<6).map { _ in LongMessage() }
        for number in 0..<2_000 {
            let device = random.below(6)
            let peer = Self.peer(device)
            let long = longs[device]
            func take(_ text: String, _ part: StreamFramer.Part) {
                Array(text.utf8)
                    .withUnsafeBytes {
                        _ = intake.take(
                            $0,
                            part,
                            Arrival(peer: peer, time: SyslogCase.arrival, long: long, canWait: !fromDatagrams),
                            into: bench.batcher
                        )
                    }
            }
            sent += 1
            if random.chance(1, in: 40) {
                take(random.chance(1, in: 2) ? "" : "\n\0", .whole)
            } else if !fromDatagrams, random.chance(1, in: 10) {
                // Pieces of a long message, others between them.
                take("<\(8 + random.below(8))>a\(random.below(3)): n\(number) ", .cut)
                unfinished.insert(number)
                for _ in 0..<random.below(3) { take("c\(number) ", .continuation) }
                take("c\(number) ", .continuation)
            } else {
                let priority = random.chance(1, in: 10) ? "" : "<\(8 + random.below(8))>"
                take("\(priority)a\(random.below(3)): n\(number) ", .whole)
            }
            if random.chance(1, in: 50) { bench.take(random.chance(1, in: 3) ? .full : .open) }
            if random.chance(1, in: 100) { bench.batcher.flush() }
        }
        intake.close()
        let statistics = intake.statistics
        let lines = try bench.lines()
        let messages = lines.filter { !$0.isSummary }.compactMap(\.message)
        let whole = messages.filter { !$0.hasPrefix("c") }
        #expect(Set(whole).count == whole.count)
        #expect(statistics.received == UInt64(sent))
        #expect(UInt64(whole.count) == statistics.parsed + statistics.unparsed)
        #expect(UInt64(whole.count) + statistics.dropped.total == UInt64(sent), "\(statistics)")
        let heldBack = lines.compactMap { $0.data?.held_back }.reduce(0, +)
        #expect(UInt64(heldBack) == statistics.dropped[.rateLimited])
        // The pieces of a message go where its first one went.
        let starts = Set(whole.compactMap { $0.split(separator: "n").last.flatMap { Int($0.dropLast()) } })
        let pieces = Set(messages.filter { $0.hasPrefix("c") }.compactMap { Int($0.dropFirst().dropLast()) })
        #expect(pieces == unfinished.intersection(starts))
    }

    @Test(arguments: 0..<30)
    func `every JSON datagram is delivered or counted in just one place`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let bench = try Bench()
        defer { bench.end() }
        var configuration = Self.configuration(try Self.shaping(&random))
        let listen = InputConfiguration.Listen(transport: .udp, address: .ip("127.0.0.1", port: 0))
        let token = random.chance(1, in: 2) ? "t" : nil
        configuration.kind = .json(listen, token: token)
        let input = try JSONInput(
            bench.loop,
            configuration,
            listen: listen,
            token: token,
            agentTags: [],
            batcher: bench.batcher,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let levels = ["debug", "info", "warning", "error"]
        let long = LongMessage()
        for number in 0..<2_000 {
            let right = random.chance(5, in: 6) ? ",\"token\":\"t\"" : ""
            let object =
                "{\"message\":\"n\(number) \",\"app\":\"a\(random.below(3))\",\"level\":\"\(levels[random.below(4)])\"\(right)}"
            let text = [object, object, object, "n\(number) no json", "", "{}"][random.below(6)]
            Array(text.utf8)
                .withUnsafeBytes {
                    _ = input.take(
                        $0,
                        .whole,
                        Arrival(peer: Self.peer(random.below(4)), time: SyslogCase.arrival, long: long, canWait: false)
                    )
                }
        }
        input.stop()
        let statistics = input.statistics
        let lines = try bench.lines()
        let logs = lines.filter { !$0.isSummary }
        #expect(statistics.received == 2_000)
        #expect(UInt64(logs.count) == statistics.parsed + statistics.unparsed)
        #expect(UInt64(logs.count) + statistics.dropped.total == 2_000)
        #expect(UInt64(lines.compactMap { $0.data?.held_back }.reduce(0, +)) == statistics.dropped[.rateLimited])
    }

    // MARK: Files

    @Test(arguments: 0..<10)
    func `every line of a file is delivered or counted, and its position goes on`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let folder = try TemporaryFolder()
        var shaping = Shaping()
        shaping.drop = try RuleTests.rules(#"{ message = "/[27]$/" }"#, .raw).drop
        if random.chance(1, in: 2) { shaping.rateLimit = RateLimit(count: 1, period: .hour, burst: 500) }
        var options = FileHarness.Options()
        options.shaping = shaping
        // The last lines are all filtered: their positions travel without a record.
        let count = 1_000 + random.below(2_000)
        let text = (0..<count).map { "line \($0)\n" }.joined() + String(repeating: "the 7\n", count: 50)
        try folder.write("a.log", text)
        let harness = try FileHarness(folder, options)
        #expect(eventually { harness.statistics.received == UInt64(count + 50) })
        let statistics = harness.statistics
        harness.stop()
        let records = FileHarness.records(harness.onDisk)
        let summaries = records.filter { $0.tags?.contains("rate-limited") == true }
        #expect(UInt64(records.count - summaries.count) == statistics.parsed)
        #expect(statistics.parsed + statistics.dropped.total == statistics.received)
        #expect(statistics.dropped[.rule] > 0)
        #expect((statistics.dropped[.rateLimited] > 0) == (shaping.rateLimit != nil))
        #expect(summaries.count == (shaping.rateLimit == nil ? 0 : 1))
        #expect(FileHarness.positions(harness.onDisk).map(\.offset) == [UInt64(text.utf8.count)])
    }

    @Test func `the pieces of a long line that a rule leaves out go with it`() throws {
        let folder = try TemporaryFolder()
        var options = FileHarness.Options()
        options.shaping.drop = try RuleTests.rules(#"{ message = "secret *" }"#, .raw).drop
        let long = String(repeating: "x", count: AgentLimits.lineBytes * 5 / 2)
        try folder.write("a.log", "first\nsecret \(long)\nkept \(long)\nlast\n")
        let harness = try FileHarness(folder, options)
        #expect(eventually { harness.lines.last == "last" })
        let statistics = harness.statistics
        #expect(harness.lines.map { String($0.prefix(5)) } == ["first", "kept ", "xxxxx", "xxxxx", "last"])
        #expect(statistics.dropped[.rule] == 3 && statistics.parsed == 5 && statistics.received == 8)
    }
}
