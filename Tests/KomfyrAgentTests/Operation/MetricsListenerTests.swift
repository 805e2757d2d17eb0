import EventLoop
import Foundation
import Synchronization
import Testing

@testable import KomfyrAgent

/// A metrics listener on a loop of its own.
final class MetricsHarness: Sendable {
    private let thread: LoopThread
    private let port = Mutex<UInt16>(0)

    init(_ snapshot: @escaping @Sendable () -> AgentSnapshot) throws {
        let found = FoundPort()
        thread = try LoopThread(name: "metrics-test") { loop in
            guard let listener = try? MetricsListener(loop, bind: .ip("127.0.0.1", port: 0), snapshot: snapshot) else {
                return
            }
            if case .ip(_, let port) = listener.localAddress { found.set(port) }
            // Lives as long as the loop does.
            Self.keep(listener, on: loop)
        }
        _ = eventually { found.value != 0 }
        port.withLock { $0 = found.value }
    }

    deinit { thread.stop() }

    private static func keep(_ listener: MetricsListener, on loop: Loop) {
        let timer = try? Timer(loop) { _ = listener.localAddress }
        timer?.start(afterMs: 1 << 40)
    }

    private final class FoundPort: Sendable {
        private let number = Mutex<UInt16>(0)
        func set(_ value: UInt16) { number.withLock { $0 = value } }
        var value: UInt16 { number.withLock { $0 } }
    }

    /// Opens a connection.
    func connect() -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.withLock { $0 }.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return code == 0 ? descriptor : -1
    }

    /// Sends a request in these parts and reads the whole answer.
    func ask(_ parts: [String]) -> String {
        let descriptor = connect()
        defer { close(descriptor) }
        for part in parts {
            _ = part.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            usleep(2_000)
        }
        return Self.readAll(descriptor)
    }

    static func readAll(_ descriptor: Int32) -> String {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}

struct MetricsListenerTests {
    private static func snapshot(_ state: BufferState = .open, trouble: String? = nil) -> AgentSnapshot {
        var input = InputStatistics()
        input.received = 12
        input.dropped[.noRoom] = 3
        input.kernelDrops = 5
        var delivery = DeliveryStatistics()
        delivery.bufferBytes = 4_096
        delivery.recordsWaiting = 7
        delivery.state = state
        delivery.trouble = trouble
        return AgentSnapshot(
            name: "test",
            inputs: [AgentSnapshot.Input(name: "in \"1\"\n\\", statistics: input)],
            delivery: delivery,
            isHeldBack: false
        )
    }

