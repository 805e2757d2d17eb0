import CZstd
import EventLoop
import Synchronization

/// Stands in for the hub, and for what peers send to, while the agent is measured.
///
/// Takes each body over HTTP, packed with zstd or not, counts what is in it, and answers as the hub does (what a
/// batch's `Idempotency-Key` has brought already is not counted again); on a second port it takes bare lines over TCP.
final class HubSink: Sendable {
    /// What it does with a request.
    enum State: Sendable {
        case answers
        /// 503 for everything.
        case unavailable
        /// Connections are refused.
        case down
    }

    let tally = SequenceTally()
    /// Of HTTP.
    let port: UInt16
    /// Of lines over TCP.
    let linePort: UInt16

    private let thread: LoopThread
    private let home: LoopBound<SinkHome>

    init() throws {
        let home = SinkHome(tally)
        port = home.port
        linePort = home.linePort
        let bound = LoopBound(home)
        self.home = bound
        thread = try LoopThread(name: "sink") { loop in bound.open(on: loop) { $0.set(.answers, loop) } }
    }

    /// Changes what it does; returns when it does so.
    func set(_ state: State) {
        let done = SinkSignal()
        thread.mailbox.post { [home] loop in
            home.open(on: loop) { $0.set(state, loop) }
            done.isSet.store(true, ordering: .releasing)
        }
        while !done.isSet.load(ordering: .acquiring) { pause(ms: 1) }
    }

    func stop() { thread.stop() }
}

private final class SinkSignal: Sendable {
    let isSet = Atomic<Bool>(false)
}

/// What lives on the sink's loop.
private final class SinkHome {
    let tally: SequenceTally
    let port = freePort()
    let linePort = freePort()
    private(set) var state = HubSink.State.down
    private var listeners: [StreamListener] = []
    private var connections: [ObjectIdentifier: StreamConnection] = [:]
    /// The keys of bodies that were counted.
    private var known: Set<[UInt8]> = []

    init(_ tally: SequenceTally) { self.tally = tally }

    func set(_ state: HubSink.State, _ loop: Loop) {
        self.state = state
        guard state == .down else {
            if listeners.isEmpty { listen(loop) }
            return
        }
        for listener in listeners { listener.close() }
        for connection in connections.values { connection.close() }
        listeners = []
        connections = [:]
    }

    private func listen(_ loop: Loop) {
        for (port, isHTTP) in [(port, true), (linePort, false)] {
            let listener = try? StreamListener(loop, bind: .ip("127.0.0.1", port: port)) { [weak self] connection in
                guard let self else { return connection.close() }
                connections[ObjectIdentifier(connection)] = connection
                connection.start(isHTTP ? SinkConnection(connection, self) : LineConnection(connection, self))
            }
            guard let listener else { fatalError("the sink's port \(port) was taken by another program") }
            listeners.append(listener)
        }
    }

    func ended(_ connection: StreamConnection) { connections[ObjectIdentifier(connection)] = nil }

    /// Counts a body, unless its key was there before.
    func take(_ body: UnsafeRawBufferPointer, key: [UInt8]?) {
        if let key, !known.insert(key).inserted { return }
        tally.take(body)
    }
}

/// One connection over HTTP.
private final class SinkConnection: StreamHandler {
    private let connection: StreamConnection
    private unowned let home: SinkHome
    private var request: [UInt8] = []
    private var body = [UInt8](repeating: 0, count: 8 << 20)
    private var hasAskedOn = false

    init(_ connection: StreamConnection, _ home: SinkHome) {
        self.connection = connection
        self.home = home
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        request.append(contentsOf: bytes)
        while let used = takeRequest() { request.removeFirst(used) }
    }

    func ended(_ error: LoopError?) { home.ended(connection) }

    private func takeRequest() -> Int? {
        request.withUnsafeBytes { request in
            guard let head = HTTPHead(request) else { return nil }
            let end = head.headBytes + head.contentLength
            let fields = UnsafeRawBufferPointer(rebasing: request[..<head.headBytes])
            guard request.count >= end else {
                if !hasAskedOn, HTTPHead.field("expect", in: fields) != nil {
                    hasAskedOn = true
                    connection.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
                }
                return nil
            }
            hasAskedOn = false
            answer(fields, UnsafeRawBufferPointer(rebasing: request[head.headBytes..<end]))
            return end
        }
    }

    private func answer(_ head: UnsafeRawBufferPointer, _ packed: UnsafeRawBufferPointer) {
        guard home.state == .answers else {
            return write("503 Service Unavailable", #"{"status":"error","detail":"as asked"}"#)
        }
        let lines = withBody(packed) { body in
            home.take(body, key: HTTPHead.field("idempotency-key", in: head))
            var lines = 0
            for byte in body where byte == 0x0A { lines += 1 }
            return lines
        }
        let isBulk = head.starts(with: Array("POST /_bulk".utf8))
        write(
            "200 OK",
            isBulk
                ? #"{"took":1,"errors":false,"items":[]}"#
                : #"{"status":"success","ingested":\#(lines),"rejected":0,"errors":[]}"#
        )
    }

    private func write(_ status: String, _ body: String) {
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        connection.write(Array((head + body).utf8))
    }

    /// The body as it was before zstd, if it was packed.
    private func withBody(_ packed: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Int) -> Int {
        let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        guard packed.starts(with: magic) else { return take(packed) }
        let count = body.withUnsafeMutableBytes { body in
            ZSTD_decompress(body.baseAddress, body.count, packed.baseAddress, packed.count)
        }
        guard ZSTD_isError(count) == 0 else { return 0 }
        return body.withUnsafeBytes { take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}

/// One connection of bare lines.
private final class LineConnection: StreamHandler {
    private let connection: StreamConnection
    private unowned let home: SinkHome
    /// A number that may go on in what comes next.
    private var rest: [UInt8] = []

    init(_ connection: StreamConnection, _ home: SinkHome) {
        self.connection = connection
        self.home = home
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        guard home.state == .answers else { return connection.close() }
        rest.append(contentsOf: bytes)
        rest.withUnsafeBytes { home.take($0, key: nil) }
        let last = rest.suffix(SyslogLines.digits)
        rest = last.lastIndex(of: UInt8(ascii: "~")).map { Array(rest[$0...]) } ?? []
    }

    func ended(_ error: LoopError?) { home.ended(connection) }
}
