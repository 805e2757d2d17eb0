import Protocol
import Synchronization
import enum TestSupport.Network

@testable import EventLoop
@testable import KomfyrAgent

/// A small HTTP server on a thread of its own, with the model hub behind it and bad moods in front.
final class HTTPHub: Sendable {
    /// What is answered.
    enum Mood: Sendable {
        /// As the hub does.
        case hub
        /// This status, these headers and body, and the hub does not see the post.
        case says(Int, headers: [String], body: String)
        /// The hub takes it, and the connection is cut in the middle of the answer.
        case cutAfterTaking
        /// The connection is cut before anything is answered.
        case cut
        /// These bytes, whatever they are, and the end of the connection; the hub does not see the post.
        case writes(String)
        /// The hub takes it, and its answer comes byte by byte.
        case trickles
    }

    struct State: Sendable {
        var hub = ModelHub()
        /// The mood of each post; when there are none left, `mood`.
        var script: [Mood] = []
        var mood = Mood.hub
        /// The posts in the order of arrival, with their head lines.
        var posts: [(head: String, key: String)] = []
        /// Heartbeats: their heads and bodies, and what they are answered.
        var heartbeats: [(head: String, body: String)] = []
        var heartbeatMood = Mood.hub
        /// Questions for its health, and what they are answered.
        var questions: [String] = []
        var isHealthy = true
        var healthMood = Mood.hub
    }

    let state = Mutex(State())
    let port: UInt16
    private let thread: LoopThread

    private final class Started: Sendable {
        let port = Mutex<UInt16>(0)
        let latch = Latch()
    }

    /// Set by the hub when it is made; the connections reach it through this.
    private final class Home: Sendable {
        let hub = Mutex<HTTPHub?>(nil)
    }

    private let home: Home

    /// Without a `port` on a free one, which stays free when this stops: another may come in its place.
    init(port: UInt16? = nil, tls: TLSContext.Server? = nil) throws {
        let port = try port ?? Network.freePort()
        let started = Started()
        let home = Home()
        let context = try tls.map { server in try TLSContext(server: server) }
        thread = try LoopThread(name: "hub") { loop in
            let listener = try? StreamListener(
                loop,
                bind: .ip("127.0.0.1", port: port),
                tls: context
            ) { connection in
                connection.start(Connection(loop, connection, home.hub.withLock { $0 }))
            }
            if case .ip(_, let port)? = listener?.localAddress { started.port.withLock { $0 = port } }
            started.latch.open()
        }
        started.latch.wait()
        self.port = started.port.withLock { $0 }
        self.home = home
        home.hub.withLock { $0 = self }
    }

    func stop() {
        home.hub.withLock { $0 = nil }
        thread.stop()
    }

    /// What is written for one request, and what follows.
    fileprivate enum Answer {
        case whole([UInt8])
        case cut([UInt8])
        case byteByByte([UInt8])
    }

    fileprivate func answer(_ head: String, _ body: [UInt8]) -> Answer {
        state.withLock { state in
            if head.hasPrefix("GET ") {
                state.questions.append(head)
                if case .says(let status, let headers, let text) = state.healthMood {
                    return .whole(Self.bytes(status, headers, Array(text.utf8)))
                }
                let text = "{\"status\":\"\(state.isHealthy ? "healthy" : "no")\",\"service\":\"Komfyrvakt\"}"
                return .whole(Self.bytes(state.isHealthy ? 200 : 503, [], Array(text.utf8)))
            }
            if head.hasPrefix("PUT ") {
                state.heartbeats.append((head, String(decoding: body, as: UTF8.self)))
                guard case .says(let status, let headers, let text) = state.heartbeatMood else {
                    return .whole(Self.bytes(200, [], Array("{\"status\":\"success\"}".utf8)))
                }
                return .whole(Self.bytes(status, headers, Array(text.utf8)))
            }
            let mood = state.script.isEmpty ? state.mood : state.script.removeFirst()
            let key = Self.header("idempotency-key", head) ?? ""
            state.posts.append((head, key))
            switch mood {
            case .cut:
                return .cut([])
            case .writes(let text):
                return .cut(Array(text.utf8))
            case .says(let status, let headers, let text):
                return .whole(Self.bytes(status, headers, Array(text.utf8)))
            case .hub, .cutAfterTaking, .trickles:
                guard let identity = BatchIdentity(text: key) else {
                    return .whole(Self.bytes(400, [], Array("{\"detail\":\"bad key\"}".utf8)))
                }
                let answer = state.hub.take(identity, body)
                let bytes = Self.bytes(answer.status, ["Content-Type: application/json"], answer.body)
                if case .cutAfterTaking = mood { return .cut(Array(bytes.dropLast(10))) }
                if case .trickles = mood { return .byteByByte(bytes) }
                return .whole(bytes)
            }
        }
    }

    fileprivate static func bytes(_ status: Int, _ headers: [String], _ body: [UInt8]) -> [UInt8] {
        var lines = ["HTTP/1.1 \(status) Status", "Content-Length: \(body.count)"] + headers
        lines += ["", ""]
        return Array(lines.joined(separator: "\r\n").utf8) + body
    }

    static func header(_ name: String, _ head: String) -> String? {
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix(name + ": ") {
            return String(line.dropFirst(name.count + 2))
        }
        return nil
    }

    /// One connection: collects a request, answers, goes on.
    private final class Connection: StreamHandler {
        private let connection: StreamConnection
        private let hub: HTTPHub?
        private var bytes: [UInt8] = []
        private let loop: Loop
        private var trickle: (timer: EventLoop.Timer, rest: [UInt8])?

        init(_ loop: Loop, _ connection: StreamConnection, _ hub: HTTPHub?) {
            self.loop = loop
            self.connection = connection
            self.hub = hub
        }

        func received(_ more: UnsafeRawBufferPointer) {
            bytes.append(contentsOf: more)
            // As servers do with what begins as no method does, a TLS handshake for instance.
            if let first = bytes.first, !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) {
                connection.write(HTTPHub.bytes(400, [], []))
                return connection.closeWhenSent()
            }
            while let (head, body) = takeRequest() {
                guard let hub else { return connection.close() }
                switch hub.answer(head, body) {
                case .whole(let answer): connection.write(answer)
                case .cut(let answer):
                    if !answer.isEmpty { connection.write(answer) }
                    return connection.closeWhenSent()
                case .byteByByte(let answer):
                    guard let timer = try? EventLoop.Timer(loop, { [weak self] in self?.dribble() }) else { return }
                    trickle = (timer, answer)
                    timer.start(afterMs: 1, repeatMs: 2)
                }
            }
        }

        private func dribble() {
            guard let (timer, rest) = trickle, let byte = rest.first else { return stopTrickle() }
            trickle = (timer, Array(rest.dropFirst()))
            connection.write([byte])
        }

        private func stopTrickle() {
            trickle?.timer.close()
            trickle = nil
        }

        func ended(_ error: LoopError?) { stopTrickle() }

        private func takeRequest() -> (String, [UInt8])? {
            let end = Array("\r\n\r\n".utf8)
            guard let split = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else { return nil }
            let head = String(decoding: bytes[..<split], as: UTF8.self)
            let length = HTTPHub.header("content-length", head).flatMap { Int($0) } ?? 0
            guard bytes.count >= split + 4 + length else { return nil }
            let body = Array(bytes[(split + 4)..<(split + 4 + length)])
            bytes.removeFirst(split + 4 + length)
            return (head, body)
        }
    }
}
