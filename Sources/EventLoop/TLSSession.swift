import COpenSSL

/// The TLS of one connection, as a machine between bytes and bytes: it knows no sockets.
///
/// ```
///  socket ── feed ──► incoming ──► OpenSSL ──► read ── handler
///  socket ◄─ takeOutput ── outgoing ◄── OpenSSL ◄── write ── caller
/// ```
///
/// `incoming` holds what one read of the socket brought and the begun record before it; `outgoing` is taken after each
/// step. Belongs to the loop of its connection.
final class TLSSession {
    /// What a step came to.
    enum Step {
        case done
        /// More bytes from the far end are wanted.
        case wantsMore
        case failed(TLSFailure)
    }

    /// What a read came to.
    enum Reading {
        case bytes(Int)
        /// More bytes from the far end are wanted.
        case wantsMore
        /// The far end has said that it sends no more.
        case closed
        case failed(TLSFailure)
    }

    /// What an idle connection keeps for the next read; a burst takes more, and gives it back.
    static let keptBytes = 32 << 10

    private let context: TLSContext
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private let name: String?
    private(set) var isEstablished = false
    private var hasShutDown = false
    private var hasFailed = false
    /// What `verified` found wrong with a certificate.
    private var certificateFault: String?

    /// A session that has said nothing yet; clients name the server or its IP address, which its certificate must be
    /// for.
    init(_ context: TLSContext, serverName name: String?) throws(LoopError) {
        guard let ssl = SSL_new(context.raw), let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem())
        else { throw LoopError.tls("begin TLS", TLSProblem.words()) }
        self.context = context
        self.ssl = ssl
        self.incoming = incoming
        self.outgoing = outgoing
        self.name = name
        copenssl_bio_is_open(incoming)
        SSL_set_bio(ssl, incoming, outgoing)
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        if case .server = context.role {
            SSL_set_accept_state(ssl)
        } else {
            SSL_set_connect_state(ssl)
            try expect(name)
        }
    }

    deinit { SSL_free(ssl) }

    private func expect(_ name: String?) throws(LoopError) {
        guard let name else { throw LoopError.tls("begin TLS", "the server's name is missing") }
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 { return }
        ERR_clear_error()
        guard SSL_set1_host(ssl, name) == 1, copenssl_set_server_name(ssl, name) == 1 else {
            throw LoopError.tls("begin TLS", "\(name) is no name of a server")
        }
    }

    /// Takes what the socket brought.
    func feed(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        BIO_write(incoming, start, Int32(bytes.count))
    }

    /// Bytes that the memory for what comes in takes now.
    var incomingBytes: Int { copenssl_bio_capacity(incoming) }

    /// Whether there may be something to read without more from the socket.
    var hasInput: Bool { SSL_has_pending(ssl) == 1 || BIO_ctrl_pending(incoming) > 0 }

    /// Goes on with the handshake.
    func shakeHands() -> Step {
        ERR_clear_error()
        let code = SSL_do_handshake(ssl)
        if code == 1 {
            isEstablished = true
            return .done
        }
        if SSL_get_error(ssl, code) == SSL_ERROR_WANT_READ { return .wantsMore }
        return .failed(failure())
    }

    /// Reads what the far end has sent, as much as one record holds.
    func read(into room: UnsafeMutableRawBufferPointer) -> Reading {
        guard !hasFailed, let start = room.baseAddress else { return .wantsMore }
        ERR_clear_error()
        let count = SSL_read(ssl, start, Int32(min(room.count, 1 << 20)))
        if count > 0 { return .bytes(Int(count)) }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            copenssl_bio_shrink(incoming, Self.keptBytes)
            return .wantsMore
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: return .failed(failure())
        }
    }

    /// Encrypts; the result waits in the output.
    func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard !hasFailed, let start = bytes.baseAddress, !bytes.isEmpty else { return .done }
        ERR_clear_error()
        var count = 0
        guard SSL_write_ex(ssl, start, bytes.count, &count) == 1, count == bytes.count else {
            return .failed(failure())
        }
        return .done
    }

    /// Says that nothing more comes, once.
    func shutDown() {
        guard isEstablished, !hasShutDown, !hasFailed else { return }
        hasShutDown = true
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// Hands over what is to be sent.
    func takeOutput(_ send: (UnsafeRawBufferPointer) -> Void) {
        var data: UnsafeMutablePointer<CChar>?
        let count = copenssl_bio_data(outgoing, &data)
        guard count > 0, let data else { return }
        send(UnsafeRawBufferPointer(start: data, count: Int(count)))
        copenssl_bio_clear(outgoing)
    }

    // MARK: What is wrong, in words

    private func failure() -> TLSFailure {
        hasFailed = true
        let error = ERR_peek_error()
        defer { ERR_clear_error() }
        if let certificateFault { return TLSFailure(fault: .wrongCertificate, words: certificateFault) }
        guard error != 0 else { return TLSFailure(fault: .closed, words: "the far end broke TLS off") }
        if copenssl_is_ssl_error(error) != 0, let failure = failure(ofReason: copenssl_reason(error)) { return failure }
        let words = ERR_reason_error_string(error).map { "TLS failed: \(String(cString: $0))" } ?? "TLS failed"
        return TLSFailure(fault: .other, words: words)
    }

    private func failure(ofReason reason: Int32) -> TLSFailure? {
        switch reason {
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG,
            SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_UNEXPECTED_MESSAGE where !isEstablished, SSL_R_BAD_RECORD_TYPE,
            SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_BAD_LENGTH:
            return isEstablished ? nil : TLSFailure(fault: .notTLS, words: "the far end does not speak TLS")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, alert(70):
            return TLSFailure(
                fault: .nothingInCommon,
                words: "the far end speaks only TLS versions before 1.2, or after 1.3"
            )
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, alert(40):
            return TLSFailure(fault: .nothingInCommon, words: "the two ends have no TLS cipher in common")
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TLSFailure(fault: .noCertificate, words: "the far end shows no client certificate")
        default: return words(ofRefusal: reason).map { TLSFailure(fault: .refused, words: $0) }
        }
    }

    /// Alerts by which the far end says what it does not like of ours.
    private func words(ofRefusal reason: Int32) -> String? {
        switch reason {
        case alert(116): "the far end wants a client certificate: none is set"
        case alert(42), alert(43), alert(46): "the far end does not accept our certificate"
        case alert(44): "the far end says that our certificate has been revoked"
        case alert(45): "the far end says that our certificate has expired"
        case alert(48): "the far end does not know the authority of our certificate"
        case alert(49): "the far end denies access to our certificate"
        case alert(112): "the far end does not know the name \(name ?? "")"
        default: nil
        }
    }

    /// OpenSSL's reason for an alert that the far end sent.
    private func alert(_ number: Int32) -> Int32 { SSL_AD_REASON_OFFSET + number }

    /// Notes what is wrong with a certificate of the chain; OpenSSL calls it during the handshake.
    static let verified: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isGood, store in
        guard isGood != 1, let store else { return isGood }
        let data = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
        if let ssl = data.map({ OpaquePointer($0) }), let owner = SSL_get_ex_data(ssl, 0) {
            Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue().noteFault(store)
        }
        return isGood
    }

    private func noteFault(_ store: OpaquePointer) {
        guard certificateFault == nil else { return }
        let code = X509_STORE_CTX_get_error(store)
        guard let certificate = X509_STORE_CTX_get_current_cert(store) else {
            certificateFault = "its certificate is not accepted: \(Self.text(ofCode: code))"
            return
        }
        certificateFault = Self.fault(code, certificate, name: name, advice: advice)
    }

    private var advice: String {
        switch context.role {
        case .client(let client): "if it is the right one, set \(client.authoritySetting) to a file with its authority"
        case .server: "only certificates of the authorities in the client CA file are let in"
        }
    }

    private static func fault(_ code: Int32, _ certificate: OpaquePointer, name: String?, advice: String) -> String {
        let issuer = text { copenssl_certificate_issuer(certificate, $0, $1) }
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the certificate has expired on \(text { copenssl_certificate_time(certificate, 1, $0, $1) })"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            let begin = text { copenssl_certificate_time(certificate, 0, $0, $1) }
            return "the certificate is valid only from \(begin) on: is this machine's clock right?"
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let names = text { copenssl_certificate_names(certificate, $0, $1) }
            return "the certificate is for \(names.isEmpty ? "no name" : names), not for \(name ?? "")"
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "the certificate is self-signed: \(advice)"
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return "the certificate was issued by \(issuer), which is not trusted: \(advice)"
        default: return "the certificate is not accepted: \(text(ofCode: code))"
        }
    }

    private static func text(ofCode code: Int32) -> String {
        X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
    }

    /// What a C function writes, without control characters: names in certificates are the far end's.
    private static func text(_ fill: (UnsafeMutablePointer<CChar>, Int) -> Void) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { room in
            guard let start = room.baseAddress else { return "" }
            fill(start, room.count)
            let bytes = UnsafeRawBufferPointer(room).prefix { $0 != 0 }.map { $0 < 0x20 || $0 == 0x7F ? 0x3F : $0 }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

@available(*, unavailable)
extension TLSSession: Sendable {}
