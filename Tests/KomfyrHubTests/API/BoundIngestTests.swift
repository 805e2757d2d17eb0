import HTTPTypes
import Testing

@testable import KomfyrHub

/// Keys that are bound to groups, posting.
@Suite struct BoundIngestTests {
    private let bed = APITestBed()

    private func bound(_ group: String) async throws -> HTTPFields {
        [.authorization: "Bearer \(try await bed.key(.ingest, group: group))"]
    }

    @Test func `a log beyond the bound is refused by name, and the others are kept`() async throws {
        let headers = try await bound("a:*")
        try await bed.run { api async throws in
            let answer = try await api.post(
                "/api/logs/batch",
                #"[{"message":"1","group":"a"},{"message":"2","group":"b"},{"message":"3"},{},{"message":"5","group":"a:b"}]"#,
                headers
            )
            #expect(answer.status == .ok)
            let json = try answer.json
            #expect(json["ingested"]?.int == 2)
            #expect(json["rejected"]?.int == 3)
            let errors = try #require(json["errors"]?.list)
            #expect(errors.compactMap { $0["index"]?.int } == [1, 2, 3])
            #expect(errors[0]["detail"]?.text == "group: this key may post to a:* alone")
            #expect(errors[2]["detail"]?.text?.contains("a:*") == false)
            #expect(json["logs"]?.list?.compactMap { $0["message"]?.text } == ["1", "5"])
            #expect(bed.store.logs.compactMap(\.group) == ["a", "a:b"])
        }
    }

    @Test func `a single log beyond the bound is 403, within it 200`() async throws {
        let headers = try await bound("a")
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs", #"{"message":"1","group":"a:b"}"#, headers)
            #expect(answer.status == .forbidden)
            #expect(answer.text.contains("this key may post to a alone"))
            #expect(try await api.post("/api/logs", #"{"message":"1"}"#, headers).status == .forbidden)
            #expect(try await api.post("/api/logs?group=a", #"{"message":"1"}"#, headers).status == .ok)
            #expect(try await api.post("/api/logs", #"{"message":"1","group":"a"}"#, headers).status == .ok)
            #expect(bed.store.logs.count == 2)
        }
    }

    @Test func `a batch that lies beyond the bound whole is 422 and names the reason`() async throws {
        let headers = try await bound("a:*")
        try await bed.run { api async throws in
            let answer = try await api.post("/api/logs/batch", #"[{"message":"1","group":"b"}]"#, headers)
            #expect(answer.status == .unprocessableContent)
            #expect(answer.text.contains("\"group_forbidden\""))
            #expect(bed.store.appends == 0)
        }
    }

    @Test(arguments: [
        #"[{"message":"1","group":"a"},{"message":"2","group":"b"}]"#, #"[{"message":"2","group":"b"}]"#,
    ])
    func `a repeat is answered as the first time`(_ body: String) async throws {
        var headers = try await bound("a:*")
        headers[.idempotencyKey] = "agent.0123456789abcdef0123456789abcdef/1"
        let repeated = headers
        try await bed.run { api async throws in
            let first = try await api.post("/api/logs/batch", body, repeated)
            let second = try await api.post("/api/logs/batch", body, repeated)
            #expect(second.status == first.status)
            #expect(try second.json["errors"] == first.json["errors"])
            #expect(try second.json["ingested"] == first.json["ingested"])
            #expect(try second.json["detail"] == first.json["detail"])
            #expect(bed.store.appends == 1)
        }
    }

    @Test func `lines are bound as well, and sequence numbers stay in step`() async throws {
        let headers = try await bound("a:*")
        try await bed.run { api async throws in
            let answer = try await api.post(
                "/api/logs/batch",
                "{\"message\":\"1\",\"group\":\"b\"}\n{\"message\":\"2\",\"group\":\"a\"}\n",
                type: "application/x-ndjson",
                headers
            )
            #expect(try answer.json["ingested"]?.int == 1)
            #expect(bed.store.logs.map(\.sequence) == [2])
        }
    }
}
