import EventLoop
import Protocol

/// Writes a snapshot as Prometheus reads it (text exposition format 0.0.4), and as JSON for `/health`.
enum MetricsText {
    static func metrics(_ snapshot: AgentSnapshot, nowNs: Int64) -> [UInt8] {
        var text = Writer()
        text.family("komfyr_agent_info", "gauge", "Version and name of this agent.")
        text.sample("komfyr_agent_info", [("version", KomfyrAgent.version), ("name", snapshot.name)], 1)
        text.single("komfyr_agent_uptime_seconds", "gauge", "Since the start.", seconds(nowNs - snapshot.startedNs))
        text.single(
            "komfyr_agent_held_back",
            "gauge",
            "1 while TCP and files wait for the buffer.",
            snapshot.isHeldBack ? 1 : 0
        )
        for counter in inputCounters {
            text.family(counter.name, counter.type, counter.help)
            for input in snapshot.inputs {
                text.sample(counter.name, [("input", input.name)], Double(counter.value(input.statistics)))
            }
        }
        let dropped = "komfyr_agent_input_dropped_total"
        text.family(
            dropped,
            "counter",
            "What arrived and was not kept, by reason; rule is what the input's own rules filter, no loss."
        )
        for input in snapshot.inputs {
            for reason in InputStatistics.DropReason.allCases {
                let count = Double(input.statistics.dropped[reason])
                text.sample(dropped, [("input", input.name), ("reason", "\(reason.label)")], count)
            }
        }
        let handshakes = "komfyr_agent_input_handshakes_failed_total"
        text.family(handshakes, "counter", "TLS handshakes that came to nothing, by reason.")
        for input in snapshot.inputs {
            guard let failed = input.statistics.handshakesFailed else { continue }
            for fault in TLSFault.allCases {
                let labels = [("input", input.name), ("reason", "\(fault.label)")]
                text.sample(handshakes, labels, Double(failed[fault]))
            }
        }
        for counter in deliveryCounters {
            text.single(counter.name, counter.type, counter.help, Double(counter.value(snapshot.delivery)))
        }
        text.single(
            "komfyr_agent_buffer_oldest_age_seconds",
            "gauge",
            "Age of the oldest batch that was not delivered: how far the hub is behind.",
            snapshot.oldestAge(nowNs: nowNs)
        )
        text.single(
            "komfyr_agent_buffer_max_bytes",
            "gauge",
            "What the buffer may take on disk.",
            Double(snapshot.bufferMaxBytes)
        )
        text.single(
            "komfyr_agent_delivery_last_timestamp_seconds",
            "gauge",
            "When the hub last took a batch; 0 when it has taken none since the start.",
            seconds(snapshot.delivery.lastDeliveredNs)
        )
        reloads(snapshot.reloads, to: &text)
        text.family("komfyr_agent_buffer_state", "gauge", "1 for the state that the buffer is in.")
        for (name, state) in [("open", BufferState.open), ("full", .full), ("broken", .broken)] {
            text.sample("komfyr_agent_buffer_state", [("state", name)], snapshot.delivery.state == state ? 1 : 0)
        }
        text.single(
            "komfyr_agent_hub_up",
            "gauge",
            "0 while the hub takes nothing.",
            snapshot.delivery.trouble == nil ? 1 : 0
        )
        addresses(snapshot.delivery, &text)
        return text.bytes
    }

    private static func addresses(_ delivery: DeliveryStatistics, _ text: inout Writer) {
        let current = "komfyr_agent_hub_address_current"
        text.family(current, "gauge", "1 for the hub's address that logs go to now.")
        for address in delivery.addresses { text.sample(current, [("url", address.url)], address.isCurrent ? 1 : 0) }
        let failures = "komfyr_agent_hub_address_failures_total"
        text.family(failures, "counter", "Posts that failed, by the hub's address.")
        for address in delivery.addresses {
            text.sample(failures, [("url", address.url)], Double(address.failures))
        }
    }

    private static func reloads(_ reloads: ReloadRecord, to text: inout Writer) {
        let name = "komfyr_agent_config_reloads_total"
        text.family(name, "counter", "Reloads of the configuration, by what became of them.")
        text.sample(name, [("result", "taken")], Double(reloads.taken))
        text.sample(name, [("result", "refused")], Double(reloads.refused))
        text.single(
            "komfyr_agent_config_last_reload_successful",
            "gauge",
            "0 after a reload that was refused.",
            reloads.last?.isTaken == false ? 0 : 1
        )
        text.single(
            "komfyr_agent_config_last_reload_success_timestamp_seconds",
            "gauge",
            "When the configuration that holds was read.",
            seconds(reloads.lastTakenNs)
        )
    }

    /// 200 while logs are taken, 503 while the buffer takes none.
    ///
    /// A hub that is away is no illness of the agent's: the buffer is there for it, and `/metrics` tells.
    static func health(_ snapshot: AgentSnapshot, nowNs: Int64) -> (status: Int, body: [UInt8]) {
        let delivery = snapshot.delivery
        let (status, word, buffer) =
            switch delivery.state {
            case .open: (200, delivery.trouble == nil ? "healthy" : "buffering", "open")
            case .full: (503, "full", "full")
            case .broken: (503, "broken", "broken")
            }
        var body = JSONObjectWriter()
        body.text("status", word)
        body.text("service", "komfyr-agent")
        body.text("version", KomfyrAgent.version)
        if let detail = snapshot.bufferTrouble { body.text("detail", detail) }
        body.object("buffer") { json in
            json.text("state", buffer)
            json.integer("bytes", delivery.bufferBytes)
            json.integer("records", delivery.recordsWaiting)
            json.number("oldest_age_seconds", snapshot.oldestAge(nowNs: nowNs))
        }
        body.object("hub") { json in
            json.text("status", delivery.trouble == nil ? "up" : "down")
            if let trouble = delivery.trouble { json.text("detail", trouble) }
        }
        return (status, body.finish() + [.lineFeed])
    }

