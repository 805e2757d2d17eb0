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
    /// Whom an https request trusts, and what it shows.
    public var certificates = HTTPCertificates()
    /// The proxy to go through, `http://USER:PASSWORD@HOST:PORT`; nil: what the environment says (`https_proxy`,
    /// `http_proxy`, `all_proxy`), in either case with the exceptions of `no_proxy`.
    ///
    /// Servers on loopback are always reached directly: a proxy would look for them on its own machine.
    public var proxy: String?

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
