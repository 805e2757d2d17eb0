import FoundationEssentials
import Protocol

/// How an agent stands in Redis, and what of a heartbeat is kept.
extension AgentRegistry {
    private struct Stored: Decodable {
        var received: String
        var interval: Int
        var key: Key
        /// As JSON text, so that what was told comes back byte for byte.
        var agent: String

        enum CodingKeys: String, CodingKey {
            case interval, key, agent
            case received = "received_at"
        }

        struct Key: Decodable {
            var id: String?
            var name: String
            var group: String?
        }
    }

    /// An agent as it stands in Redis.
    static func encode(_ agent: Agent) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("received_at")
        json.time(agent.received)
        json.key("interval")
        json.integer(agent.interval)
        json.key("key")
        write(key: agent, to: &json)
        json.key("agent")
        json.string(String(decoding: agent.told, as: UTF8.self))
        json.endObject()
        return json.bytes
    }

    /// Reads an agent; nil when it cannot be read, and then its next heartbeat puts it right.
    static func decode(id: String, _ bytes: [UInt8]) -> Agent? {
        guard bytes.count <= ProtocolLimits.heartbeatBytes * 8, BatchIdentity.isAgentName(Array(id.utf8)),
            let stored = try? JSONDecoder().decode(Stored.self, from: Data(bytes)),
            let received = Timestamp.parse(stored.received), HubLimits.heartbeatRange.contains(stored.interval),
            // It was written by `heartbeat`; anything else would spoil the whole list.
            let told = try? heartbeat(Array(stored.agent.utf8)).told
        else { return nil }
        return Agent(
            id: id,
            received: received,
            interval: Int64(stored.interval),
            keyID: stored.key.id,
            keyName: stored.key.name,
            bound: stored.key.group.map { GroupPattern($0) },
            told: told
        )
    }

    /// The key that an agent last used: `{"id","name","group"}`.
    static func write(key agent: Agent, to json: inout JSONWriter) {
        json.beginObject()
        json.key("id")
        json.string(agent.keyID)
        json.key("name")
        json.string(agent.keyName)
        json.key("group")
        json.string(agent.bound?.text)
        json.endObject()
    }

    /// Reads a heartbeat.
    ///
    /// `{"host","version","started","interval","rate","delivered_rate","backlog_logs","backlog_bytes",
    /// "backlog_seconds","received","delivered","rejected","dropped","drops":[{"reason","count"}],"buffer":"open|full|broken",
    /// "inputs":[{"name","type","rate","received","unparsed","dropped"}]}`; all but `version` may be missing, and
    /// unknown members, which a newer agent may send, are left out.
    /// - Returns: what is kept of it, as JSON, and how often the agent tells of itself, in seconds.
    /// - Throws: 422 with the member that does not fit.
    static func heartbeat(_ bytes: [UInt8]) throws(APIError) -> (told: [UInt8], interval: Int) {
        let body = try BodyObject(bytes, known: nil, form: #"{"version": "1.0", "host": "gateway-1", …}"#)
        guard let version = try body.text("version", upTo: ProtocolLimits.heartbeatTextBytes) else {
            throw body.problem("version", "missing", "A heartbeat names the agent's version.")
        }
        let interval = try body.integer("interval", HubLimits.heartbeatRange) ?? HubLimits.heartbeatSeconds
        var json = JSONWriter()
        json.beginObject()
        json.key("host")
        json.string(try body.text("host", upTo: ProtocolLimits.heartbeatTextBytes))
        json.key("version")
        json.string(version)
        json.key("started")
        json.time(try body.time("started"))
        json.key("interval")
        json.integer(interval)
        for name in numbers {
            json.key(name)
            write(try body.number("\(name)"), to: &json)
        }
        json.key("drops")
        json.beginArray()
        for drop in try body.objects("drops", upTo: ProtocolLimits.heartbeatReasons) ?? [] {
            json.beginObject()
            json.key("reason")
            json.string(try drop.text("reason", upTo: ProtocolLimits.heartbeatTextBytes))
            json.key("count")
            write(try drop.number("count"), to: &json)
            json.endObject()
        }
        json.endArray()
        json.key("buffer")
        let buffer = try body.text("buffer", upTo: ProtocolLimits.heartbeatTextBytes)
        guard buffer.map({ bufferStates.contains($0) }) ?? true else {
            throw body.problem("buffer", "enum", "buffer is one of \(bufferStates.joined(separator: ", ")).")
        }
        json.string(buffer)
        json.key("inputs")
        json.beginArray()
        for input in try body.objects("inputs", upTo: ProtocolLimits.heartbeatInputs) ?? [] {
            json.beginObject()
            json.key("name")
            json.string(try input.text("name", upTo: ProtocolLimits.heartbeatTextBytes))
            json.key("type")
            json.string(try input.text("type", upTo: ProtocolLimits.heartbeatTextBytes))
            for name in inputNumbers {
                json.key(name)
                write(try input.number("\(name)"), to: &json)
            }
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return (json.bytes, interval)
    }

    private static let numbers: [StaticString] = [
        "rate", "delivered_rate", "backlog_logs", "backlog_bytes", "backlog_seconds", "received", "delivered",
        "rejected", "dropped",
    ]
    private static let inputNumbers: [StaticString] = ["rate", "received", "unparsed", "dropped"]
    /// Whether logs go to the agent's disk, wait, or are in its memory alone.
    static let bufferStates = ["open", "full", "broken"]

    private static func write(_ number: Double?, to json: inout JSONWriter) {
        if let number { json.number(number) } else { json.null() }
    }
}
