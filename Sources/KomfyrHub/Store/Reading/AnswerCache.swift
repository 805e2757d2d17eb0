import Synchronization

/// What the logs of a query's groups stand at: as long as it is the same, an answer of before is right.
struct LogStamp: Sendable, Equatable {
    /// The hub's memory, which is another after a start, and after Redis came back older or empty.
    var memory: UInt64
    /// Of the newest log of each group.
    var stored: UInt64
    /// Of what was purged of each group.
    var purged: UInt64
    /// Logs that were dropped to make room, or cannot be read.
    var dropped: UInt64
}

/// Keeps answers that can be made again.
protocol AnswerKeeping: Sendable {
    /// Looked at before the logs are read, so that what comes meanwhile makes it another.
    func stamp(_ query: LogQuery) -> LogStamp
    /// What was kept under a name; nil: nothing, or Redis cannot be asked.
    func recall(_ name: String) async -> [UInt8]?
    /// Keeps a value for a while, if Redis has room beside what logs need.
    func remember(_ name: String, _ value: [UInt8], seconds: Int) async
}

extension LogStore: AnswerKeeping {
    func stamp(_ query: LogQuery) -> LogStamp { self.query.stamp(query) }

    func recall(_ name: String) async -> [UInt8]? {
        do throws(RedisError) {
            let answers = try await redis.pipeline(
                [RedisCommand("GET", StoreKeys.cache(name))],
                patienceMs: UInt64(HubLimits.redisSilenceMs)
            )
            guard case .string(let value)? = answers.first else { return nil }
            return value
        } catch {
            return nil
        }
    }

    func remember(_ name: String, _ value: [UInt8], seconds: Int) async {
        guard mayKeep(bytes: value.count) else { return }
        let command = [
            Array(text: "SET"), Array(text: StoreKeys.cache(name)), value, Array(text: "EX"), Array(text: "\(seconds)"),
        ]
        do throws(RedisError) {
            _ = try await redis.pipeline([RedisCommand(command)], patienceMs: UInt64(HubLimits.redisSilenceMs))
        } catch {
            // It is made again.
        }
    }

    func mayKeep(bytes: Int) -> Bool {
        // Sealing and deleting need what is left.
        guard state.session != nil, state.room.hasRoom(for: bytes) else { return false }
        state.room.wrote(bytes)
        return true
    }
}

extension StoreRoom {
    /// Whether something that can be done without may be written: Redis takes writes, and stays below the line with it.
    func hasRoom(for bytes: Int) -> Bool {
        guard refusal(.refuse) == nil else { return false }
        guard let limit else { return true }
        return used + bytes < Self.line(limit) - Self.margin(limit)
    }
}

extension Query {
    func stamp(_ query: LogQuery) -> LogStamp {
        let memory = state.memory
        // What is not visible yet counts as the newest that is: no group's log ever has that number.
        let snapshot = memory.newestSequence
        let groups = memory.directory.withLock { $0.matching(query.groups, bound: query.bound) }
        // A group that is gone has taken its mark with it.
        var (stored, purged): (UInt64, UInt64) = (1, UInt64(groups.count))
        for group in groups {
            let (newest, mark) = group.state.withLock { state in
                (
                    state.open.sequences.last ?? state.frozen?.rows.sequences.last ?? state.marks.sealed,
                    state.marks.purged
                )
            }
            stored = ChunkHash.mix(ChunkHash.mix(stored, UInt64(group.number)), min(newest, snapshot))
            if mark > 0 { purged = ChunkHash.mix(ChunkHash.mix(purged, UInt64(group.number)), mark) }
        }
        return LogStamp(
            memory: memory.identity,
            stored: stored,
            purged: purged,
            dropped: UInt64(truncatingIfNeeded: state.figures.read(now: configuration.clock()).dropped)
        )
    }
}
