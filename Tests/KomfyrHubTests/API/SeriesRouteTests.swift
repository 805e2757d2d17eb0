import EventLoop
import HTTPTypes
import Hummingbird
import NIOCore
import Protocol
import Testing

@testable import KomfyrHub

/// `GET /api/timeseries`: what it answers, at its limits, to what is malformed, and from its cache.
@Suite struct SeriesRouteTests {
    private let bed = APITestBed()
    private static let minute: Int64 = 60_000_000_000
    private static let begin = WallClock.now() / (5 * minute) * 5 * minute

    /// One log every two minutes of the hour before, a part of them in another group.
    private func fill(_ api: APIClient, _ count: Int = 30) async throws {
        let logs = (1...count)
            .map { index in
                """
                {"message":"m","group":"\(index % 3 == 0 ? "b:c" : "a")","level":"\(index % 5 == 0 ? "error" : "info")",\
                "data":{"n":\(index).50,"deep":{"x y":\(index)},"text":"7"},\
                "timestamp":"\(Timestamp.text(Self.begin - Int64(index) * 2 * Self.minute))"}
                """
            }
        #expect(try await api.post("/api/logs/batch", "[\(logs.joined(separator: ","))]").status == .ok)
    }

    private func counts(_ json: JSONValue) -> Int {
        (json["intervals"]?.list ?? []).reduce(0) { $0 + ($1["log_count"]?.int ?? 0) }
    }

