import HTTPTypes
import Hummingbird
import NIOCore

/// Finds a request's route, checks who asks, and turns every failure into the API's one error shape.
///
/// It stands in the place of Hummingbird's own router: a table is all that is needed, `405` can name the methods that
/// there are, and nothing is allocated for a request beyond its answer.
struct HubRouter: HTTPResponder {
    typealias Context = APIContext

    private let fixed: [String: [Route]]
    /// By what stands before the name in braces.
    private let named: [(prefix: String, routes: [Route])]
    private let authenticator: Authenticator
    private let dashboard: DashboardFiles

    init(routes: [Route], authenticator: Authenticator, dashboard: DashboardFiles) {
        var fixed: [String: [Route]] = [:]
        var named: [String: [Route]] = [:]
        for route in routes {
            if let brace = route.path.firstIndex(of: "{") {
                named[String(route.path[..<brace]), default: []].append(route)
            } else {
                fixed[route.path, default: []].append(route)
            }
        }
        self.fixed = fixed
        self.named = named.map { (prefix: $0.key, routes: $0.value) }
        self.authenticator = authenticator
        self.dashboard = dashboard
    }

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let response: Response
        do throws(APIError) {
            response = try await answer(request, context)
        } catch {
            response = error.response
        }
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request, _ context: APIContext) async throws(APIError) -> Response {
        let address = request.head.path ?? "/"
        guard address.utf8.count <= HubLimits.addressBytes else {
            throw APIError(.uriTooLong, "An address may have \(HubLimits.addressBytes) bytes with its query.")
        }
        let mark = address.utf8.firstIndex(of: UInt8(ascii: "?"))
        let path = String(address[..<(mark ?? address.endIndex)])
        guard let (routes, value) = find(path) else {
            return try dashboard.answer(path, request)
        }
        let method = request.method == .head ? .get : request.method
        guard let route = routes.first(where: { $0.method == method }) else {
            throw Self.wrongMethod(request.method, path, allowed: routes.map(\.method))
        }
        var call = APICall(
            request: request,
            peer: context.peer,
            query: QueryParameters(),
            pathValue: value
        )
        var renewedCookie: String?
        if route.access != .open {
            let caller = try await authenticator.caller(of: request)
            if case .scope(let scope) = route.access, !caller.may(scope) { throw caller.lacks(scope) }
            renewedCookie = caller.renewedCookie
            call.caller = caller
        }
        if let mark {
            call.query = try QueryParameters(address[address.utf8.index(after: mark)...].utf8)
            try call.query.check(known: route.parameters)
        }
        var response: Response
        if route.runsOnLoop {
            response = try await route.handler(call)
        } else {
            let call = call
            response = try await inPool { () async throws(APIError) in try await route.handler(call) }
            if response.body.contentLength == nil { response.body = response.body.writtenInPool }
        }
        if let renewedCookie, !response.headers.contains(.setCookie) { response.headers[.setCookie] = renewedCookie }
        return response
    }

    private func find(_ path: String) -> (routes: [Route], value: String)? {
        if let routes = fixed[path] { return (routes, "") }
        for (prefix, routes) in named where path.utf8.count > prefix.utf8.count && path.hasPrefix(prefix) {
            let value = path.dropFirst(prefix.count)
            if !value.utf8.contains(UInt8(ascii: "/")) { return (routes, String(value)) }
        }
        return nil
    }

    private static func wrongMethod(
        _ method: HTTPRequest.Method,
        _ path: String,
        allowed: [HTTPRequest.Method]
    ) -> APIError {
        let names = allowed.map(\.rawValue).sorted().joined(separator: ", ")
        var error = APIError(.methodNotAllowed, "\(path) does not know \(method.rawValue); it knows \(names).")
        error.headers[.allow] = names
        return error
    }
}
