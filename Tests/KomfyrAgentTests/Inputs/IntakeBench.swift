import EventLoop
import Glibc
import Logging
import Synchronization
import Testing

@testable import KomfyrAgent

/// One input on a loop thread of its own, with real sockets on loopback, and all lines that came of it.
final class IntakeBench: Sendable {
    /// What lives on the loop and is touched there alone; the bench only carries it across.
    private final class LoopSide: @unchecked Sendable {
        var batcher: Batcher?
        var input: (any Input)?
    }

    private struct Results {
        var lines: [String] = []
        var batches = 0
        var port: UInt16 = 0
        var problem: String?
    }

    typealias Make = @Sendable (Loop, Batcher, Logger) throws -> any Input

    private let side = LoopSide()
    private let results = Mutex(Results())
    private let thread: Mutex<LoopThread?> = Mutex(nil)

    /// Starts the input that `make` makes.
    init(_ make: @escaping Make) throws {
        let thread = try LoopThread(name: "intake") { [side, unowned self] loop in
            do {
                let batcher = try Batcher(loop) { [unowned self] batch in take(batch) }
                let input = try make(loop, batcher, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
                try input.start()
                side.batcher = batcher
                side.input = input
                results.withLock { $0.port = Self.port(of: input) }
            } catch {
                results.withLock { $0.problem = "\(error)" }
            }
        }
        self.thread.withLock { $0 = thread }
        try wait { $0.port != 0 || $0.problem != nil }
        if let problem = results.withLock({ $0.problem }) { throw DidNotStart(words: problem) }
    }

    var port: UInt16 { results.withLock { $0.port } }
    var lines: [String] { results.withLock { $0.lines } }

    /// Waits until there are so many lines.
    func waitForLines(_ count: Int) throws { try wait { $0.lines.count >= count } }

    /// Does something on the loop and waits for it.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (Batcher, any Input) -> Value) throws -> Value {
        let value = Mutex<Value?>(nil)
        let mailbox = try #require(thread.withLock { $0?.mailbox })
        let box = Arc(value)
        mailbox.post { [side] _ in
            guard let batcher = side.batcher, let input = side.input else { return }
            let result = body(batcher, input)
            box.value.withLock { $0 = result }
        }
        let deadline = Self.now() + 10
        while Self.now() < deadline {
            if let result = box.value.withLock({ $0 }) { return result }
            usleep(500)
        }
        throw Late()
    }

    func statistics() throws -> InputStatistics { try onLoop { $1.statistics } }

    /// Ends input and thread; lines that were open are given.
    func stop() throws {
        _ = try onLoop { batcher, input in
            input.stop()
            batcher.drain()
            return true
        }
        let thread = self.thread.withLock { thread -> LoopThread? in
            defer { thread = nil }
            return thread
        }
        thread?.stop()
    }

    private func take(_ batch: Batch) {
        let text = String(decoding: batch.body, as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        results.withLock {
            $0.lines += lines
            $0.batches += 1
        }
        // As delivery does, later and by the mailbox.
        thread.withLock { $0 }?.mailbox.post { [side] _ in side.batcher?.taken(count: 1, state: .open) }
    }

    private func wait(_ isReached: (Results) -> Bool) throws {
        let deadline = Self.now() + 10
        while !results.withLock({ isReached($0) }) {
            guard Self.now() < deadline else { throw Late() }
            usleep(1_000)
        }
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func port(of input: any Input) -> UInt16 {
        let address: SocketAddress? =
            switch input {
            case let input as DatagramInput: input.localAddress
            case let input as SyslogStreamInput: input.localAddress
            default: nil
            }
        if case .ip(_, let port)? = address { return port }
        return 0
    }

    struct Late: Error {}

    struct DidNotStart: Error {
        var words: String
    }

    /// A lock that closures can share.
    private final class Arc<Value: Sendable>: Sendable {
        let value: Mutex<Value?>
        init(_ value: consuming Mutex<Value?>) { self.value = value }
    }
}

/// A plain blocking socket on loopback, closed with its last reference.
final class TestSocket {
    private var descriptor: Int32

    init(stream: Bool, to port: UInt16) throws {
        let kind = stream ? SOCK_STREAM : SOCK_DGRAM
        descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            repeat {
                let count = Glibc.send(
                    descriptor,
                    bytes.baseAddress.map { $0 + sent },
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
                guard count >= 0 else { return }
                sent += count
            } while sent < bytes.count
        }
    }

    /// Whether the other end has closed within ten seconds.
    func isClosedByPeer() -> Bool {
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, 0)
        return count == 0 || (count < 0 && errno == ECONNRESET)
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    deinit { close() }
}
