import Foundation
import TestSupport
import Testing

/// From a device to an answer: what the README's tour sends, with the programs that it names.
struct WholePathTests {
    @Test func `every line of the tour is found with group, level, source, time and data`() async throws {
        try await withHubAndAgent { hub, agent in
            let began = Date().timeIntervalSince1970 - 1
            let to = ["-n", "127.0.0.1", "-P", "\(agent.syslogPort)", "-t", "myapp"]
            let ways: [(String, [String])] = [
                ("over UDP", ["-d"]), ("over TCP", ["-T"]), ("in the old form", ["-d", "--rfc3164"]),
                ("with its length", ["-T", "--octet-count"]),
            ]
            for (name, options) in ways {
                try await ChildProgram.run(
                    "logger",
                    options + to + ["disk almost full \(name)"],
                    folder: agent.scratch.path
                )
            }
            try await ChildProgram.run(
                "sh",
                [
                    "-c",
                    "echo '{\"temperature\":21.5,\"group\":\"warehouse:freezer-3\"}' | nc -u -w1 127.0.0.1 \"$0\"",
                    "\(agent.jsonPort)",
                ],
                folder: agent.scratch.path
            )
            try agent.scratch.append("a line of a file\n", to: "watched/app.log")
            try await ChildProgram.run(
                "curl",
                [
                    "--fail", "--silent", "--show-error", "\(hub.url)/api/logs", "-H",
                    "Authorization: Bearer \(hub.key)",
                    "-H", "Content-Type: application/json", "-d",
                    #"{"message":"hello","group":"test","level":"error"}"#,
                ],
                folder: agent.scratch.path
            )

            for (name, _) in ways {
                let log = try await hub.log { $0["message"].text == "disk almost full \(name)" }
                let source = try #require(log["source"].text, "\(name)")
                #expect(log["group"].text == "syslog:\(source):myapp", "\(name)")
                #expect(log["level"] == "info", "\(name)")
                #expect(log["data"]["app"] == "myapp", "\(name)")
                try expectNow(log, began)
            }
            let reading = try await hub.log("group=warehouse:freezer-3") { _ in true }
            #expect(reading["data"] == ["temperature": .number(21.5)])
            #expect(reading["message"] == "temperature=21.5")
            #expect(reading["source"] == "127.0.0.1")
            try expectNow(reading, began)
            let line = try await hub.log("group=file:app.log") { _ in true }
            #expect(line["message"] == "a line of a file")
            try expectNow(line, began)
            let posted = try await hub.log("group=test") { _ in true }
            #expect(posted["message"] == "hello")
            #expect(posted["level"] == "error")
            try expectNow(posted, began)
            #expect(try await hub.logs().count == 7)
        }
    }

    @Test func `what was sent while the hub was away arrives once it is back`() async throws {
        try await withHubAndAgent { hub, agent in
            try Network.sendDatagram("<14>1 - h counter - - - number 1", to: agent.syslogPort)
            _ = try await hub.log { $0["message"] == "number 1" }
            hub.kill()
            try Network.sendDatagram("<14>1 - h counter - - - number 2", to: agent.syslogPort)
            try Network.sendStream(Array("<14>1 - h counter - - - number 3\n".utf8), to: agent.syslogPort)
            // What still lies in a socket when the agent stops is lost with it.
            _ = try await eventually("the agent has taken both") {
                let metrics = try await HTTP.send("GET", "http://127.0.0.1:\(agent.metricsPort)/metrics").body
                let counts = metrics.split(separator: "\n").filter { $0.hasPrefix("komfyr_agent_input_received_total") }
                return counts.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +) >= 3
                    ? true : nil
            }
            try await agent.stop()
            try await agent.start()
            try await hub.start()
            // The agent waits up to half a minute between two tries.
            _ = try await eventually("all three are stored", within: 180) {
                try await hub.numbers("number").count >= 3 ? true : nil
            }
            #expect(try await hub.numbers("number").sorted() == [1, 2, 3])
        }
    }

    /// Expects a log's time, as the sender or the agent gave it, to be that of this test.
    private func expectNow(_ log: JSON, _ began: Double) throws {
        let text = try #require(log["timestamp"].text)
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
        let time = try format.parse(text).timeIntervalSince1970
        #expect((began...began + 900).contains(time), "\(text)")
    }
}
