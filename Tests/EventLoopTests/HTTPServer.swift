import EventLoop
import Glibc

/// A little HTTP server for the client's tests, on the same loop.
final class HTTPServer {
    private(set) var accepts = 0
    /// Heads of the requests that arrived whole.
    private(set) var heads: [String] = []
    /// Their bodies.
    private(set) var bodies: [[UInt8]] = []
    private(set) var port: UInt16 = 0
    private var listener: StreamListener?

    /// Calls `answer` with each whole request's head: what that writes is the answer.
    init(_ loop: Loop, answer: @escaping (_ head: String, _ connection: StreamConnection) -> Void) throws {
        listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { [self] connection in
            accepts += 1
            var bytes: [UInt8] = []
            connection.start(
                Reader { more in
                    bytes += more
                    while let (head, body) = Self.takeRequest(&bytes) {
                        self.heads.append(head)
                        self.bodies.append(body)
                        answer(head, connection)
                    }
                }
            )
        }
        port = listener?.localAddress.port ?? 0
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    private static func takeRequest(_ bytes: inout [UInt8]) -> (String, [UInt8])? {
        let end = Array("\r\n\r\n".utf8)
        guard let split = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else { return nil }
        let head = String(decoding: bytes[..<split], as: UTF8.self)
        let length =
            head.split(separator: "\r\n").lazy
            .compactMap { $0.lowercased().hasPrefix("content-length: ") ? Int($0.dropFirst(16)) : nil }.first ?? 0
        guard bytes.count >= split + 4 + length else { return nil }
        let body = Array(bytes[(split + 4)..<(split + 4 + length)])
        bytes.removeFirst(split + 4 + length)
        return (head, body)
    }
}

extension StreamConnection {
    func write(_ text: String) { write(Array(text.utf8)) }
}
