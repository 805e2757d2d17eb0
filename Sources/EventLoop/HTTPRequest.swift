/// A request of the HTTP client.
///
/// A header whose name or value could break out of its line (CR, LF, a zero byte) is left out.
public struct HTTPRequest: Sendable {
    /// The verb as it is sent, such as POST.
    public var method: String
    /// The whole URL, `http` or `https`.
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
    /// Whether the request, or a part of it, can have reached the server: false only if not one byte was sent.
    public var mayHaveArrived: Bool
}
