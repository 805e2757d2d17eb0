import EventLoop
import HTTPTypes
import Hummingbird
import Protocol

/// What kinds of messages there are, and which of them are new.
struct PatternRoutes: Sendable {
    let store: any LogStoring

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/patterns",
                access: .scope(.read),
                parameters: LogFilterParameters.spanNames + ["new_since", "limit"],
                documentation: Self.patternsDocumentation
            ) { call throws(APIError) in try await patterns(call) }
        ]
    }

    private func patterns(_ call: APICall) async throws(APIError) -> Response {
        let now = WallClock.now()
        var query = try LogFilterParameters.span(call.query, bound: call.bound, now: now)
        let since = query.since ?? now - HubLimits.patternSpan
        query.since = since
        let newSince = try LogFilterParameters.time("new_since", call.query, now: now) ?? since
        let limit = try call.query.number("limit", 1...HubLimits.patternsListed) ?? HubLimits.patternsListedDefault
        let found: LogPatterns
        do throws(StoreError) {
            found = try await store.patterns(query, newSince: newSince, limit: limit)
        } catch {
            throw APIError(error)
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("patterns")
        json.patterns(found.patterns.prefix(limit), of: found.total)
        json.key("count")
        json.integer(found.count)
        json.key("total")
        json.integer(found.total)
        json.key("cut")
        json.boolean(found.isCut)
        json.key("since")
        json.time(since)
        json.key("new_since")
        json.time(newSince)
        json.endObject()
        return .json(json.bytes, adding: .partial(found.isPartial))
    }
}
