import Synchronization
import Protocol

/// Counts from memory: what the index and the tails say, without what has expired.
///
/// A chunk counts until its newest log has expired, so the oldest eighth of the retention may count a little too long.
struct StoreSummary {
    let memory: StoreMemory
    let configuration: StoreConfiguration

    private struct Part {
        var levels = LevelCounts()
        var oldest = Int64.max
        var newest = Int64.min
        var bytes = 0

        mutating func add(_ levels: LevelCounts, oldest: Int64, newest: Int64) {
            self.levels += levels
            self.oldest = min(self.oldest, oldest)
            self.newest = max(self.newest, newest)
        }
    }

    func groups(bound: GroupPattern?) -> [GroupSummary] {
        var summaries: [GroupSummary] = []
        for group in memory.directory.withLock({ $0.matching([], bound: bound) }) {
            guard let name = group.name else { continue }
            let part = part(of: group)
            guard part.levels.total > 0 else { continue }
            summaries.append(
                GroupSummary(
                    name: name,
                    number: group.number,
                    count: part.levels.total,
                    levels: part.levels.values,
                    newest: part.newest
                )
            )
        }
        // They come sorted, but for a tree's own group, which stands first as it should.
        return summaries
    }

    func stats(bound: GroupPattern?, _ figures: StoreFigures) -> StoreStats {
        var all = Part()
        var groups = 0
        for group in memory.directory.withLock({ $0.matching([], bound: bound) }) {
            let part = part(of: group)
            guard part.levels.total > 0 else { continue }
            if group.name != nil { groups += 1 }
            all.add(part.levels, oldest: part.oldest, newest: part.newest)
            all.bytes += part.bytes
        }
        // The WAL's entries hold logs of many groups, so they count only where all groups do.
        if bound == nil || bound == .all { all.bytes += memory.ledger.withLock { $0.bytes } }
        let now = figures.read(now: configuration.clock())
        return StoreStats(
            totalLogs: all.levels.total,
            groups: groups,
            bytesStored: all.bytes,
            oldest: all.oldest == .max ? nil : max(all.oldest, cutoff),
            newest: all.newest == .min ? nil : all.newest,
            levels: all.levels.values,
            ingestRate: now.rate,
            rejected: now.rejected,
            dropped: now.dropped
        )
    }

    private var cutoff: Int64 { configuration.clock() - configuration.retention }

    private func part(of group: StoreGroup) -> Part {
        let cutoff = cutoff
        return group.state.withLock { state in
            var part = Part()
            // Rising by newest log: what has expired lies first.
            for entry in state.chunks where entry.newest >= cutoff {
                part.add(entry.levels, oldest: entry.oldest, newest: entry.newest)
                part.bytes += entry.bytes
            }
            if let frozen = state.frozen, frozen.newest >= cutoff {
                part.add(frozen.levels, oldest: frozen.oldest, newest: frozen.newest)
            }
            if state.open.count > 0, state.openNewest >= cutoff {
                part.add(state.openLevels, oldest: state.openOldest, newest: state.openNewest)
            }
            return part
        }
    }
}
