import Glibc
import Testing

@testable import KomfyrAgent

/// Thousands of seeds: `KOMFYRVAKT_SIMULATION_SEEDS=20000` runs more of them, `KOMFYRVAKT_SIMULATION_SEED=123` that one
/// alone, telling what happens.
@Suite struct DeliverySimulationTests {
    static let rounds = 40

    @Test(arguments: 0..<rounds)
    func `whatever fails and crashes, what was safe arrives once, and every line of a file does`(round: Int) throws {
        if let seed = number("KOMFYRVAKT_SIMULATION_SEED") {
            if round == 0 { try run(seed, tells: true) }
            return
        }
        let seeds = number("KOMFYRVAKT_SIMULATION_SEEDS") ?? 2_000
        let each = (seeds + Self.rounds - 1) / Self.rounds
        for seed in (round * each)..<min((round + 1) * each, seeds) {
            guard try run(seed, tells: false) else { return }
        }
    }

    @discardableResult
    private func run(_ seed: Int, tells: Bool) throws -> Bool {
        var run = try DeliverySimulation(seed: UInt64(seed))
        run.tells = tells
        let problem = try run.run()
        #expect(problem == nil, "KOMFYRVAKT_SIMULATION_SEED=\(seed)")
        return problem == nil
    }

    private func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}
