import Foundation
import TestSupport
import Testing

/// `make run`, but for the building: scripts/run with the programs of the tests.
@Suite(.serialized)
struct RunScriptTests {
    @Test func `run starts all, ctrl-C stops all in order, and the next run has the logs still`() async throws {
        let run = try Run()
        try await run.start()
        #expect(
            run.output.contains("Dashboard (10 minutes, one use): \(run.url)/#login=")
                || run.output.contains("login-link")
        )
        try Network.sendDatagram("<13>1 - host app - - - kept over a restart", to: run.syslogPort)
        try await run.expectLog("kept over a restart")
        try run.scratch.write("line of a file\n", to: "data/watched/app.log")
        try await run.expectLog("line of a file")
        try await run.stop(SIGINT)
        let words = run.output
        let agent = try #require(words.range(of: "Stopping the agent"))
        let hub = try #require(words.range(of: "Stopping the hub and its Redis"))
        #expect(agent.lowerBound < hub.lowerBound)
        #expect(try await HTTP.isRefused("\(run.url)/api"))

        try await run.start()
        try await run.expectLog("kept over a restart")
        try await run.stop(SIGTERM)
        run.scratch.remove()
    }

    @Test func `a busy port is named with the variable that moves it`() async throws {
        let run = try Run()
        try await run.start()
        let program = try run.spawn()
        #expect(try await program.waitForExit() == 1)
        try await run.stop(SIGTERM)
        #expect(program.output.contains("Port \(run.port) (tcp) is in use"))
        #expect(program.output.contains("Port \(run.syslogPort) (udp) is in use"))
        #expect(program.output.contains("SYSLOG_PORT=\(run.syslogPort + 1) make run"))
        run.scratch.remove()
    }
}

/// One `scripts/run` with a data folder and ports of its own.
private final class Run {
    let scratch: Scratch
    let port: UInt16
    let syslogPort: UInt16
    private let settings: [String: String]
    private let key = "kmf_" + String(repeating: "r", count: 32)
    private var program: ChildProgram?

    init() throws {
        scratch = try Scratch()
        port = try Network.freePort()
        syslogPort = try Network.freePort()
        settings = [
            "PORT": "\(port)", "SYSLOG_PORT": "\(syslogPort)", "JSON_PORT": "\(try Network.freePort())",
            "METRICS_PORT": "\(try Network.freePort())", "KOMFYRVAKT_DATA_DIR": scratch.at("data"),
            // Given, so that none is made into the repository's own .env.
            "KOMFYRVAKT_API_KEY": key, "KOMFYRVAKT_MEMORY_LIMIT": "1GiB",
        ]
    }

    var url: String { "http://127.0.0.1:\(port)" }

    var output: String { program?.output ?? "" }

    func spawn() throws -> ChildProgram {
        try ChildProgram(
            Built.repository + "/scripts/run",
            [Built.folder],
            environment: settings,
            folder: scratch.path,
            output: scratch.at("run.log")
        )
    }

    func start() async throws {
        let program = try spawn()
        self.program = program
        _ = try await eventually("everything runs", within: 60) {
            guard program.isRunning else { throw TestFailure("run ended:\n\(program.output)") }
            return program.output.components(separatedBy: "Komfyrvakt runs.").count > starts ? true : nil
        }
        starts += 1
    }

    private var starts = 1

    func stop(_ signal: Int32) async throws {
        program?.signal(signal)
        _ = try await program?.waitForExit(within: 30)
    }

    func expectLog(_ message: String) async throws {
        _ = try await eventually("'\(message)' is found") {
            let answer = try await HTTP.send("GET", "\(url)/api/logs", headers: ["Authorization": "Bearer \(key)"])
            return answer.json.items.contains { $0["message"].text == message } ? true : nil
        }
    }
}

extension HTTP {
    /// Whether nobody listens there any more.
    fileprivate static func isRefused(_ url: String) async throws -> Bool {
        try await eventually("\(url) is refused") {
            do {
                _ = try await HTTP.send("GET", url)
                return nil
            } catch {
                return true
            }
        }
    }
}
