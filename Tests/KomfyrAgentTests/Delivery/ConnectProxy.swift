import Protocol
import Synchronization
import enum TestSupport.Network

@testable import EventLoop
@testable import KomfyrAgent

/// A small HTTP proxy on loopback: whatever host is asked for, it connects to one port of this machine, so that a test
/// may name hosts that do not exist.
final class ConnectProxy: Sendable {
    /// What it answers to whoever asks for a way.
    enum Mood: Sendable {
        case opens
        /// 407 unless the right `Proxy-Authorization` is there.
        case asks(String)
        case refuses(Int)
    }

    struct State: Sendable {
        var mood = Mood.opens
        /// The heads of what was asked.
        var heads: [String] = []
    }

    let state = Mutex(State())
    let port: UInt16
    private let thread: LoopThread

    private final class Started: Sendable {
        let port = Mutex<UInt16>(0)
        let proxy = Mutex<ConnectProxy?>(nil)
        let latch = Latch()
    }

    private let started: Started

    /// A proxy to this port of 127.0.0.1.
    init(to target: UInt16) throws {
        let started = Started()
        self.started = started
        // Not one that the system would give to somebody else once this has stopped.
        let port = try Network.freePort()
        thread = try LoopThread(name: "proxy") { loop in
            let listener = try? StreamListener(loop, bind: .ip("127.0.0.1", port: port)) { connection in
                connection.start(Client(loop, connection, started.proxy.withLock { $0 }, target))
            }
            if case .ip(_, let port)? = listener?.localAddress { started.port.withLock { $0 = port } }
            started.latch.open()
        }
        started.latch.wait()
        self.port = started.port.withLock { $0 }
        started.proxy.withLock { $0 = self }
    }

    func stop() {
        started.proxy.withLock { $0 = nil }
        thread.stop()
    }

    /// What to answer to a head; nil: the way is open.
    fileprivate func answer(_ head: String) -> String? {
        state.withLock { state in
            state.heads.append(head)
            switch state.mood {
            case .opens: return nil
            case .asks(let credentials):
                if HTTPHub.header("proxy-authorization", head) == credentials { return nil }
                return "HTTP/1.1 407 Wants\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
            case .refuses(let status): return "HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n"
            }
        }
    }

    /// Whoever asks for a way.
    private final class Client: StreamHandler {
        private let loop: Loop
        private let connection: StreamConnection
        private let proxy: ConnectProxy?
        private let target: UInt16
        private var far: StreamConnection?
        private var isConnecting = false
        /// What came before there was a way.
        private var bytes: [UInt8] = []

        init(_ loop: Loop, _ connection: StreamConnection, _ proxy: ConnectProxy?, _ target: UInt16) {
            self.loop = loop
            self.connection = connection
            self.proxy = proxy
            self.target = target
        }

        func received(_ more: UnsafeRawBufferPointer) {
            if let far { return far.write(Array(more)) }
            bytes.append(contentsOf: more)
            let end = Array("\r\n\r\n".utf8)
            guard !isConnecting, let split = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
                return
            }
            let head = String(decoding: bytes[..<split], as: UTF8.self)
            guard let proxy else { return connection.close() }
            if let refusal = proxy.answer(head) {
                connection.write(Array(refusal.utf8))
                return connection.closeWhenSent()
            }
            isConnecting = true
            let isTunnel = head.hasPrefix("CONNECT ")
            if isTunnel { bytes.removeFirst(split + 4) }
            StreamConnection.connect(loop, to: .ip("127.0.0.1", port: target), timeoutMs: 5_000) { [self] result in
                guard case .success(let far) = result else { return connection.close() }
                self.far = far
                far.start(Far(connection))
                if isTunnel { connection.write(Array("HTTP/1.1 200 Established\r\n\r\n".utf8)) }
                if !bytes.isEmpty { far.write(bytes) }
                bytes = []
            }
        }

        func ended(_ error: LoopError?) { far?.close() }
    }

    /// The end that the way leads to.
    private final class Far: StreamHandler {
        private let client: StreamConnection

        init(_ client: StreamConnection) { self.client = client }

        func received(_ more: UnsafeRawBufferPointer) { client.write(Array(more)) }
        func ended(_ error: LoopError?) { client.closeWhenSent() }
    }
}
