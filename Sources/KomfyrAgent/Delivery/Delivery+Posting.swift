import EventLoop
import Protocol

/// From the buffer through the machine to the hub, and back to the buffer.
extension Delivery {
    /// Fills the machine's lanes with the oldest batches.
    func takeOut(_ nowMs: UInt64) {
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

    func post(_ nowMs: UInt64) {
        while nowMs >= readRetryMs, let (ticket, lane) = machine.next(nowMs: nowMs) {
            switch lane {
            case .memory:
                guard let entry = memory.entry(ticket), let (identity, _) = posted(ticket) else { continue }
                send(ticket, identity, entry.batch.body)
            case .disk:
                do throws(FileError) {
                    guard let (identity, _) = posted(ticket), let body = try buffer.body(ofTicket: ticket) else {
                        // Damaged, and set aside: it can only be acknowledged.
                        machine.settled(ticket)
                        continue
                    }
                    readFailures = 0
                    send(ticket, identity, body)
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
    func cannotRead(_ error: FileError, _ nowMs: UInt64) -> Bool {
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
    func acknowledge() -> Bool {
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

    func settle(
        _ ticket: UInt64,
        _ post: Post,
        _ identity: BatchIdentity,
        _ header: FrameHeader,
        _ reason: DeadLetter.Reason?
    ) {
        let notice = machine.answered(ticket, settles: reason != nil, nowMs: edge.nowMs)
        if let way = post.way, let move = worked(way) { tell(move) } else { tell(notice, at: post.way) }
        guard let reason else { return }
        report(reason, header)
        let letter = DeadLetter(
            identity: identity,
            madeNs: header.madeNs,
            body: post.body,
            records: header.records,
            uncompressedBytes: header.uncompressedBytes,
            reason: reason
        )
        edge.write(letter, ticket: ticket)
    }

    func report(_ reason: DeadLetter.Reason, _ header: FrameHeader) {
        switch reason {
        case .batch(let status, let answer):
            let said = String(decoding: answer.prefix(300), as: UTF8.self)
            reports.add(.refusedBatches, 1, "\(header.records) logs, \(status) \(said)")
        case .lines(let refusals):
            let said = String(decoding: refusals.last?.detail.prefix(300) ?? [], as: UTF8.self)
            reports.add(.refusedRecords, UInt64(refusals.count), said)
        }
    }

    /// The identity of a batch that is with the machine, and what its frame's header says or would say.
    func posted(_ ticket: UInt64) -> (identity: BatchIdentity, header: FrameHeader)? {
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

    func send(_ ticket: UInt64, _ identity: BatchIdentity, _ body: [UInt8]) {
        count(body)
        posts[ticket] = Post(way: addresses.current, body: body)
        edge.choose(addresses.current)
        edge.post(ticket, identity: identity, body: body)
    }

    func count(_ body: [UInt8]) {
        counters.posts += 1
        counters.bytesPosted += UInt64(body.count)
    }
}
