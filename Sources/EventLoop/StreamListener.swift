import CLibuv
import Glibc

/// A listening TCP or unix stream socket.
///
/// It accepts by itself, over `uv_poll`: libuv's own listener answers a lack of descriptors by accepting and closing
/// what waits. This one leaves it in the backlog, reports, and tries again a little later.
public final class StreamListener: HandleOwner {
    /// The bound address.
    public let localAddress: SocketAddress
    /// How often accepting failed: the process is out of descriptors, or the machine out of memory.
    ///
    /// The far ends keep waiting, so that one connection may be counted many times.
    public private(set) var failedAccepts: UInt64 = 0
    /// Called for each of these, at most ten times a second.
    public var onAcceptFailure: ((LoopError) -> Void)?

    /// How many TLS handshakes failed, those that took too long among them.
    public private(set) var failedHandshakes: UInt64 = 0
    /// Called for each of these with who it was and what was wrong; the connection is closed already.
    public var onHandshakeFailure: ((Peer, LoopError) -> Void)?

    let loop: Loop
    private let tls: TLSContext?
    private let handshakeTimeoutMs: UInt64
    /// Handshakes under way, by connection.
    private var handshakes: [ObjectIdentifier: (connection: StreamConnection, timer: Timer)] = [:]
    private let descriptor: Int32
    private var handle: UnsafeMutablePointer<uv_poll_t>?
    private var accept: (StreamConnection) -> Void
    /// Made at the first failure.
    private var retryTimer: Timer?
    /// accept4, which a test replaces by one that fails.
    var acceptCall: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32 = {
        clibuv_accept4($0, $1, $2, clibuv_sock_flags)
    }

    /// How long to wait after a failure: long enough not to spin, short enough not to be noticed.
    private static let retryMs: UInt64 = 100
    /// Connections accepted in one go before other handles have their turn.
    private static let acceptsPerTurn = 64

    /// Handshakes under way at a time: each holds some 50 KB.
    ///
    /// Beyond, connections wait in the backlog.
    private static let handshakesAtOnce = 256

    /// Binds and listens; each accepted connection is handed to `accept`, which gives it a handler or closes it.
    ///
    /// A unix socket's file that a killed program left behind is replaced; it is removed by `close()`. With `tls` it is
    /// handed over after the handshake, which may take `handshakeTimeoutMs`.
    public init(
        _ loop: Loop,
        bind address: SocketAddress,
        backlog: Int32 = 512,
        tls: TLSContext? = nil,
        handshakeTimeoutMs: UInt64 = 10_000,
        accept: @escaping (StreamConnection) -> Void
    ) throws(LoopError) {
        let attempt = "listen on \(address)"
        let socket = try BoundSocket(address, kind: .stream, attempt: attempt)
        self.loop = loop
        self.accept = accept
        self.tls = tls
        self.handshakeTimeoutMs = handshakeTimeoutMs
        descriptor = socket.descriptor
        localAddress = socket.address
        do throws(LoopError) {
            try checkSystemCall(listen(descriptor, backlog), attempt)
            handle = try adopt(uv_poll_t.self, attempt) { [descriptor] in uv_poll_init($0, $1, descriptor) }
        } catch {
            BoundSocket.removeFile(of: localAddress)
            Glibc.close(descriptor)
            throw error
        }
        poll()
    }

    /// Stops listening.
    public func close() {
        guard let closing = handle else { return }
        handle = nil
        release(closing)
        Glibc.close(descriptor)
        BoundSocket.removeFile(of: localAddress)
        retryTimer?.close()
        retryTimer = nil
        accept = { $0.close() }
        onAcceptFailure = nil
        onHandshakeFailure = nil
        for (connection, timer) in handshakes.values {
            timer.close()
            connection.close()
        }
        handshakes = [:]
    }

    private func poll() {
        guard let handle else { return }
        uv_poll_start(handle, Int32(UV_READABLE.rawValue)) { handle, status, _ in
            owner(of: handle, as: StreamListener.self)?.readable(status)
        }
    }

    private func readable(_ status: Int32) {
        if status < 0 {
            // An error waits at the socket, and libuv has stopped polling: asking for the error clears it.
            _ = option(descriptor, SOL_SOCKET, SO_ERROR)
            poll()
        }
        acceptWaiting()
    }

    private func acceptWaiting() {
        for _ in 0..<StreamListener.acceptsPerTurn {
            // The callback may have closed this.
            guard let handle else { return }
            if handshakes.count >= StreamListener.handshakesAtOnce {
                uv_poll_stop(handle)
                return
            }
            var name = sockaddr_in6()
            var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            let accepted = withUnsafeMutableBytes(of: &name) { bytes in
                acceptCall(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
            }
            if accepted >= 0 {
                let peer = withUnsafeBytes(of: name) { $0.baseAddress.map { Peer($0) } ?? .unix }
                hand(over: accepted, peer)
            } else if !goesOn(after: systemErrno()) {
                return
            }
        }
    }

    private func hand(over accepted: Int32, _ peer: Peer) {
        do {
            let isUnix = if case .unix = localAddress { true } else { false }
            let connection = try StreamConnection(loop, accepted: accepted, isUnix: isUnix, peer: peer)
            if let tls { secure(connection, tls) } else { accept(connection) }
        } catch {
            failed(error)
        }
    }

    private func secure(_ connection: StreamConnection, _ tls: TLSContext) {
        let id = ObjectIdentifier(connection)
        do throws(LoopError) {
            let timer = try Timer(loop) { [weak self] in
                self?.secured(id, LoopError(UV_ETIMEDOUT, "agree on TLS with \(connection.description)"))
            }
            timer.start(afterMs: handshakeTimeoutMs)
            handshakes[id] = (connection, timer)
        } catch {
            connection.close()
            return failed(error)
        }
        connection.secure(tls, serverName: nil) { [weak self] in self?.secured(id, $0) }
    }

    /// A handshake has ended.
    private func secured(_ id: ObjectIdentifier, _ error: LoopError?) {
        guard let (connection, timer) = handshakes.removeValue(forKey: id) else { return }
        timer.close()
        if handshakes.count == StreamListener.handshakesAtOnce - 1, retryTimer?.isActive != true { poll() }
        guard let error else { return accept(connection) }
        failedHandshakes &+= 1
        let peer = connection.peer
        connection.close()
        onHandshakeFailure?(peer, error)
    }

    /// - Returns: whether to try the next one at once.
    private func goesOn(after code: Int32) -> Bool {
        switch code {
        case EAGAIN: return false
        // The far end has gone, or its packet was refused: Linux hands pending network errors of the new socket over.
        case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET: return true
        default:
            failed(LoopError(code: uv_translate_sys_error(code), attempt: "accept on \(localAddress)"))
            waitBeforeRetry()
            return false
        }
    }

    private func failed(_ error: LoopError) {
        failedAccepts &+= 1
        onAcceptFailure?(error)
    }

    private func waitBeforeRetry() {
        guard let handle else { return }
        if retryTimer == nil { retryTimer = try? Timer(loop) { [weak self] in self?.poll() } }
        guard let retryTimer else { return }
        uv_poll_stop(handle)
        retryTimer.start(afterMs: StreamListener.retryMs)
    }
}

@available(*, unavailable)
extension StreamListener: Sendable {}
