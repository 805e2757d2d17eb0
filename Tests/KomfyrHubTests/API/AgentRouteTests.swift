import EventLoop
import HTTPTypes
import NIOCore
import Protocol
import Testing

@testable import KomfyrHub

@Suite struct AgentRouteTests {
    private let bed = APITestBed()

    private static let heartbeat =
        #"{"host":"gw-1","version":"1.2","started":"2026-11-23T05:00:00Z","interval":10,"rate":12.5,"backlog_bytes":2048,"#
        + #""backlog_seconds":3,"dropped":1,"future":{"x":[1]},"inputs":[{"name":"udp://:514","type":"syslog","rate":1}]}"#

    private func put(
        _ api: APIClient,
        _ id: String,
        _ body: String = heartbeat,
        _ headers: HTTPFields = APITestBed.admin
    ) async throws -> APIClient.Answer {
        try await api.send(.put, "/api/agents/\(id)", headers, ByteBuffer(string: body))
    }

    @Test func `what an agent told is listed, with the key that it used`() async throws {
        let key = try await bed.key(.ingest, group: "a:*")
        try await bed.run { api async throws in
            let headers: HTTPFields = [.authorization: "Bearer \(key)"]
            #expect(try await put(api, "gw-1", Self.heartbeat, headers).status == .ok)
            #expect(try await put(api, "aa").status == .ok)
            let list = try await api.get("/api/agents").json
            #expect(list["count"]?.int == 2)
            #expect(list["agents"]?[0]?["id"]?.text == "aa")
            #expect(list["agents"]?[0]?["key"]?["id"] == .null)
            let agent = try #require(list["agents"]?[1])
            #expect(agent["state"]?.text == "online")
            #expect(agent["last_seen"]?.text != nil)
            #expect(agent["key"]?["name"]?.text == "test")
            #expect(agent["key"]?["id"]?.text == KeyStore.id(SecretDigest(of: key).text))
            #expect(agent["agent"]?["host"]?.text == "gw-1")
            #expect(agent["agent"]?["rate"] == .number(12.5))
            #expect(agent["agent"]?["received"] == .null)
            #expect(agent["agent"]?["inputs"]?[0]?["name"]?.text == "udp://:514")
            #expect(agent["agent"]?["future"] == nil)
            #expect(try await api.get("/api/stats").json["stats"]?["agents"]?.int == 2)
        }
    }

    @Test func `backlog, drops by reason and the buffer's state are shown as they were told`() async throws {
        let body =
            #"{"version":"1","delivered_rate":3.5,"backlog_logs":12,"buffer":"full","#
            + #""drops":[{"reason":"kernel","count":4}],"inputs":[{"name":"u","unparsed":2}]}"#
        try await bed.run { api async throws in
            #expect(try await put(api, "gw-1", body).status == .ok)
            let agent = try #require(try await api.get("/api/agents").json["agents"]?[0]?["agent"])
            #expect(agent["delivered_rate"] == .number(3.5))
            #expect(agent["backlog_logs"]?.int == 12)
            #expect(agent["buffer"]?.text == "full")
            #expect(agent["drops"]?[0]?["reason"]?.text == "kernel")
            #expect(agent["drops"]?[0]?["count"]?.int == 4)
            #expect(agent["inputs"]?[0]?["unparsed"]?.int == 2)
            #expect(try await put(api, "gw-1", #"{"version":"1"}"#).status == .ok)
            let bare = try #require(try await api.get("/api/agents").json["agents"]?[0]?["agent"])
            #expect(bare["drops"]?.list?.count == 0)
            #expect(bare["buffer"] == .null)
        }
    }

