import Foundation
import TestSupport
import Testing

/// Programs that people send logs with, each as its manual says, to every kind of listener.
@Suite(.serialized)
struct SendersTests {
    @Test func `logger writes to the unix sockets, over TCP and UDP`() async throws {
        try await withDoors { hub, agent, doors in
            let host = try await ChildProgram.run("hostname", [], folder: doors.scratch.path).trimmed
            for (name, path) in [("datagrams", "gram.sock"), ("a stream", "stream.sock")] {
                let logger = try run(
                    ["-u", doors.scratch.at(path), "-t", "app", "-p", "daemon.err", "to \(name)"],
                    doors
                )
                #expect(try await logger.waitForExit() == 0)
                try await Self.expect(hub, "to \(name)", host: host, app: "app", pid: Int(logger.pid), "err", "daemon")
                let own = ["-u", doors.scratch.at(path), "--id=4711", "-t", "app", "id to \(name)"]
                #expect(try await run(own, doors).waitForExit() == 0)
                try await Self.expect(hub, "id to \(name)", host: host, app: "app", pid: 4_711, "notice", "user")
                let modern = [
                    "-u", doors.scratch.at(path), "--rfc5424", "-t", "app", "-p", "local3.warning", "5424 to \(name)",
                ]
                let rfc5424 = try run(modern, doors)
                #expect(try await rfc5424.waitForExit() == 0)
                try await Self.expect(
                    hub,
                    "5424 to \(name)",
                    host: host,
                    app: "app",
                    pid: Int(rfc5424.pid),
                    "warning",
                    "local3"
                )
            }
            for (name, option) in [("TCP", "-T"), ("UDP", "-d")] {
                let network = [option, "-n", "127.0.0.1", "-P", "\(agent.syslogPort)", "--id=4712", "-t", "app"]
                #expect(try await run(network + ["-p", "mail.crit", "over \(name)"], doors).waitForExit() == 0)
                try await Self.expect(hub, "over \(name)", host: host, app: "app", pid: 4_712, "crit", "mail")
            }
        }

        func run(_ arguments: [String], _ doors: Doors) throws -> ChildProgram {
            try ChildProgram("logger", arguments, folder: doors.scratch.path, output: doors.scratch.at("logger.log"))
        }
    }

    @Test func `Python's SysLogHandler writes over UDP, TCP and both kinds of unix sockets`() async throws {
        try await withDoors { hub, agent, doors in
            try doors.scratch.write(
                """
                import logging.handlers, os, socket, sys
                port, gram, stream = int(sys.argv[1]), sys.argv[2], sys.argv[3]
                for name, address, kind in [
                    ("udp", ("127.0.0.1", port), socket.SOCK_DGRAM),
                    ("tcp", ("127.0.0.1", port), socket.SOCK_STREAM),
                    ("gram", gram, socket.SOCK_DGRAM),
                    ("stream", stream, socket.SOCK_STREAM),
                ]:
                    handler = logging.handlers.SysLogHandler(address, facility="local0", socktype=kind)
                    handler.ident = "pyapp: "
                    logger = logging.getLogger(name)
                    logger.addHandler(handler)
                    logger.error("python %s\\nsecond line" if kind == socket.SOCK_DGRAM else "python %s", name)
                    logger.warning("after %s", name)
                    handler.close()
                print(os.getpid())

                """,
                to: "send.py"
            )
            let output = try await ChildProgram.run(
                "python3",
                [
                    doors.scratch.at("send.py"), "\(agent.syslogPort)", doors.scratch.at("gram.sock"),
                    doors.scratch.at("stream.sock"),
                ],
                folder: doors.scratch.path
            )
            let pid = try #require(Int(output.trimmed))
            let host = try await ChildProgram.run("hostname", [], folder: doors.scratch.path).trimmed
            for (name, isUnix) in [("udp", false), ("tcp", false), ("gram", true), ("stream", true)] {
                let lines = name == "udp" || name == "gram" ? "python \(name)\nsecond line" : "python \(name)"
                let source = isUnix ? host : "127.0.0.1"
                for (message, severity) in [(lines, "err"), ("after \(name)", "warning")] {
                    let log = try await hub.log { $0["message"].text == message }
                    #expect(log["source"].text == source, "\(log)")
                    #expect(log["data"]["app"] == "pyapp", "\(log)")
                    #expect(log["data"]["severity"].text == severity && log["data"]["facility"] == "local0", "\(log)")
                    #expect(log["data"]["pid"] == (isUnix ? .number(Double(pid)) : .null), "\(log)")
                    #expect(log["data"]["host"].text == (isUnix ? host : nil), "\(log)")
                }
            }
            #expect(try await hub.logs("limit=100").count == 8)
        }
    }

