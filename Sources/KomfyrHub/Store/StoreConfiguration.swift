import EventLoop

/// How the store is set.
struct StoreConfiguration: Sendable {
    /// How long logs are kept (`LOG_RETENTION_HOURS`), in nanoseconds.
    var retention: Int64 = 48 * 3_600_000_000_000
    /// When a tail is sealed; the defaults are in `HubLimits`.
    var seal = SealPolicy()
    /// What may be used in Redis (`KOMFYRVAKT_MEMORY_LIMIT`), in bytes; nil: what Redis's `maxmemory` says alone.
    var memoryLimit: Int?
    /// What happens there (`KOMFYRVAKT_WHEN_FULL`).
    var whenFull = WhenFull.dropOldest
    /// The free bytes of the disk that Redis writes to; nil: that disk is not ours to watch.
    var freeDiskBytes: (@Sendable () -> Int?)?
    /// The time in nanoseconds since 1970.
    var clock: @Sendable () -> Int64 = WallClock.now

    /// The span of chunks in nanoseconds.
    var span: Int64 { max(1, retention / HubLimits.spansPerRetention) }

    /// Sets the memory limit, and lets the WAL take a part of it only: what lies there cannot be dropped.
    mutating func limitMemory(to limit: Int) {
        memoryLimit = limit
        seal.walBytes = min(seal.walBytes, StoreRoom.line(limit) / 6)
    }

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
}
