import HTTPTypes
import Logging
import Testing

@testable import KomfyrHub

/// The API over the real store and a real Redis; the other tests of it have both in memory.
@Suite struct StoredAPITests {
    /// Runs a test over the router of a hub as it is put together, without sockets.
    private func withAPI(_ test: (APIClient, StoreForTests) async throws -> Void) async throws {
        try await withStore { _, _, store in
            let api = HubAPI(
                HubAPI.Parts(
                    store: store.store,
                    feed: LiveFeed(hub: store.store.hub, newest: store.store.newestSequence),
                    rates: GroupRates(),
                    authenticator: Authenticator(environmentKey: APITestBed.adminKey, redis: store.client),
                    agents: AgentRegistry(redis: store.client, retentionHours: 48),
                    analysis: AnalysisService(
                        AnalysisService.Parts(
                            store: store.store,
                            redis: store.client,
                            retention: 48 * 3_600_000_000_000,
                            logger: .silent
                        )
                    ),
                    dashboard: DashboardFiles(folder: nil, frameAncestors: "'self'"),
                    retentionHours: 48,
                    memoryLimit: 1 << 30
                )
            )
            try await test(APIClient(router: api.router, described: try DescribedAPI.ofTheHub.get()), store)
        }
    }

    /// Posts logs `begin` to `end`, in two groups, every hundredth of them rare.
    private func post(_ api: APIClient, _ numbers: Range<Int>) async throws {
        let lines = numbers.map { number in
            #"{"message":"request \#(number)\#(number % 100 == 7 ? " zebra" : "")","#
                + #""group":"site:\#(number % 2)","source":"web","data":{"took":\#(number).50}}"#
        }
        let answer = try await api.post(
            "/api/logs/batch",
            lines.joined(separator: "\n"),
            type: "application/x-ndjson"
        )
        #expect(try answer.json["ingested"]?.int == numbers.count)
    }

    @Test func `what was posted is found, counted and exported whole, from chunks and tails alike`() async throws {
        try await withAPI { api, store in
            try await post(api, 0..<2_000)
            await store.store.seal()
            try await post(api, 2_000..<3_000)

            let found = try await api.get("/api/logs?q=zebra%20took%3E%3D1900&order=asc").json
            #expect(found.list?.count == 11)
            #expect(found[0]?["message"] == .text("request 1907 zebra"))
            #expect(try await api.get("/api/logs?q=zebra&group=site:0").json.list?.isEmpty == true)
            #expect(try await api.get("/api/logs?q=nothing").json == .list([]))

            let histogram = try await api.get("/api/histogram?q=zebra").json
            #expect(histogram["total"]?.int == 30)
            let facets = try await api.get("/api/facets?group=site:*").json
            #expect(facets["total"]?.int == 3_000)
            #expect(facets["groups"]?.list?.compactMap { $0["count"]?.int } == [1_500, 1_500])

            let patterns = try await api.get("/api/patterns?group=site:*").json
            #expect(patterns["total"]?.int == 3_000)
            #expect(patterns["patterns"]?[0]?["template"]?.text?.contains("request <num>") == true)

            let id = try #require(found[0]?["id"]?.text)
            let context = try await api.get("/api/logs/\(id)/context?before=3&after=200").json
            #expect(context["before"]?.list?.compactMap { $0["message"]?.text }.last == "request 1905")
            #expect(context["after"]?[0]?["message"] == .text("request 1909"))
            #expect(context["after"]?.list?.count == 200)

            let lines = try await api.get("/api/logs/export?order=asc").text.split(separator: "\n")
            #expect(lines.count == 3_000)
            #expect(lines.last?.contains(#""data":{"took":2999.50}"#) == true)
            #expect(Set(lines.map { $0.prefix(60) }).count == 3_000, "each id is there once")
            let table = try await api.get("/api/logs/export?format=csv&q=zebra").text.split(separator: "\r\n")
            #expect(table.count == 31)
            #expect(try await api.get("/api/logs/export?format=json&group=site:1").json.list?.count == 1_500)

            #expect(try await api.get("/api/groups").json["groups"]?.list == [.text("site:0"), .text("site:1")])
            #expect(try await api.get("/api/stats").json["stats"]?["total_logs"]?.int == 3_000)
            let zebras = try await api.get("/api/groups?detail=1&q=zebra").json["groups"]?.list ?? []
            #expect(zebras.map { $0["name"]?.text } == ["site:0", "site:1"])
            #expect(zebras.compactMap { $0["count"]?.int }.reduce(0, +) == 30)
        }
    }

