import CCurl
import CLibuv

/// A request of the HTTP client. Header names and values must be free of CR and LF: others are left out.
public struct HTTPRequest: Sendable {
    /// `POST`, `GET`, …
    public var method: String
    /// The whole URL.
    public var url: String
    /// In order.
    public var headers: [(name: String, value: String)]
    /// Sent as it is, with its Content-Length.
    public var body: [UInt8]
    /// To the connection, in milliseconds.
    public var connectTimeoutMs: Int
    /// For the whole exchange, in milliseconds.
    public var timeoutMs: Int
    /// The answer's body is cut here, in bytes.
    public var maximumAnswerBytes: Int
    /// A request with these parts.
    public init(
        method: String,
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        connectTimeoutMs: Int = 5_000,
        timeoutMs: Int = 30_000,
        maximumAnswerBytes: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeoutMs = connectTimeoutMs
        self.timeoutMs = timeoutMs
        self.maximumAnswerBytes = maximumAnswerBytes
    }
}

/// An answer, whatever its status.
public struct HTTPAnswer: Sendable {
    /// The status code.
    public var status: Int
    /// In order, names in lower case.
    public var headers: [(name: String, value: String)]
    /// The body, cut at the request's limit.
    public var body: [UInt8]
    /// The first value of a header, by its name in lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Why there is no answer.
public struct HTTPFailure: Error, Sendable, CustomStringConvertible {
    /// libcurl's code (`CURLE_COULDNT_CONNECT`…).
    public var code: Int32
    /// libcurl's words for this case.
    public var description: String
    /// Whether the request can have reached the server (anything after the connection was made).
    public var mayHaveArrived: Bool
}

/// libcurl's multi interface, driven by a loop: keep-alive connections, several transfers at once, no redirects followed.
public final class HTTPClient {
    /// A client without connections yet.
    /// - Parameter maximumConnections: per host.
    public init(_ loop: Loop, maximumConnections: Int = 4) throws(LoopError) { fatalError("EL") }
    /// Sends; `done` is called once, on the loop, never from within `send`.
    public func send(
        _ request: HTTPRequest,
        done: @escaping (Result<HTTPAnswer, HTTPFailure>) -> Void
    ) -> HTTPTransfer { fatalError("EL") }
    /// Ends all transfers without calling back and closes the connections.
    public func close() { fatalError("EL") }
}

/// One request under way.
public final class HTTPTransfer {
    /// Ends it; `done` is not called.
    public func cancel() { fatalError("EL") }
}
