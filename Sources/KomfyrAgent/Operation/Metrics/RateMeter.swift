/// How many a second of something that is counted, over the last minute.
///
/// Fed now and then with the count so far; a count that went back belongs to something new.
struct RateMeter {
    private var samples: [(ms: UInt64, count: UInt64)] = []

    /// The time that a rate is over, in milliseconds.
    static let windowMs: UInt64 = 60_000
    /// How often to feed it, in milliseconds.
    static let sampleMs: UInt64 = 10_000

    /// Notes the count at a time.
    mutating func note(_ count: UInt64, atMs ms: UInt64) {
        if let last = samples.last, count < last.count { samples = [] }
        samples.append((ms, count))
        while samples.count > 1, samples[1].ms + Self.windowMs <= ms { samples.removeFirst() }
    }

    /// The rate up to now.
    ///
    /// 0 before there are two samples.
    func perSecond(_ count: UInt64, atMs ms: UInt64) -> Double {
        guard let first = samples.first, ms > first.ms, count >= first.count else { return 0 }
        return Double(count - first.count) * 1_000 / Double(ms - first.ms)
    }
}
