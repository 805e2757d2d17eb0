import Protocol

/// What to post, when, and what an answer does to that: the state machine of delivery, without a clock, a disk or a
/// socket of its own.
///
/// ```
///                    ┌────────────── again ──────────────┐
///                    ▼                                   │
///  add ──► waiting (for its sync, its turn) ──► under way ──► settling (dead letters) ──► done ──► popped in order
///                                                   └──────────── delivered ───────────────┘
/// ```
///
/// Two lanes, each of batches of their own generations: those of the disk buffer, and those that are in memory
/// alone. Of each lane at most four batches are here, the oldest that are not acknowledged, and they leave it in
/// order; so the hub, which remembers 64 behind the highest, knows every one that is posted twice.
///
/// The hub is one, whichever of its addresses is used: while it fails, everything waits for one backoff, and the batch
/// that is tried then is the oldest alone. An answer to a post from before the failure says nothing about whether it is
/// over.
struct DeliveryMachine {
    enum Lane: Int, Sendable, CaseIterable {
        case disk
        case memory
    }

    /// What an operator has to hear.
    enum Notice: Equatable {
        case trouble(HubTrouble, nextTryMs: UInt64)
        case worksAgain(afterMs: UInt64, posts: UInt64)
    }

    private enum State: Equatable {
        case waiting
        /// Posted in this epoch.
        case underWay(UInt64)
        case settling
        case done
    }

    private struct Slot {
        var ticket: UInt64
        var records: Int
        var isSafe: Bool
        var state: State
    }

    private struct Told: Hashable {
        var kind: HubTrouble.Kind
        var address: Int
    }

    /// How many addresses the hub has: the wait grows with every round through them.
    var addresses = 1

    private var lanes: [[Slot]] = [[], []]
    /// Set while draining: nothing more is posted.
    var isStopping = false

    /// Posts that failed one after the other, by backoffs.
    private var failures = 0
    /// Rises with every backoff, so that answers can be told to belong to before or after.
    private var epoch: UInt64 = 0
    private var retryAtMs: UInt64 = 0
    /// Told since the hub worked last: two addresses that fail in two ways take turns.
    private var told: Set<Told> = []
    private var isTold = false
    private var troubleSinceMs: UInt64 = 0
    private var troublePosts: UInt64 = 0
    /// The trouble as of now, in words.
    private(set) var trouble: HubTrouble?

    /// Whether another batch may be added to a lane.
    func hasRoom(_ lane: Lane) -> Bool { lanes[lane.rawValue].count < Self.laneSlots }

    /// Posts without an answer yet, and batches whose dead letters are being written.
    var underWay: Int {
        lanes.reduce(0) { sum, slots in
            sum
                + slots.count { slot in
                    switch slot.state {
                    case .underWay, .settling: true
                    case .waiting, .done: false
                    }
                }
        }
    }

    /// When `next` has something to say again that it did not a moment before; nil when only an event changes that.
    func wakeAtMs() -> UInt64? {
        guard failures > 0, !isStopping, underWay == 0, hasWaiting else { return nil }
        return retryAtMs
    }

    /// Adds a lane's next batch.
    ///
    /// `isSafe`: it may be posted, as far as the disk is concerned. One without records is never posted.
    mutating func add(_ ticket: UInt64, to lane: Lane, records: Int, isSafe: Bool) {
        precondition(hasRoom(lane), "a lane holds the four oldest batches alone")
        let state: State = records == 0 && isSafe ? .done : .waiting
        lanes[lane.rawValue].append(Slot(ticket: ticket, records: records, isSafe: isSafe, state: state))
    }

    /// The disk has what it must have before this batch is posted.
    mutating func setSafe(_ ticket: UInt64) {
        guard let (lane, index) = find(ticket), !lanes[lane][index].isSafe else { return }
        lanes[lane][index].isSafe = true
        if lanes[lane][index].records == 0 { lanes[lane][index].state = .done }
    }

    /// The batch to post now, which counts as under way from here on; nil when there is none.
    mutating func next(nowMs: UInt64) -> (ticket: UInt64, lane: Lane)? {
        guard !isStopping else { return nil }
        if failures > 0 && (nowMs < retryAtMs || underWay > 0) { return nil }
        for lane in Lane.allCases {
            let index = lanes[lane.rawValue].firstIndex { $0.state == .waiting && $0.isSafe && $0.records > 0 }
            guard let index else { continue }
            lanes[lane.rawValue][index].state = .underWay(epoch)
            return (lanes[lane.rawValue][index].ticket, lane)
        }
        return nil
    }

