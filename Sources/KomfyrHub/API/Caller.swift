import HTTPTypes
import Protocol

/// Who asks: a key, or a session that stands for one.
struct Caller: Sendable, Equatable {
    /// The key's name.
    var name: String
    var scopes: [Scope]
    /// The groups that it may see and post to, ANDed to all that it asks; nil: all.
    var bound: GroupPattern? = nil
    /// Its key; nil: that of `.env`, which no one can list, bound or revoke.
    var key: Key? = nil
    /// The session that the request came with; nil when it came with a key.
    var session: Session?
    /// The cookie that moves the session's end in the browser, once an hour.
    var renewedCookie: String?

    /// What is known of a key besides its name and rights.
    struct Key: Sendable, Equatable {
        var digest: SecretDigest
        /// A share token: it reads, and nothing more.
        var isShare: Bool
        /// Seconds since 1970; nil: it does not end.
        var end: Int64?
        /// Requests a minute, of all kinds; nil: the default.
        var rateLimit: Int?

        /// As lists show it.
        var id: String { KeyStore.id(digest.text) }
    }

    /// An open session.
    struct Session: Sendable, Equatable {
        var digest: SecretDigest
        /// Seconds since 1970.
        var end: Int64
    }

    /// Whether it has a scope; `admin` has all.
    func may(_ scope: Scope) -> Bool { scopes.contains(scope) || scopes.contains(.admin) }

    /// 403 for a key that is bound to groups, on what speaks of all of them.
    func boundForbids(_ what: String) -> APIError {
        APIError(
            .forbidden,
            "This key (\(name)) is bound to \(bound?.text ?? "*"); \(what)."
        )
    }

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
