import Foundation
import TestSupport
import Testing

/// A real rsyslogd with examples/rsyslog/60-komfyrvakt.conf.
///
/// It is unpacked beside, not installed: installing would take the place of a user's own syslog.
struct RsyslogTests {
    @Test func `what rsyslog forwards arrives whole, though it was stopped and started`() async throws {
        try await withHubAndAgent { hub, agent in
            let rsyslog = try await Rsyslog.unpack(in: agent.scratch, agent: agent.syslogPort)
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
        let numbers = try await eventually("\(range.count) messages are stored", within: 60) {
            let found = try await hub.numbers("number")
            return Set(found).count >= range.count ? found : nil
        }
        #expect(Set(numbers) == Set(range))
        #expect(numbers.count <= range.count + twice)
    }
}

/// rsyslogd from Debian's package, with an input of its own on loopback.
private final class Rsyslog {
    private let root: String
    private let scratch: Scratch
    private let port: UInt16
    private var program: ChildProgram?

    /// Fetches the packages once, and writes the configuration.
    static func unpack(in scratch: Scratch, agent: UInt16) async throws -> Rsyslog {
        let root = Built.repository + "/.build/rsyslog"
        if !FileManager.default.fileExists(atPath: root + "/usr/sbin/rsyslogd") {
            let folder = scratch.at("packages")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await ChildProgram.run(
                "sh",
                [
                    "-euc",
                    """
                    packages='rsyslog libestr0 libfastjson4 liblognorm5'
                    apt-get download $packages || { apt-get update; apt-get download $packages; }
                    for package in *.deb; do dpkg-deb --extract "$package" root; done
                    rm -rf "$0"; mkdir -p "$(dirname "$0")"; cp -a root "$0"
                    """,
                    root,
                ],
                folder: folder,
                within: 180
            )
        }
        return try Rsyslog(root: root, scratch: scratch, agent: agent)
    }

    private init(root: String, scratch: Scratch, agent: UInt16) throws {
        self.root = root
        self.scratch = scratch
        port = try Network.freePort()
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
    }

    func start() async throws {
        let libraries = ["lib", "usr/lib"].map { "\(root)/\($0)/x86_64-linux-gnu:\(root)/\($0)/aarch64-linux-gnu" }
        let modules = try FileManager.default.subpathsOfDirectory(atPath: root)
            .first { $0.hasSuffix("/rsyslog/imptcp.so") }
        guard let modules else { throw TestFailure("rsyslog has no imptcp.so") }
        let program = try ChildProgram(
            root + "/usr/sbin/rsyslogd",
            [
                "-n", "-f", scratch.at("rsyslog.conf"), "-i", scratch.at("rsyslog.pid"), "-M",
                "\(root)/\((modules as NSString).deletingLastPathComponent)/",
            ],
            environment: ["LD_LIBRARY_PATH": libraries.joined(separator: ":")],
            folder: scratch.path,
            output: scratch.at("rsyslog.log")
        )
        self.program = program
        _ = try await eventually("rsyslog listens") {
            guard program.isRunning else { throw TestFailure("rsyslogd ended:\n\(program.output)") }
            try Network.sendStream([], to: port)
            return true
        }
    }

    func stop() async throws {
        try await program?.stop()
        program = nil
    }

    /// Sends numbered messages as a program of this machine does.
    func send(_ numbers: Range<Int>) throws {
        let text = numbers.map { "<12>1 - testhost counter - - - number \($0)\n" }.joined()
        // Read is what it has taken over: what still lay in the socket would die with it, as with any program.
        try Network.sendStream(Array(text.utf8), to: port, untilRead: true)
    }
}
