import class TestSupport.Certificates
import class TestSupport.ChildProgram
import enum TestSupport.Network
import Foundation
import Synchronization
import Testing

@testable import EventLoop
@testable import KomfyrAgent

/// https with real handshakes: what is wrong is said in words that name what to do, and nothing counts as delivered.
@Suite struct DeliveryTLSTests {
    private static let key = "kmf_test_secret"

    private static func identity(_ files: (certificate: String, key: String)) -> TLSContext.Identity {
        TLSContext.Identity(certificateFile: files.certificate, keyFile: files.key)
    }

    private static func section(_ url: String, authority: String?) -> AgentConfiguration.HubSection {
        var section = AgentConfiguration.HubSection(url: url, apiKey: key)
        section.authorityFile = authority
        return section
    }

    /// What can be wrong between an agent and a hub.
    enum Fault: String, CaseIterable {
        case expired
        case notYetValid
        case wrongName
        case unknownAuthority
        case selfSigned
        case systemAuthorities
        case clientCertificateMissing
        case clientCertificateRefused
        case noTLS
        case plainToTLS

        /// Of what the operator hears.
        var words: String {
            switch self {
            case .expired: "has expired: renew it"
            case .notYetValid: "not valid yet: is this machine's clock right"
            case .wrongName: "is for another name"
            case .unknownAuthority, .systemAuthorities: "authority that is not trusted here"
            case .selfSigned: "is self-signed: if it is the right one, set [hub] ca_file"
            case .clientCertificateMissing: "asks for a client certificate: set [hub] cert_file"
            case .clientCertificateRefused: "does not accept the agent's client certificate"
            case .noTLS: "does not speak TLS"
            case .plainToTLS: "want https://"
            }
        }
    }

    @Test(arguments: Fault.allCases)
    func `a fault of TLS is told in words, and nothing is delivered or lost`(_ fault: Fault) async throws {
        let certificates = try await Certificates()
        var server = TLSContext.Server(identity: Self.identity(try await certificates.issue("server")))
        var scheme = "https"
        var authority: String? = certificates.authority
        var client: TLSContext.Identity?
        switch fault {
        case .expired: server.identity = Self.identity(try await certificates.issue("old", days: -1))
        case .notYetValid: server.identity = Self.identity(try await certificates.issueForLater("new"))
        case .wrongName:
            server.identity = Self.identity(try await certificates.issue("other", for: "DNS:other.example"))
        case .unknownAuthority: authority = certificates.stranger
        case .selfSigned: server.identity = Self.identity(try await certificates.selfSigned("own"))
        case .systemAuthorities: authority = nil
        case .clientCertificateMissing: server.clientAuthorityFile = certificates.authority
        case .clientCertificateRefused:
            server.clientAuthorityFile = certificates.authority
            client = Self.identity(try await certificates.issue("device", by: "stranger"))
        case .noTLS: break
        case .plainToTLS:
            scheme = "http"
            authority = nil
        }
        let bench = try DeliveryBench(tls: fault == .noTLS ? nil : server)
        defer { bench.stop() }
        var section = Self.section("\(scheme)://127.0.0.1:\(bench.hub.port)", authority: authority)
        section.identity = client
        let delivery = try bench.start(section)
        bench.submit(1, to: delivery)
        try bench.waitForWords(fault.words)
        #expect(bench.hub.state.withLock { $0.posts.isEmpty })
        delivery.drain(deadlineMs: 0)
        #expect(delivery.snapshot().batchesWaiting == 1)
        #expect(delivery.snapshot().batchesDelivered == 0)
        #expect(!bench.tells(Self.key))
    }

    @Test(arguments: [true, false])
    func `a hub that proves itself, to an agent that does, is delivered to`(_ asksForCertificate: Bool) async throws {
        let certificates = try await Certificates()
        var server = TLSContext.Server(identity: Self.identity(try await certificates.issue("server")))
        if asksForCertificate { server.clientAuthorityFile = certificates.authority }
        let bench = try DeliveryBench(tls: server)
        defer { bench.stop() }
        var section = Self.section("https://localhost:\(bench.hub.port)", authority: certificates.authority)
        if asksForCertificate { section.identity = Self.identity(try await certificates.issue("agent")) }
        let delivery = try bench.start(section)
        for number in 1...20 { bench.submit(number, to: delivery) }
        try bench.wait("all delivered") { $0.hub.lines.count == 20 }
        delivery.drain()
        #expect(bench.problems == [])
        #expect(!bench.tells(Self.key))
    }

