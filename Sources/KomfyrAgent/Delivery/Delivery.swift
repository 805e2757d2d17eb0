import EventLoop
import Protocol

/// Takes batches, puts them into the buffer, posts them in order, and acknowledges what the hub has.
///
/// ```
///  take ──► queue ──zstd──► DiskBuffer ──next──► DeliveryMachine ──post──► edge (hub)
///                 └broken──► MemoryBuffer ──next──►      │  ▲──answered──────┘
///                                                        └──pop──► acknowledge
/// ```
///
/// Everything happens in `turn`, which every event ends with: it does what can be done now and arms the wake-up for
/// what cannot. Belongs to the delivery loop; the edge brings it the loop's events.
final class Delivery {
    let buffer: DiskBuffer
    var memory = MemoryBuffer()
    var machine = DeliveryMachine()
    var reports = DeliveryReport()
    unowned let edge: any DeliveryEdge

    private let compressor: BodyCompressor
    private var answers = HubAnswerReader()
    /// Dead letters that are back in line.
    private var retries: RetryLine?

    private(set) var addresses: HubAddresses
    /// The posts under way, by their tickets.
    var posts: [UInt64: Post] = [:]
    private let addressProbeMs: UInt64

    /// Submitted and not appended yet, oldest first.
    var queue: [Queued] = []
    var takenToTell = 0
    var toldState = BufferState.open
    /// Bodies handed to posts are counted, for the statistics of what waits.
    var counters = DeliveryStatistics()
    /// After the disk could not be read: how often, and when to try again.
    var readFailures = 0
    var readRetryMs: UInt64 = 0
    var drainDeadlineMs: UInt64?
    var hasStopped = false
    var publishedMs: UInt64 = 0
    var isPublishedStale = false

    /// A post under way.
    struct Post {
        /// The hub's address that it went to; nil when that is none of the hub's any more.
        var way: Int?
        /// What the transfer holds anyway: a dead letter is made of it without asking the disk, which may refuse just
        /// then.
        var body: [UInt8]
    }

    struct Queued {
        var batch: EncodedBatch
        var isTold = false
    }

    /// Delivery of a buffer that has been recovered, to a hub of these addresses, the preferred one first.
    ///
    /// `edge` must outlive it. From `letters` come those that were put back in line.
    init(
        buffer: DiskBuffer,
        edge: any DeliveryEdge,
        letters: DeadLetterFolder? = nil,
        urls: [String] = [""],
        addressProbeMs: UInt64 = AgentLimits.addressProbeFirstMs
    ) throws(BodyError) {
        self.buffer = buffer
        self.edge = edge
        retries = letters.map { RetryLine($0) }
        self.addressProbeMs = addressProbeMs
        addresses = HubAddresses(urls, probeFirstMs: addressProbeMs)
        machine.addresses = urls.count
        compressor = try BodyCompressor()
    }

    // MARK: Events

    /// Begins with what the buffer holds.
    func start() {
        toldState = buffer.state
        if toldState != .open { edge.taken(0, toldState) }
        turn()
    }

    /// Takes a batch from intake.
    func take(_ batch: consuming Batch) {
        guard !hasStopped else { return }
        counters.bytesBeforeCompression += UInt64(batch.body.count)
        let records = batch.records
        var body: [UInt8] = []
        if records > 0 {
            do throws(BodyError) {
                body = try compressor.compress(batch.body)
            } catch {
                // zstd refuses nothing but for want of memory; the batch cannot be stored or sent without it.
                counters.recordsDroppedBroken += UInt64(records)
                reports.add(.droppedBroken, UInt64(records))
                takenToTell += 1
                turn()
                return
            }
        }
        batch.pool?.give(batch.body)
        counters.bytesCompressed += UInt64(body.count)
        counters.batchesTaken += 1
        counters.recordsTaken += UInt64(records)
        queue.append(
            Queued(
                batch: EncodedBatch(
                    body: body,
                    records: records,
                    uncompressedBytes: batch.body.count,
                    positions: batch.positions,
                    isFromDatagramsOnly: batch.isFromDatagramsOnly,
                    madeNs: edge.nowNs
                )
            )
        )
        turn()
    }

