import EventLoop
import HTTPTypes
import Hummingbird
import Protocol
import Synchronization

/// Finds out who asks, by `Authorization: Bearer kmf_…` or the session's cookie.
///
/// The key of `.env` is known without Redis. Others are asked for there, and remembered for a few seconds; while Redis
/// cannot be asked, one that nothing is known about gets 503, since 401 would tell its owner to throw it away.
final class Authenticator: Sendable {
    let keys: KeyStore
    let sessions: SessionStore
    /// The key of `.env`, which may everything.
    let environmentKey: SecretDigest
    private let knownKeys = Mutex(CallerCache<Caller>())
    /// When each key's use was last written down, in seconds since 1970.
    private let notedUses = Mutex<[SecretDigest: Int64]>([:])
    private let knownSessions = Mutex(CallerCache<SessionStore.Session>())

    /// Who has the key of `.env`.
    static let administrator = Caller(name: "admin", scopes: [.admin])

    init(environmentKey: String, redis: any RedisSending) {
        self.environmentKey = SecretDigest(of: environmentKey)
        keys = KeyStore(redis: redis)
        sessions = SessionStore(redis: redis)
    }

    /// The one that a request comes from.
    /// - Throws: 401 when it names none or an unknown one, 403 when a page of another site sent it, 503 when it cannot
    ///   be told now.
    func caller(of request: Request) async throws(APIError) -> Caller {
        let headers = request.headers
        if let authorization = headers[.authorization] {
            guard let key = Self.bearer(authorization) else {
                throw .unauthorized("Send the key as \"Authorization: Bearer kmf_…\".")
            }
            return try await caller(digest: SecretDigest(of: key), isPossible: RandomSecret.isKey(key))
        }
        if let key = WebSocketHandshake.bearer(request) {
            return try await caller(digest: SecretDigest(of: key), isPossible: RandomSecret.isKey(key))
        }
        guard let id = SessionCookie.id(in: headers) else {
            throw .unauthorized("This needs an API key: send it as \"Authorization: Bearer kmf_…\".")
        }
        try RequestOrigin.check(request)
        return try await caller(session: id)
    }

    /// The one that a key belongs to.
    func caller(key: String) async throws(APIError) -> Caller {
        try await caller(digest: SecretDigest(of: key), isPossible: RandomSecret.isKey(key))
    }

    /// The one that a key's digest belongs to.
    /// - Parameters:
    ///   - digest: of the key.
    ///   - isPossible: whether it has the form of a key; others are not asked for.
    /// - Returns: who it is.
    /// - Throws: 401 when it is unknown, 503 when it cannot be told now.
    func caller(digest: SecretDigest, isPossible: Bool = true) async throws(APIError) -> Caller {
        if digest == environmentKey { return Self.administrator }
        var known: Caller?
        if isPossible {
            known = try await ask(knownKeys, digest) { () throws(RedisError) in
                guard let record = try await keys.record(digest) else { return nil }
                await noteUse(digest)
                return record.caller(digest)
            }
        }
        guard let known else { throw .unauthorized("This API key is not known. See: komfyr-hub keys list") }
        if let end = known.key?.end, end <= WallClock.now() / 1_000_000_000 {
            throw .unauthorized(
                "This key (\(known.name)) ended at \(Timestamp.text(end * 1_000_000_000)). "
                    + "Make another: komfyr-hub keys create"
            )
        }
        return known
    }

    /// Writes down that a key is used, once an hour.
    private func noteUse(_ digest: SecretDigest) async {
        let now = WallClock.now() / 1_000_000_000
        let isDue = notedUses.withLock { uses in
            if let last = uses[digest], now - last < HubLimits.keyUseSeconds, now >= last { return false }
            if uses.count >= HubLimits.callersRemembered { uses.removeAll(keepingCapacity: true) }
            uses[digest] = now
            return true
        }
        guard isDue else { return }
        do throws(RedisError) {
            try await keys.noteUse(digest, now: now)
        } catch {
            // It is a help for people; the next time is soon enough.
            notedUses.withLock { $0[digest] = nil }
        }
    }

    /// Forgets a key that was revoked, so that it ends at once.
    func forget(_ digest: SecretDigest) {
        let now = WallClock.now() / 1_000_000_000
        knownKeys.withLock { $0.note(digest, nil, now: now) }
    }

    private func caller(session id: String) async throws(APIError) -> Caller {
        let digest = SecretDigest(of: id)
        let now = WallClock.now() / 1_000_000_000
        let sessions = sessions
        let known = try await ask(knownSessions, digest) { () throws(RedisError) in
            try await sessions.session(digest, now: now)
        }
        guard var session = known, session.end > now else {
            throw .unauthorized("The session has ended. Open a new login link: komfyr-hub login")
        }
        var caller = try await caller(digest: session.key)
        if session.end - now < HubLimits.sessionSeconds - HubLimits.sessionTouchSeconds {
            session.end = now + HubLimits.sessionSeconds
            do throws(RedisError) {
                try await sessions.touch(digest, session)
                knownSessions.withLock { $0.note(digest, session, now: now) }
                caller.renewedCookie = SessionCookie.set(id, isSecure: session.isSecure)
            } catch {
                // The session lives on until its old end, and the next request tries again.
            }
        }
        caller.session = Caller.Session(digest: digest, end: session.end)
        return caller
    }

    /// Opens a session.
    /// - Returns: its id, for the cookie.
    func openSession(key: SecretDigest, isSecure: Bool) async throws(APIError) -> (id: String, end: Int64) {
        let id = RandomSecret.text()
        let now = WallClock.now() / 1_000_000_000
        let session = SessionStore.Session(key: key, end: now + HubLimits.sessionSeconds, isSecure: isSecure)
        do throws(RedisError) {
            try await sessions.open(SecretDigest(of: id), session, now: now)
        } catch {
            throw Self.cannotAsk
        }
        return (id, session.end)
    }

    /// Closes a session.
    func closeSession(_ digest: SecretDigest) async throws(APIError) {
        do throws(RedisError) {
            try await sessions.close(digest)
        } catch {
            throw Self.cannotAsk
        }
        knownSessions.withLock { $0.forget(digest) }
    }

    /// Takes a login link's code.
    /// - Returns: the key that it stands for; nil when it does not count.
    func take(code: String) async throws(APIError) -> SecretDigest? {
        do throws(RedisError) {
            return try await sessions.take(code: code)
        } catch {
            throw Self.cannotAsk
        }
    }

    static let cannotAsk = APIError.passing("Redis cannot be asked at the moment whose key this is; please try again.")

    private func ask<Value: Sendable>(
        _ cache: borrowing Mutex<CallerCache<Value>>,
        _ digest: SecretDigest,
        _ question: () async throws(RedisError) -> Value?
    ) async throws(APIError) -> Value? {
        let now = WallClock.now() / 1_000_000_000
        let known = cache.withLock { $0.answer(digest, now: now) }
        if case .fresh(let value) = known { return value }
        do throws(RedisError) {
            let value = try await question()
            cache.withLock { $0.note(digest, value, now: now) }
            return value
        } catch {
            if case .stale(let value?) = known { return value }
            throw Self.cannotAsk
        }
    }

    private static func bearer(_ authorization: String) -> String? {
        let utf8 = authorization.utf8
        guard utf8.count > 7, utf8.count <= 512,
            utf8.prefix(7).elementsEqual("Bearer ".utf8, by: { $0 | 0x20 == $1 | 0x20 })
        else { return nil }
        return String(authorization.dropFirst(7).drop { $0 == " " })
    }
}
