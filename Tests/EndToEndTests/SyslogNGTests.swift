import Foundation
import TestSupport
import Testing

/// A real syslog-ng with examples/syslog-ng/komfyrvakt.conf, unpacked beside as rsyslog is.
struct SyslogNGTests {
    @Test func `what syslog-ng forwards arrives whole, though it was killed and the agent was away`() async throws {
        try await withHubAndAgent { hub, agent in
            let syslog = try SyslogNG(in: agent.scratch, agent: agent.syslogPort)
            try await syslog.start()
            try syslog.send(0..<1_000)
            try await Self.expect(0..<1_000, in: hub)

            // With the agent away the reliable disk buffer keeps what syslog-ng has taken, also when it is killed.
            try await agent.stop()
            try syslog.send(1_000..<1_500)
            try await syslog.waitUntilBuffered(1_500)
            syslog.kill()
            try await syslog.start()
            try await agent.start()
            try await Self.expect(0..<1_500, in: hub)

            let log = try await hub.log { $0["message"] == "number 1499" }
            #expect(log["group"].text == "syslog:testhost:counter")
            #expect(log["level"] == "warning" && log["source"] == "testhost")
            try await syslog.stop()
        }
    }

    /// Waits until all these messages are stored; what was sent and not acknowledged in time may come twice.
    private static func expect(_ range: Range<Int>, in hub: HubProcess) async throws {
        let numbers = try await eventually("\(range.count) messages are stored", within: 180) {
            let found = try await hub.numbers("number")
            return Set(found).count >= range.count ? found : nil
        }
        #expect(Set(numbers) == Set(range))
    }
}

/// syslog-ng from Debian's packages.
private struct SyslogNG {
    private let scratch: Scratch
    private let peer: SyslogPeer

    /// Writes the configuration.
    init(in scratch: Scratch, agent: UInt16) throws {
        self.scratch = scratch
        let port = try Network.freePort()
        let example = try String(
            contentsOfFile: Built.repository + "/examples/syslog-ng/komfyrvakt.conf",
            encoding: .utf8
        )
        try FileManager.default.createDirectory(atPath: scratch.at("spool"), withIntermediateDirectories: true)
        // Its buffer in a folder of the test's own; otherwise it is /var/lib/syslog-ng.
        let here = example.replacingOccurrences(of: "5514", with: "\(agent)")
            .replacingOccurrences(of: "reliable(yes)", with: "reliable(yes) dir(\"\(scratch.at("spool"))\")")
        try scratch.write(here, to: "komfyrvakt.conf")
        try scratch.write(
            """
            @version: 3.38
            options { stats-freq(0); keep-hostname(yes); };
            source s_src { syslog(ip("127.0.0.1") port(\(port)) transport("tcp")); };
            @include "\(scratch.at("komfyrvakt.conf"))"

            """,
            to: "syslog-ng.conf"
        )
        let arguments = [
            "--foreground", "--stderr", "--no-caps", "--cfgfile=\(scratch.at("syslog-ng.conf"))",
            "--persist-file=\(scratch.at("spool/persist"))", "--pidfile=\(scratch.at("spool/pid"))",
            "--control=\(scratch.at("spool/control"))",
        ]
        peer = SyslogPeer(
            "syslog-ng",
            module: "libafsocket.so",
            port: port,
            folder: scratch.at("spool"),
            output: scratch.at("syslog-ng.log")
        ) { arguments + ["--module-path=\($0)"] }
    }

    func start() async throws { try await peer.start() }

    func stop() async throws { try await peer.stop() }

    func kill() { peer.kill() }

    /// Sends numbered messages.
    func send(_ numbers: Range<Int>) throws {
        let time = ISO8601DateFormatter().string(from: Date())
        let text = numbers.map { number in
            let message = "<12>1 \(time) testhost counter - - - number \(number)"
            return "\(message.utf8.count) \(message)"
        }
        try peer.send(text.joined())
    }

    /// Waits until it has taken so many messages from its senders, and so has them on disk.
    func waitUntilBuffered(_ count: Int) async throws {
        _ = try await eventually("syslog-ng has taken \(count) messages") {
            let statistics = try await ChildProgram.run(
                SyslogPeers.program("syslog-ng-ctl"),
                ["stats", "--control=\(scratch.at("spool/control"))"],
                environment: SyslogPeers.environment(),
                folder: scratch.path
            )
            // dst.syslog;d_komfyrvakt#0;tcp,127.0.0.1:5514;a;processed;1500
            return statistics.split(separator: "\n")
                .contains { $0.hasPrefix("dst.") && $0.contains(";processed;") && $0.hasSuffix(";\(count)") }
                ? true : nil
        }
    }
}
