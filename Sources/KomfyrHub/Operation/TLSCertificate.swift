import Glibc
import Logging
import NIOSSL
import Synchronization

/// The certificate and key that the hub shows its clients, read again when their files change.
///
/// New connections get the newest; those that stand keep theirs. While the files do not fit together, as in the moment
/// between replacing the one and the other, the last pair that did goes on being used.
final class TLSCertificate: Sendable {
    let certificateFile: String
    let keyFile: String
    private let state: Mutex<State>

    private struct State {
        var context: NIOSSLContext
        /// The files that `context` was made of.
        var stamps: [Stamp]
        /// The files that were found wrong at the last look.
        var wrong: [Stamp]?
        var isReported = false
    }

    /// Which content a file has, as far as the system tells without reading it.
    private struct Stamp: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        /// The bytes of the time of its last change, which is only compared.
        var changed: [UInt8]

        /// Nil when there is no such file.
        init?(_ path: String) {
            var state = stat()
            guard stat(path, &state) == 0 else { return nil }
            device = UInt64(state.st_dev)
            inode = UInt64(state.st_ino)
            size = Int64(state.st_size)
            changed = withUnsafeBytes(of: state.st_mtim) { Array($0) }
        }
    }

    /// Reads the files.
    /// - Throws: what is wrong with them, in words for the operator.
    init(certificateFile: String, keyFile: String) throws(HubConfiguration.Problem) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        let stamps = Self.stamps(certificateFile, keyFile)
        state = Mutex(State(context: try Self.load(certificateFile, keyFile), stamps: stamps))
    }

    /// For new connections.
    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Looks at the files, and reads them when they have changed.
    ///
    /// Two that do not fit together are told of at the second look, as an error: at the first they may be half
    /// replaced.
    func reloadIfChanged(_ logger: Logger) {
        let stamps = Self.stamps(certificateFile, keyFile)
        let isChanged = state.withLock { $0.stamps != stamps && !($0.wrong == stamps && $0.isReported) }
        guard isChanged else { return }
        do throws(HubConfiguration.Problem) {
            let context = try Self.load(certificateFile, keyFile)
            state.withLock { $0 = State(context: context, stamps: stamps) }
            logger.info("the TLS certificate was read anew", metadata: ["file": "\(certificateFile)"])
            for warning in warnings { logger.warning("\(warning)") }
        } catch {
            let isDue = state.withLock { state in
                let isDue = state.wrong == stamps && !state.isReported
                state.isReported = isDue
                state.wrong = stamps
                return isDue
            }
            if isDue { logger.error("the TLS certificate before this one goes on being used: \(error)") }
        }
    }

    /// Looks at the files every few seconds, until it is cancelled.
    func watch(_ logger: Logger) async {
        while (try? await Task.sleep(for: .seconds(HubLimits.certificateCheckSeconds))) != nil {
            reloadIfChanged(logger)
        }
    }

    private static func stamps(_ certificateFile: String, _ keyFile: String) -> [Stamp] {
        [certificateFile, keyFile].compactMap { Stamp($0) }
    }

    private static func load(
        _ certificateFile: String,
        _ keyFile: String
    ) throws(HubConfiguration.Problem) -> NIOSSLContext {
        let chainBytes = try contents(certificateFile, "TLS_CERT_FILE")
        let keyBytes = try contents(keyFile, "TLS_KEY_FILE")
        let chain = (try? NIOSSLCertificate.fromPEMBytes(chainBytes)) ?? []
        guard !chain.isEmpty else {
            throw HubConfiguration.Problem(
                description: "TLS_CERT_FILE: \(certificateFile) holds no certificate in PEM form "
                    + "(-----BEGIN CERTIFICATE-----); give the hub's own first, then those that signed it"
            )
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem)
        } catch {
            let isEncrypted = String(decoding: keyBytes, as: UTF8.self).contains("ENCRYPTED")
            throw HubConfiguration.Problem(
                description: "TLS_KEY_FILE: \(keyFile) "
                    + (isEncrypted
                        ? "is encrypted; the hub has nobody to ask: openssl pkey -in \(keyFile) -out FILE decrypts it"
                        : "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)")
            )
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw HubConfiguration.Problem(
                description: "the key in \(keyFile) (TLS_KEY_FILE) does not belong to the first certificate in "
                    + "\(certificateFile) (TLS_CERT_FILE)"
            )
        }
    }

    private static func contents(_ path: String, _ name: String) throws(HubConfiguration.Problem) -> [UInt8] {
        guard let file = fopen(path, "re") else {
            throw HubConfiguration.Problem(
                description: "\(name): \(path) cannot be read: \(String(cString: strerror(errno)))"
            )
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: HubLimits.certificateFileBytes)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count > 0, ferror(file) == 0, count < bytes.count else {
            throw HubConfiguration.Problem(
                description: "\(name): \(path) is empty, a folder, or larger than \(bytes.count) bytes"
            )
        }
        return Array(bytes.prefix(count))
    }

    /// What should be looked at: the key can be read by all, or the certificate has ended.
    var warnings: [String] {
        var warnings: [String] = []
        var file = stat()
        if stat(keyFile, &file) == 0, file.st_mode & 0o007 != 0 {
            warnings.append("everybody on this machine may read \(keyFile) (TLS_KEY_FILE): chmod 640 \(keyFile)")
        }
        if let end = try? NIOSSLCertificate.fromPEMFile(certificateFile).first?.notValidAfter, end < time(nil) {
            warnings.append("the certificate in \(certificateFile) (TLS_CERT_FILE) has ended; clients will refuse it")
        }
        return warnings
    }
}
