import Protocol

/// What delivery tells: the operator, intake, and whoever reads its counters.
extension Delivery {
    /// Tells what the machine noticed; with several addresses it says at which.
    func tell(_ notice: DeliveryMachine.Notice?, at way: Int?) {
        switch notice {
        case .trouble(let trouble, _):
            let place = if let way, addresses.count > 1 { addresses.url(way) + ": " } else { "" }
            edge.report(.warning, place + trouble.words + ". Logs are kept on disk and tried again")
        case .worksAgain(let afterMs, let posts):
            edge.report(.info, "the hub takes logs again after \(Self.duration(afterMs)) (\(posts) posts failed)")
        case nil:
            break
        }
    }

    /// Tells where logs go from now on.
    func tell(_ move: HubAddresses.Move) {
        if move.isBack {
            edge.report(.info, "\(move.url) takes logs again: they go there")
        } else {
            edge.report(
                .warning,
                "logs go to \(move.url) until a better address works again"
                    + (move.reason.map { ", since \($0)" } ?? "")
            )
        }
    }

    func hearBuffer() {
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
        for notice in events.notices { edge.report(.error, notice) }
        if events.damagedPositions > 0 {
            edge.report(
                .error,
                "the positions of \(events.damagedPositions) batches were damaged on disk: lines of files may come twice"
            )
        }
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

    func tellIntake() {
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
    func publish(_ nowMs: UInt64) {
        isPublishedStale = nowMs < publishedMs + AgentLimits.statisticsAgeMs && publishedMs > 0
        guard !isPublishedStale else { return }
        publishedMs = nowMs
        edge.publish(statistics)
    }

    static func duration(_ ms: UInt64) -> String {
        ms < 1_000 ? "\(ms) ms" : HumanText.duration(seconds: Double(ms) / 1_000)
    }
}
