import Glibc
import Logging
import Protocol
import Synchronization
import Testing

@testable import EventLoop
@testable import KomfyrAgent

/// Delivery as a whole: its thread, a real disk, libcurl, and a hub behind a real socket.
@Suite struct DeliveryThreadTests {
    @Test func `what is submitted arrives once, in order, as the contract says`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let delivery = try bench.start()
        for number in 1...200 { bench.submit(number, to: delivery) }
        try bench.wait("all delivered") { $0.hub.lines.count == 200 }
        #expect(bench.numbers.sorted() == Array(1...200))
        delivery.drain()
        #expect(bench.taken == 200)
        let statistics = delivery.snapshot()
        #expect(statistics.recordsDelivered == 200)
        #expect(statistics.batchesWaiting == 0)
        let head = try #require(bench.hub.state.withLock { $0.posts.first?.head })
        #expect(head.hasPrefix("POST /api/logs/batch HTTP/1.1"))
        for line in [
            "content-type: application/x-ndjson", "content-encoding: zstd", "prefer: return=minimal",
            "authorization: bearer kmf_test", "user-agent: komfyr-agent/9.9",
        ] {
            #expect(head.lowercased().contains(line), "\(line)")
        }
        #expect(bench.problems == [])
    }

    @Test func `503 with Retry-After, cut connections and a portal's page only delay`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        bench.hub.state.withLock {
            $0.script = [
                .says(503, headers: ["Retry-After: 1"], body: "{\"detail\":\"starting\"}"), .cut, .cutAfterTaking,
                .says(200, headers: ["Content-Type: text/html"], body: "<html>Please accept our terms</html>"),
                .says(302, headers: ["Location: http://portal.example/login?token=secret"], body: ""),
                .says(422, headers: [], body: "<h1>no reason</h1>"),
            ]
        }
        let delivery = try bench.start()
        // One alone at first: what several at once meet in the same moment is told as one trouble.
        bench.submit(1, to: delivery)
        try bench.wait("all moods") { $0.script.isEmpty }
        for number in 2...10 { bench.submit(number, to: delivery) }
        try bench.wait("all delivered") { $0.hub.lines.count == 10 }
        delivery.drain()
        #expect(bench.problems == [])
        #expect(delivery.snapshot().batchesWaiting == 0)
        #expect(bench.logged.contains { $0.contains("takes logs again") })
        #expect(!bench.logged.contains { $0.contains("secret") || $0.contains("kmf_test") })
        #expect(bench.logged.contains { $0.contains("login page") })
    }

    @Test func `an unknown key is told once, and nothing is lost until it is known`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        bench.hub.state.withLock { $0.mood = .says(401, headers: [], body: "{\"detail\":\"unknown key\"}") }
        let delivery = try bench.start()
        for number in 1...5 { bench.submit(number, to: delivery) }
        try bench.wait("several tries") { $0.posts.count > 6 }
        bench.hub.state.withLock { $0.mood = .hub }
        try bench.wait("all delivered") { $0.hub.lines.count == 5 }
        delivery.drain()
        #expect(bench.logged.filter { $0.contains("does not know this agent's key") }.count == 1)
        #expect(bench.problems == [])
    }

    @Test func `what the hub refuses with its reason goes to the dead letters, and the next one goes`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        bench.hub.state.withLock {
            $0.script = [.says(422, headers: [], body: "{\"detail\":\"all of it is too old\"}")]
        }
        let delivery = try bench.start()
        for number in 1...5 { bench.submit(number, to: delivery) }
        try bench.wait("the others delivered") { $0.hub.lines.count == 4 }
        delivery.drain()
        let names = try PosixFileSystem().list(bench.folder.path + "/dead-letter")
        #expect(names.count == 2)
        #expect(delivery.snapshot().batchesRefused == 1)
        #expect(delivery.snapshot().batchesWaiting == 0)
        #expect(bench.logged.contains { $0.contains("all of it is too old") })
    }

    @Test func `a backlog of a hub that is down is delivered after a start, once`() throws {
        let bench = try DeliveryBench()
        bench.hub.stop()
        let first = try bench.start()
        for number in 1...50 { bench.submit(number, to: first, position: UInt64(number)) }
        first.drain(deadlineMs: 100)
        #expect(bench.taken == 50)
        let again = try HTTPHub(port: bench.hub.port)
        defer { again.stop() }
        let second = try bench.start()
        #expect(second.knownPositions().map(\.offset) == [50])
        try DeliveryBench.wait("all delivered") { again.state.withLock { $0.hub.lines.count == 50 } }
        second.drain()
        #expect(again.state.withLock { $0.hub.problems } == [])
        #expect(again.state.withLock { $0.hub.duplicates } == 0)
    }

    @Test func `a second agent on the same folder does not start`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let delivery = try bench.start()
        defer { delivery.drain() }
        #expect(throws: BufferError.self) { _ = try bench.start() }
    }
}

