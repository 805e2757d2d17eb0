import HTTPTypes
import Synchronization
import Testing

@testable import KomfyrHub

/// `POST /api/analyze` over the whole API, by the statistics; every answer is held against the description.
@Suite struct AnalyzeRouteTests {
    private let bed = APITestBed()

    private func post(_ api: APIClient) async throws {
        let answer = try await api.post(
            "/api/logs/batch",
            #"[{"message":"disk full","level":"error","group":"a:b","data":{"used":91.5}},"#
                + #"{"message":"ok","group":"a"},{"message":"ok","group":"c"}]"#
        )
        #expect(answer.status == .ok)
    }

    @Test func `a report has the shape of the contract`() async throws {
        try await bed.run { api async throws in
            try await post(api)
            let answer = try await api.send(.post, "/api/analyze?group=a:*&hours=2")
            #expect(answer.status == .ok)
            let json = try answer.json
            #expect(json.names == ["analysis", "cached", "logs_since", "status"])
            #expect(json["cached"] == .boolean(false) && json["logs_since"]?.int == 0)
            let analysis = try #require(json["analysis"])
            #expect(
                analysis.names == [
                    "aggregation", "ai_insights", "analyst", "analyzed_logs", "group", "left_out", "patterns", "since",
                    "time_series", "timestamp", "until",
                ]
            )
            #expect(analysis["group"]?.text == "a:*")
            #expect(analysis["analyzed_logs"]?.int == 2)
            #expect(analysis["aggregation"]?["total_logs"]?.int == 2)
            #expect(analysis["aggregation"]?["level_counts"]?["error"]?.int == 1)
            #expect(analysis["analyst"]?["provider"]?.text == "statistics")
            #expect(analysis["ai_insights"]?["severity"]?.text != nil)
        }
    }

    @Test func `parameters stand in the address, in the body, or in neither`() async throws {
        try await bed.run { api async throws in
            try await post(api)
            for (address, body, count) in [
                ("", "", 3), ("", "{}", 3), ("?group=a", "", 1), ("", #"{"group":"a:*","hours":1,"refresh":true}"#, 2),
                ("?hours=48", #"{"group":"c"}"#, 1), ("?group=a", #"{"group":"a"}"#, 1), ("?group=*", " \n", 3),
                ("?refresh=1", #"{"group":null}"#, 3), ("?group=none", "", 0),
            ] {
                let answer = try await api.post("/api/analyze\(address)", body)
                #expect(try answer.json["analysis"]?["analyzed_logs"]?.int == count, "\(address) \(body)")
            }
        }
    }

    @Test(arguments: [
        ("?hours=0", ""), ("?hours=49", ""), ("?hours=x", ""), ("?refresh=maybe", ""), ("?groups=a", ""),
        ("?group=a&group=b", ""), ("", #"{"hours":"1"}"#), ("", #"{"hours":49}"#), ("", #"{"refresh":1}"#),
        ("", #"{"grup":"a"}"#), ("", "[]"), ("", "no JSON"), ("?group=a", #"{"group":"b"}"#),
        ("?refresh=1", #"{"refresh":false}"#), ("", #"{"group":["a"]}"#),
    ])
    func `what does not validate is said`(_ address: String, _ body: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/analyze\(address)", body)
            #expect(answer.status == .unprocessableContent, "\(answer.text)")
        }
    }

    @Test func `a body is bounded, and so is a group`() async throws {
        try await bed.run { api async throws in
            let long = String(repeating: "x", count: 5_000)
            #expect(try await api.post("/api/analyze", #"{"group":"\#(long)"}"#).status == .contentTooLarge)
            let group = String(repeating: "x", count: 300)
            #expect(try await api.post("/api/analyze", #"{"group":"\#(group)"}"#).status == .unprocessableContent)
            #expect(try await api.post("/api/analyze?group=\(group)", "").status == .unprocessableContent)
        }
    }

    @Test func `a key's bound is in all that it is told`() async throws {
        let key = try await bed.key(.read, group: "a:*")
        let headers: HTTPFields = [.authorization: "Bearer \(key)"]
        try await bed.run { api async throws in
            try await post(api)
            let all = try await api.post("/api/analyze", "", headers)
            #expect(try all.json["analysis"]?["analyzed_logs"]?.int == 2)
            let other = try await api.post("/api/analyze?group=c", "", headers)
            #expect(try other.json["analysis"]?["analyzed_logs"]?.int == 0)
        }
    }

    @Test(arguments: [false, true])
    func `only who sees the whole hub is told where its model is, and what a day may cost`(_ hasNoTokens: Bool)
        async throws
    {
        let sender = ScriptedSender { _, _ in (404, #"{"error":"no such model"}"#) }
        let dialect = OpenAIDialect(base: "http://models.internal:8000", model: "secret-model", key: nil)
        let bed = APITestBed(
            model: ModelCaller(dialect: dialect, sender: sender),
            dailyTokens: hasNoTokens ? 1 : HubLimits.dailyTokensDefault
        )
        let bound = try await bed.key(.read, group: "a:*")
        let reader = try await bed.key(.read)
        try await bed.run { api async throws in
            try await post(api)
            let told = hasNoTokens ? "AI_DAILY_TOKENS" : "models.internal"
            for token in [bound, reader, APITestBed.adminKey] {
                let answer = try await api.post("/api/analyze", "", [.authorization: "Bearer \(token)"])
                let error = try #require(try answer.json["analysis"]?["analyst"]?["error"]?.text)
                if token == bound {
                    #expect(error == ReportWriter.neutralWords)
                    #expect(!tells(answer.text))
                } else {
                    #expect(error.contains(told), "\(error)")
                }
            }
            for group in ["a:*", "*"] {
                let token = try await share(group, api)
                // What failed is not kept: a share is shown what the statistics say.
                let answer = try await api.post("/api/analyze", "", [.authorization: "Bearer \(token)"])
                #expect(answer.status == .ok && !tells(answer.text), "\(answer.text)")
                #expect(try answer.json["analysis"]?["analyst"]?["provider"]?.text == "statistics")
            }
        }
    }

    /// Whether a text tells of the model or of what it may cost.
    private func tells(_ text: String) -> Bool {
        ["models.internal", "secret-model", "AI_DAILY_TOKENS", "OPENAI", "openai"].contains { text.contains($0) }
    }

    private func share(_ group: String, _ api: APIClient) async throws -> String {
        let answer = try await api.post("/api/share", #"{"group":"\#(group)","hours":1}"#)
        return try #require(try answer.json["token"]?.text)
    }

    @Test func `a share token orders nothing of a model, and gets what is kept, or the statistics`() async throws {
        let sent = Mutex(0)
        let sender = ScriptedSender { _, _ in
            sent.withLock { $0 += 1 }
            return (200, ModelAnswers.openAI())
        }
        let dialect = OpenAIDialect(base: "http://models.internal:8000", model: "some-model", key: nil)
        let bed = APITestBed(model: ModelCaller(dialect: dialect, sender: sender))
        try await bed.run { api async throws in
            try await post(api)
            let token = try await share("a:*", api)
            let headers: HTTPFields = [.authorization: "Bearer \(token)"]
            for body in ["", #"{"group":"a:*"}"#, #"{"group":"a:*","refresh":true}"#] {
                let answer = try await api.post("/api/analyze", body, headers)
                #expect(answer.status == .ok)
                #expect(try answer.json["analysis"]?["analyst"]?["provider"]?.text == "statistics", "\(answer.text)")
                #expect(try answer.json["analysis"]?["analyzed_logs"]?.int == 2)
                // Not made anew for whoever has a link.
                #expect(try answer.json["cached"] == .boolean(body.contains("refresh")), "\(body)")
            }
            #expect(sent.withLock { $0 } == 0)
            let ordered = try await api.post("/api/analyze", #"{"group":"a:*"}"#)
            #expect(try ordered.json["analysis"]?["analyst"]?["provider"]?.text == "openai", "\(ordered.text)")
            let count = sent.withLock { $0 }
            #expect(count > 0)
            let kept = try await api.post("/api/analyze", #"{"group":"a:*"}"#, headers)
            #expect(kept.status == .ok, "\(kept.text)")
            #expect(try kept.json["cached"] == .boolean(true))
            #expect(try kept.json["analysis"] == ordered.json["analysis"])
            let again = try await api.post("/api/analyze", #"{"group":"a:*","refresh":true}"#, headers)
            #expect(try again.json["analysis"] == ordered.json["analysis"])
            // Another window or group is another report.
            for body in [#"{"group":"a:*","hours":2}"#, #"{"group":"a"}"#, ""] {
                let other = try await api.post("/api/analyze", body, headers)
                #expect(other.status == .ok)
                #expect(try other.json["analysis"]?["analyst"]?["provider"]?.text == "statistics", "\(other.text)")
            }
            #expect(sent.withLock { $0 } == count)
            // What lies beyond its bound is nothing that it is shown, kept or not.
            #expect(try await api.post("/api/analyze", "").status == .ok)
            let bound = try await api.post("/api/analyze", "", headers)
            #expect(try bound.json["analysis"]?["analyzed_logs"]?.int == 2)
            #expect(try bound.json["analysis"]?["analyst"]?["provider"]?.text == "statistics", "\(bound.text)")
        }
    }

    @Test func `a share token has the hub itself write reports, which costs nobody anything`() async throws {
        try await bed.run { api async throws in
            try await post(api)
            let token = try await share("a:*", api)
            let answer = try await api.post("/api/analyze?refresh=1", "", [.authorization: "Bearer \(token)"])
            #expect(answer.status == .ok)
            #expect(try answer.json["analysis"]?["analyzed_logs"]?.int == 2)
        }
    }

    @Test func `keys that see all of a group share its report, others do not`() async throws {
        let key = try await bed.key(.read, group: "a:*")
        let headers: HTTPFields = [.authorization: "Bearer \(key)"]
        try await bed.run { api async throws in
            try await post(api)
            #expect(try await api.post("/api/analyze?group=a:*", "").json["cached"] == .boolean(false))
            let same = try await api.post("/api/analyze?group=a:*", "", headers)
            #expect(try same.json["cached"] == .boolean(true))
            #expect(try await api.post("/api/analyze", "").json["analysis"]?["analyzed_logs"]?.int == 3)
            let all = try await api.post("/api/analyze", "", headers)
            #expect(try all.json["cached"] == .boolean(false))
            #expect(try all.json["analysis"]?["analyzed_logs"]?.int == 2)
        }
    }

    @Test func `it needs the scope read, and with a cookie the hub's own origin`() async throws {
        let ingest = try await bed.key(.ingest)
        let session = try await bed.authenticator.openSession(key: bed.authenticator.environmentKey, isSecure: false)
        let cookie: HTTPFields = [.cookie: "\(SessionCookie.name)=\(session.id)"]
        try await bed.run { api async throws in
            #expect(try await api.post("/api/analyze", "", [:]).status == .unauthorized)
            let headers: HTTPFields = [.authorization: "Bearer \(ingest)"]
            #expect(try await api.post("/api/analyze", "", headers).status == .forbidden)
            #expect(try await api.post("/api/analyze", "", cookie).status == .forbidden)
            for (origin, status) in [("http://localhost", HTTPResponse.Status.ok), ("http://evil.example", .forbidden)]
            {
                var fields = cookie
                fields[.origin] = origin
                #expect(try await api.post("/api/analyze", "", fields).status == status)
            }
            #expect(try await api.get("/api/analyze").status == .methodNotAllowed)
        }
    }

    @Test func `the rate of a key counts`() async throws {
        let key = try await bed.key([.read], rateLimit: 1)
        let headers: HTTPFields = [.authorization: "Bearer \(key)"]
        try await bed.run { api async throws in
            #expect(try await api.post("/api/analyze", "", headers).status == .ok)
            #expect(try await api.post("/api/analyze", "", headers).status == .tooManyRequests)
        }
    }

    @Test func `a store that cannot be asked is 503, and one that lacks a part says so`() async throws {
        try await bed.run { api async throws in
            bed.store.failure = .silent
            let answer = try await api.post("/api/analyze", "")
            #expect(answer.status == .serviceUnavailable && answer.headers[.retryAfter] != nil)
            bed.store.failure = nil
            bed.store.isPartial = true
            #expect(try await api.post("/api/analyze", "").headers[.komfyrvaktPartial] == "redis")
        }
    }

    @Test func `stats and metrics tell of it, and of all tokens only to who sees all groups`() async throws {
        let key = try await bed.key(.read, group: "a")
        try await bed.run { api async throws in
            _ = try await api.post("/api/analyze", "")
            let stats = try await api.get("/api/stats").json["stats"]?["ai"]
            #expect(stats?["provider"]?.text == "statistics" && stats?["model"] == .null)
            #expect(stats?["tokens_today"]?.int == 0 && stats?["daily_tokens"]?.int == HubLimits.dailyTokensDefault)
            let bound = try await api.get("/api/stats", [.authorization: "Bearer \(key)"]).json["stats"]?["ai"]
            #expect(bound?["tokens_today"] == .null && bound?["daily_tokens"] == .null)
            let text = try await api.get("/metrics").text
            for line in [
                #"komfyrvakt_ai_reports_total{by="statistics"} 1"#, #"komfyrvakt_ai_reports_total{by="model"} 0"#,
                "komfyrvakt_ai_running 0", "komfyrvakt_ai_tokens_today 0", "komfyrvakt_ai_daily_tokens 500000",
                #"komfyrvakt_ai_tokens_total{direction="in"} 0"#,
            ] { #expect(text.contains(line + "\n"), "\(line)") }
        }
    }
}
