import EventLoop
import CLibuv
import Glibc
import Synchronization
import Testing

/// All tests of this module, one after the other: they share two cores, and some count bytes a second.
@Suite(.serialized)
enum EventLoopSuite {}

/// The loop did not come to its result in time.
struct Overdue: Error {}

/// Runs a loop on a thread of its own until `finish` is called with a result.
///
/// - Parameters:
///   - seconds: after which it is given up.
///   - body: sets things up on the loop; its locals may be changed by callbacks, all on the one thread.
/// - Returns: the result.
/// - Throws: what `body` threw, or `Overdue`.
func onLoop<Value: Sendable>(
    seconds: UInt64 = 60,
    _ body: @escaping @Sendable (_ loop: Loop, _ finish: @escaping (Value) -> Void) throws -> Void
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        onThread {
            var result: Result<Value, any Error> = .failure(Overdue())
            do {
                let loop = try Loop()
                let deadline = try Timer(loop) { loop.stop() }
                deadline.start(afterMs: seconds * 1_000)
                do {
                    try body(loop) { value in
                        result = .success(value)
                        loop.stop()
                    }
                } catch {
                    result = .failure(error)
                    loop.stop()
                }
                loop.run()
            } catch {
                result = .failure(error)
            }
            continuation.resume(with: result)
        }
    }
}

/// Runs `work` on a new thread that nobody waits for.
func onThread(_ work: @escaping @Sendable () -> Void) {
    final class Start {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
    let start = Unmanaged.passRetained(Start(work))
    var thread = pthread_t()
    let code = pthread_create(
        &thread,
        nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().work()
            return nil
        },
        start.toOpaque()
    )
    precondition(code == 0)
    pthread_detach(thread)
}

/// Waits until `condition` holds, from outside of a loop.
func eventually(seconds: Double = 60, _ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !condition() {
        if ContinuousClock.now > deadline { return false }
        try await Task.sleep(for: .milliseconds(5))
    }
    return true
}

/// A folder that goes when this does.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/event-loop-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw LoopError(code: -errno, attempt: "mkdtemp") }
        path = String(cString: made)
    }

    deinit {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { unlink("\(path)/\(name)") }
        }
        closedir(folder)
        rmdir(path)
    }
}

/// A stream handler made of closures.
final class Reader: StreamHandler {
    var onBytes: (UnsafeRawBufferPointer) -> Void
    var onEnd: (LoopError?) -> Void

    init(
        onBytes: @escaping (UnsafeRawBufferPointer) -> Void = { _ in },
        onEnd: @escaping (LoopError?) -> Void = { _ in }
    ) {
        self.onBytes = onBytes
        self.onEnd = onEnd
    }

    func received(_ bytes: UnsafeRawBufferPointer) { onBytes(bytes) }
    func ended(_ error: LoopError?) { onEnd(error) }
}

/// A blocking client socket, for a far end that is not this module's.
struct PlainSocket: ~Copyable {
    let descriptor: Int32

    /// Connected to a port of 127.0.0.1.
    init(port: UInt16) {
        descriptor = socket(AF_INET, clibuv_sock_stream, 0)
        var address = loopback(port)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0)
            }
        }
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        precondition(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    /// The next close sends a reset instead of an orderly end.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    /// Reads until the far end closes.
    func readToEnd(_ take: (Int) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { take(count) }
    }

    deinit { Glibc.close(descriptor) }
}

/// 127.0.0.1 and a port.
func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}

extension SocketAddress {
    /// 0 for unix sockets.
    var port: UInt16 { if case .ip(_, let port) = self { port } else { 0 } }

    /// Where the tests of sockets run: IPv6 only where the machine has it.
    static var anyPort: [SocketAddress] {
        let four = SocketAddress.ip("127.0.0.1", port: 0)
        let six = SocketAddress.ip("::1", port: 0)
        let hasSix = (try? Loop()).map { (try? StreamListener($0, bind: six) { $0.close() }) != nil } ?? false
        return hasSix ? [four, six] : [four]
    }
}

/// Counts, from any thread.
final class Tally: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .sequentiallyConsistent) }

    func add(_ amount: Int = 1) { value.add(amount, ordering: .sequentiallyConsistent) }
}

extension String {
    /// With a zero byte for each `<NUL>`: a test's argument is printed, and a zero byte would spoil the output.
    var withZeroBytes: String { replacing("<NUL>", with: "\0") }
}
