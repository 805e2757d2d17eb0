import Protocol
import Logging
import Synchronization

/// One commit: plan, script, apply.
extension StoreWriter {
    /// Writes requests in one commit and answers them.
    func commit(_ waiting: [OpenCommit.Waiting], _ session: StoreSession, deadline: ContinuousClock.Instant) async {
        let memory = session.memory
        // A window that is another than memory thought is learnt from the answer; more often it cannot be.
        for _ in 0..<3 {
            do throws(RedisError) {
                try await learnWindows(of: waiting, memory)
            } catch {
                // Nothing was written, whatever went wrong.
                fail(waiting, Self.storeError(error))
                if redis.trouble != nil { end(session, Self.storeError(error)) }
                return
            }
            let plan = memory.directory.withLock { directory in
                CommitPlan(
                    waiting,
                    nextSequence: memory.nextSequence.load(ordering: .relaxed),
                    cache: cache,
                    directory: directory
                )
            }
            guard plan.writes else { return answer(plan) }
            let value = plan.entry.value()
            let began = ContinuousClock.now
            do throws(RedisError) {
                let answer = try await redis.evaluate(
                    StoreScripts.commit,
                    keys: Fence.keys + [
                        memory.keys.sequence, memory.keys.wal, memory.keys.seen, StoreKeys.groups, StoreKeys.groupIDs,
                    ],
                    arguments: session.grant.fence.arguments + Self.arguments(plan, value)
                )
                if case .integer(1) = answer {
                    state.figures.committed(.now - began)
                    return apply(plan, entryBytes: value.count, memory)
                }
                guard learn(answer, from: plan) else {
                    logger.error("Redis holds another sequence than the hub; it is read anew")
                    doubt = Doubt(plan: plan, value: value, deadline: deadline)
                    return readAnew(session)
                }
            } catch {
                return failed(plan, value, error, session, deadline: deadline)
            }
        }
        fail(waiting, .redisUnavailable("Redis changes under the hub: does another program write to its keys?"))
    }

    /// Applies a commit that Redis has, and answers it.
    func apply(_ plan: CommitPlan, entryBytes: Int, _ memory: StoreMemory) {
        takeIn(plan, entryBytes: entryBytes, memory)
        answer(plan)
    }

    /// Makes a commit that Redis has part of memory.
    func takeIn(_ plan: CommitPlan, entryBytes: Int, _ memory: StoreMemory) {
        state.room.wrote(entryBytes)
        if state.room.writeTrouble != nil { state.room.note(writeTrouble: nil) }
        let now = configuration.clock()
        if !plan.groups.isEmpty {
            memory.directory.withLock { directory in
                for group in plan.groups { directory.insert(group) }
            }
        }
        memory.ledger.withLock { ledger in
            ledger.append(
                WALLedger.Entry(
                    id: StoreKeys.entryID(plan.firstSequence),
                    firstSequence: plan.firstSequence,
                    endSequence: plan.nextSequence,
                    bytes: entryBytes
                )
            )
        }
        for (index, outcome) in plan.outcomes.enumerated() {
            guard case .stored(let first, let numbers, let refused, _) = outcome else { continue }
            let request = plan.waiting[index].request
            let groups = memory.directory.withLock { directory in
                numbers.map { $0 == .max ? nil : directory.group(number: $0) }
            }
            memory.append(
                request.decoded,
                firstSequence: first,
                arrival: request.arrival,
                groups: groups,
                leavesOutMarked: false,
                now: now,
                policy: configuration.seal
            )
            let accepted = request.decoded.positionCount - refused.count
            state.figures.took(accepted, rejected: refused.count, now: now)
        }
        for (field, change) in plan.seen { cache.set(field, change.window) }
        cache.shrink()
        // From here on readers see the commit whole.
        memory.nextSequence.store(plan.nextSequence, ordering: .releasing)
        if memory.tails.withLock({ !$0.due.isEmpty }) { state.sealerWakes.raise() }
    }

    /// Answers the requests of a commit that Redis has, and tells those who follow.
    func answer(_ plan: CommitPlan) {
        let receipts = plan.waiting.indices.map { plan.receipt($0) }
        let observers = state.observers.withLock { $0 }
        if !observers.isEmpty {
            for (index, receipt) in receipts.enumerated() {
                guard case .stored = plan.outcomes[index] else { continue }
                for observer in observers { observer(plan.waiting[index].request, receipt) }
            }
        }
        queue.answer(plan.waiting, receipts.map { .success($0) })
    }

    /// Reads the windows of generations that memory knows nothing of.
    private func learnWindows(of waiting: [OpenCommit.Waiting], _ memory: StoreMemory) async throws(RedisError) {
        var missing: Set<String> = []
        for waiting in waiting {
            if let field = waiting.request.identity?.stream, !cache.knows(field) { missing.insert(field) }
        }
        guard !missing.isEmpty else { return }
        let fields = Array(missing)
        let answer = try await redis.send(
            RedisCommand([Array("HMGET".utf8), Array(memory.keys.seen.utf8)] + fields.map { Array($0.utf8) })
        )
        guard case .array(let values) = answer, values.count == fields.count else {
            throw .unexpected("HMGET answered with another number of values")
        }
        for (field, value) in zip(fields, values) { learn(value, of: field) }
    }

