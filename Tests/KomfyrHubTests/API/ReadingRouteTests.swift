import EventLoop
import HTTPTypes
import Hummingbird
import NIOCore
import Protocol
import Testing

@testable import KomfyrHub

/// Context, export, histogram, facets, purge: what each answers, at its limits, and to what is malformed.
@Suite struct ReadingRouteTests {
    private let bed = APITestBed(retentionHours: 48)

    private static let epoch = WallClock.now() / 3_600_000_000_000 * 3_600_000_000_000 - 3_600_000_000_000

    /// Logs `m0`… a minute apart, in two groups by turns.
    private func fill(_ api: APIClient, _ count: Int = 6) async throws {
        let logs = (0..<count)
            .map { index in
                """
                {"message":"m\(index)","group":"\(index % 2 == 0 ? "a" : "b:c")","source":"h",\
                "level":"\(index == 0 ? "error" : "info")","tags":["t,\(index)"],"data":{"n":\(index).50},\
                "timestamp":"\(Timestamp.text(Self.epoch + Int64(index) * 60_000_000_000))"}
                """
            }
        #expect(try await api.post("/api/logs/batch", "[\(logs.joined(separator: ","))]").status == .ok)
    }

    private func id(_ api: APIClient, _ message: String) async throws -> String {
        let logs = try await api.get("/api/logs?limit=1000").json.list ?? []
        return try #require(logs.first { $0["message"] == .text(message) }?["id"]?.text)
    }

    private func messages(_ value: JSONValue?) -> [String] { value?.list?.compactMap { $0["message"]?.text } ?? [] }

    // MARK: Context

    @Test(arguments: [
        ("", "m0,m2", "m6,m8"), ("?before=1&after=1", "m2", "m6"), ("?before=0&after=0", "", ""),
        ("?before=500&after=500", "m0,m2", "m6,m8"),
    ])
    func `a log's neighbours are of its group and source`(
        _ query: String,
        _ before: String,
        _ after: String
    ) async throws {
        try await bed.run { api async throws in
            try await fill(api, 10)
            let answer = try await api.get("/api/logs/\(try await id(api, "m4"))/context\(query)")
            #expect(answer.status == .ok)
            let json = try answer.json
            #expect(json["log"]?["message"] == .text("m4"))
            #expect(messages(json["before"]).joined(separator: ",") == before)
            #expect(messages(json["after"]).joined(separator: ",") == after)
        }
    }

    @Test(arguments: ["before=501", "after=501", "before=-1", "after=x", "before=1&before=2", "limit=3"])
    func `a malformed context is 422`(_ query: String) async throws {
        try await bed.run { api async throws in
            try await fill(api, 1)
            let answer = try await api.get("/api/logs/\(try await id(api, "m0"))/context?\(query)")
            #expect(answer.status == .unprocessableContent)
        }
    }

    @Test(arguments: ["nonsense", "log_20261123050000_0400010000000001", "%2e%2e"])
    func `the context of a log that is not there is 404`(_ id: String) async throws {
        try await bed.run { api async throws in
            #expect(try await api.get("/api/logs/\(id)/context").status == .notFound)
            #expect(try await api.get("/api/logs/\(id)").status == .notFound)
        }
    }

    @Test func `an id may stand in escapes`() async throws {
        try await bed.run { api async throws in
            try await fill(api, 1)
            let escaped = try await id(api, "m0").split(separator: "_").joined(separator: "%5F")
            #expect(try await api.get("/api/logs/\(escaped)").status == .ok)
            #expect(try await api.get("/api/logs/\(escaped)/context").status == .ok)
        }
    }

    // MARK: Export

