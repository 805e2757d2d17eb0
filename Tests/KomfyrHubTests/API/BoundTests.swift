import HTTPTypes
import NIOCore
import Testing

@testable import KomfyrHub

/// What a key that is bound to groups can reach of the others, by every route there is, over a real store.
///
/// Everything beyond the bound has `foreign` in all its texts, so that it is found wherever it turns up.
@Suite struct BoundTests {
    private static let bound = "in:*"
    private static let own: [String?] = ["in", "in:a"]
    /// Other groups, one without a name, and one whose name begins as the bound's does.
    private static let foreign: [String?] = [nil, "foreign:x", "infra:foreign", "i"]

    /// Each route with what is asked of it; `ID` stands for each log beyond the bound, `CURSOR` for one of the admin's.
    private static let questions: [String: [String]] = [
        "GET /api": [""],
        "GET /api/health": [""],
        "GET /api/docs": [""],
        "GET /api/docs/{file}": [],
        "GET /api/openapi.json": [],
        "GET /api/logs": filters + ["?order=asc", "?cursor=CURSOR", "?order=asc&cursor=CURSOR", "?q=-own&limit=1000"],
        "GET /api/logs/{id}": ["/ID"],
        "GET /api/logs/{id}/context": ["/ID/context", "/ID/context?before=500&after=500"],
        "GET /api/logs/export": filters + ["?format=csv", "?format=json", "?order=asc"],
        "GET /api/histogram": filters + ["?interval=1h&since=1d"],
        "GET /api/facets": filters + ["?limit=100"],
        "GET /api/patterns": filters + ["?new_since=0&limit=1000", "?since=0&new_since=1h"],
        "GET /api/timeseries": filters + ["?field=foreignfield", "?interval=1m&since=1h", "?field=n&interval=1h"],
        "GET /api/groups": ["", "?detail=1", "?detail=1&since=1h&group=*"],
        "GET /api/stats": [""],
        "GET /api/agents": [""],
        "GET /api/keys": [""],
        "GET /api/session": [""],
        "GET /metrics": [""],
    ]
    /// Those that change something, or stay open, each with a part of the test of its own.
    private static let others: Set = [
        "POST /api/logs", "POST /api/logs/batch", "DELETE /api/purge", "POST /api/keys", "DELETE /api/keys/{id}",
        "POST /api/share", "PUT /api/agents/{id}", "GET /api/logs/stream", "POST /api/session", "DELETE /api/session",
        "POST /api/analyze",
    ]
    private static let filters = [
        "", "?group=*", "?group=foreign:*", "?group=foreign:x", "?group=i", "?group=infra:*",
        "?group=in:*&group=foreign:x", "?q=foreign", "?q=fore*", "?q=*oreig*", "?q=/for.ign/", "?q=group:foreign*",
        "?q=foreignfield%3E0", "?q=tags:foreigntag", "?q=source:foreignhost", "?q=own%20OR%20foreign", "?q=-foreign",
        "?tags=foreigntag", "?source=foreignhost", "?levels=error", "?since=1d",
    ]

