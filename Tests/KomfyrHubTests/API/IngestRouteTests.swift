import HTTPTypes
import Testing

@testable import KomfyrHub

@Suite struct IngestRouteTests {
    private let bed = APITestBed()

    @Test func `one log is answered as it is stored, nulls written`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs", #"{"message":"disk full","level":"warn","group":"a:b"}"#)
            #expect(answer.status == .ok)
            let log = try answer.json
            #expect(
                log.names == ["data", "group", "id", "level", "message", "received_at", "source", "tags", "timestamp"]
            )
            #expect(log["message"] == .text("disk full"))
            #expect(log["level"] == .text("warning"))
            #expect(log["group"] == .text("a:b"))
            #expect(log["tags"] == .list([]))
            #expect(log["data"] == .null)
            #expect(log["source"] == .null)
            #expect(log["id"]?.text?.hasPrefix("log_") == true)
        }
    }

    @Test func `a log with a group and data alone is stored`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs", #"{"group":"freezer","data":{"temperature":-18.50}}"#)
            #expect(answer.status == .ok)
            #expect(try answer.json["message"] == .text("temperature=-18.50"))
            #expect(answer.text.contains(#""data":{"temperature":-18.50}"#))
        }
    }

    @Test(arguments: [
        ("array", "application/json", #"[{"message":"1"},{"message":"2"}]"#),
        ("object", "application/json; charset=utf-8", #"{"logs":[{"message":"1"},{"message":"2"}]}"#),
        ("lines", "application/x-ndjson", "{\"message\":\"1\"}\n{\"message\":\"2\"}\n"),
        ("what curl -d sends", "application/x-www-form-urlencoded", #"[{"message":"1"},{"message":"2"}]"#),
    ])
    func `a batch may be an array, an object or lines`(_ form: String, _ type: String, _ body: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs/batch", body, type: type)
            #expect(answer.status == .ok)
            let json = try answer.json
            #expect(json["status"] == .text("success"))
            #expect(json["ingested"]?.int == 2)
            #expect(json["rejected"]?.int == 0)
            #expect(json["errors"] == .list([]))
            #expect(json["logs"]?.list?.count == (form == "lines" ? nil : 2))
        }
    }

    @Test func `an empty batch is 200 with none`() async throws {
        try await bed.run { api async throws in
            for (body, type) in [("[]", "application/json"), (#"{"logs":[]}"#, "application/json")] {
                let answer = try await api.post("/api/logs/batch", body, type: type)
                #expect(answer.status == .ok)
                #expect(try answer.json["ingested"]?.int == 0)
            }
        }
        #expect(bed.store.appends == 0)
    }

    @Test func `one bad entry costs only itself`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.post(
                "/api/logs/batch",
                #"[{"message":"good"},{"message":"bad","level":"loud"},17,{"message":"good too"}]"#
            )
            #expect(answer.status == .ok)
            let json = try answer.json
            #expect(json["ingested"]?.int == 2)
            #expect(json["rejected"]?.int == 2)
            #expect(json["errors"]?.list?.compactMap { $0["index"]?.int } == [1, 2])
            #expect(json["errors"]?[0]?["detail"]?.text?.contains("level") == true)
        }
        #expect(bed.store.logs.map { String(decoding: $0.message, as: UTF8.self) } == ["good", "good too"])
    }

    @Test func `a batch of which nothing is good is 422 and names each place`() async throws {
        try await bed.run { api async throws in
            let batch = try await api.post("/api/logs/batch", #"[{"message":""},{"level":"info"}]"#)
            #expect(batch.status == .unprocessableContent)
            let detail = try #require(try batch.json["detail"]?.list)
            #expect(detail.count == 2)
            #expect(detail[1]["loc"]?[0] == .text("body"))
            #expect(detail[1]["loc"]?[1] == .number(1))
            #expect(detail[0].names == ["loc", "msg", "type"])
            let single = try await api.post("/api/logs", #"{"message":"x","level":"loud"}"#)
            #expect(single.status == .unprocessableContent)
            #expect(try single.json["detail"]?[0]?["loc"] == .list([.text("body"), .text("level")]))
        }
        #expect(bed.store.appends == 0)
    }

    @Test(arguments: ["{", "", "nonsense", "[1,2", "{\"message\":\"x\"} trailing"])
    func `what is not JSON is 400`(_ body: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs", body)
            #expect(answer.status == .badRequest)
            #expect(try answer.json["detail"]?.text != nil)
        }
    }

    @Test func `a repeat answers as the first time and stores nothing`() async throws {
        try await bed.run { api async throws in
            var headers = APITestBed.admin
            headers[.idempotencyKey] = "agent.0123456789abcdef0123456789abcdef/7"
            let body = #"[{"message":"1"},{"message":""},{"message":"3"}]"#
            let first = try await api.post("/api/logs/batch", body, headers)
            let second = try await api.post("/api/logs/batch", body, headers)
            #expect(second.status == .ok)
            #expect(try first.json["duplicate"] == nil)
            #expect(try second.json["duplicate"] == .boolean(true))
            #expect(try second.json["ingested"]?.int == 2)
            #expect(try second.json["rejected"]?.int == 1)
            #expect(try second.json["logs"] == first.json["logs"])
            #expect(try second.json["errors"] == first.json["errors"])
            #expect(try second.json["errors"]?[0]?["index"]?.int == 1)
        }
        #expect(bed.store.logs.count == 2)
    }

    @Test func `a repeat of one log names itself a duplicate`() async throws {
        try await bed.run { api async throws in
            var headers = APITestBed.admin
            headers[.idempotencyKey] = "agent.0123456789abcdef0123456789abcdef/1"
            let first = try await api.post("/api/logs", #"{"message":"1"}"#, headers).json
            let second = try await api.post("/api/logs", #"{"message":"1"}"#, headers).json
            #expect(second["duplicate"] == .boolean(true))
            #expect(second["id"] == first["id"])
            #expect(second["received_at"] == first["received_at"])
        }
    }

    @Test func `one log under the key of a batch whose first log was refused is 422`() async throws {
        try await bed.run { api async throws in
            var headers = APITestBed.admin
            headers[.idempotencyKey] = "agent.0123456789abcdef0123456789abcdef/3"
            let batch = try await api.post("/api/logs/batch", #"[{"level":"loud"},{"message":"2"}]"#, headers)
            #expect(try batch.json["ingested"]?.int == 1)
            let one = try await api.post("/api/logs", #"{"message":"1"}"#, headers)
            #expect(one.status == .unprocessableContent)
        }
        #expect(bed.store.logs.count == 1)
    }

    @Test func `what the store refuses is named, and not among the stored`() async throws {
        bed.store.refusedGroup = "b"
        try await bed.run { api async throws in
            let batch = try await api.post(
                "/api/logs/batch",
                #"[{"message":"1","group":"b"},{"message":""},{"message":"3","group":"a"}]"#
            )
            let json = try batch.json
            #expect(json["ingested"]?.int == 1)
            #expect(json["rejected"]?.int == 2)
            #expect(json["errors"]?.list?.compactMap { $0["index"]?.int } == [0, 1])
            #expect(json["errors"]?[0]?["detail"]?.text == "group: too many")
            #expect(json["logs"]?.list?.count == 1)
            #expect(json["logs"]?[0]?["id"]?.text == bed.store.logs.first?.id.text)
            let one = try await api.post("/api/logs", #"{"message":"1","group":"b"}"#)
            #expect(one.status == .unprocessableContent)
            #expect(one.text.contains("too_many_groups"))
        }
        #expect(bed.store.logs.map(\.group) == ["a"])
    }

    @Test func `an idempotency key of another form is 422`() async throws {
        try await bed.run { api async throws in
            var headers = APITestBed.admin
            headers[.idempotencyKey] = "whatever"
            let answer = try await api.post("/api/logs/batch", "[]", headers)
            #expect(answer.status == .unprocessableContent)
            #expect(try answer.json["detail"]?[0]?["loc"]?[1] == .text("Idempotency-Key"))
        }
    }

    @Test func `return=minimal leaves the logs out`() async throws {
        try await bed.run { api async throws in
            var headers = APITestBed.admin
            headers[.prefer] = "respond-async, return=minimal"
            let answer = try await api.post("/api/logs/batch", #"[{"message":"1"}]"#, headers)
            #expect(try answer.json.names == ["errors", "ingested", "rejected", "status"])
        }
    }

    @Test func `the query gives what logs lack`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.post(
                "/api/logs/batch?group=site:a&tags=x,y&source=h1&level=error",
                #"[{"message":"1"},{"message":"2","group":"own","tags":["t"],"source":"s","level":"debug"}]"#
            )
            let logs = try #require(try answer.json["logs"])
            #expect(logs[0]?["group"] == .text("site:a"))
            #expect(logs[0]?["tags"] == .list([.text("x"), .text("y")]))
            #expect(logs[0]?["source"] == .text("h1"))
            #expect(logs[0]?["level"] == .text("error"))
            #expect(logs[1]?["group"] == .text("own"))
            #expect(logs[1]?["tags"] == .list([.text("t")]))
            #expect(logs[1]?["source"] == .text("s"))
            #expect(logs[1]?["level"] == .text("debug"))
        }
    }

    @Test(arguments: ["group=a*", "group=a::b", "level=loud", "colour=red", "group=a&group=b"])
    func `a default that cannot be is 422 and names the parameter`(_ query: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs?\(query)", #"{"message":"1"}"#)
            #expect(answer.status == .unprocessableContent)
            let name = String(query.prefix { $0 != "=" })
            #expect(try answer.json["detail"]?[0]?["loc"] == .list([.text("query"), .text(name)]))
        }
    }

    @Test func `media types and encodings that are not understood are 415`() async throws {
        try await bed.run { api async throws in
            #expect(try await api.post("/api/logs", "<a/>", type: "application/xml").status == .unsupportedMediaType)
            #expect(try await api.post("/api/logs", "{}", type: "application/x-ndjson").status == .unsupportedMediaType)
            var headers = APITestBed.admin
            headers[.contentEncoding] = "br"
            let answer = try await api.post("/api/logs/batch", "[]", headers)
            #expect(answer.status == .unsupportedMediaType)
            #expect(answer.headers[.acceptEncoding] == "gzip, deflate, zstd, identity")
        }
    }

    @Test func `a body that is not what its encoding says is 400`() async throws {
        try await bed.run { api async throws in
            for encoding in ["gzip", "deflate", "zstd"] {
                var headers = APITestBed.admin
                headers[.contentEncoding] = encoding
                #expect(try await api.post("/api/logs/batch", "plain text", headers).status == .badRequest)
            }
        }
    }

    @Test func `a body announced too large is 413 before it is read`() async throws {
        var fields = APITestBed.admin
        fields[.contentLength] = String(HubLimits.requestBodyBytes + 1)
        let headers = fields
        try await bed.run { api async throws in
            let answer = try await api.send(.post, "/api/logs/batch", headers)
            #expect(answer.status == .contentTooLarge)
            #expect(answer.text.contains(String(HubLimits.requestBodyBytes)))
        }
    }

    @Test(arguments: [
        (StoreError.redisUnavailable("gone"), "Redis"), (.busy, "storing"), (.full, "KOMFYRVAKT_MEMORY_LIMIT"),
        (.stopping, "stopping"), (.fenced, "Another hub"),
    ])
    func `what the store cannot do now is 503 with Retry-After`(_ failure: StoreError, _ word: String) async throws {
        bed.store.failure = failure
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs", #"{"message":"1"}"#)
            #expect(answer.status == .serviceUnavailable)
            #expect(Int(answer.headers[.retryAfter] ?? "") != nil)
            #expect(try answer.json["detail"]?.text?.contains(word) == true)
        }
    }
}
