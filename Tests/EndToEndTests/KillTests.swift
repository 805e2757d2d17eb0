import Foundation
import Synchronization
import Testing

import TestSupport

/// `kill -9` of the hub and of its Redis, again and again under load: every answered log is there once.
///
/// 20 seconds; `KOMFYRVAKT_KILL_SECONDS=120` makes it two minutes, `KOMFYRVAKT_KILL_SEED` repeats a run's kills.
@Suite(.serialized)
struct KillTests {
    private static let seconds =
        ProcessInfo.processInfo.environment["KOMFYRVAKT_KILL_SECONDS"].flatMap(Double.init) ?? 20
    private static let seed =
        ProcessInfo.processInfo.environment["KOMFYRVAKT_KILL_SEED"].flatMap(UInt64.init)
        ?? UInt64.random(in: 1...99_999)

    /// What a sender has done with a batch that was answered in the end.
    private struct Batch {
        var numbers: Range<Int>
        var hasIdentity: Bool
        /// Tries whose answer was lost, or did not say that it is stored.
        var failures: Int
    }

    /// What all senders share.
    private final class Ledger: Sendable {
        private struct State {
            var next = 0
            var answered: [Batch] = []
            var isOver = false
            var problems: [String] = []
        }

        private let state = Mutex(State())

        var answered: [Batch] { state.withLock { $0.answered } }
        var problems: [String] { state.withLock { $0.problems } }
        var isOver: Bool { state.withLock { $0.isOver } }

        func take(_ count: Int) -> Range<Int> {
            state.withLock { state in
                state.next += count
                return state.next - count..<state.next
            }
        }

        func add(_ batch: Batch) { state.withLock { $0.answered.append(batch) } }
        func note(_ problem: String) { state.withLock { $0.problems.append(problem) } }
        func end() { state.withLock { $0.isOver = true } }
    }

    @Test(arguments: [seed])
    func `every answered log is there once, however often hub and Redis are killed, with seed`(_ seed: UInt64)
        async throws
    {
        try await withHub { hub in
            var random = SeededRandom(seed: seed)
            let ledger = Ledger()
            let (url, key) = (hub.url, hub.key)
            var kills = (hub: 0, redis: 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sender in 0..<4 {
                    group.addTask { await Self.load(ledger, url: url, key: key, sender: sender) }
                }
                let end = ContinuousClock.now + .seconds(Self.seconds)
                while ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(1_000 + random.below(2_000)))
                    let choice = random.below(5)
                    if choice != 0, let pid = Self.redisPid(of: hub.scratch.path) {
                        kill(pid, SIGKILL)
                        kills.redis += 1
                    }
                    if choice < 3 {
                        hub.kill()
                        kills.hub += 1
                        try await hub.start()
                    }
                    _ = try await eventually("the hub takes logs again", within: 180) {
                        try await HTTP.send("GET", "\(url)/api/health").status == 200 ? true : nil
                    }
                }
                ledger.end()
                try await group.waitForAll()
            }
            #expect(ledger.problems == [])
            #expect(kills.hub + kills.redis > 0)
            var counts: [Int: Int] = [:]
            for number in try await hub.numbers("number") { counts[number, default: 0] += 1 }
            var lost = 0
            var doubled = 0
            var logs = 0
            for batch in ledger.answered {
                logs += batch.numbers.count
                for number in batch.numbers {
                    let count = counts[number] ?? 0
                    if count == 0 { lost += 1 }
                    // Without an identity a batch whose answer was lost is another one when it is sent again.
                    if count > (batch.hasIdentity ? 1 : 1 + batch.failures) { doubled += 1 }
                }
            }
            #expect(lost == 0, "seed \(seed)")
            #expect(doubled == 0, "seed \(seed)")
            #expect(logs > 0)
            let again = ledger.answered.count { $0.failures > 0 }
            print(
                """
                kill test: seed \(seed), \(Self.seconds) s, \(kills.hub) kills of the hub, \(kills.redis) of Redis, \
                \(ledger.answered.count) batches answered (\(again) after a failure), \(logs) logs, \(lost) lost, \
                \(doubled) doubled
                """
            )
        }
    }

    /// Sends batches one after the other until it is over, each until it is answered.
    ///
    /// Every other sender gives its batches an identity.
    private static func load(_ ledger: Ledger, url: String, key: String, sender: Int) async {
        let hasIdentity = sender % 2 == 0
        var sequence = 0
        while !ledger.isOver {
            sequence += 1
            var batch = Batch(numbers: ledger.take(20), hasIdentity: hasIdentity, failures: 0)
            var headers = ["Authorization": "Bearer \(key)", "Content-Type": "application/x-ndjson"]
            if hasIdentity {
                headers["Idempotency-Key"] = "kill\(sender).0123456789abcdef0123456789abcdef/\(sequence)"
            }
            let body = batch.numbers.map { #"{"message":"number \#($0)","group":"kill:\#($0 % 7)"}"# }
                .joined(separator: "\n")
            while true {
                // No answer: it is not known whether it is stored.
                let answer = try? await HTTP.send("POST", "\(url)/api/logs/batch", headers: headers, body: body)
                if let answer, answer.status == 200, answer.json["ingested"] == 20 {
                    ledger.add(batch)
                    break
                }
                if let answer, answer.status != 503 || answer.headers["retry-after"] == nil {
                    ledger.note("\(answer.status) \(answer.body.prefix(200))")
                    break
                }
                batch.failures += 1
                // At the end all batches are brought home, so that none is in doubt.
                try? await Task.sleep(for: .milliseconds(50))
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The Redis whose socket lies in a folder; it shows its socket as its name.
    private static func redisPid(of folder: String) -> pid_t? {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let pid = pid_t(name), let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                continue
            }
            let words = String(decoding: line, as: UTF8.self)
            // Not the child that writes its file anew.
            if words.contains("redis-server"), words.contains(folder + "/data/redis.sock") { return pid }
        }
        return nil
    }
}
