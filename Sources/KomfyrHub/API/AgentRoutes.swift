import EventLoop
import HTTPTypes
import Hummingbird
import Protocol

/// `/api/agents`: a heartbeat for agents, the fleet for readers.
struct AgentRoutes: Sendable {
    let registry: AgentRegistry
    let bodies: RequestBodyReader

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/agents",
                access: .scope(.read),
                documentation: Self.listDocumentation
            ) { call throws(APIError) in await list(call) },
            Route(
                method: .put,
                path: "/api/agents/{id}",
                access: .scope(.ingest),
                documentation: Self.heartbeatDocumentation
            ) { call throws(APIError) in try await heartbeat(call) },
        ]
    }

    private func heartbeat(_ call: APICall) async throws(APIError) -> Response {
        guard BatchIdentity.isAgentName(Array(call.pathValue.utf8)) else {
            throw APIError([
                APIError.Issue(
                    type: "agent",
                    location: ["path", "id"],
                    message: "An agent's id has 1 to \(ProtocolLimits.agentNameBytes) letters, digits, - and _."
                )
            ])
        }
        let (told, interval) = try await bodies.read(call.request, upTo: ProtocolLimits.heartbeatBytes) {
            bytes throws(APIError) in try AgentRegistry.heartbeat(bytes)
        }
        let outcome = await registry.note(
            AgentRegistry.Agent(
                id: call.pathValue,
                received: WallClock.now(),
                interval: Int64(interval),
                keyID: call.caller?.key?.id,
                keyName: call.caller?.name ?? "",
                bound: call.caller?.bound,
                told: told
            )
        )
        switch outcome {
        case .taken: break
        case .full:
            throw .passing(
                "There are \(HubLimits.agents) agents, as many as there may be; silent ones go after the retention.",
                retryAfter: 3_600
            )
        case .foreign:
            throw APIError(
                .forbidden,
                "Another key speaks for the agent \(call.pathValue), beyond the bound of this one; "
                    + "give this agent another id, or wait until the other was silent for two of its intervals."
            )
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("id")
        json.string(call.pathValue)
        json.endObject()
        return .json(json.bytes)
    }

    private func list(_ call: APICall) async -> Response {
        let now = WallClock.now()
        let agents = await registry.agents(bound: call.caller?.bound, now: now)
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("agents")
        json.beginArray()
        for agent in agents {
            json.beginObject()
            json.key("id")
            json.string(agent.id)
            json.key("state")
            json.string(agent.state(now: now))
            json.key("last_seen")
            json.time(agent.received)
            json.key("key")
            AgentRegistry.write(key: agent, to: &json)
            json.key("agent")
            json.value { $0.append(contentsOf: agent.told) }
            json.endObject()
        }
        json.endArray()
        json.key("count")
        json.integer(agents.count)
        json.endObject()
        return .json(json.bytes)
    }
}
