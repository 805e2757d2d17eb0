import class TestSupport.Certificates
import class TestSupport.ChildProgram
import Foundation
import Synchronization
import Testing

@testable import EventLoop
@testable import KomfyrAgent

/// Through a real proxy on loopback to hosts that only it knows.
@Suite struct DeliveryProxyTests {
    private static let key = "kmf_test_secret"

    /// A hub that speaks TLS as `hub.test`, and the settings to reach it through a proxy.
    private func bench() async throws -> (DeliveryBench, ConnectProxy, AgentConfiguration.HubSection) {
        let certificates = try await Certificates()
        let files = try await certificates.issue("hub", for: "DNS:hub.test")
        let bench = try DeliveryBench(
            tls: TLSContext.Server(
                identity: TLSContext.Identity(certificateFile: files.certificate, keyFile: files.key)
            )
        )
        let proxy = try ConnectProxy(to: bench.hub.port)
        var section = AgentConfiguration.HubSection(url: "https://hub.test:8443", apiKey: Self.key)
        let authority = bench.folder.path + "/ca.pem"
        try Data(contentsOf: URL(fileURLWithPath: certificates.authority)).write(to: URL(fileURLWithPath: authority))
        section.authorityFile = authority
        section.proxy = "http://127.0.0.1:\(proxy.port)"
        return (bench, proxy, section)
    }

    @Test func `https goes through CONNECT, and the proxy sees neither key nor logs`() async throws {
        let (bench, proxy, section) = try await bench()
        defer {
            proxy.stop()
            bench.stop()
        }
        let delivery = try bench.start(section)
        for number in 1...10 { bench.submit(number, to: delivery) }
        try bench.wait("all delivered") { $0.hub.lines.count == 10 }
        delivery.drain()
        let heads = proxy.state.withLock { $0.heads }
        #expect(heads.allSatisfy { $0.hasPrefix("CONNECT hub.test:8443 HTTP/1.1") })
        #expect(!heads.isEmpty && !heads.contains { $0.lowercased().contains("\r\nauthorization") })
        #expect(!heads.contains { $0.contains(Self.key) })
        #expect(bench.problems == [])
    }

    @Test func `a proxy that wants a password is told of, gets it, and it is never logged`() async throws {
        var (bench, proxy, section) = try await bench()
        defer {
            proxy.stop()
            bench.stop()
        }
        // user:pass%20word, as RFC 7617 packs it.
        proxy.state.withLock { $0.mood = .asks("Basic dXNlcjpwYXNzIHdvcmQ=") }
        let delivery = try bench.start(section)
        bench.submit(1, to: delivery)
        try bench.waitForWords("the proxy before the hub wants a user and a password (407)")
        section.proxy = "http://user:pass%20word@127.0.0.1:\(proxy.port)"
        delivery.use(section)
        try bench.wait("delivered") { $0.hub.lines.count == 1 }
        delivery.drain()
        for secret in ["pass%20word", "pass word", "dXNlcjpwYXNzIHdvcmQ", Self.key] { #expect(!bench.tells(secret)) }
        let summary = ConfigurationSummary.describe(section, keySource: "a file")
        #expect(summary.contains("through the proxy http://127.0.0.1:\(proxy.port),"))
        #expect(!summary.contains("pass"))
    }

    @Test(arguments: [
        (403, "the proxy before the hub refuses the way there (403)"), (502, "refuses the way there (502)"),
    ])
    func `a proxy that refuses is told of, not the hub`(_ status: Int, _ words: String) async throws {
        let (bench, proxy, section) = try await bench()
        defer {
            proxy.stop()
            bench.stop()
        }
        proxy.state.withLock { $0.mood = .refuses(status) }
        let delivery = try bench.start(section)
        bench.submit(1, to: delivery)
        try bench.waitForWords(words)
        proxy.state.withLock { $0.mood = .opens }
        try bench.wait("delivered once it opens") { $0.hub.lines.count == 1 }
        delivery.drain()
    }

    @Test func `a proxy that is not there is told of, not the hub`() async throws {
        let (bench, proxy, section) = try await bench()
        defer { bench.stop() }
        proxy.stop()
        let delivery = try bench.start(section)
        bench.submit(1, to: delivery)
        try bench.waitForWords("the proxy before the hub cannot be reached")
        delivery.drain(deadlineMs: 0)
        #expect(delivery.snapshot().batchesWaiting == 1)
    }

    @Test func `the environment's proxy is used, but not for a hub on this machine`() async throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let proxy = try ConnectProxy(to: bench.hub.port)
        defer { proxy.stop() }
        for url in ["http://hub.test:8080", "http://127.0.0.1:\(bench.hub.port)"] {
            let before = bench.hub.state.withLock { $0.hub.lines.count }
            let folder = try TemporaryFolder()
            try folder.write("watched", "line of \(url)\n")
            try folder.write(
                "agent.toml",
                """
                [agent]
                data_dir = "\(folder.path)/data"
                name = "proxied"
                [hub]
                url = "\(url)"
                api_key = "kmf_test"
                [[input]]
                type = "file"
                paths = ["\(folder.path)/watched"]
                read_from = "beginning"
                """
            )
            let program = try ChildProgram(
                AgentProcess.executable.path,
                ["run", "--config", folder.path + "/agent.toml"],
                environment: ["http_proxy": "http://127.0.0.1:\(proxy.port)"],
                folder: folder.path,
                output: folder.path + "/agent.log"
            )
            try bench.wait("delivered") { $0.hub.lines.count == before + 1 }
            try await program.stop()
            let isOpenWarned = program.output.contains("the API key and all logs go openly over the network")
            #expect(isOpenWarned == url.contains("hub.test"), "\(program.output)")
            #expect(!program.output.contains("kmf_test"))
        }
        let heads = proxy.state.withLock { $0.heads }
        #expect(!heads.isEmpty)
        #expect(heads.allSatisfy { $0.contains("http://hub.test:8080/api/") })
    }
}