    @Test func `metrics are in Prometheus' text`() throws {
        let harness = try MetricsHarness { Self.snapshot() }
        let answer = harness.ask(["GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"])
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("text/plain; version=0.0.4"))
        let body = try #require(answer.components(separatedBy: "\r\n\r\n").last)
        #expect(body.contains("\nkomfyr_agent_input_received_total{input=\"in \\\"1\\\"\\n\\\\\"} 12\n"))
        #expect(body.contains(",reason=\"no_room\"} 3\n"))
        #expect(body.contains("\nkomfyr_agent_input_kernel_drops_total{input=\"in \\\"1\\\"\\n\\\\\"} 5\n"))
        #expect(body.contains("\nkomfyr_agent_buffer_bytes 4096\n"))
        #expect(body.contains("\nkomfyr_agent_buffer_records 7\n"))
        #expect(body.contains("\nkomfyr_agent_buffer_state{state=\"open\"} 1\n"))
        #expect(body.contains("\nkomfyr_agent_config_reloads_total{result=\"taken\"} 0\n"))
        #expect(body.contains("\nkomfyr_agent_config_last_reload_successful 1\n"))
        // Each line is a comment or a sample, and each sample has its type before it.
        var families: Set<Substring> = []
        for line in body.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                families.insert(line.split(separator: " ")[2])
            } else if !line.hasPrefix("# HELP ") {
                let name = line.prefix { $0 != "{" && $0 != " " }
                #expect(families.contains(name), "\(line)")
                #expect(Double(line.split(separator: " ").last ?? "") != nil, "\(line)")
            }
        }
        let length = try #require(answer.firstRange(of: "Content-Length: \(body.utf8.count)\r\n"))
        #expect(!length.isEmpty)
    }

    @Test func `every metric stands in the handbook, and none that there is not`() throws {
        let folder = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        let handbook = try String(contentsOfFile: folder + "/docs/operating.md", encoding: .utf8)
        let rows = handbook.split(separator: "\n").drop { $0 != "| metric | meaning |" }.dropFirst(2)
            .prefix { $0.hasPrefix("|") }
        let told = rows.flatMap { row in
            row.split(separator: "|")[0].split(separator: "`")
                .map { $0.prefix { $0 != "{" && $0 != " " && $0 != "," } }.filter { !$0.isEmpty }
        }
        let text = String(decoding: MetricsText.metrics(Self.snapshot(), nowNs: 0), as: UTF8.self)
        let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            .map { $0.split(separator: " ")[2].dropFirst("komfyr_agent_".count) }
        #expect(Set(told) == Set(names), "\(Set(told).symmetricDifference(names))")
        for reason in InputStatistics.DropReason.allCases { #expect(handbook.contains("\(reason.label)")) }
    }

    static let health: [(state: BufferState, trouble: String?, status: String, words: [String])] = [
        (.open, nil, "200 OK", ["\"status\":\"healthy\"", "\"records\":7"]),
        (.open, "it says \"no\"", "200 OK", ["\"status\":\"buffering\"", "\"detail\":\"it says \\\"no\\\"\""]),
        (
            .full, nil, "503 Service Unavailable",
            ["\"status\":\"full\"", "\"detail\":\"the buffer has reached max_bytes"]
        ),
        (.broken, nil, "503 Service Unavailable", ["\"status\":\"broken\""]),
    ]

    @Test(arguments: health)
    func `health says whether logs are taken`(
        _ state: BufferState,
        _ trouble: String?,
        _ status: String,
        _ words: [String]
    ) throws {
        let harness = try MetricsHarness { Self.snapshot(state, trouble: trouble) }
        let answer = harness.ask(["GET /health HTTP/1.1\r\n\r\n"])
        #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"))
        for word in words { #expect(answer.contains(word), "\(answer)") }
        let body = try #require(answer.components(separatedBy: "\r\n\r\n").last)
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(body.utf8)) }
    }

    static let requests: [(parts: [String], status: String)] = [
        (["GET /", " HTTP/1.1\r", "\n\r", "\n"], "404"), (["POST /metrics HTTP/1.1\r\n\r\n"], "405"),
        (["nonsense\r\n\r\n"], "400"), (["GET /metrics SPDY/3\r\n\r\n"], "400"), (["\r\n\r\n"], "400"),
        (["GET /metrics?x=1 HTTP/1.0\r\n\r\n"], "200"),
        (["GET /health HTTP/1.1\r\nX: " + String(repeating: "x", count: 9_000) + "\r\n\r\n"], "431"),
    ]

    @Test(arguments: requests)
    func `a request is answered once, whatever it is`(_ parts: [String], _ status: String) throws {
        let harness = try MetricsHarness { Self.snapshot() }
        #expect(harness.ask(parts).hasPrefix("HTTP/1.1 \(status) "))
    }

    @Test func `connections beyond the limit are closed, and those that end make room`() throws {
        let harness = try MetricsHarness { Self.snapshot() }
        var open = (0..<AgentLimits.metricsConnections).map { _ in harness.connect() }
        defer { for descriptor in open { close(descriptor) } }
        #expect(eventually { harness.ask(["GET /health HTTP/1.1\r\n\r\n"]).isEmpty })
        close(open.removeLast())
        #expect(eventually { harness.ask(["GET /health HTTP/1.1\r\n\r\n"]).hasPrefix("HTTP/1.1 200") })
    }
}
