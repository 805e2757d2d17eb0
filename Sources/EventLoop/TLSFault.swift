import CLibuv

/// Why a TLS handshake came to nothing, in kinds that can be counted.
public enum TLSFault: Int, Sendable, CaseIterable {
    /// It took too long.
    case timedOut
    /// It was the longest under way of its address when all places were taken.
    case crowdedOut
    /// The far end closed, or the network broke.
    case closed
    /// What came is no TLS: plain text on a TLS port, a port scan.
    case notTLS
    /// The two ends have no version or cipher in common.
    case nothingInCommon
    /// The far end shows no certificate, and has to.
    case noCertificate
    /// The far end's certificate is not accepted.
    case wrongCertificate
    /// The far end does not accept ours.
    case refused
    case other

    /// What a handshake's error comes down to.
    public init(_ error: LoopError) {
        if let fault = error.tlsFault {
            self = fault
        } else if error.code == UV_ETIMEDOUT.rawValue {
            self = .timedOut
        } else {
            self = error.code == UV_ENOMEM.rawValue ? .other : .closed
        }
    }
}

/// What TLS does not allow, in kind and words.
struct TLSFailure {
    var fault: TLSFault
    var words: String
}