    @Test func `openssl s_client and nc bring syslog and JSON`() async throws {
        try await withDoors { hub, _, doors in
            let client = try await doors.certificates.issue("device")
            func send(_ text: String, to port: UInt16, _ more: [String] = []) async throws {
                try await ChildProgram.run(
                    "sh",
                    [
                        "-euc", #"text=$1; shift; printf "$text" | openssl s_client "$@""#, "sh", text, "-connect",
                        "127.0.0.1:\(port)", "-CAfile", doors.certificates.authority, "-verify_return_error",
                        "-verify_hostname", "localhost", "-quiet", "-no_ign_eof",
                    ] + more,
                    folder: doors.scratch.path
                )
            }
            let own = ["-cert", client.certificate, "-key", client.key]
            try await send(
                #"<27>1 - dev1 app 5 - - a line\n32 <28>1 - dev2 app 6 - - two\nlines"#,
                to: doors.tlsPort,
                own
            )
            try await Self.expect(hub, "a line", host: "dev1", app: "app", pid: 5, "err", "daemon")
            try await Self.expect(hub, "two\nlines", host: "dev2", app: "app", pid: 6, "warning", "daemon")
            try await send(#"{"n":1,"message":"json over tls"}\n{"n":2,"message":"its rest"}"#, to: doors.jsonTLSPort)
            for (number, message) in [(1, "json over tls"), (2, "its rest")] {
                let log = try await hub.log { $0["message"].text == message }
                #expect(log["data"] == ["n": .number(Double(number))])
                #expect(log["source"] == "127.0.0.1")
            }
            for to in ["127.0.0.1 \(doors.jsonPort)", "-U \(doors.scratch.at("json.sock"))"] {
                let object = #"{"celsius":21.5,"message":"nc \#(to.prefix(2))"}"#
                try await ChildProgram.run(
                    "sh",
                    ["-euc", "printf '%s\\n' \"$0\" | nc -N \(to)", object],
                    folder: doors.scratch.path
                )
                let log = try await hub.log { $0["message"].text == "nc \(to.prefix(2))" }
                #expect(log["data"]["celsius"] == .number(21.5))
            }
            // Without a certificate nothing comes in, and the agent says why.
            // With TLS 1.3 the client may be done before it hears of that.
            _ = try? await send("<27>stranger: text\\n", to: doors.tlsPort)
            _ = try await eventually("the handshake is counted") {
                try await doors.metrics()
                    .contains(
                        "komfyr_agent_input_handshakes_failed_total{input=\"tls\",reason=\"no_certificate\"} 1"
                    ) ? true : nil
            }
            #expect(try await hub.logs("limit=100").count == 6)
        }
    }

    @Test func `rsyslog forwards over TLS with a client certificate`() async throws {
        try await withDoors { hub, _, doors in
            let client = try await doors.certificates.issue("rsyslog")
            let port = try Network.freePort()
            try FileManager.default.createDirectory(
                atPath: doors.scratch.at("spool"),
                withIntermediateDirectories: true
            )
            try doors.scratch.write(
                """
                global(workDirectory="\(doors.scratch.at("spool"))"
                       defaultNetstreamDriverCAFile="\(doors.certificates.authority)"
                       defaultNetstreamDriverCertFile="\(client.certificate)"
                       defaultNetstreamDriverKeyFile="\(client.key)")
                module(load="imptcp")
                input(type="imptcp" address="127.0.0.1" port="\(port)")
                action(type="omfwd" target="127.0.0.1" port="\(doors.tlsPort)" protocol="tcp"
                       StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/name"
                       StreamDriverPermittedPeers="localhost"
                       TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")

                """,
                to: "rsyslog.conf"
            )
            let modules = try SyslogPeers.folder(of: "imptcp.so")
            let rsyslog = try ChildProgram(
                SyslogPeers.program("rsyslogd"),
                [
                    "-n", "-f", doors.scratch.at("rsyslog.conf"), "-i", doors.scratch.at("rsyslog.pid"), "-M",
                    modules + "/",
                ],
                environment: SyslogPeers.environment(),
                folder: doors.scratch.path,
                output: doors.scratch.at("rsyslog.log")
            )
            try await Self.sendNumbers(to: port, of: rsyslog)
            try await Self.expectNumbers(hub, rsyslog)
            try await rsyslog.stop()
        }
    }

    @Test(arguments: ["tcp", "tls", "unix-stream", "unix-dgram"])
    func `syslog-ng forwards`(_ transport: String) async throws {
        try await withDoors { hub, agent, doors in
            let client = try await doors.certificates.issue("syslog-ng")
            let port = try Network.freePort()
            let destination =
                switch transport {
                case "tcp": "syslog(\"127.0.0.1\" port(\(agent.syslogPort)) transport(\"tcp\"));"
                case "tls":
                    """
                    syslog("127.0.0.1" port(\(doors.tlsPort)) transport("tls") tls(
                        ca-file("\(doors.certificates.authority)") peer-verify(required-trusted)
                        cert-file("\(client.certificate)") key-file("\(client.key)")));
                    """
                case "unix-stream": "unix-stream(\"\(doors.scratch.at("stream.sock"))\");"
                default: "unix-dgram(\"\(doors.scratch.at("gram.sock"))\");"
                }
            try doors.scratch.write(
                """
                @version: 3.38
                options { stats-freq(0); keep-hostname(yes); time-reopen(1); };
                source in { network(ip("127.0.0.1") port(\(port)) flags(syslog-protocol)); };
                destination out { \(destination) };
                log { source(in); destination(out); flags(flow-control); };

                """,
                to: "syslog-ng.conf"
            )
            let modules = try SyslogPeers.folder(of: "libafsocket.so")
            let syslogNG = try ChildProgram(
                SyslogPeers.program("syslog-ng"),
                [
                    "-F", "--no-caps", "-f", doors.scratch.at("syslog-ng.conf"), "-p", doors.scratch.at("ng.pid"), "-R",
                    doors.scratch.at("ng.persist"), "-c", doors.scratch.at("ng.ctl"), "--module-path", modules,
                ],
                environment: SyslogPeers.environment(),
                folder: doors.scratch.path,
                output: doors.scratch.at("ng.log")
            )
            try await Self.sendNumbers(to: port, of: syslogNG)
            try await Self.expectNumbers(hub, syslogNG)
            try await syslogNG.stop()
        }
    }

    // MARK: What all of them do

    private static let count = 2_000

    /// Sends numbered messages of another machine to a relay, once it listens.
    private static func sendNumbers(to port: UInt16, of relay: ChildProgram) async throws {
        _ = try await eventually("the relay listens") {
            guard relay.isRunning else { throw TestFailure("it ended:\n\(relay.output)") }
            try Network.sendStream([], to: port)
            return true
        }
        let text = (0..<count).map { "<12>1 - testhost counter 77 - - number \($0)\n" }.joined()
        try Network.sendStream(Array(text.utf8), to: port)
    }

    /// All of them are stored once, as what they are.
    private static func expectNumbers(_ hub: HubProcess, _ relay: ChildProgram) async throws {
        do {
            _ = try await eventually("\(count) messages are stored", within: 180) {
                try await hub.numbers("number").count >= count ? true : nil
            }
        } catch {
            throw TestFailure("\(error)\nThe relay's words:\n\(relay.output.suffix(2_000))")
        }
        let numbers = try await hub.numbers("number")
        #expect(Set(numbers) == Set(0..<count) && numbers.count == count)
        try await expect(hub, "number 1999", host: "testhost", app: "counter", pid: 77, "warning", "user")
    }

    private static func expect(
        _ hub: HubProcess,
        _ message: String,
        host: String,
        app: String,
        pid: Int,
        _ severity: String,
        _ facility: String
    ) async throws {
        let log = try await hub.log { $0["message"].text == message }
        let data = log["data"]
        #expect(data["host"].text == host && log["source"].text == host, "\(log)")
        #expect(data["app"].text == app && data["pid"] == .number(Double(pid)), "\(log)")
        #expect(data["severity"].text == severity && data["facility"].text == facility, "\(log)")
        #expect(log["group"].text == "syslog:\(host):\(app)", "\(log)")
    }
}

/// The listeners of an agent beside those that every test's has.
private struct Doors {
    let scratch: Scratch
    let certificates: Certificates
    /// Syslog; asks for a certificate.
    let tlsPort: UInt16
    let jsonPort: UInt16
    let jsonTLSPort: UInt16
    var metricsPort: UInt16 = 0