    private static func log(_ group: String?, _ number: Int) -> String {
        let name = group.map { #""\#($0)""# } ?? "null"
        if own.contains(group ?? "") { return #"{"message":"own \#(number)","group":\#(name),"data":{"n":1}}"# }
        return #"{"message":"foreign secret \#(number)","group":\#(name),"level":"error","tags":["foreigntag"],"#
            + #""source":"foreignhost","data":{"foreignfield":7,"kind":"foreignvalue"}}"#
    }

    private static func batch(_ groups: [String?]) -> String {
        "[" + groups.enumerated().map { log($1, $0) }.joined(separator: ",") + "]"
    }

    @Test func `a bounded key reaches nothing beyond its bound by any route`() async throws {
        try await withStore { _, _, store in
            let bed = APITestBed(store: store.store, redis: store.client)
            let api = APIClient(router: bed.api.router, described: try DescribedAPI.ofTheHub.get(), isChecked: false)
            let names = bed.api.routes.map { "\($0.method.rawValue) \($0.path)" }
            // A new route belongs into the table.
            #expect(Set(names).subtracting(Self.questions.keys).subtracting(Self.others) == [])

            let repeated: HTTPFields = Self.with(
                APITestBed.admin,
                .idempotencyKey,
                "agent.0123456789abcdef0123456789abcdef/1"
            )
            #expect(try await api.post("/api/logs/batch", Self.batch(Self.foreign), repeated).status == .ok)
            #expect(try await api.post("/api/logs/batch", Self.batch(Self.own)).status == .ok)
            await store.store.seal()
            #expect(try await api.post("/api/logs/batch", Self.batch(Self.foreign + Self.own)).status == .ok)
            let heartbeat = #"{"version":"1","host":"foreignhost"}"#
            #expect(
                try await api.send(.put, "/api/agents/foreign", APITestBed.admin, ByteBuffer(string: heartbeat)).status
                    == .ok
            )
            let foreignKey = try await api.post(
                "/api/keys",
                #"{"name":"foreign","scopes":["read"],"group":"foreign:*"}"#
            )
            let foreignID = try #require(try foreignKey.json["id"]?.text)
            let bounded = try await bed.key(.ingest, .read, .admin, group: Self.bound)
            let headers: HTTPFields = [.authorization: "Bearer \(bounded)"]

            // Before the many questions: its rate is that of the last minute.
            let stats = try #require(try await api.get("/api/stats", headers).json["stats"])
            let all = try #require(try await api.get("/api/logs?limit=1000").json.list)
            #expect(all.count == 12)
            let ids = all.filter { $0["message"]?.text?.contains("foreign") == true }.compactMap { $0["id"]?.text }
            #expect(ids.count == 8)
            let link = try await api.get("/api/logs?limit=1").headers[.link] ?? ""
            let cursor = try #require(link.split(separator: "cursor=").last?.split(separator: ">").first)

            for (route, questions) in Self.questions {
                let path = String(route.split(separator: " ")[1].split(separator: "{")[0])
                for question in questions {
                    for id in question.contains("ID") ? ids : [""] {
                        let tail = question.replacing("/ID", with: id).replacing("CURSOR", with: cursor)
                        let answer = try await api.get(path + tail, headers)
                        #expect(!answer.text.contains("foreign"), "\(route) \(question)")
                        #expect(!ids.contains { answer.text.contains($0) && $0 != id }, "\(route) \(question)")
                        // The pages' assets are no part of this test.
                        let isMissing = !id.isEmpty || route == "GET /api/docs"
                        let status: HTTPResponse.Status =
                            route == "GET /metrics" ? .forbidden : isMissing ? .notFound : .ok
                        #expect(answer.status == status, "\(route) \(question)")
                    }
                }
            }
            #expect(try await api.get("/api/histogram?since=1d", headers).json["total"]?.int == 4)
            #expect(try await api.get("/api/facets", headers).json["total"]?.int == 4)
            #expect(try await api.get("/api/patterns", headers).json["total"]?.int == 4)
            let series = try await api.get("/api/timeseries?interval=1h", headers).json
            #expect(series["intervals"]?.list?.reduce(0) { $0 + ($1["log_count"]?.int ?? 0) } == 4)
            #expect(series["fields_tracked"]?.list == [.text("n")])
            #expect(stats["total_logs"]?.int == 4)
            #expect(stats["groups"]?.int == 2)
            #expect(stats["agents"]?.int == 0)
            #expect(stats["levels"]?["error"]?.int == 0)
            // 4 of 12 logs in the last minute.
            #expect(stats["ingest_rate"] == .number(0.067))
            #expect(stats["rejected"] == .null)
            #expect(stats["dropped"] == .null)

            try await Self.checkReports(api, headers)
            try await Self.checkChanges(api, headers, repeated, foreignID: foreignID)
            #expect(try await api.get("/api/logs?limit=1000").json.list?.count == 8)
        }
    }

    /// Reports, also those that are kept of somebody who sees more.
    private static func checkReports(_ api: APIClient, _ headers: HTTPFields) async throws {
        for group in ["*", "foreign:*", "i", "in:*"] {
            let whole = try await api.post("/api/analyze?group=\(group)", "")
            #expect(try await api.post("/api/analyze?group=\(group)", "").json["cached"] == .boolean(true))
            #expect(whole.status == .ok)
            for refresh in ["0", "1"] {
                let answer = try await api.post("/api/analyze?group=\(group)&refresh=\(refresh)", "", headers)
                let analysis = try #require(try answer.json["analysis"])
                #expect(analysis["analyzed_logs"]?.int == (["*", "in:*"].contains(group) ? 4 : 0))
                // The scope is what was asked for.
                let text = answer.text.replacing(#""group":"\#(group)""#, with: "")
                    .replacing("No logs in \(group) in the", with: "")
                for word in ["foreign", "infra"] { #expect(!text.contains(word), "\(group)") }
            }
        }
    }

    /// What changes something changes nothing beyond the bound.
    private static func checkChanges(
        _ api: APIClient,
        _ headers: HTTPFields,
        _ repeated: HTTPFields,
        foreignID: String
    ) async throws {
        #expect(try await api.post("/api/logs", log("foreign:x", 1), headers).status == .forbidden)
        #expect(try await api.post("/api/logs?group=foreign:x", #"{"message":"m"}"#, headers).status == .forbidden)
        #expect(try await api.post("/api/logs/batch", batch(foreign), headers).status == .unprocessableContent)
        // The identity of another key's batch: what is answered is what was sent, and nothing is stored.
        var repeating = headers
        repeating[.idempotencyKey] = repeated[.idempotencyKey]
        let answer = try await api.post("/api/logs/batch", batch(["in", "in", "in", "in"]), repeating)
        #expect(try answer.json["duplicate"] == .boolean(true))
        #expect(!answer.text.contains("foreign"))
        for group in ["", #","group":"*""#, #","group":"foreign:*""#, #","group":"infra""#, #","group":"i""#] {
            let body = #"{"name":"mine","scopes":["read"]\#(group)}"#
            #expect(try await api.post("/api/keys", body, headers).status == .forbidden)
        }
        for group in ["*", "foreign:*", "infra", "i"] {
            #expect(try await api.post("/api/share", #"{"group":"\#(group)"}"#, headers).status == .forbidden)
        }
        #expect(try await api.send(.delete, "/api/keys/\(foreignID)", headers).status == .notFound)
        let heartbeat = ByteBuffer(string: #"{"version":"1"}"#)
        #expect(try await api.send(.put, "/api/agents/foreign", headers, heartbeat).status == .forbidden)
        for group in ["foreign:*", "infra:*", "i"] {
            let answer = try await api.send(.delete, "/api/purge?group=\(group)", headers)
            #expect(try answer.json["result"]?["purged"]?.int == 0)
        }
        let purged = try await api.send(.delete, "/api/purge?all=true", headers)
        #expect(try purged.json["result"]?["purged"]?.int == 4)
    }

    private static func with(_ fields: HTTPFields, _ name: HTTPField.Name, _ value: String) -> HTTPFields {
        var fields = fields
        fields[name] = value
        return fields
    }

    @Test func `a bounded stream that resumes at a foreign log brings its own alone`() async throws {
        try await withStore { _, _, store in
            let bed = APITestBed(store: store.store, redis: store.client)
            let api = APIClient(router: bed.api.router, described: try DescribedAPI.ofTheHub.get(), isChecked: false)
            let first = try await api.post("/api/logs", Self.log("foreign:x", 1))
            let id = try #require(try first.json["id"]?.text)
            #expect(try await api.post("/api/logs/batch", Self.batch(Self.foreign + Self.own)).status == .ok)
            let key = try await bed.key(.read, group: Self.bound)
            try await bed.serve { port in
                let connection = try RawConnection(port: port)
                connection.send(
                    APITestBed.get(
                        "/api/logs/stream?group=*&last_event_id=\(id)",
                        "Authorization: Bearer \(key)\r\n"
                    )
                )
                try await connection.wait(for: "own 5")
                #expect(
                    try await api.post("/api/logs/batch", Self.batch(Self.foreign + Self.own + ["in"])).status == .ok
                )
                try await connection.wait(for: "own 6")
                #expect(!connection.text.contains("foreign"))
            }
        }
    }
}
