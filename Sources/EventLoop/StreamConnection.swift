import CLibuv
import Glibc

/// Takes what a stream connection receives.
public protocol StreamHandler: AnyObject {
    /// Bytes that arrived, valid during the call only.
    func received(_ bytes: UnsafeRawBufferPointer)
    /// The far end has closed (nil) or the connection broke. The connection closes itself after this; called once.
    func ended(_ error: LoopError?)
}

/// One TCP or unix stream connection.
///
/// TCP_NODELAY and keep-alive (60 s) are set.
///
/// ```
/// write ─► the system at once (uv_try_write) ─► what it does not take: `queued` ─► `sending` (one uv_write under way)
/// ```
///
/// Writes that come while one is under way gather in `queued` and leave together. When the far end has closed, what is
/// still unsent is sent before this end closes, within `closingMs`.
///
/// With TLS (`StreamConnection+TLS.swift`) what is written is encrypted first, and what arrives is decrypted for the
/// handler; all else is as without.
public final class StreamConnection: HandleOwner {
    /// The far end.
    public private(set) var peer: Peer

    let loop: Loop
    private(set) var handle: UnsafeMutablePointer<uv_stream_t>?
    private(set) var handler: (any StreamHandler)?
    private let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
    private var queued = WriteBuffer()
    private var sending = WriteBuffer()
    private var isSending = false
    private(set) var isReading = false
    /// It broke before there was a handler to tell.
    private var earlyFailure: LoopError?
    private var hasFailed = false
    /// What follows once all is sent, after `closeWhenSent` or the far end's end.
    private var ending = Ending.none
    private var endingTimer: Timer?
    /// The encryption, if there is any.
    var tls: TLSSession?
    /// Told how the TLS handshake ended, while it is under way.
    var securing: ((LoopError?) -> Void)?
    /// Bytes that TLS has sent of its own accord since all was sent.
    var unaskedBytes = 0

    private enum Ending {
        case none
        /// The far end has closed: nothing more to read.
        case close
        /// Ours alone: shut down, then read on until the far end closes too, so that no reset overtakes our last bytes.
        case shutDown
        case awaitingFarEnd
    }

    /// How long a connection that is closing may take for the rest.
    private static let closingMs: UInt64 = 10_000
    private static let keepAliveSeconds: UInt32 = 60

    /// Connects; `done` gets the connection or the error, on the loop, exactly once.
    ///
    /// Never from within this call. When the loop stops in the meantime it is ECANCELED; a loop that is already
    /// closing its handles does not answer any more. With `tls` the handshake is part of it, and of its time.
    public static func connect(
        _ loop: Loop,
        to address: SocketAddress,
        tls: TLSTarget? = nil,
        timeoutMs: UInt64,
        done: @escaping (Result<StreamConnection, LoopError>) -> Void
    ) {
        ConnectAttempt(loop, to: address, tls: tls, done: done).begin(timeoutMs: timeoutMs)
    }

    /// Takes over a descriptor that a listener has accepted, and closes it if that fails.
    init(_ loop: Loop, accepted descriptor: Int32, isUnix: Bool, peer: Peer) throws(LoopError) {
        self.loop = loop
        self.peer = peer
        do throws(LoopError) {
            try makeHandle(isUnix: isUnix)
            guard let handle else { return }
            let code =
                isUnix
                ? uv_pipe_open(cast(handle), descriptor) : uv_tcp_open(cast(handle), descriptor)
            try check(code, "take a connection")
        } catch {
            close()
            Glibc.close(descriptor)
            throw error
        }
        if !isUnix { setOptions() }
    }

    /// A connection that is about to be made by `ConnectAttempt`.
    init(_ loop: Loop, connectingTo peer: Peer, isUnix: Bool) throws(LoopError) {
        self.loop = loop
        self.peer = peer
        try makeHandle(isUnix: isUnix)
    }

    deinit { request.deallocate() }

    /// Begins to call the handler, which is kept until the end.
    public func start(_ handler: any StreamHandler) {
        loop.assertOnLoop()
        guard handle != nil else { return }
        self.handler = handler
        if let earlyFailure {
            loop.soon { self.end(earlyFailure) }
        } else {
            resume()
        }
    }

