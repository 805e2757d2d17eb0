import Synchronization

/// Counters since start, and the rate of the last minute.
final class StoreFigures: Sendable {
    private struct State {
        var rejected = 0
        var dropped = 0
        /// Logs taken in each of the last seconds, by second modulo the count.
        var taken = [Int](repeating: 0, count: 61)
        var second: Int64 = 0
        var started: Int64?
    }

    private let state = Mutex(State())
    private let seals = Atomic<Int>(0)
    private let commits = Atomic<Int>(0)
    /// In nanoseconds.
    private let commitTime = Atomic<Int64>(0)

    /// Notes what a request brought, at a time in nanoseconds.
    func took(_ logs: Int, rejected: Int, now: Int64) {
        state.withLock { state in
            state.rejected += rejected
            Self.advance(&state, to: now / 1_000_000_000)
            state.taken[Int(state.second % 61)] += logs
        }
    }

    /// Logs that were lost to the reader: dropped to make room, or in something that could not be read.
    func dropped(_ logs: Int) { state.withLock { $0.dropped += logs } }

    /// Notes a commit that Redis has taken, and how long that took.
    func committed(_ duration: Duration) {
        let parts = duration.components
        commits.add(1, ordering: .relaxed)
        commitTime.add(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000, ordering: .relaxed)
    }

    /// Notes that a tail has become chunks.
    func sealed() { seals.add(1, ordering: .relaxed) }

    /// Since start: tails that have become chunks, commits, and the time that these took, in nanoseconds.
    var work: (seals: Int, commits: Int, commitTime: Int64) {
        (
            seals.load(ordering: .relaxed), commits.load(ordering: .relaxed), commitTime.load(ordering: .relaxed)
        )
    }

    func read(now: Int64) -> (rejected: Int, dropped: Int, rate: Double) {
        state.withLock { state in
            let second = now / 1_000_000_000
            Self.advance(&state, to: second)
            // The running second is not over yet, so it does not count.
            let sum = state.taken.reduce(0, +) - state.taken[Int(state.second % 61)]
            let age = min(60, max(1, state.second - (state.started ?? state.second)))
            return (state.rejected, state.dropped, Double(sum) / Double(age))
        }
    }

    private static func advance(_ state: inout State, to second: Int64) {
        if state.started == nil {
            state.started = second
            state.second = max(0, second)
        }
        guard second > state.second else { return }
        let steps = min(61, second - state.second)
        for step in 1...steps { state.taken[Int((second - steps + step) % 61)] = 0 }
        state.second = second
    }
}