    private func learn(_ value: RedisValue, of field: String) {
        guard case .string(let bytes) = value else { return cache.set(field, nil) }
        do throws(FormatProblem) {
            cache.set(field, try SeenWindow(value: bytes))
        } catch {
            // Without its window a generation's batches count as new: said so, since one may come twice now.
            logger.error(
                "what was seen of an agent cannot be read and is begun anew: batches may be doubled",
                metadata: ["agent": "\(field)", "problem": "\(error)"]
            )
            cache.set(field, damaged: bytes)
        }
    }

    /// Takes the windows that the script answered with instead of writing.
    ///
    /// - Returns: false when it was not the windows that differ.
    private func learn(_ answer: RedisValue, from plan: CommitPlan) -> Bool {
        guard case .array(let parts) = answer, case .string(let what)? = parts.first, what == Array("seen".utf8),
            parts.count == plan.seen.count + 1
        else { return false }
        for (field, value) in zip(plan.seen.keys.sorted(), parts.dropFirst()) { learn(value, of: field) }
        return true
    }

    private static func arguments(_ plan: CommitPlan, _ value: [UInt8]) -> [[UInt8]] {
        var arguments: [[UInt8]] = [
            Array(text: String(plan.firstSequence)), Array(text: String(plan.nextSequence)),
            Array(text: StoreKeys.entryID(plan.firstSequence)), value, Array(text: String(plan.seen.count)),
        ]
        for field in plan.seen.keys.sorted() {
            guard let change = plan.seen[field] else { continue }
            arguments.append(Array(text: field))
            arguments.append(change.expected)
            arguments.append(change.window.value)
        }
        arguments.append(Array(text: String(plan.groups.count)))
        for group in plan.groups {
            arguments.append(Array(text: group.name ?? ""))
            arguments.append(Array(text: String(group.number)))
        }
        return arguments
    }

    /// The commit has no answer, or was refused.
    private func failed(
        _ plan: CommitPlan,
        _ value: [UInt8],
        _ error: RedisError,
        _ session: StoreSession,
        deadline: ContinuousClock.Instant
    ) {
        switch error {
        case .notConnected:
            // It was not sent, so there is no doubt.
            fail(plan.waiting, Self.storeError(error))
            // With a connection it was only too much at a time.
            if redis.trouble != nil { end(session, Self.storeError(error)) }
        case .server where error.fencing == nil:
            // Redis says why it cannot write (no memory, no disk, loading, read-only); it has written nothing.
            fail(plan.waiting, Self.storeError(error))
            noteRefusal(error)
        case .inDoubt, .server:
            doubt = Doubt(plan: plan, value: value, deadline: deadline)
            end(session, .redisUnavailable(lease.trouble ?? "\(error)"))
        case .unexpected:
            doubt = Doubt(plan: plan, value: value, deadline: deadline)
            readAnew(session)
        }
    }

    /// Ends the session and loads everything from Redis under the grant that is still held.
    func readAnew(_ session: StoreSession) {
        redisRun = nil
        lastGrant = session.grant.number - 1
        end(session, .redisUnavailable("Redis is being read anew"))
    }

    /// Every commit would meet the same until it is mended: the door closes, and the watch opens it again.
    private func noteRefusal(_ error: RedisError) {
        if case .full = Self.storeError(error) {
            state.room.isOutOfMemory()
        } else if case .server(let text) = error {
            let words = Self.refusal(text)
            state.room.note(writeTrouble: words)
            queue.refuse(.refused(words))
        }
        state.watchWakes.raise()
    }

    static func storeError(_ error: RedisError) -> StoreError {
        guard case .server(let text) = error, error.fencing == nil else { return .redisUnavailable("\(error)") }
        return text.contains("OOM ") ? .full : .refused(refusal(text))
    }

    /// What Redis says when it refuses to write, without what only concerns the script.
    static func refusal(_ text: String) -> String {
        for (sign, words) in [
            ("MISCONF", "Redis cannot write to its disk: make room there, and look at Redis's log"),
            ("READONLY", "Redis is a replica now, which takes no writes"),
            ("LOADING", "Redis is loading its data"),
            ("BUSY", "Redis is busy with a script of another program"),
            ("NOREPLICAS", "Redis wants more replicas to write to than there are"),
            ("NOPERM", "Redis does not allow the hub's user (REDIS_USERNAME) to write: its ACL must change"),
            (
                "The user executing the script",
                "Redis does not allow the hub's user (REDIS_USERNAME) to write: its ACL must change"
            ),
            ("OOM ", "the memory of Redis is full"),
        ] where text.contains(sign) {
            return words
        }
        return "Redis refuses to write: \(text.prefix(200))"
    }
}
