import Glibc

/// The file system of this machine.
struct PosixFileSystem: FileSystem {
    func makeFolder(_ path: String) throws(FileError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else {
            throw FileError(code: errno, attempt: "make folder \(path)")
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw FileError(code: errno, attempt: "make folder \(path)")
        }
    }

    func open(_ path: String, _ mode: FileMode) throws(FileError) -> any OpenFile {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .readWriteCreating: O_RDWR | O_CREAT
            case .createEmpty: O_RDWR | O_CREAT | O_TRUNC
            }
        return PosixFile(descriptor: try Self.descriptor(path, flags), path: path)
    }

    func list(_ folder: String) throws(FileError) -> [String] {
        guard let stream = opendir(folder) else { throw FileError(code: errno, attempt: "list \(folder)") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    func size(_ path: String) throws(FileError) -> UInt64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError(code: errno, attempt: "look at \(path)") }
        return UInt64(max(status.st_size, 0))
    }

    func rename(_ path: String, to newPath: String) throws(FileError) {
        guard Glibc.rename(path, newPath) == 0 else {
            throw FileError(code: errno, attempt: "rename \(path) to \(newPath)")
        }
    }

    func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw FileError(code: errno, attempt: "remove \(path)") }
    }

    func syncFolder(_ path: String) throws(FileError) {
        let descriptor = try Self.descriptor(path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError(code: errno, attempt: "sync folder \(path)") }
    }

    func freeBytes(_ folder: String) throws(FileError) -> UInt64 {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw FileError(code: errno, attempt: "look at disk of \(folder)") }
        return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
    }

    func lock(_ path: String) throws(FileError) -> FolderLock {
        let descriptor: Int32
        do throws(FileError) {
            descriptor = try Self.descriptor(path, O_RDWR | O_CREAT)
        } catch {
            // A read-only disk: what waits there can be sent all the same, if the lock's file is there.
            guard error.code == EROFS, let found = try? Self.descriptor(path, O_RDONLY) else { throw error }
            descriptor = found
        }
        let file = PosixFile(descriptor: descriptor, path: path)
        // Nobody else takes it, not even to look: see `FolderOwner`.
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw FileError(code: errno, attempt: "lock \(path)") }
            let text = try file.read(16, at: 0).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            return .heldByOther(pid: text.isEmpty ? nil : String(decoding: text, as: UTF8.self))
        }
        // Only words for others: a full disk takes the lock without them.
        try? file.truncate(to: 0)
        try? file.write(Array("\(getpid())\n".utf8), at: 0)
        return .held(file)
    }

    private static func descriptor(_ path: String, _ flags: Int32) throws(FileError) -> Int32 {
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else { throw FileError(code: errno, attempt: "open \(path)") }
        }
    }
}

/// A file descriptor; the system's calls on it are safe from several threads.
private final class PosixFile: OpenFile {
    let descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        // A lock goes with its last descriptor, and a child that is just being started has one until it runs its program.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    func writeSome(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        while true {
            let count = pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(clamping: offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw FileError(code: errno, attempt: "write \(path)") }
        }
    }

    func readSome(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(clamping: offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw FileError(code: errno, attempt: "read \(path)") }
        }
    }

    func sync() throws(FileError) {
        guard fdatasync(descriptor) == 0 else { throw FileError(code: errno, attempt: "sync \(path)") }
        // A file that someone deleted takes writes as before, and is gone when the last who has it open ends.
        var status = stat()
        guard fstat(descriptor, &status) != 0 || status.st_nlink > 0 else {
            throw FileError(code: ENOENT, attempt: "sync \(path), which was deleted")
        }
    }

    func truncate(to size: UInt64) throws(FileError) {
        guard ftruncate(descriptor, off_t(clamping: size)) == 0 else {
            throw FileError(code: errno, attempt: "cut \(path)")
        }
    }

    func size() throws(FileError) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(code: errno, attempt: "look at \(path)") }
        return UInt64(max(status.st_size, 0))
    }
}
