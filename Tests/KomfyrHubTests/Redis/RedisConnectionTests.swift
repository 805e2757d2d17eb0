import EventLoop
import Glibc
import Synchronization
import enum TestSupport.Network
import Testing

@testable import KomfyrHub

@Suite struct RedisConnectionTests {
    @Test func `when Redis is killed under load, every command is answered, in doubt, or was not sent`() async throws {
        let redis = try PrivateRedisForTests(isDurable: true)
        try await withClient(redis.configuration) { client in
            let tally = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<50 {
                    group.addTask {
                        var number = 0
                        while !tally.isDone.load(ordering: .relaxed) {
                            number += 1
                            do throws(RedisError) {
                                let value = RedisCommand("SETNX", "k:\(task):\(number)", "x")
                                _ = try await client.send(value)
                                tally.counts.withLock { $0.answered += 1 }
                            } catch {
                                switch error {
                                case .inDoubt: tally.counts.withLock { $0.inDoubt += 1 }
                                case .notConnected:
                                    tally.counts.withLock { $0.notConnected += 1 }
                                    try await Task.sleep(for: .milliseconds(2))
                                default: Issue.record("\(error)")
                                }
                            }
                        }
                    }
                }
                for round in 1...3 {
                    let before = tally.counts.withLock { $0.answered }
                    try await eventually("load, round \(round)") {
                        tally.counts.withLock { $0.answered } > before + 500
                    }
                    if round == 3 {
                        // Every task's command is written and unanswered when Redis goes.
                        redis.freeze()
                        try await eventually("all are under way") { client.underWay.commands >= 50 }
                        redis.killAtOnce()
                    }
                    redis.kill()
                    try await eventually("the loss is seen") { client.trouble != nil }
                    let refused = tally.counts.withLock { $0.notConnected }
                    try await eventually("what comes meanwhile is refused") {
                        tally.counts.withLock { $0.notConnected } > refused
                    }
                    try redis.start()
                    try await client.waitUntilConnected(withinMs: 60_000)
                }
                let before = tally.counts.withLock { $0.answered }
                try await eventually("commands are answered again") {
                    tally.counts.withLock { $0.answered } > before + 100
                }
                tally.isDone.store(true, ordering: .relaxed)
                try await group.waitForAll()
            }
            let seen = tally.counts.withLock { $0 }
            #expect(seen.inDoubt > 0)
            #expect(seen.notConnected > 0)
            // Nothing was counted as under way for ever.
            #expect(client.underWay.commands == 0)
            #expect(client.underWay.bytes == 0)
        }
    }

    @Test func `connection events are numbered, and say why`() async throws {
        try await withRedis { redis, client in
            var events = client.connections.makeAsyncIterator()
            #expect(await events.next() == .connected(number: 1))
            redis.kill()
            guard case .lost(let reason)? = await events.next() else {
                Issue.record("no loss")
                return
            }
            #expect(reason.contains("Redis"))
            await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            try redis.start()
            while let event = await events.next() {
                if case .connected(let number) = event {
                    #expect(number == 2)
                    break
                }
            }
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        }
    }

    @Test func `a command that is overdue drops the connection, and is in doubt`() async throws {
        try await withRedis { redis, client in
            redis.freeze()
            let error = await #expect(throws: RedisError.self) {
                try await client.send(RedisCommand("SET", "a", "b"), deadlineMs: 1_000)
            }
            guard case .inDoubt? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            redis.thaw()
            try await client.waitUntilConnected(withinMs: 60_000)
            #expect(client.connectionNumber == 2)
        }
    }

    @Test func `commands fail at once while there is no Redis, and stop ends all`() async throws {
        let folder = try TemporaryFolder()
        let client = RedisClient(RedisConfiguration(address: .unix(folder.path + "/none.sock")), logger: .silent)
        client.start()
        let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        guard case .notConnected? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await #expect(throws: RedisError.self) { try await client.waitUntilConnected(withinMs: 50) }
        let events = client.connections
        await client.stop()
        // Ends, or this test does not.
        for await _ in events {}
        await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
    }

    @Test func `stopping with commands under way leaves them in doubt`() async throws {
        try await withRedis { redis, client in
            redis.freeze()
            async let held = client.send(RedisCommand("PING"))
            try await eventually("it is under way") { client.underWay.commands == 1 }
            await client.stop()
            do {
                _ = try await held
                Issue.record("answered")
            } catch RedisError.inDoubt {
                // As it should be.
            }
            redis.thaw()
        }
    }

    @Test func `password, user and database are given at every connection`() async throws {
        let redis = try PrivateRedisForTests([
            "--requirepass", "s3cret", "--user", "hub", "on", ">hubpass", "~*", "&*", "+@all",
        ])
        for (user, password) in [(nil, "s3cret"), ("hub", "hubpass")] as [(String?, String)] {
            var configuration = redis.configuration
            configuration.username = user
            configuration.password = Secret(password)
            configuration.database = 3
            try await withClient(configuration) { client in
                for _ in 1...2 {
                    guard case .string(let text) = try await client.send(RedisCommand("CLIENT", "INFO")) else { return }
                    let info = String(decoding: text, as: UTF8.self)
                    #expect(info.contains(" db=3 "))
                    #expect(info.contains(" name=komfyr-hub "))
                    #expect(info.contains(" user=\(user ?? "default") "))
                    let number = client.connectionNumber
                    _ = try? await client.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"))
                    try await eventually("it is back") { client.connectionNumber > number && client.trouble == nil }
                }
            }
        }
    }

    @Test(arguments: [nil, "wrong"])
    func `a wrong or missing password is named without being shown`(_ password: String?) async throws {
        let redis = try PrivateRedisForTests(["--requirepass", "s3cret"])
        var configuration = redis.configuration
        configuration.password = password.map { Secret($0) }
        let client = RedisClient(configuration, logger: .silent)
        client.start()
        // Redis has answered by then, however long that took.
        try await eventually("it is refused") { client.trouble?.contains("REDIS_PASSWORD") == true }
        let error = await #expect(throws: RedisError.self) { try await client.waitUntilConnected(withinMs: 500) }
        await client.stop()
        let words = "\(String(describing: error))"
        #expect(words.contains("REDIS_PASSWORD"))
        #expect(!words.contains("s3cret") && !words.contains("\"wrong"))
    }

    @Test func `a database that does not exist is named`() async throws {
        let redis = try PrivateRedisForTests()
        var configuration = redis.configuration
        configuration.database = 99
        let client = RedisClient(configuration, logger: .silent)
        client.start()
        try await eventually("it is refused") { client.trouble?.contains("REDIS_DB") == true }
        await client.stop()
    }

    @Test func `TCP by name works as the socket does`() async throws {
        let port = try Network.freePort()
        let redis = try PrivateRedisForTests(["--port", "\(port)", "--bind", "127.0.0.1"])
        _ = redis
        try await withClient(RedisConfiguration(address: .tcp(host: "localhost", port: port))) { client in
            let value = [UInt8](repeating: 7, count: 3 << 20)
            let answer = try await client.send(RedisCommand([Array("ECHO".utf8), value]))
            #expect(answer == .string(value))
        }
    }

    @Test func `what is not Redis is said so`() async throws {
        let listener = try Talker(saying: "HTTP/1.1 400 Bad Request\r\n\r\n")
        let client = RedisClient(
            RedisConfiguration(address: .tcp(host: "127.0.0.1", port: listener.port)),
            logger: .silent
        )
        client.start()
        try await eventually("it is said") { client.trouble?.contains("not its protocol") == true }
        await client.stop()
    }
}

/// What became of commands.
private final class Tally: Sendable {
    let counts = Mutex((answered: 0, inDoubt: 0, notConnected: 0))
    let isDone = Atomic(false)
}

/// A server that says one thing to whoever comes.
private final class Talker {
    let port: UInt16
    private let thread: LoopThread

    init(saying words: String) throws {
        let made = Mutex<Result<UInt16, LoopError>?>(nil)
        let thread = try LoopThread(name: "test") { loop in
            do throws(LoopError) {
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    connection.start(Silent())
                    connection.write(Array(words.utf8))
                }
                guard case .ip(_, let port) = listener.localAddress else { return }
                made.withLock { $0 = .success(port) }
            } catch {
                let failure = error
                made.withLock { $0 = .failure(failure) }
            }
        }
        var result = made.withLock { $0 }
        while result == nil {
            usleep(1_000)
            result = made.withLock { $0 }
        }
        port = try result?.get() ?? 0
        self.thread = thread
    }

    deinit { thread.stop() }

    private final class Silent: StreamHandler {
        func received(_ bytes: UnsafeRawBufferPointer) {}
        func ended(_ error: LoopError?) {}
    }
}