    @Test func `a self-signed certificate that ca_file names is trusted`() async throws {
        let certificates = try await Certificates()
        let own = try await certificates.selfSigned("own")
        let bench = try DeliveryBench(tls: TLSContext.Server(identity: Self.identity(own)))
        defer { bench.stop() }
        let delivery = try bench.start(
            Self.section("https://127.0.0.1:\(bench.hub.port)", authority: own.certificate)
        )
        bench.submit(1, to: delivery)
        try bench.wait("delivered") { $0.hub.lines.count == 1 }
        delivery.drain()
    }

    @Test
    func `a server of old TLS versions alone is not spoken with`() async throws {
        let certificates = try await Certificates()
        let files = try await certificates.issue("server")
        let port = try Network.freePort()
        let program = try ChildProgram(
            "openssl",
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-cert",
                files.certificate, "-key", files.key, "-quiet",
            ],
            folder: certificates.folder,
            output: certificates.folder + "/s_server.log"
        )
        defer { program.kill() }
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let delivery = try bench.start(
            Self.section("https://127.0.0.1:\(port)", authority: certificates.authority)
        )
        bench.submit(1, to: delivery)
        try bench.waitForWords("speaks no TLS that is safe (1.2 or 1.3)")
        delivery.drain(deadlineMs: 0)
        #expect(delivery.snapshot().batchesWaiting == 1)
    }

    @Test func `certificates that change are used without a restart, wrong ones leave those of before`() async throws {
        let certificates = try await Certificates()
        var server = TLSContext.Server(identity: Self.identity(try await certificates.issue("server")))
        server.clientAuthorityFile = certificates.authority
        let bench = try DeliveryBench(tls: server)
        defer { bench.stop() }
        let good = try await certificates.issue("agent")
        let bad = try await certificates.issue("stray", by: "stranger")
        let files = (certificate: bench.folder.path + "/cert.pem", key: bench.folder.path + "/key.pem")
        try Self.copy(bad, to: files)
        var section = Self.section("https://127.0.0.1:\(bench.hub.port)", authority: certificates.authority)
        section.identity = Self.identity(files)
        let delivery = try bench.start(section)
        bench.submit(1, to: delivery)
        try bench.waitForWords("does not accept the agent's client certificate")
        try Self.copy(good, to: files)
        try bench.waitForWords("has new certificates: they are used from now on")
        try bench.wait("the first delivered") { $0.hub.lines.count == 1 }
        // A key that belongs to another certificate.
        try Self.copy((good.certificate, bad.key), to: files)
        try bench.waitForWords("does not belong to the certificate")
        bench.submit(2, to: delivery)
        try bench.wait("the second delivered with those of before") { $0.hub.lines.count == 2 }
        delivery.drain()
        #expect(bench.problems == [])
    }

    @Test func `a hub changed at run time is used, and one whose files are wrong is not`() async throws {
        let certificates = try await Certificates()
        let server = TLSContext.Server(identity: Self.identity(try await certificates.issue("server")))
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let other = try HTTPHub(tls: server)
        defer { other.stop() }
        let delivery = try bench.start()
        bench.submit(1, to: delivery)
        try bench.wait("delivered to the first") { $0.hub.lines.count == 1 }
        var section = Self.section("https://127.0.0.1:\(other.port)", authority: "/nowhere/ca.pem")
        delivery.use(section)
        try bench.waitForWords("[hub] stays as it was")
        bench.submit(2, to: delivery)
        try bench.wait("delivered to the first still") { $0.hub.lines.count == 2 }
        section.authorityFile = certificates.authority
        delivery.use(section)
        // What is submitted before the files are read may still go to the first.
        try DeliveryBench.wait("delivered to the second") {
            bench.submit(3, to: delivery)
            usleep(20_000)
            return other.state.withLock { !$0.posts.isEmpty }
        }
        delivery.drain()
        #expect(other.state.withLock { $0.posts.first?.head.contains("Bearer \(Self.key)") } == true)
        #expect(!bench.hub.state.withLock { $0.posts.contains { $0.head.contains(Self.key) } })
        #expect(!bench.tells(Self.key))
    }

    /// Puts new contents under the names at once, as those who renew certificates do.
    private static func copy(
        _ from: (certificate: String, key: String),
        to files: (certificate: String, key: String)
    ) throws {
        for (source, target) in [(from.certificate, files.certificate), (from.key, files.key)] {
            try Data(contentsOf: URL(fileURLWithPath: source)).write(to: URL(fileURLWithPath: target), options: .atomic)
        }
    }
}
