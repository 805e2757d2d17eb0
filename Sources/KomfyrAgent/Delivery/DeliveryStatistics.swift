/// What delivery and its buffer have done since the start, and hold now.
///
/// Counted on the delivery loop in plain numbers; readers elsewhere get copies through `DeliveryThread.snapshot()`.
struct DeliveryStatistics: Sendable, Equatable {
    // MARK: Counted since the start

    /// Batches and their records taken from intake.
    var batchesTaken: UInt64 = 0
    var recordsTaken: UInt64 = 0
    /// Batches the hub has answered for, and how many of them it had already.
    var batchesDelivered: UInt64 = 0
    var batchesDuplicate: UInt64 = 0
    /// Records the hub has stored.
    var recordsDelivered: UInt64 = 0
    /// Records the hub refused, alone or with their whole batch; they are among the dead letters.
    var recordsRefused: UInt64 = 0
    /// Batches put among the dead letters whole.
    var batchesRefused: UInt64 = 0
    /// Records of dead letters that were dropped, because their bound was reached or the disk refused them.
    var recordsDroppedFromDeadLetters: UInt64 = 0
    /// Posts, and how many of them have to be repeated.
    var posts: UInt64 = 0
    var retries: UInt64 = 0
    /// Bytes of bodies posted, compressed, and the same before compression.
    var bytesPosted: UInt64 = 0
    var bytesCompressed: UInt64 = 0
    var bytesBeforeCompression: UInt64 = 0
    /// Records dropped because the buffer was full and is set to drop the oldest.
    var recordsDroppedFull: UInt64 = 0
    /// Records of datagrams dropped because the disk was broken and the memory for them used up.
    var recordsDroppedBroken: UInt64 = 0
    /// Frames that could not be read back, and the records that are known to have been in them.
    var framesCorrupt: UInt64 = 0
    var recordsCorrupt: UInt64 = 0
    /// Syncs to disk, and how many failed.
    var syncs: UInt64 = 0
    var syncsFailed: UInt64 = 0

    // MARK: As of now

    /// Bytes of the buffer's segments on disk.
    var bufferBytes: UInt64 = 0
    /// Batches and records on disk that are not acknowledged.
    var batchesWaiting: UInt64 = 0
    var recordsWaiting: UInt64 = 0
    /// When the oldest of them was made, in nanoseconds since 1970; 0 when none waits.
    var oldestWaitingNs: Int64 = 0
    /// Batches, records and compressed bytes in memory alone, because the disk was broken: not safe against a kill.
    var batchesInMemory: UInt64 = 0
    var recordsInMemory: UInt64 = 0
    var bytesInMemory: UInt64 = 0
    /// When the hub last took a batch, in nanoseconds since 1970; 0 when it has taken none since the start.
    var lastDeliveredNs: Int64 = 0
    /// Files whose position is known.
    var positions: UInt64 = 0
    /// Whether batches go to disk.
    var state = BufferState.open
    /// The hub's addresses, the preferred one first.
    var addresses: [Address] = []
    /// Heartbeats that the hub has taken since the start, and those that failed.
    var heartbeats: UInt64 = 0
    var heartbeatsFailed: UInt64 = 0
    /// Since when the hub takes nothing, in milliseconds of the loop's clock, and why in words; nil while it does.
    var trouble: String?

    /// One of the hub's addresses.
    struct Address: Sendable, Equatable {
        var url: String
        /// Whether posts go there now.
        var isCurrent: Bool
        /// Posts that have failed there since the start.
        var failures: UInt64
    }
}
