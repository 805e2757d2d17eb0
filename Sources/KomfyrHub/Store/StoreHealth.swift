import Synchronization

/// Whether the store can take logs now.
struct StoreHealth: Sendable, Equatable {
    /// Redis answers and the lease is held.
    var canStore: Bool
    /// Redis answers.
    var isRedisUp: Bool
    /// Why it cannot, for people; nil when it can.
    var reason: String?
    /// The same without anything that only the operator may see (paths, names of machines).
    var publicReason: String?
    /// Since when it cannot, nanoseconds since 1970, as far as anybody has looked; nil when it can.
    var since: Int64?

    /// What everybody may read about why nothing is taken.
    static func words(for error: StoreError) -> String {
        switch error {
        case .redisUnavailable: "Redis is being read; logs get 503 until that is done."
        case .fenced: "Another hub writes to this Redis; this one takes no logs."
        case .busy: "Too much waits for Redis; logs get 503 until it has caught up."
        case .full: "The memory limit is reached (KOMFYRVAKT_MEMORY_LIMIT); logs get 503 until there is room."
        case .refused(let words): "\(words); logs get 503 until then."
        case .silent: "Redis is connected but does not answer; logs get 503 until it does."
        case .stopping: "The hub is stopping."
        }
    }

    static let redisIsGone = "Redis cannot be reached; logs get 503 until it is back."
    static let redisLoads = "Redis is loading its data; logs get 503 until it is ready."
    static let noLease =
        "The hub does not hold the lease of this Redis, which another hub may have; logs get 503 until it does."
}

/// Remembers since when the store cannot take logs.
final class HealthClock: Sendable {
    private let since = Mutex<Int64?>(nil)

    /// Notes how it stands at a time.
    /// - Returns: since when it is not well; nil when it is.
    func note(isWell: Bool, now: Int64) -> Int64? {
        since.withLock { since in
            since = isWell ? nil : since ?? now
            return since
        }
    }
}
