import Crypto
import Glibc

/// Where a private Redis keeps what, and how it is started.
///
/// ```
///  DATA/redis/        its folder: appendonlydir/ (the append-only file, which holds everything)
///  DATA/redis.lock    flock, held by the Redis process itself: it inherits the descriptor from the hub that starts it
///  DATA/redis.log     what it says; moved to redis.log.1 by a start that finds it too long
///  DATA/redis.sock    its unix socket, or a short path below /tmp when this one would be too long for a socket
/// ```
struct PrivateRedisFiles: Sendable {
    let folder: String
    let lock: String
    let log: String
    let socket: String

    /// The paths within a data folder; nothing is made.
    init(_ data: DataFolder) { self.init(path: data.path) }

    /// The paths within a data folder that somebody else may hold.
    /// - Parameter path: of the folder, absolute and without links.
    init(path: String) {
        folder = path + "/redis"
        lock = path + "/redis.lock"
        log = path + "/redis.log"
        let near = path + "/redis.sock"
        if near.utf8.count <= HubLimits.socketPathBytes {
            socket = near
        } else {
            // The same for every hub on this folder, so that the next one finds the Redis that this one left.
            let name = Insecure.SHA1.hexadecimal(Array(path.utf8)).prefix(16)
            socket = "/tmp/komfyrvakt-\(getuid())-\(name)/redis.sock"
        }
    }

    /// Makes the folders, none readable by others, and moves a long log aside.
    func prepare() throws(SystemFault) {
        try make(folder)
        var state = stat()
        if isSocketElsewhere {
            try make(socketFolder)
            // Below /tmp somebody else could have made it first. (Whose the data folder is, is the operator's choice.)
            guard lstat(socketFolder, &state) == 0, state.st_mode & S_IFMT == S_IFDIR, state.st_uid == getuid() else {
                throw SystemFault(
                    "\(socketFolder) belongs to another user: the socket of the private Redis cannot lie there"
                )
            }
        }
        if stat(log, &state) == 0, state.st_size > HubLimits.redisLogBytes { _ = rename(log, log + ".1") }
    }

    /// Removes the socket's folder, if it was made below /tmp; after Redis has ended.
    func cleanUp() {
        guard isSocketElsewhere else { return }
        unlink(socket)
        rmdir(socketFolder)
    }

    /// Redis's options; nothing comes from a configuration file.
    func arguments(fsync: RedisFsync, memoryBytes: Int) -> [String] {
        [
            "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700",
            "--dir", folder, "--daemonize", "no", "--logfile", "",
            "--appendonly", "yes", "--appendfsync", fsync.rawValue, "--save", "",
            "--maxmemory", String(memoryBytes), "--maxmemory-policy", "noeviction",
            // What is kept is compressed already, and most of the file is WAL that has been trimmed: rewriting it early
            // and compressing it again would take time from ingest.
            "--rdbcompression", "no", "--auto-aof-rewrite-min-size", "256mb",
            // Only the hub connects; a small number asks for few descriptors.
            "--maxclients", "64",
        ]
    }

    private var isSocketElsewhere: Bool { !socket.hasPrefix(folder.dropLast("redis".count)) }

    private var socketFolder: String { String(socket[..<(socket.lastIndex(of: "/") ?? socket.startIndex)]) }

    private func make(_ path: String) throws(SystemFault) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemFault(attempt: "make \(path)") }
    }
}

/// When Redis forces what it appended to disk (`KOMFYRVAKT_FSYNC`).
enum RedisFsync: String, Sendable, CaseIterable {
    /// Before it answers: an answered log survives a power failure.
    case always
    /// Every second: faster on slow disks; Redis or the machine dying can lose the last 2 s.
    case everysec
}

/// How a private Redis is run.
struct PrivateRedisSettings: Sendable {
    /// When it syncs.
    var fsync = RedisFsync.always
    /// Its `maxmemory` in bytes.
    var memoryBytes: Int
    /// The program, searched on PATH when it has no `/`.
    var executable = "redis-server"

    /// The program's path.
    /// - Returns: nil when there is none that can be run.
    func findExecutable(searchPath: String) -> String? {
        if executable.contains("/") { return access(executable, X_OK) == 0 ? executable : nil }
        for folder in searchPath.split(separator: ":") where access("\(folder)/\(executable)", X_OK) == 0 {
            return "\(folder)/\(executable)"
        }
        return nil
    }
}

/// Why there is no private Redis.
struct PrivateRedisError: Error, Sendable, CustomStringConvertible {
    /// What is wrong and what to do.
    let description: String
    init(_ description: String) { self.description = description }
}
