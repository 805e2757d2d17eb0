#if canImport(Glibc)
import Glibc
#endif

/// A redis-server of our own, run as the hub runs its private one.
struct RedisProgram {
    let program: Program
    let socket: String

    init(folder: String) throws {
        socket = "\(folder)/redis.sock"
        let store = "\(folder)/redis"
        guard mkdir(store, 0o700) == 0 else { throw BenchmarkError("cannot make \(store)") }
        guard let path = Self.path else { throw BenchmarkError("there is no redis-server on PATH") }
        program = try Program(
            path,
            [
                "--port", "0", "--unixsocket", socket, "--dir", store, "--daemonize", "no", "--appendonly", "yes",
                "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction", "--rdbcompression", "no",
                "--auto-aof-rewrite-min-size", "256mb",
            ],
            environment: [:],
            folder: folder
        )
        let deadline = seconds() + 15
        while (try? RedisQuestion(socket).ask("PING")) == nil {
            guard seconds() < deadline else { throw BenchmarkError("redis-server does not start") }
            pause(ms: 20)
        }
    }

    /// In bytes.
    func usedMemory() throws -> Int { try RedisQuestion(socket).usedMemory() }

    private static var path: String? {
        let search = getenv("PATH").map { String(cString: $0) } ?? ""
        return search.split(separator: ":").map { "\($0)/redis-server" }.first { access($0, X_OK) == 0 }
    }
}

/// Asks a Redis single questions, over a connection of its own.
struct RedisQuestion {
    private let socket: String

    init(_ socket: String) { self.socket = socket }

    /// `used_memory`, in bytes.
    func usedMemory() throws -> Int {
        let text = try ask("INFO memory")
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("used_memory:") {
            if let bytes = Int(line.dropFirst("used_memory:".count)) { return bytes }
        }
        throw BenchmarkError("Redis does not tell its memory: \(text.prefix(100))")
    }

    /// Entries of a hub's WAL.
    func walEntries() throws -> Int {
        // `*1`, `$KEYLENGTH`, the key: there is one hub.
        let keys = try ask("KEYS kmf:wal:*").split(whereSeparator: \.isNewline)
        guard let key = keys.last, key.hasPrefix("kmf:wal:") else { return 0 }
        return Int(try ask("XLEN \(key)").dropFirst().filter(\.isNumber)) ?? 0
    }

    /// Sends an inline command; the answer as it comes, of at most a few kilobytes.
    func ask(_ command: String) throws -> String {
        let connection = try BlockingConnection(unix: socket)
        try connection.send(Array("\(command)\r\nQUIT\r\n".utf8))
        let answer = try connection.readToEnd()
        return String(decoding: answer.dropLast("+OK\r\n".utf8.count), as: UTF8.self)
    }
}
