import HTTPTypes
import Hummingbird
import NIOCore
import Protocol

/// One way into the API: what it takes, who may use it, and what answers.
struct Route: Sendable {
    var method: HTTPRequest.Method
    /// As in API.md, like `/api/logs/{id}`, with at most one name in braces, which stands for one part.
    var path: String
    var access: Access
    /// The query parameters that it knows.
    var parameters: [String] = []
    /// The handler never takes long, and runs on its connection's event loop; the others run in the pool.
    var runsOnLoop = false
    /// What the OpenAPI description says about it; a test lists the routes that have none.
    var documentation: RouteDocumentation?
    var handler: @Sendable (APICall) async throws(APIError) -> Response

    /// Who may use a route.
    enum Access: Sendable, Equatable {
        /// Everyone, without a key.
        case open
        /// Whoever has a key or a session, with any scope.
        case anyCaller
        /// Those with this scope.
        case scope(Scope)
    }
}

/// A request on its way to a route's handler.
struct APICall: Sendable {
    var request: Request
    /// The peer's address; nil where there is no socket.
    var peer: SocketAddress?
    var query: QueryParameters
    /// What stands for the name in braces, escapes decoded.
    var pathValue: String
    /// Nil on open routes.
    var caller: Caller?
    /// Closes the connection that the request came over.
    var hangUp: @Sendable () -> Void = {}

    /// The groups that the caller may see; nil: all.
    var bound: GroupPattern? { caller?.bound }
}

/// What Hummingbird makes for each request: where it came from.
struct APIContext: InitializableFromSource {
    /// Nil where there is no connection.
    let peer: SocketAddress?
    /// The connection; nil where there is none.
    var channel: (any Channel)?

    init(source: ApplicationRequestContextSource) {
        peer = source.channel.remoteAddress
        channel = source.channel
    }

    /// For requests that came over no connection.
    init(peer: SocketAddress?) { self.peer = peer }
}
