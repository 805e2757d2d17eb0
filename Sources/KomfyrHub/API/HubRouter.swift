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
    /// Those with a name in braces.
    private let named: [Pattern]
    private let authenticator: Authenticator
    private let dashboard: DashboardFiles
    private let limiter = RateLimiter()
    private let metrics: HubMetrics
    /// Of what is no route: the dashboard's files, unknown addresses, wrong methods.
    private let otherFigures: RouteFigures

    /// A path with a name in braces: what stands before and behind it.
    private struct Pattern {
        var prefix: String
        var suffix: String
        var routes: [Known]

        init?(_ path: String, _ routes: [Known]) {
            guard let open = path.firstIndex(of: "{"), let close = path.firstIndex(of: "}") else { return nil }
            prefix = String(path[..<open])
            suffix = String(path[path.index(after: close)...])
            self.routes = routes
        }

        /// What stands for the name in a path, escapes decoded; nil when the path is another.
        func value(in path: String) -> String? {
            guard path.utf8.count > prefix.utf8.count + suffix.utf8.count, path.utf8.starts(with: prefix.utf8),
                path.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            else { return nil }
            let value = path.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
            return value.contains(UInt8(ascii: "/")) ? nil : QueryParameters.decode(value, plusIsBlank: false)
        }
    }

    /// A route and what is counted of it.
    private struct Known {
        var route: Route
        var figures: RouteFigures
    }

    init(routes: [Route], authenticator: Authenticator, dashboard: DashboardFiles, metrics: HubMetrics = HubMetrics()) {
        let known = routes.map {
            Known(route: $0, figures: metrics.figures(method: $0.method.rawValue, path: $0.path))
        }
        let byPath = Dictionary(grouping: known, by: \.route.path)
        fixed = byPath.filter { !$0.key.utf8.contains(UInt8(ascii: "{")) }
        named = byPath.compactMap { Pattern($0.key, $0.value) }
        self.metrics = metrics
        otherFigures = metrics.figures(method: "*", path: "*")
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
        if let channel = context.channel { call.hangUp = { channel.close(promise: nil) } }
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

    private func find(_ path: String) -> (routes: [Known], value: String)? {
        if let routes = fixed[path] { return (routes, "") }
        for pattern in named {
            if let value = pattern.value(in: path) { return (pattern.routes, value) }
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
