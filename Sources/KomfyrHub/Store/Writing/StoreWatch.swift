import Dispatch
import Glibc
import Logging

/// Measures the room of Redis and of its disk, asks whether a Redis that refused to write takes writes again, and
/// closes and opens the door to requests by what it finds.
///
/// Everything here recovers by itself: what is found to be gone opens the door at the next look.
struct StoreWatch: Sendable {
    let redis: RedisClient
    let configuration: StoreConfiguration
    let state: StoreState
    let queue: OpenCommit
    let sealer: StoreSealer
    let logger: Logger

    /// Watches until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                var memory = Memory()
                while !Task.isCancelled {
                    await look(&memory)
                    await state.watchWakes.wait(ms: HubLimits.roomPollMs)
                }
            }
            // By itself: a look waits for a Redis that does not answer.
            tasks.addTask {
                var last: String?
                while (try? await Task.sleep(for: .milliseconds(HubLimits.doorPollMs))) != nil {
                    report(settleDoor(), &last)
                }
            }
        }
    }

    /// What one look leaves for the next.
    private struct Memory {
        var wasFull = false
        var policy: String?
        var hadProblem = false
    }

    // MARK: The door

    /// Lets requests in, or says why not.
    private func settleDoor() -> StoreError? {
        let refusal = state.room.refusal(configuration.whenFull)
        queue.refuse(refusal)
        return refusal
    }

    /// Says a change once.
    private func report(_ refusal: StoreError?, _ last: inout String?) {
        let words = refusal.map { StoreHealth.words(for: $0) }
        defer { last = words }
        guard words != last else { return }
        if let words {
            logger.error("logs are not taken", metadata: ["reason": "\(words)", "memory used": "\(state.room.used)"])
        } else {
            logger.notice("logs are taken again")
        }
    }

    // MARK: Looking

    private func look(_ memory: inout Memory) async {
        guard redis.trouble == nil else { return state.room.gaveUp() }
        state.room.begin()
        do throws(RedisError) {
            guard case .string(let text) = try await redis.send(RedisCommand("INFO", "memory")) else {
                throw .unexpected("INFO is not text")
            }
            note(RedisInfo(text), &memory)
            memory.hadProblem = false
        } catch {
            state.room.gaveUp()
            if case .server = error, !memory.hadProblem {
                memory.hadProblem = true
                logger.error("the memory of Redis cannot be measured", metadata: ["error": "\(error)"])
            }
        }
        await lookAtDisk()
        if state.room.writeTrouble != nil { await probe() }
        let isFull = state.room.isFull
        if isFull, !memory.wasFull, configuration.whenFull == .refuse {
            // What lies in WAL and tails takes a fraction once it is in chunks.
            await sealer.sealAll()
        }
        memory.wasFull = isFull
        if isFull { state.writerWakes.raise() }
    }

    private func note(_ info: RedisInfo, _ memory: inout Memory) {
        guard let used = info["used_memory"].flatMap(Int.init) else { return state.room.gaveUp() }
        // Redis leaves the buffers of its file and its replicas out when it compares with maxmemory.
        let uncounted = info["mem_not_counted_for_evict"].flatMap(Int.init) ?? 0
        let limit = info["maxmemory"].flatMap(Int.init) ?? 0
        state.room.measured(used: max(0, used - uncounted), maxMemory: limit > 0 ? limit : nil)
        let policy = info["maxmemory_policy"]
        if let policy, policy != "noeviction", policy != memory.policy {
            logger.error(
                """
                Redis has maxmemory-policy \(policy) now, with which it drops logs without a word when its memory is \
                full: run `redis-cli CONFIG SET maxmemory-policy noeviction`
                """
            )
        }
        memory.policy = policy
    }

    /// Redis ends, or stops to write, when its disk is full: ingest ends before that.
    private func lookAtDisk() async {
        guard let free = configuration.freeDiskBytes else { return }
        let measured: Int? = await withCheckedContinuation { continuation in
            // A file system over the network may take its time.
            DispatchQueue.global().async { continuation.resume(returning: free()) }
        }
        guard let measured else { return }
        let wanted = state.room.used + HubLimits.diskReserveBytes
        state.room.note(
            diskTrouble: measured >= wanted
                ? nil
                : "the disk under Redis has \(ByteSize.text(measured)) free, and \(ByteSize.text(wanted)) are wanted "
                    + "to write its file anew: make room there"
        )
    }

    /// Asks whether Redis takes writes again, by one that changes nothing.
    private func probe() async {
        guard let session = state.session else { return }
        do throws(RedisError) {
            _ = try await redis.evaluate(
                StoreScripts.probe,
                keys: Fence.keys + [session.memory.keys.sequence],
                arguments: session.grant.fence.arguments
            )
            state.room.note(writeTrouble: nil)
        } catch {
            if case .server(let text) = error, error.fencing == nil {
                state.room.note(writeTrouble: StoreWriter.refusal(text))
            }
        }
    }
}

/// The free bytes of a folder's disk.
enum DiskSpace {
    /// For programs without privileges; nil when the system does not say.
    static func free(at path: String) -> Int? {
        var space = statvfs()
        guard statvfs(path, &space) == 0 else { return nil }
        let (bytes, overflow) = Int(clamping: space.f_bavail).multipliedReportingOverflow(by: Int(space.f_frsize))
        return overflow ? .max : bytes
    }
}

extension StoreScripts {
    /// Writes what stands already, to see whether Redis takes writes.
    ///
    /// KEYS: 3 sequence. Answers 1.
    static let probe = RedisScript(
        Lease.fenceCheck + """
            redis.call('SET', KEYS[3], redis.call('GET', KEYS[3]) or '1')
            return 1
            """
    )
}
