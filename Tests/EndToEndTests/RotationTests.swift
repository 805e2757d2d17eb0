import Foundation
import TestSupport
import Testing

/// A day of rotation in a minute: files are written, renamed, packed, truncated and made anew while the agent that
/// follows them is killed again and again: every line arrives once.
///
/// 20 seconds; `KOMFYRVAKT_ROTATION_SECONDS=60` makes it a minute, `KOMFYRVAKT_ROTATION_SEED` repeats what is done
/// when, `KOMFYRVAKT_ROTATION_RATE` asks for another rate than 50,000 lines a second.
@Suite(.serialized)
struct RotationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seconds = environment["KOMFYRVAKT_ROTATION_SECONDS"].flatMap(Double.init) ?? 20
    private static let rate = environment["KOMFYRVAKT_ROTATION_RATE"].flatMap(Int.init) ?? 50_000
    private static let seed =
        environment["KOMFYRVAKT_ROTATION_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...99_999)

    @Test(arguments: [seed])
    func `every line arrives once, however files are rotated and the agent is killed, with seed`(_ seed: UInt64)
        async throws
    {
        let hub = try CountingHub(words: ["number", "more"])
        defer { hub.stop() }
        let agent = try AgentProcess(hub: hub.url, key: "kmf_test")
        do {
            try await run(hub, agent, seed)
        } catch {
            let words = agent.output.suffix(2_000)
            await agent.close()
            throw TestFailure("seed \(seed): \(error)\nThe agent's last words:\n\(words)")
        }
        await agent.close()
    }

    private func run(_ hub: CountingHub, _ agent: AgentProcess, _ seed: UInt64) async throws {
        let multiline = """

            [[input]]
            type = "file"
            name = "traces"
            paths = ["\(agent.scratch.at("watched"))/*.trace"]
            multiline = { start = '^\\d{4}-', wait_ms = 300 }
            """
        try agent.scratch.append(multiline, to: "agent.toml")
        let logs = ["a.log", "b.log", "c.log", "d.trace", "e.trace"]
            .map { RotatedLog(agent.scratch.at("watched/\($0)"), isMultiline: $0.hasSuffix("trace")) }
        try await agent.start()
        var random = SeededRandom(seed: seed)
        var day = Day(logs: logs)
        try await day.pass(hub, agent, seconds: Self.seconds, rate: Self.rate, &random)
        let gap = logs.reduce(into: Set<Int>()) { $0.formUnion($1.gap) }
        let written = day.written
        _ = try await eventually("all lines arrive", within: 300) {
            (0..<written).allSatisfy { gap.contains($0) || hub.count(0, $0) > 0 } ? true : nil
        }
        let traces = day.numbersOfTraces
        _ = try await eventually("all second lines arrive", within: 120) {
            traces.allSatisfy { $0.allSatisfy { gap.contains($0) || hub.count(1, $0) > 0 } } ? true : nil
        }
        try await agent.stop()
        let doubled = (0..<written).filter { hub.count(0, $0) > 1 || hub.count(1, $0) > 1 }
        let places = doubled.prefix(20)
            .map { number in
                "\(number) (\(hub.count(0, number)) and \(hub.count(1, number)) times) in \(day.log(of: number))"
            }
        #expect(places == [], "seed \(seed)")
        #expect(hub.problems == [])
        #expect(day.kills > 0 && written > 0)
        let ways = logs.flatMap(\.rotations).reduce(into: [:]) { $0["\($1.key)", default: 0] += $1.value }
        #expect(!ways.isEmpty)
        let lost = gap.count { hub.count(0, $0) == 0 }
        print(
            """
            rotation: seed \(seed), \(Self.seconds) s, \(written) logs in \(logs.count) files, \(day.kills) kills, \
            rotations \(ways.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")); \
            \(lost) lost in the gap of copy and truncate (\(gap.count) were unread in it), 0 elsewhere, \
            \(doubled.count) doubled, \(hub.resent) batches sent again
            """
        )
    }

    /// The writer, logrotate, and the one who kills.
    private struct Day {
        let logs: [RotatedLog]
        private(set) var written = 0
        private(set) var kills = 0
        private(set) var numbersOfTraces: [Range<Int>] = []
        /// What was written, in order, and where.
        private var parts: [(numbers: Range<Int>, log: RotatedLog)] = []

        init(logs: [RotatedLog]) { self.logs = logs }

        /// The file that a number was written to, and its place in what was written at once.
        func log(of number: Int) -> String {
            guard let part = parts.first(where: { $0.numbers.contains(number) }) else { return "no file" }
            return "\((part.log.path as NSString).lastPathComponent) of \(part.numbers)"
        }

        mutating func pass(
            _ hub: CountingHub,
            _ agent: AgentProcess,
            seconds: Double,
            rate: Int,
            _ random: inout SeededRandom
        ) async throws {
            let begin = ContinuousClock.now
            let end = begin + .seconds(seconds)
            var nextKill = begin + .milliseconds(1_000 + random.below(2_000))
            var nextStart: ContinuousClock.Instant?
            var last = begin
            // On a machine that falls behind it is killed later, when all that nobody could find again has arrived.
            let patience = end + .seconds(120)
            while ContinuousClock.now < end || nextStart != nil || (kills == 0 && ContinuousClock.now < patience) {
                let now = ContinuousClock.now
                if let start = nextStart, now >= start {
                    try await agent.start()
                    for log in logs { log.agentStarted() }
                    nextStart = nil
                    nextKill = now + .milliseconds(1_000 + random.below(2_000))
                } else if nextStart == nil, now >= nextKill, !logs.contains(where: { $0.forbidsKill }) {
                    agent.kill()
                    kills += 1
                    nextStart = now + .milliseconds(random.below(1_000))
                }
                // What a pause of the machine has held up is not made up for all at once.
                let elapsed = min((now - last) / .seconds(1), 0.1)
                last = now
                if now < end { try write(Int(elapsed * Double(rate)), &random) }
                try await rotate(hub, isRunning: nextStart == nil, &random)
                try await Task.sleep(for: .milliseconds(10))
            }
            for log in logs { try log.finish() }
        }

        private mutating func write(_ count: Int, _ random: inout SeededRandom) throws {
            for log in logs where !log.waits {
                let numbers = written..<written + random.below(2 * count / logs.count + 2)
                try log.append(numbers, leavesLine: random.chance(1, in: 4))
                parts.append((numbers, log))
                if log.isMultiline { numbersOfTraces.append(numbers) }
                written = numbers.upperBound
            }
        }

        private func rotate(_ hub: CountingHub, isRunning: Bool, _ random: inout SeededRandom) async throws {
            for log in logs {
                try await log.tidy(hub)
                let way = RotatedLog.Way.allCases[random.below(RotatedLog.Way.allCases.count)]
                if log.isRotating || random.chance(1, in: 100) {
                    try await log.rotate(way, hub, isRunning: isRunning)
                }
            }
        }
    }
}
