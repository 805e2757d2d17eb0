import EventLoop
import Glibc
import Logging
import Synchronization

/// The hub's own redis-server, for those who have set none up.
///
/// It listens on a unix socket alone, keeps an append-only file in the data folder, and outlives a hub that is killed:
/// the next hub on the folder finds it by the lock that it holds, asks it who it is, and adopts it. There are never two
/// on one folder.
///
/// Use: `start`, then connect a `RedisClient` to `configuration`; at the end stop that client, then `stop`.
/// Dropped without `stop`, it leaves Redis running, as a killed hub does.
final class PrivateRedis: Sendable {
    /// Where a client finds it.
    let configuration: RedisConfiguration
    private let files: PrivateRedisFiles
    private let settings: PrivateRedisSettings
    private let folder: DataFolder
    private let logger: Logger
    private let supervisor = LoopBound<RedisSupervisor>()
    private let state = Mutex(State())

    private struct State {
        var thread: LoopThread?
        var adoptedPid: Int32?
        /// What answers on the socket was found to be this folder's.
        var isIdentified = false
    }

    /// One that does not run yet.
    /// - Parameters:
    ///   - folder: held as long as this lives, so that no other hub starts on it.
    ///   - settings: how it is run; an adopted one is set to the same.
    ///   - logger: told when Redis ends and is started again.
    init(folder: DataFolder, settings: PrivateRedisSettings, logger: Logger) {
        self.folder = folder
        self.settings = settings
        self.logger = logger
        files = PrivateRedisFiles(folder)
        configuration = RedisConfiguration(address: .unix(files.socket))
    }

    deinit {
        state.withLock { $0.thread }?.stop()
    }

    /// Whether the Redis was there already, left by a hub that was killed.
    var isAdopted: Bool { state.withLock { $0.adoptedPid } != nil }

    /// Starts it, or adopts the one that runs, and waits until it has loaded its data, however long that takes.
    /// - Parameter progress: told what is being waited for.
    /// - Throws: `PrivateRedisError`, in words, when it ends instead, or is not what it should be.
    func start(progress: @escaping @Sendable (String) -> Void = { _ in }) async throws(PrivateRedisError) {
        try open()
        let control = RedisClient(configuration, logger: Logger(label: "redis") { _ in SwiftLogNoOpLogHandler() })
        control.start()
        do throws(PrivateRedisError) {
            try await waitUntilReady(control, progress: progress)
            try await identify(control)
            try await watch()
        } catch {
            await control.stop()
            throw error
        }
        await control.stop()
    }

    /// Ends Redis, whether started or adopted, also after a start that failed: by `SHUTDOWN`, and by SIGTERM when that
    /// does not help.
    func stop() async {
        await onLoop { $0.stopping() }
        // After a start that failed it may be another's.
        let child = await onLoop { $0.pid } ?? nil
        if child != nil || state.withLock({ $0.isIdentified }), await isRunning() {
            await shutDown()
            if await !hasEnded(withinMs: HubLimits.redisStopMs) {
                await terminate()
                if await !hasEnded(withinMs: HubLimits.redisStopMs) {
                    logger.error("the private Redis does not end; it is left running, and the next start adopts it")
                }
            }
        }
        if await !isRunning() { files.cleanUp() }
        await onLoop { $0.close() }
        let thread = state.withLock { state in
            defer { state.thread = nil }
            return state.thread
        }
        await thread?.stopAndWait()
    }

    // MARK: Starting

    private func open() throws(PrivateRedisError) {
        let (files, settings, logger, supervisor) = (files, settings, logger, supervisor)
        do throws(LoopError) {
            let thread = try LoopThread(name: "redis-watch") { loop in
                supervisor.fill(RedisSupervisor(loop, files: files, settings: settings, logger: logger), on: loop)
            }
            state.withLock { $0.thread = thread }
        } catch {
            throw PrivateRedisError("the thread that watches the private Redis cannot be started: \(error)")
        }
    }

    private func waitUntilReady(
        _ control: RedisClient,
        progress: @Sendable (String) -> Void
    ) async throws(PrivateRedisError) {
        var launch = await onLoop { $0.launch() }
        var said: String?
        var silentSince = ContinuousClock.now
        while true {
            switch launch {
            case .failed(let error): throw error
            case .started:
                if let ending = await onLoop({ $0.ending }) ?? nil {
                    throw PrivateRedisError("the private Redis did not start: \(ending)")
                }
            // The one that holds the lock may be about to end.
            case .held: if control.trouble != nil { launch = await onLoop { $0.launch() } }
            case nil: throw PrivateRedisError("the private Redis was stopped while it started")
            }
            guard let trouble = control.trouble else { return }
            if trouble.hasPrefix(RedisSetUp.loading) {
                silentSince = .now
                if trouble != said { progress(trouble) }
                said = trouble
            } else if ContinuousClock.now - silentSince > Self.longestSilence {
                throw PrivateRedisError(
                    """
                    the private Redis of \(folder.path) runs (it holds \(files.lock)) but does not answer on \
                    \(files.socket): look at \(files.log), end it, and start the hub again. Last: \(trouble)
                    """
                )
            }
            do { try await Task.sleep(for: .milliseconds(20)) } catch {
                throw PrivateRedisError("the start was cancelled")
            }
        }
    }

