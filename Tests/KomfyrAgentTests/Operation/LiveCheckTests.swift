import EventLoop
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import KomfyrAgent

/// `check --live`, against real sockets, files and a hub.
struct LiveCheckTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func configuration(
        hub: UInt16 = 1,
        inputs: [InputConfiguration] = [],
        maxBytes: UInt64 = 1 << 24
    ) -> AgentConfiguration {
        var configuration = AgentConfiguration(
            agent: AgentConfiguration.AgentSection(dataDirectory: folder.path + "/state", name: "a"),
            hub: AgentConfiguration.HubSection(url: "http://127.0.0.1:\(hub)", apiKey: "kmf_secret")
        )
        configuration.inputs = inputs
        configuration.buffer.maxBytes = maxBytes
        return configuration
    }

    private func listener(_ name: String, _ transport: InputConfiguration.Listen.Transport, _ port: UInt16)
        -> InputConfiguration
    {
        InputConfiguration(
            name: name,
            group: "g",
            kind: .syslog(InputConfiguration.Listen(transport: transport, address: .ip("127.0.0.1", port: port)))
        )
    }

    private func files(_ path: String) -> InputConfiguration {
        InputConfiguration(name: "files", group: "g", kind: .file(.init(paths: [folder.path + path])))
    }

    private func finding(_ subject: String, _ configuration: AgentConfiguration) -> [Finding] {
        LiveCheck(configuration).run().filter { $0.subject == subject }
    }

    @Test func `a free address is right, one in use names who has it`() throws {
        let other = try AgentProcess.listeningSocket()
        defer { close(other.descriptor) }
        let free = try Network.freePort()
        let configuration = configuration(inputs: [
            listener("taken", .tcp, other.port), listener("free", .tcp, free), listener("datagrams", .udp, other.port),
        ])
        #expect(finding("input \"free\"", configuration).map(\.state) == [.ok])
        #expect(finding("input \"datagrams\"", configuration).map(\.state) == [.ok])
        let taken = try #require(finding("input \"taken\"", configuration).first)
        #expect(taken.state == .fail)
        #expect(taken.words.contains("is in use by process \(getpid()), "), "\(taken.words)")
        // It was only tried.
        let next = try AgentProcess.listeningSocket()
        close(next.descriptor)
    }

    @Test func `the kernel's table of sockets is read`() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0
               1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000 20 4 0 10 -1
               2: 00000000000000000000000001000000:1F91 00:0000 0A 0:0 00:0 0 0 0 4713 1
               3: cut short
            """
        #expect(SocketHolder.inodes(table, port: 8_080, isDatagram: false) == ["4711"])
        #expect(SocketHolder.inodes(table, port: 8_080, isDatagram: true) == ["4711", "4712"])
        #expect(SocketHolder.inodes(table, port: 8_081, isDatagram: false) == ["4713"])
        #expect(SocketHolder.inodes("", port: 1, isDatagram: false) == [])
    }

    @Test func `files are counted, and globs that mean none are told`() throws {
        try folder.write("a.log", "12345")
        try folder.write("b.log", "12345")
        let found = finding("input \"files\"", configuration(inputs: [files("/*.log")]))
        #expect(found.map(\.state) == [.ok])
        #expect(found.first?.words.hasSuffix("2 files, 10 B, can be read") == true, "\(found)")
        let none = finding("input \"files\"", configuration(inputs: [files("/*.txt")]))
        #expect(none.map(\.state) == [.warn])
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func `files that may not be read are told with what to do`() throws {
        try folder.write("a.log", "12345")
        chmod(folder.path + "/a.log", 0)
        let found = finding("input \"files\"", configuration(inputs: [files("/*.log")]))
        #expect(found.map(\.state) == [.fail])
        #expect(found.first?.remedy?.contains("setfacl") == true)
    }

    @Test func `data_dir is tried and left as it was`() throws {
        #expect(
            finding("data_dir", configuration()).first?.words.hasSuffix("is not there yet; the agent makes it") == true
        )
        try folder.makeFolder("state")
        #expect(finding("data_dir", configuration()) == [.ok("data_dir", "\(folder.path)/state can be written")])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/state") == [])
        #expect(finding("disk", configuration()).map(\.state) == [.ok])
        #expect(finding("disk", configuration(maxBytes: 1 << 60)).map(\.state) == [.warn])
        try FileManager.default.removeItem(atPath: folder.path + "/state")
        try folder.write("state", "a file")
        #expect(finding("data_dir", configuration()).map(\.state) == [.fail])
    }

    /// Of this moment: its clock is compared.
    private static var healthy: HTTPHub.Mood {
        .says(
            200,
            headers: ["Date: \(date(0))"],
            body: "{\"status\":\"healthy\",\"service\":\"Komfyrvakt\",\"redis\":\"up\"}"
        )
    }

    /// A time as HTTP has it, so many seconds from now.
    private static func date(_ seconds: Double) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date(timeIntervalSinceNow: seconds))
    }

    @Test(arguments: [
        (200, Finding.State.ok, "the key may send logs"), (401, .fail, "does not know this key"),
        (403, .fail, "may not send logs"), (503, .warn, "cannot be told"),
    ])
    func `the key is tried with an empty batch`(_ status: Int, _ state: Finding.State, _ words: String) throws {
        let hub = try HTTPHub()
        defer { hub.stop() }
        hub.state.withLock {
            $0.healthMood = Self.healthy
            $0.mood = .says(status, headers: [], body: "{}")
        }
        let findings = HubCheck(configuration(hub: hub.port)).run()
        #expect(findings.map(\.subject) == ["hub", "clock", "hub key"])
        #expect(findings.map(\.state) == [.ok, .ok, state], "\(findings)")
        #expect(findings.last?.words.contains(words) == true)
        let (questions, posts) = hub.state.withLock { ($0.questions, $0.posts.map(\.head)) }
        #expect(questions.count == 1 && posts.count == 1)
        #expect(questions.allSatisfy { $0.hasPrefix("GET /api/health ") && !$0.contains("kmf_secret") })
        #expect(posts.allSatisfy { $0.hasPrefix("POST /api/logs/batch ") && $0.contains("Bearer kmf_secret") })
        #expect(!"\(findings)".contains("kmf_secret"))
    }

    @Test(arguments: [-7_200.0, 7_200])
    func `clocks that are hours apart are told`(_ seconds: Double) throws {
        let hub = try HTTPHub()
        defer { hub.stop() }
        hub.state.withLock {
            $0.healthMood = .says(
                200,
                headers: ["Date: \(Self.date(seconds))"],
                body: "{\"service\":\"Komfyrvakt\"}"
            )
            $0.mood = .says(200, headers: [], body: "{}")
        }
        let clock = try #require(HubCheck(configuration(hub: hub.port)).run().first { $0.subject == "clock" })
        #expect(clock.state == .warn)
        #expect(clock.words.contains(seconds > 0 ? "behind the hub's" : "ahead of the hub's"), "\(clock.words)")
    }

    @Test func `what is no hub, or nobody, fails in words`() throws {
        let hub = try HTTPHub()
        defer { hub.stop() }
        hub.state.withLock {
            $0.healthMood = .says(200, headers: [], body: "<html>login</html>")
            $0.mood = .says(404, headers: [], body: "")
        }
        let findings = HubCheck(configuration(hub: hub.port)).run()
        #expect(findings.map(\.state) == [.fail])
        #expect(findings.first?.words.contains("not as a Komfyrvakt hub does") == true)
        // Whoever that is gets no key.
        #expect(hub.state.withLock { $0.posts.isEmpty })
        let nobody = HubCheck(configuration(hub: try Network.freePort())).run()
        #expect(nobody.map(\.state) == [.fail])
        #expect(nobody.first?.words.contains("cannot be reached") == true)
    }

    @Test(arguments: [
        ("Mon, 23 Nov 2026 11:00:22 GMT", 1_795_431_622 as Int64?), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Monday, 23-Nov-26 11:00:22 GMT", nil), ("", nil), ("Mon, 23 Nov 2026 11:00:22 CET", nil),
        ("Mon, 99 Nov 2026 11:00:22 GMT", nil), ("Mon, xx Foo 2026 11:00:22 GMT", nil),
    ])
    func `times of HTTP are read`(_ text: String, _ seconds: Int64?) {
        #expect(HTTPDate.seconds(text.utf8) == seconds)
    }

    @Test func `the report is a table for people and JSON for programs`() throws {
        let report = FindingReport(findings: [.ok("disk", "room"), .fail("input \"x\"", "no", "mend it")])
        #expect(
            report.lines == [
                "ok    disk       room", "fail  input \"x\"  no", "                 do: mend it",
            ]
        )
        let json = try JSON(report.json)
        #expect(json["status"].text == "fail")
        #expect(json["checks"][0]["remedy"] == .null)
        #expect(json["checks"][1]["remedy"].text == "mend it")
        #expect(FindingReport(findings: [.warn("a", "b", "c")]).state == .warn)
        #expect(FindingReport().state == .ok)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: AgentProcess.executable.path)))
    func `beside its own agent everything counts as right, and its exit code follows the worst`() throws {
        let hub = try HTTPHub()
        defer { hub.stop() }
        hub.state.withLock {
            $0.healthMood = Self.healthy
            $0.mood = .says(200, headers: [], body: "{}")
        }
        let port = try Network.freePort()
        try folder.write(
            "agent.toml",
            """
            [agent]
            data_dir = "state"
            [hub]
            url = "http://127.0.0.1:\(hub.port)"
            api_key = "kmf_secret"
            [[input]]
            type = "syslog"
            name = "in"
            listen = "udp://127.0.0.1:\(port)"
            """
        )
        chmod(folder.path + "/agent.toml", 0o600)
        let agent = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        #expect(eventually { agent.output.contains("input \"in\"") }, "\(agent.output)")
        let check = { (arguments: [String]) in
            let own = try TemporaryFolder()
            let process = try AgentProcess(own, ["check", "--config", "agent.toml"] + arguments, in: folder.path)
            return (process.exitCode(), process.output)
        }
        let (code, output) = try check(["--live"])
        #expect(code == 0, "\(output)")
        #expect(
            output.contains("is in use by process \(agent.pid), komfyr-agent, this configuration's running agent"),
            "\(output)"
        )
        #expect(output.contains("state is in use by process \(agent.pid), komfyr-agent"))
        #expect(!output.contains("kmf_secret"))
        agent.send(SIGTERM)
        #expect(agent.exitCode() == 0)
        hub.state.withLock { $0.healthMood = .says(500, headers: [], body: "") }
        let (failed, json) = try check(["--live", "--json"])
        #expect(failed == 1)
        #expect(try JSON(json)["status"].text == "fail", "\(json)")
        try folder.write("agent.toml", "[hub]\nurl = 5\n")
        let (wrong, errors) = try check(["--json"])
        #expect(wrong == 1)
        #expect(try JSON(errors)["checks"][0]["subject"].text == "configuration", "\(errors)")
    }
}
