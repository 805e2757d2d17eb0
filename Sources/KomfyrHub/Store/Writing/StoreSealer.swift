import Logging
import Synchronization

/// Puts tails into chunks and trims the WAL behind them, beside the writer.
///
/// A tail is sealed when it is full, when its first log is five minutes old, at the end of a span, or when WAL or tails
/// hold too much. Its open part becomes the frozen part at once, so that commits go on into a new one; readers see both
/// until the chunks are in Redis, and then, in one step, the chunks instead of the frozen part.
actor StoreSealer {
    private let redis: RedisClient
    private let configuration: StoreConfiguration
    private let logger: Logger
    private let state: StoreState
    private let replayer: Replayer
    private let encoders = ChunkEncoderPool()
    private var isPassing = false
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    /// Counts chunks under one fence.
    private var chunkCounter = 0
    private var lastLook = ContinuousClock.now
    private var lastMergeLook = ContinuousClock.now
    /// Where the search for chunks to merge goes on, by group number.
    private var nextMergeGroup: UInt32 = 0
    /// Chunks that could not be merged.
    private var refusedMerges: Set<String> = []

    init(redis: RedisClient, configuration: StoreConfiguration, logger: Logger, state: StoreState) {
        self.redis = redis
        self.configuration = configuration
        self.logger = logger
        self.state = state
        replayer = Replayer(redis: redis, configuration: configuration, logger: logger)
    }

    /// Seals and trims until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await state.sealerWakes.wait(ms: configuration.seal.tickMs)
            await waitUntilIdle()
            guard let session = state.session, !Task.isCancelled else { continue }
            isPassing = true
            await pass(session)
            isPassing = false
            for waiter in idleWaiters { waiter.resume() }
            idleWaiters = []
        }
    }

    /// Waits until no seal is under way; after the session has ended none begins.
    func waitUntilIdle() async {
        while isPassing { await withCheckedContinuation { idleWaiters.append($0) } }
    }

    /// Seals every tail and trims, now: for tests, and for a stop that wants a short start.
    func sealAll() async {
        await waitUntilIdle()
        guard let session = state.session else { return }
        isPassing = true
        let groups = session.memory.tails.withLock { $0.groups }
        await seal(groups, session)
        await trim(session)
        isPassing = false
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters = []
    }

    private func pass(_ session: StoreSession) async {
        let memory = session.memory
        var due = memory.tails.withLock { tails in
            defer { tails.due = [] }
            return tails.due
        }
        let isTick = .now - lastLook >= .milliseconds(configuration.seal.tickMs)
        if isTick {
            lastLook = .now
            due += aged(memory)
        }
        await seal(due, session)
        // What is over its bound is brought below it tail by tail, so that no more is sealed early than has to be.
        while let group = pinning(memory) {
            let before = (memory.ledger.withLock { $0.bytes }, memory.tailBytes.load(ordering: .relaxed))
            await seal([group], session)
            await trim(session)
            guard (memory.ledger.withLock { $0.bytes }, memory.tailBytes.load(ordering: .relaxed)) < before,
                state.session === session
            else { break }
        }
        await trim(session)
        state.writerWakes.raise()
        if isTick, nextMergeGroup > 0 || .now - lastMergeLook >= .milliseconds(HubLimits.mergeTickMs) {
            lastMergeLook = .now
            await merge(session, atMost: HubLimits.mergesPerPass)
        }
    }

    /// Merges small chunks, now, as long as there are any: for tests.
    func mergeAll() async {
        await waitUntilIdle()
        guard let session = state.session else { return }
        isPassing = true
        nextMergeGroup = 0
        await merge(session, atMost: .max)
        isPassing = false
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters = []
    }

    /// Merges small chunks of some groups; a full tail goes first.
    private func merge(_ session: StoreSession, atMost most: Int) async {
        // Sources stay for a while beside what takes their place: there must be room for both.
        guard !state.room.isFull else { return }
        let memory = session.memory
        var groups = memory.directory.withLock { $0.all }.sorted { $0.number < $1.number }[...]
        if let begin = groups.firstIndex(where: { $0.number >= nextMergeGroup }) { groups = groups[begin...] }
        nextMergeGroup = 0
        var merges = 0
        look: for (looks, group) in groups.enumerated() {
            if looks == HubLimits.mergeLooks || merges >= most || !memory.tails.withLock({ $0.due.isEmpty }) {
                nextMergeGroup = group.number
                return
            }
            guard await Merge.settle(group, replayer) else { return }
            while merges < most, state.session === session, let sources = sources(of: group, memory) {
                merges += 1
                chunkCounter += 1
                let merge = Merge(
                    group: group,
                    session: session,
                    replayer: replayer,
                    configuration: configuration,
                    encoders: encoders,
                    cache: state.cache,
                    logger: logger,
                    number: chunkCounter
                )
                switch await merge.run(sources) {
                case .merged: break
                case .overtaken: continue look
                case .refused:
                    if refusedMerges.count > HubLimits.mergeRefusals { refusedMerges = [] }
                    refusedMerges.formUnion(sources.map(\.id))
                case .failed: return
                }
            }
        }
    }

    /// Chunks of a group that are to be merged.
    private func sources(of group: StoreGroup, _ memory: StoreMemory) -> [ChunkEntry]? {
        let chunks = group.state.withLock { $0.chunks }
        // Those of another hub are merged by it: it knows what of them is purged.
        let own = "\(memory.keys.hub)-"
        return MergePolicy.sources(
            of: chunks,
            span: configuration.span,
            now: configuration.clock(),
            retention: configuration.retention
        ) { $0.id.hasPrefix(own) && !refusedMerges.contains($0.id) }
    }

    /// The tails whose time has come; drops from the list what has no tail any more.
    private func aged(_ memory: StoreMemory) -> [StoreGroup] {
        let now = configuration.clock()
        let policy = configuration.seal
        let span = LogID.floorDivide(now, configuration.span)
        var due: [StoreGroup] = []
        memory.tails.withLock { tails in
            tails.groups.removeAll { group in
                group.state.withLock { state in
                    guard state.hasTail else {
                        state.isListed = false
                        // Room kept for the next logs of a group that had many, and may never have one again.
                        state.open = LogRows()
                        return true
                    }
                    // A clock that went back makes a tail due as well.
                    let age = now - state.openedAt
                    let isOld = age >= policy.age || age < 0
                    if state.frozen != nil || state.open.count > 0 && isOld
                        || LogID.floorDivide(state.openedAt, configuration.span) != span
                    {
                        due.append(group)
                    }
                    return false
                }
            }
        }
        return due
    }

    /// The group to seal next while WAL or tails are over their bound.
    private func pinning(_ memory: StoreMemory) -> StoreGroup? {
        let isWALFull = memory.ledger.withLock { $0.bytes } > configuration.seal.walBytes
        let areTailsFull = memory.tailBytes.load(ordering: .relaxed) > configuration.seal.tailBytes
        guard isWALFull || areTailsFull else { return nil }
        var best: (group: StoreGroup, sequence: UInt64, bytes: Int)?
        for group in memory.tails.withLock({ $0.groups }) {
            let (oldest, bytes) = group.state.withLock { ($0.oldestUnsealed, $0.tailBytes) }
            guard let oldest else { continue }
            if let found = best, isWALFull ? found.sequence <= oldest : found.bytes >= bytes { continue }
            best = (group, oldest, bytes)
        }
        return best?.group
    }

    /// Seals the tails of groups, some at a time.
    private func seal(_ groups: [StoreGroup], _ session: StoreSession) async {
        guard !groups.isEmpty else { return }
        await withTaskGroup(of: Void.self) { tasks in
            var underWay = 0
            var begun: Set<UInt32> = []
            for group in groups where begun.insert(group.number).inserted {
                guard state.session === session else { break }
                if underWay == HubLimits.sealsUnderWay {
                    await tasks.next()
                    underWay -= 1
                }
                chunkCounter += 1
                let number = chunkCounter
                let seal = Seal(
                    group: group,
                    session: session,
                    state: state,
                    replayer: replayer,
                    configuration: configuration,
                    logger: logger,
                    encoders: encoders,
                    number: number
                )
                tasks.addTask { await seal.run() }
                underWay += 1
            }
        }
    }

    /// Drops the WAL entries of which everything is in chunks.
    private func trim(_ session: StoreSession) async {
        let memory = session.memory
        // Read first: what is committed meanwhile lies above it.
        var oldest = memory.nextSequence.load(ordering: .acquiring)
        for group in memory.tails.withLock({ $0.groups }) {
            if let sequence = group.state.withLock({ $0.oldestUnsealed }) { oldest = min(oldest, sequence) }
        }
        let (count, kept) = memory.ledger.withLock { ledger in
            let count = ledger.trimmable(below: oldest)
            return (count, ledger.firstKept(after: count))
        }
        guard count > 0 else { return }
        do throws(RedisError) {
            _ = try await redis.evaluate(
                StoreScripts.trim,
                keys: Fence.keys + [memory.keys.wal],
                arguments: session.grant.fence.arguments + [Array(text: kept ?? StoreKeys.entryID(oldest))]
            )
            memory.ledger.withLock { $0.dropFirst(count) }
        } catch {
            // Trimmed or not: the next pass tries again, and trimming twice does no harm.
            logger.debug("the WAL was not trimmed", metadata: ["error": "\(error)"])
        }
    }
}