    private struct Counter<Source> {
        var name: String
        var type: String
        var help: String
        var value: (Source) -> UInt64

        init(_ name: String, _ type: String, _ help: String, _ value: @escaping (Source) -> UInt64) {
            self.name = "komfyr_agent_" + name
            self.type = type
            self.help = help
            self.value = value
        }
    }

    private static var inputCounters: [Counter<InputStatistics>] {
        [
            Counter("input_received_total", "counter", "Messages that arrived.") { $0.received },
            Counter("input_bytes_total", "counter", "Their bytes.") { $0.bytes },
            Counter("input_parsed_total", "counter", "Messages that could be read.") { $0.parsed },
            Counter("input_unparsed_total", "counter", "Messages kept whole, since they could not be read.") {
                $0.unparsed
            },
            Counter("input_cut_total", "counter", "Messages longer than the limit, which came in pieces.") { $0.cut },
            Counter("input_repaired_total", "counter", "Messages whose bytes were not UTF-8.") { $0.repaired },
            Counter("input_groups_folded_total", "counter", "Messages put into the group other.") { $0.groupsFolded },
            Counter("input_kernel_drops_total", "counter", "Datagrams that the kernel dropped.") { $0.kernelDrops },
            Counter("input_receive_buffer_bytes", "gauge", "The receive buffer that the kernel granted.") {
                $0.receiveBufferBytes
            },
            Counter("input_open", "gauge", "Connections or files that are open.") { $0.open },
        ]
    }

    private static var deliveryCounters: [Counter<DeliveryStatistics>] {
        [
            Counter("buffer_bytes", "gauge", "Bytes of the buffer on disk.") { $0.bufferBytes },
            Counter("buffer_batches", "gauge", "Batches on disk that were not delivered.") { $0.batchesWaiting },
            Counter("buffer_records", "gauge", "Logs on disk that were not delivered.") { $0.recordsWaiting },
            Counter("buffer_memory_records", "gauge", "Logs in memory alone, since the disk is broken.") {
                $0.recordsInMemory
            },
            Counter("buffer_memory_bytes", "gauge", "Their bytes.") { $0.bytesInMemory },
            Counter("buffer_positions", "gauge", "Files whose position is known.") { $0.positions },
            Counter("buffer_dropped_full_total", "counter", "Logs dropped since the buffer was full.") {
                $0.recordsDroppedFull
            },
            Counter("buffer_dropped_broken_total", "counter", "Logs dropped since the disk was broken.") {
                $0.recordsDroppedBroken
            },
            Counter("buffer_corrupt_frames_total", "counter", "Batches that could not be read back.") {
                $0.framesCorrupt
            },
            Counter("buffer_syncs_total", "counter", "Syncs to disk.") { $0.syncs },
            Counter("buffer_syncs_failed_total", "counter", "Syncs that failed.") { $0.syncsFailed },
            Counter("delivery_batches_total", "counter", "Batches that the hub has taken.") { $0.batchesDelivered },
            Counter("delivery_duplicates_total", "counter", "Batches that the hub had already.") {
                $0.batchesDuplicate
            },
            Counter("delivery_records_total", "counter", "Logs that the hub has taken.") { $0.recordsDelivered },
            Counter("delivery_posts_total", "counter", "Posts to the hub.") { $0.posts },
            Counter("delivery_retries_total", "counter", "Posts that had to be repeated.") { $0.retries },
            Counter("delivery_bytes_total", "counter", "Bytes posted, compressed.") { $0.bytesPosted },
            Counter("heartbeats_total", "counter", "Heartbeats that the hub has taken.") { $0.heartbeats },
            Counter("heartbeats_failed_total", "counter", "Heartbeats that failed.") { $0.heartbeatsFailed },
            Counter("dead_letter_records_total", "counter", "Logs that the hub refused for good.") {
                $0.recordsRefused
            },
            Counter("dead_letter_dropped_total", "counter", "Dead letters dropped beyond their bound.") {
                $0.recordsDroppedFromDeadLetters
            },
        ]
    }

    private static func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds / 1_000_000) / 1_000 }

    /// Whole numbers without a fraction.
    fileprivate static func number(_ value: Double) -> String {
        Int64(exactly: value).map { String($0) } ?? String(value)
    }

    private struct Writer {
        var bytes: [UInt8] = []

        mutating func family(_ name: String, _ type: String, _ help: String) {
            bytes.append(contentsOf: "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n".utf8)
        }

        mutating func sample(_ name: String, _ labels: [(name: String, value: String)], _ value: Double) {
            bytes.append(contentsOf: name.utf8)
            for (index, label) in labels.enumerated() {
                bytes.append(contentsOf: "\(index == 0 ? "{" : ",")\(label.name)=\"".utf8)
                for byte in label.value.utf8 {
                    switch byte {
                    case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
                    case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
                    default: bytes.append(byte)
                    }
                }
                bytes.append(UInt8(ascii: "\""))
            }
            bytes.append(contentsOf: "\(labels.isEmpty ? "" : "}") \(MetricsText.number(value))\n".utf8)
        }

        mutating func single(_ name: String, _ type: String, _ help: String, _ value: Double) {
            family(name, type, help)
            sample(name, [], value)
        }
    }
}
