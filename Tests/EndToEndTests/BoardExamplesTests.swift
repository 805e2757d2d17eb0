import Foundation
import TestSupport
import Testing

/// The examples for boards, run on this computer; what they send is real.
///
/// MicroPython's is run by its unix port; the Arduino sketch is compiled with a stand-in for the board's Wi-Fi.
@Suite(.serialized)
struct BoardExamplesTests {
    // MARK: MicroPython

    /// Fetched by scripts/set-up; there is none but for x86_64.
    private static let hasMicroPython = FileManager.default.fileExists(
        atPath: Built.repository + "/.build/micropython/VERSION"
    )

    /// Runs the example as a board's `main.py`, with its configuration, and with a Wi-Fi and a time server that files
    /// in its folder take away.
    private func withBoard(
        _ agent: AgentProcess,
        clock: Bool,
        _ test: (ChildProgram, Scratch) async throws -> Void
    ) async throws {
        let board = try Scratch()
        defer { board.remove() }
        try board.write(
            """
            {"ssid": "test", "password": "secret word", "host": "127.0.0.1", "port": \(agent.jsonPort),
             "source": "freezer-3", "group": "warehouse:freezer-3", "seconds": 0.25, "clock": \(clock)}
            """,
            to: "config.json"
        )
        try board.write(
            """
            import os
            STA_IF = 0
            def exists(name):
                try:
                    os.stat(name)
                    return True
                except OSError:
                    return False
            class WLAN:
                def __init__(self, interface): self.asked = False
                def active(self, flag): pass
                def disconnect(self): pass
                def connect(self, name, password): self.asked = name == "test" and password == "secret word"
                def isconnected(self): return self.asked and not exists("wifi-lost")
                def ifconfig(self): return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")

            """,
            to: "network.py"
        )
        try board.write(
            """
            import network
            def settime():
                if network.exists("no-time"): raise OSError(110)

            """,
            to: "ntptime.py"
        )
        let example = Built.repository + "/examples/micropython/main.py"
        let program = try ChildProgram(
            "/usr/bin/python3",
            ["-m", "micropython_unix", example],
            environment: [
                "PYTHONPATH": Built.repository + "/.build/micropython", "MICROPYPATH": ".:.frozen",
                "PYTHONDONTWRITEBYTECODE": "1",
            ],
            folder: board.path,
            output: board.at("output")
        )
        do {
            try await test(program, board)
        } catch {
            program.kill()
            throw TestFailure("\(error)\nThe board's last words:\n\(program.output.suffix(2_000))")
        }
        program.kill()
    }

    @Test(.enabled(if: hasMicroPython))
    func `a MicroPython board with a clock sends readings with their time, also those from before Wi-Fi came back`()
        async throws
    {
        try await withHubAndAgent { hub, agent in
            // Sixty readings wait on the board, so that Wi-Fi may be away for fifteen seconds.
            try await withBoard(agent, clock: true) { program, board in
                let started = try await hub.log("group=warehouse:freezer-3") { $0["message"] == "started" }
                #expect(started["source"] == "freezer-3" && started["level"] == "info")
                // Those from before it had asked for the time have that of their arrival; whole seconds are the board's own.
                let reading = try await hub.log("group=warehouse:freezer-3") {
                    $0["data"]["number"].number != nil && $0["timestamp"].text?.hasSuffix(".000Z") == true
                }
                #expect(reading["data"]["memory_free"].number != nil && reading["data"]["uptime_s"].number != nil)

                try board.write("", to: "wifi-lost")
                _ = try await eventually("the board notices that Wi-Fi is lost") {
                    program.output.components(separatedBy: "wifi: connecting").count > 2 ? true : nil
                }
                let before = try await Self.numbers(hub).count
                unlink(board.at("wifi-lost"))
                // All that it read meanwhile comes too.
                _ = try await eventually("the board goes on, without a gap") {
                    let numbers = try await Self.numbers(hub)
                    return numbers.count > before + 20 && numbers.sorted() == Array(1...numbers.count) ? true : nil
                }
                #expect(program.isRunning)
            }
        }
    }

    @Test(.enabled(if: hasMicroPython))
    func `a MicroPython board without a time gets that of arrival, until it has one`() async throws {
        try await withHubAndAgent { hub, agent in
            let before = Date()
            try await withBoard(agent, clock: false) { _, _ in
                let log = try await hub.log("group=warehouse:freezer-3") { $0["data"]["memory_free"].number != nil }
                let time = try #require(log["timestamp"].text)
                let formatter = ISO8601DateFormatter()
                formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
                let arrival = try #require(formatter.date(from: String(time.prefix(23)) + "Z"))
                #expect(arrival >= before.addingTimeInterval(-1) && arrival <= Date().addingTimeInterval(1))
                #expect(log["tags"].items.isEmpty)
            }
        }
    }

    private static func numbers(_ hub: HubProcess) async throws -> [Int] {
        try await hub.logs("group=warehouse:freezer-3&limit=1000")
            .compactMap { $0["data"]["number"].number.map { Int($0) } }
    }

    // MARK: Arduino

    @Test func `the Arduino sketch sends readings and messages, and again when Wi-Fi is back`() async throws {
        try await withHubAndAgent { hub, agent in
            let board = try Scratch()
            defer { board.remove() }
            for (name, text) in ArduinoStandIn.headers { try board.write(text, to: name) }
            try board.write(
                ArduinoStandIn.program(
                    sketch: Built.repository + "/examples/arduino/Komfyrvakt/Komfyrvakt.ino",
                    jsonPort: agent.jsonPort,
                    syslogPort: agent.syslogPort
                ),
                to: "board.cpp"
            )
            try await ChildProgram.run(
                "g++",
                ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-I.", "board.cpp", "-o", "board"],
                folder: board.path,
                within: 120
            )
            let program = try ChildProgram(board.at("board"), [], folder: board.path, output: board.at("output"))
            defer { program.kill() }
            let started = try await hub.log { $0["message"] == "connected, started" }
            #expect(started["group"] == "syslog:freezer-3:wifi" && started["source"] == "freezer-3")
            #expect(started["data"]["facility"] == "local0" && started["data"]["severity"] == "notice")
            let reading = try await hub.log("group=device:freezer-3") { $0["data"]["signal_dbm"] == -61 }
            #expect(reading["message"].text?.contains("signal_dbm=-61") == true)
            let odd = try await hub.log("group=device:freezer-3") { $0["data"]["cold"] == .number(-18.5) }
            #expect(odd["data"]["text"] == "q\"b\\t\tæ" && odd["data"]["broken"] == .null)
            #expect(program.output.contains("a large object stays"))

            try board.write("", to: "wifi-lost")
            _ = try await eventually("the board notices") { program.output.contains("wifi: lost") ? true : nil }
            unlink(board.at("wifi-lost"))
            let again = try await hub.log { $0["message"] == "connected again" }
            #expect(again["level"] == "warning")
            #expect(program.isRunning)
        }
    }
}
