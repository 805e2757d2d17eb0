import Logging
import Protocol
import Synchronization

/// Makes the hub's memory from what Redis holds: groups, chunk indexes, marks, and the logs of the WAL.
///
/// Replay decides nothing anew: which positions were refused stands in the entries, and what the marks say is sealed or
/// purged is left out. What cannot be read is set aside with an error, and the rest goes on.
struct Replayer: Sendable {
    let redis: RedisClient
    let configuration: StoreConfiguration
    let logger: Logger

    /// Everything, as at start.
    func load(_ grant: LeaseGrant) async throws(RedisError) -> StoreMemory {
        let keys = StoreKeys(hub: grant.hub)
        let next = try await sequence(keys)
        let memory = StoreMemory(hub: grant.hub, nextSequence: next)
        let groups = try await loadGroups()
        memory.directory.withLock { directory in
            for group in groups { directory.insert(group) }
        }
        try await loadIndexes(memory.directory.withLock { $0.all }, keys)
        try await replay(into: memory, fence: grant.fence)
        return memory
    }

    /// The next sequence number; 1 in a new store.
    func sequence(_ keys: StoreKeys) async throws(RedisError) -> UInt64 {
        switch try await redis.send(RedisCommand("GET", keys.sequence)) {
        case .null: return 1
        case .string(let bytes):
            guard let next = UInt64(String(decoding: bytes, as: UTF8.self)), next > 0, next <= HubLimits.sequence else {
                throw .unexpected("\(keys.sequence) is not a number that can be")
            }
            return next
        default: throw .unexpected("\(keys.sequence) is not a string")
        }
    }

    /// One entry by its id; nil: there is none.
    func entry(_ id: String, _ keys: StoreKeys) async throws(RedisError) -> [UInt8]? {
        let answer = try await redis.send(RedisCommand("XRANGE", keys.wal, id, id))
        guard case .array(let entries) = answer, let first = entries.first else { return nil }
        return Self.read(first)?.value
    }

    /// Reads the WAL and appends its logs to the tails.
    private func replay(into memory: StoreMemory, fence: Fence) async throws(RedisError) {
        let decoder = BodyDecoder()
        var begin = "-"
        var page = 8
        while true {
            let answer = try await redis.send(
                RedisCommand("XRANGE", memory.keys.wal, begin, "+", "COUNT", String(page))
            )
            guard case .array(let entries) = answer else { throw .unexpected("XRANGE answered no list") }
            if entries.isEmpty { return }
            var bytes = 0
            for entry in entries {
                guard let (id, value) = Self.read(entry) else { throw .unexpected("an entry of \(memory.keys.wal)") }
                begin = "(" + id
                bytes += value.count
                await apply(id, value, to: memory, decoder, fence)
            }
            page = min(1_024, max(1, HubLimits.replayPageBytes * entries.count / max(1, bytes)))
        }
    }

    /// Applies an entry.
    private func apply(
        _ id: String,
        _ value: [UInt8],
        to memory: StoreMemory,
        _ decoder: BodyDecoder,
        _ fence: Fence,
        isolation: isolated (any Actor)? = #isolation
    ) async {
        let first = UInt64(id.prefix { $0 != "-" }) ?? 0
        var end = first
        var problem: String?
        do throws(FormatProblem) {
            for part in try WALEntry(value: value).parts {
                switch part {
                case .request(let request):
                    end = max(end, request.firstSequence + UInt64(request.positionCount))
                    do throws(ReplayProblem) {
                        try apply(request, to: memory, decoder)
                    } catch {
                        problem = error.words
                    }
                case .rows(let name, let rows):
                    if let last = rows.sequences.max(), last < .max { end = max(end, last + 1) }
                    if let group = memory.directory.withLock({ $0.group(name) }) {
                        memory.append(rows, to: group, now: configuration.clock(), policy: configuration.seal)
                    } else {
                        problem = "the group \(name ?? "") has no number"
                    }
                }
            }
        } catch {
            problem = error.description
        }
        if let problem { await setAside(id, value, problem, memory.keys, fence) }
        memory.ledger.withLock { ledger in
            ledger.append(
                WALLedger.Entry(id: id, firstSequence: first, endSequence: max(end, first), bytes: value.count)
            )
        }
    }

    private struct ReplayProblem: Error {
        var words: String
    }

    private func apply(
        _ request: WALEntry.Request,
        to memory: StoreMemory,
        _ decoder: BodyDecoder
    ) throws(ReplayProblem) {
        if request.refusedPositions.count == request.positionCount { return }
        let context = BodyDecoder.Context(
            format: request.format,
            encoding: request.encoding,
            defaults: request.defaults,
            arrival: request.arrival,
            window: .min ... .max,
            refusedPositions: request.refusedPositions
        )
        let decoded: Result<DecodedBody, BodyProblem> = Result { () throws(BodyProblem) in
            try decoder.decode(request.body, context)
        }
        guard case .success(let body) = decoded else { throw ReplayProblem(words: "a body cannot be decoded") }
        guard body.positionCount == request.positionCount else {
            throw ReplayProblem(words: "a body has \(body.positionCount) logs instead of \(request.positionCount)")
        }
        let groups = memory.directory.withLock { directory in body.groupNames.map { directory.group($0) } }
        memory.append(
            body,
            firstSequence: request.firstSequence,
            arrival: request.arrival,
            groups: groups,
            leavesOutMarked: true,
            now: configuration.clock(),
            policy: configuration.seal
        )
        if groups.contains(where: { $0 == nil }) { throw ReplayProblem(words: "a group has no number") }
    }

