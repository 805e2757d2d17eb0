/// Which of the hub's addresses is used now: a state machine without a clock, a socket or a random number of its own.
///
/// ```
///  first ──fails──► second ──fails──► … ──fails──► first …      at each failure, after the backoff
///    ▲                 │
///    └──── answers ────┘   while another one is used, those before it are asked from time to time
/// ```
///
/// The addresses are several doors to one hub: batches keep their identities whichever door they take, and the hub's
/// store knows them again.
struct HubAddresses {
    /// One address, and what became of it.
    private struct Address {
        var url: String
        var failures: UInt64 = 0
        /// By the Retry-After of its last answer.
        var notBeforeMs: UInt64 = 0
        var probeAtMs: UInt64 = 0
        /// Failed probes one after the other, and failures soon after a good one.
        var probesFailed = 0
        /// When it was last returned to.
        var returnedMs: UInt64?
    }

    /// What an operator has to hear: where logs go now.
    struct Move: Equatable {
        var url: String
        var isBack: Bool
        /// Why the address before was left.
        var reason: String?
    }

    private var addresses: [Address]
    private(set) var current = 0
    /// The address that the operator was last told of.
    private var told = 0
    private var reason: String?
    private var probing: Int?
    private let probeFirstMs: UInt64

    /// Addresses that have not been used, the preferred one first; `probeFirstMs` is the time between two questions,
    /// on average.
    init(_ urls: [String], probeFirstMs: UInt64 = AgentLimits.addressProbeFirstMs) {
        addresses = urls.map { Address(url: $0) }
        self.probeFirstMs = max(probeFirstMs, 1)
    }

    var count: Int { addresses.count }

    /// The address of an index.
    func url(_ index: Int) -> String { addresses.indices.contains(index) ? addresses[index].url : "" }

    /// For each address how many posts failed there.
    var failures: [(url: String, failures: UInt64)] { addresses.map { ($0.url, $0.failures) } }

    /// A post through this address failed.
    ///
    /// `afterMs` is what the hub asked to wait, `random` any number.
    /// - Returns: what the next post has to wait besides the backoff.
    mutating func failed(
        _ index: Int,
        _ trouble: HubTrouble,
        afterMs: UInt64?,
        nowMs: UInt64,
        random: UInt64
    ) -> UInt64? {
        guard addresses.indices.contains(index) else { return afterMs }
        addresses[index].failures += 1
        // What was asked at another address than the one in use is not for this one.
        guard index == current else { return addresses.count > 1 ? nil : afterMs }
        guard addresses.count > 1, trouble.concernsAddress else { return afterMs }
        addresses[index].notBeforeMs = nowMs + min(afterMs ?? 0, AgentLimits.retryAfterLastMs)
        // One that is well when asked and fails when used is asked ever more rarely.
        if let returned = addresses[index].returnedMs, nowMs < returned + AgentLimits.addressTrialMs {
            addresses[index].probesFailed += 1
        } else {
            addresses[index].probesFailed = 0
        }
        addresses[index].returnedMs = nil
        if index == 0 || reason == nil { reason = trouble.words }
        let others = (1...addresses.count).map { (index + $0) % addresses.count }
        let next =
            others.first { addresses[$0].notBeforeMs <= nowMs }
            ?? others.min { addresses[$0].notBeforeMs < addresses[$1].notBeforeMs } ?? index
        current = next
        planProbe(index, nowMs: nowMs, random: random)
        return addresses[next].notBeforeMs > nowMs ? addresses[next].notBeforeMs - nowMs : nil
    }

    /// A post through this address was answered as it should be.
    /// - Returns: where logs go now, if that has changed since it was last told.
    mutating func worked(_ index: Int) -> Move? {
        guard index == current, index != told else { return nil }
        let isBack = index < told
        told = index
        defer { if index == 0 { reason = nil } }
        return Move(url: addresses[index].url, isBack: isBack, reason: isBack ? nil : reason)
    }

    /// The address to ask now whether it works again; nil while there is none.
    mutating func nextProbe(nowMs: UInt64) -> Int? {
        guard probing == nil, let index = (0..<current).first(where: { addresses[$0].probeAtMs <= nowMs }) else {
            return nil
        }
        probing = index
        return index
    }

    /// When `nextProbe` has something to say.
    var probeDueMs: UInt64? {
        probing == nil ? (0..<current).map { addresses[$0].probeAtMs }.min() : nil
    }

    /// An address was asked.
    /// - Returns: whether posts go there from now on.
    mutating func probed(_ index: Int, isUp: Bool, nowMs: UInt64, random: UInt64) -> Bool {
        guard probing == index else { return false }
        probing = nil
        guard isUp, index < current else {
            addresses[index].probesFailed += 1
            planProbe(index, nowMs: nowMs, random: random)
            return false
        }
        current = index
        addresses[index].notBeforeMs = 0
        addresses[index].returnedMs = nowMs
        return true
    }

    /// Between half of the interval and one and a half, so that two hundred agents do not come back at once.
    private mutating func planProbe(_ index: Int, nowMs: UInt64, random: UInt64) {
        let doublings = UInt64(min(addresses[index].probesFailed / 2, 16))
        let interval = min(probeFirstMs << doublings, AgentLimits.addressProbeLastMs)
        addresses[index].probeAtMs = nowMs + interval / 2 + random % interval
    }
}
