import Synchronization

@testable import KomfyrHub

/// The few commands that keys, sessions and reports use, in memory; time does not pass.
final class MemoryRedis: RedisSending {
    private let state = Mutex(State())

    private struct State {
        var hashes: [String: [String: [UInt8]]] = [:]
        var strings: [String: [UInt8]] = [:]
        var isDown = false
        var asked = 0
    }

    /// Whether it cannot be reached.
    var isDown: Bool {
        get { state.withLock { $0.isDown } }
        set { state.withLock { $0.isDown = newValue } }
    }

    /// Commands so far.
    var asked: Int { state.withLock { $0.asked } }

    /// Everything that it holds, as text.
    var contents: String {
        state.withLock { state in
            let hashes = state.hashes.values.flatMap {
                $0.flatMap { [$0.key, String(decoding: $0.value, as: UTF8.self)] }
            }
            return (hashes + state.strings.keys + state.strings.values.map { String(decoding: $0, as: UTF8.self) })
                .joined(separator: "\n")
        }
    }

    func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        let words = command.arguments.map { String(decoding: $0, as: UTF8.self) }
        let answer = state.withLock { state -> RedisValue? in
            state.asked += 1
            return state.isDown ? nil : Self.run(words, command.arguments, &state)
        }
        guard let answer else { throw .notConnected("it is down") }
        return answer
    }

    private static func run(_ words: [String], _ bytes: [[UInt8]], _ state: inout State) -> RedisValue {
        switch words[0] {
        case "HGET": return state.hashes[words[1]]?[words[2]].map { .string($0) } ?? .null
        case "HSET":
            state.hashes[words[1], default: [:]][words[2]] = bytes[3]
            return .integer(1)
        case "HSETNX":
            if state.hashes[words[1]]?[words[2]] == nil { state.hashes[words[1], default: [:]][words[2]] = bytes[3] }
            return .integer(1)
        case "GET": return state.strings[words[1]].map { .string($0) } ?? .null
        case "FLUSHALL":
            state.hashes = [:]
            state.strings = [:]
            return .status("OK")
        case "HDEL":
            for field in words[2...] { state.hashes[words[1]]?[field] = nil }
            return .integer(1)
        case "HGETALL":
            return .array((state.hashes[words[1]] ?? [:]).flatMap { [.string(Array($0.key.utf8)), .string($0.value)] })
        case "SET":
            state.strings[words[1]] = bytes[2]
            return .status("OK")
        case "GETDEL":
            return state.strings.removeValue(forKey: words[1]).map { .string($0) } ?? .null
        case "EVAL" where words[3] == ReportCache.index && words[2] == "2":
            state.strings[words[4]] = bytes[5]
            return .integer(1)
        case "EVAL" where words[3] == ReportCache.index:
            state.strings = state.strings.filter { !$0.key.hasPrefix("kmf:cache:report:") }
            return .integer(1)
        case "EVAL":
            if state.hashes[words[3]]?[words[4]] != nil { state.hashes[words[3]]?[words[4]] = bytes[5] }
            return .null
        default: return .error("ERR unknown command \(words[0])")
        }
    }
}
