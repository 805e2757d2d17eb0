import Glibc
import HTTPTypes
import Hummingbird

/// `GET /metrics`: what the hub counts, for Prometheus.
struct MetricsRoute: Sendable {
    let store: any LogStoring
    let feed: LiveFeed
    let agents: AgentRegistry
    let metrics: HubMetrics
    let analysis: AnalysisService
    /// In bytes.
    let memoryLimit: Int

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/metrics",
                access: .scope(.admin),
                documentation: Self.documentation
            ) { call throws(APIError) in
                if let caller = call.caller, caller.bound != nil {
                    throw caller.boundForbids("/metrics speaks of all groups")
                }
                return Response(
                    status: .ok,
                    headers: [
                        .contentType: "text/plain; version=0.0.4; charset=utf-8",
                        .cacheControl: "no-store",
                        .xContentTypeOptions: "nosniff",
                    ],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: text.bytes))
                )
            }
        ]
    }

    /// All families.
    private var text: MetricsText {
        var text = MetricsText()
        text.family("build_info", .gauge, "The version that runs; always 1.")
        text.sample("build_info", [("version", HubVersion.text)], "1")
        text.single(
            "process_start_time_seconds",
            .gauge,
            "When the hub started, in seconds since 1970.",
            Double(metrics.started) / 1e9
        )
        text.single(
            "process_resident_memory_bytes",
            .gauge,
            "Memory of the hub itself, without Redis.",
            Self.residentBytes
        )
        writeIngest(to: &text)
        writeStore(to: &text)
        writeReaders(to: &text)
        writeAnalysis(to: &text)
        writeRequests(to: &text)
        return text
    }

    private func writeIngest(to text: inout MetricsText) {
        let ingest = metrics.ingest
        let stats = store.stats(bound: nil)
        text.single("ingest_logs_total", .counter, "Logs stored.", ingest.logs)
        text.single("ingest_bytes_total", .counter, "Bytes of request bodies with logs, as sent.", ingest.bytes)
        text.single("ingest_requests_total", .counter, "Request bodies with logs that were read.", ingest.requests)
        text.single("ingest_rejected_logs_total", .counter, "Logs refused by name.", ingest.rejected)
        text.single(
            "ingest_duplicate_requests_total",
            .counter,
            "Requests that were stored already, by their Idempotency-Key.",
            ingest.duplicates
        )
        text.single("ingest_rate", .gauge, "Logs a second over the last minute.", stats.ingestRate)
        text.single("dropped_logs_total", .counter, "Stored logs dropped to make room, or lost.", stats.dropped)
        text.single("logs", .gauge, "Logs that are stored.", stats.totalLogs)
    }

    private func writeStore(to text: inout MetricsText) {
        let gauges = store.gauges
        let health = store.health
        let stats = store.stats(bound: nil)
        text.single("can_store", .gauge, "Whether logs can be stored now.", health.canStore ? 1 : 0)
        text.single("redis_up", .gauge, "Whether Redis can be reached.", health.isRedisUp ? 1 : 0)
        text.single("redis_connections_total", .counter, "Connections made to Redis.", gauges.redisConnections)
        text.single("redis_commands_under_way", .gauge, "Commands without an answer.", gauges.commandsUnderWay)
        text.single("redis_command_bytes_under_way", .gauge, "Their bytes.", gauges.commandBytesUnderWay)
        text.single(
            "memory_limit_bytes",
            .gauge,
            "What the logs may take in Redis.",
            stats.memoryLimit ?? memoryLimit
        )
        text.single("memory_used_bytes", .gauge, "What Redis takes, as last measured.", stats.memoryUsed)
        text.single("full", .gauge, "Whether logs are refused, or dropped, to make room.", stats.isFull ? 1 : 0)
        text.single("wal_entries", .gauge, "Entries of the write-ahead log.", gauges.walEntries)
        text.single("wal_bytes", .gauge, "Bytes of the write-ahead log.", gauges.walBytes)
        text.single("tail_bytes", .gauge, "Bytes of logs in memory that are not in chunks yet.", gauges.tailBytes)
        text.single("groups", .gauge, "Groups that are known.", gauges.groups)
        text.single("chunks", .gauge, "Chunks in Redis.", gauges.chunks)
        text.single("chunk_bytes", .gauge, "Bytes of the chunks, without Redis's own.", gauges.chunkBytes)
        text.single("seals_total", .counter, "Tails that have become chunks.", gauges.seals)
        text.single("commits_total", .counter, "Commits to Redis, each of many requests.", gauges.commits)
        text.single(
            "commit_seconds_total",
            .counter,
            "Time that commits took; divided by their number the mean.",
            gauges.commitSeconds
        )
    }

    private func writeReaders(to text: inout MetricsText) {
        text.single("live_streams", .gauge, "Live streams that are open.", feed.streamCount)
        text.single("live_skipped_logs_total", .counter, "Logs not sent to slow live streams.", metrics.skippedLogs)
        text.single("agents", .gauge, "Agents that have told of themselves.", agents.count(bound: nil))
        text.single(
            "rate_limited_requests_total",
            .counter,
            "Requests answered with 429 because of their key's rate.",
            metrics.limitedRequests
        )
    }

    private func writeAnalysis(to text: inout MetricsText) {
        let counts = analysis.figures.counts
        text.family("ai_reports_total", .counter, "Reports made: by a model, by statistics, by these instead.")
        for (kind, count) in [
            ("model", counts.byModel), ("statistics", counts.byStatistics), ("instead", counts.instead),
        ] {
            text.sample("ai_reports_total", [("by", kind)], String(count))
        }
        text.single("ai_reports_cached_total", .counter, "Requests answered with a kept report.", counts.cached)
        text.single("ai_reports_shared_total", .counter, "Requests answered with another one's report.", counts.shared)
        text.single("ai_reports_cut_total", .counter, "Reports that left something out: too much of it.", counts.cut)
        text.single("ai_running", .gauge, "Analyses under way.", counts.running)
        text.single("ai_requests_total", .counter, "Requests sent to the model's provider.", counts.requests)
        text.family("ai_tokens_total", .counter, "Tokens since the start, as the provider counts them.")
        text.sample("ai_tokens_total", [("direction", "in")], String(counts.tokensIn))
        text.sample("ai_tokens_total", [("direction", "out")], String(counts.tokensOut))
        text.single("ai_tokens_today", .gauge, "Tokens of this day (UTC), over restarts.", analysis.tokensToday)
        text.single("ai_daily_tokens", .gauge, "Tokens that a day may take.", analysis.budget.limit)
    }

    private func writeRequests(to text: inout MetricsText) {
        let figures = metrics.routes.map { ($0, $0.answers) }.filter { !$0.1.isEmpty }
        text.family("http_requests_total", .counter, "Answers by route and status; 0 is any other status.")
        for (route, answers) in figures {
            for (status, count) in answers {
                text.sample(
                    "http_requests_total",
                    [("method", route.method), ("route", route.path), ("status", String(status))],
                    String(count)
                )
            }
        }
        let name = "http_request_duration_seconds"
        text.family(name, .histogram, "Time until an answer began, by route.")
        for (route, _) in figures {
            let labels = [("method", route.method), ("route", route.path)]
            var sum = 0
            let ends = RouteFigures.bounds.map(\.seconds) + ["+Inf"]
            for (end, count) in zip(ends, route.latencies) {
                sum += count
                text.sample("\(name)_bucket", labels + [("le", end)], String(sum))
            }
            text.sample("\(name)_sum", labels, MetricsText.number(route.seconds))
            text.sample("\(name)_count", labels, String(sum))
        }
    }

    /// Resident memory of this process; 0 when the system does not tell.
    private static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
