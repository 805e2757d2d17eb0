import Foundation
import Synchronization
import TestSupport
import Testing

/// The hub's promise: what it answered is there once, whatever happens to it.
struct HubKillTests {
    @Test(arguments: [UInt64(1), 2])
    func `100,000 logs by batches, the hub killed at random moments: each batch once, seed`(seed: UInt64) async throws {
        let hub = try HubProcess()
        do {
            try await hub.start()
            let batches = 200
            let size = 500
            let answered = Mutex<Set<Int>>([])
            let next = Mutex(0)
            let senders = (0..<4).map { _ in
                Task {
                    while true {
                        let batch = next.withLock { next in
                            defer { next += 1 }
                            return next
                        }
                        if batch >= batches { return }
                        try await Self.post(batch, size: size, to: hub)
                        answered.withLock { _ = $0.insert(batch) }
                    }
                }
            }
            var random = SplitMix(seed: seed)
            for _ in 0..<3 {
                let target = answered.withLock { $0.count } + Int.random(in: 5...40, using: &random)
                _ = try await eventually("\(target) batches are answered", within: 60) {
                    answered.withLock { $0.count >= target } ? true : nil
                }
                hub.kill()
                try await hub.start()
            }
            for sender in senders { try await sender.value }
            let counts = try await Sequences.count(in: hub)
            #expect(counts.count == batches * size)
            let doubled = counts.filter { $0.value > 1 }
            #expect(doubled.isEmpty, "\(doubled.count) doubled")
        } catch {
            let words = hub.output.suffix(2_000)
            await hub.close()
            throw TestFailure("\(error)\nThe hub's last words:\n\(words)")
        }
        await hub.close()
    }

    /// Posts a batch until it is answered, always under the same identity.
    private static func post(_ batch: Int, size: Int, to hub: HubProcess) async throws {
        let lines = (0..<size).map { #"{"message":"\#(Sequences.text(batch * size + $0))","group":"kill:\#($0 % 7)"}"# }
        let headers = [
            "Authorization": "Bearer \(hub.key)", "Content-Type": "application/x-ndjson",
            "Idempotency-Key": "test-agent.0123456789abcdef0123456789abcdef/\(batch + 1)",
        ]
        _ = try await eventually("batch \(batch) is answered", within: 90) {
            let answer = try await HTTP.send(
                "POST",
                hub.url + "/api/logs/batch",
                headers: headers,
                body: lines.joined(separator: "\n")
            )
            if answer.status == 503 || answer.status == 429 { return nil as Bool? }
            guard answer.status == 200, answer.json["ingested"].number == Double(size) else {
                throw TestFailure("batch \(batch): \(answer.status) \(answer.body.prefix(300))")
            }
            return true
        }
    }
}

/// Steele, Lea and Flood's SplitMix64: the same numbers from the same seed on every machine.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
