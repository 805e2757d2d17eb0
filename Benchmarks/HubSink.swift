import CZstd
import EventLoop
import Synchronization

/// Stands in for the hub while the agent is measured: takes each batch, counts its lines, answers as the hub does.
final class HubSink: Sendable {
    private let thread: LoopThread
    private let counter: Counter
    let port: UInt16

    init() throws {
        let bound = Mutex<UInt16>(0)
        let counter = Counter()
        self.counter = counter
        thread = try LoopThread(name: "sink") { loop in
            let listener = try? StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                connection.start(SinkConnection(connection, counter))
            }
            if case .ip(_, let port)? = listener?.localAddress { bound.withLock { $0 = port } }
        }
        while bound.withLock({ $0 }) == 0 { pause(ms: 1) }
        port = bound.withLock { $0 }
    }

    /// Records that have arrived.
    var count: Int { counter.records.load(ordering: .relaxed) }

    func stop() { thread.stop() }

    final class Counter: Sendable {
        let records = Atomic<Int>(0)
    }
}

/// One connection of the agent.
private final class SinkConnection: StreamHandler {
    private let connection: StreamConnection
    private let counter: HubSink.Counter
    private var request: [UInt8] = []
    private var body = [UInt8](repeating: 0, count: 8 << 20)

    init(_ connection: StreamConnection, _ counter: HubSink.Counter) {
        self.connection = connection
        self.counter = counter
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        request.append(contentsOf: bytes)
        while let used = takeRequest() { request.removeFirst(used) }
    }

    func ended(_ error: LoopError?) {}

    private func takeRequest() -> Int? {
        request.withUnsafeBytes { request in
            guard let head = HTTPHead(request), request.count >= head.headBytes + head.contentLength else { return nil }
            let packed = UnsafeRawBufferPointer(rebasing: request[head.headBytes...].prefix(head.contentLength))
            let lines = countLines(packed)
            counter.records.add(lines, ordering: .relaxed)
            let answer = #"{"status":"success","ingested":\#(lines),"rejected":0,"errors":[]}"#
            let text =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(answer.utf8.count)\r\n\r\n"
            connection.write(Array((text + answer).utf8))
            return head.headBytes + head.contentLength
        }
    }

    private func countLines(_ packed: UnsafeRawBufferPointer) -> Int {
        let count = body.withUnsafeMutableBytes { body in
            ZSTD_decompress(body.baseAddress, body.count, packed.baseAddress, packed.count)
        }
        guard ZSTD_isError(count) == 0 else { return 0 }
        return body.withUnsafeBytes { body in
            var lines = 0
            for byte in body[..<count] where byte == 0x0A { lines += 1 }
            return lines
        }
    }
}
