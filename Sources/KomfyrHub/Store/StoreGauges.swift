import Synchronization

/// What the store holds and has done since start, for `/metrics`.
struct StoreGauges: Sendable {
    /// Entries of the WAL in Redis, and their bytes.
    var walEntries = 0
    var walBytes = 0
    /// Bytes of all tails in memory.
    var tailBytes = 0
    var chunks = 0
    var chunkBytes = 0
    var groups = 0
    /// Tails that have become chunks.
    var seals = 0
    var commits = 0
    /// How long these took, in seconds.
    var commitSeconds = 0.0
    /// Commands to Redis without an answer, and their bytes.
    var commandsUnderWay = 0
    var commandBytesUnderWay = 0
    /// How many connections to Redis there have been.
    var redisConnections = 0
}

extension LogStore {
    /// What the store holds and does now.
    var gauges: StoreGauges {
        let memory = state.memory
        var gauges = StoreGauges()
        (gauges.walEntries, gauges.walBytes) = memory.ledger.withLock { ($0.count, $0.bytes) }
        gauges.tailBytes = memory.tailBytes.load(ordering: .relaxed)
        for group in memory.directory.withLock({ $0.matching([], bound: nil) }) {
            let (chunks, bytes) = group.state.withLock { state in
                (state.chunks.count, state.chunks.reduce(0) { $0 + $1.bytes })
            }
            gauges.groups += 1
            gauges.chunks += chunks
            gauges.chunkBytes += bytes
        }
        let work = state.figures.work
        gauges.seals = work.seals
        gauges.commits = work.commits
        gauges.commitSeconds = Double(work.commitTime) / 1e9
        (gauges.commandsUnderWay, gauges.commandBytesUnderWay) = redis.underWay
        gauges.redisConnections = redis.connectionNumber
        return gauges
    }
}
