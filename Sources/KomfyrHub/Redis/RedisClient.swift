import EventLoop
import Logging
import Synchronization

/// The hub's connection to Redis: one socket on a thread of its own, shared by all tasks.
///
/// Commands of all tasks are pipelined: what is sent while the loop turns goes out in one write, and Redis answers in
/// the order of sending. Commands of one `pipeline` follow one another directly, so `MULTI … EXEC` belongs into one.
///
/// A lost connection fails what was sent with `.inDoubt` (Redis may or may not have run it), and everything later
/// with `.notConnected`, at once, until it has connected again, which it tries by itself.
final class RedisClient: Sendable {
    /// Where it connects to.
    let configuration: RedisConfiguration
    private let queue: RedisQueue
    private let thread = Mutex<LoopThread?>(nil)

    /// A client that does nothing until `start`.
    init(_ configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        queue = RedisQueue(configuration, logger: logger)
    }

    deinit {
        thread.withLock { $0 }?.stop()
    }

    /// Begins to connect, and returns; `connections` and `waitUntilConnected` tell when that has succeeded.
    func start() {
        thread.withLock { thread in
            guard thread == nil else { return }
            do throws(LoopError) {
                let queue = queue
                let started = try LoopThread(name: "redis") { loop in queue.begin(on: loop) }
                queue.opened(started.mailbox)
                thread = started
            } catch {
                queue.failed("the thread for Redis could not be started: \(error)")
            }
        }
    }

    /// Closes the connection and ends the thread; commands under way fail with `.inDoubt`.
    func stop() async {
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let thread else { return }
        await queue.close()
        await thread.stopAndWait()
    }

    /// Sends one command.
    /// - Parameters:
    ///   - command: sent as it is; arguments of 16 KiB and more are not copied.
    ///   - deadlineMs: how long its answer may take.
    /// - Returns: the answer, which is not `.error`.
    /// - Throws: `.server` when Redis answers with an error.
    func send(
        _ command: RedisCommand,
        deadlineMs: UInt64 = HubLimits.redisDeadlineMs
    ) async throws(RedisError) -> RedisValue {
        let values = try await pipeline([command], deadlineMs: deadlineMs)
        guard let value = values.first else { throw .unexpected("no answer") }
        if case .error(let text) = value { throw .server(text) }
        return value
    }

    /// Sends commands one directly after the other.
    /// - Parameters:
    ///   - commands: sent as they are.
    ///   - deadlineMs: how long their answers may take.
    ///   - patienceMs: for commands that change nothing: for how long Redis may be silent, before this one fails while
    ///     the connection stays.
    /// - Returns: an answer for each; a command's error is a value, `.error`.
    /// - Throws: `.inDoubt` when they were sent and are not answered, `.notConnected` when they were not sent.
    func pipeline(
        _ commands: [RedisCommand],
        deadlineMs: UInt64 = HubLimits.redisDeadlineMs,
        patienceMs: UInt64 = .max
    ) async throws(RedisError) -> [RedisValue] {
        if commands.isEmpty { return [] }
        let result = await withCheckedContinuation { continuation in
            queue.submit(commands, deadlineMs: deadlineMs, patienceMs: patienceMs, continuation)
        }
        return try result.get()
    }

    /// Runs a script: by its digest, and whole if Redis does not know it yet.
    /// - Throws: `.server` when the script answers with an error.
    func evaluate(
        _ script: RedisScript,
        keys: [String],
        arguments: [[UInt8]],
        deadlineMs: UInt64 = HubLimits.redisDeadlineMs
    ) async throws(RedisError) -> RedisValue {
        do throws(RedisError) {
            return try await send(script.evaluate(keys: keys, arguments: arguments), deadlineMs: deadlineMs)
        } catch {
            guard case .server(let text) = error, text.hasPrefix("NOSCRIPT") else { throw error }
        }
        return try await send(script.evaluateWhole(keys: keys, arguments: arguments), deadlineMs: deadlineMs)
    }

    /// What happens to the connection from now on, beginning with how it stands; each call gives a stream of its own.
    ///
    /// Ends with `stop`. A slow observer keeps the newest events.
    var connections: AsyncStream<ConnectionEvent> { queue.observe() }

    /// Why there is no connection just now; nil when there is one.
    var trouble: String? { queue.trouble }

    /// What has no answer yet: the number of commands, and their bytes.
    var underWay: (commands: Int, bytes: Int) { queue.underWay }

    /// How many connections there have been.
    var connectionNumber: Int { queue.connectionNumber }

    /// Waits until there is a connection.
    /// - Throws: `.notConnected` with what is wrong when there is none after so many milliseconds.
    func waitUntilConnected(withinMs ms: UInt64) async throws(RedisError) {
        let queue = queue
        let isConnected = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await case .connected in queue.observe() { return true }
                return false
            }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(ms))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        if !isConnected, let trouble { throw .notConnected(trouble) }
    }
}

/// What happened to the connection to Redis.
enum ConnectionEvent: Sendable, Equatable {
    /// It stands; the first has number 1.
    case connected(number: Int)
    /// There is none, and why; said again when the reason changes.
    case lost(reason: String)
}
