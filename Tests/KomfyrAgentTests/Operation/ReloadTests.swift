import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import EventLoop
@testable import KomfyrAgent

/// SIGHUP, to the real program.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: AgentProcess.executable.path)))
struct ReloadTests {
    private let folder: TemporaryFolder
    private let hub: HTTPHub
    private let udp: UInt16
    private let tcp: UInt16

    init() throws {
        folder = try TemporaryFolder()
        hub = try HTTPHub()
        udp = try Network.freePort()
        tcp = try Network.freePort()
        try folder.write("key", "kmf_first\n")
        chmod(folder.path + "/key", 0o600)
    }

    /// Writes a configuration: a section `[agent]` with these lines, the hub, and these inputs.
    private func write(_ inputs: String..., agent: String = "", buffer: String = "") throws {
        try folder.write(
            "agent.toml",
            """
            [agent]
            data_dir = "state"
            \(agent)
            [hub]
            url = "http://127.0.0.1:\(hub.port)"
            api_key_file = "key"
            [buffer]
            \(buffer)

            """ + inputs.joined(separator: "\n")
        )
    }

    private func listener(_ name: String, _ url: String, _ more: String = "") -> String {
        "[[input]]\ntype = \"syslog\"\nname = \"\(name)\"\nlisten = \"\(url)\"\n\(more)\n"
    }

    private func files(_ more: String = "") -> String {
        "[[input]]\ntype = \"file\"\nname = \"files\"\npaths = [\"*.log\"]\n\(more)\n"
    }

    private func start() throws -> AgentProcess {
        let agent = try AgentProcess(folder, ["run", "--config", "agent.toml"])
        #expect(eventually { figure("komfyr_agent_info") == 1 }, "\(agent.output)")
        return agent
    }

    /// A figure of the agent's metrics, by the socket of `status`; nil when it does not answer.
    private func figure(_ sample: String) -> Double? {
        guard let (_, body) = try? StatusSocket.ask(folder.path + "/state/status.sock", "/metrics") else { return nil }
        let line = String(decoding: body, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix(sample + " ") || $0.hasPrefix(sample + "{") }
        return line?.split(separator: " ").last.flatMap { Double($0) }
    }

    private func received(_ input: String) -> Double? {
        figure("komfyr_agent_input_received_total{input=\"\(input)\"}")
    }

    /// Asks for a reload, and waits until it was taken, or refused.
    private func reload(_ agent: AgentProcess, is result: String = "taken") {
        let sample = "komfyr_agent_config_reloads_total{result=\"\(result)\"}"
        let before = figure(sample) ?? -1
        agent.send(SIGHUP)
        #expect(eventually { figure(sample) == before + 1 }, "\(agent.output)")
    }

    private var delivered: [String] {
        hub.state.withLock { $0.hub.lines.flatMap { Array(repeating: $0.key, count: $0.value) } }
    }

