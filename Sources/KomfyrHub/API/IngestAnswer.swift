import Protocol

/// Writes the answers to ingest requests.
enum IngestAnswer {
    /// The stored log of a single POST; `"duplicate": true` is added for a repeat.
    static func one(_ outcome: IngestOutcome, hub: UInt8) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        LogEncoder.append(outcome.log(at: 0, hub: hub), to: &bytes)
        if outcome.receipt.isDuplicate, bytes.last == UInt8(ascii: "}") {
            bytes.removeLast()
            bytes.append(contentsOf: #","duplicate":true}"#.utf8)
        }
        return bytes
    }

    /// What became of a batch: `{"status":"success","ingested":N,"rejected":M,"errors":[…],"logs":[…]}`.
    static func batch(_ outcome: IngestOutcome, hub: UInt8, withLogs: Bool) -> [UInt8] {
        let decoded = outcome.decoded
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("ingested")
        json.integer(outcome.receipt.ingested)
        json.key("rejected")
        json.integer(decoded.positionCount - outcome.receipt.ingested)
        if outcome.receipt.isDuplicate {
            json.key("duplicate")
            json.boolean(true)
        }
        json.key("errors")
        json.beginArray()
        for refusal in decoded.refusals.prefix(HubLimits.refusalsNamed) {
            json.beginObject()
            json.key("index")
            json.integer(refusal.index)
            json.key("detail")
            json.string(
                refusal.location.isEmpty
                    ? refusal.message : refusal.location.joined(separator: ".") + ": " + refusal.message
            )
            json.endObject()
        }
        json.endArray()
        if withLogs {
            json.key("logs")
            json.beginArray()
            for index in 0..<decoded.columns.count {
                json.value { LogEncoder.append(outcome.log(at: index, hub: hub), to: &$0) }
            }
            json.endArray()
        }
        json.endObject()
        return json.bytes
    }
}

extension IngestOutcome {
    /// An accepted log as it was stored.
    func log(at index: Int, hub: UInt8) -> StoredLog {
        StoredLog(decoded, index, receipt, hub: hub)
    }
}

extension StoredLog {
    /// A log of a body that was stored.
    init(_ decoded: DecodedBody, _ index: Int, _ receipt: IngestReceipt, hub: UInt8) {
        let columns = decoded.columns
        let group = Int(decoded.groups[index])
        let sequence = receipt.firstSequence &+ UInt64(decoded.positions[index])
        let number = group < receipt.groupNumbers.count ? receipt.groupNumbers[group] : 0
        self.init(
            id: LogID(timestamp: columns.timestamps[index], hub: hub, group: number, sequence: sequence),
            sequence: sequence,
            timestamp: columns.timestamps[index],
            receivedAt: receipt.arrival,
            level: Level(rawValue: columns.levels[index]) ?? .info,
            group: decoded.groupNames[group],
            message: Array(columns.bytes(columns.messages[index])),
            tags: Array(columns.bytes(columns.tags[index])),
            data: Array(columns.bytes(columns.data[index])),
            source: Array(columns.bytes(columns.sources[index]))
        )
    }
}
