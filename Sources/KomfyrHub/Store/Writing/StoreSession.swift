import Synchronization

/// The time between two grants of the lease, in which memory is in step with Redis: what the sealer and the sweeper
/// write under.
///
/// When it ends (the connection or the lease is lost) its fence is void, so nothing of it can be written later.
final class StoreSession: Sendable {
    let grant: LeaseGrant
    let memory: StoreMemory

    init(grant: LeaseGrant, memory: StoreMemory) {
        self.grant = grant
        self.memory = memory
    }
}

/// What all parts of the store share.
final class StoreState: Sendable {
    private struct Current {
        var memory: StoreMemory
        var session: StoreSession?
    }

    private let current = Mutex(Current(memory: StoreMemory(hub: 0, nextSequence: 1)))
    let figures = StoreFigures()
    let cache = ChunkCaches()
    /// Of those who compute series.
    let seriesTurns = Turns(HubLimits.seriesUnderWay)
    /// Of those who gather patterns.
    let patternTurns = Turns(HubLimits.patternsUnderWay)
    /// Redis's memory and disk.
    let room: StoreRoom
    /// Wakes the watch: a measurement is wanted now.
    let watchWakes = Signal()
    /// Wakes the writer: a request, a grant, something to look after.
    let writerWakes = Signal()
    /// Wakes the sealer: a full tail, or too much in memory.
    let sealerWakes = Signal()
    /// Called for each request that was applied.
    let observers = Mutex<[@Sendable (IngestRequest, IngestReceipt) -> Void]>([])

    /// With a memory limit in bytes; nil: Redis's own alone.
    init(memoryLimit: Int? = nil) { room = StoreRoom(limit: memoryLimit) }

    private let reloadIsWanted = Atomic(false)

    /// Asks the writer to load everything from Redis again.
    func wantReload() {
        reloadIsWanted.store(true, ordering: .releasing)
        writerWakes.raise()
    }

    /// Whether it was asked for; once.
    func takeReload() -> Bool { reloadIsWanted.exchange(false, ordering: .acquiringAndReleasing) }

    /// What readers look at.
    var memory: StoreMemory { current.withLock { $0.memory } }

    /// What writers work under; nil while memory and Redis may differ.
    var session: StoreSession? { current.withLock { $0.session } }

    func begin(_ session: StoreSession) {
        current.withLock { current in
            current.memory = session.memory
            current.session = session
        }
    }

    /// Ends the session, if it is still this one.
    func end(_ session: StoreSession?) {
        current.withLock { if $0.session === session { $0.session = nil } }
    }
}
