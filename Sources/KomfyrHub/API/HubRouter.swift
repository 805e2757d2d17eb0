import HTTPTypes
import Hummingbird
import NIOCore

/// Finds a request's route, checks who asks, and turns every failure into the API's one error shape.
///
/// It stands in the place of Hummingbird's own router: a table is all that is needed, `405` can name the methods that
/// there are, and nothing is allocated for a request beyond its answer.
struct HubRouter: HTTPResponder {
    typealias Context = APIContext

    private let fixed: [String: [Known]]
    /// By what stands before the name in braces.
    private let named: [(prefix: String, routes: [Known])]
    private let authenticator: Authenticator
    private let dashboard: DashboardFiles
    private let limiter = RateLimiter()
    private let metrics: HubMetrics
    /// Of what is no route: the dashboard's files, unknown addresses, wrong methods.
    private let otherFigures: RouteFigures

    /// A route and what is counted of it.
    private struct Known {
        var route: Route
        var figures: RouteFigures
    }

    init(routes: [Route], authenticator: Authenticator, dashboard: DashboardFiles, metrics: HubMetrics = HubMetrics()) {
        var fixed: [String: [Known]] = [:]
        var named: [String: [Known]] = [:]
        for route in routes {
            let known = Known(
                route: route,
                figures: metrics.figures(method: route.method.rawValue, path: route.path)
            )
            if let brace = route.path.firstIndex(of: "{") {
                named[String(route.path[..<brace]), default: []].append(known)
            } else {
                fixed[route.path, default: []].append(known)
            }
        }
        self.metrics = metrics
        otherFigures = metrics.figures(method: "*", path: "*")
        self.fixed = fixed
        self.named = named.map { (prefix: $0.key, routes: $0.value) }
        self.authenticator = authenticator
        self.dashboard = dashboard
    }

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let response: Response
        let began = ContinuousClock.now
        var figures = otherFigures
        do throws(APIError) {
            response = try await answer(request, context, &figures)
        } catch {
            response = error.response
        }
        let elapsed = (ContinuousClock.now - began).components
        figures.note(
            response.status,
            nanoseconds: Int(elapsed.seconds) * 1_000_000_000 + Int(elapsed.attoseconds / 1_000_000_000)
        )
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request,
        _ context: APIContext,
        _ figures: inout RouteFigures
    ) async throws(APIError) -> Response {
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
        guard let known = routes.first(where: { $0.route.method == method }) else {
            throw Self.wrongMethod(request.method, path, allowed: routes.map(\.route.method))
        }
        let route = known.route
        figures = known.figures
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
            if let key = caller.key {
                do throws(APIError) {
                    try limiter.take(key, isIngest: route.access == .scope(.ingest))
                } catch {
                    metrics.limited()
                    throw error
                }
            }
            renewedCookie = caller.renewedCookie
            call.caller = caller
        }
        if let mark {
            call.query = try QueryParameters(address[address.utf8.index(after: mark)...].utf8)
            try call.query.check(known: route.parameters)
        }
        var response = try await route.handler(call)
        if let renewedCookie, !response.headers.contains(.setCookie) { response.headers[.setCookie] = renewedCookie }
        return response
    }

    private func find(_ path: String) -> (routes: [Known], value: String)? {
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
