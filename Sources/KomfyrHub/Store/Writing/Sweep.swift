import Logging
import Synchronization

/// Upkeep between commits: index entries of expired chunks, groups that hold nothing, idle seen windows.
extension StoreWriter {
    func sweep(_ session: StoreSession) async {
        do throws(RedisError) {
            try await sweepGroups(session)
            // The rest of a long sweep follows after the next commit.
            if !sweepIsDue { try await sweepSeen(session) }
        } catch {
            // The next sweep goes on; a lost connection ends the session by itself.
            logger.debug("a sweep was cut short", metadata: ["error": "\(error)"])
        }
    }

    /// Removes what has expired of the index, then the groups that are empty by that.
    private func sweepGroups(_ session: StoreSession) async throws(RedisError) {
        let memory = session.memory
        // The index knows milliseconds: what is below has expired for certain.
        let cutoff = LogID.floorDivide(configuration.clock() - configuration.retention, 1_000_000)
        let oldestInWAL = memory.ledger.withLock { $0.oldestSequence } ?? .max
        var budget = HubLimits.sweepGroups
        var gone: [UInt32: Set<String>] = [:]
        defer { state.cache.remove(gone) }
        for group in memory.directory.withLock({ $0.all }) {
            if budget <= 0 {
                sweepIsDue = true
                return
            }
            let (hasExpired, isEmpty) = group.state.withLock { state in
                let kept = state.chunks.count { $0.score >= cutoff }
                // Marks outlive their chunks until the WAL has passed them: replay would bring the logs back.
                let isEmpty = kept == 0 && !state.hasTail && state.marks.done < oldestInWAL
                let hasDamaged = state.damaged.contains { $0.score < cutoff }
                return (kept < state.chunks.count || hasDamaged, isEmpty)
            }
            if hasExpired {
                budget -= 1
                _ = try await redis.evaluate(
                    StoreScripts.sweepIndex,
                    keys: Fence.keys + [StoreKeys.chunks(group.number)],
                    arguments: session.grant.fence.arguments + [Array(text: "(\(cutoff)")]
                )
                group.state.withLock { state in
                    state.gone += (state.chunks + state.damaged).filter { $0.score < cutoff }.map(\.id)
                    state.chunks.removeAll { $0.score < cutoff }
                    state.damaged.removeAll { $0.score < cutoff }
                    state.chunksVersion += 1
                }
            }
            let goneOfGroup = group.state.withLock { state in
                defer { state.gone = [] }
                return state.gone
            }
            if !goneOfGroup.isEmpty { gone[group.number] = Set(goneOfGroup) }
            let isStillEmpty = group.state.withLock { $0.chunks.isEmpty && !$0.hasTail }
            if isEmpty, isStillEmpty, let name = group.name {
                budget -= 1
                try await remove(group, name, session)
            }
        }
    }

    private func remove(_ group: StoreGroup, _ name: String, _ session: StoreSession) async throws(RedisError) {
        let answer = try await redis.evaluate(
            StoreScripts.removeGroup,
            keys: Fence.keys + [
                StoreKeys.chunks(group.number), StoreKeys.marks(group.number), StoreKeys.groups, StoreKeys.groupIDs,
            ],
            arguments: session.grant.fence.arguments + [Array(text: name), Array(text: String(group.number))]
        )
        guard answer == .integer(1) else { return }
        session.memory.directory.withLock { $0.remove(group) }
    }

    /// Removes the windows of generations that have been silent for longer than their batches can live.
    private func sweepSeen(_ session: StoreSession) async throws(RedisError) {
        let keys = session.memory.keys
        let cutoff = configuration.clock() - configuration.retention - HubLimits.seenIdleMs * 1_000_000
        var cursor: [UInt8] = [UInt8(ascii: "0")]
        repeat {
            let answer = try await redis.send(
                RedisCommand([
                    Array(text: "HSCAN"), Array(text: keys.seen), cursor, Array(text: "COUNT"), Array(text: "512"),
                ])
            )
            guard case .array(let parts) = answer, parts.count == 2, case .string(let next) = parts[0],
                case .array(let fields) = parts[1]
            else { throw .unexpected("HSCAN answered in another form") }
            cursor = next
            var idle: [[UInt8]] = []
            var names: [String] = []
            for index in stride(from: 0, to: fields.count - 1, by: 2) {
                guard case .string(let field) = fields[index], case .string(let value) = fields[index + 1],
                    let touched = SeenWindow.touched(value), touched < cutoff
                else { continue }
                idle += [field, Array(value.prefix(SeenWindow.revisionBytes))]
                names.append(String(decoding: field, as: UTF8.self))
            }
            if !idle.isEmpty {
                for name in names { cache.forget(name) }
                _ = try await redis.evaluate(
                    StoreScripts.forgetSeen,
                    keys: Fence.keys + [keys.seen],
                    arguments: session.grant.fence.arguments + idle
                )
            }
        } while cursor != [UInt8(ascii: "0")]
    }
}
