import EventLoop
import Synchronization

/// The record-per-key design, to measure against: what simple loggers do with Redis.
///
/// A log is a string of JSON that expires (`SET log:ID … EX`), and an entry in the sorted set of its group, of its
/// level and of each tag. Pipelined: 1,000 logs go out in one write over each of 4 connections, each its next when the
/// last was answered.
struct KeyPerLog {
    /// What came of it.
    struct Outcome {
        var logsPerSecond: Double
        /// Of Redis, for a million logs.
        var processor: Double
        /// Of `used_memory`, for a log.
        var bytesPerLog: Double
    }

    static func run(logs: Int) throws -> Outcome {
        try withTemporaryFolder { folder in
            let redis = try RedisProgram(folder: folder)
            defer { redis.program.stop() }
            let before = try redis.usedMemory()
            var workload = Workload(seed: 1, count: logs, endingAt: wallClock() / 1_000_000, hours: 48)
            var processor = 0.0
            var elapsed = 0.0
            // In rounds, so that what is sent need not all be made beforehand; only sending counts.
            var left = logs
            while left > 0 {
                let round = min(left, 100_000)
                left -= round
                let pipelines = (0..<(round + 999) / 1_000)
                    .map { pipeline(&workload, logs: min(1_000, round - $0 * 1_000)) }
                let processorBefore = redis.program.processorSeconds
                let start = seconds()
                try RedisLoad.run(socket: redis.socket, connections: 4, pipelines: pipelines)
                elapsed += seconds() - start
                processor += redis.program.processorSeconds - processorBefore
            }
            return Outcome(
                logsPerSecond: Double(logs) / elapsed,
                processor: processor / Double(logs) * 1e6,
                bytesPerLog: Double(try redis.usedMemory() - before) / Double(logs)
            )
        }
    }

    private static func pipeline(_ workload: inout Workload, logs: Int) -> RedisLoad.Pipeline {
        var pipeline = RedisLoad.Pipeline()
        for _ in 0..<logs {
            workload.next()
            // 26 characters, as a ULID has.
            let time = padded(String(workload.milliseconds, radix: 16), to: 16)
            let id = Array((time + padded(String(workload.made, radix: 16), to: 10)).utf8)
            let score = Array(String(workload.milliseconds).utf8)
            pipeline.append(["SET", "log:"], id, workload.json, ["EX", "172800"])
            let keys =
                ["idx:group:" + Workload.groups[workload.group].name, "idx:level:" + Vocabulary.levels[workload.level]]
                + workload.tags.map { "idx:tag:" + Vocabulary.tags[$0] }
            for key in keys { pipeline.append("ZADD", key, score, id) }
        }
        return pipeline
    }

    private static func padded(_ text: String, to count: Int) -> String {
        String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}

/// Sends commands to Redis, each pipeline whole, and the next when all of it was answered.
final class RedisLoad: Sendable {
    /// Commands as they go over the wire, each answered by one line.
    struct Pipeline: Sendable {
        fileprivate(set) var bytes: [UInt8] = []
        fileprivate(set) var answers = 0

        /// `SET PREFIX+ID VALUE EX SECONDS`.
        fileprivate mutating func append(_ first: [String], _ id: [UInt8], _ value: [UInt8], _ last: [String]) {
            begin(count: 3 + last.count)
            argument(Array(first[0].utf8))
            argument(Array(first[1].utf8) + id)
            argument(value)
            for text in last { argument(Array(text.utf8)) }
        }

        fileprivate mutating func append(_ name: String, _ key: String, _ score: [UInt8], _ member: [UInt8]) {
            begin(count: 4)
            argument(Array(name.utf8))
            argument(Array(key.utf8))
            argument(score)
            argument(member)
        }

        private mutating func begin(count: Int) {
            bytes.append(contentsOf: "*\(count)\r\n".utf8)
            answers += 1
        }

        private mutating func argument(_ value: [UInt8]) {
            bytes.append(contentsOf: "$\(value.count)\r\n".utf8)
            bytes.append(contentsOf: value)
            bytes.append(contentsOf: "\r\n".utf8)
        }
    }

    private let state = Mutex((open: 0, failure: String?.none))

    static func run(socket: String, connections: Int, pipelines: [Pipeline]) throws {
        let load = RedisLoad()
        load.state.withLock { $0.open = connections }
        let thread = try LoopThread(name: "load") { loop in
            let queue = PipelineQueue(pipelines)
            for _ in 0..<connections {
                StreamConnection.connect(loop, to: .unix(socket), timeoutMs: 5_000) { result in
                    switch result {
                    case .failure(let error): load.finish(error.description)
                    case .success(let connection):
                        let client = RedisLoadClient(connection, queue, load)
                        connection.start(client)
                        client.sendNext()
                    }
                }
            }
        }
        while load.state.withLock({ $0.open }) > 0 { pause(ms: 1) }
        thread.stop()
        if let failure = load.state.withLock({ $0.failure }) { throw BenchmarkError(failure) }
    }

    fileprivate func finish(_ failure: String?) {
        state.withLock { state in
            state.open -= 1
            if let failure, state.failure == nil { state.failure = failure }
        }
    }
}

private final class PipelineQueue {
    private var pipelines: ArraySlice<RedisLoad.Pipeline>
    init(_ pipelines: [RedisLoad.Pipeline]) { self.pipelines = pipelines[...] }
    func next() -> RedisLoad.Pipeline? { pipelines.popFirst() }
}

/// One connection with one pipeline under way.
private final class RedisLoadClient: StreamHandler {
    private let connection: StreamConnection
    private let queue: PipelineQueue
    private let load: RedisLoad
    private var missing = 0

    init(_ connection: StreamConnection, _ queue: PipelineQueue, _ load: RedisLoad) {
        self.connection = connection
        self.queue = queue
        self.load = load
    }

    func sendNext() {
        guard let pipeline = queue.next() else {
            connection.close()
            load.finish(nil)
            return
        }
        missing = pipeline.answers
        connection.write(pipeline.bytes)
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            if byte == UInt8(ascii: "-") {
                connection.close()
                return load.finish("Redis refused: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
            }
            if byte == 0x0A { missing -= 1 }
        }
        if missing == 0 { sendNext() }
    }

    func ended(_ error: LoopError?) {
        load.finish("Redis closed a connection: \(error?.description ?? "")")
    }
}
