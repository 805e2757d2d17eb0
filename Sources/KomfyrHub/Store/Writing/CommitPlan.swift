import Protocol

/// What a commit will write, and how each of its requests will be answered: computed from what memory knows, and
/// compared by the script with what Redis holds.
struct CommitPlan {
    /// How a request will be answered once Redis has the commit.
    enum Outcome {
        /// Its logs are written.
        case stored(firstSequence: UInt64, groups: [UInt32], refused: [UInt32], byStore: [Refusal])
        /// It was there before the commit.
        case repeated(SeenWindow.Answer, groups: [UInt32])
        /// It was there before, too long ago to know more.
        case forgotten
        /// It has nothing to write.
        case empty
    }

    let waiting: [OpenCommit.Waiting]
    private(set) var outcomes: [Outcome] = []
    private(set) var firstSequence: UInt64
    private(set) var nextSequence: UInt64
    /// The new windows, with the revision that Redis must have.
    private(set) var seen: [String: (expected: [UInt8], window: SeenWindow)] = [:]
    /// The new groups.
    private(set) var groups: [StoreGroup] = []
    private(set) var entry = WALWriter()

    /// Whether there is anything to write.
    var writes: Bool { !entry.isEmpty }

    /// Plans a commit of these requests, every identity of which `cache` must know.
    init(
        _ waiting: [OpenCommit.Waiting],
        nextSequence: UInt64,
        cache: SeenCache,
        directory: borrowing GroupDirectory
    ) {
        self.waiting = waiting
        firstSequence = nextSequence
        self.nextSequence = nextSequence
        var names = NewGroups(directory)
        outcomes.reserveCapacity(waiting.count)
        for waiting in waiting {
            outcomes.append(plan(waiting.request, cache: cache, directory: directory, names: &names))
        }
        groups = names.groups
    }

    private mutating func plan(
        _ request: IngestRequest,
        cache: SeenCache,
        directory: borrowing GroupDirectory,
        names: inout NewGroups
    ) -> Outcome {
        let field = request.identity?.stream
        if let identity = request.identity, let field {
            switch (seen[field]?.window ?? cache.window(field))?.verdict(identity.sequence) ?? .new {
            case .duplicate(let answer):
                let groups = request.decoded.groupNames.map { name in
                    directory.group(name)?.number ?? names.given(name) ?? .max
                }
                return .repeated(answer, groups: groups)
            case .forgotten: return .forgotten
            case .new: break
            }
        }
        let body = request.decoded
        // What takes no number has nothing to be repeated either.
        if body.positionCount == 0 || body.columns.count == 0 && request.identity == nil { return .empty }
        let first = nextSequence
        nextSequence += UInt64(body.positionCount)
        var numbers: [UInt32] = []
        numbers.reserveCapacity(body.groupNames.count)
        var isShort = false
        for name in body.groupNames {
            let number = directory.group(name)?.number ?? names.number(of: name)
            if number == nil { isShort = true }
            numbers.append(number ?? .max)
        }
        var refused = body.refusals.map(\.index)
        var byStore: [Refusal] = []
        if isShort {
            byStore = Self.refusals(body, numbers)
            refused = (refused + byStore.map(\.index)).sorted()
        }
        let runs = PositionRuns.runs(of: refused)
        let accepted = body.positionCount - refused.count
        entry.append(request, firstSequence: first, refused: runs, accepted: accepted)
        if let identity = request.identity, let field {
            let answer = SeenWindow.Answer(
                sequence: identity.sequence,
                firstSequence: first,
                arrival: request.arrival,
                accepted: accepted,
                refused: Array(runs.prefix(HubLimits.seenRefusedRuns)),
                isCut: runs.count > HubLimits.seenRefusedRuns
            )
            note(answer, field: field, cache: cache)
        }
        return .stored(firstSequence: first, groups: numbers, refused: refused, byStore: byStore)
    }

    private mutating func note(_ answer: SeenWindow.Answer, field: String, cache: SeenCache) {
        if seen[field] != nil {
            seen[field]?.window.insert(answer)
        } else if var window = cache.window(field) {
            let expected = window.revision
            window.insert(answer)
            seen[field] = (expected, window)
        } else {
            seen[field] = (cache.revision(field), SeenWindow(first: answer))
        }
    }

    /// The logs whose group there is no number for.
    private static func refusals(_ body: DecodedBody, _ numbers: [UInt32]) -> [Refusal] {
        var refusals: [Refusal] = []
        for (row, group) in body.groups.enumerated() where numbers[Int(group)] == .max {
            refusals.append(
                Refusal(
                    index: body.positions[row],
                    type: "too_many_groups",
                    location: ["group"],
                    message: "there are \(HubLimits.groups) groups already, which is the limit: "
                        + "send this log to one of them, or put what varies into tags or data"
                )
            )
        }
        return refusals
    }

    /// The answer to each request, once Redis has the commit.
    func receipt(_ index: Int) -> IngestReceipt {
        let request = waiting[index].request
        switch outcomes[index] {
        case .stored(let first, let groups, let refused, let byStore):
            return IngestReceipt(
                firstSequence: first,
                groupNumbers: groups,
                arrival: request.arrival,
                isDuplicate: false,
                refusedPositions: refused,
                ingested: request.decoded.positionCount - refused.count,
                storeRefusals: byStore
            )
        case .repeated(let answer, let groups):
            return IngestReceipt(
                firstSequence: answer.firstSequence,
                groupNumbers: groups,
                arrival: answer.arrival,
                isDuplicate: true,
                refusedPositions: PositionRuns.positions(of: answer.refused),
                ingested: answer.accepted
            )
        case .forgotten, .empty:
            var isForgotten = false
            if case .forgotten = outcomes[index] { isForgotten = true }
            return IngestReceipt(
                firstSequence: 0,
                groupNumbers: [],
                arrival: request.arrival,
                isDuplicate: isForgotten,
                refusedPositions: request.decoded.refusals.map(\.index),
                ingested: request.decoded.columns.count
            )
        }
    }
}

/// Numbers for groups that are not there yet.
private struct NewGroups {
    private(set) var groups: [StoreGroup] = []
    private var byName: [ByteText: UInt32] = [:]
    private var free: [UInt32]?
    private let directory: GroupDirectory

    init(_ directory: borrowing GroupDirectory) { self.directory = copy directory }

    /// The number that a name was given in this commit.
    func given(_ name: String?) -> UInt32? { name.flatMap { byName[ByteText($0)] } }

    /// nil: there are too many groups.
    mutating func number(of name: String?) -> UInt32? {
        guard let name else { return 0 }
        if let number = byName[ByteText(name)] { return number }
        guard directory.count + groups.count < HubLimits.groups else { return nil }
        // Taken in larger and larger helpings: most commits have none.
        if free == nil || groups.count >= free?.count ?? 0 { free = directory.freeNumbers(max(16, groups.count * 4)) }
        guard let free, groups.count < free.count else { return nil }
        let number = free[groups.count]
        groups.append(StoreGroup(number: number, name: name))
        byName[ByteText(name)] = number
        return number
    }
}
