/// What a file is known by while it lives: its name may change, these do not.
struct FileIdentity: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
}

/// Tells whether a file is still the one that was read, after a restart or a pause.
///
/// ```
///  0          1 KiB                      offset - 64    offset
///  ├───────────┤- - - - - - - - - - - - - ├──────────────┤- - -►
///   fingerprint                                guard        not read yet
/// ```
///
/// The fingerprint tells a re-used inode; it covers what there is of the first 1 KiB, and is extended while a short
/// file grows. The guard tells a file that was truncated or written anew, and has grown past the position since.
enum FileCheck {
    static let fingerprintBytes = 1_024
    static let guardBytes = 64

    /// FNV-1a, 64 bits: kept in the buffer's positions, so it never changes.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    /// How many bytes before `offset` the guard covers.
    static func guardLength(at offset: UInt64) -> Int { Int(min(offset, UInt64(guardBytes))) }
}

/// How far a file was read, with what tells that it is still the same file.
struct FileMark: Sendable, Equatable {
    var offset: UInt64 = 0
    /// Of the (up to) 64 bytes before `offset`.
    var guardHash: UInt64 = 0
    var fingerprint: UInt64 = 0
    /// 0: nothing of the file was seen yet.
    var fingerprintLength: UInt32 = 0

    /// The beginning of a file that nothing is known of.
    static let beginning = FileMark()

    /// The mark behind `cursor`, a place in a block that begins at `begin` in the same file.
    func moved(to cursor: Int, in block: UnsafeRawBufferPointer, begin: UInt64) -> FileMark {
        var mark = self
        mark.offset = begin + UInt64(cursor)
        let length = min(FileCheck.guardLength(at: mark.offset), cursor)
        mark.guardHash = FileCheck.hash(UnsafeRawBufferPointer(rebasing: block[(cursor - length)..<cursor]))
        return mark
    }
}

/// Hands a path, as bytes, to a C function.
enum FilePath {
    static func with<Value>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Value) -> Value {
        (path + [0]).map { CChar(bitPattern: $0) }
            .withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { preconditionFailure("a path has its NUL at least") }
                return body(base)
            }
    }
}
