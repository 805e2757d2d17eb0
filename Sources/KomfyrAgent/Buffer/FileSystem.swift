import Glibc

/// What the disk buffer asks of a file system: the seam behind which tests put one that fails and crashes.
///
/// Every function may block on the disk and throws what the system said. Safe from any thread.
protocol FileSystem: Sendable {
    /// Makes a folder (mode 700) and those above it; one that exists is left as it is.
    func makeFolder(_ path: String) throws(FileError)
    /// Opens a file; `mode` says how.
    func open(_ path: String, _ mode: FileMode) throws(FileError) -> any OpenFile
    /// The names of a folder's entries, in no order.
    func list(_ folder: String) throws(FileError) -> [String]
    /// The bytes of a file.
    func size(_ path: String) throws(FileError) -> UInt64
    /// Renames within a file system, replacing what is there, as one step.
    func rename(_ path: String, to newPath: String) throws(FileError)
    /// Removes a file; one that is not there is no error.
    func remove(_ path: String) throws(FileError)
    /// Forces a folder's entries (made, renamed, removed files) to disk.
    func syncFolder(_ path: String) throws(FileError)
    /// Bytes that this process may still write to the file system of `folder`.
    func freeBytes(_ folder: String) throws(FileError) -> UInt64
    /// Takes a lock that ends with the returned object or with the process.
    ///
    /// - Returns: nil when another holds it; `holder` says who, if it says so.
    func lock(_ path: String) throws(FileError) -> FolderLock
}

/// How a file is opened.
enum FileMode: Sendable {
    /// It must be there.
    case read
    /// It must be there.
    case readWrite
    /// It is made when it is missing.
    case readWriteCreating
    /// It is made, or emptied.
    case createEmpty
}

/// What asking for a lock came to.
enum FolderLock: Sendable {
    /// Held as long as this object lives.
    case held(any Sendable)
    /// Another process has it; its id, when it left it.
    case heldByOther(pid: String?)
}

/// An open file.
///
/// Closed when the last reference to it goes, so that a job on another thread never meets a closed one.
protocol OpenFile: AnyObject, Sendable {
    /// Writes some of the bytes, at least one: `pwrite`.
    func writeSome(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) -> Int
    /// Reads some bytes: `pread`; 0 at the end.
    func readSome(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int
    /// Forces content and length to disk: `fdatasync`; ENOENT when the file is in no folder any more.
    func sync() throws(FileError)
    /// Cuts it.
    func truncate(to size: UInt64) throws(FileError)
    /// Its bytes.
    func size() throws(FileError) -> UInt64
}

extension FileSystem {
    /// Makes a folder, and forces its entry and those of all folders above it to disk: what is synced within it would be
    /// gone with the first of them that is not, after a power failure.
    ///
    /// Also of those that exist: whoever made them may have been killed before, or makes folders only.
    func makeLastingFolder(_ path: String) throws(FileError) {
        try makeFolder(path)
        var parts = path.split(separator: "/")
        while parts.popLast() != nil {
            let above = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
            do throws(FileError) {
                try syncFolder(above.isEmpty ? "." : above)
            } catch {
                // A folder that may be gone through and not read, or a file system that forces no folders: all that can
                // be done.
                guard [EACCES, EPERM, EINVAL, ENOTSUP, EROFS].contains(error.code) else { throw error }
            }
        }
    }
}

extension OpenFile {
    /// Writes all of the bytes.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = try writeSome(UnsafeRawBufferPointer(rebasing: bytes[done...]), at: offset + UInt64(done))
            // A system that takes nothing and names no error would keep us here for ever.
            guard count > 0 else { throw FileError(code: EIO, attempt: "write") }
            done += count
        }
    }

    /// Writes all of the bytes.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(FileError) {
        var failure: FileError?
        bytes.withUnsafeBytes { raw in
            do throws(FileError) { try write(raw, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Reads until the buffer is full or the file ends.
    /// - Returns: how many bytes were read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try readSome(into: rest, at: offset + UInt64(done))
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Reads up to `count` bytes.
    func read(_ count: Int, at offset: UInt64) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(FileError) {
                initialized = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

/// What the system refused: its errno, and what was attempted.
struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An errno.
    var code: Int32
    /// What was attempted (`write /var/lib/komfyr-agent/buffer/…`).
    var attempt: String

    var description: String {
        var text = [CChar](repeating: 0, count: 128)
        // The thread-safe form: jobs fail on several threads.
        guard strerror_r(code, &text, text.count) == 0 else { return "\(attempt): error \(code)" }
        return attempt + ": " + text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }
}
