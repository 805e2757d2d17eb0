import Glibc
import Testing

@testable import KomfyrHub

@Suite struct PrivateRedisTests {
    private let settings = PrivateRedisSettings(memoryBytes: 64 << 20)

    private func info(_ section: String, _ redis: PrivateRedis) async throws -> RedisInfo {
        try await withClient(redis.configuration) { client in
            guard case .string(let text) = try await client.send(RedisCommand("INFO", section)) else {
                return RedisInfo([])
            }
            return RedisInfo(text)
        }
    }

    private func pid(_ redis: PrivateRedis) async throws -> pid_t {
        try #require(pid_t(try await info("server", redis)["process_id"] ?? ""))
    }

    /// Runs a test with a started private Redis, and stops it, also on failure.
    private func withPrivateRedis(
        _ folder: TemporaryFolder,
        _ body: (PrivateRedis) async throws -> Void
    ) async throws {
        let redis = PrivateRedis(folder: try DataFolder(folder.path), settings: settings, logger: .silent)
        do {
            try await redis.start()
            try await body(redis)
            await redis.stop()
        } catch {
            await redis.stop()
            throw error
        }
    }

    @Test func `it runs as the design says, and keeps data over a stop`() async throws {
        let folder = try TemporaryFolder()
        var pid: pid_t = 0
        try await withPrivateRedis(folder) { redis in
            pid = try await self.pid(redis)
            #expect(!redis.isAdopted)
            // A session of its own: a terminal's ctrl-C does not reach it.
            #expect(getpgid(pid) == pid)
            try await withClient(redis.configuration) { client in
                _ = try await client.send(RedisCommand("SET", "kept", "yes"))
                for (name, value) in [
                    ("appendonly", "yes"), ("appendfsync", "always"), ("save", ""), ("port", "0"),
                    ("maxmemory", "\(64 << 20)"), ("maxmemory-policy", "noeviction"), ("unixsocketperm", "700"),
                ] {
                    let answer = try await client.send(RedisCommand("CONFIG", "GET", name))
                    #expect(answer == .array([.text(name), .text(value)]))
                }
                let facts = try await RedisRequirements.check(client, logger: .silent)
                #expect(facts.memoryLimit == 64 << 20)
            }
        }
        #expect(kill(pid, 0) != 0 && errno == ESRCH)
        try await withPrivateRedis(folder) { redis in
            try await withClient(redis.configuration) { client in
                let answer = try await client.send(RedisCommand("GET", "kept"))
                #expect(answer == .text("yes"))
            }
        }
    }

    @Test func `a Redis that survived its hub is adopted, set anew, watched and stopped`() async throws {
        let folder = try TemporaryFolder()
        var runId: String?
        do {
            // Dropped without `stop`: what a killed hub leaves behind.
            let data = try DataFolder(folder.path)
            let redis = PrivateRedis(folder: data, settings: settings, logger: .silent)
            try await redis.start()
            runId = try await info("server", redis)["run_id"]
            data.close()
        }
        var other = settings
        other.fsync = .everysec
        other.memoryBytes = 80 << 20
        let redis = PrivateRedis(folder: try DataFolder(folder.path), settings: other, logger: .silent)
        try await redis.start()
        #expect(redis.isAdopted)
        #expect(try await info("server", redis)["run_id"] == runId)
        try await withClient(redis.configuration) { client in
            let fsync = try await client.send(RedisCommand("CONFIG", "GET", "appendfsync"))
            #expect(fsync == .array([.text("appendfsync"), .text("everysec")]))
            let memory = try await client.send(RedisCommand("CONFIG", "GET", "maxmemory"))
            #expect(memory == .array([.text("maxmemory"), .text("\(80 << 20)")]))
            // An adopted one is started again like our own.
            kill(try await pid(redis), SIGKILL)
            try await eventually("another one runs") {
                client.trouble == nil && client.connectionNumber > 1
            }
        }
        let second = try await pid(redis)
        #expect(try await info("server", redis)["run_id"] != runId)
        await redis.stop()
        #expect(kill(second, 0) != 0)
        let lock = try FileLock(folder.path + "/redis.lock")
        try await eventually("its lock is free") { try lock.take() }
    }

