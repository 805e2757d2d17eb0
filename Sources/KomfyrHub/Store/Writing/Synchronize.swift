import Logging
import Synchronization

/// Bringing memory and Redis in step under a new grant of the lease.
///
/// ```
///  first grant                          load
///  same store, nobody else wrote,
///    same run of Redis                  read what the WAL holds beyond memory: at most the commit in doubt
///  same store, another hub wrote        load
///  same store, Redis was started again  load; if its sequence is below memory's, restore
///  another store, or an empty one       load, restore
/// ```
///
/// Restoring appends what the tails hold beyond Redis, and writes groups, windows and sequence from memory.
extension StoreWriter {
    /// Loads everything under the first grant.
    func start(_ grant: LeaseGrant) async throws(RedisError) {
        lastGrant = grant.number
        redisRun = try await runOfRedis()
        let memory = try await replayer.load(grant)
        try await Restorer(redis: redis, logger: logger, configuration: configuration).finish(memory, grant.fence)
        hasStarted = true
        begin(grant, memory)
    }

    private func begin(_ grant: LeaseGrant, _ memory: StoreMemory) {
        state.begin(StoreSession(grant: grant, memory: memory))
        queue.open()
        state.sealerWakes.raise()
    }

    /// Brings memory in step and begins a session; without success the next grant tries again.
    func synchronize(_ grant: LeaseGrant) async {
        lastGrant = grant.number
        do throws(RedisError) {
            let run = try await runOfRedis()
            let isSameRun = run != nil && run == redisRun
            let memory: StoreMemory
            if isSameRun, grant.isUnbroken, try await resume(grant) {
                memory = state.memory
            } else {
                // A seal that is still under way belongs to memory that is replaced now.
                await sealer.waitUntilIdle()
                memory = try await replayer.load(grant)
                if hasStarted { try await compare(memory, grant) }
                cache.removeAll()
                state.cache.removeAll()
                try await settleDoubt(memory)
            }
            redisRun = run
            hasStarted = true
            begin(grant, memory)
            // Only now: whoever is answered may send the next one at once, and shall not find the door closed.
            if let settled {
                self.settled = nil
                answer(settled)
            }
        } catch {
            logger.error("the store could not be read from Redis", metadata: ["error": "\(error)"])
            queue.close(.redisUnavailable("\(error)"))
            if redis.trouble == nil {
                // Nothing else would bring a new try.
                try? await Task.sleep(for: .seconds(1))
                lastGrant = grant.number - 1
                // Nobody waits for as long as Redis cannot be read.
                expireDoubt()
            }
        }
    }

    /// Goes on with memory as it is.
    ///
    /// Returns false when Redis is not what memory says.
    private func resume(_ grant: LeaseGrant) async throws(RedisError) -> Bool {
        let memory = state.memory
        guard memory.keys.hub == grant.hub else { return false }
        let next = try await replayer.sequence(memory.keys)
        let known = memory.nextSequence.load(ordering: .relaxed)
        if next == known { return true }
        guard next > known else { return false }
        // A commit that was in doubt is there: nobody else has written.
        guard let doubt, doubt.plan.firstSequence == known, doubt.plan.nextSequence == next,
            let value = try await replayer.entry(StoreKeys.entryID(known), memory.keys), value == doubt.value
        else { return false }
        self.doubt = nil
        takeIn(doubt.plan, entryBytes: value.count, memory)
        settled = doubt.plan
        return true
    }

    /// Settles the commit in doubt after everything was read anew: its logs are in memory if Redis has them.
    private func settleDoubt(_ memory: StoreMemory) async throws(RedisError) {
        guard let doubt else { return }
        let value = try await replayer.entry(StoreKeys.entryID(doubt.plan.firstSequence), memory.keys)
        if value == doubt.value {
            self.doubt = nil
            settled = doubt.plan
            return
        }
        let next = memory.nextSequence.load(ordering: .relaxed)
        guard next > doubt.plan.firstSequence else { return }
        // Others wrote since, and may have sealed and trimmed it: only a batch with an identity can be sent again
        // without harm, and it is found in its window then.
        var again: [OpenCommit.Waiting] = []
        for waiting in doubt.plan.waiting {
            if waiting.request.identity != nil {
                again.append(waiting)
            } else {
                fail([waiting], .redisUnavailable("another hub wrote in between: it is not known whether it is stored"))
            }
        }
        self.doubt = nil
        if again.isEmpty { return }
        self.doubt = Doubt(
            plan: memory.directory.withLock { directory in
                CommitPlan(again, nextSequence: next, cache: cache, directory: directory)
            },
            value: [],
            deadline: doubt.deadline
        )
    }

    /// Compares what was loaded with what memory held, and restores what Redis has lost.
    private func compare(_ loaded: StoreMemory, _ grant: LeaseGrant) async throws(RedisError) {
        let old = state.memory
        if grant.store == .cameBackEmpty || grant.store == .replaced { isAnotherStore = true }
        let isAnother = isAnotherStore
        let known = old.nextSequence.load(ordering: .relaxed)
        let found = loaded.nextSequence.load(ordering: .relaxed)
        // Another store has marks and numbers of its own.
        if !isAnother { try await restorePurges(from: old, to: loaded, grant.fence) }
        if !isAnother && found >= known {
            if !grant.isUnbroken { logger.warning("another hub wrote in between; everything was read anew") }
            return
        }
        let restored = try await Restorer(redis: redis, logger: logger, configuration: configuration)
            .restore(from: old, to: loaded, cache: cache, isAnother: isAnother, fence: grant.fence)
        isAnotherStore = false
        let lost = old.chunkCount - loaded.chunkCount
        logger.error(
            """
            Redis \(isAnother ? "came back as another store" : "is older than what it had answered"): \
            what memory still held was written again, chunks that Redis lost are lost
            """,
            metadata: [
                "logs written again": "\(restored)", "chunks lost": "\(max(0, lost))",
                "sequence known": "\(known)", "sequence found": "\(found)",
            ]
        )
    }

    /// Which run of Redis this is; nil when it does not say.
    private func runOfRedis() async throws(RedisError) -> [UInt8]? {
        guard case .string(let text)? = try await redis.pipeline([RedisCommand("INFO", "server")]).first else {
            return nil
        }
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "run_id:".utf8) {
            return Array(line.dropFirst(7).prefix { $0 > 0x20 })
        }
        return nil
    }
}
