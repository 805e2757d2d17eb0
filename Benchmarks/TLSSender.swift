#if canImport(Glibc)
import Glibc
#endif

/// A port for TLS, and what a program shows there: a certificate that signs itself, and its key.
struct TLSPlace {
    let port: UInt16
    let certificate: String
    let key: String

    /// Makes both in a folder, as a site that has no authority of its own would.
    init(in folder: String) throws {
        port = freePort()
        certificate = "\(folder)/tls.pem"
        key = "\(folder)/tls.key"
        let program = try Program(
            "/usr/bin/env",
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
            ],
            environment: [:],
            folder: folder
        )
        try program.wait()
        guard isFile(certificate), isFile(key) else {
            throw BenchmarkError("openssl made no certificate:\n\(program.output)")
        }
    }
}

/// Sends numbered syslog lines over one TLS connection, as RFC 5425 has them: each with its length before it.
///
/// The sender is `openssl s_client`, whose processor time counts for nobody, and which nobody here wrote.
struct TLSSender {
    private let program: Program
    /// What it sends.
    private let pipeEnd: Int32

    /// Connects.
    init(port: UInt16, folder: String) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw BenchmarkError("pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        pipeEnd = ends[1]
        do {
            // Quiet, it takes nothing in what it sends for a command, and stays when that ends.
            program = try Program(
                "/usr/bin/env",
                ["openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-quiet"],
                environment: [:],
                folder: folder,
                input: ends[0]
            )
        } catch {
            close(ends[1])
            throw error
        }
    }

    /// Hands over lines with the numbers from 0 on, as fast as they are taken.
    func send(_ lines: [[UInt8]], count: Int) throws {
        var block = NumberedLines(lines.map { Array("\($0.count) ".utf8) + $0 }, end: [])
        var sent = 0
        while sent < count {
            let now = min(block.lines, count - sent)
            block.number(from: 0, count: now, first: sent)
            try write(block.bytes, now * block.lineBytes)
            sent += now
        }
    }

    private func write(_ bytes: [UInt8], _ count: Int) throws {
        var written = 0
        while written < count {
            let some = bytes.withUnsafeBytes {
                Glibc.write(pipeEnd, $0.baseAddress.map { $0 + written }, count - written)
            }
            if some < 0, errno == EINTR { continue }
            guard some > 0 else { throw BenchmarkError("openssl s_client has ended:\n\(program.output)") }
            written += some
        }
    }

    /// Ends it: all that it had to send has arrived, or does not arrive any more.
    func stop() {
        close(pipeEnd)
        program.killAtOnce()
    }
}