/// A folder, a hub, and what delivery said.
final class DeliveryBench: Sendable {
    let folder: TemporaryFolder
    let hub: HTTPHub
    private let heard = Mutex<(taken: Int, lines: [String])>((0, []))

    init(tls: TLSContext.Server? = nil) throws {
        folder = try TemporaryFolder()
        hub = try HTTPHub(tls: tls)
    }

    func stop() { hub.stop() }

    /// Delivery to the bench's hub or to what `section` says, with its state in the bench's folder or in another one.
    func start(
        _ section: AgentConfiguration.HubSection? = nil,
        in dataDirectory: String? = nil,
        files: any FileSystem = PosixFileSystem(),
        addressProbeMs: UInt64 = AgentLimits.addressProbeFirstMs
    ) throws -> DeliveryThread {
        var configuration = AgentConfiguration(
            agent: AgentConfiguration.AgentSection(dataDirectory: dataDirectory ?? folder.path, name: "test-agent"),
            hub: section ?? AgentConfiguration.HubSection(url: "http://127.0.0.1:\(hub.port)", apiKey: "kmf_test")
        )
        waitUntilFree(configuration.agent.dataDirectory)
        configuration.buffer.maxBytes = 16 << 20
        configuration.buffer.fsyncIntervalMs = 50
        let logger = Logger(label: "test") { [self] _ in
            CapturingHandler { [self] line in heard.withLock { $0.lines.append(line) } }
        }
        return try DeliveryThread(
            configuration: configuration,
            version: "9.9",
            logger: logger,
            files: files,
            addressProbeMs: addressProbeMs
        ) { [self] count, _ in
            heard.withLock { $0.taken += count }
        }
    }

    /// A program that another test starts at this moment has until it runs what was open here, the lock of a delivery
    /// that has ended among it.
    private func waitUntilFree(_ dataDirectory: String) {
        for _ in 0..<12_000 where FolderOwner.of(dataDirectory) != .none { usleep(5_000) }
    }

    func submit(_ number: Int, to delivery: DeliveryThread, position: UInt64? = nil) {
        let positions = position.map {
            [
                FilePosition(
                    input: "f",
                    device: 1,
                    inode: 1,
                    fingerprint: 1,
                    fingerprintLength: 1,
                    offset: $0,
                    guardHash: 0,
                    path: "/x"
                )
            ]
        }
        delivery.submit(
            Batch(
                body: Array("number \(number)\n".utf8),
                records: 1,
                positions: positions ?? [],
                isFromDatagramsOnly: false
            )
        )
    }

    var taken: Int { heard.withLock { $0.taken } }
    var logged: [String] { heard.withLock { $0.lines } }
    /// Waits until a line was logged that holds these words.
    func waitForWords(_ words: String) throws {
        do {
            try Self.wait("logged: \(words)") { logged.contains { $0.contains(words) } }
        } catch {
            throw SimulationProblem(text: "never logged: \(words). What was: \(logged)")
        }
    }

    /// Whether a secret is in any line that was logged.
    func tells(_ secret: String) -> Bool { logged.contains { $0.contains(secret) } }

    var problems: [String] { hub.state.withLock { $0.hub.problems } }
    var numbers: [Int] { hub.state.withLock { $0.hub.order.compactMap { Int($0.dropFirst(7)) } } }

    func wait(_ what: String, _ condition: (HTTPHub.State) -> Bool) throws {
        try Self.wait(what) { hub.state.withLock { condition($0) } }
    }

    /// Polls until it is so, a minute at most: the machine may be busy.
    static func wait(_ what: String, _ condition: () -> Bool) throws {
        for _ in 0..<12_000 {
            if condition() { return }
            usleep(5_000)
        }
        throw SimulationProblem(text: "waited in vain: \(what)")
    }
}
