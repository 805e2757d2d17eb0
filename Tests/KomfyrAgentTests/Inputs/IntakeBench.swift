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
        /// Batches that delivery was given and does not take, while it takes none.
        var untaken: Int?
    }

    /// What came of the input: the loop keeps it too, also when a test that failed has let the bench go.
    private final class Account: Sendable {
        let results = Mutex(Results())
    }

    private struct Results {
        var lines: [String] = []
        var batches = 0
        var address: SocketAddress?
        var isStarted = false
        var problem: String?
        var log: [String] = []
    }

    typealias Make = @Sendable (Loop, Batcher, Logger) throws -> any Input

    private let side = LoopSide()
    private let account = Account()
    private let thread: Mutex<LoopThread?> = Mutex(nil)

    /// Starts the input that `make` makes.
    init(_ make: @escaping Make) throws {
        let thread = try LoopThread(name: "intake") { [side, account] loop in
            do {
                let mailbox = loop.mailbox
                let batcher = try Batcher(loop) { batch in
                    Self.take(batch, account)
                    // As delivery does, later and by the mailbox.
                    mailbox.post { _ in Self.acknowledge(side) }
                }
                let logger = Logger(label: "test") { _ in
                    LogLines { line in account.results.withLock { $0.log.append(line) } }
                }
                let input = try make(loop, batcher, logger)
                try input.start()
                side.batcher = batcher
                side.input = input
                let address = (input as? any SocketInput)?.localAddress
                account.results.withLock {
                    $0.address = address
                    $0.isStarted = true
                }
            } catch {
                account.results.withLock { $0.problem = "\(error)" }
            }
        }
        self.thread.withLock { $0 = thread }
        try wait { $0.isStarted || $0.problem != nil }
        if let problem = account.results.withLock({ $0.problem }) { throw DidNotStart(words: problem) }
    }

    deinit { thread.withLock { $0 }?.stop() }

    /// Where the input listens; 0 for a unix socket.
    var port: UInt16 {
        if case .ip(_, let port)? = account.results.withLock({ $0.address }) { return port }
        return 0
    }
    /// What it told in words.
    var log: [String] { account.results.withLock { $0.log } }
    var lines: [String] { account.results.withLock { $0.lines } }

    /// Waits until there are so many lines.
    func waitForLines(_ count: Int) throws { try wait { $0.lines.count >= count } }

    /// Waits until something was told that holds these words.
    func waitForLog(_ words: String) throws { try wait { $0.log.contains { $0.contains(words) } } }

    /// Waits until what the input has counted is as it should be.
    func waitForStatistics(_ isReached: (InputStatistics) -> Bool) throws {
        let deadline = Self.now() + Self.patience
        while try !isReached(statistics()) {
            guard Self.now() < deadline else { throw Late() }
        }
    }

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
        let deadline = Self.now() + Self.patience
        while Self.now() < deadline {
            if let result = box.value.withLock({ $0 }) { return result }
            usleep(500)
        }
        throw Late()
    }

    /// Delivery takes nothing any more: its buffer is full.
    func hold() throws {
        _ = try onLoop { [side] batcher, _ in
            side.untaken = 0
            batcher.taken(count: 0, state: .full)
            return true
        }
    }

    /// Delivery takes what waits, and what comes.
    func release() throws {
        _ = try onLoop { [side] batcher, _ in
            let count = side.untaken ?? 0
            side.untaken = nil
            batcher.taken(count: count, state: .open)
            return true
        }
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

    private static func take(_ batch: Batch, _ account: Account) {
        let text = String(decoding: batch.body, as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        account.results.withLock {
            $0.lines += lines
            $0.batches += 1
        }
    }

    private static func acknowledge(_ side: LoopSide) {
        if let untaken = side.untaken {
            side.untaken = untaken + 1
        } else {
            side.batcher?.taken(count: 1, state: .open)
        }
    }

    private func wait(_ isReached: (Results) -> Bool) throws {
        let deadline = Self.now() + Self.patience
        while !account.results.withLock({ isReached($0) }) {
            guard Self.now() < deadline else { throw Late() }
            usleep(1_000)
        }
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// In seconds; long, for all tests run at once and some move hundreds of megabytes.
    private static let patience = 180.0

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

/// A log handler that gives each line to a closure.
private struct LogLines: LogHandler {
    let take: @Sendable (String) -> Void
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info

    init(_ take: @escaping @Sendable (String) -> Void) { self.take = take }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { take("\(event.level): \(event.message)") }
}

/// A plain blocking socket on loopback, closed with its last reference: no program that another test starts has it too.
final class TestSocket {
    private var descriptor: Int32

    init(stream: Bool, to port: UInt16) throws {
        let kind = stream ? SOCK_STREAM : SOCK_DGRAM
        descriptor = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
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

    /// Connected to a unix socket.
    init(stream: Bool, path: String) throws {
        let kind = stream ? SOCK_STREAM : SOCK_DGRAM
        descriptor = socket(AF_UNIX, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        try #require(Self.withAddress(path) { connect(descriptor, $0, $1) } == 0)
    }

    /// Calls `body` with the address of a unix socket.
    static func withAddress<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Waits until the other end's system has all that was sent.
    /// - Returns: whether it has.
    func hasArrived() -> Bool {
        eventually {
            var count: Int32 = -1
            return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 && count == 0
        }
    }

    /// Sends without waiting.
    /// - Returns: whether the system took it.
    func sendAtOnce(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)) >= 0
    }

    /// What has arrived, waiting for it; nil when the other end has closed, or nothing came within half a minute.
    func receive() -> [UInt8]? {
        limitWaiting()
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    private func limitWaiting() {
        var time = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ bytes: [UInt8]) { _ = sendAll(bytes) }

    /// - Returns: false when the other end has closed.
    func sendAll(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            repeat {
                let count = Glibc.send(
                    descriptor,
                    bytes.baseAddress.map { $0 + sent },
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
                guard count >= 0 else { return false }
                sent += count
            } while sent < bytes.count
            return true
        }
    }

    /// Whether the other end has closed within half a minute.
    func isClosedByPeer() -> Bool {
        limitWaiting()
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
