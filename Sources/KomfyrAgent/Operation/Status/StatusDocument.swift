import Protocol

/// What `komfyr-agent status --json` prints: one object, its names as in `/metrics`.
enum StatusDocument {
    static func json(_ snapshot: AgentSnapshot, nowNs: Int64) -> [UInt8] {
        let delivery = snapshot.delivery
        var object = JSONObjectWriter()
        object.text("status", snapshot.troubles.isEmpty ? "fine" : "trouble")
        object.texts("troubles", snapshot.troubles)
        object.text("name", snapshot.name)
        object.text("version", KomfyrAgent.version)
        object.number("pid", Double(snapshot.processID))
        object.text("started", Timestamp.text(max(0, snapshot.startedNs)))
        object.number("uptime_seconds", Double((nowNs &- snapshot.startedNs) / 1_000_000) / 1_000)
        object.object("config") { config in
            config.text("path", snapshot.configurationPath)
            config.text("read", Timestamp.text(max(0, snapshot.reloads.lastTakenNs)))
            config.number("reloads_taken", Double(snapshot.reloads.taken))
            config.number("reloads_refused", Double(snapshot.reloads.refused))
            guard let last = snapshot.reloads.last else { return config.null("last_reload") }
            config.object("last_reload") { reload in
                reload.text("at", Timestamp.text(max(0, last.atNs)))
                reload.text("result", last.isTaken ? "taken" : "refused")
                reload.text("detail", last.words)
            }
        }
        object.object("hub") { hub in
            hub.text("url", snapshot.hubURL)
            hub.text("state", delivery.trouble == nil ? "up" : "down")
            if let trouble = delivery.trouble { hub.text("detail", trouble) }
            if delivery.lastDeliveredNs > 0 {
                hub.text("last_delivery", Timestamp.text(delivery.lastDeliveredNs))
            } else {
                hub.null("last_delivery")
            }
            hub.number("records_per_second", snapshot.deliveredPerSecond)
            hub.number("records", Double(delivery.recordsDelivered))
            hub.number("posts", Double(delivery.posts))
            hub.number("retries", Double(delivery.retries))
            hub.number("refused_records", Double(delivery.recordsRefused))
        }
        object.object("buffer") { buffer in
            buffer.text("state", "\(delivery.state)")
            buffer.text("data_dir", snapshot.dataDirectory)
            buffer.number("bytes", Double(delivery.bufferBytes))
            buffer.number("max_bytes", Double(snapshot.bufferMaxBytes))
            buffer.number("records", Double(delivery.recordsWaiting))
            buffer.number("memory_records", Double(delivery.recordsInMemory))
            buffer.number("oldest_age_seconds", snapshot.oldestAge(nowNs: nowNs))
            buffer.number("dropped_records", Double(delivery.recordsDroppedFull &+ delivery.recordsDroppedBroken))
        }
        object.objects("inputs", snapshot.inputs, Self.input)
        return object.finish() + [UInt8(ascii: "\n")]
    }

    private static func input(_ input: AgentSnapshot.Input, to object: inout JSONObjectWriter) {
        let statistics = input.statistics
        object.text("name", input.name)
        object.text("what", input.summary)
        object.number("per_second", input.perSecond)
        object.number("received", Double(statistics.received))
        object.number("bytes", Double(statistics.bytes))
        object.number("parsed", Double(statistics.parsed))
        object.number("unparsed", Double(statistics.unparsed))
        object.number("kernel_drops", Double(statistics.kernelDrops))
        object.number("receive_buffer_bytes", Double(statistics.receiveBufferBytes))
        object.number("open", Double(statistics.open))
        object.object("dropped") { dropped in
            for reason in InputStatistics.DropReason.allCases where statistics.dropped[reason] > 0 {
                dropped.number("\(reason.label)", Double(statistics.dropped[reason]))
            }
        }
    }
}
