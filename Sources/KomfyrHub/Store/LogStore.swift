import EventLoop
import Logging
import Protocol
import Synchronization

/// The log-structured store: what is accepted goes into the WAL and the tails, tails become chunks, queries read both.
///
/// ```
///  append ──▶ OpenCommit ──▶ StoreWriter ──commit script──▶ Redis: WAL, seen, groups, sequence
///                              │ applies                       ▲
///                              ▼                               │ seal and trim scripts
///                         StoreMemory (tails, indexes) ──▶ StoreSealer
///                              ▲
///  page, log, groups, stats ───┘ Query, chunks from Redis through ChunkCache
/// ```
///
/// All state is in Redis; memory is made from it at `start` and kept in step by `run`.
final class LogStore: Sendable {
    private let lease: Lease
    let redis: RedisClient
    private let configuration: StoreConfiguration
    let state: StoreState
    private let watch: StoreWatch
    private let healthClock = HealthClock()
    private let queue: OpenCommit
    let writer: StoreWriter
    private let sealer: StoreSealer
    let query: Query

    /// A store that does nothing until `start`.
    init(redis: RedisClient, lease: Lease, configuration: StoreConfiguration, logger: Logger) {
        self.redis = redis
        self.lease = lease
        self.configuration = configuration
        state = StoreState(memoryLimit: configuration.memoryLimit)
        queue = OpenCommit(arrived: state.writerWakes)
        sealer = StoreSealer(redis: redis, configuration: configuration, logger: logger, state: state)
        writer = StoreWriter(
            redis: redis,
            lease: lease,
            configuration: configuration,
            logger: logger,
            state: state,
            queue: queue,
            sealer: sealer
        )
        watch = StoreWatch(
            redis: redis,
            configuration: configuration,
            state: state,
            queue: queue,
            sealer: sealer,
            logger: logger
        )
        query = Query(
            replayer: Replayer(redis: redis, configuration: configuration, logger: logger),
            state: state,
            configuration: configuration,
            logger: logger
        )
    }

    /// Takes the lease and loads groups, indexes, marks and the WAL; then `run` must follow.
    ///
    /// The client must be connected.
    /// - Throws: `LeaseError` when another hub holds the lease, `RedisError` when Redis cannot be read.
    func start() async throws {
        let grant = try await lease.acquire()
        try await writer.start(grant)
    }

    /// Commits, seals, sweeps and keeps the lease, until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.lease.run() }
            tasks.addTask {
                for await _ in self.lease.events { self.state.writerWakes.raise() }
            }
            tasks.addTask { await onWorkThreads { await self.writer.run() } }
            tasks.addTask { await onWorkThreads { await self.sealer.run() } }
            tasks.addTask { await self.watch.run() }
            tasks.addTask {
                // So that `since` is right also when nobody asks.
                repeat { _ = self.health } while (try? await Task.sleep(for: .seconds(1))) != nil
            }
            tasks.addTask {
                while (try? await Task.sleep(for: .milliseconds(HubLimits.sweepMs))) != nil {
                    await self.writer.wantSweep()
                }
            }
        }
    }

    /// Stores a request's logs; returns once Redis has them.
    ///
    /// - Throws: `StoreError`; all of these pass, and an identity makes it harmless to send the request again.
    func append(_ request: IngestRequest) async throws(StoreError) -> IngestReceipt {
        try await queue.append(request).get()
    }

    /// A page of a listing.
    func page(_ query: LogQuery) async throws(StoreError) -> LogPage {
        await self.query.page(query)
    }

    /// The log of an id; nil: there is none.
    func log(_ id: LogID) async throws(StoreError) -> StoredLog? {
        do throws(RedisError) {
            return try await query.log(id)
        } catch {
            throw StoreWriter.storeError(error)
        }
    }

    /// The groups that hold logs, within `bound` (nil: all), sorted by name.
    func groups(bound: GroupPattern?) -> [GroupSummary] {
        StoreSummary(memory: state.memory, configuration: configuration).groups(bound: bound)
    }

    /// The store's figures, within `bound` (nil: all).
    func stats(bound: GroupPattern?) -> StoreStats {
        var stats = StoreSummary(memory: state.memory, configuration: configuration).stats(bound: bound, state.figures)
        stats.memoryUsed = state.room.used
        stats.memoryLimit = state.room.limit
        stats.isFull = state.room.isFull
        return stats
    }

    /// Notes logs of a body that never came to the store, since none of it could be taken.
    func noteRefused(_ count: Int) {
        state.figures.took(0, rejected: count, now: configuration.clock())
    }

    /// Whether logs can be stored now, and if not, why, and since when.
    var health: StoreHealth {
        var health = currentHealth
        health.since = healthClock.note(isWell: health.canStore, now: configuration.clock())
        return health
    }

    private var currentHealth: StoreHealth {
        let closed = queue.closed
        if case .stopping = closed {
            return StoreHealth(
                canStore: false,
                isRedisUp: redis.trouble == nil,
                reason: "the hub is stopping",
                publicReason: StoreHealth.words(for: .stopping)
            )
        }
        // The writer may not have met the loss yet.
        if let trouble = redis.trouble {
            let isLoading = trouble.hasPrefix(RedisSetUp.loading)
            return StoreHealth(
                canStore: false,
                isRedisUp: false,
                reason: trouble,
                publicReason: isLoading ? StoreHealth.redisLoads : StoreHealth.redisIsGone
            )
        }
        // What the door says, and not what it is about to say: while health says no, nothing is let in.
        var isRedisUp = true
        if case .silent = closed { isRedisUp = false }
        if isRedisUp, let trouble = lease.trouble {
            return StoreHealth(canStore: false, isRedisUp: true, reason: trouble, publicReason: StoreHealth.noLease)
        }
        guard let error = closed else {
            return StoreHealth(canStore: true, isRedisUp: true, reason: nil)
        }
        let words = StoreHealth.words(for: error)
        var reason = words
        if case .redisUnavailable(let detail) = error { reason = detail }
        return StoreHealth(canStore: false, isRedisUp: isRedisUp, reason: reason, publicReason: words)
    }

    /// The hub's id, part of every log's.
    var hub: UInt8 { state.memory.keys.hub }

    /// The newest sequence that readers see; 0: none yet.
    var newestSequence: UInt64 { state.memory.newestSequence }

    /// Calls `observer` for each request that is stored from now on, in order of sequence, never for duplicates.
    ///
    /// It is called by the writer between two commits, so it must return at once.
    func follow(_ observer: @escaping @Sendable (IngestRequest, IngestReceipt) -> Void) {
        state.observers.withLock { $0.append(observer) }
    }

    /// Lets no more requests in, and waits until those that were let in have their answers.
    ///
    /// Tails are not sealed: the WAL has them.
    func drain() async {
        queue.stop()
        await queue.whenIdle()
    }

    /// Seals all tails now.
    func seal() async { await sealer.sealAll() }

    /// Merges small chunks now.
    func merge() async { await sealer.mergeAll() }

    /// Sweeps now, as soon as no commit is under way.
    func sweep() async { await writer.wantSweep() }
}
