import HTTPTypes
import Hummingbird
import Protocol

/// Everything that reads what is stored, once: listing, one log, groups, figures.
struct QueryRoutes: Sendable {
    let store: any LogStoring
    let rates: GroupRates
    let retentionHours: Int
    /// Bytes; what `KOMFYRVAKT_MEMORY_LIMIT` or its default comes to.
    let memoryLimit: Int

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/logs",
                access: .scope(.read),
                parameters: LogFilterParameters.listingNames
            ) { call throws(APIError) in try await list(call) },
            Route(method: .get, path: "/api/logs/{id}", access: .scope(.read)) { call throws(APIError) in
                try await one(call)
            },
            Route(method: .get, path: "/api/groups", access: .scope(.read), parameters: ["detail"]) {
                call throws(APIError) in try groups(call)
            },
            Route(method: .get, path: "/api/stats", access: .scope(.read)) { _ throws(APIError) in stats() },
        ]
    }

    private func list(_ call: APICall) async throws(APIError) -> Response {
        let query = try LogFilterParameters.listing(call.query, now: WallClock.now())
        let page: LogPage
        do throws(StoreError) {
            page = try await store.page(query)
        } catch {
            throw APIError(error)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(page.logs.count * 320 + 2)
        bytes.append(UInt8(ascii: "["))
        for (index, log) in page.logs.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            LogEncoder.append(log, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        var headers = HTTPFields()
        if let next = page.next {
            headers[.link] = PageLink.next(call.query, query, path: "/api/logs", cursor: next)
        }
        if page.isPartial { headers[.komfyrvaktPartial] = "redis" }
        return .json(bytes, adding: headers)
    }

    private func one(_ call: APICall) async throws(APIError) -> Response {
        var found: StoredLog?
        if let id = LogID(text: call.pathValue) {
            do throws(StoreError) {
                found = try await store.log(id)
            } catch {
                throw APIError(error)
            }
        }
        guard let found else { throw APIError(.notFound, "Log \(call.pathValue.prefix(100)) not found") }
        var bytes: [UInt8] = []
        LogEncoder.append(found, to: &bytes)
        return .json(bytes)
    }

    private func groups(_ call: APICall) throws(APIError) -> Response {
        let isDetailed =
            try call.query.word("detail", [("1", true), ("true", true), ("0", false), ("false", false)]) ?? false
        let groups = store.groups(bound: nil).sorted { $0.name < $1.name }
        let rates = isDetailed ? rates.rates() : [:]
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("groups")
        json.beginArray()
        for group in groups {
            if isDetailed {
                Self.write(group, rate: rates[group.number] ?? 0, to: &json)
            } else {
                json.string(group.name)
            }
        }
        json.endArray()
        json.key("count")
        json.integer(groups.count)
        json.endObject()
        return .json(json.bytes)
    }

    private static func write(_ group: GroupSummary, rate: Double, to json: inout JSONWriter) {
        json.beginObject()
        json.key("name")
        json.string(group.name)
        json.key("count")
        json.integer(group.count)
        json.key("newest")
        json.time(group.newest)
        json.key("levels")
        json.levels(group.levels)
        json.key("rate")
        json.number(rate)
        json.endObject()
    }

    private func stats() -> Response {
        let stats = store.stats(bound: nil)
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("stats")
        json.beginObject()
        json.key("total_logs")
        json.integer(stats.totalLogs)
        json.key("storage")
        json.string("redis")
        json.key("retention_hours")
        json.integer(retentionHours)
        json.key("groups")
        json.integer(stats.groups)
        json.key("bytes_stored")
        json.integer(stats.bytesStored)
        json.key("bytes_per_log")
        json.number(stats.totalLogs > 0 ? Double(stats.bytesStored) / Double(stats.totalLogs) : 0)
        json.key("memory_limit")
        json.integer(stats.memoryLimit ?? memoryLimit)
        json.key("memory_used")
        json.integer(stats.memoryUsed)
        json.key("is_full")
        json.boolean(stats.isFull)
        json.key("oldest")
        json.time(stats.oldest)
        json.key("newest")
        json.time(stats.newest)
        json.key("levels")
        json.levels(stats.levels)
        json.key("ingest_rate")
        json.number(stats.ingestRate)
        json.key("rejected")
        json.integer(stats.rejected)
        json.key("dropped")
        json.integer(stats.dropped)
        json.endObject()
        json.endObject()
        return .json(json.bytes)
    }
}
