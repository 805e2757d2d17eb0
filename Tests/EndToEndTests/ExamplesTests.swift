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

    @Test(arguments: [
        ("sh", "curl/send-logs.sh", 4), ("python3", "python/komfyrvakt_handler.py", 3),
        ("node", "javascript/send-logs.mjs", 3),
    ])
    func `an answer that is lost on its way costs no second log`(
        program: String,
        example: String,
        count: Int
    ) async throws {
        try await withHub { hub in
            let proxy = try ForgetfulProxy(hub, in: hub.scratch)
            defer { proxy.stop() }
            try await proxy.start()
            try await run(program, example, hub, url: proxy.url)
            #expect(proxy.lostAnswers >= 1)
            #expect(try await hub.logs().count == count)
        }
    }

    @Test func `Python's handler says when the hub refuses its key, once`() async throws {
        try await withHub { hub in
            let program = try ChildProgram(
                "python3",
                ["\(Built.repository)/examples/python/komfyrvakt_handler.py"],
                environment: [
                    "KOMFYRVAKT_URL": hub.url, "KOMFYRVAKT_API_KEY": "kmf_wrong", "PYTHONDONTWRITEBYTECODE": "1",
                ],
                folder: hub.scratch.path,
                output: hub.scratch.at("python-output")
            )
            defer { program.kill() }
            _ = try await eventually("it says so") {
                program.output.contains("the hub refuses the key (401): set KOMFYRVAKT_API_KEY") ? true : nil
            }
            // It gives up after the ten seconds in which it tries to send what waits.
            #expect(try await program.waitForExit() == 0)
            #expect(program.output.components(separatedBy: "refuses the key").count == 2)
            #expect(!program.output.contains("kmf_wrong"))
        }
    }

    /// Runs an example with the hub's address and a key that may ingest and nothing else.
    @discardableResult
    private func run(
        _ program: String,
        _ example: String,
        _ hub: HubProcess,
        url: String? = nil
    ) async throws -> String {
        let key = try await hub.makeKey("example", scope: "ingest")
        return try await ChildProgram.run(
            program,
            ["\(Built.repository)/examples/\(example)"],
            environment: [
                "KOMFYRVAKT_URL": url ?? hub.url, "KOMFYRVAKT_API_KEY": key, "PYTHONDONTWRITEBYTECODE": "1",
            ],
            folder: hub.scratch.path
        )
    }
}

/// Stands before a hub, and loses its first answer to each body: the hub has stored it, the client hears 504.
private final class ForgetfulProxy {
    let url: String
    private let port: UInt16
    private let scratch: Scratch
    private let hub: String
    private var program: ChildProgram?

    init(_ hub: HubProcess, in scratch: Scratch) throws {
        self.hub = hub.url
        self.scratch = scratch
        port = try Network.freePort()
        url = "http://127.0.0.1:\(port)"
    }

    /// How many answers it has lost.
    var lostAnswers: Int { program?.output.components(separatedBy: "lost an answer").count.advanced(by: -1) ?? 0 }

    func start() async throws {
        let program = try ChildProgram(
            "python3",
            ["-c", Self.script, "\(port)", hub],
            folder: scratch.path,
            output: scratch.at("proxy-output")
        )
        self.program = program
        _ = try await eventually("the proxy listens") { program.output.contains("listening") ? true : nil }
    }

    func stop() { program?.kill() }

    private static let script = """
        import http.server, sys, urllib.request
        seen = set()
        class Proxy(http.server.BaseHTTPRequestHandler):
            def log_message(self, *words): pass
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = urllib.request.Request(sys.argv[2] + self.path, data=body)
                for name in ("Authorization", "Content-Type", "Idempotency-Key", "Prefer"):
                    if self.headers[name]: request.add_header(name, self.headers[name])
                with urllib.request.urlopen(request) as answer: status, text = answer.status, answer.read()
                if body not in seen:
                    seen.add(body)
                    print("lost an answer", flush=True)
                    status, text = 504, b'{"detail":"gateway timeout"}'
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Proxy)
        print("listening", flush=True)
        server.serve_forever()
        """
}