    @Test func `an export is everything that matches, in order, with a file name`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let answer = try await api.get("/api/logs/export?group=b:*&format=json&order=asc")
            #expect(answer.headers[.contentType] == "application/json")
            #expect(messages(try answer.json) == ["m1", "m3", "m5"])
            let name = try #require(answer.headers[.contentDisposition])
            #expect(name.hasPrefix("attachment; filename=\"komfyrvakt-b-2") && name.hasSuffix("Z.json\""))
            let lines = try await api.get("/api/logs/export?level=error")
            #expect(lines.headers[.contentType] == "application/x-ndjson")
            #expect(lines.text.hasSuffix("\n"))
            #expect(lines.text.split(separator: "\n").count == 1)
            #expect(lines.text.contains(#""data":{"n":0.50}"#))
        }
    }

    @Test func `a table has a header row and one row a log`() async throws {
        try await bed.run { api async throws in
            try await fill(api, 1)
            _ = try await api.post("/api/logs", #"{"message":"=cmd|' /C calc'!A0\nsecond \"line\""}"#)
            let answer = try await api.get("/api/logs/export?format=csv&order=asc")
            #expect(answer.headers[.contentType] == "text/csv; charset=utf-8; header=present")
            let text = answer.text
            #expect(text.hasPrefix("id,timestamp,received_at,level,group,source,message,tags,data\r\n"))
            #expect(text.contains(#",error,a,h,m0,"[""t,0""]","{""n"":0.50}""# + "\r\n"))
            #expect(text.hasSuffix(",info,,,\"'=cmd|' /C calc'!A0\nsecond \"\"line\"\"\",,\r\n"))
        }
    }

    @Test(arguments: [("csv", "id,timestamp"), ("json", "["), ("ndjson", "")])
    func `an export of nothing is a whole file`(_ format: String, _ start: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/logs/export?format=\(format)")
            #expect(answer.status == .ok)
            #expect(answer.text.hasPrefix(start))
            if format == "json" { #expect(try answer.json == .list([])) }
        }
    }

    @Test func `the head of an export tells its name and reads nothing`() async throws {
        bed.store.failure = .redisUnavailable("gone")
        try await bed.run { api async throws in
            let answer = try await api.send(.head, "/api/logs/export?format=csv")
            #expect(answer.status == .ok)
            #expect(answer.headers[.contentDisposition]?.contains(".csv") == true)
        }
    }

    @Test(arguments: ["format=xml", "order=up", "limit=5", "cursor=1.2.3", "since=x", "interval=5m"])
    func `a malformed export is 422`(_ query: String) async throws {
        try await bed.run { api async throws in
            #expect(try await api.get("/api/logs/export?\(query)").status == .unprocessableContent)
        }
    }

    @Test func `an export that cannot begin is 503`() async throws {
        bed.store.failure = .redisUnavailable("gone")
        try await bed.run { api async throws in
            let answer = try await api.get("/api/logs/export")
            #expect(answer.status == .serviceUnavailable)
        }
    }

    // MARK: Histogram

    @Test func `a histogram counts by interval and level`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let json = try await api.get("/api/histogram?interval=2m&since=3h").json
            #expect(json["interval"] == .text("2m"))
            #expect(json["interval_seconds"]?.int == 120)
            #expect(json["total"]?.int == 6)
            #expect(json["buckets"]?.list?.compactMap { $0["count"]?.int } == [2, 2, 2])
            #expect(json["buckets"]?[0]?["timestamp"] == .text(Timestamp.text(Self.epoch)))
            #expect(json["buckets"]?[0]?["levels"]?["error"]?.int == 1)
            let part = try await api.get("/api/histogram?interval=2m&group=b:c&since=3h").json
            #expect(part["total"]?.int == 3)
        }
    }

    @Test(arguments: [
        ("since=60s", "1s"), ("since=5m", "5s"), ("since=15m", "10s"), ("since=1h", "1m"), ("since=6h", "5m"),
        ("since=1d", "15m"), ("", "30m"), ("since=7d", "30m"), ("since=2h&until=1h", "1m"), ("since=1h&until=2h", "1s"),
        ("interval=90s", "90s"), ("interval=120m&since=1d", "2h"), ("interval=366d", "366d"),
        ("interval=1s&since=9999s", "1s"), ("interval=2w", "14d"),
    ])
    func `an interval is chosen for about a hundred, or as asked for`(
        _ query: String,
        _ interval: String
    ) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/histogram?\(query)")
            #expect(try answer.json["interval"] == .text(interval), "\(answer.text)")
        }
    }

    @Test(arguments: [
        "interval=0s", "interval=5", "interval=m", "interval=-5m", "interval=367d", "interval=9999999999w",
        "interval=1s", "interval=1s&since=3h", "interval=5m&limit=3", "interval=1.5h", "interval=5m&interval=1h",
    ])
    func `a malformed interval, or one that makes too many, is 422 and says so`(_ query: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/histogram?\(query)")
            #expect(answer.status == .unprocessableContent)
            if query.hasPrefix("interval=1s") { #expect(answer.text.contains("10000 intervals")) }
        }
    }

    // MARK: Facets

    @Test func `facets count the commonest values`() async throws {
        try await bed.run { api async throws in
            try await fill(api, 5)
            let json = try await api.get("/api/facets?limit=1").json
            #expect(json["total"]?.int == 5)
            #expect(json["levels"]?["info"]?.int == 4)
            #expect(json["groups"] == .list([.object(["value": .text("a"), "count": .number(3)])]))
            #expect(try await api.get("/api/facets?group=b:*").json["total"]?.int == 2)
        }
    }

    @Test(arguments: ["limit=0", "limit=101", "limit=1e1", "order=asc", "limit=%2B5"])
    func `malformed facets are 422`(_ query: String) async throws {
        try await bed.run { api async throws in
            #expect(try await api.get("/api/facets?\(query)").status == .unprocessableContent)
        }
    }

    // MARK: Patterns

    @Test func `patterns say what kinds of messages there are, and which are new`() async throws {
        try await bed.run { api async throws in
            try await fill(api, 5)
            let json = try await api.get("/api/patterns").json
            #expect(json["total"]?.int == 5)
            #expect(json["count"]?.int == 1)
            #expect(json["cut"] == .boolean(false))
            let pattern = try #require(json["patterns"]?[0])
            #expect(pattern["template"] == .text("m<num>"))
            #expect(pattern["count"]?.int == 5)
            #expect(pattern["share"] == .number(1))
            #expect(pattern["level"] == .text("info"))
            #expect(pattern["levels"]?["error"]?.int == 1)
            #expect(pattern["new"] == .boolean(false))
            #expect(pattern["example"] == .text("m4"))
            #expect(pattern["example_id"]?.text == (try await id(api, "m4")))
            #expect(pattern["first_seen"] == .text(Timestamp.text(Self.epoch)))
            #expect(pattern["last_seen"] == .text(Timestamp.text(Self.epoch + 240_000_000_000)))

            let log = #"{"message":"disk failed","timestamp":"\#(Timestamp.text(Self.epoch + 300_000_000_000))"}"#
            #expect(try await api.post("/api/logs", log).status == .ok)
            let since = Timestamp.text(Self.epoch + 120_000_000_000)
            let later = try await api.get("/api/patterns?since=\(since)&limit=1").json
            #expect(later["total"]?.int == 4)
            #expect(later["count"]?.int == 2)
            #expect(later["since"] == .text(since))
            #expect(later["patterns"]?.list?.count == 1)
            #expect(later["patterns"]?[0]?["template"] == .text("disk failed"))
            #expect(later["patterns"]?[0]?["new"] == .boolean(true))
            #expect(later["patterns"]?[0]?["share"] == .number(0.25))
            let known = try await api.get("/api/patterns?since=\(since)&new_since=\(Timestamp.text(Self.epoch))").json
            #expect(known["patterns"]?.list?.allSatisfy { $0["new"] == .boolean(false) } == true)
        }
    }

    @Test(arguments: ["limit=0", "limit=1001", "order=asc", "new_since=soon", "since=x", "cursor=1", "interval=5m"])
    func `malformed patterns are 422`(_ query: String) async throws {
        try await bed.run { api async throws in
            #expect(try await api.get("/api/patterns?\(query)").status == .unprocessableContent)
        }
    }

    // MARK: Searches

    @Test(arguments: [
        "/api/logs", "/api/logs/export", "/api/logs/stream", "/api/histogram", "/api/facets", "/api/patterns",
    ])
    func `what is wrong with a search is 422 with its position`(_ path: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("\(path)?q=%28")
            #expect(answer.status == .unprocessableContent)
            let issue = try #require(try answer.json["detail"]?[0])
            #expect(issue["type"] == .text("search"))
            #expect(issue["loc"] == .list([.text("query"), .text("q")]))
            let position = try #require(issue["ctx"]?["position"]?.int)
            #expect(issue["msg"]?.text?.contains("character \(position + 1)") == true)
        }
    }

    // MARK: Purge

    @Test(arguments: [
        ("group=a", 3, "group", "m1,m3,m5"), ("group=b", 0, "group", "m0,m1,m2,m3,m4,m5"),
        ("group=b:*", 3, "group", "m0,m2,m4"), ("all=true", 6, "all", ""),
    ])
    func `a purge removes what it names and no more`(
        _ query: String,
        _ purged: Int,
        _ scope: String,
        _ left: String
    ) async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let answer = try await api.send(.delete, "/api/purge?\(query)")
            let result = try answer.json["result"]
            #expect(result?["purged"]?.int == purged)
            #expect(result?["scope"] == .text(scope))
            #expect(result?.names == (scope == "all" ? ["purged", "scope"] : ["group", "purged", "scope"]))
            #expect(try messages(await api.get("/api/logs?order=asc").json).joined(separator: ",") == left)
        }
    }

    @Test(arguments: [
        "", "?all=false", "?group=", "?group=*", "?group=a&all=true", "?group=a*", "?group=a::b", "?group=:*",
        "?group=a&group=b", "?all=yes", "?group=&all=true", "?grup=a", "?group=%0A", "?group=a:*:*",
    ])
    func `a purge that does not say plainly what it means is 422 and removes nothing`(_ query: String) async throws {
        try await bed.run { api async throws in
            try await fill(api)
            #expect(try await api.send(.delete, "/api/purge\(query)").status == .unprocessableContent)
        }
        #expect(bed.store.logs.count == 6)
    }

    // MARK: Bounds

    @Test func `a bounded key sees and removes what is within its bound alone`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let bounded = try BoundedAPI(bed, GroupPattern("b:*"))
            #expect(try messages(await bounded.get("/api/logs?order=asc")) == ["m1", "m3", "m5"])
            #expect(try messages(await bounded.get("/api/logs?group=a")) == [])
            #expect(try await bounded.status("/api/logs/{id}", try await id(api, "m1")) == .ok)
            #expect(try await bounded.status("/api/logs/{id}", try await id(api, "m0")) == .notFound)
            #expect(try await bounded.status("/api/logs/{id}/context", try await id(api, "m1")) == .ok)
            #expect(try await bounded.status("/api/logs/{id}/context", try await id(api, "m0")) == .notFound)
            #expect(try messages(await bounded.get("/api/logs/export?format=json&order=asc")) == ["m1", "m3", "m5"])
            #expect(try await bounded.get("/api/histogram?since=3h")["total"]?.int == 3)
            #expect(try await bounded.get("/api/facets")["total"]?.int == 3)
            #expect(try await bounded.get("/api/patterns")["total"]?.int == 3)
            #expect(try await bounded.get("/api/groups")["groups"] == .list([.text("b:c")]))
            #expect(try await bounded.get("/api/stats")["stats"]?["total_logs"]?.int == 3)
            #expect(try await bounded.get("/api/purge?group=a")["result"]?["purged"]?.int == 0)
            #expect(try await bounded.get("/api/purge?all=true")["result"]?["purged"]?.int == 3)
        }
        #expect(bed.store.logs.count == 3)
    }

    @Test func `a bounded stream is bounded`() {
        var query = LogQuery()
        query.bound = GroupPattern("b:*")
        let filter = LiveFilter(query)
        #expect(filter.wants(group: "b:c") && filter.wants(group: "b"))
        #expect(!filter.wants(group: "a") && !filter.wants(group: nil))
    }

    // MARK: Without Redis

    @Test(arguments: ["/api/logs", "/api/histogram", "/api/facets", "/api/patterns"])
    func `what lacks what only Redis has says so`(_ path: String) async throws {
        bed.store.isPartial = true
        try await bed.run { api async throws in
            #expect(try await api.get(path).headers[.komfyrvaktPartial] == "redis")
        }
    }

    @Test func `a context that lacks what only Redis has says so`() async throws {
        bed.store.isPartial = true
        try await bed.run { api async throws in
            try await fill(api, 1)
            let answer = try await api.get("/api/logs/\(try await id(api, "m0"))/context")
            #expect(answer.headers[.komfyrvaktPartial] == "redis")
        }
    }

    @Test(arguments: [
        StoreError.redisUnavailable("x"), .fenced, .busy, .full, .stopping,
    ])
    func `what the store cannot do now is 503 with a time to wait`(_ error: StoreError) async throws {
        bed.store.failure = error
        try await bed.run { api async throws in
            for path in [
                "/api/logs", "/api/logs/log_20261123050000_0400010000000001",
                "/api/logs/log_20261123050000_0400010000000001/context", "/api/histogram", "/api/facets",
                "/api/patterns",
            ] {
                let answer = try await api.get(path)
                #expect(answer.status == .serviceUnavailable, "\(path)")
                #expect(answer.headers.contains(.retryAfter))
            }
            #expect(try await api.send(.delete, "/api/purge?all=true").status == .serviceUnavailable)
        }
    }
}

