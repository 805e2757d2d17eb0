import CLibuv

/// One connection in the making: libuv's connect request, the TLS handshake if there is to be one, a deadline for both,
/// and the one answer.
///
/// Lives until both libuv has handed the request back and `done` has been called.
final class ConnectAttempt {
    private let loop: Loop
    private let address: SocketAddress
    private let tls: TLSTarget?
    private var isSecuring = false
    private var done: ((Result<StreamConnection, LoopError>) -> Void)?
    private var connection: StreamConnection?
    private var timer: Timer?
    private let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)

    init(
        _ loop: Loop,
        to address: SocketAddress,
        tls: TLSTarget?,
        done: @escaping (Result<StreamConnection, LoopError>) -> Void
    ) {
        self.loop = loop
        self.address = address
        self.tls = tls
        self.done = done
    }

    deinit { request.deallocate() }

    func begin(timeoutMs: UInt64) {
        loop.assertOnLoop()
        do throws(LoopError) {
            try connect()
            let timer = try Timer(loop) { [self] in finish(UV_ETIMEDOUT.rawValue) }
            self.timer = timer
            timer.start(afterMs: timeoutMs)
        } catch {
            loop.soon { self.finish(error.code) }
        }
    }

    private func connect() throws(LoopError) {
        let system = try SystemAddress(address)
        let isUnix = if case .unix = address { true } else { false }
        let connection = try StreamConnection(loop, connectingTo: isUnix ? .unix : system.peer, isUnix: isUnix)
        self.connection = connection
        request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let code = connection.connect(request, to: address, system) { request, status in
            guard let data = request?.pointee.data else { return }
            Unmanaged<ConnectAttempt>.fromOpaque(data).takeRetainedValue().connected(status)
        }
        if code < 0 {
            // Refused at once: libuv will not hand the request back.
            Unmanaged.passUnretained(self).release()
            throw LoopError(code: code, attempt: "connect to \(address)")
        }
        if !isUnix { connection.setOptions() }
    }

    private func connected(_ status: Int32) {
        guard done != nil, status == 0, let tls, let connection else { return finish(status) }
        isSecuring = true
        connection.secure(tls.context, serverName: tls.serverName) { [self] error in finish(error?.code ?? 0, error) }
    }

    private var attempt: String { isSecuring ? "agree on TLS with \(address)" : "connect to \(address)" }

    private func finish(_ status: Int32, _ error: LoopError? = nil) {
        guard let done else { return }
        self.done = nil
        timer?.close()
        timer = nil
        let connection = connection
        self.connection = nil
        if status == 0, let connection {
            done(.success(connection))
        } else {
            connection?.close()
            var reason = error?.reason
            if isSecuring, status == UV_ETIMEDOUT.rawValue { reason = "timed out: does the far end speak TLS?" }
            done(.failure(LoopError(code: status, attempt: attempt, reason: reason)))
        }
    }
}

/// What a connection that is to be made with TLS needs.
public struct TLSTarget {
    /// Whom to trust, and who we are.
    public var context: TLSContext
    /// The name or IP address that the server's certificate must be for.
    public var serverName: String

    /// A target of this name.
    public init(_ context: TLSContext, serverName: String) {
        self.context = context
        self.serverName = serverName
    }
}