    /// What the agent's `/metrics` show.
    func metrics() async throws -> String {
        try await HTTP.send("GET", "http://127.0.0.1:\(metricsPort)/metrics").body
    }
}

/// A hub and an agent with a listener of every kind.
private func withDoors(_ test: (HubProcess, AgentProcess, Doors) async throws -> Void) async throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let certificates = try await Certificates()
    let server = try await certificates.issue("server")
    var doors = Doors(
        scratch: scratch,
        certificates: certificates,
        tlsPort: try Network.freePort(),
        jsonPort: try Network.freePort(),
        jsonTLSPort: try Network.freePort()
    )
    let more = """
        [[input]]
        type = "syslog"
        name = "tls"
        listen = "tls://127.0.0.1:\(doors.tlsPort)"
        cert_file = "\(server.certificate)"
        key_file = "\(server.key)"
        client_ca_file = "\(certificates.authority)"

        [[input]]
        type = "syslog"
        listen = "unixgram://\(scratch.at("gram.sock"))"

        [[input]]
        type = "syslog"
        listen = "unix://\(scratch.at("stream.sock"))"

        [[input]]
        type = "json"
        listen = "tcp://127.0.0.1:\(doors.jsonPort)"

        [[input]]
        type = "json"
        listen = "tls://127.0.0.1:\(doors.jsonTLSPort)"
        cert_file = "\(server.certificate)"
        key_file = "\(server.key)"

        [[input]]
        type = "json"
        listen = "unix://\(scratch.at("json.sock"))"
        """
    try await withHubAndAgent(more: more) { hub, agent in
        doors.metricsPort = agent.metricsPort
        try await test(hub, agent, doors)
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
