import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import KomfyrAgent

/// `komfyr-agent status`, beside a running agent and without one.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: AgentProcess.executable.path)))
struct StatusTests {
    private let folder: TemporaryFolder
    private let hub: HTTPHub
    private let port: UInt16

    init() throws {
        folder = try TemporaryFolder()
        hub = try HTTPHub()
        port = try Network.freePort()
        try write("")
    }

    private func write(_ more: String) throws {
        try folder.write(
            "agent.toml",
            """
            [agent]
            data_dir = "state"
            name = "oslo"
            [hub]
            url = "http://127.0.0.1:\(hub.port)"
            api_key = "kmf_secret"
            [[input]]
            type = "syslog"
            name = "devices"
            listen = "udp://127.0.0.1:\(port)"
            \(more)
            """
        )
        chmod(folder.path + "/agent.toml", 0o600)
    }

    /// Runs the command to its end, in a folder of its own, so that outputs do not mix.
    private func status(_ arguments: String...) throws -> (code: Int32?, output: String) {
        let own = try TemporaryFolder()
        let process = try AgentProcess(
            own,
            ["status"] + (arguments.contains("--data-dir") ? [] : ["--config", "agent.toml"]) + arguments,
            in: folder.path
        )
        let code = process.exitCode()
        return (code, process.output)
    }

    @Test func `a running agent tells what it does`() throws {
        let agent = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        defer { hub.stop() }
        #expect(eventually { (try? status().code) == 0 }, "\(agent.output)")
        try Network.sendDatagram("<13>1 - h a - - - x", to: port)
        #expect(
            eventually { (try? status().output.contains("1 logs, 0 retries")) == true },
            "\(agent.output)"
        )
        let (code, text) = try status()
        #expect(code == 0)
        for words in [
            "oslo, komfyr-agent \(KomfyrAgent.version), process \(agent.pid), running since 2",
            "\(folder.path)/agent.toml, not reloaded since the start", "http://127.0.0.1:\(hub.port) takes logs",
            "last delivery", "0 logs wait", "of 1 GiB on disk", "no logs refused by the hub", "devices",
        ] {
            #expect(text.contains(words), "\(words) in \(text)")
        }
        #expect(!text.contains("kmf_secret"))

        let (jsonCode, json) = try status("--json")
        #expect(jsonCode == 0)
        let object = try JSON(json)
        #expect(object["status"].text == "fine")
        #expect(object["pid"].number == Double(agent.pid))
        #expect(object["hub"]["records"].number == 1)
        #expect(object["inputs"][0]["received"].number == 1)
        #expect(object["config"]["last_reload"] == .null)

        var mode = stat()
        #expect(stat(folder.path + "/state/status.sock", &mode) == 0)
        #expect(mode.st_mode & 0o777 == 0o600)
        #expect(try status("--data-dir", folder.path + "/state").code == 0)

        // A configuration that has become wrong does not hide the agent; its refusal is trouble.
        try write("grup = \"x\"")
        agent.send(SIGHUP)
        #expect(eventually { (try? status().code) == 1 })
        let trouble = try status().output
        #expect(
            trouble.contains("trouble: the last reload was refused: the configuration is wrong (1 error)"),
            "\(trouble)"
        )

        agent.send(SIGTERM)
        #expect(agent.exitCode() == 0)
        let gone = try status()
        #expect(gone.code == 3)
        #expect(gone.output.contains("no agent runs in \(folder.path)/state"), "\(gone)")
        #expect(try JSON(status("--json").output)["status"].text == "not running")
    }

    @Test func `a hub that takes nothing is trouble`() throws {
        hub.state.withLock { $0.mood = .says(401, headers: [], body: "{\"detail\":\"unknown key\"}") }
        let agent = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        defer { hub.stop() }
        #expect(eventually { (try? status().code) == 0 }, "\(agent.output)")
        try Network.sendDatagram("<13>1 - h a - - - x", to: port)
        #expect(eventually { (try? status().code) == 1 })
        let text = try status().output
        #expect(text.contains("TAKES NOTHING"))
        #expect(text.contains("trouble: the hub does not know this agent's key"), "\(text)")
        #expect(text.contains("1 logs wait, the oldest since"), "\(text)")
    }

    @Test func `an agent that was killed does not run`() throws {
        let agent = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        defer { hub.stop() }
        #expect(eventually { (try? status().code) == 0 }, "\(agent.output)")
        agent.send(SIGKILL)
        _ = agent.exitCode()
        #expect(try status().code == 3)
        // What it left is no hindrance to the next one.
        let next = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        #expect(eventually { (try? status().code) == 0 }, "\(next.output)")
    }

    @Test func `what cannot be told has a code and words of its own`() throws {
        defer { hub.stop() }
        try folder.write("agent.toml", "no toml")
        let (code, words) = try status()
        #expect(code == 4)
        #expect(words.contains("--data-dir"), "\(words)")
    }

    @Test(arguments: [
        (0.0, "0"), (0.04, "0"), (0.25, "0.3"), (99.94, "99.9"), (100, "100"), (1_234.5, "1,235"),
        (2_000_000, "2,000,000"),
        (.infinity, "0"), (-1, "0"),
    ])
    func `rates are read by people`(_ rate: Double, _ text: String) {
        #expect(HumanText.rate(rate) == text)
    }

    @Test(arguments: [
        (0.0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (7_500, "2 h 5 min"),
        (172_800, "2 d"), (180_000, "2 d 2 h"), (-5, "0 s"), (.infinity, "11574074 d 1 h"),
    ])
    func `durations are read by people`(_ seconds: Double, _ text: String) {
        #expect(HumanText.duration(seconds: seconds) == text)
    }

    @Test func `sizes and counts are read by people`() {
        #expect(HumanText.bytes(0) == "0 B")
        #expect(HumanText.bytes(1_536) == "1.5 KiB")
        #expect(HumanText.bytes(1 << 30) == "1 GiB")
        #expect(HumanText.count(.max) == "18,446,744,073,709,551,615")
        #expect(HumanText.count(999) == "999")
    }

    @Test func `a rate is over the last minute, and begins anew with its counter`() {
        var meter = RateMeter()
        #expect(meter.perSecond(5, atMs: 1_000) == 0)
        meter.note(0, atMs: 0)
        #expect(meter.perSecond(100, atMs: 10_000) == 10)
        for step in 1...12 { meter.note(UInt64(step) * 100, atMs: UInt64(step) * 10_000) }
        #expect(meter.perSecond(1_200, atMs: 120_000) == 10)
        // Quiet for a minute.
        for step in 13...18 { meter.note(1_200, atMs: UInt64(step) * 10_000) }
        #expect(meter.perSecond(1_200, atMs: 180_000) == 0)
        meter.note(3, atMs: 190_000)
        #expect(meter.perSecond(13, atMs: 200_000) == 1)
        #expect(meter.perSecond(1, atMs: 200_000) == 0)
    }
}