    @Test func `pages follow each other to the end while logs arrive and tails are sealed`() async throws {
        try await withAPI { api, store in
            try await post(api, 0..<500)
            var address: String? = "/api/logs?limit=150"
            var seen: [String] = []
            var pages = 0
            while let next = address {
                let answer = try await api.get(next)
                seen += try answer.json.list?.compactMap { $0["message"]?.text } ?? []
                pages += 1
                try await post(api, (1_000 * pages)..<(1_000 * pages + 10))
                await store.store.seal()
                let link = answer.headers[.link] ?? ""
                address = link.isEmpty ? nil : String(link.dropFirst().prefix { $0 != ">" })
            }
            #expect(pages == 4)
            #expect(seen == (0..<500).reversed().map { "request \($0)\($0 % 100 == 7 ? " zebra" : "")" })
        }
    }

    @Test func `a purge removes from Redis what it names, and no more`() async throws {
        try await withAPI { api, store in
            try await post(api, 0..<200)
            await store.store.seal()
            try await post(api, 200..<300)
            let answer = try await api.send(.delete, "/api/purge?group=site:1").json
            #expect(answer["result"]?["purged"]?.int == 150)
            #expect(try await api.get("/api/logs?group=site:1").json == .list([]))
            #expect(try await api.get("/api/logs?limit=1000").json.list?.count == 150)
            await store.store.seal()
            #expect(try await api.send(.delete, "/api/purge?group=site:*").json["result"]?["purged"]?.int == 150)
            #expect(try await api.get("/api/stats").json["stats"]?["total_logs"]?.int == 0)
            try await post(api, 0..<2)
            #expect(try await api.send(.delete, "/api/purge?all=true").json["result"]?["purged"]?.int == 2)
            #expect(try await api.get("/api/logs/export").text.isEmpty)
        }
    }

    @Test func `a bound key sees and posts within its bound, until it is revoked`() async throws {
        try await withAPI { api, _ in
            try await post(api, 0..<100)
            let made =
                try await api.post(
                    "/api/keys",
                    #"{"name":"one","scopes":["read","ingest","admin"],"group":"site:1","expires_in":1}"#
                )
                .json
            let headers: HTTPFields = [.authorization: "Bearer \(try #require(made["key"]?.text))"]
            #expect(try await api.get("/api/logs/export", headers).text.split(separator: "\n").count == 50)
            #expect(try await api.get("/api/histogram", headers).json["total"]?.int == 50)
            #expect(try await api.get("/api/groups", headers).json["groups"]?.list == [.text("site:1")])
            #expect(try await api.post("/api/logs", #"{"message":"x","group":"site:0"}"#, headers).status != .ok)
            let purged = try await api.send(.delete, "/api/purge?all=true", headers).json
            #expect(purged["result"]?["purged"]?.int == 50)
            #expect(try await api.get("/api/logs?limit=1000").json.list?.count == 50)
            let id = try #require(made["id"]?.text)
            #expect(try await api.get("/api/keys").json["count"]?.int == 1)
            #expect(try await api.send(.delete, "/api/keys/\(id)").status == .ok)
            #expect(try await api.get("/api/keys").json["count"]?.int == 0)
            #expect(try await api.send(.delete, "/api/keys/\(id)").status == .notFound)
        }
    }
}
