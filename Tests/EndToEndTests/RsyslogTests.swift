import Foundation
import TestSupport
import Testing

/// A real rsyslogd with examples/rsyslog/60-komfyrvakt.conf.
///
/// It is unpacked beside, not installed: installing would take the place of a user's own syslog.
struct RsyslogTests {
    @Test func `what rsyslog forwards arrives whole, though it was stopped and started`() async throws {
        try await withHubAndAgent { hub, agent in
            let rsyslog = try Rsyslog(in: agent.scratch, agent: agent.syslogPort)
            try await rsyslog.start()
            try rsyslog.send(0..<1_000)
            try await rsyslog.stop()
            try await rsyslog.start()
            try rsyslog.send(1_000..<2_000)
            try await Self.expect(0..<2_000, in: hub)

            // With the agent away it keeps them on disk, also when it is stopped. Only what it writes into a connection
            // whose other end is gone already is lost with it: TCP tells too late.
            try await rsyslog.stop()
            try await agent.stop()
            try await rsyslog.start()
            try rsyslog.send(2_000..<2_500)
            try await rsyslog.stop()
            try await rsyslog.start()
            try await agent.start()
            // rsyslog 8.2302 repeats the message behind its first batch of 128 when it saves its queue meanwhile.
            try await Self.expect(0..<2_500, twice: 1, in: hub)
            try await rsyslog.stop()
            let log = try await hub.log { $0["message"] == "number 2499" }
            #expect(log["group"].text?.hasSuffix(":counter") == true)
            #expect(log["level"] == "warning")
        }
    }

    /// Waits until all these messages are stored, and expects no other, and so many of them twice at most.
    private static func expect(_ range: Range<Int>, twice: Int = 0, in hub: HubProcess) async throws {
        let numbers = try await eventually("\(range.count) messages are stored", within: 180) {
            let found = try await hub.numbers("number")
            return Set(found).count >= range.count ? found : nil
        }
        #expect(Set(numbers) == Set(range))
        #expect(numbers.count <= range.count + twice)
    }
}

/// rsyslogd from Debian's package.
private struct Rsyslog {
    private let peer: SyslogPeer

    /// Writes the configuration.
    init(in scratch: Scratch, agent: UInt16) throws {
        let port = try Network.freePort()
        let example = try String(
            contentsOfFile: Built.repository + "/examples/rsyslog/60-komfyrvakt.conf",
            encoding: .utf8
        )
        try scratch.write(example.replacingOccurrences(of: "5514", with: "\(agent)"), to: "60-komfyrvakt.conf")
        try FileManager.default.createDirectory(atPath: scratch.at("spool"), withIntermediateDirectories: true)
        try scratch.write(
            """
            global(workDirectory="\(scratch.at("spool"))")
            module(load="imptcp")
            input(type="imptcp" address="127.0.0.1" port="\(port)")
            include(file="\(scratch.at("60-komfyrvakt.conf"))")

            """,
            to: "rsyslog.conf"
        )
        let arguments = ["-n", "-f", scratch.at("rsyslog.conf"), "-i", scratch.at("rsyslog.pid"), "-M"]
        peer = SyslogPeer(
            "rsyslogd",
            module: "imptcp.so",
            port: port,
            folder: scratch.path,
            output: scratch.at("rsyslog.log")
        ) { arguments + [$0 + "/"] }
    }

    func start() async throws { try await peer.start() }

    func stop() async throws { try await peer.stop() }

    /// Sends numbered messages.
    func send(_ numbers: Range<Int>) throws {
        try peer.send(numbers.map { "<12>1 - testhost counter - - - number \($0)\n" }.joined())
    }
}