    /// The hub has answered a post, or none came.
    func answered(_ ticket: UInt64, _ result: Result<HTTPAnswer, HTTPFailure>) {
        let post = posts.removeValue(forKey: ticket)
        guard !hasStopped, let post, let (identity, header) = posted(ticket) else { return turn() }
        let verdict: Verdict
        switch result {
        case .success(let answer): verdict = answers.judge(answer, records: header.records, nowNs: edge.nowNs)
        case .failure(let failure): verdict = .again(.unreachable(failure), afterMs: nil)
        }
        switch verdict {
        case .delivered(let receipt):
            counters.batchesDelivered += 1
            counters.lastDeliveredNs = edge.nowNs
            if receipt.isDuplicate { counters.batchesDuplicate += 1 }
            counters.recordsDelivered += UInt64(max(receipt.ingested, 0))
            counters.recordsRefused += UInt64(max(receipt.rejected, 0))
            let unnamed = receipt.rejected - receipt.refusals.count
            if unnamed > 0 { reports.add(.refusedUnnamed, UInt64(unnamed)) }
            settle(ticket, post, identity, header, receipt.refusals.isEmpty ? nil : .lines(receipt.refusals))
        case .refused(let status, let answer):
            counters.batchesRefused += 1
            counters.recordsRefused += UInt64(header.records)
            settle(ticket, post, identity, header, .batch(status: status, answer: answer))
        case .again(let trouble, let afterMs):
            counters.retries += 1
            failed(ticket, post.way, trouble, afterMs: afterMs)
        }
        turn()
    }

    /// A job of the buffer is done.
    func diskJobDone(_ outcome: DiskJob.Outcome) {
        if case .retry(let outcome) = outcome {
            if let words = retries?.finish(outcome, nowMs: edge.nowMs) { reports.add(.minor, 1, words) }
        } else {
            buffer.finish(outcome, nowMs: edge.nowMs)
        }
        turn()
    }

    /// Takes another section `[buffer]` of the configuration, from here on.
    func use(_ section: AgentConfiguration.BufferSection) {
        buffer.use(section)
        turn()
    }

    /// A dead letter was written, or could not be.
    func deadLetterDone(_ ticket: UInt64, _ outcome: DeadLetterStore.Outcome) {
        if outcome.droppedRecords > 0 {
            counters.recordsDroppedFromDeadLetters += UInt64(outcome.droppedRecords)
            reports.add(.deadLettersDropped, UInt64(outcome.droppedRecords))
        }
        if let failure = outcome.failure {
            let records = UInt64(posted(ticket)?.header.records ?? 1)
            counters.recordsDroppedFromDeadLetters += records
            reports.add(.deadLetterFailed, records, failure)
        }
        machine.settled(ticket)
        turn()
    }

    /// An address that was asked has answered as the hub, or has not.
    func probed(_ index: Int, isUp: Bool) {
        guard !hasStopped else { return }
        if addresses.probed(index, isUp: isUp, nowMs: edge.nowMs, random: edge.random()) {
            machine.tryAnew(nowMs: edge.nowMs)
        }
        turn()
    }

    /// From now on the hub has these addresses; what is under way ends where it goes.
    func use(urls: [String]) {
        addresses = HubAddresses(urls, probeFirstMs: addressProbeMs)
        machine.addresses = urls.count
        machine.forgetTold()
        machine.tryAnew(nowMs: edge.nowMs)
        for ticket in posts.keys { posts[ticket]?.way = nil }
        turn()
    }

    /// The time asked for has come.
    func wake() { turn() }

    /// Stops: what was taken is appended and synced, posts under way have until the deadline.
    func drain(deadlineMs: UInt64) {
        drainDeadlineMs = edge.nowMs + deadlineMs
        machine.isStopping = true
        // What waits for a broken disk is lost with this process: it is tried now, not when its next try is due.
        buffer.diskRetryMs = min(buffer.diskRetryMs, edge.nowMs)
        turn()
    }

    /// The counters, with what holds now.
    var statistics: DeliveryStatistics {
        var now = counters
        let waiting = buffer.waiting
        now.bufferBytes = buffer.totalBytes
        now.batchesWaiting = waiting.frames
        now.recordsWaiting = waiting.records
        now.oldestWaitingNs = buffer.window.first?.header.madeNs ?? 0
        now.batchesInMemory = UInt64(memory.entries.count)
        now.recordsInMemory = UInt64(memory.records)
        now.bytesInMemory = UInt64(memory.bytes)
        now.positions = UInt64(buffer.positionCount)
        now.syncs = buffer.syncs
        now.syncsFailed = buffer.syncsFailed
        now.state = buffer.state
        now.trouble = machine.trouble?.words
        now.addresses = addresses.failures.enumerated()
            .map { index, address in
                DeliveryStatistics.Address(
                    url: address.url,
                    isCurrent: index == addresses.current,
                    failures: address.failures
                )
            }
        return now
    }

