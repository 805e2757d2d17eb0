import Logging
import Synchronization

/// Writes what memory holds into a Redis that has lost it.
struct Restorer: Sendable {
    let redis: RedisClient
    let logger: Logger
    let configuration: StoreConfiguration

    /// Restores logs, groups, windows and sequence, and brings `loaded` in step.
    ///
    /// - Returns: how many logs were written again.
    /// - Throws: what Redis does; then the next grant tries again, with the old memory.
    func restore(
        from old: StoreMemory,
        to loaded: StoreMemory,
        cache: SeenCache,
        isAnother: Bool,
        fence: Fence
    ) async throws(RedisError) -> Int {
        let found = loaded.nextSequence.load(ordering: .relaxed)
        let known = old.nextSequence.load(ordering: .relaxed)
        var lost = Self.tails(of: old, from: isAnother ? 0 : found, without: loaded)
        var next = max(known, found)
        if let lowest = lost.compactMap({ $0.rows.sequences.first }).min(), lowest < found {
            // Another store has given these numbers to other logs: these get new ones.
            // What follows the store counts on numbers that never fall.
            next = max(next, Self.renumber(&lost, from: found))
        }
        let groups = Self.adopt(lost.map(\.name) + old.groupNames, numbers: old, into: loaded)
        // The sequence rises last: until then another try begins where this one ended.
        try await write(RestoreStep(groups: groups, windows: cache.windows), next: found, loaded, fence)
        var part = loaded.ledger.withLock { ledger in ledger.parts(from: found) }
        var restored = 0
        for (name, rows) in Self.pieces(of: lost) {
            var writer = WALWriter()
            writer.append(rows, group: name)
            let id = StoreKeys.entryID(found, part: part)
            let value = writer.value()
            try await write(RestoreStep(entry: (id, value)), next: found, loaded, fence)
            part += 1
            restored += rows.count
            loaded.ledger.withLock { ledger in
                ledger.append(
                    WALLedger.Entry(id: id, firstSequence: found, endSequence: next, bytes: value.count)
                )
            }
            if let group = loaded.directory.withLock({ $0.group(name) }) {
                loaded.append(rows, to: group, now: configuration.clock(), policy: configuration.seal)
            }
        }
        try await write(RestoreStep(), next: next, loaded, fence)
        loaded.nextSequence.store(next, ordering: .releasing)
        return restored
    }

    /// Ends what a kill cut short: the sequence rises last, so the WAL may hold logs beyond it, whose numbers would be
    /// given again.
    func finish(_ loaded: StoreMemory, _ fence: Fence) async throws(RedisError) {
        let next = loaded.nextSequence.load(ordering: .relaxed)
        let end = loaded.ledger.withLock { $0.entries.map(\.endSequence).max() } ?? 0
        guard end > next, end <= HubLimits.sequence else { return }
        logger.warning("the WAL goes further than the sequence: a restore was cut short, and is ended now")
        try await write(RestoreStep(), next: end, loaded, fence)
        loaded.nextSequence.store(end, ordering: .releasing)
    }

    /// The logs of all tails from a sequence on, but those that a broken try has written already.
    private static func tails(
        of memory: StoreMemory,
        from sequence: UInt64,
        without written: StoreMemory
    ) -> [(name: String?, rows: LogRows)] {
        var tails: [(name: String?, rows: LogRows)] = []
        for group in memory.directory.withLock({ $0.all }) {
            let (frozen, open) = group.state.withLock { ($0.frozen?.rows, $0.open) }
            let there =
                written.directory.withLock { $0.group(group.name) }
                .map { group in Set(group.state.withLock { $0.open.sequences }.filter { $0 >= sequence }) } ?? []
            var rows = LogRows()
            for part in [frozen, open].compactMap({ $0 }) {
                var shared = LogRows.SharedText()
                for row in 0..<part.count where part.sequences[row] >= sequence && !there.contains(part.sequences[row])
                {
                    rows.append(part, row: row, shared: &shared)
                }
            }
            if rows.count > 0 { tails.append((group.name, rows)) }
        }
        return tails
    }

