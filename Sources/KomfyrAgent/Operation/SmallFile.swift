import Glibc

/// Why a file could not be read.
struct FileFailure: Error, Sendable {
    /// errno.
    var code: Int32
    /// The system's words for it.
    var words: String

    init(code: Int32) {
        self.code = code
        words = String(cString: strerror(code))
    }
}

/// Reads small files whole, and never more than is asked: configuration, keys.
enum SmallFile {
    /// - Throws: the system's error; EFBIG when the file is larger than `maximumBytes`, EINVAL when it is no file.
    static func read(_ path: String, maximumBytes: Int) throws(FileFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFailure(code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFailure(code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFIFO else {
            throw FileFailure(code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure(code: errno) }
            if count == 0 { break }
            filled += count
        }
        guard filled <= maximumBytes else { throw FileFailure(code: EFBIG) }
        bytes.removeSubrange(filled...)
        return bytes
    }
}

extension SmallFile {
    /// Makes a folder of mode 700, and those above it that are missing.
    static func makeFolder(_ path: String) throws(FileFailure) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw FileFailure(code: errno)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileFailure(code: errno) }
    }
}

/// This machine's name.
enum HostName {
    /// `gethostname`, or `localhost` when there is none; read once.
    static let current: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
}