    /// Stops reading until `resume()`: the far end is held back by TCP itself.
    public func pause() {
        loop.assertOnLoop()
        guard let handle, isReading, ending == .none else { return }
        isReading = false
        uv_read_stop(handle)
    }

    /// Reads again.
    public func resume() {
        loop.assertOnLoop()
        guard let handle, handler != nil, !isReading, ending == .none, !hasFailed else { return }
        read(handle)
        // The socket may bring nothing more for it.
        if let tls, tls.hasInput { loop.soon { self.deliverDecrypted() } }
    }

    /// Hands over what has arrived and waits in the system's buffer, also while paused, up to `limit` bytes of it.
    ///
    /// For a handler that is about to close: not to be called while it is being called.
    /// - Returns: how much that was.
    @discardableResult
    public func receiveWaiting(atMost limit: Int) -> Int {
        loop.assertOnLoop()
        resume()
        if let tls, tls.hasInput { deliverDecrypted() }
        var taken = 0
        while taken < limit, isReading, handler != nil, let room = loop.readBuffer.bytes.baseAddress {
            let size = min(loop.readBuffer.bytes.count, limit - taken)
            let count = recv(descriptor, room, size, Int32(MSG_DONTWAIT))
            if count < 0, errno == EINTR { continue }
            // An end or an error makes no difference any more.
            guard count > 0 else { break }
            taken += count
            read(count, room.assumingMemoryBound(to: CChar.self))
        }
        return taken
    }

    /// Whether something has arrived and was not handed over.
    public var hasWaiting: Bool {
        loop.assertOnLoop()
        guard handle != nil else { return false }
        if let tls, tls.hasInput { return true }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
    }

    /// Writes all of `bytes` in order, as one system call where it can.
    ///
    /// Never blocks. Errors come through `ended`, never from within this call.
    public func write(_ bytes: [UInt8]) {
        loop.assertOnLoop()
        guard handle != nil, !hasFailed, ending == .none || ending == .close, !bytes.isEmpty else { return }
        bytes.withUnsafeBytes { bytes in
            if tls != nil { encrypt(bytes) } else { send(bytes) }
        }
    }

    /// The loop's clock (`Loop.nowMs`).
    public var nowMs: UInt64 { loop.nowMs }

    /// Bytes given to `write` that the system has not taken yet: what a caller bounds.
    public var unsentBytes: Int {
        guard let handle else { return 0 }
        return queued.count + uv_stream_get_write_queue_size(handle)
    }

    /// Closes once all that was written is sent and the far end has closed too, after 10 s at most.
    ///
    /// What a server does after its last answer. The handler is not called any more.
    public func closeWhenSent() {
        loop.assertOnLoop()
        guard handle != nil, !hasFailed else { return close() }
        guard ending == .none else { return }
        handler = nil
        if let tls {
            tls.shutDown()
            sendEncrypted(tls)
        }
        ending = .shutDown
        guard !hasFailed, limitClosing() else { return close() }
        if let handle, !isReading { read(handle) }
        finishIfSent()
    }

    /// Closes at once; what is unsent is dropped, and the handler's `ended` is not called.
    public func close() {
        guard let closing = handle else { return }
        sayGoodbye()
        handle = nil
        handler = nil
        tls = nil
        securing = nil
        endingTimer?.close()
        endingTimer = nil
        release(closing)
    }
}

@available(*, unavailable)
extension StreamConnection: Sendable {}

// MARK: - Making

extension StreamConnection {
    private func makeHandle(isUnix: Bool) throws(LoopError) {
        let made: UnsafeMutableRawPointer
        if isUnix {
            made = UnsafeMutableRawPointer(try adopt(uv_pipe_t.self, "make a socket") { uv_pipe_init($0, $1, 0) })
        } else {
            made = UnsafeMutableRawPointer(try adopt(uv_tcp_t.self, "make a socket") { uv_tcp_init($0, $1) })
        }
        handle = made.assumingMemoryBound(to: uv_stream_t.self)
    }

