import Synchronization

/// How much room Redis and its disk have, and whether Redis takes writes.
///
/// The watch (`StoreWatch`) measures, the writer adds what it writes between two measurements, health and figures read.
///
/// ```
///  0 ──────────────── used ───▶│ line ───── reserve ─────│ limit
///                              ▲                         '- the smaller of KOMFYRVAKT_MEMORY_LIMIT and maxmemory
///                              '- from here on the oldest goes, or nothing more is taken; the reserve is for sealing,
///                                 trimming and deleting
/// ```
final class StoreRoom: Sendable {
    private struct State {
        var used = 0
        var maxMemory: Int?
        /// All bytes that were ever written, less those freed, by the writer's count.
        var written = 0
        /// `written` when the last measurement was begun.
        var writtenAtPoll = 0
        var isFull = false
        var isMeasured = false
        /// There is nothing to drop.
        var isStuck = false
        /// What is wrong with the disk.
        var diskTrouble: String?
        /// Why Redis refuses to write.
        var writeTrouble: String?
        var pollBegan: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let configured: Int?

    /// - Parameter limit: in bytes; nil: what Redis's own `maxmemory` says alone.
    init(limit: Int?) { configured = limit }

    // MARK: Measuring

    /// A measurement is on its way.
    func begin() {
        state.withLock { state in
            state.pollBegan = .now
            state.writtenAtPoll = state.written
        }
    }

    /// What Redis has said.
    func measured(used: Int, maxMemory: Int?) {
        state.withLock { state in
            state.pollBegan = nil
            state.used = used
            state.maxMemory = maxMemory
            state.isMeasured = true
            settle(&state)
        }
    }

    /// The measurement came to nothing.
    func gaveUp() { state.withLock { $0.pollBegan = nil } }

    /// How long Redis has owed an answer to the measurement.
    var silence: Duration { state.withLock { $0.pollBegan.map { .now - $0 } ?? .zero } }

    /// The writer has put so many bytes into Redis, or has freed them (negative).
    func wrote(_ bytes: Int) {
        state.withLock { state in
            state.written += bytes
            settle(&state)
        }
    }

    /// Redis itself has said that it is full, whatever was measured.
    func isOutOfMemory() {
        state.withLock { state in
            guard let limit = limit(state) else { return }
            state.used = max(state.used, Self.line(limit))
            state.writtenAtPoll = min(state.writtenAtPoll, state.written)
            settle(&state)
        }
    }

    /// There is nothing to drop, or there is again.
    func note(isStuck: Bool) { state.withLock { $0.isStuck = isStuck } }

    /// Why the disk is too full; nil: it is not.
    func note(diskTrouble: String?) { state.withLock { $0.diskTrouble = diskTrouble } }

    /// Why Redis refuses to write; nil: it does not.
    func note(writeTrouble: String?) { state.withLock { $0.writeTrouble = writeTrouble } }

    // MARK: Looking

    /// Redis's memory in bytes, with what was written since it was measured.
    var used: Int { state.withLock { Self.estimate($0) } }

    /// The limit that counts, in bytes; nil: none.
    var limit: Int? { state.withLock { limit($0) } }

    /// Whether the line is reached; stays so until a margin below it is.
    var isFull: Bool { state.withLock { $0.isFull } }

    /// Whether there is nothing to drop although it is full.
    var isStuck: Bool { state.withLock { $0.isStuck && $0.isFull } }

    var writeTrouble: String? { state.withLock { $0.writeTrouble } }

    /// Why nothing may be stored now; nil: it may.
    func refusal(_ whenFull: WhenFull) -> StoreError? {
        state.withLock { state in
            if let began = state.pollBegan, .now - began > .milliseconds(HubLimits.redisSilenceMs) {
                return .silent
            }
            if let words = state.diskTrouble ?? state.writeTrouble { return .refused(words) }
            return state.isFull && (whenFull == .refuse || state.isStuck) ? .full : nil
        }
    }

    /// How many bytes must go until there is room again.
    var excess: Int {
        state.withLock { state in
            guard let limit = limit(state) else { return 0 }
            return max(0, Self.estimate(state) - Self.line(limit) + Self.margin(limit))
        }
    }

    // MARK: The rule

    /// From how many bytes on nothing more is taken: a tenth below the limit, at least 64 MiB, but never more than a
    /// quarter, so that a small limit is of use too.
    static func line(_ limit: Int) -> Int { limit - max(limit / 10, min(HubLimits.memoryReserveBytes, limit / 4)) }

    /// How far below the line there is room again, so that it is not crossed at every commit.
    static func margin(_ limit: Int) -> Int { limit / 50 }

    private func limit(_ state: State) -> Int? {
        [configured, state.maxMemory].compactMap { $0 }.min()
    }

    private static func estimate(_ state: State) -> Int { max(0, state.used + state.written - state.writtenAtPoll) }

    private func settle(_ state: inout State) {
        guard state.isMeasured, let limit = limit(state) else {
            state.isFull = false
            return
        }
        let estimate = Self.estimate(state)
        let line = Self.line(limit)
        if estimate >= line {
            state.isFull = true
        } else if estimate < line - Self.margin(limit) {
            state.isFull = false
            state.isStuck = false
        }
    }
}

/// What happens at the memory limit (`KOMFYRVAKT_WHEN_FULL`).
enum WhenFull: String, Sendable, CaseIterable {
    /// The oldest chunks go.
    case dropOldest = "drop_oldest"
    /// Nothing is taken until there is room: agents keep their logs on disk.
    case refuse
}
