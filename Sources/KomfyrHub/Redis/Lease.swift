import Logging
import Synchronization

/// The right to write to the store: one hub has it at a time, and only what was sent under its newest grant is written.
///
/// ```
///  kmf:epoch   string   random; made with the store. Missing: Redis came back empty
///  kmf:hub     hash     id      the hub's number, part of log ids and key names (1)
///                       token   who holds the lease: 128 random bits, also in DATA/lease (mode 600)
///                       holder  for people: host and process id
///                       until   the lease's end in ms of Redis's own clock
///                       fence   rises by one at every grant
/// ```
///
/// The lease lives 10 s and is renewed every 3 s. It is taken anew at every connection, which raises the fence: a
/// command that still sat in the dead connection then finds another number, and `fenceCheck`, with which every writing
/// script begins, writes nothing. So after a new grant, what Redis holds is final: a hub in doubt reads it then.
///
/// A hub with the same token (a restart on the same data folder) takes over at once, another one waits until it has
/// ended. Whoever takes the lease takes the hub's id, WAL and sequence with it.
///
/// Use: `acquire` once at start, then `run` in a task of its own; `fence` for each script; `grant(after:)` when in
/// doubt; at the end cancel `run`, then `release`.
final class Lease: Sendable {
    private struct State {
        var current: LeaseGrant?
        var last: LeaseGrant?
        /// Why there is no current one.
        var trouble: String? = "not acquired yet"
        /// The connection that the last grant came over.
        var connection = 0
        /// What was last said in the log, so that a repeated fault is said once.
        var reported: String?
        /// Not to be taken again, unless `acquire` is called for it.
        var isGivenUp = false
        var observers: [Int: AsyncStream<LeaseEvent>.Continuation] = [:]
        var nextObserver = 0
    }

    private let redis: RedisClient
    private let folder: DataFolder
    private let token: String
    private let holder: String
    private let logger: Logger
    private let state = Mutex(State())

    /// A lease that is not held yet.
    /// - Parameters:
    ///   - redis: the connection of the store that this lease is for.
    ///   - folder: keeps the token; whoever has the folder may take over.
    ///   - name: how a second hub's error names this one; by default host and process id.
    ///   - logger: told when the lease is lost or the store is another.
    /// - Throws: `.token` when the token's file cannot be read or made.
    init(redis: RedisClient, folder: DataFolder, name: String? = nil, logger: Logger) throws(LeaseError) {
        self.redis = redis
        self.folder = folder
        self.logger = logger
        holder = name ?? DataFolder.nameOfThisProcess
        do throws(DataFolderError) {
            token = try folder.secret(named: "lease")
        } catch {
            throw .token(error.description)
        }
    }

    /// What writing scripts show; nil while the lease is not held.
    var fence: Fence? { state.withLock { $0.current?.fence } }

    /// The grant that is held.
    var current: LeaseGrant? { state.withLock { $0.current } }

    /// Why it is not held; nil when it is.
    var trouble: String? { state.withLock { $0.trouble } }

