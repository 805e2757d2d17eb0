import EventLoop
import HTTPTypes
import Hummingbird
import Protocol

/// Stored logs: a listing in pages, one log, and its neighbours.
struct QueryRoutes: Sendable {
    let store: any LogStoring

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/logs",
                access: .scope(.read),
                parameters: LogFilterParameters.listingNames,
                documentation: Self.listDocumentation
            ) { call throws(APIError) in try await list(call) },
            Route(
                method: .get,
                path: "/api/logs/{id}",
                access: .scope(.read),
                documentation: Self.oneDocumentation
            ) { call throws(APIError) in try await one(call) },
            Route(
                method: .get,
                path: "/api/logs/{id}/context",
                access: .scope(.read),
                parameters: ["before", "after"],
                documentation: Self.contextDocumentation
            ) { call throws(APIError) in try await context(call) },
        ]
    }

    private func list(_ call: APICall) async throws(APIError) -> Response {
        let query = try LogFilterParameters.listing(call.query, bound: call.bound, now: WallClock.now())
        let page: LogPage
        do throws(StoreError) {
            page = try await store.page(query)
        } catch {
            throw APIError(error)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(page.logs.count * 320 + 2)
        Self.append(page.logs, to: &bytes)
        var headers = HTTPFields.partial(page.isPartial)
        if let next = page.next {
            headers[.link] = PageLink.next(call.query, query, path: "/api/logs", cursor: next)
        }
        return .json(bytes, adding: headers)
    }

    private func one(_ call: APICall) async throws(APIError) -> Response {
        let id = try Self.id(call)
        let found: StoredLog?
        do throws(StoreError) {
            found = try await store.log(id)
        } catch {
            throw APIError(error)
        }
        // What a key may not see is, for it, not there.
        guard let found, call.bound?.matches(found.group) ?? true else { throw Self.notFound(call) }
        var bytes: [UInt8] = []
        LogEncoder.append(found, to: &bytes)
        return .json(bytes)
    }

    private func context(_ call: APICall) async throws(APIError) -> Response {
        let range = 0...HubLimits.contextLogs
        let before = try call.query.number("before", range) ?? HubLimits.contextLogsDefault
        let after = try call.query.number("after", range) ?? HubLimits.contextLogsDefault
        let id = try Self.id(call)
        let found: LogContext?
        do throws(StoreError) {
            found = try await store.context(id, before: before, after: after, bound: call.bound)
        } catch {
            throw APIError(error)
        }
        guard let found else { throw Self.notFound(call) }
        var json = JSONWriter()
        json.beginObject()
        json.key("before")
        json.value { Self.append(found.before, to: &$0) }
        json.key("log")
        json.value { LogEncoder.append(found.log, to: &$0) }
        json.key("after")
        json.value { Self.append(found.after, to: &$0) }
        json.endObject()
        return .json(json.bytes, adding: .partial(found.isPartial))
    }

    private static func id(_ call: APICall) throws(APIError) -> LogID {
        guard let id = LogID(text: call.pathValue) else { throw notFound(call) }
        return id
    }

    private static func notFound(_ call: APICall) -> APIError {
        APIError(.notFound, "Log \(call.pathValue.prefix(100)) not found")
    }

    private static func append(_ logs: [StoredLog], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for (index, log) in logs.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            LogEncoder.append(log, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}

extension HTTPFields {
    /// `Komfyrvakt-Partial: redis` for answers that lack what only Redis has.
    static func partial(_ isPartial: Bool) -> HTTPFields { isPartial ? [.komfyrvaktPartial: "redis"] : [:] }
}
