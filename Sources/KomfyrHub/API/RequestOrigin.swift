import HTTPTypes
import Hummingbird

/// Keeps pages of other sites from using a visitor's session (cross-site request forgery).
enum RequestOrigin {
    /// Refuses a request that changes state with a cookie, or opens a WebSocket, unless its `Origin` is the hub's own.
    static func check(_ request: Request) throws(APIError) {
        switch request.method {
        case .get where !WebSocketHandshake.isAsked(by: request), .head: return
        default: break
        }
        guard let origin = request.headers[.origin] else {
            throw APIError(.forbidden, "With a session cookie this needs an Origin; programs send an API key instead.")
        }
        try check(origin, request)
    }

    /// Refuses a request that a page of another site sent; one without an `Origin` comes from a program.
    static func checkIfPresent(_ request: Request) throws(APIError) {
        if let origin = request.headers[.origin] { try check(origin, request) }
    }

    /// Whether the browser reaches the hub through TLS, which ends at the hub or before it.
    static func isSecure(_ request: Request) -> Bool {
        request.head.scheme == "https" || request.headers[.origin]?.hasPrefix("https://") == true
    }

    private static func check(_ origin: String, _ request: Request) throws(APIError) {
        // Where the hub itself speaks TLS, a page that came without it can be anybody's.
        let schemes = request.head.scheme == "https" ? ["https://"] : ["http://", "https://"]
        for scheme in schemes where origin.hasPrefix(scheme) {
            if let host = request.head.authority, !host.isEmpty,
                origin.dropFirst(scheme.count).lowercased() == host.lowercased()
            {
                return
            }
        }
        throw APIError(.forbidden, "A page of another site (\(origin.prefix(200))) may not do this with your session.")
    }
}

/// The cookie that holds a session's id.
enum SessionCookie {
    static let name = "komfyrvakt_session"

    /// The id in a request's cookies.
    static func id(in headers: HTTPFields) -> String? {
        for field in headers[values: .cookie] {
            for part in field.split(separator: ";") {
                let pair = part.drop { $0 == " " }
                guard pair.utf8.starts(with: name.utf8), pair.utf8.dropFirst(name.utf8.count).first == UInt8(ascii: "=")
                else { continue }
                let value = pair.dropFirst(name.count + 1)
                if RandomSecret.isText(value.utf8) { return String(value) }
            }
        }
        return nil
    }

    /// Sets the cookie: scripts cannot read it, and other sites cannot make a browser send it.
    static func set(_ id: String, isSecure: Bool) -> String {
        "\(name)=\(id); Path=/; Max-Age=\(HubLimits.sessionSeconds); HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
    }

    /// Removes the cookie.
    static let clear = "\(name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
}
