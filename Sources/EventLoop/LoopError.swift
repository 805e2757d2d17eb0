import CLibuv

/// What libuv refused: its code (`UV_EADDRINUSE`…), its words, and what was attempted.
public struct LoopError: Error, Sendable, CustomStringConvertible {
    /// libuv's negative code, which is -errno.
    public let code: Int32
    /// What was attempted (`bind udp://127.0.0.1:5514`).
    public let attempt: String
    /// Words of its own, where libuv's for the code would not say what is wrong: TLS has these.
    public let reason: String?
    /// What kind of fault of TLS it is, where it is one.
    public let tlsFault: TLSFault?

    /// `bind udp://127.0.0.1:5514: address already in use`.
    public var description: String { "\(attempt): \(words)" }

    /// An error of this code.
    public init(code: Int32, attempt: String, reason: String? = nil, tlsFault: TLSFault? = nil) {
        self.code = code
        self.attempt = attempt
        self.reason = reason
        self.tlsFault = tlsFault
    }

    /// What TLS does not allow.
    static func tls(_ attempt: String, _ reason: String, _ fault: TLSFault = .other) -> LoopError {
        LoopError(code: UV_EPROTO.rawValue, attempt: attempt, reason: reason, tlsFault: fault)
    }

    /// What TLS does not allow.
    static func tls(_ attempt: String, _ failure: TLSFailure) -> LoopError {
        tls(attempt, failure.words, failure.fault)
    }

    init(_ code: uv_errno_t, _ attempt: String) {
        self.init(code: code.rawValue, attempt: attempt)
    }

    /// Of a system call that has just failed.
    static func errno(_ attempt: String) -> LoopError {
        LoopError(code: uv_translate_sys_error(systemErrno()), attempt: attempt)
    }

    private var words: String {
        if let reason { return reason }
        // The variant with a buffer: the other one leaks memory for codes that it does not know.
        var text = [CChar](repeating: 0, count: 128)
        uv_strerror_r(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The one place where libuv's codes become errors.
/// - Returns: `code` when it is not negative.
@discardableResult
func check(_ code: Int32, _ attempt: @autoclosure () -> String) throws(LoopError) -> Int32 {
    guard code >= 0 else { throw LoopError(code: code, attempt: attempt()) }
    return code
}

/// The same for system calls, which return -1 and leave the reason in errno.
@discardableResult
func checkSystemCall(_ result: Int32, _ attempt: @autoclosure () -> String) throws(LoopError) -> Int32 {
    guard result >= 0 else { throw LoopError.errno(attempt()) }
    return result
}
