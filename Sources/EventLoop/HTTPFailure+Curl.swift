import CCurl
import COpenSSL

/// Tells apart what libcurl reports.
///
/// libcurl names the step that failed; what OpenSSL found wrong stands in its words as `error:0A00045C:…`, whose low
/// bits are the reason.
extension HTTPFailure {
    /// What libcurl knows besides its code.
    struct Details {
        /// `X509_V_…`, of the server's certificate.
        var verifyResult = 0
        /// What the proxy answered to CONNECT; 0 without one.
        var proxyStatus = 0
        /// The host of the request's URL.
        var host = ""
        var isTLS = false
    }

    init(_ code: CURLcode, words: String, mayHaveArrived: Bool, details: Details) {
        self.init(
            code: Int32(bitPattern: code.rawValue),
            description: words,
            mayHaveArrived: mayHaveArrived,
            cause: Self.cause(code, words, details)
        )
    }

    private static func cause(_ code: CURLcode, _ words: String, _ details: Details) -> Cause {
        if details.proxyStatus >= 300 { return .proxy(status: details.proxyStatus) }
        switch code {
        case CURLE_URL_MALFORMAT: return .badRequest
        // Also what libcurl says of an answer in HTTP/0.9, which any text would be.
        case CURLE_UNSUPPORTED_PROTOCOL: return words.contains("HTTP/0.9") ? .notHTTP : .badRequest
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: return .proxy(status: 0)
        case CURLE_COULDNT_RESOLVE_HOST: return .nameUnknown
        case CURLE_COULDNT_CONNECT:
            // libcurl names whom it could not reach: when that is not the server, it is the proxy before it.
            return words.contains(details.host) ? .notReached : .proxy(status: 0)
        case CURLE_OPERATION_TIMEDOUT:
            // "Connection timed out", "Resolving timed out"; with a connection "SSL connection timeout" (whoever took
            // it does not shake hands), "Operation timed out".
            return .timedOut(isConnected: words.contains("Operation timed out") || words.contains("SSL connection"))
        case CURLE_PEER_FAILED_VERIFICATION:
            // libcurl compares names before it asks OpenSSL for its verdict, of which there is none then.
            return .tls(words.contains("subject name") ? .wrongName : fault(ofCertificate: details.verifyResult))
        case CURLE_SSL_CLIENTCERT: return .tls(.clientCertificateMissing)
        case CURLE_SSL_CIPHER: return .tls(.noCommonCipher)
        case CURLE_SSL_CONNECT_ERROR: return .tls(fault(inWords: words) ?? .other)
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: return .closed
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR:
            if details.isTLS, let fault = fault(inWords: words) { return .tls(fault) }
            return words.contains("chunk") ? .notHTTP : .closed
        case CURLE_WEIRD_SERVER_REPLY, CURLE_WRITE_ERROR, CURLE_BAD_CONTENT_ENCODING,
            CURLE_HTTP2:
            return .notHTTP
        default: return .other
        }
    }

    private static func fault(ofCertificate result: Int) -> TLSFault {
        switch Int32(truncatingIfNeeded: result) {
        // The chain was found good: what is left to be wrong is the name.
        case X509_V_OK, X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .wrongName
        case X509_V_ERR_CERT_HAS_EXPIRED: .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: .selfSigned
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_CERT_SIGNATURE_FAILURE:
            .unknownAuthority
        default: .notAccepted
        }
    }

    /// OpenSSL's reason, from the number of its error in libcurl's words.
    private static func fault(inWords words: String) -> TLSFault? {
        guard let start = words.firstRange(of: "error:")?.upperBound,
            let number = UInt64(words[start...].prefix { $0.isHexDigit }, radix: 16)
        else { return nil }
        let reason = Int32(number & 0x7F_FFFF)
        switch reason {
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_UNEXPECTED_MESSAGE, SSL_R_BAD_RECORD_TYPE, SSL_R_RECORD_LENGTH_MISMATCH:
            return .noTLS
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH, alert(70):
            return .noCommonVersion
        // A server of TLS 1.2 that misses a client certificate says no more than this, either.
        case SSL_R_NO_SHARED_CIPHER, alert(40): return .noCommonCipher
        case alert(116): return .clientCertificateMissing
        case alert(42), alert(43), alert(44), alert(45), alert(46), alert(48), alert(49):
            return .clientCertificateRefused
        case alert(112): return .wrongName
        default: return .other
        }
    }

    /// OpenSSL's reason for an alert that the far end sent.
    private static func alert(_ number: Int32) -> Int32 { SSL_AD_REASON_OFFSET + number }
}