    /// The handle as the kind that it was made as.
    private func cast<Handle>(_ handle: UnsafeMutablePointer<uv_stream_t>) -> UnsafeMutablePointer<Handle> {
        UnsafeMutableRawPointer(handle).assumingMemoryBound(to: Handle.self)
    }

    /// The socket's descriptor, -1 once it is closed.
    var descriptor: Int32 {
        var descriptor: Int32 = -1
        if let handle { uv_fileno(base(of: handle), &descriptor) }
        return descriptor
    }

    /// Starts a TCP or unix connect; `done` gets the request back, also when the connection is closed before.
    func connect(
        _ request: UnsafeMutablePointer<uv_connect_t>,
        to address: SocketAddress,
        _ system: SystemAddress,
        done: @escaping @convention(c) (UnsafeMutablePointer<uv_connect_t>?, Int32) -> Void
    ) -> Int32 {
        guard let handle else { return UV_ECANCELED.rawValue }
        if case .unix(let path) = address {
            uv_pipe_connect(request, cast(handle), path, done)
            return 0
        }
        return system.withPointer { pointer, _ in uv_tcp_connect(request, cast(handle), pointer, done) }
    }

    /// For TCP alone: small writes leave at once, and a far end that has vanished is noticed.
    func setOptions() {
        guard let handle else { return }
        uv_tcp_nodelay(cast(handle), 1)
        uv_tcp_keepalive(cast(handle), 1, StreamConnection.keepAliveSeconds)
    }
}

// MARK: - Reading

extension StreamConnection {
    private func read(_ handle: UnsafeMutablePointer<uv_stream_t>) {
        let code = uv_read_start(
            handle,
            { handle, _, buffer in
                let room = owner(of: handle, as: StreamConnection.self)?.loop.readBuffer.bytes
                buffer?.pointee.base = room?.baseAddress?.assumingMemoryBound(to: CChar.self)
                buffer?.pointee.len = room?.count ?? 0
            },
            { handle, count, buffer in
                owner(of: handle, as: StreamConnection.self)?.read(count, buffer?.pointee.base)
            }
        )
        isReading = code == 0
        if code < 0 { failSoon(code) }
    }

    private func read(_ count: Int, _ bytes: UnsafeMutablePointer<CChar>?) {
        if count > 0 {
            if tls != nil { return decrypt(UnsafeRawBufferPointer(start: bytes, count: count)) }
            // Taken out first: it may close this connection, and must outlive the call.
            let handler = handler
            handler?.received(UnsafeRawBufferPointer(start: bytes, count: count))
        } else if count == Int(UV_EOF.rawValue) {
            farEndClosed()
        } else if count < 0 {
            end(LoopError(code: Int32(truncatingIfNeeded: count), attempt: "read from \(description)"))
        }
    }

    private func farEndClosed() {
        guard let handle else { return }
        // libuv calls it an orderly end when a reset comes together with the last bytes; the socket knows better.
        let code = option(descriptor, SOL_SOCKET, SO_ERROR)
        guard code == 0 else {
            return end(LoopError(code: uv_translate_sys_error(code), attempt: "read from \(description)"))
        }
        guard ending != .awaitingFarEnd else { return close() }
        if securing != nil {
            let words = "the far end closed instead: does it speak TLS?"
            return end(.tls("agree on TLS with \(description)", words, .closed))
        }
        if let tls, tls.hasInput, handler != nil, ending == .none {
            // What came before the end goes first; a handler that pauses meets the end again once it goes on.
            deliverDecrypted()
            guard self.handle != nil, ending == .none, isReading else { return }
        }
        if tls != nil, ending == .none {
            return end(.tls("read from \(description)", "the connection was cut: TLS was not closed"))
        }
        farEndIsDone(handle)
    }

    /// The far end sends no more, and has said so.
    func farEndIsDone(_ handle: UnsafeMutablePointer<uv_stream_t>) {
        uv_read_stop(handle)
        isReading = false
        ending = .close
        let handler = handler
        self.handler = nil
        handler?.ended(nil)
        if let tls {
            tls.shutDown()
            sendEncrypted(tls)
        }
        if unsentBytes > 0, !hasFailed, limitClosing() { return }
        close()
    }

