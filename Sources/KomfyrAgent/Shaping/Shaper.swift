import EventLoop
import Protocol

/// An input's rate limit and rules at work: says of each log whether it is kept, and reports in the stream what was
/// held back.
///
/// An input that has neither has no shaper, so that this costs it nothing. Belongs to one input, on the intake loop;
/// `close` it when the input stops, or what was held back last is in no account.
final class Shaper {
    private let loop: Loop
    private let batcher: Batcher
    private var rules: RuleSet?
    private var limiter: RateLimiter?
    private let line: HeldBackLine?
    private var timer: Timer?
    private let intervalMs: UInt64

    /// The shaper of an input.
    /// - Parameters:
    ///   - configuration: of the input.
    ///   - agentTags: come before the input's own.
    ///   - loop: the intake loop.
    ///   - batcher: takes the lines about what was held back.
    ///   - intervalMs: how often there is one for a source at most.
    /// - Returns: nil when its configuration asks for none.
    /// - Throws: what keeps it from working: RE2's words, or libuv's.
    static func make(
        _ configuration: InputConfiguration,
        agentTags: [String],
        _ loop: Loop,
        _ batcher: Batcher,
        intervalMs: UInt64 = AgentLimits.rateSummaryMs
    ) throws -> Shaper? {
        let shaping = configuration.shaping
        guard shaping.hasRules || shaping.rateLimit != nil else { return nil }
        return try Shaper(configuration, agentTags: agentTags, loop, batcher, intervalMs: intervalMs)
    }

    private init(
        _ configuration: InputConfiguration,
        agentTags: [String],
        _ loop: Loop,
        _ batcher: Batcher,
        intervalMs: UInt64
    ) throws {
        self.loop = loop
        self.batcher = batcher
        self.intervalMs = intervalMs
        let shaping = configuration.shaping
        if shaping.hasRules { rules = try RuleSet(keep: shaping.keep, drop: shaping.drop) }
        limiter = shaping.rateLimit.map { RateLimiter($0) }
        line = shaping.rateLimit.map { limit in
            HeldBackLine(limit: limit, tags: agentTags + configuration.tags, input: configuration.name)
        }
        if limiter != nil { timer = try Timer(loop) { [weak self] in self?.report() } }
    }

    // MARK: Each log

    /// Asks the rate limit, before a log is read: one look into a table.
    /// - Returns: `taken` for inputs without one; after `firstHeldBack` call `identify`.
    func admit(_ peer: Peer?) -> RateLimiter.Answer {
        guard let answer = limiter?.ask(Self.source(peer), nowMs: loop.nowMs) else { return .taken }
        if answer == .firstHeldBack, let timer, !timer.isActive { timer.start(afterMs: intervalMs) }
        return answer
    }

    /// Says which log it was that was held back first: its line as it would have been written.
    func identify(_ peer: Peer?, _ record: UnsafeRawBufferPointer) {
        limiter?.identify(Self.source(peer), LogIdentity(of: record))
    }

    /// Asks the rules about the log that was just written behind `start`; one that is not kept is taken out again.
    func keeps(_ output: inout [UInt8], from start: Int) -> Bool {
        guard rules != nil else { return true }
        let isKept =
            output.withUnsafeBytes { bytes in
                rules?.keeps(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            } ?? true
        if !isKept { output.removeSubrange(start...) }
        return isKept
    }

    /// Asks limit and rules about the log that was just written behind `start`: for inputs that have to read a log
    /// first, since it tells whether its sender may send at all.
    /// - Returns: why it was taken out again; nil when it stays.
    func judge(_ output: inout [UInt8], from start: Int, of peer: Peer?) -> InputStatistics.DropReason? {
        switch admit(peer) {
        case .taken: return keeps(&output, from: start) ? nil : .rule
        case .heldBack: break
        case .firstHeldBack:
            output.withUnsafeBytes { bytes in identify(peer, UnsafeRawBufferPointer(rebasing: bytes[start...])) }
        }
        output.removeSubrange(start...)
        return .rateLimited
    }

    /// Peers of unix sockets, and files, are one source.
    private static func source(_ peer: Peer?) -> RateLimiter.Source {
        RateLimiter.Source(high: peer?.high ?? 0, low: peer?.low ?? 0)
    }

    // MARK: What was held back

    /// The interval is over.
    private func report() {
        // A flood of lines must not fill the memory while nothing is taken: the counts wait in the table.
        if batcher.isHeldBack {
            timer?.start(afterMs: intervalMs)
        } else {
            writeLines()
        }
    }

    private func writeLines() {
        guard let line else { return }
        let time = WallClock.now()
        var accounts: [RateLimiter.Account] = []
        limiter?.takeHeldBack(nowMs: loop.nowMs) { accounts.append($0) }
        for account in accounts {
            let write: (inout [UInt8]) -> Bool = { output in
                line.append(account, at: time, to: &output)
                return true
            }
            // As one of datagrams it keeps a batch of them what it is; where those have no room it goes all the same.
            if !batcher.append(fromDatagrams: true, write) { batcher.append(fromDatagrams: false, write) }
        }
    }

    /// Writes what was held back and not told yet, room or not; the input has stopped.
    func close() {
        writeLines()
        timer?.close()
        timer = nil
    }
}

@available(*, unavailable)
extension Shaper: Sendable {}

extension LogIdentity {
    /// Of a written line; not a hot path.
    init(of record: UnsafeRawBufferPointer) {
        var scanner = JSONScanner()
        do throws(JSONProblem) {
            var cursor = try scanner.indexCopy(of: record)
            try cursor.enter(UInt8(ascii: "{"))
            var isFirst = true
            while let key = try cursor.nextKey(isFirst: &isFirst) {
                let value = try cursor.readValue()
                guard value.kind == .string else { continue }
                if PlainText.equal(cursor.bytes(key), PlainText.bytes("group")) { group = Array(cursor.bytes(value)) }
                if PlainText.equal(cursor.bytes(key), PlainText.bytes("source")) { source = Array(cursor.bytes(value)) }
            }
        } catch {
            // A line of ours is JSON; without its identity the account says the same.
        }
    }
}