    /// Copies an entry that cannot be read to where an operator finds it.
    private func setAside(_ id: String, _ value: [UInt8], _ problem: String, _ keys: StoreKeys, _ fence: Fence) async {
        logger.error(
            "a WAL entry cannot be read: its logs are left out, and it is kept in \(keys.damaged)",
            metadata: ["id": "\(id)", "problem": "\(problem)"]
        )
        do throws(RedisError) {
            _ = try await redis.evaluate(
                StoreScripts.setAside,
                keys: Fence.keys + [keys.damaged],
                arguments: fence.arguments + [
                    Array(text: id), value, Array(text: String(HubLimits.damagedKept)),
                ]
            )
        } catch {
            logger.warning("the damaged entry could not be set aside yet", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Groups

    private func loadGroups() async throws(RedisError) -> [StoreGroup] {
        guard case .array(let fields) = try await redis.send(RedisCommand("HGETALL", StoreKeys.groups)) else {
            throw .unexpected("\(StoreKeys.groups) is not a hash")
        }
        var groups: [StoreGroup] = []
        var numbers: Set<UInt32> = []
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard case .string(let nameBytes) = fields[index], case .string(let numberBytes) = fields[index + 1] else {
                continue
            }
            let name = String(decoding: nameBytes, as: UTF8.self)
            guard let number = UInt32(String(decoding: numberBytes, as: UTF8.self)), number > 0,
                number <= HubLimits.groupNumber, numbers.insert(number).inserted
            else {
                logger.error("a group's number in \(StoreKeys.groups) cannot be", metadata: ["group": "\(name)"])
                continue
            }
            groups.append(StoreGroup(number: number, name: name))
        }
        return groups
    }

    private func loadIndexes(_ groups: [StoreGroup], _ keys: StoreKeys) async throws(RedisError) {
        for begin in stride(from: 0, to: groups.count, by: HubLimits.loadPipeline) {
            let slice = groups[begin..<min(groups.count, begin + HubLimits.loadPipeline)]
            var commands: [RedisCommand] = []
            for group in slice {
                commands.append(RedisCommand("ZRANGE", StoreKeys.chunks(group.number), "0", "-1"))
                commands.append(RedisCommand("HMGET", StoreKeys.marks(group.number), keys.sealedMark, keys.purgedMark))
            }
            let answers = try await redis.pipeline(commands)
            guard answers.count == commands.count else { throw .unexpected("too few answers") }
            for (index, group) in slice.enumerated() {
                let entries = try chunkEntries(answers[2 * index], of: group.number)
                let marks = try Self.marks(answers[2 * index + 1])
                group.state.withLock { state in
                    state.chunks = entries
                    state.marks = marks
                }
                if let last = entries.last { group.newest.max(last.newest, ordering: .relaxed) }
            }
        }
    }

    /// The index that Redis holds of a group now, rising by newest log.
    func index(of group: UInt32) async throws(RedisError) -> [ChunkEntry] {
        try chunkEntries(try await redis.send(RedisCommand("ZRANGE", StoreKeys.chunks(group), "0", "-1")), of: group)
    }

    /// This hub's marks of a group as Redis holds them now.
    func marks(of group: UInt32, _ keys: StoreKeys) async throws(RedisError) -> GroupMarks {
        try Self.marks(
            try await redis.send(RedisCommand("HMGET", StoreKeys.marks(group), keys.sealedMark, keys.purgedMark))
        )
    }

    private func chunkEntries(_ answer: RedisValue, of group: UInt32) throws(RedisError) -> [ChunkEntry] {
        guard case .array(let members) = answer else { throw .unexpected("\(StoreKeys.chunks(group)): \(answer)") }
        var entries: [ChunkEntry] = []
        entries.reserveCapacity(members.count)
        for member in members {
            if case .string(let bytes) = member, let entry = ChunkEntry(member: bytes) {
                entries.append(entry)
            } else {
                logger.error("an index entry cannot be read: its chunk is left out", metadata: ["group": "\(group)"])
            }
        }
        return entries.sorted { ($0.newest, $0.lastSequence) < ($1.newest, $1.lastSequence) }
    }

    private static func marks(_ answer: RedisValue) throws(RedisError) -> GroupMarks {
        guard case .array(let values) = answer, values.count == 2 else { throw .unexpected("marks: \(answer)") }
        func number(_ value: RedisValue) throws(RedisError) -> UInt64 {
            switch value {
            case .null: return 0
            case .string(let bytes):
                if let number = UInt64(String(decoding: bytes, as: UTF8.self)) { return number }
                throw .unexpected("a mark is not a number")
            default: throw .unexpected("a mark is not a string")
            }
        }
        return GroupMarks(sealed: try number(values[0]), purged: try number(values[1]))
    }

    /// An entry's id and the value of its field.
    private static func read(_ entry: RedisValue) -> (id: String, value: [UInt8])? {
        guard case .array(let parts) = entry, parts.count == 2, case .string(let id) = parts[0],
            case .array(let fields) = parts[1]
        else { return nil }
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            if case .string(let name) = fields[index], name == Array(WALEntry.field.utf8),
                case .string(let value) = fields[index + 1]
            {
                return (String(decoding: id, as: UTF8.self), value)
            }
        }
        return (String(decoding: id, as: UTF8.self), [])
    }
}
