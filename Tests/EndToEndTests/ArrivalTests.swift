import Foundation
import TestSupport
import Testing

/// What a user sends first, by the programs they send it with, and where it is then found.
struct ArrivalTests {
    @Test func `what logger, nc, a file and curl send is found with group, level, source, time and data`() async throws {
        try await withHubAndAgent { hub, agent in
            let host = ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init) ?? ""
            let port = "\(agent.syslogPort)"
            let variants: [(name: String, options: [String])] = [
                ("udp", ["-d"]), ("tcp", ["-T"]), ("udp3164", ["-d", "--rfc3164"]), ("tcp3164", ["-T", "--rfc3164"]),
                ("octets", ["-T", "--octet-count"]), ("octets3164", ["-T", "--octet-count", "--rfc3164"]),
            ]
            let before = Date()
            for (name, options) in variants {
                try await ChildProgram.run(
                    "logger",
                    options + ["-n", "127.0.0.1", "-P", port, "-t", "myapp", "-p", "daemon.err", "disk almost full \(name)"],
                    folder: agent.scratch.path
                )
            }
            for (name, _) in variants {
                let log = try await hub.log { $0["message"].text == "disk almost full \(name)" }
                let source = try #require(log["source"].text)
                #expect(source.split(separator: ".").first.map(String.init) == host)
                #expect(log["group"].text == "syslog:\(source):myapp")
                #expect(log["level"] == "error")
                #expect(log["data"]["app"] == "myapp")
                #expect(log["data"]["facility"] == "daemon")
                #expect(log["data"]["severity"] == "err")
                try Self.expectTime(log, since: before)
            }

            try await ChildProgram.run(
                "sh",
                ["-c", #"echo '{"temperature":21.5,"group":"warehouse:freezer-3"}' | nc -u -w1 127.0.0.1 "$0""#, "\(agent.jsonPort)"],
                folder: agent.scratch.path
            )
            let reading = try await hub.log("group=warehouse:freezer-3") { _ in true }
            #expect(reading["message"] == "temperature=21.5")
            #expect(reading["data"]["temperature"].number == 21.5)
            #expect(reading["level"] == "info")
            #expect(reading["source"] == "127.0.0.1")
            try Self.expectTime(reading, since: before)

            try agent.scratch.write("first line\nsecond line\n", to: "watched/app.log")
            let line = try await hub.log { $0["message"] == "second line" }
            #expect(line["group"].text?.hasSuffix("app.log") == true)
            _ = try await hub.log { $0["message"] == "first line" }

            let posted = try await hub.post(["message": "by hand", "group": "test:curl", "level": "warn", "data": ["n": 1]])
            let id = try #require(posted["id"].text)
            #expect(try await hub.send("GET", "/api/logs/\(id)").json == posted)
            #expect(try await hub.logs("group=test:curl").first == posted)
        }
    }

    @Test func `the agent's key may bring logs in and nothing else`() async throws {
        try await withHubAndAgent { hub, _ in
            let key = try await hub.makeKey("bringer", scope: "ingest")
            let headers = ["Authorization": "Bearer \(key)", "Content-Type": "application/json"]
            let post = try await HTTP.send("POST", hub.url + "/api/logs", headers: headers, body: #"{"message":"x"}"#)
            #expect(post.status == 200)
            for path in ["/api/logs", "/api/groups", "/api/stats", "/api/logs/stream"] {
                #expect(try await HTTP.send("GET", hub.url + path, headers: headers).status == 403)
                #expect(try await HTTP.send("GET", hub.url + path).status == 401)
            }
        }
    }

    private static func expectTime(_ log: JSON, since: Date) throws {
        let text = try #require(log["timestamp"].text)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        // Devices send microseconds, the formatter knows milliseconds.
        let milliseconds = text.prefix(23) + "Z"
        let time = try #require(formatter.date(from: String(milliseconds)))
        // RFC 3164 has whole seconds.
        #expect(time.timeIntervalSince(since) > -2)
        #expect(time.timeIntervalSinceNow < 2)
    }
}
