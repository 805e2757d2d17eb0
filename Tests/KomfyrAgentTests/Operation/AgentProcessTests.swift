import Foundation
import Glibc
import Testing

@testable import KomfyrAgent

/// The program itself, as a user starts it.
final class AgentProcess: Sendable {
    private let process: SendableProcess
    private let errors: String

    /// Used by one test alone.
    private struct SendableProcess: @unchecked Sendable {
        let process: Process
    }

    /// The program that was built beside the tests.
    static var executable: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("komfyr-agent")
    }

    init(
        _ folder: TemporaryFolder,
        _ arguments: [String],
        in workingFolder: String? = nil,
        environment: [String: String] = [:]
    ) throws {
        let process = Process()
        process.executableURL = Self.executable
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: workingFolder ?? folder.path)
        errors = folder.path + "/output"
        try folder.write("output", "")
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        process.standardError = handle
        process.standardOutput = handle
        try process.run()
        self.process = SendableProcess(process: process)
    }

    deinit {
        if process.process.isRunning { kill(process.process.processIdentifier, SIGKILL) }
    }

    /// What it has written, to both streams.
    var output: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    var pid: Int32 { process.process.processIdentifier }

    func send(_ signal: Int32) { kill(process.process.processIdentifier, signal) }

    /// Waits for its end.
    /// - Returns: its exit code; nil when it goes on.
    func exitCode() -> Int32? {
        let process = process.process
        return eventually { !process.isRunning } ? process.terminationStatus : nil
    }
}

@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: AgentProcess.executable.path)))
struct AgentProcessTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func run(_ arguments: String...) throws -> (code: Int32?, output: String) {
        let process = try AgentProcess(folder, arguments)
        let code = process.exitCode()
        return (code, process.output)
    }

    /// A configuration with a file input, a hub that nobody is, and metrics on a free port.
    private func writeConfiguration(_ more: String = "") throws {
        try folder.write(
            "agent.toml",
            """
            [agent]
            data_dir = "state/deep"
            [hub]
            url = "http://127.0.0.1:1"
            api_key = "kmf_secret"
            [[input]]
            type = "file"
            paths = ["*.log"]
            [metrics]
            listen = "127.0.0.1:0"
            \(more)
            """
        )
        chmod(folder.path + "/agent.toml", 0o600)
    }

    @Test func `the version is told`() throws {
        let (code, output) = try run("--version")
        #expect(code == 0)
        #expect(output == "komfyr-agent \(KomfyrAgent.version)\n")
    }

    @Test func `help teaches by examples`() throws {
        let (code, output) = try run("--help")
        #expect(code == 0)
        for words in [
            "komfyr-agent check --config", "komfyr-agent status", "logger -d -n 127.0.0.1", "[[input]]", "api_key_file",
        ] {
            #expect(output.contains(words), "\(output)")
        }
    }

    @Test func `run without a configuration says where it looked and shows one`() throws {
        let (code, output) = try run("run")
        #expect(code != 0)
        #expect(output.contains("Looked for: agent.toml, config/agent.toml, /etc/komfyr-agent/agent.toml"))
        #expect(output.contains("listen = \"udp://127.0.0.1:5514\""))
    }

    @Test func `check says what a right configuration does, and never shows the key`() throws {
        try writeConfiguration()
        let (code, output) = try run("check", "--config", "agent.toml")
        #expect(code == 0, "\(output)")
        #expect(output.contains("\(folder.path)/*.log"))
        #expect(output.contains("API key from `api_key`"))
        #expect(!output.contains("kmf_secret"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/state"))
    }

    @Test(arguments: ["check", "run"])
    func `a wrong configuration is refused with file, line and remedy`(_ command: String) throws {
        try folder.write(
            "wrong.toml",
            "[hub]\nurl = \"http://h\"\napi_key = \"kmf_secret\"\n[[input]]\ntype = \"file\"\npahts = [\"/x\"]\n"
        )
        let (code, output) = try run(command, "--config", "wrong.toml")
        #expect(code == 1)
        #expect(output.contains("wrong.toml:6:1: unknown key `pahts` in [[input]]; did you mean `paths`?"), "\(output)")
        #expect(!output.contains("kmf_secret"))
    }

    @Test func `an address in use is an error that says who to ask`() throws {
        let other = try AgentProcess.listeningSocket()
        defer { close(other.descriptor) }
        try writeConfiguration("[[input]]\ntype = \"syslog\"\nlisten = \"tcp://127.0.0.1:\(other.port)\"")
        let (code, output) = try run("run", "--config", "agent.toml")
        #expect(code == 1)
        #expect(output.contains("cannot start"), "\(output)")
        #expect(output.contains("`ss -ulpn` (UDP) and `ss -tlpn` (TCP) tell which program has it"), "\(output)")
    }

    @Test func `what was read before SIGTERM is on disk, and nothing is read twice`() throws {
        try writeConfiguration()
        try folder.write("app.log", "1\n2\n")
        let first = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        #expect(eventually { first.output.contains("metrics on http://127.0.0.1:") }, "\(first.output)")
        let records = { (process: AgentProcess) in process.metric("komfyr_agent_buffer_records") }
        #expect(eventually { records(first) == 2 }, "\(first.output)")
        try folder.append("app.log", "3\n")
        #expect(eventually { records(first) == 3 })
        first.send(SIGTERM)
        #expect(first.exitCode() == 0, "\(first.output)")
        #expect(first.output.contains("SIGTERM: stopping"))

        try folder.append("app.log", "4\n")
        let second = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        #expect(eventually { records(second) == 4 }, "\(second.output)")
        #expect(second.output.contains("the buffer holds 3 logs"), "\(second.output)")
        #expect(second.metric("komfyr_agent_input_received_total") == 1)
        // Killed: what it had synced is there again.
        second.send(SIGKILL)
        _ = second.exitCode()
        let third = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        #expect(eventually { records(third) == 4 }, "\(third.output)")
        third.send(SIGINT)
        #expect(third.exitCode() == 0)
        #expect(!third.output.contains("kmf_secret"))
    }
}

extension AgentProcess {
    /// A socket that listens on a port of the system's choice.
    static func listeningSocket() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard code else { throw TemporaryFolder.Failure(attempt: "listen", code: errno) }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// A sample of its `/metrics`; nil when it cannot be asked.
    func metric(_ name: String) -> Double? {
        guard let range = output.range(of: "metrics on http://127.0.0.1:"),
            let port = UInt16(output[range.upperBound...].prefix { $0.isNumber })
        else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        let request = "GET /metrics HTTP/1.1\r\n\r\n"
        let sent = connected ? Glibc.send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL)) : 0
        guard sent > 0 else { return nil }
        let line = MetricsHarness.readAll(descriptor).split(separator: "\n")
            .first {
                $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{")
            }
        return line?.split(separator: " ").last.flatMap { Double($0) }
    }
}
