import Glibc

/// Whom https requests trust, and what they show: PEM texts, read from their files once.
///
/// Texts and not paths, so that a file that is replaced in the middle is never read half, and one that cannot be used
/// leaves those of before in use.
public struct HTTPCertificates: Sendable, Equatable {
    /// Authorities, or the server's own certificate; nil: those of the system.
    public private(set) var authorities: [UInt8]?
    /// Shown to servers that ask for it, followed by those between it and the authority.
    public private(set) var certificate: [UInt8]?
    /// Its private key.
    public private(set) var key: [UInt8]?

    /// The largest of these files, in bytes: five times what a system's bundle of all authorities has.
    private static let fileBytes = 1 << 20

    /// The system's authorities, and nothing to show.
    public init() {}

    /// Reads the files and checks that they can be used, the key's match with its certificate included.
    ///
    /// Reads from disk, so not for a loop that must not wait.
    /// - Throws: which file cannot be used, and why.
    public init(_ client: TLSContext.Client) throws(TLSProblem) {
        guard client.authorityFile != nil || client.identity != nil else { return }
        _ = try TLSContext(client: client)
        if let file = client.authorityFile { authorities = try Self.read(file) }
        if let identity = client.identity {
            certificate = try Self.read(identity.certificateFile)
            key = try Self.read(identity.keyFile)
        }
    }

    private static func read(_ file: String) throws(TLSProblem) -> [UInt8] {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw TLSProblem("\(file) cannot be used: \(LoopError.errno("open it"))") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            guard count >= 0 else { throw TLSProblem("\(file) cannot be used: \(LoopError.errno("read it"))") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: block[..<count])
            guard bytes.count <= fileBytes else {
                throw TLSProblem("\(file) cannot be used: it has more than \(fileBytes >> 20) MiB")
            }
        }
    }
}