    @Test func `under load unchanged and changed inputs lose no datagram, and a connection stays open`() throws {
        let (first, second) = (udp, tcp)
        try write(listener("kept", "udp://127.0.0.1:\(first)"), listener("stream", "tcp://127.0.0.1:\(second)"))
        let agent = try start()
        defer { hub.stop() }
        let stream = try Network.Stream(to: second)
        try stream.send(Array("<13>1 - h a - - - before\n".utf8))
        #expect(eventually { received("stream") == 1 })

        let changing = try Network.freePort()
        let rounds = 20
        for round in 1...rounds {
            try write(
                listener("kept", "udp://127.0.0.1:\(first)"),
                listener("stream", "tcp://127.0.0.1:\(second)"),
                listener("changing", "udp://127.0.0.1:\(changing)", "tags = [\"round-\(round)\"]")
            )
            agent.send(SIGHUP)
            for number in 1...200 {
                try Network.sendDatagram("<13>1 - h a - - - kept \(round)-\(number)", to: first)
                // Before the first reload nobody listens there.
                if round > 1 { try Network.sendDatagram("<13>1 - h a - - - new \(round)-\(number)", to: changing) }
            }
            #expect(eventually { figure("komfyr_agent_config_reloads_total{result=\"taken\"}") == Double(round) })
        }
        try stream.send(Array("<13>1 - h a - - - after\n".utf8))
        #expect(eventually { received("kept") == Double(rounds * 200) }, "\(agent.output)")
        #expect(eventually { received("stream") == 2 })
        #expect(figure("komfyr_agent_input_open{input=\"stream\"}") == 1)
        // Counts of an input that changed begin anew: the hub's are those that tell.
        #expect(
            eventually { Set(delivered.filter { $0.contains("new ") }).count == (rounds - 1) * 200 },
            "\(delivered.count) \(agent.output.suffix(2_000))"
        )
        agent.send(SIGTERM)
        #expect(agent.exitCode() == 0)
    }

    @Test func `what waits in a unix datagram socket is there after a reload, under its new tags`() throws {
        let path = folder.path + "/log"
        let mode = "socket_mode = \"0600\"\n"
        try write(listener("in", "unixgram://\(path)", mode))
        let agent = try start()
        defer { hub.stop() }
        var sent = 0
        var socket: TestSocket? = try TestSocket(stream: false, path: path)
        for round in 1...20 {
            try write(listener("in", "unixgram://\(path)", mode + "tags = [\"round-\(round)\"]"))
            let before = figure("komfyr_agent_config_reloads_total{result=\"taken\"}") ?? -1
            agent.send(SIGHUP)
            // One connection for all rounds: it stays the socket's, whoever reads it.
            for _ in 0..<100 {
                socket?.send("<13>1 - h a - - - number \(sent)")
                sent += 1
            }
            #expect(eventually { figure("komfyr_agent_config_reloads_total{result=\"taken\"}") == before + 1 })
        }
        // All before may have been read by the input that left.
        socket?.send("<13>1 - h a - - - number \(sent)")
        sent += 1
        socket = nil
        #expect(
            eventually { Set(delivered.map { $0.prefix { $0 != "," } }).count == sent },
            "\(delivered.count) of \(sent) \(agent.output.suffix(2_000))"
        )
        #expect(delivered.count == sent)
        #expect(delivered.contains { $0.contains("number \(sent - 1)\"") && $0.contains("round-20") })
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        agent.send(SIGTERM)
        #expect(agent.exitCode() == 0)
        #expect(access(path, F_OK) != 0)
    }

    @Test func `a unix stream listener goes on at its path, with another mode too`() throws {
        let path = folder.path + "/log"
        try write(listener("in", "unix://\(path)", "socket_mode = \"0600\""))
        let agent = try start()
        defer { hub.stop() }
        try write(listener("in", "unix://\(path)", "socket_mode = \"0660\""))
        reload(agent)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o660)
        try TestSocket(stream: true, path: path).send("<13>1 - h a - - - x\n")
        #expect(eventually { received("in") == 1 }, "\(agent.output)")
    }

    @Test func `a tls listener with changed tags goes on at the same port`() async throws {
        let certificates = try await Certificates()
        let server = try await certificates.issue("server")
        chmod(server.key, 0o600)
        let files = "cert_file = \"\(server.certificate)\"\nkey_file = \"\(server.key)\"\n"
        try write(listener("in", "tls://127.0.0.1:\(tcp)", files))
        let agent = try start()
        defer { hub.stop() }
        let trust = TLSContext.Client(authorityFile: certificates.authority)
        let before = try TLSClient(to: tcp, trust)
        #expect(try before.shakeHands() == nil)
        before.send("<13>1 - h a - - - before\n")
        #expect(eventually { delivered.count == 1 }, "\(agent.output)")
        try write(listener("in", "tls://127.0.0.1:\(tcp)", files + "tags = [\"later\"]"))
        reload(agent)
        // Its connections were the old input's: their senders come again. TLS's own end comes before the socket's.
        while before.socket.receive() != nil {}
        #expect(before.socket.isClosedByPeer())
        let after = try TLSClient(to: tcp, trust)
        #expect(try after.shakeHands() == nil)
        after.send("<13>1 - h a - - - after\n")
        #expect(eventually { delivered.count == 2 }, "\(agent.output)")
        #expect(delivered.contains { $0.contains("after") && $0.contains("\"later\"") })
    }

    @Test func `a wrong configuration is refused with its errors, and all goes on`() throws {
        try write(listener("in", "udp://127.0.0.1:\(udp)"))
        let agent = try start()
        defer { hub.stop() }
        try write(listener("in", "udp://127.0.0.1:\(udp)", "grup = \"x\""))
        reload(agent, is: "refused")
        #expect(agent.output.contains("unknown key `grup` in [[input]]; did you mean `group`?"), "\(agent.output)")
        #expect(agent.output.contains("the reload is refused"))
        #expect(figure("komfyr_agent_config_last_reload_successful") == 0)
        try Network.sendDatagram("<13>1 - h a - - - x", to: udp)
        #expect(eventually { received("in") == 1 })
        try write(listener("in", "udp://127.0.0.1:\(udp)"))
        reload(agent)
        #expect(agent.output.contains("reloaded: nothing has changed; 1 input unchanged"), "\(agent.output)")
        #expect(figure("komfyr_agent_config_last_reload_successful") == 1)
        #expect(received("in") == 1)
    }

    @Test func `a port that is taken refuses the whole reload`() throws {
        try write(listener("a", "udp://127.0.0.1:\(udp)"), listener("b", "tcp://127.0.0.1:\(tcp)"))
        let agent = try start()
        defer { hub.stop() }
        let other = try AgentProcess.listeningSocket()
        defer { close(other.descriptor) }
        let stream = try Network.Stream(to: tcp)
        let free = try Network.freePort()
        try write(
            listener("a", "udp://127.0.0.1:\(udp)", "tags = [\"x\"]"),
            listener("new", "udp://127.0.0.1:\(free)"),
            listener("taken", "tcp://127.0.0.1:\(other.port)")
        )
        reload(agent, is: "refused")
        #expect(
            agent.output.contains("input \"taken\" cannot start: listen on 127.0.0.1:\(other.port)"),
            "\(agent.output)"
        )
        // As before: the connection lives, the removed input too, and nothing listens that was new.
        try stream.send(Array("<13>1 - h a - - - x\n".utf8))
        #expect(eventually { received("b") == 1 })
        #expect(received("new") == nil)
        try Network.sendDatagram("<13>1 - h a - - - x", to: udp)
        #expect(eventually { received("a") == 1 })
    }

    @Test func `addresses may change hands, also where one holds all of them`() throws {
        try write(
            listener("a", "udp://0.0.0.0:\(udp)", "allow = [\"127.0.0.0/8\"]"),
            listener("b", "tcp://127.0.0.1:\(tcp)")
        )
        let agent = try start()
        defer { hub.stop() }
        try write(
            listener("a", "udp://127.0.0.1:\(udp)"),
            listener("b", "tcp://127.0.0.1:\(udp)"),
            listener("c", "tcp://127.0.0.1:\(tcp)")
        )
        reload(agent)
        try Network.sendDatagram("<13>1 - h a - - - x", to: udp)
        try Network.sendStream(Array("<13>1 - h a - - - x\n".utf8), to: udp)
        try Network.sendStream(Array("<13>1 - h a - - - x\n".utf8), to: tcp)
        for name in ["a", "b", "c"] { #expect(eventually { received(name) == 1 }, "\(name) \(agent.output)") }
    }

    @Test func `a rolled back change leaves what ran running`() throws {
        let other = try AgentProcess.listeningSocket()
        defer { close(other.descriptor) }
        try write(listener("a", "udp://127.0.0.1:\(udp)"), listener("b", "udp://127.0.0.1:\(other.port)"), files())
        try folder.write("x.log", "1\n")
        let agent = try start()
        defer { hub.stop() }
        #expect(eventually { received("files") == 1 })
        // b leaves its UDP port for a TCP port of the same number, which is taken: known only after b has stopped.
        try write(
            listener("a", "udp://127.0.0.1:\(udp)", "tags = [\"x\"]"),
            listener("b", "tcp://127.0.0.1:\(other.port)"),
            files("tags = [\"y\"]")
        )
        reload(agent, is: "refused")
        try folder.append("x.log", "2\n")
        try Network.sendDatagram("<13>1 - h a - - - x", to: udp)
        try Network.sendDatagram("<13>1 - h a - - - x", to: other.port)
        for name in ["a", "b", "files"] { #expect(eventually { received(name) == 1 }, "\(name) \(agent.output)") }
        #expect(eventually { delivered.count == 4 })
        #expect(!delivered.contains { $0.contains("\"tags\":[\"x\"]") || $0.contains("\"tags\":[\"y\"]") })
    }

    @Test func `files go on where they were, changed, removed and back again`() throws {
        try write(files())
        try folder.write("x.log", "1\n2\n")
        let agent = try start()
        defer { hub.stop() }
        #expect(eventually { received("files") == 2 })
        try write(files("tags = [\"later\"]"))
        reload(agent)
        try folder.append("x.log", "3\n")
        #expect(eventually { received("files") == 1 }, "\(agent.output)")
        try write(listener("in", "udp://127.0.0.1:\(udp)"))
        reload(agent)
        #expect(received("files") == nil)
        try folder.append("x.log", "4\n")
        try write(files())
        reload(agent)
        #expect(eventually { delivered.count == 4 }, "\(delivered)")
        #expect(received("files") == 1)
        let tagged = delivered.filter { $0.contains("later") }
        #expect(tagged.count == 1 && tagged[0].contains("\"3\""))
    }

    @Test func `the key's file is read again, and nobody sees it`() throws {
        try write(listener("in", "udp://127.0.0.1:\(udp)"))
        let agent = try start()
        defer { hub.stop() }
        try Network.sendDatagram("<13>1 - h a - - - x", to: udp)
        #expect(eventually { delivered.count == 1 })
        try folder.write("key", "kmf_second\n")
        reload(agent)
        try Network.sendDatagram("<13>1 - h a - - - y", to: udp)
        #expect(eventually { delivered.count == 2 })
        let heads = hub.state.withLock { $0.posts.map(\.head) }
        #expect(heads.first?.contains("Bearer kmf_first") == true)
        #expect(heads.last?.contains("Bearer kmf_second") == true)
        #expect(agent.output.contains("reloaded: the API key changed; 1 input unchanged"), "\(agent.output)")
        #expect(!agent.output.contains("kmf_"))
    }

    @Test func `what needs a restart is named, and refused`() throws {
        try write(listener("in", "udp://127.0.0.1:\(udp)"), agent: "name = \"first\"")
        let agent = try start()
        defer { hub.stop() }
        try write(listener("in", "udp://127.0.0.1:\(udp)", "tags = [\"x\"]"), agent: "name = \"second\"")
        reload(agent, is: "refused")
        #expect(agent.output.contains("name (first to second)"), "\(agent.output)")
        #expect(agent.output.contains("needs a restart"))
    }

    @Test func `metrics move to another address of the same port, and back when the reload is refused`() throws {
        let port = try Network.freePort()
        let metrics = { (host: String) in "[metrics]\nlisten = \"\(host):\(port)\"" }
        let answers = {
            let request = Array("GET /health HTTP/1.1\r\n\r\n".utf8)
            let answer = try? Network.exchange(request, with: port, within: 10) { _ in false }
            return answer.map { String(decoding: $0, as: UTF8.self).hasPrefix("HTTP/1.1 200 ") } ?? false
        }
        try write(listener("in", "udp://127.0.0.1:\(udp)"), metrics("127.0.0.1"))
        let agent = try start()
        defer { hub.stop() }
        #expect(answers())
        try write(listener("in", "udp://127.0.0.1:\(udp)"), metrics("0.0.0.0"))
        reload(agent)
        #expect(answers())
        let other = try AgentProcess.listeningSocket()
        defer { close(other.descriptor) }
        try write(listener("in", "tcp://127.0.0.1:\(other.port)"), metrics("127.0.0.1"))
        reload(agent, is: "refused")
        #expect(answers(), "\(agent.output)")
        try write(listener("in", "udp://127.0.0.1:\(udp)"), metrics("127.0.0.1"))
        reload(agent)
        #expect(answers())
    }

    @Test func `buffer and metrics change while it runs`() throws {
        try write(listener("in", "udp://127.0.0.1:\(udp)"))
        let agent = try start()
        defer { hub.stop() }
        let port = try Network.freePort()
        try write(
            listener("in", "udp://127.0.0.1:\(udp)"),
            "[metrics]\nlisten = \"127.0.0.1:\(port)\"",
            buffer: "max_bytes = \"32MiB\""
        )
        reload(agent)
        #expect(figure("komfyr_agent_buffer_max_bytes") == 33_554_432)
        let request = Array("GET /health HTTP/1.1\r\n\r\n".utf8)
        let answer = try Network.exchange(request, with: port, within: 10) { _ in false }
        #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
        try write(listener("in", "udp://127.0.0.1:\(udp)"))
        reload(agent)
        #expect(throws: (any Error).self) { try Network.sendStream(request, to: port) }
        #expect(agent.output.contains("[buffer] changed; metrics are off"), "\(agent.output)")
    }
}
