import Testing

@testable import KomfyrHub

@Suite struct RedisClientTests {
    @Test func `answers come in the order of ten thousand commands from a hundred tasks`() async throws {
        try await withRedis { _, client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<100 {
                    group.addTask {
                        for number in 0..<100 {
                            let text = "task \(task) number \(number)"
                            let answer = try await client.send(RedisCommand("ECHO", text))
                            #expect(answer == .text(text))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a pipeline is answered command by command, and nothing comes between`() async throws {
        try await withRedis { _, client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<20 {
                    group.addTask {
                        let own = Array("\(task)".utf8)
                        var commands = [RedisCommand("MULTI")]
                        for _ in 0..<50 {
                            commands.append(RedisCommand([Array("RPUSH".utf8), Array("list".utf8), own]))
                        }
                        commands.append(RedisCommand("EXEC"))
                        let answers = try await client.pipeline(commands)
                        #expect(answers.count == 52)
                        #expect(answers.first == .status("OK"))
                        guard case .array(let lengths)? = answers.last else {
                            Issue.record("EXEC answered \(String(describing: answers.last))")
                            return
                        }
                        #expect(lengths.count == 50)
                    }
                }
                try await group.waitForAll()
            }
            guard case .array(let list) = try await client.send(RedisCommand("LRANGE", "list", "0", "-1")) else {
                Issue.record("no list")
                return
            }
            // Each pipeline's fifty lie together.
            let runs = stride(from: 0, to: list.count, by: 50).map { Array(list[$0..<$0 + 50]) }
            #expect(list.count == 1_000)
            #expect(runs.allSatisfy { run in run.allSatisfy { $0 == run[0] } })
        }
    }

    @Test func `every kind of answer arrives as it is`() async throws {
        try await withRedis { _, client in
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
            #expect(try await client.send(RedisCommand("GET", "missing")) == .null)
            #expect(try await client.send(RedisCommand("INCRBY", "number", "-9223372036854775808")) == .integer(.min))
            #expect(try await client.send(RedisCommand("SET", "empty", "")) == .status("OK"))
            #expect(try await client.send(RedisCommand("GET", "empty")) == .string([]))
            #expect(try await client.send(RedisCommand("LRANGE", "missing", "0", "-1")) == .array([]))
            #expect(try await client.send(RedisCommand("BLPOP", "missing", "0.01")) == .null)
            let nested = RedisScript("return {1, {'two', {3, {false, {'five', {}}}}}, 'six', {ok='fine'}, {}}")
            let answer = try await client.evaluate(nested, keys: [], arguments: [])
            let inner = RedisValue.array([.integer(3), .array([.null, .array([.text("five"), .array([])])])])
            #expect(
                answer
                    == .array([
                        .integer(1), .array([.text("two"), inner]), .text("six"), .status("fine"), .array([]),
                    ])
            )
        }
    }

    @Test func `bytes of every value and large values come back unchanged`() async throws {
        try await withRedis { _, client in
            let everyByte = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256) }
            for size in [1, 16_383, 16_384, 16_385, 70_000, 1 << 20, 9 << 20] {
                let value = (0..<size).map { everyByte[$0 % everyByte.count] }
                let answers = try await client.pipeline([
                    RedisCommand([Array("SET".utf8), Array("big".utf8), value]),
                    RedisCommand("STRLEN", "big"),
                    RedisCommand("GET", "big"),
                ])
                #expect(answers[0] == .status("OK"))
                #expect(answers[1] == .integer(Int64(size)))
                #expect(answers[2] == .string(value), "of \(size) bytes")
            }
        }
    }

    @Test func `large and small commands of many tasks do not get mixed up`() async throws {
        try await withRedis { _, client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<40 {
                    group.addTask {
                        let value = [UInt8](repeating: UInt8(task), count: task % 2 == 0 ? 300_000 + task : 10 + task)
                        for _ in 0..<5 {
                            let command = RedisCommand([Array("ECHO".utf8), value])
                            let answer = try await client.send(command)
                            #expect(answer == .string(value))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `an error belongs to its command alone`() async throws {
        try await withRedis { _, client in
            let answers = try await client.pipeline([
                RedisCommand("SET", "text", "x"), RedisCommand("INCR", "text"), RedisCommand("NOSUCH"),
                RedisCommand("GET", "text"),
            ])
            #expect(answers[0] == .status("OK"))
            #expect(answers[1] == .error("ERR value is not an integer or out of range"))
            guard case .error(let unknown) = answers[2] else {
                Issue.record("\(answers[2])")
                return
            }
            #expect(unknown.hasPrefix("ERR unknown command"))
            #expect(answers[3] == .text("x"))
            await #expect(throws: RedisError.self) { try await client.send(RedisCommand("INCR", "text")) }
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        }
    }

    @Test func `a script runs by its digest, and whole after Redis has forgotten it`() async throws {
        try await withRedis { _, client in
            let script = RedisScript("return {KEYS[1], ARGV[1], ARGV[2]}")
            let expected = RedisValue.array([.text("key"), .text("one"), .string([0, 255, 13, 10])])
            let arguments: [[UInt8]] = [Array("one".utf8), [0, 255, 13, 10]]
            #expect(try await client.evaluate(script, keys: ["key"], arguments: arguments) == expected)
            #expect(try await client.evaluate(script, keys: ["key"], arguments: arguments) == expected)
            _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
            #expect(try await client.evaluate(script, keys: ["key"], arguments: arguments) == expected)
            let calls = try await client.send(RedisCommand("INFO", "commandstats"))
            guard case .string(let text) = calls else { return }
            // Whole twice: the first time and after the flush; by digest every time.
            #expect(RedisInfo(text)["cmdstat_eval"]?.hasPrefix("calls=2,") == true)
            #expect(RedisInfo(text)["cmdstat_evalsha"]?.hasPrefix("calls=3,") == true)
        }
    }

    @Test func `an error of a script is thrown with its words`() async throws {
        try await withRedis { _, client in
            let script = RedisScript("return redis.error_reply('KMFFENCED since')")
            let error = await #expect(throws: RedisError.self) {
                try await client.evaluate(script, keys: [], arguments: [])
            }
            #expect(error?.fencing == .fenced)
        }
    }

    @Test func `arrays nested deeper than hiredis takes break the connection, not the hub`() async throws {
        try await withRedis { _, client in
            let script = RedisScript("local t = {} for _ = 1, 9 do t = {t} end return t")
            await #expect(throws: RedisError.self) { try await client.evaluate(script, keys: [], arguments: []) }
            try await client.waitUntilConnected(withinMs: 60_000)
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        }
    }

    @Test func `a client refuses more than it may have under way, and goes on afterwards`() async throws {
        try await withRedis { redis, client in
            redis.freeze()
            let count = HubLimits.redisCommandsUnderWay
            async let held = client.pipeline([RedisCommand](repeating: RedisCommand("PING"), count: count))
            try await eventually("it is full") { client.underWay.commands == count }
            let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            guard case .notConnected(let reason)? = error, reason.hasPrefix("busy") else {
                Issue.record("\(String(describing: error))")
                return redis.thaw()
            }
            redis.thaw()
            #expect(try await held.count == count)
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
            #expect(client.underWay == (0, 0))
        }
    }
}
