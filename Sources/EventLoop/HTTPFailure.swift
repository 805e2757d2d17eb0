/// Why there is no answer.
public struct HTTPFailure: Error, Sendable, CustomStringConvertible {
    /// libcurl's code (`CURLE_COULDNT_CONNECT`…).
    public var code: Int32
    /// libcurl's words for this case.
    public var description: String
    /// Whether the request, or a part of it, can have reached the server: false only if not one byte was sent.
    public var mayHaveArrived: Bool
    /// What went wrong, as far as it can be told apart.
    public var cause: Cause = .other

    /// A failure with these parts; `code` is negative where libcurl was not asked.
    public init(code: Int32, description: String, mayHaveArrived: Bool, cause: Cause = .other) {
        self.code = code
        self.description = description
        self.mayHaveArrived = mayHaveArrived
        self.cause = cause
    }

    /// What keeps an answer from coming.
    public enum Cause: Sendable, Hashable {
        /// The name of the server, or of the proxy, has no address.
        case nameUnknown
        /// Nobody takes the connection.
        case notReached
        /// The connection was not made, or the answer not whole, within its time.
        case timedOut(isConnected: Bool)
        /// The far end closed before its answer was whole.
        case closed
        /// What came is no HTTP, or has no end.
        case notHTTP
        case tls(TLSFault)
        /// The proxy cannot be reached, or refuses with this status (0: without one).
        case proxy(status: Int)
        /// The URL, or something else of the request, is none.
        case badRequest
        case other
    }

    /// What keeps a TLS connection from being made.
    public enum TLSFault: Sendable, Hashable {
        /// The server's certificate is past its time.
        case expired
        /// Its time has not begun: often this machine's clock is wrong.
        case notYetValid
        /// It is for other names.
        case wrongName
        /// Nobody here trusts who issued it.
        case unknownAuthority
        /// It is its own authority, which nobody here trusts.
        case selfSigned
        /// Something else is wrong with it.
        case notAccepted
        /// The server asks for a client certificate, and there is none.
        case clientCertificateMissing
        /// The server does not accept the client certificate.
        case clientCertificateRefused
        /// No version of TLS is spoken on both ends; 1.2 and 1.3 are on this one.
        case noCommonVersion
        /// No cipher is known on both ends.
        case noCommonCipher
        /// The far end speaks something else, plain HTTP for instance.
        case noTLS
        case other
    }
}