    // MARK: A turn

    private func turn() {
        guard !hasStopped else { return }
        let nowMs = edge.nowMs
        // Acknowledging frees segments, which lets batches in, which gives the windows something to take.
        repeat {
            append(nowMs)
            takeOut(nowMs)
            post(nowMs)
        } while acknowledge()
        if let job = buffer.nextJob(nowMs: nowMs, force: drainDeadlineMs != nil) { edge.run(job) }
        if drainDeadlineMs == nil, let job = retries?.nextJob(buffer, nowMs: nowMs) { edge.run(job) }
        buffer.writeCursorIfDue(nowMs: nowMs)
        hearBuffer()
        for (level, words) in reports.due(nowMs: nowMs) { edge.report(level, words) }
        tellIntake()
        if drainDeadlineMs != nil {
            if isDrained(nowMs) { return stop() }
        } else if let index = addresses.nextProbe(nowMs: nowMs) {
            edge.probe(index)
        }
        publish(nowMs)
        edge.wake(atMs: wakeMs(nowMs))
    }

    /// Puts what is queued into the buffer, as far as it goes.
    private func append(_ nowMs: UInt64) {
        var done = 0
        while done < queue.count {
            let outcome = buffer.append(queue[done].batch, nowMs: nowMs, beyondLimit: drainDeadlineMs != nil)
            guard outcome == .appended else {
                if outcome == .broken { bypass(from: done) }
                break
            }
            if !queue[done].isTold { takenToTell += 1 }
            done += 1
        }
        queue.removeFirst(done)
        guard queue.isEmpty, drainDeadlineMs == nil, let again = retries?.append(to: buffer, nowMs: nowMs), again > 0
        else { return }
        edge.report(.info, "\(again) logs of a dead letter are back in the buffer, to be sent again")
    }

    /// While the disk refuses: datagrams go on in memory, the rest waits here, out of the datagrams' way.
    private func bypass(from start: Int) {
        var waiting = Array(queue[..<start])
        for var queued in queue[start...] {
            if !queued.isTold { takenToTell += 1 }
            queued.isTold = true
            if queued.batch.isFromDatagramsOnly && queued.batch.records > 0 {
                if !memory.append(queued.batch) {
                    counters.recordsDroppedBroken += UInt64(queued.batch.records)
                    reports.add(.droppedBroken, UInt64(queued.batch.records))
                }
            } else {
                waiting.append(queued)
            }
        }
        queue = waiting
    }

    private func wakeMs(_ nowMs: UInt64) -> UInt64? {
        var times: [UInt64] = []
        // While the disk cannot be read nothing is posted, however long the hub has been ready.
        if let due = machine.wakeAtMs() { times.append(max(due, readRetryMs)) }
        if let due = buffer.nextJobDueMs(force: drainDeadlineMs != nil) { times.append(due) }
        if buffer.isCursorDirty { times.append(buffer.cursorWrittenMs + AgentLimits.cursorAgeMs) }
        if readRetryMs > nowMs { times.append(readRetryMs) }
        if let due = reports.dueMs { times.append(due) }
        if drainDeadlineMs == nil, let due = retries?.dueMs { times.append(due) }
        if isPublishedStale { times.append(publishedMs + AgentLimits.statisticsAgeMs) }
        if let drainDeadlineMs {
            times.append(drainDeadlineMs)
        } else if let due = addresses.probeDueMs {
            times.append(due)
        }
        return times.min().map { max($0, nowMs) }
    }

    /// A post has to be repeated, perhaps through another address.
    private func failed(_ ticket: UInt64, _ way: Int?, _ trouble: HubTrouble, afterMs: UInt64?) {
        var afterMs = afterMs
        if let way {
            afterMs = addresses.failed(way, trouble, afterMs: afterMs, nowMs: edge.nowMs, random: edge.random())
        }
        let notice = machine.failed(
            ticket,
            trouble,
            at: way ?? 0,
            afterMs: afterMs,
            nowMs: edge.nowMs,
            random: edge.random()
        )
        tell(notice, at: way)
    }

    /// The address in use takes logs.
    func worked(_ way: Int) -> HubAddresses.Move? { addresses.worked(way) }
}

@available(*, unavailable)
extension Delivery: Sendable {}
