import EventLoop
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import KomfyrAgent

/// What systemd hears, at a real socket.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: AgentProcess.executable.path)))
struct ServiceTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            "agent.toml",
            """
            [agent]
            data_dir = "state"
            [hub]
            url = "http://127.0.0.1:1"
            api_key = "kmf_secret"
            [[input]]
            type = "file"
            paths = ["*.log"]
            """
        )
    }

    @Test(arguments: ["path", "abstract"])
    func `ready, status, reloads, signs of life and the end are told`(_ kind: String) throws {
        let target =
            kind == "path" ? folder.path + "/notify" : "@komfyr-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let manager = try NoticeReceiver(target)
        let agent = try AgentProcess(
            folder,
            ["run", "--config", "agent.toml"],
            environment: ["NOTIFY_SOCKET": target, "WATCHDOG_USEC": "200000"]
        )
        #expect(manager.next() == "STATUS=1 input, 0 logs/s; the hub takes logs; 0 logs wait", "\(agent.output)")
        #expect(manager.next() == "READY=1")
        #expect(manager.next(beginning: "WATCHDOG=1") != nil)
        #expect(manager.next(beginning: "WATCHDOG=1") != nil)
        let before = MonotonicClock.nowUs()
        agent.send(SIGHUP)
        let reloading = try #require(manager.next(beginning: "RELOADING=1"))
        let lines = reloading.split(separator: "\n")
        #expect(lines.count == 2 && lines[1].hasPrefix("MONOTONIC_USEC="))
        let told = try #require(UInt64(lines[1].dropFirst("MONOTONIC_USEC=".count)))
        #expect(told >= before && told <= MonotonicClock.nowUs())
        #expect(manager.next(beginning: "READY=1") != nil)
        agent.send(SIGTERM)
        #expect(manager.next(beginning: "STOPPING=1") != nil)
        #expect(agent.exitCode() == 0, "\(agent.output)")
    }

    @Test func `a watchdog meant for another process gets no signs of life`() throws {
        let manager = try NoticeReceiver(folder.path + "/notify")
        let agent = try AgentProcess(
            folder,
            ["run", "--config", "agent.toml"],
            environment: ["NOTIFY_SOCKET": folder.path + "/notify", "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"]
        )
        // Meant for another process: no watchdog at all, so but for its status the next thing is the end.
        #expect(manager.next(beginning: "READY=1") != nil)
        agent.send(SIGTERM)
        var notices: [String] = []
        while notices.last != "STOPPING=1", let notice = manager.next() { notices.append(notice) }
        #expect(notices.last == "STOPPING=1")
        #expect(!notices.contains { $0.hasPrefix("WATCHDOG=1") }, "\(notices)")
        #expect(agent.exitCode() == 0)
    }

    @Test func `an address that cannot be used is told, and the agent runs`() throws {
        let agent = try AgentProcess(
            folder,
            ["run", "--config", "agent.toml"],
            environment: ["NOTIFY_SOCKET": "vsock:2:1"]
        )
        // It answers once it hears signals; its words come before.
        let status = folder.path + "/state/status.sock"
        #expect(eventually { (try? StatusSocket.ask(status, "/metrics")) != nil }, "\(agent.output)")
        #expect(agent.output.contains("NOTIFY_SOCKET cannot be used"), "\(agent.output)")
        agent.send(SIGTERM)
        #expect(agent.exitCode() == 0)
    }

    @Test func `a loop that hangs is not told to be alive`() throws {
        let signs = Counter()
        let asked = Counter()
        let hangs = Latch()
        let other = try LoopThread(name: "other") { _ in }
        let intake = try LoopThread(name: "intake") { loop in
            let watchdog = try? Watchdog(
                loop,
                everyMs: 5,
                ask: { answer in
                    asked.add()
                    return other.mailbox.post { _ in answer() }
                },
                alive: { signs.add() }
            )
            #expect(watchdog != nil)
        }
        #expect(eventually { signs.count >= 3 })
        // The other loop hangs in a job until the latch opens: one question lies there, and no second one.
        let isHung = Counter()
        other.mailbox.post { _ in
            isHung.add()
            hangs.wait()
        }
        #expect(eventually { isHung.count == 1 })
        let ticks = Counter()
        intake.mailbox.post { loop in
            let timer = try? EventLoop.Timer(loop) { ticks.add() }
            timer?.start(afterMs: 5, repeatMs: 5)
        }
        // An answer from before it hung may have been on its way; by now it has come.
        #expect(eventually { ticks.count >= 10 })
        let (signsBefore, askedBefore) = (signs.count, asked.count)
        #expect(askedBefore == signsBefore + 1)
        #expect(eventually { ticks.count >= 20 })
        #expect((signs.count, asked.count) == (signsBefore, askedBefore))
        hangs.open()
        #expect(eventually { signs.count > signsBefore })
        intake.stop()
        other.stop()
    }
}

/// The units of config/, held against systemd's own tools.
struct ServiceUnitTests {
    static let hasTools = ["/usr/bin/systemd-analyze", "/bin/systemd-analyze"]
        .contains { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(.enabled(if: hasTools), arguments: ["komfyr-agent", "komfyr-hub"])
    func `a unit is right, and keeps its program in bounds`(_ name: String) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        var unit = try String(contentsOfFile: "\(Built.repository)/config/\(name).service", encoding: .utf8)
        // Only what is installed can be verified.
        unit = unit.replacingOccurrences(of: "/usr/bin/\(name)", with: "/bin/true")
        try scratch.write(unit, to: "\(name).service")
        let path = scratch.at("\(name).service")
        let words = try await ChildProgram.run("systemd-analyze", ["verify", "--man=no", path], folder: scratch.path)
        #expect(!words.contains("\(name).service:"), "\(words)")
        // 0 is locked up, 10 open to all: 2 and below is what systemd calls OK and little else reaches.
        try await ChildProgram.run(
            "systemd-analyze",
            ["security", "--offline=true", "--threshold=20", "--no-pager", path],
            folder: scratch.path
        )
    }
}