    /// Makes sure that what answers on the socket is the Redis of this folder.
    private func identify(_ control: RedisClient) async throws(PrivateRedisError) {
        do throws(RedisError) {
            let answer = try await control.send(RedisCommand("CONFIG", "GET", "dir"))
            guard answer == .array([.string(Array("dir".utf8)), .string(Array(files.folder.utf8))]) else {
                throw .unexpected("it works in another folder than \(files.folder)")
            }
            guard case .string(let text) = try await control.send(RedisCommand("INFO", "server")),
                let pid = RedisInfo(text)["process_id"].flatMap({ Int32($0) })
            else { throw .unexpected("it does not tell its process id") }
            state.withLock { $0.isIdentified = true }
            let child = await onLoop { $0.pid } ?? nil
            guard pid != child else {
                if await onLoop({ $0.tailWasCut }) == true {
                    logger.warning(
                        "the end of Redis's append-only file was torn; what was not answered yet was cut off"
                    )
                }
                return
            }
            state.withLock { $0.adoptedPid = pid }
            logger.notice(
                "a Redis of an earlier hub runs on the data folder and is taken over",
                metadata: ["pid": "\(pid)"]
            )
            for (name, value) in [
                ("maxmemory", String(settings.memoryBytes)), ("appendfsync", settings.fsync.rawValue),
            ] {
                _ = try await control.send(RedisCommand("CONFIG", "SET", name, value))
            }
        } catch {
            throw PrivateRedisError("what answers on \(files.socket) is not the hub's Redis: \(error)")
        }
    }

    private func watch() async throws(PrivateRedisError) {
        let problem = await onLoop { supervisor -> LoopError? in
            do throws(LoopError) {
                try supervisor.watch()
                return nil
            } catch {
                return error
            }
        }
        if let problem = problem ?? nil { throw PrivateRedisError("the private Redis cannot be watched: \(problem)") }
    }

    private static let longestSilence = Duration.seconds(60)

    // MARK: Stopping

    private func shutDown() async {
        let control = RedisClient(configuration, logger: Logger(label: "redis") { _ in SwiftLogNoOpLogHandler() })
        control.start()
        do throws(RedisError) {
            try await control.waitUntilConnected(withinMs: 2_000)
            let answer = try await control.send(RedisCommand("SHUTDOWN"), deadlineMs: HubLimits.redisStopMs)
            logger.warning("the private Redis answered SHUTDOWN with \(answer)")
        } catch {
            // It closes the connection instead of answering.
            if case .inDoubt = error {} else { logger.warning("the private Redis did not take SHUTDOWN: \(error)") }
        }
        await control.stop()
    }

    private func terminate() async {
        if await onLoop({ $0.terminate() }) == true { return }
        // Not our child. It still holds the lock, so its process id is still its own.
        guard let pid = state.withLock({ $0.adoptedPid }), await isRunning() else { return }
        _ = kill(pid, SIGTERM)
    }

    private func hasEnded(withinMs ms: UInt64) async -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(ms)
        while ContinuousClock.now < deadline {
            // The lock comes free a moment before the process is gone.
            let child = await onLoop { $0.pid } ?? nil
            if child == nil, await !isRunning() { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Whether any Redis holds the lock.
    private func isRunning() async -> Bool {
        guard let lock = try? FileLock(files.lock) else { return false }
        defer { lock.release() }
        return (try? lock.take()) == false
    }

    // MARK: The loop

    /// Runs `job` on the supervisor's loop; nil when there is none (any more).
    @discardableResult
    private func onLoop<Value: Sendable>(_ job: @escaping @Sendable (RedisSupervisor) -> Value) async -> Value? {
        guard let mailbox = state.withLock({ $0.thread?.mailbox }) else { return nil }
        return await withCheckedContinuation { continuation in
            let supervisor = supervisor
            let isPosted = mailbox.post { loop in continuation.resume(returning: supervisor.open(on: loop, job)) }
            if !isPosted { continuation.resume(returning: nil) }
        }
    }
}