    @Test func `all intervals are there, with counts, levels and numbers`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let newest = WallClock.now() / (10 * Self.minute) * 10 * Self.minute
            let answer = try await api.get("/api/timeseries?since=1h&interval=10m&group=a")
            #expect(answer.status == .ok)
            let json = try answer.json
            #expect(json["interval"] == .text("10m"))
            #expect(json["interval_seconds"]?.int == 600)
            let intervals = try #require(json["intervals"]?.list)
            #expect(intervals.count == 7)
            #expect(json["total_intervals"]?.int == 7)
            #expect(json["fields_tracked"]?.list == [.text("deep.x y"), .text("n")])
            #expect(json["fields_cut"] == .boolean(false))
            #expect(json["trends"]?.list == [])
            let times = intervals.compactMap { $0["timestamp"]?.text }
                .compactMap { time in Array(time.utf8).withUnsafeBytes { Timestamp.parse($0) } }
            #expect(times.count == 7)
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 10 * Self.minute })
            #expect(times.allSatisfy { $0 % (10 * Self.minute) == 0 })
            #expect(times.last == newest || times.last == newest + 10 * Self.minute)
            for (time, interval) in zip(times, intervals) {
                let expected = (1...30)
                    .filter { index in
                        let log = Self.begin - Int64(index) * 2 * Self.minute
                        return index % 3 != 0 && log >= time && log < time + 10 * Self.minute
                    }
                #expect(interval["log_count"]?.int == expected.count)
                #expect(interval["levels"]?["error"]?.int == expected.count { $0 % 5 == 0 })
                guard let first = expected.max(), let last = expected.min() else {
                    #expect(interval["data"] == .object([:]))
                    continue
                }
                let sum = expected.reduce(0) { $0 + Double($1) + 0.5 }
                #expect(
                    interval["data"]?["n"]
                        == .object([
                            "min": .number(Double(last) + 0.5), "max": .number(Double(first) + 0.5),
                            "avg": .number(sum / Double(expected.count)), "sum": .number(sum),
                            "count": .number(Double(expected.count)), "last": .number(Double(last) + 0.5),
                        ])
                )
                #expect(interval["data"]?["deep.x y"]?["last"] == .number(Double(last)))
            }
        }
    }

    @Test(arguments: [
        ("field=n", ["n"]), ("field=n,deep.x%20y", ["deep.x y", "n"]), ("field=n&field=none", ["n"]),
        ("field=", ["deep.x y", "n"]), ("field=,", ["deep.x y", "n"]), ("field=none", []), ("field=text", []),
        ("group=a", ["deep.x y", "n"]), ("group=b:*", ["deep.x y", "n"]), ("group=b", []), ("q=n%3E100", []),
    ])
    func `the fields are those that are asked for and there`(_ query: String, _ fields: [String]) async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let json = try await api.get("/api/timeseries?since=2h&\(query)").json
            #expect(json["fields_tracked"]?.list?.compactMap(\.text) == fields)
        }
    }

    @Test(arguments: [
        ("", 576, 30), ("interval=1h", 48, 30), ("since=30m", 7, -1), ("since=30m&group=a", 7, -1),
        ("since=30m&level=error", 7, -1), ("since=1d&interval=1d", 2, -1), ("interval=366d", 1, -1),
        ("since=2h&until=90m", 7, 0), ("since=1h&until=1h", 1, -1), ("since=1h&until=2h", 0, 0), ("since=now", 1, 0),
        ("since=1970-01-01T00:00:00Z&interval=1h", 48, 30), ("since=9999w", 576, 30), ("until=0", 0, 0),
    ])
    func `a window begins and ends with intervals`(_ query: String, _ count: Int, _ logs: Int) async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let json = try await api.get("/api/timeseries?\(query)").json
            // A day and a year may begin anew between the two.
            let found = try #require(json["total_intervals"]?.int)
            #expect(found == count || query.contains("d") && abs(found - count) <= 1, "\(found)")
            #expect(json["intervals"]?.list?.count == found)
            // Where it does not hang on the moment.
            if logs >= 0 { #expect(counts(json) == logs) }
        }
    }

    @Test func `a time that is said exactly cuts an interval`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            let since = Timestamp.text(Self.begin - 9 * Self.minute)
            let until = Timestamp.text(Self.begin - 4 * Self.minute)
            let json = try await api.get("/api/timeseries?since=\(since)&until=\(until)").json
            #expect(json["total_intervals"]?.int == 2)
            #expect(counts(json) == 3)
        }
    }

    @Test(arguments: [
        "interval=0s", "interval=x", "interval=5", "interval=367d", "interval=1s", "interval=5m&interval=5m",
        "since=later", "level=loud", "q=(", "limit=3", "fields=n", "group=a&cursor=x",
        "since=10000s&interval=1s",
    ])
    func `what is malformed or too much is 422`(_ query: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/timeseries?\(query)")
            #expect(answer.status == .unprocessableContent)
        }
    }

    @Test func `too many fields for so many intervals are 422 in words`() async throws {
        try await bed.run { api async throws in
            let fields = (0..<100).map { "field=f\($0)" }.joined(separator: "&")
            #expect(try await api.get("/api/timeseries?\(fields)").status == .ok)
            let answer = try await api.get("/api/timeseries?\(fields)&since=2h&interval=1s")
            #expect(answer.status == .unprocessableContent)
            #expect(answer.text.contains("fields with 72"))
            let long = String(repeating: "n", count: 513)
            #expect(try await api.get("/api/timeseries?field=\(long)").status == .unprocessableContent)
            let many = (0..<101).map { "field=f\($0)" }.joined(separator: "&")
            #expect(try await api.get("/api/timeseries?\(many)").status == .unprocessableContent)
        }
    }

    @Test func `numbers are written as short as they can be, and names as they are`() async throws {
        try await bed.run { api async throws in
            let data =
                #"{"a":0.1,"b":3.0,"c":1e21,"d":-0.0,"e":5e-324,"f":9007199254740993,"#
                + #""\u0000\"":1.5,"g":1.7e308}"#
            for _ in 0..<2 {
                #expect(try await api.post("/api/logs", "{\"data\":\(data)}").status == .ok)
            }
            let text = try await api.get("/api/timeseries?since=5m&interval=366d").text
            for part in [
                #""a":{"min":0.1,"max":0.1,"avg":0.1,"sum":0.2,"count":2,"last":0.1}"#,
                #""b":{"min":3,"max":3,"avg":3,"sum":6,"count":2,"last":3}"#,
                #""c":{"min":1e+21,"#, #""d":{"min":0,"#, #""e":{"min":5e-324,"#, #""f":{"min":9007199254740992,"#,
                #""g":{"min":1.7e+308,"max":1.7e+308,"avg":null,"sum":null,"count":2,"last":1.7e+308}"#,
                #""\u0000\"":{"min":1.5,"#,
            ] {
                #expect(text.contains(part), "\(part)")
            }
        }
    }

    @Test func `what a trend finder finds stands in the answer`() async throws {
        let trend = Trend(
            subject: .field("n"),
            group: "a",
            kind: .spike,
            from: Self.begin - 2 * Self.minute,
            to: Self.begin - Self.minute,
            before: 1,
            after: 3.5,
            confidence: 0.75
        )
        let source = TrendSource { series, subject, group, counts in
            guard case .field("n") = subject else { return [] }
            #expect(group == "a" && counts?.values.count == series.values.count)
            return [trend]
        } sentence: { trend, interval, now in
            "\(trend.kind.rawValue) in \(interval / Self.minute) min, \(now > trend.to)"
        }
        try await bed.run { api async throws in try await fill(api) }
        let route = try #require(
            SeriesRoute(store: bed.store, retention: 48 * 60 * Self.minute, trends: source).routes.first
        )
        let call = APICall(
            request: Request(
                head: HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: "/api/timeseries"),
                body: RequestBody(buffer: .init())
            ),
            query: try QueryParameters("group=a&since=1h".utf8[...]),
            pathValue: ""
        )
        let body = CollectedBody()
        try await route.handler(call).body.write(body)
        #expect(
            String(buffer: body.bytes)
                .contains(
                    #""trends":[{"subject":"field","field":"n","group":"a","kind":"spike","from":"\#(Timestamp.text(trend.from))""#
                        + #","to":"\#(Timestamp.text(trend.to))","before":1,"after":3.5,"change":2.5,"confidence":0.75"#
                        + #","text":"spike in 5 min, true"}]"#
                )
        )
    }

    // MARK: The cache

    @Test func `the same is answered from the cache until logs come or go`() async throws {
        try await bed.run { api async throws in
            try await fill(api)
            // Said exactly: of the hour until now there is another answer as soon as an interval begins.
            let hour =
                "since=\(Timestamp.text(Self.begin - 60 * Self.minute))&until=\(Timestamp.text(Self.begin))"
            let first = try await api.get("/api/timeseries?\(hour)&group=a")
            try await eventually("it is kept") { bed.store.kept.count == 1 }
            for _ in 0..<3 {
                #expect(try await api.get("/api/timeseries?group=a&\(hour)").text == first.text)
            }
            #expect(bed.store.seriesComputed == 1)
            // Others are others.
            _ = try await api.get("/api/timeseries?\(hour)")
            _ = try await api.get("/api/timeseries?\(hour)&group=a&field=n")
            #expect(bed.store.seriesComputed == 3)
            // A purge counts at once.
            #expect(try await api.send(.delete, "/api/purge?group=a").status == .ok)
            let after = try await api.get("/api/timeseries?\(hour)&group=a").json
            #expect(counts(after) == 0)
            #expect(bed.store.seriesComputed == 4)
        }
    }

    @Test func `a part is answered with its header, and never kept`() async throws {
        bed.store.isPartial = true
        try await bed.run { api async throws in
            for _ in 0..<2 {
                let answer = try await api.get("/api/timeseries?since=1h")
                #expect(answer.headers[.komfyrvaktPartial] == "redis")
            }
            #expect(bed.store.seriesComputed == 2)
            #expect(bed.store.kept == [])
            bed.store.isPartial = false
            bed.store.failure = .redisUnavailable("gone")
            #expect(try await api.get("/api/timeseries?since=1h").status == .serviceUnavailable)
        }
    }

    @Test func `what one key's answer holds is never another key's`() async throws {
        try await withStore { _, _, store in
            let bed = APITestBed(store: store.store, redis: store.client)
            let api = APIClient(router: bed.api.router, described: try DescribedAPI.ofTheHub.get())
            try await fill(api)
            await store.store.seal()
            let bounded = try await bed.key(.read, group: "b:*")
            let other = try await bed.key(.read, group: "a")
            func ask(_ key: String?) async throws -> Int {
                let headers: HTTPFields = key.map { [.authorization: "Bearer \($0)"] } ?? APITestBed.admin
                return counts(try await api.get("/api/timeseries?since=3h&group=*", headers).json)
            }
            for _ in 0..<3 {
                #expect(try await ask(nil) == 30)
                #expect(try await ask(bounded) == 10)
                #expect(try await ask(other) == 20)
            }
            try await eventually("they are kept") {
                let keys = try await store.client.send(RedisCommand("KEYS", "kmf:cache:series:*"))
                if case .array(let keys) = keys { return keys.count >= 2 }
                return false
            }
            #expect(try await ask(bounded) == 10)
        }
    }

    @Test func `a Redis that is gone gives what memory holds, and says so`() async throws {
        try await withStore { redis, _, store in
            let bed = APITestBed(store: store.store, redis: store.client)
            let api = APIClient(router: bed.api.router, described: try DescribedAPI.ofTheHub.get())
            try await fill(api, 3)
            await store.store.seal()
            try await fill(api, 2)
            #expect(counts(try await api.get("/api/timeseries?since=1h&interval=10m").json) == 5)
            redis.kill()
            // By the minute rows are needed, which were not read yet.
            let answer = try await api.get("/api/timeseries?since=1h&interval=1m&field=none")
            #expect(answer.headers[.komfyrvaktPartial] == "redis")
            #expect(counts(try answer.json) == 2)
        }
    }
}
