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

    /// Submitted and not appended yet, oldest first.
    private var queue: [Queued] = []
    private var takenToTell = 0
    private var toldState = BufferState.open
    /// Bodies handed to posts are counted, for the statistics of what waits.
    private var counters = DeliveryStatistics()
    /// After the disk could not be read: how often, and when to try again.
    private var readFailures = 0
    private var readRetryMs: UInt64 = 0
    private var drainDeadlineMs: UInt64?
    private(set) var hasStopped = false
    private var publishedMs: UInt64 = 0
    private var isPublishedStale = false

    private struct Queued {
        var batch: EncodedBatch
        var isTold = false
    }

    /// Delivery of a buffer that has been recovered.
    ///
    /// `edge` must outlive it.
    init(buffer: DiskBuffer, edge: any DeliveryEdge) throws(BodyError) {
        self.buffer = buffer
        self.edge = edge
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
        guard !hasStopped, let (identity, header) = posted(ticket) else { return turn() }
        let verdict: Verdict
        switch result {
        case .success(let answer): verdict = answers.judge(answer, records: header.records, nowNs: edge.nowNs)
        case .failure(let failure): verdict = .again(.unreachable(failure.description), afterMs: nil)
        }
        switch verdict {
        case .delivered(let receipt):
            counters.batchesDelivered += 1
            if receipt.isDuplicate { counters.batchesDuplicate += 1 }
            counters.recordsDelivered += UInt64(max(receipt.ingested, 0))
            counters.recordsRefused += UInt64(max(receipt.rejected, 0))
            let unnamed = receipt.rejected - receipt.refusals.count
            if unnamed > 0 { reports.add(.refusedUnnamed, UInt64(unnamed)) }
            settle(ticket, identity, header, receipt.refusals.isEmpty ? nil : .lines(receipt.refusals))
        case .refused(let status, let answer):
            counters.batchesRefused += 1
            counters.recordsRefused += UInt64(header.records)
            settle(ticket, identity, header, .batch(status: status, answer: answer))
        case .again(let trouble, let afterMs):
            counters.retries += 1
            tell(
                machine.failed(ticket, trouble, afterMs: afterMs, nowMs: edge.nowMs, random: edge.random())
            )
        }
        turn()
    }

    /// A job of the buffer is done.
    func diskJobDone(_ outcome: DiskJob.Outcome) {
        buffer.finish(outcome, nowMs: edge.nowMs)
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
        buffer.writeCursorIfDue(nowMs: nowMs)
        hearBuffer()
        for (level, words) in reports.due(nowMs: nowMs) { edge.report(level, words) }
        tellIntake()
        if drainDeadlineMs != nil, isDrained(nowMs) { return stop() }
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

    /// Fills the machine's lanes with the oldest batches.
    private func takeOut(_ nowMs: UInt64) {
        for ticket in buffer.takeDroppedTickets() { machine.forget(ticket) }
        for frame in buffer.window where buffer.maySend(frame) { machine.setSafe(frame.ticket) }
        while machine.hasRoom(.disk), nowMs >= readRetryMs {
            do throws(FileError) {
                guard let frame = try buffer.next() else { break }
                readFailures = 0
                machine.add(
                    frame.ticket,
                    to: .disk,
                    records: frame.header.records,
                    isSafe: buffer.maySend(frame)
                )
            } catch {
                if cannotRead(error, nowMs) { buffer.passOverUnreadable() }
            }
        }
        while machine.hasRoom(.memory), let entry = memory.next() {
            machine.add(entry.ticket, to: .memory, records: entry.batch.records, isSafe: true)
        }
    }

    private func post(_ nowMs: UInt64) {
        while nowMs >= readRetryMs, let (ticket, lane) = machine.next(nowMs: nowMs) {
            switch lane {
            case .memory:
                guard let entry = memory.entry(ticket), let (identity, _) = posted(ticket) else { continue }
                count(entry.batch.body)
                edge.post(ticket, identity: identity, body: entry.batch.body)
            case .disk:
                do throws(FileError) {
                    guard let (identity, _) = posted(ticket), let body = try buffer.body(ofTicket: ticket) else {
                        // Damaged, and set aside: it can only be acknowledged.
                        machine.settled(ticket)
                        continue
                    }
                    readFailures = 0
                    count(body)
                    edge.post(ticket, identity: identity, body: body)
                } catch {
                    if cannotRead(error, nowMs) {
                        buffer.giveUp(ticket: ticket)
                        machine.settled(ticket)
                    } else {
                        machine.putBack(ticket)
                    }
                }
            }
        }
    }

    /// Notes that the disk could not be read.
    /// - Returns: whether it is time to give up what could not be read.
    private func cannotRead(_ error: FileError, _ nowMs: UInt64) -> Bool {
        reports.add(.unreadable, 1, error.description)
        readFailures += 1
        if readFailures >= AgentLimits.readTries {
            readFailures = 0
            return true
        }
        readRetryMs = nowMs + AgentLimits.readRetryMs
        return false
    }

    /// Acknowledges what is done, in order.
    /// - Returns: whether there was any.
    private func acknowledge() -> Bool {
        var any = false
        while let (ticket, lane) = machine.pop() {
            any = true
            switch lane {
            case .disk: buffer.acknowledge(ticket: ticket)
            case .memory: memory.removeFirst()
            }
        }
        return any
    }

    private func settle(
        _ ticket: UInt64,
        _ identity: BatchIdentity,
        _ header: FrameHeader,
        _ reason: DeadLetter.Reason?
    ) {
        tell(machine.answered(ticket, settles: reason != nil, nowMs: edge.nowMs))
        guard let reason else { return }
        report(reason, header)
        guard let body = try? body(of: ticket) else {
            reports.add(.deadLetterFailed, UInt64(header.records), "the batch cannot be read back")
            machine.settled(ticket)
            return
        }
        let letter = DeadLetter(
            identity: identity,
            madeNs: header.madeNs,
            body: body,
            records: header.records,
            uncompressedBytes: header.uncompressedBytes,
            reason: reason
        )
        edge.write(letter, ticket: ticket)
    }

    private func report(_ reason: DeadLetter.Reason, _ header: FrameHeader) {
        switch reason {
        case .batch(let status, let answer):
            let said = String(decoding: answer.prefix(300), as: UTF8.self)
            reports.add(.refusedBatches, 1, "\(header.records) logs, \(status) \(said)")
        case .lines(let refusals):
            let said = String(decoding: refusals.last?.detail.prefix(300) ?? [], as: UTF8.self)
            reports.add(.refusedRecords, UInt64(refusals.count), said)
        }
    }

    private func body(of ticket: UInt64) throws(FileError) -> [UInt8]? {
        if let entry = memory.entry(ticket) { return entry.batch.body }
        return try buffer.body(ofTicket: ticket)
    }

    /// The identity of a batch that is with the machine, and what its frame's header says or would say.
    private func posted(_ ticket: UInt64) -> (identity: BatchIdentity, header: FrameHeader)? {
        if let frame = buffer.window.first(where: { $0.ticket == ticket }) { return (frame.identity, frame.header) }
        guard let entry = memory.entry(ticket) else { return nil }
        let header = FrameHeader(
            positionsBytes: 0,
            bodyBytes: entry.batch.body.count,
            records: entry.batch.records,
            uncompressedBytes: entry.batch.uncompressedBytes,
            isFromDatagramsOnly: true,
            madeNs: entry.batch.madeNs,
            generation: memory.generation,
            sequence: entry.sequence,
            positionsChecksum: 0,
            bodyChecksum: 0
        )
        let identity = BatchIdentity(
            agent: buffer.settings.agent,
            generation: memory.generation,
            sequence: entry.sequence
        )
        return (identity, header)
    }

    private func count(_ body: [UInt8]) {
        counters.posts += 1
        counters.bytesPosted += UInt64(body.count)
    }

    // MARK: Telling

    private func tell(_ notice: DeliveryMachine.Notice?) {
        switch notice {
        case .trouble(let trouble, _):
            edge.report(.warning, trouble.words + ". Logs are kept on disk and tried again")
        case .worksAgain(let afterMs, let posts):
            edge.report(.info, "the hub takes logs again after \(Self.duration(afterMs)) (\(posts) posts failed)")
        case nil:
            break
        }
    }

    private func hearBuffer() {
        let events = buffer.events
        guard events != BufferEvents() else { return }
        buffer.events = BufferEvents()
        counters.recordsDroppedFull += events.droppedRecords
        counters.framesCorrupt += events.corruptPlaces
        counters.recordsCorrupt += events.corruptRecords
        if events.droppedRecords > 0 { reports.add(.droppedFull, events.droppedRecords) }
        if events.corruptPlaces > 0 {
            let known = events.corruptRecords > 0 ? " (\(events.corruptRecords) logs and more)" : ""
            reports.add(.corrupt, events.corruptPlaces, known)
        }
        if events.rewrittenFrames > 0 { reports.add(.rewritten, events.rewrittenFrames) }
        if let minor = events.minor { reports.add(.minor, 1, minor.description) }
        if events.cutBytes > 0 {
            edge.report(
                .warning,
                "\(events.cutBytes) bytes at the end of the buffer were cut: they were being written when the agent "
                    + "or the machine stopped"
            )
        }
        if let error = events.broke {
            edge.report(
                .error,
                "the buffer's disk refuses: \(error). Files and TCP senders wait; datagrams go on in memory, which a "
                    + "kill would lose. Free or mend the disk: it is tried again by itself"
            )
        }
        if events.reopened { edge.report(.info, "the buffer's disk works again") }
    }

    private func tellIntake() {
        let state = buffer.state
        guard takenToTell > 0 || state != toldState else { return }
        if state == .full && toldState != .full {
            edge.report(
                .warning,
                "the buffer has reached max_bytes: files and TCP senders wait, datagrams are dropped and counted"
            )
        }
        edge.taken(takenToTell, state)
        takenToTell = 0
        toldState = state
    }

    /// Lets others see the counters, not with every turn.
    private func publish(_ nowMs: UInt64) {
        isPublishedStale = nowMs < publishedMs + AgentLimits.statisticsAgeMs && publishedMs > 0
        guard !isPublishedStale else { return }
        publishedMs = nowMs
        edge.publish(statistics)
    }

    private func wakeMs(_ nowMs: UInt64) -> UInt64? {
        var times: [UInt64] = []
        // While the disk cannot be read nothing is posted, however long the hub has been ready.
        if let due = machine.wakeAtMs() { times.append(max(due, readRetryMs)) }
        if let due = buffer.nextJobDueMs(force: drainDeadlineMs != nil) { times.append(due) }
        if buffer.isCursorDirty { times.append(buffer.cursorWrittenMs + AgentLimits.cursorAgeMs) }
        if readRetryMs > nowMs { times.append(readRetryMs) }
        if let due = reports.dueMs { times.append(due) }
        if isPublishedStale { times.append(publishedMs + AgentLimits.statisticsAgeMs) }
        if let drainDeadlineMs { times.append(drainDeadlineMs) }
        return times.min().map { max($0, nowMs) }
    }

    // MARK: Stopping

    private func isDrained(_ nowMs: UInt64) -> Bool {
        if let drainDeadlineMs, nowMs >= drainDeadlineMs { return true }
        let isStored = queue.isEmpty && buffer.isSynced || buffer.state == .broken
        return isStored && buffer.jobUnderWay == nil && machine.underWay == 0
    }

    private func stop() {
        edge.cancelPosts()
        keepMemory()
        let lost = queue.reduce(0) { $0 + $1.batch.records } + memory.records
        if lost > 0 {
            edge.report(
                .error,
                "\(lost) logs were not on disk at this stop: lines of files are read again, all others are lost. Free "
                    + "or mend the buffer's disk"
            )
        }
        buffer.writeCursorIfDue(nowMs: edge.nowMs, force: true)
        try? buffer.cursorFile?.sync()
        hearBuffer()
        for (level, words) in reports.due(nowMs: edge.nowMs, all: true) { edge.report(level, words) }
        tellIntake()
        hasStopped = true
        edge.publish(statistics)
        edge.wake(atMs: nil)
        edge.stopped()
    }

    /// Puts what is in memory alone onto the disk, with the identities that it was posted under.
    private func keepMemory() {
        var isDone = memory.entries.isEmpty
        while !isDone, let entry = memory.entries.first {
            var batch = entry.batch
            batch.identity = (memory.generation, entry.sequence)
            switch buffer.append(batch, nowMs: edge.nowMs, beyondLimit: true) {
            case .appended: memory.removeFirst()
            case .busy: isDone = !runJob()
            case .full, .broken: isDone = true
            }
        }
        _ = runJob()
    }

    /// Runs the buffer's job here: nothing else is left to do meanwhile.
    /// - Returns: whether there was one.
    private func runJob() -> Bool {
        guard let job = buffer.nextJob(nowMs: edge.nowMs, force: true) else { return false }
        buffer.finish(job.run(), nowMs: edge.nowMs)
        return true
    }

    private static func duration(_ ms: UInt64) -> String {
        if ms < 1_000 { return "\(ms) ms" }
        let seconds = ms / 1_000
        if seconds < 120 { return "\(seconds) s" }
        return seconds < 7_200 ? "\(seconds / 60) min" : "\(seconds / 3_600) h"
    }
}

@available(*, unavailable)
extension Delivery: Sendable {}
