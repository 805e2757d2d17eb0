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

/// What `make run` asks at a terminal, before it starts anything: with a hub that does nothing but end.
@Suite(.serialized)
struct RunQuestionTests {
    private static let key = "AIzaTest_key-0123456789"

    @Test func `a key that is typed is kept, not shown, and not asked for again`() async throws {
        let folder = try RunFolder()
        try folder.scratch.write("# mine\nKOMFYRVAKT_FSYNC=always", to: ".env")
        let first = try await folder.run(typing: ["not a key", Self.key])
        #expect(first.contains("Gemini API key"))
        #expect(first.contains("That is no key"))
        #expect(first.contains("hub starts"))
        #expect(!first.contains(Self.key) && !first.contains("not a key"))
        let kept = folder.scratch.read(".env")
        #expect(kept.hasPrefix("# mine\nKOMFYRVAKT_FSYNC=always\n#"))
        #expect(kept.hasSuffix("\nGEMINI_API_KEY=\(Self.key)\n"))
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.scratch.at(".env"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)

        let second = try await folder.run(typing: [])
        #expect(second.contains("hub starts") && !second.contains("Gemini API key"))
        #expect(folder.scratch.read(".env") == kept)
        folder.scratch.remove()
    }

    @Test func `enter is an answer too`() async throws {
        let folder = try RunFolder()
        #expect(try await folder.run(typing: [""]).contains("hub starts"))
        #expect(folder.scratch.read(".env").hasSuffix("\nGEMINI_API_KEY=\n"))
        #expect(try await !folder.run(typing: []).contains("Gemini API key"))
        folder.scratch.remove()
    }

    @Test(arguments: ["GEMINI_API_KEY", "OPENAI_BASE_URL", "AI_PROVIDER"])
    func `who has said who writes reports is not asked`(_ name: String) async throws {
        let folder = try RunFolder()
        #expect(try await !folder.run(typing: [], environment: [name: "x"]).contains("Gemini API key"))
        #expect(folder.scratch.read(".env").isEmpty)
        try folder.scratch.write("\(name)=x\n", to: ".env")
        #expect(try await !folder.run(typing: []).contains("Gemini API key"))
        folder.scratch.remove()
    }

    @Test func `without a terminal nobody is asked`() async throws {
        let folder = try RunFolder()
        let program = try folder.spawn([folder.scratch.at("scripts/run"), folder.scratch.at("bin")])
        _ = try await program.waitForExit()
        #expect(program.output.contains("hub starts") && !program.output.contains("Gemini API key"))
        #expect(folder.scratch.read(".env").isEmpty)
        folder.scratch.remove()
    }
}

/// A copy of `scripts/run` in a folder of its own, whose `.env` it therefore uses, with programs that only end.
private final class RunFolder {
    let scratch: Scratch
    private let ports: [String: String]

    init() throws {
        scratch = try Scratch()
        var ports: [String: String] = [:]
        for name in ["PORT", "SYSLOG_PORT", "JSON_PORT", "METRICS_PORT"] { ports[name] = "\(try Network.freePort())" }
        self.ports = ports
        let script = try String(contentsOfFile: Built.repository + "/scripts/run", encoding: .utf8)
        for (name, text) in [
            ("scripts/run", script), ("bin/komfyr-hub", "#!/bin/sh\necho hub starts\n"), ("type.py", Self.typist),
        ] {
            try scratch.write(text, to: name)
            chmod(scratch.at(name), 0o755)
        }
    }

    func spawn(_ command: [String], _ environment: [String: String] = [:]) throws -> ChildProgram {
        try ChildProgram(
            command[0],
            Array(command.dropFirst()),
            environment: ports.merging(environment) { $1 },
            folder: scratch.path,
            output: scratch.at("run-\(UUID().uuidString).log")
        )
    }

    /// Runs it on a terminal and types a line at each question, and gives what the terminal showed.
    func run(typing lines: [String], environment: [String: String] = [:]) async throws -> String {
        let program = try spawn(
            ["python3", "type.py", scratch.at("scripts/run"), scratch.at("bin")] + lines,
            environment
        )
        let status = try await program.waitForExit(within: 60)
        guard status == 0 else { throw TestFailure("it was not asked as often as expected:\n\(program.output)") }
        return program.output
    }

    /// A pseudo-terminal: types when it is asked and the echo is off, as whoever types a key waits for the question.
    private static let typist = #"""
        import os, pty, sys, termios, time

        lines = sys.argv[3:]
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(sys.argv[1], sys.argv[1:3])
        os.set_blocking(terminal, False)
        shown = b""
        end = time.monotonic() + 50
        while time.monotonic() < end:
            try:
                part = os.read(terminal, 4096)
                if not part:
                    break
                shown += part
                continue
            except BlockingIOError:
                pass
            except OSError:
                break
            is_hidden = not termios.tcgetattr(terminal)[3] & termios.ECHO
            if lines and is_hidden and shown.rstrip().endswith(b"(enter: none):"):
                os.write(terminal, lines.pop(0).encode() + b"\n")
                shown += b"\n"
            time.sleep(0.01)
        os.close(terminal)
        os.waitpid(pid, 0)
        sys.stdout.write(shown.decode(errors="replace"))
        sys.exit(1 if lines else 0)
        """#
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

    /// Where a test has failed: the script ends what it has started, unless it is killed itself.
    deinit {
        program?.signal(SIGTERM)
        for _ in 0..<1_800 where program?.isRunning == true { usleep(50_000) }
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
        _ = try await eventually("everything runs", within: 180) {
            guard program.isRunning else { throw TestFailure("run ended:\n\(program.output)") }
            return program.output.components(separatedBy: "Komfyrvakt runs.").count > starts ? true : nil
        }
        starts += 1
    }

    private var starts = 1

    func stop(_ signal: Int32) async throws {
        program?.signal(signal)
        _ = try await program?.waitForExit(within: 90)
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
