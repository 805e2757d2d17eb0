import Glibc

/// A folder of a test's own, removed with all that is in it when the test lets go of it.
final class TemporaryFolder: Sendable {
    let path: String

    struct Failure: Error {
        var attempt: String
        var code: Int32
    }

    init() throws {
        var template = Array("/tmp/komfyr-agent-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(attempt: "mkdtemp", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Makes a folder within.
    func makeFolder(_ name: String) throws {
        guard mkdir(path + "/" + name, 0o700) == 0 else { throw Failure(attempt: "mkdir \(name)", code: errno) }
    }

    /// Makes or replaces a file.
    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8), O_TRUNC) }

    /// Appends to a file, making it if need be.
    func append(_ name: String, _ text: String) throws { try write(name, Array(text.utf8), O_APPEND) }

    /// Appends bytes to a file.
    func append(_ name: String, _ bytes: [UInt8]) throws { try write(name, bytes, O_APPEND) }

    /// Writes over a file's first bytes in one call, without making it shorter before.
    func overwrite(_ name: String, _ text: String) throws { try write(name, Array(text.utf8), 0) }

    func overwrite(_ name: String, _ bytes: [UInt8]) throws { try write(name, bytes, 0) }

    func rename(_ old: String, _ new: String) throws {
        guard Glibc.rename(path + "/" + old, path + "/" + new) == 0 else {
            throw Failure(attempt: "rename \(old)", code: errno)
        }
    }

    /// Copies a file as `cp` does.
    func copy(_ name: String, _ new: String) throws { try write(new, content(of: name), O_TRUNC) }

    private func content(of name: String) throws -> [UInt8] {
        let descriptor = open(path + "/" + name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(attempt: "open \(name)", code: errno) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &block, block.count)
            guard count > 0 else { return content }
            content += block[..<count]
        }
    }

    func remove(_ name: String) throws {
        guard unlink(path + "/" + name) == 0 else { throw Failure(attempt: "unlink \(name)", code: errno) }
    }

    func truncate(_ name: String, to length: Int = 0) throws {
        guard Glibc.truncate(path + "/" + name, length) == 0 else {
            throw Failure(attempt: "truncate \(name)", code: errno)
        }
    }

    func inode(_ name: String) throws -> UInt64 {
        var status = stat()
        guard stat(path + "/" + name, &status) == 0 else { throw Failure(attempt: "stat \(name)", code: errno) }
        return UInt64(status.st_ino)
    }

    private func write(_ name: String, _ bytes: [UInt8], _ flag: Int32) throws {
        let descriptor = open(path + "/" + name, O_WRONLY | O_CREAT | O_CLOEXEC | flag, 0o600)
        guard descriptor >= 0 else { throw Failure(attempt: "open \(name)", code: errno) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            guard count > 0 else { throw Failure(attempt: "write \(name)", code: errno) }
            written += count
        }
    }

    private static func remove(_ path: String) {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                Array(bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) })
            }
            if name == [46] || name == [46, 46] { continue }
            let full = Array(path.utf8CString.dropLast()) + [47] + name + [0]
            if entry.pointee.d_type == UInt8(DT_DIR) {
                remove(String(decoding: full.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
            } else {
                unlink(full)
            }
        }
        closedir(folder)
        rmdir(path)
    }
}
