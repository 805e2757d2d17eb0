import CCurl
import CLibuv

/// libcurl's multi interface, driven by a loop: keep-alive connections, several transfers at once, no redirects
/// followed.
///
/// ```
/// libcurl says: watch this socket ─► SocketWatch (uv_poll) ──┐
/// libcurl says: call me in n ms   ─► timer ──────────────────┴─► curl_multi_socket_action ─► who has ended? ─► done
/// ```
///
/// libcurl's own callbacks only note what it wants; `done` is always called after libcurl has returned, so that it may
/// send, cancel and close.
public final class HTTPClient: HandleOwner {
    let loop: Loop
    /// nil once closed.
    private var multi: UnsafeMutableRawPointer?
    private var timer: UnsafeMutablePointer<uv_timer_t>?
    private var transfers: [ObjectIdentifier: HTTPTransfer] = [:]
    private var watches: [curl_socket_t: SocketWatch] = [:]

    /// Once for the process, before any other call; Swift sees to it that no two threads do it.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    /// A client without connections yet.
    /// - Parameters:
    ///   - loop: where everything happens.
    ///   - maximumConnections: per host; further requests wait for one of them, within their own time.
    /// - Throws: when libcurl or the loop cannot be had.
    public init(_ loop: Loop, maximumConnections: Int = 4) throws(LoopError) {
        self.loop = loop
        guard HTTPClient.isReady, let multi = curl_multi_init() else { throw LoopError(UV_ENOMEM, "start libcurl") }
        self.multi = multi
        do throws(LoopError) {
            timer = try adopt(uv_timer_t.self, "make a timer") { uv_timer_init($0, $1) }
        } catch {
            curl_multi_cleanup(multi)
            self.multi = nil
            throw error
        }
        let this = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_setopt_pointer(multi, CURLMOPT_SOCKETDATA, this)
        ccurl_multi_setopt_pointer(multi, CURLMOPT_TIMERDATA, this)
        ccurl_multi_setopt_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, max(1, maximumConnections))
        // Idle ones kept: enough for two hosts, so that a change of the hub's address finds its connections again.
        ccurl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, max(1, maximumConnections) * 2)
        ccurl_multi_setopt_socket(multi) { _, socket, what, this, _ in
            HTTPClient.of(this)?.watch(socket, what)
            return 0
        }
        ccurl_multi_setopt_timer(multi) { _, ms, this in
            HTTPClient.of(this)?.setTimer(ms)
            return 0
        }
    }

    /// Sends; `done` is called once, on the loop, never from within `send`.
    ///
    /// Not called after `cancel` or `close`, nor once the loop has stopped.
    @discardableResult
    public func send(
        _ request: HTTPRequest,
        done: @escaping (Result<HTTPAnswer, HTTPFailure>) -> Void
    ) -> HTTPTransfer {
        loop.assertOnLoop()
        let transfer = HTTPTransfer(request, client: self, done: done)
        guard let multi else {
            fail(transfer, CURLE_FAILED_INIT)
            return transfer
        }
        let code = transfer.prepare(request)
        guard code == CURLE_OK else {
            fail(transfer, code)
            return transfer
        }
        transfers[ObjectIdentifier(transfer)] = transfer
        if curl_multi_add_handle(multi, transfer.easy) != CURLM_OK {
            transfers[ObjectIdentifier(transfer)] = nil
            fail(transfer, CURLE_FAILED_INIT)
        }
        return transfer
    }

    /// Ends all transfers without calling back and closes the connections.
    public func close() {
        guard let closing = multi else { return }
        loop.assertOnLoop()
        for transfer in transfers.values {
            curl_multi_remove_handle(closing, transfer.easy)
            _ = transfer.finish()
        }
        transfers = [:]
        multi = nil
        // Closes idle connections, and may still ask for sockets not to be watched.
        curl_multi_cleanup(closing)
        for watch in watches.values { watch.close() }
        watches = [:]
        if let timer { release(timer) }
        timer = nil
    }

    /// Takes a transfer out that was cancelled.
    func forget(_ transfer: HTTPTransfer) {
        guard transfers.removeValue(forKey: ObjectIdentifier(transfer)) != nil, let multi else { return }
        curl_multi_remove_handle(multi, transfer.easy)
    }

    /// A watched socket is ready; `events` are libcurl's CURL_CSELECT bits.
    fileprivate func ready(_ socket: curl_socket_t, _ events: Int32) {
        guard let multi else { return }
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, events, &running)
        tellEnded()
    }

    private func fail(_ transfer: HTTPTransfer, _ code: CURLcode) {
        // Kept alive by the closure; a cancel in the meantime takes `done` away.
        loop.soon {
            let failure = transfer.failure(code, mayHaveArrived: false)
            transfer.finish()?(.failure(failure))
        }
    }

    /// Tells each transfer that libcurl has finished with.
    private func tellEnded() {
        var left: Int32 = 0
        // Anew each time: `done` may have closed this client.
        while let multi, let message = curl_multi_info_read(multi, &left)?.pointee {
            guard message.msg == CURLMSG_DONE, let easy = message.easy_handle else { continue }
            let code = message.data.result
            var data: UnsafeMutableRawPointer?
            ccurl_easy_getinfo_pointer(easy, CURLINFO_PRIVATE, &data)
            guard let transfer = HTTPTransfer.of(data) else { continue }
            let result = transfer.result(code)
            curl_multi_remove_handle(multi, easy)
            transfers[ObjectIdentifier(transfer)] = nil
            transfer.finish()?(result)
        }
    }

    // MARK: - What libcurl wants

    private static func of(_ this: UnsafeMutableRawPointer?) -> HTTPClient? {
        this.map { Unmanaged<HTTPClient>.fromOpaque($0).takeUnretainedValue() }
    }

    private func watch(_ socket: curl_socket_t, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            watches.removeValue(forKey: socket)?.close()
            return
        }
        if watches[socket] == nil { watches[socket] = try? SocketWatch(loop, socket, self) }
        watches[socket]?.start(what)
    }

    private func setTimer(_ ms: Int) {
        guard let timer else { return }
        guard ms >= 0 else {
            uv_timer_stop(timer)
            return
        }
        // libuv counts from the beginning of the turn; early would mean that libcurl finds nothing due, and asks again.
        let used = uv_hrtime() / 1_000_000 &- uv_now(loop.raw)
        uv_timer_start(
            timer,
            { owner(of: $0, as: HTTPClient.self)?.ready(CURL_SOCKET_TIMEOUT, 0) },
            UInt64(ms) &+ (used < 1 << 40 ? used : 0),
            0
        )
    }
}

