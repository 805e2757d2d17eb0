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
        guard bytes.count <= HubLimits.heartbeatBytes * 8, BatchIdentity.isAgentName(Array(id.utf8)),
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
        if let id = agent.keyID { json.string(id) } else { json.null() }
        json.key("name")
        json.string(agent.keyName)
        json.key("group")
        if let bound = agent.bound { json.string(bound.text) } else { json.null() }
        json.endObject()
    }

    /// Reads a heartbeat.
    ///
    /// `{"host","version","started","interval","rate","backlog_bytes","backlog_seconds","received","delivered",
    /// "rejected","dropped","inputs":[{"name","type","rate","received","dropped"}]}`; all but `version` may be missing,
    /// and unknown members, which a newer agent may send, are left out.
    /// - Returns: what is kept of it, as JSON, and how often the agent tells of itself, in seconds.
    /// - Throws: 422 with the member that does not fit.
    static func heartbeat(_ bytes: [UInt8]) throws(APIError) -> (told: [UInt8], interval: Int) {
        let body = try BodyObject(bytes, known: nil, form: #"{"version": "1.0", "host": "gateway-1", …}"#)
        guard let version = try body.text("version", upTo: HubLimits.agentTextBytes) else {
            throw body.problem("version", "missing", "A heartbeat names the agent's version.")
        }
        let interval = try body.integer("interval", HubLimits.heartbeatRange) ?? HubLimits.heartbeatSeconds
        var json = JSONWriter()
        json.beginObject()
        json.key("host")
        write(try body.text("host", upTo: HubLimits.agentTextBytes), to: &json)
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
        json.key("inputs")
        json.beginArray()
        for input in try body.objects("inputs", upTo: HubLimits.agentInputs) ?? [] {
            json.beginObject()
            json.key("name")
            write(try input.text("name", upTo: HubLimits.agentTextBytes), to: &json)
            json.key("type")
            write(try input.text("type", upTo: HubLimits.agentTextBytes), to: &json)
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
        "rate", "backlog_bytes", "backlog_seconds", "received", "delivered", "rejected", "dropped",
    ]
    private static let inputNumbers: [StaticString] = ["rate", "received", "dropped"]

    private static func write(_ text: String?, to json: inout JSONWriter) {
        if let text { json.string(text) } else { json.null() }
    }

    private static func write(_ number: Double?, to json: inout JSONWriter) {
        if let number { json.number(number) } else { json.null() }
    }
}
