import Glibc

/// Whether an agent uses a data_dir, by the lock that it holds in the buffer's folder.
///
/// Found without touching the lock: a try to take it could keep an agent from starting.
enum FolderOwner: Equatable {
    case none
    /// An agent runs, with the process id that it wrote into the lock's file.
    case running(pid: Int32?)
    /// The lock cannot be looked at.
    case unknown(String)

    /// Whether the buffer may change while it is looked at.
    var mayRun: Bool { self != .none }

    /// Looks at the lock of a data_dir's buffer.
    static func of(_ dataDirectory: String, table: String = "/proc/locks") -> FolderOwner {
        let path = dataDirectory + "/buffer/lock"
        var status = stat()
        guard stat(path, &status) == 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? .none : .unknown("\(path): \(String(cString: strerror(errno)))")
        }
        let locks: [UInt8]
        do throws(FileFailure) {
            locks = try SmallFile.read(table, maximumBytes: AgentLimits.lockTableBytes)
        } catch {
            return .unknown("\(table): \(error.words)")
        }
        let text = try? SmallFile.read(path, maximumBytes: 16)
        let said = text.flatMap { Int32(String(decoding: $0.prefix { $0.isDigit }, as: UTF8.self)) }
        guard let holder = Self.holder(of: status, in: locks, said: said) else { return .none }
        // In a container the table may show another number than the agent knows of itself.
        return .running(pid: said ?? (holder > 0 ? holder : nil))
    }

    /// The process that holds a lock on a file, 0 for one of another container; nil when nobody does.
    private static func holder(of file: stat, in locks: [UInt8], said: Int32?) -> Int32? {
        let device = UInt64(file.st_dev)
        let major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
        let minor = device & 0xFF | (device >> 12) & ~0xFF
        let inode = String(UInt64(file.st_ino))
        // `1: FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF`
        for line in String(decoding: locks, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count >= 6, parts[1] == "FLOCK", let pid = Int32(parts[4]) else { continue }
            let place = parts[5].split(separator: ":")
            guard place.count == 3, place[2] == inode else { continue }
            // On btrfs a file's device is its subvolume's, and the table has the disk's.
            let isSameDevice = UInt64(place[0], radix: 16) == major && UInt64(place[1], radix: 16) == minor
            if isSameDevice || pid == said { return pid }
        }
        return nil
    }
}