    @Test func `an adopted Redis is stopped for good`() async throws {
        let folder = try TemporaryFolder()
        do {
            let data = try DataFolder(folder.path)
            let redis = PrivateRedis(folder: data, settings: settings, logger: .silent)
            try await redis.start()
            data.close()
        }
        try await withPrivateRedis(folder) { #expect($0.isAdopted) }
        let lock = try FileLock(folder.path + "/redis.lock")
        try await eventually("its lock is free") { try lock.take() }
    }

    @Test func `there is never a second one on a folder`() async throws {
        let folder = try TemporaryFolder()
        try await withPrivateRedis(folder) { redis in
            #expect(throws: DataFolderError.self) { try DataFolder(folder.path) }
            let first = try await pid(redis)
            // Even a hub that got past the folder's lock finds the one that runs.
            let data = try DataFolder(folder.path + "/other")
            let files = PrivateRedisFiles(data)
            _ = symlink(folder.path + "/redis.lock", files.lock)
            _ = symlink(folder.path + "/redis.sock", files.socket)
            let second = PrivateRedis(folder: data, settings: settings, logger: .silent)
            // It is the Redis of another folder, and is left alone.
            await #expect(throws: PrivateRedisError.self) { try await second.start() }
            await second.stop()
            #expect(try await pid(redis) == first)
        }
    }

    @Test func `after a kill it is started again, with what it had answered`() async throws {
        let folder = try TemporaryFolder()
        try await withPrivateRedis(folder) { redis in
            try await withClient(redis.configuration) { client in
                for round in 1...3 {
                    for number in 1...20 { _ = try await client.send(RedisCommand("INCR", "n\(round):\(number)")) }
                    kill(try await pid(redis), SIGKILL)
                    try await eventually("it is back") { client.connectionNumber > round && client.trouble == nil }
                }
                #expect(try await client.send(RedisCommand("DBSIZE")) == .integer(60))
            }
        }
    }

    @Test func `a data folder whose path is too long for a socket works, also for the next hub`() async throws {
        let folder = try TemporaryFolder(prefix: "/tmp/kmf-" + String(repeating: "long-", count: 25))
        #expect((folder.path + "/redis.sock").utf8.count > HubLimits.socketPathBytes)
        do {
            let data = try DataFolder(folder.path)
            let redis = PrivateRedis(folder: data, settings: settings, logger: .silent)
            try await redis.start()
            data.close()
        }
        var path = ""
        try await withPrivateRedis(folder) { redis in
            #expect(redis.isAdopted)
            guard case .unix(let place) = redis.configuration.address else { return }
            path = place
            #expect(path.utf8.count <= HubLimits.socketPathBytes)
            var state = stat()
            let socketFolder = String(path.dropLast("/redis.sock".count))
            #expect(stat(socketFolder, &state) == 0 && state.st_mode & 0o777 == 0o700)
        }
        let socketFolder = String(path.dropLast("/redis.sock".count))
        #expect(access(socketFolder, F_OK) != 0, "it is removed at stop")
    }

    @Test(.enabled(if: getuid() == 0))
    func `a data folder that is another user's works, as a mounted volume is`() throws {
        let folder = try TemporaryFolder()
        try #require(chown(folder.path, 65_534, 65_534) == 0)
        let data = try DataFolder(folder.path)
        try PrivateRedisFiles(data).prepare()
        #expect(access(data.entry("redis"), W_OK) == 0)
    }

    @Test func `a path with blanks and quotes works`() async throws {
        let folder = try TemporaryFolder(prefix: "/tmp/kmf it's \"so\" ")
        try await withPrivateRedis(folder) { redis in
            let server = try await info("server", redis)
            #expect(server["redis_version"] != nil)
        }
    }

    @Test func `a program that is not there is an error that says how to install it`() async throws {
        let folder = try TemporaryFolder()
        var missing = settings
        missing.executable = "no-such-redis-server"
        let redis = PrivateRedis(folder: try DataFolder(folder.path), settings: missing, logger: .silent)
        let error = await #expect(throws: PrivateRedisError.self) { try await redis.start() }
        #expect(error?.description.contains("apt-get install redis-server") == true)
        await redis.stop()
    }

    @Test func `a torn end of the file is cut, a damaged middle is an error that says what to do`() async throws {
        let folder = try TemporaryFolder()
        try await withPrivateRedis(folder) { redis in
            try await withClient(redis.configuration) { client in
                for number in 1...50 { _ = try await client.send(RedisCommand("SET", "k\(number)", "value")) }
            }
        }
        let log = folder.path + "/redis/appendonlydir/appendonly.aof.1.incr.aof"
        var state = stat()
        #expect(stat(log, &state) == 0)
        #expect(truncate(log, state.st_size - 3) == 0)
        try await withPrivateRedis(folder) { redis in
            try await withClient(redis.configuration) { client in
                let size = try await client.send(RedisCommand("DBSIZE"))
                #expect(size == .integer(49))
            }
        }
        let descriptor = open(log, O_WRONLY)
        #expect(pwrite(descriptor, "XXXXXXXX", 8, state.st_size / 2) == 8)
        close(descriptor)
        let redis = PrivateRedis(folder: try DataFolder(folder.path), settings: settings, logger: .silent)
        let error = await #expect(throws: PrivateRedisError.self) { try await redis.start() }
        #expect(error?.description.contains("redis-check-aof --fix") == true)
        await redis.stop()
    }
}
