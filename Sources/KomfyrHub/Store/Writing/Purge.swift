import Protocol
import Synchronization

/// Removing the logs of groups: those that were answered before the purge was asked for go, those that come after stay.
///
/// ```
///  begin, between two commits   the mark is the newest sequence; the groups are noted, no seal of them may begin
///  some groups                  one script each: chunks and index go, the purged mark is set
///                               then memory: index, tails, cache
///  a commit                     its logs lie above the mark
///  some groups …                until all are done, then it is answered
/// ```
///
/// A group is purged in Redis first and then in memory, so that a restart never brings back what was answered as gone.
/// Chunks never hold logs from both sides of a mark: at the begin everything up to it is in chunks, in a seal that is
/// under way (of nothing newer), or in tails. What does not lie in chunks stays in the WAL until it is trimmed, and is
/// left out by replay for the mark's sake. When the connection is lost in the middle everything is read anew, so that
/// memory is what Redis has, and the purge is answered with an error; asked for again it finishes.
struct PurgeWork {
    let pattern: GroupPattern?
    let bound: GroupPattern?
    let continuation: CheckedContinuation<Result<Int, StoreError>, Never>
    /// The newest sequence when it began; nil: it has not.
    var mark: UInt64?
    /// What is still to be done, the next last.
    var groups: [StoreGroup] = []
    /// Logs that readers could see.
    var count = 0
}

extension StoreWriter {
    /// Purges the groups that both patterns match (nil: all); returns how many logs went.
    func purge(_ pattern: GroupPattern?, bound: GroupPattern?) async -> Result<Int, StoreError> {
        await withCheckedContinuation { continuation in
            if isStopped { return continuation.resume(returning: .failure(.stopping)) }
            guard state.session != nil else {
                return continuation.resume(returning: .failure(queue.closed ?? lossOfGrant))
            }
            guard purges.count < HubLimits.purgesWaiting else { return continuation.resume(returning: .failure(.busy)) }
            purges.append(PurgeWork(pattern: pattern, bound: bound, continuation: continuation))
            state.writerWakes.raise()
        }
    }

    /// Whether a purge has to go on before the next commit: between two commits each has one turn.
    var purgeIsDue: Bool { purges.contains { $0.mark == nil } || !purges.isEmpty && !purgeHadTurn }

    /// Begins what was asked for, and purges some groups of the first.
    func purgeSome(_ session: StoreSession) async {
        purgeHadTurn = true
        let memory = session.memory
        for index in purges.indices where purges[index].mark == nil {
            let work = purges[index]
            let mark = memory.newestSequence
            let patterns = work.pattern.map { [$0] } ?? []
            purges[index].mark = mark
            purges[index].groups = memory.directory.withLock { $0.matching(patterns, bound: work.bound) }
                .filter { group in
                    group.state.withLock { state in
                        guard state.hasTail || !state.chunks.isEmpty || !state.damaged.isEmpty else { return false }
                        state.purgingUpTo = max(state.purgingUpTo ?? 0, mark)
                        return true
                    }
                }
        }
        guard var work = purges.first, let mark = work.mark else { return }
        let groups = Array(work.groups.suffix(HubLimits.purgeGroups))
        do throws(RedisError) {
            if !groups.isEmpty {
                work.count += await visibleCount(of: groups, upTo: mark)
                try await purge(groups.map { ($0, mark) }, memory, session.grant.fence)
            }
        } catch {
            return failed(work, error, session)
        }
        work.groups.removeLast(groups.count)
        purges[0] = work
        guard work.groups.isEmpty else { return }
        purges.removeFirst()
        work.continuation.resume(returning: .success(work.count))
        // The WAL can be trimmed now.
        state.sealerWakes.raise()
    }

    /// Ends all purges; their groups may be sealed again.
    func failPurges(_ error: StoreError) {
        let failed = purges
        purges = []
        for work in failed {
            for group in work.groups { group.state.withLock { $0.purgingUpTo = nil } }
            work.continuation.resume(returning: .failure(error))
        }
    }

