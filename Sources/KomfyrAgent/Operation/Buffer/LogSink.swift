import Glibc

/// Where exported logs go: standard output, or a file of their own.
final class LogSink {
    private let descriptor: Int32
    private let name: String
    private let ownsDescriptor: Bool
    /// Whether nobody reads any more.
    private(set) var isClosed = false
    private var bytes: [UInt8] = []
    private static let blockBytes = 256 << 10

    /// Standard output; a reader that goes away ends the export and no more.
    init() {
        signal(SIGPIPE, SIG_IGN)
        descriptor = STDOUT_FILENO
        name = "standard output"
        ownsDescriptor = false
    }

    /// A new file, mode 600.
    /// - Throws: EEXIST when there is one of that name.
    init(_ path: String) throws(FileError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(code: errno, attempt: "make \(path)") }
        name = path
        ownsDescriptor = true
    }

    deinit {
        if ownsDescriptor { close(descriptor) }
    }

    /// Takes logs: lines, each with its end.
    func write(_ lines: [UInt8]) throws(FileError) {
        bytes += lines
        if let last = lines.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
        if bytes.count >= Self.blockBytes { try flush() }
    }

    /// Writes what was taken; a file is forced to disk when it `isLast`.
    func flush(isLast: Bool = false) throws(FileError) {
        var done = 0
        while done < bytes.count, !isClosed {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EPIPE {
                isClosed = true
            } else if count < 0 {
                throw FileError(code: errno, attempt: "write \(name)")
            } else {
                done += count
            }
        }
        bytes.removeAll(keepingCapacity: true)
        guard isLast, ownsDescriptor else { return }
        guard fsync(descriptor) == 0 else { throw FileError(code: errno, attempt: "write \(name)") }
    }
}
