import EventLoop
import Protocol
import Synchronization

/// The fleet: what each agent last told of itself.
///
/// ```
/// kmf:agents   hash   an agent's id → {"received_at":"2026-…Z","interval":30,"key":{"id","name","group"},
///                                      "agent":{what it told, as it is shown}}
/// ```
///
/// Written at each heartbeat, read at the first question after a start. Memory leads: when Redis has lost the hash, the
/// next heartbeats write it again. An agent that was silent for the retention goes.
final class AgentRegistry: Sendable {
    static let field = "kmf:agents"
    private let redis: any RedisSending
    /// How long a silent one is kept, in seconds.
    private let retention: Int64
    private let state = Mutex(State())

    private struct State {
        var agents: [String: Agent] = [:]
        var isLoaded = false
        /// Seconds since 1970 of the last try to load.
        var tried: Int64 = .min
        /// Seconds since 1970 of the last look for those that went.
        var swept: Int64 = 0
    }

    /// What is known of an agent.
    struct Agent: Sendable {
        var id: String
        /// Nanoseconds since 1970.
        var received: Int64
        /// How often it tells of itself, in seconds.
        var interval: Int64
        /// The id of the key that it last used; nil: that of `.env`.
        var keyID: String?
        var keyName: String
        /// The pattern that bounds that key; nil: all groups.
        var bound: GroupPattern?
        /// What it told, as JSON.
        var told: [UInt8]

        /// Whether it gives signs of life.
        func state(now: Int64) -> String {
            let age = (now - received) / 1_000_000_000
            if age <= HubLimits.agentLateIntervals * interval { return "online" }
            return age <= HubLimits.agentSilentIntervals * interval ? "late" : "silent"
        }
    }

    init(redis: any RedisSending, retentionHours: Int) {
        self.redis = redis
        retention = Int64(retentionHours) * 3_600
    }

    /// What became of a heartbeat.
    enum Outcome {
        case taken
        /// There are too many agents.
        case full
        /// The agent is alive under a key that lies beyond the bound of this one.
        case foreign
    }

    /// Takes note of a heartbeat.
    func note(_ agent: Agent) async -> Outcome {
        await load(now: agent.received)
        let (outcome, gone) = state.withLock { state -> (Outcome, [String]) in
            let gone = Self.sweep(&state, before: agent.received - retention * 1_000_000_000, now: agent.received)
            if let known = state.agents[agent.id] {
                // An agent that got a bounded key in the place of another is let in once it was late under that one.
                if let bound = agent.bound, !bound.covers(known.bound), known.state(now: agent.received) == "online" {
                    return (.foreign, gone)
                }
            } else if state.agents.count >= HubLimits.agents {
                return (.full, gone)
            }
            state.agents[agent.id] = agent
            return (.taken, gone)
        }
        // Redis only keeps them over a restart of the hub; the next heartbeat writes what is missing there.
        do throws(RedisError) {
            if outcome == .taken {
                let command = [Array("HSET".utf8), Array(Self.field.utf8), Array(agent.id.utf8), Self.encode(agent)]
                _ = try await redis.send(RedisCommand(command))
            }
            if !gone.isEmpty {
                _ = try await redis.send(RedisCommand((["HDEL", Self.field] + gone).map { Array($0.utf8) }))
            }
        } catch {}
        return outcome
    }

    /// The agents that someone with this bound may see, by id: those whose key is bound within it.
    func agents(bound: GroupPattern?, now: Int64 = WallClock.now()) async -> [Agent] {
        await load(now: now)
        return known(bound: bound, now: now)
    }

    /// How many agents someone with this bound may see; those that a start has not read yet are not among them.
    func count(bound: GroupPattern?, now: Int64 = WallClock.now()) -> Int { known(bound: bound, now: now).count }

    private func known(bound: GroupPattern?, now: Int64) -> [Agent] {
        let oldest = now - retention * 1_000_000_000
        return state.withLock { Array($0.agents.values) }
            .filter { $0.received > oldest && (bound?.covers($0.bound) ?? true) }
            .sorted { $0.id < $1.id }
    }

    /// Reads what the hub before this one knew; what came since stays.
    func load(now: Int64 = WallClock.now()) async {
        let isDue = state.withLock { state in
            let now = now / 1_000_000_000
            guard !state.isLoaded, now < state.tried || now - HubLimits.agentsRetrySeconds >= state.tried else {
                return false
            }
            state.tried = now
            return true
        }
        guard isDue else { return }
        do throws(RedisError) {
            let fields = try await redis.fields(of: Self.field)
            let found = fields.prefix(HubLimits.agents).compactMap { Self.decode(id: $0.field, $0.value) }
            state.withLock { state in
                for agent in found where state.agents[agent.id] == nil { state.agents[agent.id] = agent }
                state.isLoaded = true
            }
        } catch {
            // Tried again with a later question.
        }
    }

    /// Removes the agents that were silent for too long, once a minute.
    private static func sweep(_ state: inout State, before oldest: Int64, now: Int64) -> [String] {
        let minute = now / 60_000_000_000
        guard state.swept != minute else { return [] }
        state.swept = minute
        let gone = state.agents.values.filter { $0.received < oldest }.map(\.id)
        for id in gone { state.agents[id] = nil }
        return gone
    }
}
