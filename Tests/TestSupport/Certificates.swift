import Foundation

/// Certificates of a test, made by the `openssl` program in a folder of their own.
package final class Certificates: Sendable {
    private let scratch: Scratch

    /// The authority's certificate.
    package var authority: String { scratch.at("ca.pem") }
    /// An authority that issued none of the others.
    package var stranger: String { scratch.at("stranger.pem") }

    /// Makes two authorities, the second of which issues nothing.
    package init() async throws {
        scratch = try Scratch()
        for name in ["ca", "stranger"] {
            try await openssl(
                ["req", "-x509"] + Self.newKey + [
                    "-keyout", "\(name).key", "-out", "\(name).pem", "-days", "2", "-subj", "/CN=Test \(name)",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                ]
            )
        }
    }

    deinit { scratch.remove() }

    /// Makes a certificate, and answers its file and its key's.
    ///
    /// `names` are those that it is for (`DNS:localhost,IP:127.0.0.1`); with a negative `days` it has expired.
    package func issue(
        _ name: String,
        for names: String = "DNS:localhost,IP:127.0.0.1",
        days: Int = 2,
        by issuer: String = "ca"
    ) async throws -> (certificate: String, key: String) {
        try await openssl(
            ["req"] + Self.newKey + ["-keyout", "\(name).key", "-out", "\(name).csr", "-subj", "/CN=\(name)"]
        )
        try scratch.write("subjectAltName=\(names)\n", to: "\(name).ext")
        try await openssl([
            "x509", "-req", "-in", "\(name).csr", "-CA", "\(issuer).pem", "-CAkey", "\(issuer).key",
            "-set_serial", "\(Int.random(in: 1...1 << 40))", "-days", "\(days)", "-extfile", "\(name).ext",
            "-out", "\(name).pem",
        ])
        return (scratch.at("\(name).pem"), scratch.at("\(name).key"))
    }

    /// Makes a certificate that will be valid in a far year, and answers its file and its key's.
    package func issueForLater(_ name: String) async throws -> (certificate: String, key: String) {
        let files = try await issue(name)
        try scratch.write(
            """
            [ca]
            default_ca = later
            [later]
            new_certs_dir = .
            database = \(name).index
            rand_serial = yes
            default_md = sha256
            policy = any
            [any]
            commonName = supplied
            """,
            to: "\(name).conf"
        )
        try scratch.write("", to: "\(name).index")
        try await openssl([
            "ca", "-batch", "-notext", "-config", "\(name).conf", "-in", "\(name).csr", "-cert", "ca.pem", "-keyfile",
            "ca.key", "-extfile", "\(name).ext", "-startdate", "20980101000000Z", "-enddate", "20990101000000Z", "-out",
            "\(name).pem",
        ])
        return files
    }

    /// Makes a certificate that nobody but itself answers for.
    package func selfSigned(_ name: String, for names: String = "DNS:localhost,IP:127.0.0.1") async throws -> (
        certificate: String, key: String
    ) {
        try await openssl(
            ["req", "-x509"] + Self.newKey + [
                "-keyout", "\(name).key", "-out", "\(name).pem", "-days", "2", "-subj", "/CN=\(name)",
                "-addext", "subjectAltName=\(names)",
            ]
        )
        return (scratch.at("\(name).pem"), scratch.at("\(name).key"))
    }

    /// Writes a file beside them and answers its path.
    package func file(_ name: String, _ text: String) throws -> String {
        try scratch.write(text, to: name)
        return scratch.at(name)
    }

    /// The folder of the files.
    package var folder: String { scratch.path }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    private func openssl(_ arguments: [String]) async throws {
        _ = try await ChildProgram.run("openssl", arguments, folder: scratch.path)
    }
}
