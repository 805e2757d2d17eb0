import Logging
import Synchronization

/// The one that writes commits: takes what waits, sends it, and applies it to memory once Redis has it.
///
/// One commit is under way at a time. When the connection or the lease goes, the session ends; under the next grant
/// the writer first finds out what Redis has (`synchronize`), and only then goes on.
actor StoreWriter {
    /// A commit that was sent and not answered, or refused for its fence.
    struct Doubt {
        var plan: CommitPlan
        var value: [UInt8]
        var deadline: ContinuousClock.Instant
    }

    let redis: RedisClient
    let lease: Lease
    let configuration: StoreConfiguration
    let logger: Logger
    let state: StoreState
    let queue: OpenCommit
    let sealer: StoreSealer
    let replayer: Replayer
    var cache = SeenCache()
    var doubt: Doubt?
    /// What was in doubt and turned out to be in Redis: to be answered as soon as requests are let in again.
    var settled: CommitPlan?
    /// Redis's run: another one means that it was started again, and may have lost what it had answered.
    var redisRun: [UInt8]?
    /// The grant under which memory was last brought in step, or tried to be.
    var lastGrant = 0
    var sweepIsDue = false
    /// What is to be purged, the first first.
    var purges: [PurgeWork] = []
    /// The first purge has gone on since the last commit.
    var purgeHadTurn = false
    /// Nothing is taken any more.
    private(set) var isStopped = false
    /// Memory has been loaded once, so it is worth comparing with.
    var hasStarted = false
    /// Redis holds another store than memory, which has not been restored there yet.
    var isAnotherStore = false
    /// Since when WAL or tails have been at twice their bound.
    var heldBackSince: ContinuousClock.Instant?
    /// What was dropped to make room.
    var evictions = Evictions()

    init(
        redis: RedisClient,
        lease: Lease,
        configuration: StoreConfiguration,
        logger: Logger,
        state: StoreState,
        queue: OpenCommit,
        sealer: StoreSealer
    ) {
        self.redis = redis
        self.lease = lease
        self.configuration = configuration
        self.logger = logger
        self.state = state
        self.queue = queue
        self.sealer = sealer
        replayer = Replayer(redis: redis, configuration: configuration, logger: logger)
    }

    /// Writes until the task is cancelled; then answers what still waits with `.stopping`.
    func run() async {
        while !Task.isCancelled {
            if let session = state.session {
                guard lease.current?.number == session.grant.number else {
                    end(session, lossOfGrant)
                    continue
                }
                if state.takeReload() {
                    logger.error("Redis holds other marks than the hub; it is read anew")
                    readAnew(session)
                } else if let doubt {
                    self.doubt = nil
                    await commit(doubt.plan.waiting, session, deadline: doubt.deadline)
                } else if purgeIsDue {
                    await purgeSome(session)
                } else if sweepIsDue {
                    sweepIsDue = false
                    await sweep(session)
                } else if await makeRoom(session) {
                    continue
                } else if await isHeldBack(session) {
                    // What is to be purged is not sealed, so the purge must go on.
                    purgeHadTurn = false
                } else {
                    let waiting = queue.take()
                    purgeHadTurn = false
                    if waiting.isEmpty {
                        if purges.isEmpty { await state.writerWakes.wait() }
                    } else {
                        await commit(waiting, session, deadline: .now + .milliseconds(HubLimits.inDoubtMs))
                    }
                }
            } else if !purges.isEmpty {
                failPurges(queue.closed ?? lossOfGrant)
            } else if let grant = lease.current, grant.number > lastGrant {
                await synchronize(grant)
            } else {
                expireDoubt()
                await state.writerWakes.wait(ms: 1_000)
            }
        }
        queue.close(.stopping)
        isStopped = true
        failPurges(.stopping)
        if let doubt { fail(doubt.plan.waiting, .stopping) }
        doubt = nil
    }

    /// Asks for a sweep as soon as no commit is under way.
    func wantSweep() {
        sweepIsDue = true
        state.writerWakes.raise()
    }

    /// Memory and Redis may differ from now on.
    func end(_ session: StoreSession, _ error: StoreError) {
        state.end(session)
        queue.close(error)
        state.writerWakes.raise()
    }

    /// Why nothing can be written although nothing has failed: the connection went, or another hub has the lease.
    var lossOfGrant: StoreError {
        if let trouble = redis.trouble { return .redisUnavailable(trouble) }
        return lease.current == nil ? .fenced : .redisUnavailable("Redis has just been connected again")
    }

    /// Answers a commit in doubt whose time is up: whether it is there shows when Redis can be asked again.
    func expireDoubt() {
        guard let doubt, .now >= doubt.deadline else { return }
        self.doubt = nil
        fail(doubt.plan.waiting, .redisUnavailable(lease.trouble ?? "Redis did not answer in time"))
    }

    func fail(_ waiting: [OpenCommit.Waiting], _ error: StoreError) {
        queue.answer(waiting, waiting.map { _ in .failure(error) })
    }

    /// Whether WAL or tails hold more than they may: then the sealer goes first.
    private func isHeldBack(_ session: StoreSession) async -> Bool {
        let policy = configuration.seal
        let memory = session.memory
        guard
            memory.ledger.withLock({ $0.bytes }) > policy.walBytes
                || memory.tailBytes.load(ordering: .relaxed) > policy.tailBytes
        else { return false }
        state.sealerWakes.raise()
        // Twice the bound is where ingest stops; in between the two run side by side.
        guard
            memory.ledger.withLock({ $0.bytes }) > policy.walBytes * 2
                || memory.tailBytes.load(ordering: .relaxed) > policy.tailBytes * 2
        else {
            heldBackSince = nil
            return false
        }
        let since = heldBackSince ?? .now
        heldBackSince = since
        // When nothing can be sealed (Redis has no room for it), nobody waits for ever, nor does a stop.
        if .now - since > .milliseconds(HubLimits.inDoubtMs) { fail(queue.take(), .busy) }
        await state.writerWakes.wait(ms: 20)
        return true
    }
}
