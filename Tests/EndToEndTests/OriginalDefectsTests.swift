import Foundation
import TestSupport
import Testing

/// An earlier service of this name had these defects; each is a test here, against the real hub.
struct OriginalDefectsTests {
    private static func withHub(_ test: (HubProcess) async throws -> Void) async throws {
        let hub = try HubProcess(["LOG_RETENTION_HOURS": "5"])
        do {
            try await hub.start()
            try await test(hub)
        } catch {
            await hub.close()
            throw error
        }
        await hub.close()
    }

    private static func messages(_ logs: [JSON]) -> [String] { logs.compactMap { $0["message"].text } }

    @Test func `levels, groups, limits and patterns mean what they say`() async throws {
        try await Self.withHub { hub in
            for (index, level) in ["debug", "info", "warning", "error", "critical"].enumerated() {
                try await hub.post(["message": .text(level), "level": .text(level), "group": index < 3 ? "a" : "a:b"])
            }
            try await hub.post(["message": "literal", "group": "x?[y]"])

            // Compared as strings, "critical" is less than "error", and "debug" lies between.
            #expect(try await Self.messages(hub.logs("level=warning")) == ["critical", "error", "warning"])
            #expect(try await Self.messages(hub.logs("level=critical")) == ["critical"])
            #expect(try await Self.messages(hub.logs("group=a")) == ["warning", "info", "debug"])
            #expect(
                try await Self.messages(hub.logs("group=a:*")) == ["critical", "error", "warning", "info", "debug"]
            )
            #expect(try await Self.messages(hub.logs("group=x%3F%5By%5D")) == ["literal"])
            for pattern in ["?", "x*", "x%3F%5B*%5D", "%5Ba%5D", "a:%3F", "*:b"] {
                #expect(try await hub.logs("group=\(pattern)").isEmpty, "\(pattern)")
            }
            // `*` in a group's name is refused, since it could not be asked for.
            let star = try await hub.send("POST", "/api/logs", ["message": "m", "group": "a*"])
            #expect(star.status == 422)
        }
    }

    @Test func `the limit takes the newest by time, whatever the order of arrival`() async throws {
        try await Self.withHub { hub in
            let now = Int(Date().timeIntervalSince1970)
            for age in [50, 10, 40, 20, 30] {
                try await hub.post(["message": .text("\(age)"), "timestamp": .number(Double(now - age))])
            }
            #expect(try await Self.messages(hub.logs("limit=2")) == ["10", "20"])
            #expect(try await Self.messages(hub.logs("limit=2&order=asc")) == ["50", "40"])
        }
    }

    @Test func `times without a zone, malformed ones and empty batches are answered, never 500`() async throws {
        try await Self.withHub { hub in
            let formatter = DateFormatter()
            formatter.dateFormat = "yyyy-MM-dd'T'HH:mm:ss"
            formatter.timeZone = TimeZone(identifier: "UTC")
            formatter.locale = Locale(identifier: "en_US_POSIX")
            let time = formatter.string(from: Date(timeIntervalSinceNow: -60))
            let log = try await hub.post(["message": "no zone", "timestamp": .text(time)])
            #expect(log["timestamp"].text?.hasPrefix(time) == true)
            #expect(try await hub.logs("since=\(time)").count == 1)
            for since in ["yesterday", "2026-99-99", "%00", "1e999", "''", "-5m", "99999999999999999999"] {
                let answer = try await hub.send("GET", "/api/logs?since=\(since)")
                #expect(answer.status == 422, "\(since): \(answer.status)")
                #expect(answer.json["detail"] != .null)
            }
            let empty = try await hub.send("POST", "/api/logs/batch", [])
            #expect(empty.status == 200)
            #expect(empty.json["ingested"].number == 0)
            #expect(empty.json["status"] == "success")
        }
    }

    @Test func `one bad entry never costs the good ones`() async throws {
        try await Self.withHub { hub in
            let answer = try await hub.send(
                "POST",
                "/api/logs/batch",
                [["message": "good"], ["message": "bad", "level": "loud"], ["level": "info"], ["message": "good too"]]
            )
            #expect(answer.status == 200)
            #expect(answer.json["ingested"].number == 2)
            #expect(answer.json["rejected"].number == 2)
            #expect(answer.json["errors"].items.map { $0["index"].number } == [1, 2])
            #expect(answer.json["logs"].items.count == 2)
            #expect(try await hub.logs().count == 2)
            let allBad = try await hub.send("POST", "/api/logs/batch", [["level": "info"]])
            #expect(allBad.status == 422)
        }
    }

    @Test func `retention in stats is the one that is set, and no page has the key`() async throws {
        try await Self.withHub { hub in
            let stats = try await hub.send("GET", "/api/stats").json["stats"]
            #expect(stats["retention_hours"].number == 5)
            for path in ["/", "/index.html", "/dashboard.js", "/theme.css", "/api"] {
                let answer = try await HTTP.send("GET", hub.url + path)
                #expect(answer.status == 200, "\(path)")
                #expect(!answer.body.contains(hub.key), "\(path)")
            }
        }
    }

    @Test func `a log with a group and data alone is stored`() async throws {
        try await Self.withHub { hub in
            let log = try await hub.post(["group": "datacenter:rack", "data": ["temperature": .number(65.5)]])
            #expect(log["message"] == "temperature=65.5")
            #expect(log["data"]["temperature"].number == 65.5)
            #expect(try await hub.logs("group=datacenter:rack").first == log)
        }
    }

    @Test func `no query walks over Redis's keys, and Redis evicts nothing by itself`() async throws {
        try await Self.withHub { hub in
            for number in 0..<50 {
                try await hub.post(["message": .text("\(number)"), "group": .text("g:\(number % 5)")])
            }
            for query in ["", "group=g:1", "group=g:*&level=info", "tags=a", "source=x", "since=1h"] {
                _ = try await hub.logs(query)
            }
            _ = try await hub.send("GET", "/api/groups")
            _ = try await hub.send("GET", "/api/stats")
            let redis = { (command: [String]) in
                let socket = hub.scratch.at("data/redis.sock")
                return try await ChildProgram.run("redis-cli", ["-s", socket] + command, folder: hub.scratch.path)
            }
            let commands = try await redis(["INFO", "commandstats"])
            #expect(commands.contains("cmdstat_evalsha"))
            for walk in ["keys", "scan"] { #expect(!commands.contains("cmdstat_\(walk):"), "\(commands)") }
            #expect(try await redis(["CONFIG", "GET", "maxmemory-policy"]).contains("noeviction"))
            #expect(try await !redis(["CONFIG", "GET", "maxmemory"]).contains("maxmemory\n0\n"))
        }
    }
}
