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
    /// Whether a connection of this peer is taken, asked before anything is spent on it; else it is closed at once.
    public var admits: (Peer) -> Bool = { _ in true }

    let loop: Loop
    private var tls: TLSContext?
    private let handshakeTimeoutMs: UInt64
    private var handshakes = Handshakes()
    private let descriptor: Int32
    private let backlog: Int32
    private let file: SocketFile?
    private var handle: UnsafeMutablePointer<uv_poll_t>?
    private var accept: (StreamConnection) -> Void
    /// Made at the first failure.
    private var retryTimer: Timer?
    /// Made when all places for handshakes are taken for the first time.
    private var placeTimer: Timer?
    /// Handshakes under way at a time: each holds some 50 KB.
    ///
    /// Beyond, connections wait in the backlog.
    var handshakesAtOnce = 256
    /// What a handshake may take before it has to make room for others, when all places are taken: ten times what one
    /// over the longest ways takes.
    var handshakeGraceMs: UInt64 = 2_000
    /// accept4, which a test replaces by one that fails.
    var acceptCall: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32 = {
        clibuv_accept4($0, $1, $2, clibuv_sock_flags)
    }

    /// How long to wait after a failure: long enough not to spin, short enough not to be noticed.
    private static let retryMs: UInt64 = 100
    /// Connections accepted in one go before other handles have their turn.
    private static let acceptsPerTurn = 64
    /// Descriptors that connections leave to the rest of the process: files, and what must still be answered.
    private static let sparedDescriptors: rlim_t = 256
    /// The first descriptor that is spared; the system gives the lowest that is free.
    private static let firstSpared: Int32 = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int32(clamping: max(limit.rlim_cur, 2 * sparedDescriptors) - sparedDescriptors)
    }()

    /// Binds and listens; each accepted connection is handed to `accept`, which gives it a handler or closes it.
    ///
    /// A unix socket's file that a killed program left behind is replaced; it is removed by `close()`, and `mode` says
    /// who may use it. With `tls` it is handed over after the handshake, which may take `handshakeTimeoutMs`.
    public init(
        _ loop: Loop,
        bind address: SocketAddress,
        mode: UInt16? = nil,
        backlog: Int32 = 512,
        tls: TLSContext? = nil,
        handshakeTimeoutMs: UInt64 = 10_000,
        accept: @escaping (StreamConnection) -> Void
    ) throws(LoopError) {
        let isUnix = if case .unix = address { true } else { false }
        let attempt = "listen on \(isUnix ? "unix://" : "")\(address)"
        let socket = try BoundSocket(address, kind: .stream, mode: mode, attempt: attempt, keeper: loop.socketKeeper)
        self.loop = loop
        self.accept = accept
        self.tls = tls
        self.handshakeTimeoutMs = handshakeTimeoutMs
        descriptor = socket.descriptor
        self.backlog = backlog
        localAddress = socket.address
        file = socket.file
        do throws(LoopError) {
            try checkSystemCall(listen(descriptor, backlog), attempt)
            handle = try adopt(uv_poll_t.self, attempt) { [descriptor] in uv_poll_init($0, $1, descriptor) }
        } catch {
            file?.remove()
            Glibc.close(descriptor)
            throw error
        }
        poll()
    }

    /// Shows another certificate, or asks for others, from the next handshake on.
    public func use(_ tls: TLSContext) {
        loop.assertOnLoop()
        self.tls = tls
    }

    /// Stops listening.
    public func close() {
        guard let closing = handle else { return }
        handle = nil
        release(closing)
        BoundSocket.end(descriptor, file, of: localAddress, kind: .stream, keeper: loop.socketKeeper)
        retryTimer?.close()
        retryTimer = nil
        placeTimer?.close()
        placeTimer = nil
        accept = { $0.close() }
        admits = { _ in false }
        onAcceptFailure = nil
        onHandshakeFailure = nil
        handshakes.closeAll()
    }

    /// Accepts what waits in the backlog, a full one at most: for an owner that is about to close.
    ///
    /// Not what needs a handshake, which takes the far end's time; and not what the address's next owner gets
    /// (`Loop.keepingSockets`).
    /// - Returns: how many connections of peers that are admitted came to nothing: those that came while others were
    ///   accepted are closed, as far as a second full backlog; and one for each time that the system let none be accepted.
    @discardableResult
    public func acceptBacklog() -> Int {
        loop.assertOnLoop()
        guard tls == nil, loop.socketKeeper == nil else { return 0 }
        let failedBefore = failedAccepts
        // Linux lets one more wait than it was told.
        for _ in 0...backlog where !acceptNext() { return Int(clamping: failedAccepts &- failedBefore) }
        // The last callback may have closed this, and its descriptor's number be another's.
        guard handle != nil else { return Int(clamping: failedAccepts &- failedBefore) }
        return Int(clamping: failedAccepts &- failedBefore) + closeBacklog()
    }

    /// Closes what waits in the backlog, a full one at most.
    /// - Returns: how many of them were admitted.
    private func closeBacklog() -> Int {
        var admitted = 0
        for _ in 0...backlog {
            let (accepted, address) = acceptOne()
            guard accepted >= 0 else { break }
            if admits(peer(of: accepted, address)) { admitted += 1 }
            Glibc.close(accepted)
        }
        return admitted
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
        for _ in 0..<StreamListener.acceptsPerTurn where !acceptNext() { return }
    }

    /// - Returns: whether to try the next one at once.
    private func acceptNext() -> Bool {
        // The callback may have closed this.
        guard let handle else { return false }
        guard handshakes.count < handshakesAtOnce || makesPlace() else {
            uv_poll_stop(handle)
            return false
        }
        let (accepted, address) = acceptOne()
        if accepted >= StreamListener.firstSpared {
            Glibc.close(accepted)
            failed(LoopError(UV_EMFILE, "accept on \(localAddress)"))
            waitBeforeRetry()
            return false
        }
        guard accepted >= 0 else { return goesOn(after: systemErrno()) }
        hand(over: accepted, peer(of: accepted, address))
        return true
    }

    /// - Returns: the new descriptor and where it comes from; a negative one after an error, which errno has.
    private func acceptOne() -> (descriptor: Int32, address: sockaddr_in6) {
        var name = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let accepted = withUnsafeMutableBytes(of: &name) { bytes in
            acceptCall(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return (accepted, name)
    }

    private var isUnix: Bool { if case .unix = localAddress { true } else { false } }

    private func peer(of accepted: Int32, _ address: sockaddr_in6) -> Peer {
        guard !isUnix else { return .unix(process: processOfPeer(accepted)) }
        return withUnsafeBytes(of: address) { $0.baseAddress.map { Peer($0) } ?? .unix }
    }

    private func hand(over accepted: Int32, _ peer: Peer) {
        guard admits(peer) else {
            Glibc.close(accepted)
            return
        }
        do {
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
            handshakes.add(connection, timer, startedMs: loop.nowMs)
        } catch {
            connection.close()
            return failed(error)
        }
        connection.secure(tls, serverName: nil) { [weak self] in self?.secured(id, $0) }
    }

    /// A handshake has ended.
    private func secured(_ id: ObjectIdentifier, _ error: LoopError?) {
        let wasFull = handshakes.count >= handshakesAtOnce
        guard let connection = handshakes.remove(id) else { return }
        if wasFull {
            placeTimer?.stop()
            if retryTimer?.isActive != true { poll() }
        }
        guard let error else { return accept(connection) }
        failedHandshakes &+= 1
        let peer = connection.peer
        connection.close()
        onHandshakeFailure?(peer, error)
    }

    /// Ends the handshake that has to make room for another, if there is one by now; else it is looked again later.
    private func makesPlace() -> Bool {
        guard let longest = handshakes.longestOfTheBusiest else { return true }
        let age = loop.nowMs - longest.startedMs
        if age >= handshakeGraceMs {
            let attempt = "agree on TLS with \(longest.connection.description)"
            let words = "others wait, and this one does not go on"
            secured(ObjectIdentifier(longest.connection), .tls(attempt, words, .crowdedOut))
            return true
        }
        if placeTimer == nil { placeTimer = try? Timer(loop) { [weak self] in self?.poll() } }
        placeTimer?.start(afterMs: handshakeGraceMs - age)
        return false
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
