import Protocol

/// Batches of datagrams while the disk is broken: in memory alone, bounded, in a generation of their own.
///
/// They stay here until the hub has them, also when the disk works again; only a stopping agent puts what is left
/// onto it. Belongs to the delivery loop.
struct MemoryBuffer {
    /// A batch with its ticket and number.
    struct Entry {
        var ticket: UInt64
        var sequence: UInt64
        var batch: EncodedBatch
    }

    let generation = BatchIdentity.Generation.random()
    /// Oldest first: those at the front are with the delivery machine.
    private(set) var entries: [Entry] = []
    private(set) var bytes = 0
    private(set) var records = 0
    /// How many of `entries` were taken out.
    private var taken = 0
    private var nextSequence: UInt64 = 1
    /// Tickets here have the highest bit, so that they are never those of the disk.
    private static let ticketBase: UInt64 = 1 << 63

    /// Takes a batch, unless the bound is reached.
    mutating func append(_ batch: EncodedBatch) -> Bool {
        guard bytes + batch.body.count <= AgentLimits.memoryBatchesBytes else { return false }
        let ticket = Self.ticketBase + nextSequence
        entries.append(Entry(ticket: ticket, sequence: nextSequence, batch: batch))
        nextSequence += 1
        bytes += batch.body.count
        records += batch.records
        return true
    }

    /// The next batch that was not taken out before.
    mutating func next() -> Entry? {
        guard taken < entries.count else { return nil }
        defer { taken += 1 }
        return entries[taken]
    }

    /// The batch of a ticket.
    func entry(_ ticket: UInt64) -> Entry? {
        entries.first { $0.ticket == ticket }
    }

    /// The oldest is done with.
    mutating func removeFirst() {
        guard !entries.isEmpty else { return }
        let entry = entries.removeFirst()
        bytes -= entry.batch.body.count
        records -= entry.batch.records
        taken = max(taken - 1, 0)
    }
}
