#if canImport(Glibc)
import Glibc
#endif

/// How the store is set.
struct StoreConfiguration: Sendable {
    /// How long logs are kept (`LOG_RETENTION_HOURS`), in nanoseconds.
    var retention: Int64 = 48 * 3_600_000_000_000
    /// When a tail is sealed; the defaults are in `HubLimits`.
    var seal = SealPolicy()
    /// The time in nanoseconds since 1970.
    var clock: @Sendable () -> Int64 = StoreConfiguration.systemClock

    /// The span of chunks in nanoseconds.
    var span: Int64 { max(1, retention / HubLimits.spansPerRetention) }

    /// When a tail becomes chunks, and what may lie in WAL and tails.
    struct SealPolicy: Sendable {
        var records = HubLimits.sealRecords
        var textBytes = HubLimits.sealBytes
        /// In nanoseconds.
        var age = Int64(HubLimits.sealAgeMs) * 1_000_000
        var walBytes = HubLimits.walBytes
        var tailBytes = HubLimits.tailBytes
        var tickMs = HubLimits.sealTickMs
    }

    /// The system's clock.
    static func systemClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Whether the store can take logs now.
struct StoreHealth: Sendable, Equatable {
    /// Redis answers and the lease is held.
    var canStore: Bool
    /// Redis answers.
    var isRedisUp: Bool
    /// Why it cannot, for people; nil when it can.
    var reason: String?
}
