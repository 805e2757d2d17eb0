import EventLoop
import HTTPTypes
import Protocol
import Testing

@testable import KomfyrHub

@Suite struct QueryRouteTests {
    private let bed = APITestBed(retentionHours: 72)

    private func messages(_ api: APIClient, _ query: String) async throws -> [String] {
        let answer = try await api.get("/api/logs?\(query)")
        #expect(answer.status == .ok, "\(answer.text)")
        return try answer.json.list?.compactMap { $0["message"]?.text } ?? []
    }

    private func fill(_ api: APIClient) async throws {
        let now = WallClock.now()
        func at(_ seconds: Int64) -> String { Timestamp.text(now - seconds * 1_000_000_000) }
        let body = """
            [{"message":"1","group":"a","level":"debug","tags":["x"],"source":"h1","timestamp":"\(at(7_200))"},
             {"message":"2","group":"a:b","level":"info","tags":["x","y"],"source":"h2","timestamp":"\(at(600))"},
             {"message":"3","group":"ab","level":"error","tags":["x\\"y"],"timestamp":"\(at(60))"},
             {"message":"4","level":"critical","timestamp":"\(at(30))"},
             {"message":"5","group":"a","level":"warning","timestamp":"\(at(90))"}]
            """
        #expect(try await api.post("/api/logs/batch", body).status == .ok)
    }

    @Test(arguments: [
        ("", "4,3,5,2,1"), ("order=asc", "1,2,5,3,4"), ("group=a", "5,1"), ("group=a%3A*", "5,2,1"),
        ("group=a:b&group=ab", "3,2"), ("group=a*", ""), ("group=%2A", "4,3,5,2,1"),
        ("group=", "4,3,5,2,1"),
        ("level=warning", "4,3,5"), ("level=err", "4,3"), ("levels=debug,error", "3,1"),
        ("level=info&levels=debug", ""), ("tags=x", "2,1"), ("tags=x,y", "2,1"), ("tags=x,y&tags_mode=all", "2"),
        ("tags=x%22y", "3"), ("tags=z", ""),
        ("source=h1", "1"), ("source=h", ""), ("since=15m", "4,3,5,2"), ("until=15m", "1"),
        ("since=3h&until=80s", "5,2,1"),
        ("limit=2", "4,3"), ("limit=1&order=asc", "1"),
    ])
    func `each filter finds what it means`(_ query: String, _ expected: String) async throws {
        try await bed.run { api async throws in
            try await fill(api)
            #expect(try await messages(api, query).joined(separator: ",") == expected)
        }
    }

    @Test(arguments: [
        "since=yesterday", "since=15x", "until=2026-13-01T00:00:00Z", "since=99999999999d", "limit=0", "limit=1001",
        "limit=ten", "order=up", "level=loud", "levels=info,loud", "tags_mode=some", "cursor=abc", "cursor=1.2",
        "serach=x", "limit=1&limit=2",
    ])
    func `what is malformed is 422 and names the parameter, never 500`(_ query: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/logs?\(query)")
            #expect(answer.status == .unprocessableContent)
            let name = String(query.prefix { $0 != "=" })
            #expect(try answer.json["detail"]?[0]?["loc"] == .list([.text("query"), .text(name)]))
        }
    }

    @Test func `an unknown parameter is refused with those that are known`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/logs?grop=a")
            #expect(try answer.json["detail"]?[0]?["msg"]?.text?.contains("group, tags") == true)
        }
    }

    @Test func `pages follow one another by Link without gaps, while logs arrive`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            var found: [String] = []
            var next = "/api/logs?limit=2&since=3h&group=a:*&group=ab"
            for _ in 0..<10 {
                let answer = try await api.get(next)
                found += try answer.json.list?.compactMap { $0["message"]?.text } ?? []
                _ = try await api.post("/api/logs", #"{"message":"new","group":"a"}"#)
                guard let link = answer.headers[.link] else { break }
                #expect(link.hasPrefix("</api/logs?") && link.hasSuffix(">; rel=\"next\""))
                #expect(!link.contains("since=3h"))
                next = String(link.dropFirst().prefix { $0 != ">" })
            }
            #expect(found == ["3", "5", "2", "1"])
        }
    }

    @Test func `a log is found by its id`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let log = try #require(try await api.get("/api/logs?limit=1").json[0])
            let id = try #require(log["id"]?.text)
            #expect(try await api.get("/api/logs/\(id)").json == log)
            for missing in ["log_20261123052352_0000000000000000", "nonsense", "stream2"] {
                let answer = try await api.get("/api/logs/\(missing)")
                #expect(answer.status == .notFound)
                #expect(try answer.json == .object(["detail": .text("Log \(missing) not found")]))
            }
        }
    }

    @Test func `groups are sorted names, and figures when asked for`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let plain = try await api.get("/api/groups").json
            #expect(plain["status"] == .text("success"))
            #expect(plain["groups"] == .list([.text("a"), .text("a:b"), .text("ab")]))
            #expect(plain["count"]?.int == 3)
            let detail = try await api.get("/api/groups?detail=1").json["groups"]?[0]
            #expect(detail?["name"] == .text("a"))
            #expect(detail?["count"]?.int == 2)
            #expect(detail?["levels"]?["debug"]?.int == 1)
            #expect(detail?["rate"] == .number(0.033))
            #expect(detail?["newest"]?.text?.hasSuffix("Z") == true)
        }
    }

    @Test func `a filter changes what groups count, and leaves those without any there`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            func counts(_ parameters: String) async throws -> [String: Int] {
                let groups = try await api.get("/api/groups?detail=1&\(parameters)").json["groups"]?.list ?? []
                return Dictionary(
                    uniqueKeysWithValues: groups.map { ($0["name"]?.text ?? "", $0["count"]?.int ?? -1) }
                )
            }
            #expect(try await counts("since=1h") == ["a": 1, "a:b": 1, "ab": 1])
            #expect(try await counts("levels=debug") == ["a": 1, "a:b": 0, "ab": 0])
            #expect(try await counts("until=2001-01-01T00:00:00Z") == ["a": 0, "a:b": 0, "ab": 0])
            #expect(try await counts("group=a:*&since=1h") == ["a": 1, "a:b": 1])
            #expect(try await api.get("/api/groups?since=1h").status == .unprocessableContent)
            #expect(try await api.get("/api/groups?detail=1&q=%28").status == .unprocessableContent)
        }
    }

    @Test func `stats tell the retention that is configured`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let stats = try await api.get("/api/stats").json["stats"]
            #expect(stats?["retention_hours"]?.int == 72)
            #expect(stats?["total_logs"]?.int == 5)
            #expect(stats?["storage"] == .text("redis"))
            #expect(stats?["bytes_per_log"]?.int == 30)
            #expect(stats?["memory_limit"]?.int == 1 << 30)
            #expect(stats?["levels"]?["critical"]?.int == 1)
        }
    }

    @Test func `a page that lacks what only Redis has says so`() async throws {
        bed.store.isPartial = true
        try await bed.run { api async throws in
            #expect(try await api.get("/api/logs").headers[.komfyrvaktPartial] == "redis")
        }
    }
}
