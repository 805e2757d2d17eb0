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
    private let redis: RedisClient
    private let configuration: StoreConfiguration
    private let state = StoreState()
    private let queue: OpenCommit
    private let writer: StoreWriter
    private let sealer: StoreSealer
    private let query: Query

    /// A store that does nothing until `start`.
    init(redis: RedisClient, lease: Lease, configuration: StoreConfiguration, logger: Logger) {
        self.redis = redis
        self.lease = lease
        self.configuration = configuration
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
            tasks.addTask { await self.writer.run() }
            tasks.addTask { await self.sealer.run() }
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
        StoreSummary(memory: state.memory, configuration: configuration).stats(bound: bound, state.figures)
    }

    /// Whether logs can be stored now, and if not, why.
    var health: StoreHealth {
        let trouble = redis.trouble
        guard let closed = queue.closed else {
            // The writer may not have met the loss yet.
            let reason = trouble ?? lease.trouble
            return StoreHealth(canStore: reason == nil, isRedisUp: trouble == nil, reason: reason)
        }
        let reason =
            switch closed {
            case .redisUnavailable(let words): trouble ?? lease.trouble ?? words
            case .fenced: lease.trouble ?? "another hub writes to this Redis"
            case .busy: "too much waits for Redis"
            case .full: "the memory limit is reached"
            case .stopping: "the hub is stopping"
            }
        return StoreHealth(canStore: false, isRedisUp: trouble == nil, reason: reason)
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
