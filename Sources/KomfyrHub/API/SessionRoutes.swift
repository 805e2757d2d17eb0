import FoundationEssentials
import HTTPTypes
import Hummingbird
import Protocol

/// `/api/session`: a login link's code or a key, for a cookie; who am I; log out.
struct SessionRoutes: Sendable {
    let authenticator: Authenticator
    let bodies: RequestBodyReader
    let limiter = LoginLimiter()

    var routes: [Route] {
        [
            Route(
                method: .post,
                path: "/api/session",
                access: .open,
                documentation: Self.logInDocumentation
            ) { call throws(APIError) in try await logIn(call) },
            Route(
                method: .get,
                path: "/api/session",
                access: .anyCaller,
                documentation: Self.whoAmIDocumentation
            ) { call throws(APIError) in try whoAmI(call) },
            Route(
                method: .delete,
                path: "/api/session",
                access: .anyCaller,
                documentation: Self.logOutDocumentation
            ) { call throws(APIError) in try await logOut(call) },
        ]
    }

    private struct Login: Decodable {
        var code: String?
        var key: String?
    }

    private func logIn(_ call: APICall) async throws(APIError) -> Response {
        try RequestOrigin.checkIfPresent(call.request)
        let login = try await bodies.read(call.request, upTo: HubLimits.sessionBodyBytes) {
            bytes throws(APIError) in try Self.login(bytes)
        }
        try limiter.attempt(from: call.peer)
        let key: SecretDigest
        let caller: Caller
        do throws(APIError) {
            (key, caller) = try await credentials(login)
        } catch {
            // Only a wrong guess counts; that Redis cannot be asked is not the client's doing.
            if error.status != .unauthorized { limiter.succeeded(from: call.peer) }
            throw error
        }
        limiter.succeeded(from: call.peer)
        let isSecure = RequestOrigin.isSecure(call.request)
        let session = try await authenticator.openSession(key: key, isSecure: isSecure)
        return Self.answer(
            caller,
            end: session.end,
            adding: [.setCookie: SessionCookie.set(session.id, isSecure: isSecure)]
        )
    }

    private func credentials(_ login: Login) async throws(APIError) -> (SecretDigest, Caller) {
        if let key = login.key {
            return (SecretDigest(of: key), try await authenticator.caller(key: key))
        }
        guard let code = login.code, let key = try await authenticator.take(code: code) else {
            throw .unauthorized("This login link was used or has ended. Make another with: komfyr-hub login")
        }
        return (key, try await authenticator.caller(digest: key))
    }

    private func whoAmI(_ call: APICall) throws(APIError) -> Response {
        guard let caller = call.caller else { throw .unauthorized("This needs an API key or a session.") }
        return Self.answer(caller, end: caller.session?.end)
    }

    private func logOut(_ call: APICall) async throws(APIError) -> Response {
        if let session = call.caller?.session { try await authenticator.closeSession(session.digest) }
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.endObject()
        return .json(json.bytes, adding: [.setCookie: SessionCookie.clear])
    }

    private static func login(_ bytes: [UInt8]) throws(APIError) -> Login {
        do {
            let login = try JSONDecoder().decode(Login.self, from: Data(bytes))
            if (login.code == nil) != (login.key == nil) { return login }
        } catch {}
        throw APIError([
            APIError.Issue(
                type: "body",
                location: ["body"],
                message: "Send {\"code\": \"…\"} from a login link, or {\"key\": \"kmf_…\"}."
            )
        ])
    }

    /// Who it is.
    ///
    /// `{"status":"success","name":"admin","kind":"session","scopes":["admin"],"group":null,
    /// "expires":"2026-…Z"}`; `group` is the pattern that bounds the key.
    private static func answer(_ caller: Caller, end: Int64?, adding headers: HTTPFields = HTTPFields()) -> Response {
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("name")
        json.string(caller.name)
        json.key("kind")
        json.string(end != nil ? "session" : caller.key?.isShare == true ? "share" : "key")
        json.key("scopes")
        json.beginArray()
        for scope in caller.scopes { json.string(scope.rawValue) }
        json.endArray()
        json.key("group")
        json.string(caller.bound?.text)
        json.key("expires")
        json.time([end, caller.key?.end].compactMap { $0 }.min().map { $0 * 1_000_000_000 })
        json.endObject()
        return .json(json.bytes, adding: headers)
    }
}