    /// Tells the handler, once, and closes.
    func end(_ error: LoopError) {
        guard handle != nil else { return }
        if let securing {
            hasFailed = true
            self.securing = nil
            securing(error)
            return close()
        }
        guard let handler else {
            // Nobody to tell yet: `start` will.
            hasFailed = true
            if ending == .none { earlyFailure = error } else { close() }
            return
        }
        self.handler = nil
        hasFailed = true
        handler.ended(error)
        close()
    }

    var description: String { peer.isUnix ? "a unix socket" : peer.address }
}

// MARK: - Writing

extension StreamConnection {
    /// Sends bytes as they are, now or after what is under way.
    func send(_ bytes: UnsafeRawBufferPointer) {
        guard let handle, !hasFailed else { return }
        var rest = bytes
        if !isSending, queued.count == 0 {
            let code = tryWrite(bytes, to: handle)
            if code < 0, code != UV_EAGAIN.rawValue { return failSoon(code) }
            rest = UnsafeRawBufferPointer(rebasing: bytes[max(0, Int(code))...])
        }
        if !rest.isEmpty { queued.append(rest) }
        sendQueued()
    }

    private func tryWrite(_ bytes: UnsafeRawBufferPointer, to handle: UnsafeMutablePointer<uv_stream_t>) -> Int32 {
        // libuv's buffers are not const, but writing only reads them. One call takes 1 GiB at most, so that the count
        // fits its Int32.
        let length = UInt32(min(bytes.count, 1 << 30))
        let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
        var buffer = uv_buf_init(start, length)
        return uv_try_write(handle, &buffer, 1)
    }

    private func sendQueued() {
        guard let handle, !isSending, queued.count > 0 else { return }
        swap(&queued, &sending)
        guard let bytes = sending.bytes else { return }
        var buffer = uv_buf_t(base: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
        isSending = true
        let code = uv_write(request, handle, &buffer, 1) { request, status in
            owner(of: request?.pointee.handle, as: StreamConnection.self)?.sent(status)
        }
        if code < 0 {
            isSending = false
            failSoon(code)
        }
    }

    private func sent(_ status: Int32) {
        isSending = false
        sending.removeAll()
        if status < 0 {
            if status != UV_ECANCELED.rawValue { end(writeFailure(status)) }
            return
        }
        sendQueued()
        finishIfSent()
    }

    private func failSoon(_ code: Int32) {
        failSoon(writeFailure(code))
    }

    /// Ends it with an error, but not from within the caller.
    func failSoon(_ error: LoopError) {
        guard !hasFailed else { return }
        hasFailed = true
        loop.soon { self.end(error) }
    }

    /// Reads for the handshake, without a handler.
    func readForHandshake() {
        guard let handle, !isReading else { return }
        read(handle)
    }

    /// Stops reading after the handshake, until there is a handler.
    func stopReadingForHandshake() {
        guard let handle, isReading else { return }
        isReading = false
        uv_read_stop(handle)
    }

    /// Tells the far end of TLS that this end closes on purpose, if that can be done at once.
    private func sayGoodbye() {
        guard let handle, let tls, !hasFailed, unsentBytes == 0 else { return }
        tls.shutDown()
        tls.takeOutput { _ = tryWrite($0, to: handle) }
    }

    private func writeFailure(_ code: Int32) -> LoopError {
        LoopError(code: code, attempt: "write to \(description)")
    }

    /// Takes the next step of closing when nothing is unsent any more.
    private func finishIfSent() {
        guard handle != nil, ending == .close || ending == .shutDown, unsentBytes == 0 else { return }
        guard ending == .shutDown else { return close() }
        ending = .awaitingFarEnd
        if shutdown(descriptor, Int32(SHUT_WR)) < 0 { close() }
    }

    /// A far end that neither reads nor closes must not hold this one for ever.
    private func limitClosing() -> Bool {
        if endingTimer != nil { return true }
        guard let timer = try? Timer(loop, { [weak self] in self?.close() }) else { return false }
        timer.start(afterMs: StreamConnection.closingMs)
        endingTimer = timer
        return true
    }
}
