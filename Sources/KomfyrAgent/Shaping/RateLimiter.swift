/// Counts what each source sends against a limit: a bucket of tokens for each, which fills with time.
///
/// ```
///  source ─► its bucket ─► a token is there: taken
///                      └─► none: held back, counted ─► takeHeldBack: one account a source, each log in exactly one
/// ```
///
/// At most `AgentLimits.rateLimitedSources` sources have a bucket. Room is made by forgetting those whose bucket is
/// full again and who have nothing to account for: a new bucket would say the same. When there is none to forget, all
/// further sources share one bucket, so that forged addresses cost no memory and take nothing from those who were there
/// before.
///
/// Pure: no clock of its own, times are milliseconds of one that never goes back.
struct RateLimiter {
    /// An address as `Peer` has it; zero for files and unix sockets, which are one source.
    struct Source: Hashable {
        var high: UInt64 = 0
        var low: UInt64 = 0
    }

    enum Answer {
        case taken
        case heldBack
        /// The first since the last account: who it is of has to be said (`identify`).
        case firstHeldBack
    }

    /// What was held back of one source since its last account.
    struct Account {
        /// Nil for all that share the bucket beyond the bound.
        var source: Source?
        var heldBack: UInt64
        /// Since the first of them, in milliseconds.
        var ageMs: UInt64
        /// The group and the source of the first, as they stand in JSON strings.
        var identity: LogIdentity
    }

    private struct Bucket {
        /// In parts of a token: `period` of them in milliseconds make one.
        var parts: Int64
        var filledMs: UInt64
        var heldBack: UInt64 = 0
        var firstHeldBackMs: UInt64 = 0
        var identity = LogIdentity()
    }

    private let limit: RateLimit
    private let maximumSources: Int
    private var buckets: [Source: Bucket] = [:]
    private var shared: Bucket
    private var nextSweepMs: UInt64 = 0

    /// Full buckets for everyone.
    init(_ limit: RateLimit, maximumSources: Int = AgentLimits.rateLimitedSources) {
        self.limit = limit
        self.maximumSources = maximumSources
        shared = Bucket(parts: Self.capacity(limit), filledMs: 0)
    }

    /// How many sources have a bucket of their own.
    var sources: Int { buckets.count }

    /// A log has come.
    mutating func ask(_ source: Source, nowMs: UInt64) -> Answer {
        if buckets[source] == nil {
            if buckets.count >= maximumSources { sweep(nowMs: nowMs) }
            guard buckets.count < maximumSources else { return Self.ask(&shared, limit, nowMs: nowMs) }
        }
        return Self.ask(
            &buckets[source, default: Bucket(parts: Self.capacity(limit), filledMs: nowMs)],
            limit,
            nowMs: nowMs
        )
    }

    private static func ask(_ bucket: inout Bucket, _ limit: RateLimit, nowMs: UInt64) -> Answer {
        fill(&bucket, limit, nowMs: nowMs)
        let price = Int64(limit.period.milliseconds)
        if bucket.parts >= price {
            bucket.parts -= price
            return .taken
        }
        bucket.heldBack += 1
        guard bucket.heldBack == 1 else { return .heldBack }
        bucket.firstHeldBackMs = nowMs
        return .firstHeldBack
    }

    private static func capacity(_ limit: RateLimit) -> Int64 {
        Int64(limit.burst) * Int64(limit.period.milliseconds)
    }

    private static func fill(_ bucket: inout Bucket, _ limit: RateLimit, nowMs: UInt64) {
        guard nowMs > bucket.filledMs else { return }
        let capacity = capacity(limit)
        // Bounded before it is multiplied: a bucket that was left alone for so long is full.
        let elapsed = Int64(clamping: nowMs - bucket.filledMs)
        let missing = capacity - bucket.parts
        bucket.parts = elapsed > missing / Int64(limit.count) ? capacity : bucket.parts + elapsed * Int64(limit.count)
        bucket.filledMs = nowMs
    }

    /// Says whose the log was that `ask` called the first.
    mutating func identify(_ source: Source, _ identity: LogIdentity) {
        if buckets[source] != nil {
            buckets[source]?.identity = identity
        } else {
            shared.identity = LogIdentity(group: identity.group)
        }
    }

    /// Hands out what was held back since the last time, source by source, and begins anew.
    mutating func takeHeldBack(nowMs: UInt64, _ body: (Account) -> Void) {
        for (source, bucket) in buckets where bucket.heldBack > 0 {
            body(Self.account(source, bucket, nowMs: nowMs))
            buckets[source]?.heldBack = 0
            buckets[source]?.identity = LogIdentity()
        }
        if shared.heldBack > 0 {
            body(Self.account(nil, shared, nowMs: nowMs))
            shared.heldBack = 0
            shared.identity = LogIdentity()
        }
    }

    private static func account(_ source: Source?, _ bucket: Bucket, nowMs: UInt64) -> Account {
        Account(
            source: source,
            heldBack: bucket.heldBack,
            ageMs: nowMs - min(bucket.firstHeldBackMs, nowMs),
            identity: bucket.identity
        )
    }

    /// Forgets the sources of whom a new bucket would say the same; once a second at most, for it looks at all.
    private mutating func sweep(nowMs: UInt64) {
        guard nowMs >= nextSweepMs else { return }
        nextSweepMs = nowMs + 1_000
        let capacity = Self.capacity(limit)
        let limit = limit
        buckets = buckets.filter { _, bucket in
            guard bucket.heldBack == 0 else { return true }
            var bucket = bucket
            Self.fill(&bucket, limit, nowMs: nowMs)
            return bucket.parts < capacity
        }
    }
}

/// Where a log belongs: its group and its source, as they stand between the quotes of a written line.
struct LogIdentity: Equatable {
    var group: [UInt8]?
    var source: [UInt8]?
}