/// Calls routes as a key with a bound does, whatever keys know of bounds.
private struct BoundedAPI {
    let routes: [Route]
    let bound: GroupPattern

    init(_ bed: APITestBed, _ bound: GroupPattern) throws {
        routes = bed.api.routes.filter { $0.method == .get || $0.method == .delete }
        self.bound = bound
    }

    func get(_ uri: String) async throws -> JSONValue {
        let path = String(uri.prefix { $0 != "?" })
        let response = try await call(path, uri, "")
        let body = CollectedBody()
        try await response.body.write(body)
        return try JSONValue(body.bytes)
    }

    func status(_ path: String, _ id: String) async throws -> HTTPResponse.Status {
        do throws(APIError) {
            return try await call(path, path, id).status
        } catch {
            return error.status
        }
    }

    private func call(_ path: String, _ uri: String, _ value: String) async throws(APIError) -> Response {
        guard let route = routes.first(where: { $0.path == path }) else { throw APIError(.notFound, path) }
        let query = uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { uri[uri.utf8.index(after: $0)...] } ?? ""
        return try await route.handler(
            APICall(
                request: Request(
                    head: HTTPRequest(method: route.method, scheme: "http", authority: "localhost", path: uri),
                    body: RequestBody(buffer: ByteBuffer())
                ),
                query: try QueryParameters(query.utf8),
                pathValue: value,
                caller: Caller(name: "bounded", scopes: [.admin], bound: bound)
            )
        )
    }
}
