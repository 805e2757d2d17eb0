import Glibc

/// The descriptor of an open file, closed with its last reference.
///
/// Shared by the file's tail, by what reads it on the thread pool, and by who goes on with it: none of them meets one
/// that is closed, or that means another file by now, and handing it over is nothing that the system could refuse.
final class OpenDescriptor: Sendable {
    let number: Int32

    /// Owns `number` from here on.
    init(_ number: Int32) {
        self.number = number
    }

    /// Opens a file for reading; nil after an error, which errno has.
    ///
    /// O_NONBLOCK: what was a file when it was found may be a pipe by now.
    init?(_ path: [UInt8]) {
        number = FilePath.with(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
        if number < 0 { return nil }
    }

    deinit { if number >= 0 { close(number) } }

    /// What the system says of it; nil after an error, which errno has.
    var status: stat? {
        var status = stat()
        return fstat(number, &status) == 0 ? status : nil
    }

    /// What lies behind `offset` in a file that no name leads to any more, or none that is looked for (`isMissing`).
    ///
    /// 0 where one does.
    func unreadBytes(from offset: UInt64, isMissing: Bool) -> UInt64 {
        guard let status, isMissing || status.st_nlink == 0 else { return 0 }
        let size = UInt64(clamping: status.st_size)
        return size > offset ? size - offset : 0
    }
}

extension stat {
    /// Of which file it tells.
    var identity: FileIdentity { FileIdentity(device: UInt64(st_dev), inode: UInt64(st_ino)) }
    /// Whether that is a file, and no folder, pipe or device.
    var isFile: Bool { st_mode & S_IFMT == S_IFREG }
    /// When it was last written, in nanoseconds since 1970.
    var modifiedNs: Int64 { Int64(st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(st_mtim.tv_nsec) }
}
