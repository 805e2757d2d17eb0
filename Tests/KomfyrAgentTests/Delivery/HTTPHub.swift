import Protocol
import Synchronization

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
    }

    struct State: Sendable {
        var hub = ModelHub()
        /// The mood of each post; when there are none left, `mood`.
        var script: [Mood] = []
        var mood = Mood.hub
        /// The posts in the order of arrival, with their head lines.
        var posts: [(head: String, key: String)] = []
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

    init(port: UInt16 = 0) throws {
        let started = Started()
        let home = Home()
        thread = try LoopThread(name: "hub") { loop in
            let listener = try? StreamListener(loop, bind: .ip("127.0.0.1", port: port)) { connection in
                connection.start(Connection(connection, home.hub.withLock { $0 }))
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

    /// The answer to one request; nil cuts the connection after `partial`.
    fileprivate func answer(_ head: String, _ body: [UInt8]) -> (bytes: [UInt8], cuts: Bool) {
        state.withLock { state in
            let mood = state.script.isEmpty ? state.mood : state.script.removeFirst()
            let key = Self.header("idempotency-key", head) ?? ""
            state.posts.append((head, key))
            switch mood {
            case .cut:
                return ([], true)
            case .says(let status, let headers, let text):
                return (Self.bytes(status, headers, Array(text.utf8)), false)
            case .hub, .cutAfterTaking:
                guard let identity = BatchIdentity(text: key) else {
                    return (Self.bytes(400, [], Array("{\"detail\":\"bad key\"}".utf8)), false)
                }
                let answer = state.hub.take(identity, body)
                let bytes = Self.bytes(answer.status, ["Content-Type: application/json"], answer.body)
                if case .cutAfterTaking = mood { return (Array(bytes.dropLast(10)), true) }
                return (bytes, false)
            }
        }
    }

    private static func bytes(_ status: Int, _ headers: [String], _ body: [UInt8]) -> [UInt8] {
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

        init(_ connection: StreamConnection, _ hub: HTTPHub?) {
            self.connection = connection
            self.hub = hub
        }

        func received(_ more: UnsafeRawBufferPointer) {
            bytes.append(contentsOf: more)
            while let (head, body) = takeRequest() {
                guard let (answer, cuts) = hub?.answer(head, body) else { return connection.close() }
                if !answer.isEmpty { connection.write(answer) }
                if cuts { return connection.closeWhenSent() }
            }
        }

        func ended(_ error: LoopError?) {}

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