    private func failed(_ work: PurgeWork, _ error: RedisError, _ session: StoreSession) {
        var isRefused = false
        if case .server = error { isRefused = error.fencing == nil }
        if !isRefused {
            // Some scripts may have run: what Redis has is read anew before anybody sees memory as whole again.
            readAnew(session)
        }
        failPurges(Self.storeError(error))
    }

    /// How many logs of groups readers see now, that a purge takes.
    private func visibleCount(of groups: [StoreGroup], upTo mark: UInt64) async -> Int {
        let oldest = configuration.clock() - configuration.retention
        let query = Query(replayer: replayer, state: state, configuration: configuration, logger: logger)
        let filter = RowFilter(LogQuery(), oldest: oldest, snapshot: mark)
        let counts = await CountScan(query: query, filter: filter, interval: nil).run(groups)
        return counts.total.total
    }

    /// Purges again what a Redis that came back older than it had answered has forgotten to have purged.
    func restorePurges(from old: StoreMemory, to loaded: StoreMemory, _ fence: Fence) async throws(RedisError) {
        // No further than Redis goes: until its sequence has risen, a kill would leave a mark above it, and what gets
        // these numbers next would count as purged.
        let newest = loaded.newestSequence
        var forgotten: [(group: StoreGroup, mark: UInt64)] = []
        for group in old.directory.withLock({ $0.all }) {
            let mark = min(newest, group.state.withLock { $0.marks.purged })
            guard mark > 0, let found = loaded.directory.withLock({ $0.group(group.name) }),
                found.state.withLock({ $0.marks.purged }) < mark
            else { continue }
            forgotten.append((found, mark))
        }
        for begin in stride(from: 0, to: forgotten.count, by: HubLimits.purgeGroups) {
            let end = min(forgotten.count, begin + HubLimits.purgeGroups)
            try await purge(Array(forgotten[begin..<end]), loaded, fence)
        }
    }

    /// Purges groups, each up to its mark, in Redis and then in memory.
    private func purge(
        _ groups: [(group: StoreGroup, mark: UInt64)],
        _ memory: StoreMemory,
        _ fence: Fence
    ) async throws(RedisError) {
        func command(_ index: Int, isWhole: Bool) -> RedisCommand {
            let (group, mark) = groups[index]
            let keys = Fence.keys + [StoreKeys.chunks(group.number), StoreKeys.marks(group.number)]
            let arguments =
                fence.arguments + [
                    Array(text: memory.keys.sealedMark), Array(text: memory.keys.purgedMark), Array(text: String(mark)),
                    Array(text: StoreKeys.chunk(group.number, "")),
                ]
            return isWhole
                ? StoreScripts.purge.evaluateWhole(keys: keys, arguments: arguments)
                : StoreScripts.purge.evaluate(keys: keys, arguments: arguments)
        }
        var answers = try await redis.pipeline(groups.indices.map { command($0, isWhole: false) })
        guard answers.count == groups.count else { throw .unexpected("too few answers") }
        let unknown = answers.indices.filter { index in
            if case .error(let text) = answers[index] { return text.hasPrefix("NOSCRIPT") }
            return false
        }
        if !unknown.isEmpty {
            // The first makes the script known to Redis.
            let again = try await redis.pipeline(
                unknown.enumerated().map { command($0.element, isWhole: $0.offset == 0) }
            )
            guard again.count == unknown.count else { throw .unexpected("too few answers") }
            for (index, answer) in zip(unknown, again) { answers[index] = answer }
        }
        var problem: RedisError?
        var chunksGone: [UInt32: Set<String>] = [:]
        for ((group, mark), answer) in zip(groups, answers) {
            guard case .string(let text) = answer, let sealed = UInt64(String(decoding: text, as: UTF8.self)) else {
                if case .error(let text) = answer {
                    problem = problem ?? .server(text)
                } else {
                    problem = problem ?? .unexpected("\(answer)")
                }
                continue
            }
            let gone = group.state.withLock { state in
                state.purged(upTo: mark, sealedMark: sealed, now: configuration.clock())
            }
            memory.tailBytes.subtract(gone.bytes, ordering: .relaxed)
            chunksGone[group.number] = Set(gone.chunks)
        }
        state.cache.remove(chunksGone)
        if let problem { throw problem }
    }
}
