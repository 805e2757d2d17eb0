import EventLoop

/// A small HTTP/1.1 server for `/metrics` and `/health`: one request a connection, all of it bounded.
///
/// On the unix socket of `komfyr-agent status` it also has `/status`, as text and as JSON. Owned by the intake loop.
final class MetricsListener {
    /// The bound address, with the port the system chose when 0 was asked.
    var localAddress: SocketAddress { listener.localAddress }

    private let loop: Loop
    private let snapshot: () -> AgentSnapshot
    private let isForOperator: Bool
    private var listener: StreamListener
    private var timer: Timer
    private var requests: [ObjectIdentifier: MetricsRequest] = [:]
    /// Set once the listener is made: before, there is nobody to hand connections to.
    private let door: Door

    private final class Door {
        weak var owner: MetricsListener?
    }

    /// Listens at once.
    /// - Parameters:
    ///   - loop: the intake loop.
    ///   - address: a numeric address, where port 0 lets the system choose, or a unix socket's path.
    ///   - isForOperator: whether it has `/status`, which tells paths and addresses.
    ///   - snapshot: what to show; called on the loop.
    /// - Throws: why it cannot listen.
    init(
        _ loop: Loop,
        bind address: SocketAddress,
        isForOperator: Bool = false,
        snapshot: @escaping () -> AgentSnapshot
    ) throws(LoopError) {
        self.loop = loop
        self.isForOperator = isForOperator
        self.snapshot = snapshot
        let door = Door()
        self.door = door
        listener = try StreamListener(loop, bind: address, backlog: 16) { stream in
            guard let owner = door.owner else { return stream.close() }
            owner.accept(stream)
        }
        timer = try Timer(loop) { door.owner?.closeLate() }
        door.owner = self
    }

    /// Closes listener and connections.
    func close() {
        listener.close()
        timer.close()
        for request in requests.values { request.stream.close() }
        requests = [:]
    }

    private func accept(_ stream: StreamConnection) {
        guard requests.count < AgentLimits.metricsConnections else { return stream.close() }
        let request = MetricsRequest(stream, startedMs: loop.nowMs, listener: self)
        requests[ObjectIdentifier(request)] = request
        if requests.count == 1 { timer.start(afterMs: 1_000, repeatMs: 1_000) }
        stream.start(request)
    }

    fileprivate func forget(_ request: MetricsRequest) {
        requests[ObjectIdentifier(request)] = nil
        if requests.isEmpty { timer.stop() }
    }

    private func closeLate() {
        for request in requests.values where loop.nowMs >= request.startedMs + AgentLimits.metricsTimeoutMs {
            request.stream.close()
            forget(request)
        }
    }

    fileprivate func answer(_ method: String, _ path: String) -> [UInt8] {
        guard method == "GET" || method == "HEAD" else {
            return response(405, "text/plain", Array("only GET\n".utf8), allow: true)
        }
        var answer: (status: Int, type: String, body: [UInt8])
        switch path.prefix(while: { $0 != "?" }) {
        case "/metrics":
            let body = MetricsText.metrics(snapshot(), nowNs: WallClock.now())
            answer = (200, "text/plain; version=0.0.4; charset=utf-8", body)
        case "/status" where isForOperator:
            let snapshot = snapshot()
            let text = StatusText.page(snapshot, nowNs: WallClock.now()) + "\n"
            answer = (snapshot.troubles.isEmpty ? 200 : 503, "text/plain; charset=utf-8", Array(text.utf8))
        case "/status.json" where isForOperator:
            let snapshot = snapshot()
            let body = StatusDocument.json(snapshot, nowNs: WallClock.now())
            answer = (snapshot.troubles.isEmpty ? 200 : 503, "application/json", body)
        case "/health":
            let (status, body) = MetricsText.health(snapshot(), nowNs: WallClock.now())
            answer = (status, "application/json", body)
        default: answer = (404, "text/plain; charset=utf-8", Array("there are /metrics and /health\n".utf8))
        }
        return response(answer.status, answer.type, answer.body, withoutBody: method == "HEAD")
    }

    fileprivate func response(
        _ status: Int,
        _ type: String,
        _ body: [UInt8],
        allow: Bool = false,
        withoutBody: Bool = false
    ) -> [UInt8] {
        let reason = [
            200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable",
        ]
        var text = "HTTP/1.1 \(status) \(reason[status] ?? "Request Header Fields Too Large")\r\n"
        text +=
            "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\nConnection: close\r\nCache-Control: no-store\r\n"
        text += "X-Content-Type-Options: nosniff\r\n\(allow ? "Allow: GET, HEAD\r\n" : "")\r\n"
        return Array(text.utf8) + (withoutBody ? [] : body)
    }
}

@available(*, unavailable)
extension MetricsListener: Sendable {}

/// One connection, until its request was answered.
private final class MetricsRequest: StreamHandler {
    let stream: StreamConnection
    let startedMs: UInt64
    private unowned let listener: MetricsListener
    private var head: [UInt8] = []
    private var isAnswered = false

    init(_ stream: StreamConnection, startedMs: UInt64, listener: MetricsListener) {
        self.stream = stream
        self.startedMs = startedMs
        self.listener = listener
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        guard !isAnswered else { return }
        let room = AgentLimits.metricsRequestBytes - head.count
        let searched = max(0, head.count - 3)
        head.append(contentsOf: bytes.prefix(room))
        if hasEnd(from: searched) {
            let line = head.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
            let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
            if words.count == 3, words[2].hasPrefix("HTTP/1.") {
                send(listener.answer(String(words[0]), String(words[1])))
            } else {
                send(listener.response(400, "text/plain", Array("this is no HTTP/1.1 request\n".utf8)))
            }
        } else if bytes.count >= room {
            send(listener.response(431, "text/plain", Array("the request is too large\n".utf8)))
        }
    }

    func ended(_ error: LoopError?) { listener.forget(self) }

    /// Whether the empty line that ends a head is there.
    private func hasEnd(from start: Int) -> Bool {
        var index = start
        while index + 3 < head.count {
            if head[index] == 13, head[index + 1] == 10, head[index + 2] == 13, head[index + 3] == 10 { return true }
            index += 1
        }
        return false
    }

    private func send(_ answer: [UInt8]) {
        isAnswered = true
        stream.write(answer)
        stream.closeWhenSent()
        listener.forget(self)
    }
}