@available(*, unavailable)
extension HTTPClient: Sendable {}

/// One socket of libcurl's, watched for what libcurl wants to know.
private final class SocketWatch: HandleOwner {
    let loop: Loop
    private let socket: curl_socket_t
    private var handle: UnsafeMutablePointer<uv_poll_t>?
    private var client: HTTPClient?
    private var wanted: Int32 = 0

    init(_ loop: Loop, _ socket: curl_socket_t, _ client: HTTPClient) throws(LoopError) {
        self.loop = loop
        self.socket = socket
        self.client = client
        handle = try adopt(uv_poll_t.self, "watch a socket") { uv_poll_init($0, $1, socket) }
    }

    func start(_ what: Int32) {
        guard let handle else { return }
        wanted = what
        let reads = what & CURL_POLL_IN != 0 ? Int32(UV_READABLE.rawValue) : 0
        let writes = what & CURL_POLL_OUT != 0 ? Int32(UV_WRITABLE.rawValue) : 0
        uv_poll_start(handle, reads | writes) { handle, status, events in
            owner(of: handle, as: SocketWatch.self)?.ready(status, events)
        }
    }

    func close() {
        guard let closing = handle else { return }
        handle = nil
        client = nil
        // At once: libcurl closes the socket as soon as this returns.
        uv_poll_stop(closing)
        release(closing)
    }

    private func ready(_ status: Int32, _ events: Int32) {
        let client = client
        guard status == 0 else {
            // An error waits at the socket. libuv has stopped watching, which libcurl does not know.
            start(wanted)
            client?.ready(socket, CURL_CSELECT_ERR)
            return
        }
        let reads = events & Int32(UV_READABLE.rawValue) != 0 ? CURL_CSELECT_IN : 0
        let writes = events & Int32(UV_WRITABLE.rawValue) != 0 ? CURL_CSELECT_OUT : 0
        client?.ready(socket, reads | writes)
    }
}
