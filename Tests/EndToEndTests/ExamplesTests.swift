import Foundation
import TestSupport
import Testing

/// What lies in examples/, run as it stands against the real hub and agent.
@Suite(.serialized)
struct ExamplesTests {
    @Test func `curl sends one log, a reading, and a batch`() async throws {
        try await withHubAndAgent { hub, _ in
            try await run("sh", "curl/send-logs.sh", hub)
            let one = try await hub.log("group=backup:nightly") { $0["message"] == "backup finished" }
            #expect(one["data"] == ["files": 18_230, "seconds": .number(412.5)])
            #expect(one["tags"] == ["oslo"])
            let reading = try await hub.log("group=warehouse:freezer-3") { _ in true }
            #expect(reading["data"]["temperature"] == .number(-18.5))
            #expect(reading["message"] == "temperature=-18.5 humidity=45")
            let second = try await hub.log("source=curl-example") { $0["message"] == "second of a batch" }
            #expect(second["group"] == "backup:nightly")
            #expect(second["level"] == "warning")
            #expect(try await hub.logs().count == 4)
        }
    }

    @Test func `Python's logging goes to the hub, an exception with its stack`() async throws {
        try await withHubAndAgent { hub, _ in
            try await run("python3", "python/komfyrvakt_handler.py", hub)
            let logs = try await hub.logs("group=example:python")
            #expect(logs.count == 3)
            #expect(Set(logs.compactMap { $0["level"].text }) == ["info", "warning", "error"])
            let warning = logs.first { $0["level"] == "warning" }
            #expect(warning?["data"]["free_gb"] == .number(3.2))
            #expect(warning?["tags"] == ["shop"])
            let failure = logs.first { $0["level"] == "error" }
            #expect(failure?["message"].text?.contains("ZeroDivisionError") == true)
        }
    }

    @Test func `JavaScript sends a batch`() async throws {
        try await withHubAndAgent { hub, _ in
            let output = try await run("node", "javascript/send-logs.mjs", hub)
            #expect(output.contains("3 logs are stored"))
            let logs = try await hub.logs("group=example:javascript")
            #expect(logs.count == 3)
            #expect(logs.first { $0["level"] == "warning" }?["data"]["waiting"] == 1_240)
            #expect(logs.first { $0["level"] == "error" }?["tags"] == ["orders"])
        }
    }

    @Test func `logger's four ways of syslog arrive with app, level and source`() async throws {
        try await withHubAndAgent { hub, agent in
            try await ChildProgram.run(
                "sh",
                [Built.repository + "/examples/logger/send-syslog.sh"],
                environment: ["SYSLOG_PORT": "\(agent.syslogPort)"],
                folder: agent.scratch.path
            )
            for (form, level) in [
                ("UDP, RFC 5424", "warning"), ("UDP, RFC 3164", "error"), ("TCP, a line each", "info"),
                ("TCP, octet-counted", "info"),
            ] {
                let log = try await hub.log { $0["message"].text == "disk almost full (\(form))" }
                #expect(log["level"].text == level, "\(form)")
                #expect(log["group"].text?.hasPrefix("syslog:") == true, "\(form)")
                #expect(log["group"].text?.hasSuffix(":myapp") == true, "\(form)")
                #expect(log["data"]["app"] == "myapp", "\(form)")
                #expect(log["source"].text != nil, "\(form)")
            }
        }
    }

    /// Runs an example with the hub's address and a key that may ingest and nothing else.
    @discardableResult
    private func run(_ program: String, _ example: String, _ hub: HubProcess) async throws -> String {
        let key = try await hub.makeKey("example", scope: "ingest")
        return try await ChildProgram.run(
            program,
            ["\(Built.repository)/examples/\(example)"],
            environment: ["KOMFYRVAKT_URL": hub.url, "KOMFYRVAKT_API_KEY": key, "PYTHONDONTWRITEBYTECODE": "1"],
            folder: hub.scratch.path
        )
    }
}
