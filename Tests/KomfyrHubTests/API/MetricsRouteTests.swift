import HTTPTypes
import Testing

@testable import KomfyrHub

@Suite struct MetricsRouteTests {
    private let bed = APITestBed()

    @Test func `what came in and how it was answered is counted`() async throws {
        try await bed.run { api async throws in
            let headers = APITestBed.admin.with(.idempotencyKey, "agent.0123456789abcdef0123456789abcdef/1")
            for _ in 0..<2 {
                _ = try await api.post("/api/logs/batch", #"[{"message":"1"},{"message":"2"},{}]"#, headers)
            }
            _ = try await api.get("/api/logs?limit=0")
            _ = try await api.get("/api/logs/log_1")
            _ = try await api.get("/api/logs/log_2")
            _ = try await api.get("/nowhere")
            let answer = try await api.get("/metrics")
            #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            for line in [
                "komfyrvakt_ingest_logs_total 2", "komfyrvakt_ingest_requests_total 2",
                "komfyrvakt_ingest_rejected_logs_total 1", "komfyrvakt_ingest_duplicate_requests_total 1",
                "komfyrvakt_ingest_bytes_total 72", "komfyrvakt_logs 2", "komfyrvakt_redis_up 1",
                "komfyrvakt_can_store 1", "komfyrvakt_full 0", "komfyrvakt_live_streams 0", "komfyrvakt_wal_entries 1",
                #"komfyrvakt_build_info{version="\#(HubVersion.text)"} 1"#,
                #"komfyrvakt_http_requests_total{method="POST",route="/api/logs/batch",status="200"} 2"#,
                #"komfyrvakt_http_requests_total{method="GET",route="/api/logs",status="422"} 1"#,
                #"komfyrvakt_http_requests_total{method="GET",route="/api/logs/{id}",status="404"} 2"#,
                #"komfyrvakt_http_request_duration_seconds_count{method="POST",route="/api/logs/batch"} 2"#,
                #"komfyrvakt_http_request_duration_seconds_bucket{method="POST",route="/api/logs/batch",le="+Inf"} 2"#,
            ] {
                #expect(answer.text.contains(line + "\n"), "\(line) in \(answer.text)")
            }
            #expect(!answer.text.contains("komfyrvakt_process_resident_memory_bytes 0\n"))
        }
    }

    @Test func `every sample has a family with help and type, and every line is of the format`() async throws {
        try await bed.run { api async throws in
            _ = try await api.get("/api/logs")
            let text = try await api.get("/metrics").text
            var types: [Substring: Substring] = [:]
            var helps: Set<Substring> = []
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if words[0] == "#" {
                    if words[1] == "HELP" { #expect(helps.insert(words[2]).inserted) }
                    if words[1] == "TYPE" { types[words[2]] = words[3] }
                    continue
                }
                #expect(words.count == 2)
                #expect(Double(words[1]) != nil)
                var name = words[0].prefix { $0 != "{" }
                for end in ["_bucket", "_sum", "_count"] where types[name] == nil && name.hasSuffix(end) {
                    name = name.dropLast(end.count)
                }
                #expect(name.hasPrefix("komfyrvakt_"))
                #expect(types[name] != nil && helps.contains(name), "\(line)")
            }
            #expect(types.values.contains("histogram"))
        }
    }

    @Test func `only admins without a bound may read it`() async throws {
        let keys = [try await bed.key(.read), try await bed.key(.ingest), try await bed.key(.admin, group: "a:*")]
        let admin = try await bed.key(.admin)
        try await bed.run { api async throws in
            for key in keys {
                #expect(try await api.get("/metrics", [.authorization: "Bearer \(key)"]).status == .forbidden)
            }
            #expect(try await api.get("/metrics", [.authorization: "Bearer \(admin)"]).status == .ok)
            #expect(try await api.get("/metrics", [:]).status == .unauthorized)
        }
    }
}

extension HTTPFields {
    /// The fields with one more.
    func with(_ name: HTTPField.Name, _ value: String) -> HTTPFields {
        var fields = self
        fields[name] = value
        return fields
    }
}
