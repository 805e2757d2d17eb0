import Protocol

/// Writes a snapshot as Prometheus reads it (text exposition format 0.0.4), and as JSON for `/health`.
enum MetricsText {
    static func metrics(_ snapshot: AgentSnapshot, nowNs: Int64, startedNs: Int64) -> [UInt8] {
        var text = Writer()
        text.family("komfyr_agent_info", "gauge", "Version and name of this agent.")
        text.sample("komfyr_agent_info", [("version", KomfyrAgent.version), ("name", snapshot.name)], 1)
        text.single("komfyr_agent_uptime_seconds", "gauge", "Since the start.", seconds(nowNs - startedNs))
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
        text.family(dropped, "counter", "What arrived and was not kept, by reason.")
        for input in snapshot.inputs {
            for reason in InputStatistics.DropReason.allCases {
                let count = Double(input.statistics.dropped[reason])
                text.sample(dropped, [("input", input.name), ("reason", "\(reason.label)")], count)
            }
        }
        for counter in deliveryCounters {
            text.single(counter.name, counter.type, counter.help, Double(counter.value(snapshot.delivery)))
        }
        text.single(
            "komfyr_agent_buffer_oldest_age_seconds",
            "gauge",
            "Age of the oldest batch that was not delivered.",
            oldestAge(snapshot.delivery, nowNs)
        )
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
        return text.bytes
    }

    /// 200 while logs are taken, 503 while the buffer takes none.
    static func health(_ snapshot: AgentSnapshot, nowNs: Int64) -> (status: Int, body: [UInt8]) {
        let delivery = snapshot.delivery
        let (status, word, buffer) =
            switch delivery.state {
            case .open: (200, delivery.trouble == nil ? "healthy" : "buffering", "open")
            case .full: (503, "full", "full")
            case .broken: (503, "broken", "broken")
            }
        var text =
            "{\"status\":\"\(word)\",\"service\":\"komfyr-agent\",\"version\":\"\(KomfyrAgent.version)\",\"buffer\":"
        text += "{\"state\":\"\(buffer)\",\"bytes\":\(delivery.bufferBytes),\"records\":\(delivery.recordsWaiting),"
        text += "\"oldest_age_seconds\":\(number(oldestAge(delivery, nowNs)))},\"hub\":"
        var body = Array(text.utf8)
        if let trouble = delivery.trouble {
            body.append(contentsOf: "{\"status\":\"down\",\"detail\":".utf8)
            JSONText.appendString(trouble, to: &body)
            body.append(UInt8(ascii: "}"))
        } else {
            body.append(contentsOf: "{\"status\":\"up\"}".utf8)
        }
        body.append(contentsOf: "}\n".utf8)
        return (status, body)
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
            Counter("dead_letter_records_total", "counter", "Logs that the hub refused for good.") {
                $0.recordsRefused
            },
            Counter("dead_letter_dropped_total", "counter", "Dead letters dropped beyond their bound.") {
                $0.recordsDroppedFromDeadLetters
            },
        ]
    }

    private static func oldestAge(_ delivery: DeliveryStatistics, _ nowNs: Int64) -> Double {
        delivery.oldestWaitingNs > 0 ? max(0, seconds(nowNs - delivery.oldestWaitingNs)) : 0
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
