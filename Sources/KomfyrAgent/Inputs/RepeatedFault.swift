/// Sums a fault up that may happen with every packet, so that it is reported once and then once an interval.
struct RepeatedFault {
    private var count: UInt64 = 0
    private var quietUntilMs: UInt64 = 0

    /// It happened.
    /// - Returns: how often since the last report, when a report is due.
    mutating func happened(nowMs: UInt64) -> UInt64? {
        count += 1
        guard nowMs >= quietUntilMs else { return nil }
        quietUntilMs = nowMs + AgentLimits.faultIntervalMs
        return take()
    }

    /// What was not reported yet; nil when there is nothing.
    mutating func take() -> UInt64? {
        guard count > 0 else { return nil }
        defer { count = 0 }
        return count
    }
}
