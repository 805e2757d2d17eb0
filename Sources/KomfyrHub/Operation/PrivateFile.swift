import Glibc

/// Writes files that hold secrets: mode 600, whole or not at all.
enum PrivateFile {
    /// Writes a file in the place of one that may be there.
    static func write(_ text: String, to path: String) throws(DotEnvironment.Problem) {
        let new = "\(path).new-\(getpid())"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw problem(path) }
        var isWritten = write(Array(text.utf8), to: descriptor) && fsync(descriptor) == 0
        // The umask cannot have added rights, but may have taken the owner's.
        isWritten = isWritten && fchmod(descriptor, 0o600) == 0
        close(descriptor)
        guard isWritten, rename(new, path) == 0 else {
            let problem = problem(path)
            unlink(new)
            throw problem
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func problem(_ path: String) -> DotEnvironment.Problem {
        DotEnvironment.Problem(description: "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
