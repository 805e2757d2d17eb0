import CLibuv
import Glibc

/// Which content a file has, as far as the system tells without reading it.
struct FileStamp: Equatable, Sendable {
    private var device: UInt64
    private var inode: UInt64
    private var size: Int64
    /// The bytes of the times of the last changes, which are only compared.
    private var changed: [UInt8]

    /// Nil when there is no such file.
    init?(_ path: String) {
        var state = stat()
        guard stat(path, &state) == 0 else { return nil }
        device = UInt64(state.st_dev)
        inode = UInt64(state.st_ino)
        size = Int64(state.st_size)
        changed = withUnsafeBytes(of: state.st_mtim) { Array($0) } + withUnsafeBytes(of: state.st_ctim) { Array($0) }
    }
}