    /// The hub has the batch, or has refused it for good.
    ///
    /// `settles`: dead letters have to be written first; `settled` ends that.
    mutating func answered(_ ticket: UInt64, settles: Bool, nowMs: UInt64) -> Notice? {
        guard let (lane, index) = find(ticket), case .underWay(let posted) = lanes[lane][index].state else {
            return nil
        }
        lanes[lane][index].state = settles ? .settling : .done
        guard failures > 0, posted == epoch else { return nil }
        failures = 0
        trouble = nil
        told = []
        guard isTold else { return nil }
        isTold = false
        return .worksAgain(afterMs: nowMs - min(troubleSinceMs, nowMs), posts: troublePosts)
    }

    /// The batch has to be posted again, not before `afterMs` if that is given.
    ///
    /// `address` is the one that failed. `random` is any number: the wait is drawn from it, between 0 and the bound of
    /// this backoff (full jitter, so that a thousand agents do not come back at once).
    mutating func failed(
        _ ticket: UInt64,
        _ trouble: HubTrouble,
        at address: Int = 0,
        afterMs: UInt64?,
        nowMs: UInt64,
        random: UInt64
    ) -> Notice? {
        guard let (lane, index) = find(ticket), case .underWay(let posted) = lanes[lane][index].state else {
            return nil
        }
        lanes[lane][index].state = .waiting
        troublePosts += 1
        if let afterMs { retryAtMs = max(retryAtMs, nowMs + min(afterMs, AgentLimits.retryAfterLastMs)) }
        // The others of the same moment failed for the same reason.
        guard posted == epoch else { return nil }
        if failures == 0 {
            troubleSinceMs = nowMs
            troublePosts = 1
        }
        let rounds = UInt64(min(failures / max(addresses, 1), 16))
        let bound = min(AgentLimits.retryFirstMs << rounds, AgentLimits.retryLastMs)
        failures += 1
        epoch += 1
        retryAtMs = max(nowMs + 1 + random % bound, nowMs + min(afterMs ?? 0, AgentLimits.retryAfterLastMs))
        self.trouble = trouble
        guard told.insert(Told(kind: trouble.kind, address: address)).inserted else { return nil }
        isTold = true
        return .trouble(trouble, nextTryMs: retryAtMs - nowMs)
    }

    /// There is another way to the hub now: the next try is due.
    mutating func tryAnew(nowMs: UInt64) { retryAtMs = nowMs }

    /// What was told may be told again: the hub is another one.
    mutating func forgetTold() { told = [] }

    /// The batch could not be read: it is tried again after `afterMs`, or given up with `settled`.
    mutating func putBack(_ ticket: UInt64) {
        guard let (lane, index) = find(ticket) else { return }
        lanes[lane][index].state = .waiting
    }

    /// Nothing more is to be done for the batch but to acknowledge it in its turn.
    mutating func settled(_ ticket: UInt64) {
        guard let (lane, index) = find(ticket) else { return }
        lanes[lane][index].state = .done
    }

    /// The batch is gone: dropped with its segment.
    ///
    /// What comes of its post is nobody's any more.
    mutating func forget(_ ticket: UInt64) {
        guard let (lane, index) = find(ticket) else { return }
        lanes[lane].remove(at: index)
    }

    /// Takes out a lane's oldest batch if it is done.
    mutating func pop() -> (ticket: UInt64, lane: Lane)? {
        for lane in Lane.allCases where lanes[lane.rawValue].first?.state == .done {
            return (lanes[lane.rawValue].removeFirst().ticket, lane)
        }
        return nil
    }

    private static let laneSlots = ProtocolLimits.batchesInFlight

    private var hasWaiting: Bool {
        lanes.contains { $0.contains { $0.state == .waiting && $0.isSafe && $0.records > 0 } }
    }

    private func find(_ ticket: UInt64) -> (lane: Int, index: Int)? {
        for lane in lanes.indices {
            if let index = lanes[lane].firstIndex(where: { $0.ticket == ticket }) { return (lane, index) }
        }
        return nil
    }
}
