import HTTPTypes
import Protocol

/// Who asks: a key, or a session that stands for one.
struct Caller: Sendable, Equatable {
    /// The key's name.
    var name: String
    var scopes: [Scope]
    /// The groups that the key may see and write; nil: all.
    var bound: GroupPattern? = nil
    /// The session that the request came with; nil when it came with a key.
    var session: Session?
    /// The cookie that moves the session's end in the browser, once an hour.
    var renewedCookie: String?

    /// An open session.
    struct Session: Sendable, Equatable {
        var digest: SecretDigest
        /// Seconds since 1970.
        var end: Int64
    }

    /// Whether it has a scope; `admin` has all.
    func may(_ scope: Scope) -> Bool { scopes.contains(scope) || scopes.contains(.admin) }

    /// 403 that names what is missing.
    func lacks(_ scope: Scope) -> APIError {
        let has = scopes.map(\.rawValue).joined(separator: ", ")
        return APIError(
            .forbidden,
            "This key (\(name)) has the scope \(has); this needs \(scope.rawValue). "
                + "Make one with: komfyr-hub keys create NAME --scope \(scope.rawValue)"
        )
    }
}

/// Remembers who keys and sessions belong to for a few seconds, so that a request seldom asks Redis.
///
/// One entry for each digest, of those that do not exist too; bounded, and without a thread of its own.
struct CallerCache<Value: Sendable>: Sendable {
    private var entries: [SecretDigest: Entry] = [:]

    private struct Entry: Sendable {
        /// Nil: there is no such key or session.
        var value: Value?
        /// Seconds since 1970.
        var asked: Int64
    }

    /// What is known.
    enum Answer {
        /// Asked lately.
        case fresh(Value?)
        /// Known, but to be asked again; counts still when Redis cannot be asked.
        case stale(Value?)
        case unknown
    }

    /// What is known about a digest.
    func answer(_ digest: SecretDigest, now: Int64) -> Answer {
        guard let entry = entries[digest] else { return .unknown }
        let age = now - entry.asked
        if age >= 0, age < HubLimits.callerSeconds { return .fresh(entry.value) }
        return age >= 0 && age < HubLimits.callerSecondsWithoutRedis ? .stale(entry.value) : .unknown
    }

    /// Notes what Redis said.
    mutating func note(_ digest: SecretDigest, _ value: Value?, now: Int64) {
        if entries.count >= HubLimits.callersRemembered, entries[digest] == nil {
            // Keys that do not exist make room first: guesses must not drive out those that are in use.
            entries = entries.filter { $0.value.value != nil && now - $0.value.asked < HubLimits.callerSeconds }
            if entries.count >= HubLimits.callersRemembered { entries.removeAll(keepingCapacity: true) }
        }
        entries[digest] = Entry(value: value, asked: now)
    }

    /// Forgets a digest.
    mutating func forget(_ digest: SecretDigest) { entries[digest] = nil }
}
