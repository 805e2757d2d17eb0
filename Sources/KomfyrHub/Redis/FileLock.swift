import Glibc
import Synchronization

/// A lock on a file that the kernel keeps (`flock`): it belongs to the open file, so a program that was started with
/// the descriptor holds it too, and it ends when the last of them has closed it or died.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32>
    private let path: String

    /// Opens or makes the file; the lock is not taken yet.
    ///
    /// No other program inherits it, but the one that `share` starts.
    init(_ path: String) throws(SystemFault) {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw SystemFault(attempt: "open \(path)") }
        descriptor = Mutex(opened)
        self.path = path
    }

    deinit { close() }

    /// Takes the lock.
    /// - Returns: false when another holds it.
    func take() throws(SystemFault) -> Bool {
        let (result, code) = descriptor.withLock { descriptor in (flock(descriptor, LOCK_EX | LOCK_NB), errno) }
        if result == 0 { return true }
        guard code == EWOULDBLOCK else {
            errno = code
            throw SystemFault(attempt: "lock \(path)")
        }
        return false
    }

    /// Replaces the file's content, which only informs.
    func write(_ text: String) throws(SystemFault) {
        let bytes = Array(text.utf8)
        let isWritten = descriptor.withLock { descriptor in
            ftruncate(descriptor, 0) == 0 && pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
        }
        if !isWritten { throw SystemFault(attempt: "write \(path)") }
    }

    /// Lends the descriptor to `start`, which starts a program that is to hold the lock too.
    func share<Result, Failure: Error>(_ start: (Int32) throws(Failure) -> Result) throws(Failure) -> Result {
        try start(descriptor.withLock { $0 })
    }

    /// Gives the lock up for all that share it, and closes.
    ///
    /// Closing alone is not enough while any other program is just being started: between fork and exec it holds a copy
    /// of every descriptor.
    func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = flock(descriptor, LOCK_UN) }
        }
        close()
    }

    /// Lets go; a program that shares the lock keeps it.
    func close() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
            descriptor = -1
        }
    }
}