    /// Grants and losses from now on, beginning with how it stands; each call gives a stream of its own.
    var events: AsyncStream<LeaseEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: LeaseEvent.self,
            bufferingPolicy: .bufferingNewest(HubLimits.redisEventsKept)
        )
        let number = state.withLock { state in
            let number = state.nextObserver
            state.nextObserver += 1
            state.observers[number] = continuation
            if let current = state.current {
                continuation.yield(.granted(current))
            } else {
                continuation.yield(.lost(state.trouble ?? ""))
            }
            return number
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.observers.removeValue(forKey: number) }
        }
        return stream
    }

    /// Takes the lease now, or anew: the fence rises in any case.
    ///
    /// Not to be called while `run` runs, which does this itself.
    @discardableResult
    func acquire() async throws(LeaseError) -> LeaseGrant {
        state.withLock { $0.isGivenUp = false }
        return try await take()
    }

    private func take() async throws(LeaseError) -> LeaseGrant {
        let last = state.withLock { $0.last }
        let connection = redis.connectionNumber
        let answer: RedisValue
        do throws(RedisError) {
            answer = try await redis.evaluate(
                Self.acquireScript,
                keys: Fence.keys,
                arguments: [
                    Array(token.utf8), Array(String(HubLimits.leaseMs).utf8), Array(holder.utf8),
                    Array(DataFolder.randomText().utf8), Array(String(last?.fence.number ?? 0).utf8),
                ]
            )
        } catch {
            lose("the lease could not be asked for: \(error)")
            throw .redis(error)
        }
        do throws(LeaseError) {
            let grant = try LeaseGrant(answer, after: last)
            if last?.fence.epoch != grant.fence.epoch { noteEpoch(grant, isFirst: last == nil) }
            hold(grant, connection: connection)
            return grant
        } catch {
            lose("\(error)")
            throw error
        }
    }

    /// Keeps the lease until cancelled: renews it, takes it anew at every connection, and again when it was lost.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            let (ticks, ticker) = AsyncStream.makeStream(
                of: Tick.self,
                bufferingPolicy: .bufferingNewest(HubLimits.redisEventsKept)
            )
            group.addTask { [redis] in
                for await event in redis.connections { ticker.yield(.connection(event)) }
                ticker.finish()
            }
            group.addTask {
                while (try? await Task.sleep(for: .milliseconds(HubLimits.leaseRenewMs))) != nil {
                    ticker.yield(.time)
                }
            }
            for await tick in ticks { await take(tick) }
            group.cancelAll()
        }
    }

    /// Waits for a grant that is newer than `number` (`LeaseGrant.number`).
    /// - Returns: nil when the task is cancelled.
    func grant(after number: Int) async -> LeaseGrant? {
        for await event in events {
            if case .granted(let grant) = event, grant.number > number { return grant }
        }
        return nil
    }

    /// Gives the lease up for good, so that another hub need not wait for its end; nothing can be written after it.
    func release() async {
        let fence = fence
        state.withLock { $0.isGivenUp = true }
        lose("given up")
        guard let fence else { return }
        do throws(RedisError) {
            _ = try await redis.evaluate(Self.releaseScript, keys: Fence.keys, arguments: fence.arguments)
        } catch {
            logger.warning("the lease could not be given up; it ends by itself", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Keeping it

    private enum Tick: Sendable {
        case connection(ConnectionEvent)
        case time
    }

    private func take(_ tick: Tick) async {
        if state.withLock({ $0.isGivenUp }) { return }
        switch tick {
        case .connection(.lost(let reason)): lose(reason)
        case .connection(.connected(let number)):
            // At start `acquire` has been called on this connection already.
            if state.withLock({ $0.current == nil || $0.connection != number }) { await regain() }
        case .time:
            if let fence {
                await renew(fence)
            } else if redis.trouble == nil {
                await regain()
            }
        }
    }

    private func regain() async {
        do throws(LeaseError) {
            let grant = try await take()
            if grant.store == .cameBackEmpty || grant.store == .replaced {
                logger.error("Redis holds another store than before", metadata: ["epoch": "\(grant.fence.epoch)"])
            }
        } catch {
            // The state says why, and the next tick tries again; a Redis that is gone is reported by its client.
            if case .redis(.notConnected) = error { return }
            report("the lease is not held", error)
        }
    }

    /// Says a fault that comes back at every tick only once.
    private func report(_ what: String, _ error: LeaseError) {
        // Without the time that is left, which is another one each time.
        let fault = if case .heldBy(let holder, _) = error { holder } else { "\(what): \(error)" }
        let isNew = state.withLock { state in
            defer { state.reported = fault }
            return state.reported != fault
        }
        if isNew { logger.error("\(what)", metadata: ["reason": "\(error)"]) }
    }

    private func renew(_ fence: Fence) async {
        do throws(RedisError) {
            _ = try await redis.evaluate(
                Self.renewScript,
                keys: Fence.keys,
                arguments: fence.arguments + [Array(String(HubLimits.leaseMs).utf8)]
            )
            state.withLock { $0.reported = nil }
        } catch {
            guard error.fencing != nil else {
                // A lost connection comes as an event of its own.
                if case .server = error { report("the lease could not be renewed", .redis(error)) }
                return
            }
            lose("the lease was lost: \(error)")
            await regain()
        }
    }

    /// Compares the store with the one that this data folder knew, and keeps the new one's epoch.
    private func noteEpoch(_ grant: LeaseGrant, isFirst: Bool) {
        let known = folder.memory(of: Self.epochFile)
        guard known != grant.fence.epoch else { return }
        if isFirst, known != nil {
            logger.error(
                """
                Redis does not hold the store that this hub wrote to before it was started: it was emptied, or is \
                another one. The logs of before are not there
                """
            )
        }
        do throws(DataFolderError) {
            try folder.remember(grant.fence.epoch, as: Self.epochFile)
        } catch {
            logger.warning("\(error)")
        }
    }

    private static let epochFile = "epoch"

    private func hold(_ grant: LeaseGrant, connection: Int) {
        state.withLock { state in
            // Given up while Redis was asked: it ends by itself.
            if state.isGivenUp { return }
            state.current = grant
            state.last = grant
            state.connection = connection
            state.trouble = nil
            state.reported = nil
            for observer in state.observers.values { observer.yield(.granted(grant)) }
        }
    }

    private func lose(_ reason: String) {
        state.withLock { state in
            guard state.current != nil || state.trouble != reason else { return }
            state.current = nil
            state.trouble = reason
            for observer in state.observers.values { observer.yield(.lost(reason)) }
        }
    }
}

extension LeaseGrant {
    /// Reads what `acquireScript` answers.
    fileprivate init(_ answer: RedisValue, after last: LeaseGrant?) throws(LeaseError) {
        guard case .array(let parts) = answer, case .integer(let isGranted)? = parts.first else {
            throw .redis(.unexpected("the lease's answer is not a list"))
        }
        if isGranted == 0, parts.count == 3, case .string(let holder) = parts[1], case .integer(let ms) = parts[2] {
            throw .heldBy(String(decoding: holder, as: UTF8.self), forMs: ms)
        }
        guard parts.count == 6, case .string(let epochBytes) = parts[1], case .integer(let made) = parts[2],
            case .integer(let fence) = parts[3], case .integer(let id) = parts[4], let hub = UInt8(exactly: id),
            hub < 64, case .integer(let unbroken) = parts[5]
        else { throw .redis(.unexpected("the lease's answer has another form; is kmf:hub another version's?")) }
        let epoch = String(decoding: epochBytes, as: UTF8.self)
        let store: Store =
            switch last?.fence.epoch {
            case nil: .first(isNew: made == 1)
            case epoch: .same
            default: made == 1 ? .cameBackEmpty : .replaced
            }
        self.init(
            fence: Fence(epoch: epoch, number: fence),
            hub: hub,
            number: (last?.number ?? 0) + 1,
            store: store,
            isUnbroken: store == .same && unbroken == 1
        )
    }
}