    /// Tails in pieces that an entry can hold: what is larger than a chunk may be is damage to who reads it.
    static func pieces(of tails: [(name: String?, rows: LogRows)]) -> [(name: String?, rows: LogRows)] {
        var pieces: [(name: String?, rows: LogRows)] = []
        for (name, rows) in tails {
            var piece = LogRows()
            var text = 0
            var shared = LogRows.SharedText()
            for row in 0..<rows.count {
                if piece.count >= HubLimits.chunkRecords || text >= HubLimits.chunkTextBytes {
                    pieces.append((name, piece))
                    piece = LogRows()
                    text = 0
                    shared = LogRows.SharedText()
                }
                text += rows.plainTextBytes(at: row)
                piece.append(rows, row: row, shared: &shared)
            }
            if piece.count > 0 { pieces.append((name, piece)) }
        }
        return pieces
    }

    /// Gives all logs new numbers from one on, in their order; returns the number behind the last.
    private static func renumber(_ tails: inout [(name: String?, rows: LogRows)], from first: UInt64) -> UInt64 {
        let all = tails.flatMap { $0.rows.sequences }.sorted()
        var numbers: [UInt64: UInt64] = [:]
        for (index, sequence) in all.enumerated() { numbers[sequence] = first + UInt64(index) }
        for tail in tails.indices {
            for row in tails[tail].rows.sequences.indices {
                tails[tail].rows.sequences[row] = numbers[tails[tail].rows.sequences[row]] ?? first
            }
        }
        return first + UInt64(all.count)
    }

    /// Puts groups that Redis does not have into the directory, with their old numbers where these are free.
    private static func adopt(_ names: [String?], numbers old: StoreMemory, into loaded: StoreMemory) -> [StoreGroup] {
        var adopted: [StoreGroup] = []
        for name in names.compactMap({ $0 }) {
            let oldNumber = old.directory.withLock { $0.group(name)?.number }
            loaded.directory.withLock { directory in
                guard directory.group(name) == nil else { return }
                var number = oldNumber
                if let taken = number, directory.group(number: taken) != nil { number = nil }
                guard let number = number ?? directory.freeNumbers(1).first else { return }
                let group = StoreGroup(number: number, name: name)
                directory.insert(group)
                adopted.append(group)
            }
        }
        return adopted
    }

    /// What one script writes.
    private struct RestoreStep {
        var entry: (id: String, value: [UInt8])?
        var groups: [StoreGroup] = []
        var windows: [(field: String, window: SeenWindow)] = []
    }

    private func write(
        _ step: RestoreStep,
        next: UInt64,
        _ memory: StoreMemory,
        _ fence: Fence
    ) async throws(RedisError) {
        // Windows and groups in helpings, so that no script takes long.
        var windows = step.windows[...]
        var groups = step.groups[...]
        var entry = step.entry
        repeat {
            let someWindows = windows.prefix(512)
            let someGroups = groups.prefix(4_096)
            var arguments = fence.arguments
            arguments.append(Array(text: String(next)))
            arguments.append(Array(text: entry?.id ?? ""))
            arguments.append(entry?.value ?? [])
            arguments.append(Array(text: String(someWindows.count)))
            for (field, window) in someWindows { arguments += [Array(text: field), window.value] }
            arguments.append(Array(text: String(someGroups.count)))
            for group in someGroups { arguments += [Array(text: group.name ?? ""), Array(text: String(group.number))] }
            _ = try await redis.evaluate(
                StoreScripts.restore,
                keys: Fence.keys + [
                    memory.keys.sequence, memory.keys.wal, memory.keys.seen, StoreKeys.groups, StoreKeys.groupIDs,
                ],
                arguments: arguments
            )
            entry = nil
            windows = windows.dropFirst(512)
            groups = groups.dropFirst(4_096)
        } while !windows.isEmpty || !groups.isEmpty
    }
}

extension StoreMemory {
    /// The names of all groups.
    fileprivate var groupNames: [String?] { directory.withLock { $0.all.map(\.name) } }

    /// How many chunks the index has.
    var chunkCount: Int {
        directory.withLock { $0.all }.reduce(0) { count, group in count + group.state.withLock { $0.chunks.count } }
    }
}
