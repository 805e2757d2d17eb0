import Glibc

/// The hub's data folder, held by this process: a second hub on the same folder would have the first one's lease.
///
/// ```
///  DATA/hub.lock     flock of the hub that runs; its process id, for the error of a second one
///  DATA/lease        the lease's token (mode 600)
///  DATA/epoch        the epoch of the store that this hub wrote to last
///  DATA/redis/       the private Redis's files; redis.lock, redis.log, redis.sock lie beside it
/// ```
///
/// The lock is the kernel's and ends with the process, however that ends: no stale file has ever to be deleted.
final class DataFolder: Sendable {
    /// The folder, absolute and without links.
    let path: String
    private let lock: FileLock

    /// Makes the folder (mode 700) if need be, and takes it.
    /// - Throws: `DataFolderError` when it cannot be made, or another hub runs on it.
    init(_ path: String) throws(DataFolderError) {
        try Self.make(path)
        guard let resolved = realpath(path, nil) else { throw .init("find the data folder \(path)") }
        self.path = String(cString: resolved)
        free(resolved)
        let file = self.path + "/hub.lock"
        let lock: FileLock
        do throws(SystemFault) {
            lock = try FileLock(file)
            guard try lock.take() else {
                let owner = (try? Self.read(file)).map { " (process \($0))" } ?? ""
                throw SystemFault(
                    "another hub\(owner) runs on the data folder \(self.path): stop it, or set KOMFYRVAKT_DATA_DIR"
                )
            }
            try lock.write("\(getpid())\n")
        } catch {
            throw .init(error)
        }
        self.lock = lock
    }

    /// Gives the folder up; the same happens when the last reference goes.
    func close() { lock.release() }

    deinit { close() }

    /// The path of an entry.
    func entry(_ name: String) -> String { "\(path)/\(name)" }

    /// A random text that stays the same for this folder: read from the file `name`, or made and written (mode 600).
    func secret(named name: String) throws(DataFolderError) -> String {
        let file = entry(name)
        do throws(SystemFault) {
            if access(file, F_OK) == 0 {
                let text = try Self.read(file)
                if text.utf8.count == 32 { return text }
            }
            let text = Self.randomText()
            try Self.replace(file, with: text + "\n")
            return text
        } catch {
            throw .init(error)
        }
    }

    /// What `remember` kept under this name; nil when there is nothing.
    func memory(of name: String) -> String? {
        guard let text = try? Self.read(entry(name)), !text.isEmpty else { return nil }
        return text
    }

    /// Keeps one line of text under a name, durably.
    func remember(_ text: String, as name: String) throws(DataFolderError) {
        do throws(SystemFault) {
            try Self.replace(entry(name), with: text + "\n")
        } catch {
            throw .init(error)
        }
    }

    /// 128 random bits as 32 hexadecimal digits.
    static func randomText() -> String {
        var text = ""
        for _ in 0..<2 {
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            text += String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        return text
    }

    /// `host (process 4711)`.
    static var nameOfThisProcess: String {
        var name = [CChar](repeating: 0, count: 256)
        let host =
            gethostname(&name, name.count - 1) == 0
            ? String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "unknown host"
        return "\(host) (process \(getpid()))"
    }

    private static func make(_ path: String) throws(DataFolderError) {
        var parent = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            parent += part + "/"
            if mkdir(parent, 0o700) != 0, errno != EEXIST { throw .init("make the data folder \(parent)") }
        }
    }

    private static func read(_ file: String) throws(SystemFault) -> String {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFault(attempt: "read \(file)") }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw SystemFault(attempt: "read \(file)") }
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        return String(text.prefix { !$0.isNewline })
    }

    /// Writes a file whole or not at all, durably.
    private static func replace(_ file: String, with text: String) throws(SystemFault) {
        let new = file + ".new"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemFault(attempt: "write \(new)") }
        defer { Glibc.close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
            rename(new, file) == 0
        else { throw SystemFault(attempt: "write \(file)") }
        // The new name too is on disk only once its folder is.
        let folder = open(String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]), O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { throw SystemFault(attempt: "open the folder of \(file)") }
        defer { Glibc.close(folder) }
        guard fsync(folder) == 0 else { throw SystemFault(attempt: "sync the folder of \(file)") }
    }
}

/// The data folder cannot be used.
struct DataFolderError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, for the operator.
    let description: String

    init(_ attempt: String) { description = SystemFault(attempt: attempt).description }
    init(_ fault: SystemFault) { description = fault.description }
}

/// What the system refused.
struct SystemFault: Error, Sendable, CustomStringConvertible {
    /// `cannot read /path: Permission denied`.
    let description: String

    /// What was attempted; takes the reason from `errno`.
    init(attempt: String) {
        description = "cannot \(attempt): \(String(cString: strerror(errno)))"
    }

    init(_ description: String) { self.description = description }
}
