import COpenSSL
import Glibc

/// What one end of TLS connections needs to know: whom it trusts, and who it is itself.
///
/// TLS 1.2 and 1.3, no renegotiation, no session tickets. Made once and shared by all connections of its kind; files
/// are read when it is made.
public final class TLSContext: @unchecked Sendable {
    // Sendable although it holds a pointer: OpenSSL counts references to an SSL_CTX atomically, and nothing changes it
    // after it has been made.
    let raw: OpaquePointer
    let role: Role

    /// Which end it is for.
    enum Role {
        case client(Client)
        case server(Server)
    }

    /// A certificate and its key, as PEM files.
    public struct Identity: Sendable, Equatable {
        /// The certificate, followed by those between it and the authority.
        public var certificateFile: String
        /// Its private key, without a passphrase.
        public var keyFile: String

        /// An identity of these files.
        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// Whom a client trusts.
    public struct Client: Sendable, Equatable {
        /// A PEM file of the authorities, or of the server's own certificate; nil: those of the system.
        public var authorityFile: String?
        /// Shown to servers that ask for it.
        public var identity: Identity?
        /// The setting that names `authorityFile`, for errors that say what to do.
        public var authoritySetting: String

        /// A client that trusts these.
        public init(authorityFile: String? = nil, identity: Identity? = nil, authoritySetting: String = "the CA file") {
            self.authorityFile = authorityFile
            self.identity = identity
            self.authoritySetting = authoritySetting
        }
    }

    /// What a server shows, and whom it lets in.
    public struct Server: Sendable, Equatable {
        /// What it shows.
        public var identity: Identity
        /// A PEM file of the authorities of clients' certificates; nil: clients need none.
        public var clientAuthorityFile: String?

        /// A server of this identity.
        public init(identity: Identity, clientAuthorityFile: String? = nil) {
            self.identity = identity
            self.clientAuthorityFile = clientAuthorityFile
        }
    }

    /// A context for connecting.
    /// - Throws: which file cannot be used, and why.
    public convenience init(client: Client) throws(TLSProblem) {
        try self.init(.client(client), method: TLS_client_method())
        SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, TLSSession.verified)
        if let file = client.authorityFile {
            try trust(file)
        } else if SSL_CTX_set_default_verify_paths(raw) != 1 {
            throw TLSProblem("the system's certificate authorities cannot be read: set \(client.authoritySetting)")
        }
        if let identity = client.identity { try use(identity) }
    }

    /// A context for listening.
    /// - Throws: which file cannot be used, and why.
    public convenience init(server: Server) throws(TLSProblem) {
        try self.init(.server(server), method: TLS_server_method())
        try use(server.identity)
        if let file = server.clientAuthorityFile {
            try trust(file)
            SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(file))
            SSL_CTX_set_verify(
                raw,
                SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_CLIENT_ONCE,
                TLSSession.verified
            )
        }
    }

    private init(_ role: Role, method: OpaquePointer?) throws(TLSProblem) {
        ERR_clear_error()
        guard let raw = SSL_CTX_new(method) else { throw TLSProblem("OpenSSL cannot be used: \(TLSProblem.words())") }
        self.raw = raw
        self.role = role
        copenssl_set_min_tls12(raw)
        copenssl_set_mode(raw)
        copenssl_no_session_cache(raw)
        SSL_CTX_set_num_tickets(raw, 0)
        SSL_CTX_set_options(raw, UInt64(1) << 30)  // SSL_OP_NO_RENEGOTIATION
        // Without this OpenSSL would ask the terminal for the passphrase of a key, and wait.
        SSL_CTX_set_default_passwd_cb(raw) { _, _, _, _ in -1 }
    }

    deinit { SSL_CTX_free(raw) }

    private func trust(_ file: String) throws(TLSProblem) {
        ERR_clear_error()
        guard SSL_CTX_load_verify_locations(raw, file, nil) == 1 else {
            throw TLSProblem(
                "the CA file \(file) cannot be used: \(Self.reason(file, "has no certificate in PEM form"))"
            )
        }
        // Whoever names an authority between the root and the server, or the server's certificate itself, trusts that.
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(raw), UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    private func use(_ identity: Identity) throws(TLSProblem) {
        ERR_clear_error()
        let certificate = identity.certificateFile
        guard SSL_CTX_use_certificate_chain_file(raw, certificate) == 1 else {
            throw TLSProblem(
                "the certificate file \(certificate) cannot be used: "
                    + Self.reason(certificate, "it has no certificate in PEM form")
            )
        }
        ERR_clear_error()
        guard SSL_CTX_use_PrivateKey_file(raw, identity.keyFile, SSL_FILETYPE_PEM) == 1 else {
            let words = TLSProblem.words()
            if words.contains("mismatch") { throw Self.mismatch(identity) }
            throw TLSProblem(
                "the key file \(identity.keyFile) cannot be used: "
                    + Self.reason(identity.keyFile, "it has no private key in PEM form without a passphrase")
            )
        }
        guard SSL_CTX_check_private_key(raw) == 1 else { throw Self.mismatch(identity) }
    }

    private static func mismatch(_ identity: Identity) -> TLSProblem {
        TLSProblem("the key in \(identity.keyFile) does not belong to the certificate in \(identity.certificateFile)")
    }

    /// Why a file cannot be used: the system's reason when it cannot be read, else what is wrong with what it holds.
    private static func reason(_ file: String, _ otherwise: String) -> String {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor < 0 else {
            Glibc.close(descriptor)
            return otherwise
        }
        return LoopError.errno("open it").description
    }
}

/// TLS cannot be set up: what is wrong with which file.
public struct TLSProblem: Error, Sendable, CustomStringConvertible {
    /// What is wrong, and what to do.
    public let description: String

    init(_ description: String) { self.description = description }

    /// The newest error of this thread in OpenSSL's words, and forgets all.
    static func words() -> String {
        var error = ERR_peek_last_error()
        ERR_clear_error()
        guard error != 0, let text = ERR_reason_error_string(error) else {
            error = 0
            return "no reason is given"
        }
        return String(cString: text)
    }
}
