/// What delivery tells the operator: a repeated fault once, then its sum at intervals.
struct DeliveryReport {
    /// How serious: a warning when nothing was lost, an error when something was, or a person must act.
    enum Level: Sendable {
        case info
        case warning
        case error
    }

    /// Kinds of faults that are summed up.
    enum Kind: Hashable, CaseIterable {
        case droppedFull
        case droppedBroken
        case corrupt
        case rewritten
        case minor
        case refusedBatches
        case refusedRecords
        case refusedUnnamed
        case deadLettersDropped
        case deadLetterFailed
        case unreadable
    }

    private struct Sum {
        var count: UInt64 = 0
        var words = ""
        var toldMs: UInt64?
    }

    private var sums: [Kind: Sum] = [:]

    /// Adds to a kind's sum; `words` of the last one are told.
    mutating func add(_ kind: Kind, _ count: UInt64, _ words: String = "") {
        sums[kind, default: Sum()].count += count
        sums[kind]?.words = words
    }

    /// What is to be told now: the first of a kind at once, what follows once in a while.
    mutating func due(nowMs: UInt64, all: Bool = false) -> [(Level, String)] {
        var told: [(Level, String)] = []
        for (kind, sum) in sums where sum.count > 0 {
            if !all, let last = sum.toldMs, nowMs < last + AgentLimits.reportIntervalMs { continue }
            told.append(Self.sentence(kind, sum.count, sum.words))
            sums[kind] = Sum(toldMs: nowMs)
        }
        return told
    }

    /// When `due` will have something to say, if nothing is added.
    var dueMs: UInt64? {
        sums.values.filter { $0.count > 0 }.map { ($0.toldMs ?? 0) + AgentLimits.reportIntervalMs }.min()
    }

    private static func sentence(_ kind: Kind, _ count: UInt64, _ words: String) -> (Level, String) {
        switch kind {
        case .droppedFull:
            (
                .error,
                "the buffer is full: \(count) of the oldest logs were dropped, as when_full = \"drop_oldest\" says; "
                    + "raise [buffer] max_bytes, or see why the hub takes nothing"
            )
        case .droppedBroken:
            (
                .error,
                "\(count) logs were dropped: the disk refuses, and the memory for datagrams is full"
            )
        case .corrupt:
            (
                .error,
                "the buffer was damaged on disk: \(count) places could not be read\(words); what was there is in "
                    + "corrupt/ beside it. Check the disk"
            )
        case .rewritten:
            (.warning, "a sync failed: \(count) batches were written again to a new segment. Check the disk")
        case .minor:
            (.warning, "\(count) times the disk refused something that can wait; the last: \(words)")
        case .refusedBatches:
            (
                .error,
                "the hub refused \(count) batches for good; they are in dead-letter/. The last: \(words)"
            )
        case .refusedRecords:
            (.error, "the hub refused \(count) logs by name; they are in dead-letter/. The last: \(words)")
        case .refusedUnnamed:
            (
                .error,
                "the hub refused \(count) logs without saying which: they are not in dead-letter/, and lost. See what "
                    + "the hub says of this agent's logs"
            )
        case .deadLettersDropped:
            (
                .error,
                "\(count) of the oldest refused logs were dropped: dead-letter/ has reached dead_letter_max_bytes"
            )
        case .deadLetterFailed:
            (.error, "\(count) refused logs were dropped: they could not be written to dead-letter/: \(words)")
        case .unreadable:
            (.warning, "\(count) times the buffer could not be read: \(words); it is tried again")
        }
    }
}
