import Glibc
import HTTPTypes
import NIOCore
import Testing

import class TestSupport.ChildProgram

@testable import KomfyrHub

/// TLS with certificates that openssl makes, seen by curl and openssl.
@Suite struct TLSTests {
    private let bed = APITestBed()
    private let folder: TemporaryFolder
    private var certificateFile: String { folder.path + "/hub.crt" }
    private var keyFile: String { folder.path + "/hub.key" }

    init() throws { folder = try TemporaryFolder() }

    /// Makes a certificate for 127.0.0.1 that signs itself.
    private func make(_ name: String, to certificate: String, _ key: String) async throws {
        try await ChildProgram.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key,
                "-out", certificate,
            ],
            folder: folder.path
        )
    }

    private func certificate() throws -> TLSCertificate {
        try TLSCertificate(certificateFile: certificateFile, keyFile: keyFile)
    }

    private func curl(_ arguments: [String]) async throws -> String {
        try await ChildProgram.run(
            "curl",
            ["-sS", "--max-time", "60", "--cacert", certificateFile] + arguments,
            folder: folder.path
        )
    }

    @Test func `logs are posted and read through TLS, over one connection`() async throws {
        try await make("one", to: certificateFile, keyFile)
        try await bed.serve(certificate: try certificate()) { port async throws in
            let url = "https://127.0.0.1:\(port)/api/logs"
            let key = ["-H", "Authorization: Bearer \(APITestBed.adminKey)"]
            let text = try await curl(
                key + ["-d", #"{"message":"sealed letter"}"#, url, "--next", "-sS", "-w", "%{num_connects}"] + key
                    + ["--cacert", certificateFile, url]
            )
            #expect(text.contains(#""message":"sealed letter""#))
            #expect(text.hasSuffix("]0"), "the second request uses the first one's connection: \(text)")
        }
    }

    @Test func `a large answer comes whole, and what has no TLS gets none`() async throws {
        try await make("one", to: certificateFile, keyFile)
        try await bed.serve(certificate: try certificate()) { port async throws in
            let message = String(repeating: "x", count: 1_000_000)
            let client = APIClient(router: bed.api.router, described: try DescribedAPI.ofTheHub.get())
            for _ in 0..<8 { _ = try await client.post("/api/logs", #"{"message":"\#(message)"}"#) }
            let text = try await curl([
                "-H", "Authorization: Bearer \(APITestBed.adminKey)", "https://127.0.0.1:\(port)/api/logs",
            ])
            #expect(text.utf8.count > 8_000_000)
            let plain = try RawConnection(port: port)
            plain.send(APITestBed.get("/api"))
            try await plain.waitUntilClosed()
            #expect(plain.text.hasPrefix("HTTP/1.1 400 "))
            #expect(plain.text.hasSuffix(#"{"detail":"This port speaks TLS: the address begins with https://."}"#))
        }
    }

    @Test func `the session's cookie goes through TLS only, and its page must have come so`() async throws {
        try await make("one", to: certificateFile, keyFile)
        try await bed.serve(certificate: try certificate()) { port async throws in
            let url = "https://127.0.0.1:\(port)/api/session"
            let login = try await curl(["-i", "-d", #"{"key":"\#(APITestBed.adminKey)"}"#, url])
            #expect(login.contains("; Secure"))
            let start = try #require(login.range(of: SessionCookie.name + "="))
            let cookie = String(login[start.lowerBound...].prefix { $0 != ";" })
            let post = ["-w", "%{http_code}", "-o", "/dev/null", "-d", #"{"message":"x"}"#, "-b", cookie]
            let logs = "https://127.0.0.1:\(port)/api/logs"
            #expect(try await curl(post + ["-H", "Origin: https://127.0.0.1:\(port)", logs]) == "200")
            #expect(try await curl(post + ["-H", "Origin: http://127.0.0.1:\(port)", logs]) == "403")
        }
    }

    @Test func `a stream and a WebSocket go through TLS`() async throws {
        try await make("one", to: certificateFile, keyFile)
        let script = """
            import ssl, socket, sys
            context = ssl.create_default_context(cafile=sys.argv[2])
            with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60), server_hostname="127.0.0.1") as s:
                s.sendall(sys.argv[3].encode().decode("unicode_escape").encode())
                got = b""
                while sys.argv[4].encode() not in got:
                    part = s.recv(65536)
                    if not part: sys.exit("closed after %r" % got)
                    got += part
                    if b"\\r\\n\\r\\n" in got: open("open-" + sys.argv[5], "w").close()
                print(got)
            """
        try await bed.serve(certificate: try certificate()) { port async throws in
            for (kind, fields, first) in [("ws", WebSocketForTests.fields, "101"), ("sse", "", "200")] {
                let request = APITestBed.get("/api/logs/stream", fields + APITestBed.keyField)
                let escaped = request.split(separator: "\r\n", omittingEmptySubsequences: false)
                    .joined(separator: "\\r\\n")
                let reader = try ChildProgram(
                    "python3",
                    ["-c", script, String(port), certificateFile, escaped, "wanted-\(kind)", kind],
                    folder: folder.path,
                    output: folder.path + "/out-\(kind)"
                )
                try await eventually("the \(kind) is open: \(reader.output)") {
                    access(folder.path + "/open-\(kind)", F_OK) == 0
                }
                let client = APIClient(router: bed.api.router, described: try DescribedAPI.ofTheHub.get())
                _ = try await client.post("/api/logs", #"{"message":"wanted-\#(kind)"}"#)
                #expect(try await reader.waitForExit() == 0, "\(reader.output)")
                #expect(reader.output.contains("HTTP/1.1 \(first)"))
            }
        }
    }

    // MARK: Change of the certificate

    private func subject(_ port: Int) async throws -> String {
        try await ChildProgram.run(
            "bash",
            [
                "-c",
                "openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>/dev/null | openssl x509 -noout -subject",
            ],
            folder: folder.path
        )
    }

    @Test func `a new certificate is shown to new connections, and a wrong one changes nothing but is told`()
        async throws
    {
        try await make("one", to: certificateFile, keyFile)
        let certificate = try certificate()
        let log = RecordingLog()
        func isError(_ line: String) -> Bool { line.hasPrefix("error") && line.contains("does not belong to") }
        try await bed.serve(certificate: certificate) { port async throws in
            #expect(try await subject(port).contains("CN = one"))
            certificate.reloadIfChanged(log.logger)
            #expect(log.count { _ in true } == 0)

            try await make("two", to: folder.path + "/new.crt", folder.path + "/new.key")
            #expect(rename(folder.path + "/new.crt", certificateFile) == 0)
            // The key is not there yet: told only when it stays so, and once.
            certificate.reloadIfChanged(log.logger)
            #expect(log.count(where: isError) == 0)
            for _ in 0..<3 { certificate.reloadIfChanged(log.logger) }
            #expect(log.count(where: isError) == 1)
            #expect(try await subject(port).contains("CN = one"))

            #expect(rename(folder.path + "/new.key", keyFile) == 0)
            certificate.reloadIfChanged(log.logger)
            #expect(try await subject(port).contains("CN = two"))
            #expect(log.count { $0.hasPrefix("info") } == 1)

            unlink(keyFile)
            for _ in 0..<3 { certificate.reloadIfChanged(log.logger) }
            #expect(log.count { $0.hasPrefix("error") && $0.contains("cannot be read") } == 1)
            #expect(try await subject(port).contains("CN = two"))
        }
    }

    @Test func `TLS before 1_2 is not spoken`() async throws {
        try await make("one", to: certificateFile, keyFile)
        try await bed.serve(certificate: try certificate()) { port async throws in
            func speaks(_ version: String) async throws -> Bool {
                let arguments = "s_client -\(version) -cipher DEFAULT:@SECLEVEL=0 -connect 127.0.0.1:\(port)"
                let text = try await ChildProgram.run(
                    "bash",
                    ["-c", "openssl \(arguments) </dev/null 2>&1 || true"],
                    folder: folder.path
                )
                return text.contains("BEGIN CERTIFICATE")
            }
            #expect(try await speaks("tls1_2"))
            #expect(try await speaks("tls1_3"))
            #expect(try await speaks("tls1_1") == false)
        }
    }

    // MARK: What is wrong with files

    private func problem() -> String {
        do throws(HubConfiguration.Problem) {
            _ = try TLSCertificate(certificateFile: certificateFile, keyFile: keyFile)
            return "nothing"
        } catch {
            return error.description
        }
    }

    @Test func `what is wrong with the files is told in words`() async throws {
        #expect(problem().contains("TLS_CERT_FILE: \(certificateFile) cannot be read: No such file"))
        try await make("one", to: certificateFile, keyFile)
        #expect(problem() == "nothing")
        try await make("two", to: folder.path + "/other.crt", keyFile)
        #expect(problem().contains("does not belong to the first certificate"))
        try PrivateFile.write("nonsense", to: keyFile)
        #expect(problem().contains("TLS_KEY_FILE: \(keyFile) holds no private key"))
        try PrivateFile.write("", to: keyFile)
        #expect(problem().contains("is empty"))
        try await ChildProgram.run(
            "openssl",
            ["genpkey", "-algorithm", "ED25519", "-aes256", "-pass", "pass:secret", "-out", keyFile],
            folder: folder.path
        )
        #expect(problem().contains("is encrypted"))
        unlink(keyFile)
        #expect(problem().contains("TLS_KEY_FILE: \(keyFile) cannot be read"))
        try PrivateFile.write("nonsense", to: certificateFile)
        try PrivateFile.write("nonsense", to: keyFile)
        #expect(problem().contains("holds no certificate"))
    }

    @Test func `a key that all may read, and an ended certificate, are warned of`() async throws {
        try await make("one", to: certificateFile, keyFile)
        chmod(keyFile, 0o600)
        #expect(try certificate().warnings.isEmpty)
        chmod(keyFile, 0o644)
        #expect(try certificate().warnings.first?.contains("chmod") == true)
    }

    @Test func `with TLS the addresses are https, and beyond loopback nothing is warned of`() throws {
        let files = ["TLS_CERT_FILE": "/a.crt", "TLS_KEY_FILE": "/a.key", "HOST": "0.0.0.0"]
        let configuration = try HubConfiguration(files, machineMemory: 1 << 30)
        #expect(configuration.address(port: 8_443) == "https://127.0.0.1:8443")
        #expect(configuration.warnings.isEmpty)
        for name in ["TLS_CERT_FILE", "TLS_KEY_FILE"] {
            #expect(throws: HubConfiguration.Problem.self) {
                try HubConfiguration([name: "/a"], machineMemory: 1 << 30)
            }
        }
    }
}

extension String {
    /// Where a text stands.
    fileprivate func range(of part: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
            start = index(after: start)
        }
        return nil
    }
}
