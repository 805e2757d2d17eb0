import EventLoop
import Glibc

/// The unix socket in data_dir that a running agent answers on, and how to ask there.
///
/// It speaks HTTP, so that `curl --unix-socket DATA_DIR/status.sock http://agent/metrics` works too; mode 600.
enum StatusSocket {
    static func path(in dataDirectory: String) -> String { dataDirectory + "/status.sock" }

    /// How long an answer may take, in milliseconds: the intake loop answers between two batches.
    private static let patienceMs: UInt64 = 5_000

    /// Asks and waits for the answer; blocks.
    /// - Returns: the status code and the body.
    /// - Throws: ENOENT or ECONNREFUSED when nobody listens, EACCES when one may not.
    static func ask(_ path: String, _ target: String) throws(LoopError) -> (status: Int, body: [UInt8]) {
        let loop = try Loop()
        let exchange = Exchange(loop, "GET \(target) HTTP/1.1\r\nHost: agent\r\n\r\n")
        let timer = try Timer(loop) {
            exchange.finish(LoopError(code: -ETIMEDOUT, attempt: "ask the agent at \(path)"))
        }
        timer.start(afterMs: patienceMs)
        StreamConnection.connect(loop, to: .unix(path), timeoutMs: patienceMs) { exchange.connected($0) }
        loop.run()
        if let failure = exchange.failure { throw failure }
        guard let answer = exchange.answer else {
            throw LoopError(code: -EPROTO, attempt: "ask the agent at \(path)", reason: "it gave no answer")
        }
        return answer
    }

    /// One request and its answer, which ends with the connection.
    private final class Exchange: StreamHandler {
        private(set) var failure: LoopError?
        private let loop: Loop
        private let request: String
        private var connection: StreamConnection?
        private var bytes: [UInt8] = []

        init(_ loop: Loop, _ request: String) {
            self.loop = loop
            self.request = request
        }

        func connected(_ result: Result<StreamConnection, LoopError>) {
            switch result {
            case .success(let connection):
                self.connection = connection
                connection.start(self)
                connection.write(Array(request.utf8))
            case .failure(let error): finish(error)
            }
        }

        func received(_ more: UnsafeRawBufferPointer) {
            bytes.append(contentsOf: more.prefix(AgentLimits.statusAnswerBytes - bytes.count))
        }

        func ended(_ error: LoopError?) { finish(error) }

        func finish(_ error: LoopError?) {
            failure = error
            loop.stop()
        }

        /// `HTTP/1.1 200 OK`, headers, an empty line, the body.
        var answer: (status: Int, body: [UInt8])? {
            let text = bytes[...]
            let end = Array("\r\n\r\n".utf8)
            guard let split = text.indices.first(where: { text[$0...].starts(with: end) }) else { return nil }
            let words = text[..<split].split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard words.count == 3, let status = Int(String(decoding: words[1], as: UTF8.self)) else { return nil }
            return (status, Array(text[(split + end.count)...]))
        }
    }
}