    @Test func `a bound reader sees the agents of keys within its bound`() async throws {
        let inside = try await bed.key(.ingest, group: "a:b")
        let reader: HTTPFields = [.authorization: "Bearer \(try await bed.key(.read, group: "a:*"))"]
        try await bed.run { api async throws in
            _ = try await put(api, "free")
            _ = try await put(api, "inside", Self.heartbeat, [.authorization: "Bearer \(inside)"])
            let list = try await api.get("/api/agents", reader).json
            #expect(list["agents"]?.list?.compactMap { $0["id"]?.text } == ["inside"])
            #expect(try await api.get("/api/stats", reader).json["stats"]?["agents"]?.int == 1)
        }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"version":1}"#, #"{"version":"1","rate":-1}"#, #"{"version":"1","inputs":[1]}"#,
        #"{"version":"1","buffer":"odd"}"#, #"{"version":"1","drops":{}}"#, #"{"version":"1","drops":[{"count":-1}]}"#,
        #"{"version":"1","interval":0}"#, #"{"version":"1","started":"noon"}"#, #"{"version":"1","host":["x"]}"#,
    ])
    func `a heartbeat of another form is 422`(_ body: String) async throws {
        try await bed.run { api async throws in
            #expect(try await put(api, "x", body).status == .unprocessableContent)
            #expect(try await api.get("/api/agents").json["count"]?.int == 0)
        }
    }

    @Test func `a heartbeat is bounded, deep nesting too, and an id has a form`() async throws {
        try await bed.run { api async throws in
            let long = #"{"version":"1","x":""# + String(repeating: "a", count: ProtocolLimits.heartbeatBytes) + "\"}"
            #expect(try await put(api, "x", long).status == .contentTooLarge)
            let deep = #"{"version":"1","x":"# + String(repeating: "[", count: 8_000)
            #expect(try await put(api, "x", deep + String(repeating: "]", count: 8_000) + "}").status.code < 500)
            for id in ["a.b", "a%20b", String(repeating: "a", count: 65)] {
                #expect(try await put(api, id).status == .unprocessableContent)
            }
        }
    }

    @Test func `readers may not put, and agents may not list`() async throws {
        let reader: HTTPFields = [.authorization: "Bearer \(try await bed.key(.read))"]
        let agent: HTTPFields = [.authorization: "Bearer \(try await bed.key(.ingest))"]
        try await bed.run { api async throws in
            #expect(try await put(api, "x", Self.heartbeat, reader).status == .forbidden)
            #expect(try await put(api, "x", Self.heartbeat, agent).status == .ok)
            #expect(try await api.get("/api/agents", agent).status == .forbidden)
            #expect(try await api.get("/api/agents", reader).status == .ok)
        }
    }

    @Test func `agents are known to the next hub, and what cannot be read is left out`() async throws {
        try await bed.run { api async throws in _ = try await put(api, "gw-1") }
        for value in ["{", "{}", #"{"received_at":"x","interval":1,"key":{"name":""},"agent":"{}"}"#] {
            _ = try await bed.redis.send(RedisCommand("HSET", AgentRegistry.field, "broken", value))
            let next = AgentRegistry(redis: bed.redis, retentionHours: 48)
            let agents = await next.agents(bound: nil)
            #expect(agents.map(\.id) == ["gw-1"])
            #expect(String(decoding: agents[0].told, as: UTF8.self).contains("\"host\":\"gw-1\""))
        }
    }

    @Test func `while Redis is down agents are kept in memory, and those of before come once it is back`() async throws
    {
        try await bed.run { api async throws in _ = try await put(api, "old") }
        bed.redis.isDown = true
        let registry = AgentRegistry(redis: bed.redis, retentionHours: 48)
        let now = WallClock.now()
        #expect(await registry.note(agent("new", at: now)) == .taken)
        #expect(await registry.agents(bound: nil, now: now).map(\.id) == ["new"])
        bed.redis.isDown = false
        let later = now + (HubLimits.agentsRetrySeconds + 1) * 1_000_000_000
        #expect(await registry.agents(bound: nil, now: later).map(\.id) == ["new", "old"])
    }

    @Test func `an agent is online, late, silent, and then gone`() async throws {
        let registry = AgentRegistry(redis: bed.redis, retentionHours: 1)
        let now = WallClock.now()
        #expect(await registry.note(agent("quiet", at: now)) == .taken)
        let second: Int64 = 1_000_000_000
        for (seconds, state) in [(0, "online"), (20, "online"), (21, "late"), (100, "late"), (101, "silent")] {
            #expect(agent("quiet", at: now).state(now: now + Int64(seconds) * second) == state)
        }
        let later = now + 3_601 * second
        #expect(registry.count(bound: nil, now: later) == 0)
        #expect(await registry.note(agent("other", at: later)) == .taken)
        #expect(try await bed.redis.fields(of: AgentRegistry.field).map(\.field) == ["other"])
    }

    @Test func `there are no more agents than may be`() async throws {
        let registry = AgentRegistry(redis: bed.redis, retentionHours: 1)
        let now = WallClock.now()
        for number in 0..<HubLimits.agents { #expect(await registry.note(agent("a\(number)", at: now)) == .taken) }
        #expect(await registry.note(agent("one-more", at: now)) == .full)
        #expect(await registry.note(agent("a1", at: now)) == .taken)
    }

    @Test func `a bounded key cannot speak for an agent that is alive beyond its bound`() async throws {
        let registry = AgentRegistry(redis: bed.redis, retentionHours: 1)
        let now = WallClock.now()
        var bounded = agent("gateway", at: now + 1_000_000_000)
        bounded.bound = GroupPattern("a:*")
        #expect(await registry.note(agent("gateway", at: now)) == .taken)
        #expect(await registry.note(bounded) == .foreign)
        #expect(await registry.agents(bound: GroupPattern("a:*"), now: now).isEmpty)
        // It was given the bounded key: 20 s are two of its intervals.
        bounded.received = now + 21_000_000_000
        #expect(await registry.note(bounded) == .taken)
        // And back again at once.
        #expect(await registry.note(agent("gateway", at: bounded.received)) == .taken)
    }

    private func agent(_ id: String, at time: Int64) -> AgentRegistry.Agent {
        AgentRegistry.Agent(
            id: id,
            received: time,
            interval: 10,
            keyID: nil,
            keyName: "admin",
            bound: nil,
            told: Array(#"{"version":"1"}"#.utf8)
        )
    }
}
