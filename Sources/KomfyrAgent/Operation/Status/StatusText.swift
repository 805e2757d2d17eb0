import Protocol

/// Says how a running agent does, for a person.
enum StatusText {
    /// One line, for the service manager: `4 inputs, 1,234 logs/s; hub takes logs; 0 logs wait`.
    static func line(_ snapshot: AgentSnapshot) -> String {
        let rate = HumanText.rate(snapshot.inputs.reduce(0) { $0 + $1.perSecond })
        let count = snapshot.inputs.count
        let waiting = HumanText.count(snapshot.delivery.recordsWaiting)
        let hub = snapshot.delivery.trouble == nil ? "the hub takes logs" : "the hub takes nothing"
        let state =
            switch snapshot.delivery.state {
            case .open: ""
            case .full: "; the buffer is full"
            case .broken: "; the buffer's disk refuses"
            }
        return "\(count) input\(count == 1 ? "" : "s"), \(rate) logs/s; \(hub); \(waiting) logs wait\(state)"
    }

    /// What `komfyr-agent status` prints.
    static func page(_ snapshot: AgentSnapshot, nowNs: Int64) -> String {
        var lines = TextTable.lines([
            ["agent", agent(snapshot, nowNs)],
            ["config", configuration(snapshot, nowNs)],
            ["hub", hub(snapshot, nowNs)],
            ["buffer", buffer(snapshot, nowNs)],
            ["refused", deadLetters(snapshot)],
        ])
        lines.append("")
        lines += inputs(snapshot)
        for trouble in snapshot.troubles { lines += ["", "trouble: \(trouble)"] }
        return lines.joined(separator: "\n")
    }

    private static func agent(_ snapshot: AgentSnapshot, _ nowNs: Int64) -> String {
        "\(snapshot.name), komfyr-agent \(KomfyrAgent.version), process \(snapshot.processID), running since "
            + "\(time(snapshot.startedNs)) (\(duration(from: snapshot.startedNs, to: nowNs)))"
    }

    private static func configuration(_ snapshot: AgentSnapshot, _ nowNs: Int64) -> String {
        let reloads = snapshot.reloads
        guard let last = reloads.last else { return "\(snapshot.configurationPath), not reloaded since the start" }
        let ago = HumanText.ago(last.atNs, now: nowNs)
        guard last.isTaken else {
            return "\(snapshot.configurationPath), reload refused \(ago); what holds was read "
                + HumanText.ago(reloads.lastTakenNs, now: nowNs)
        }
        return "\(snapshot.configurationPath), reloaded \(ago): \(last.words)"
    }

    private static func hub(_ snapshot: AgentSnapshot, _ nowNs: Int64) -> String {
        let delivery = snapshot.delivery
        let last =
            delivery.lastDeliveredNs > 0
            ? "last delivery \(HumanText.ago(delivery.lastDeliveredNs, now: nowNs))"
            : "nothing delivered since the start"
        let rate = HumanText.rate(snapshot.deliveredPerSecond)
        return
            "\(snapshot.hubURL) \(delivery.trouble == nil ? "takes logs" : "TAKES NOTHING"), \(last), \(rate) logs/s, "
            + "\(HumanText.count(delivery.recordsDelivered)) logs, \(HumanText.count(delivery.retries)) retries"
    }

    private static func buffer(_ snapshot: AgentSnapshot, _ nowNs: Int64) -> String {
        let delivery = snapshot.delivery
        let state =
            switch delivery.state {
            case .open: ""
            case .full: "FULL, "
            case .broken: "DISK REFUSES, "
            }
        let age = HumanText.duration(seconds: snapshot.oldestAge(nowNs: nowNs))
        let oldest = delivery.oldestWaitingNs > 0 ? ", the oldest since \(age)" : ""
        var text = "\(state)\(HumanText.count(delivery.recordsWaiting)) logs wait\(oldest), "
        text += "\(HumanText.bytes(delivery.bufferBytes)) of \(HumanText.bytes(snapshot.bufferMaxBytes)) on disk"
        let dropped = delivery.recordsDroppedFull &+ delivery.recordsDroppedBroken
        if delivery.recordsInMemory > 0 {
            text += ", \(HumanText.count(delivery.recordsInMemory)) in memory alone"
        }
        if dropped > 0 { text += ", \(HumanText.count(dropped)) logs dropped" }
        return text
    }

    private static func deadLetters(_ snapshot: AgentSnapshot) -> String {
        let refused = snapshot.delivery.recordsRefused
        guard refused > 0 else { return "no logs refused by the hub since the start" }
        return "\(HumanText.count(refused)) logs refused by the hub since the start: see "
            + "\(snapshot.dataDirectory)/dead-letter"
    }

    private static func inputs(_ snapshot: AgentSnapshot) -> [String] {
        var rows = [["INPUT", "LOGS/S", "RECEIVED", "UNPARSED", "DROPPED", "KERNEL DROPS", "OPEN", ""]]
        for input in snapshot.inputs {
            let statistics = input.statistics
            rows.append([
                input.name, HumanText.rate(input.perSecond), HumanText.count(statistics.received),
                HumanText.count(statistics.unparsed), HumanText.count(statistics.dropped.total),
                HumanText.count(statistics.kernelDrops), HumanText.count(statistics.open), reasons(statistics),
            ])
        }
        return TextTable.lines(rows, right: [1, 2, 3, 4, 5, 6])
    }

    /// `refused_sender 3, no_room 9`: why something was dropped.
    private static func reasons(_ statistics: InputStatistics) -> String {
        InputStatistics.DropReason.allCases.filter { statistics.dropped[$0] > 0 }
            .map { "\($0.label) \(HumanText.count(statistics.dropped[$0]))" }.joined(separator: ", ")
    }

    private static func time(_ ns: Int64) -> String {
        // Whole seconds: nobody looks for more here.
        Timestamp.text(max(0, ns) / Timestamp.second * Timestamp.second)
    }

    private static func duration(from start: Int64, to end: Int64) -> String {
        HumanText.duration(seconds: Double(end &- start) / 1e9)
    }
}
