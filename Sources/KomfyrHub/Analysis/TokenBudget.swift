import Synchronization

/// The tokens of a day (UTC), counted in Redis so that a restart does not begin anew.
///
/// ```
///  kmf:ai:tokens:DAY   string   tokens of that day (days since 1970), in and out; gone after two days
/// ```
///
/// What is about to be spent is reserved, so that two analyses at a time cannot both use what is left for one. While
/// Redis cannot be asked it is counted here, and written when it can.
final class TokenBudget: Sendable {
    let limit: Int
    private let redis: any RedisSending
    private let state = Mutex(State())

    private struct State {
        /// Days since 1970.
        var day: Int64 = .min
        /// Of the day, as Redis had it, with what came since.
        var used = 0
        /// Not in Redis yet.
        var unwritten = 0
        var reserved = 0
        /// Redis was asked for the day's number.
        var isRead = false
    }

    init(limit: Int, redis: any RedisSending) {
        self.limit = limit
        self.redis = redis
    }

    /// Tokens used today.
    func used(now: Int64) -> Int {
        state.withLock { state in
            Self.turn(&state, now)
            return state.used
        }
    }

    /// Reads what was used before a restart.
    func load(now: Int64) async {
        let day = Self.day(now)
        let isRead = state.withLock { state in
            Self.turn(&state, now)
            return state.isRead
        }
        if isRead { return }
        do throws(RedisError) {
            var used = 0
            if case .string(let bytes) = try await redis.send(RedisCommand("GET", Self.key(day))) {
                // Somebody else's text counts as nothing; more than the limit is as good as the limit.
                used = max(0, Int(String(decoding: bytes.prefix(19), as: UTF8.self)) ?? 0)
            }
            let known = min(used, Int.max / 4)
            state.withLock { state in
                guard state.day == day, !state.isRead else { return }
                state.isRead = true
                state.used += known
            }
        } catch {}
    }

    /// Reserves tokens; false: less than that is left of the day.
    func reserve(_ tokens: Int, now: Int64) -> Bool {
        state.withLock { state in
            Self.turn(&state, now)
            guard state.used + state.reserved + tokens <= limit else { return false }
            state.reserved += tokens
            return true
        }
    }

    /// Gives a reservation back, and counts what was really used.
    func spend(_ tokens: Int, reserved: Int, now: Int64) async {
        let day = Self.day(now)
        let unwritten = state.withLock { state in
            Self.turn(&state, now)
            state.reserved = max(0, state.reserved - reserved)
            state.used += tokens
            state.unwritten += tokens
            defer { state.unwritten = 0 }
            return state.unwritten
        }
        guard unwritten > 0 else { return }
        do throws(RedisError) {
            let key = Self.key(day)
            let answer = try await redis.send(RedisCommand("INCRBY", key, String(unwritten)))
            if case .integer(let total) = answer, total >= 0, total < Int64(Int.max / 4) {
                state.withLock { state in
                    // Another day, or more spent meanwhile: the greater one is nearer to what is true.
                    if state.day == day {
                        state.used = max(state.used, Int(total))
                        state.isRead = true
                    }
                }
            }
        } catch {
            state.withLock { state in if state.day == day { state.unwritten += unwritten } }
            return
        }
        // What was counted is counted: that it does not end by itself is no reason to count it again.
        _ = try? await redis.send(RedisCommand("EXPIRE", Self.key(day), "172800"))
    }

    /// When the next day begins, in nanoseconds since 1970.
    static func nextDay(_ now: Int64) -> Int64 { (day(now) + 1) * 86_400_000_000_000 }

    private static func turn(_ state: inout State, _ now: Int64) {
        guard state.day != day(now) else { return }
        // What is reserved now is spent on the new day.
        state = State(day: day(now), reserved: state.reserved)
    }

    private static func day(_ now: Int64) -> Int64 { LogID.floorDivide(now, 86_400_000_000_000) }

    private static func key(_ day: Int64) -> String { "kmf:ai:tokens:\(day)" }
}
