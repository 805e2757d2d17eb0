import EventLoop
import Glibc
import Logging

/// Starts the private Redis, notices its end, and starts it again.
///
/// ```
///            launch                        exit                  after a wait
///  nothing ─────────► running (our child) ──────► waiting ──────────────────► running …
///     └─ lock held ─► running (adopted): its end is seen by its lock coming free
/// ```
///
/// Whether a Redis runs on the folder is told by the lock alone: each Redis holds it from before its first
/// instruction to its last, whoever started it. (A child of it that rewrites the append-only file holds it too, and is
/// waited for.)
///
/// Belongs to its loop.
final class RedisSupervisor {
    /// What `launch` found.
    enum Launch: Sendable {
        case started
        /// A Redis holds the lock already.
        case held
        case failed(PrivateRedisError)
    }

    private let loop: Loop
    private let files: PrivateRedisFiles
    private let settings: PrivateRedisSettings
    private let logger: Logger
    private var child: ChildProcess?
    private var timer: Timer?
    /// Set while this hub has not started the Redis that runs.
    private var adopted: FileLock?
    private var restartMs = HubLimits.redisRestartFirstMs
    private var runSinceMs: UInt64 = 0
    private var logStart = 0
    private var isStopping = false
    private var isWatching = false

    /// Why the Redis that `launch` started has ended, until it is started again.
    private(set) var ending: String?
    /// Our child's process id.
    var pid: Int32? { child?.pid }

    init(_ loop: Loop, files: PrivateRedisFiles, settings: PrivateRedisSettings, logger: Logger) {
        self.loop = loop
        self.files = files
        self.settings = settings
        self.logger = logger
    }

    /// Starts Redis, unless one runs on this folder.
    func launch() -> Launch {
        let searchPath = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        guard let program = settings.findExecutable(searchPath: searchPath) else {
            return .failed(
                PrivateRedisError(
                    """
                    \(settings.executable) was not found (PATH is \(searchPath)): install it (Debian, Ubuntu: apt-get \
                    install redis-server), or set REDIS_HOST to use a Redis of yours
                    """
                )
            )
        }
        do {
            let lock = try FileLock(files.lock)
            guard try lock.take() else { return .held }
            try files.prepare()
            logStart = logLength()
            // The child inherits the lock's descriptor; ours closes at the end of this function, so that the lock
            // lives and dies with Redis.
            child = try lock.share { descriptor throws(LoopError) in
                try ChildProcess(
                    loop,
                    executable: program,
                    arguments: files.arguments(fsync: settings.fsync, memoryBytes: settings.memoryBytes),
                    // Nothing of ours: the environment may hold keys.
                    environment: ["PATH=\(searchPath)"],
                    ownGroup: true,
                    standardOutputPath: files.log,
                    inheriting: descriptor
                ) { [weak self] exit in self?.exited(exit) }
            }
            lock.close()
        } catch {
            return .failed(PrivateRedisError("the private Redis cannot be started: \(error)"))
        }
        ending = nil
        runSinceMs = loop.nowMs
        return .started
    }

    /// From now on an end is followed by a new start.
    func watch() throws(LoopError) {
        isWatching = true
        if child == nil, ending == nil { try watchAdopted() }
        if ending != nil { try restartLater() }
    }

    /// Whether this run of Redis had to cut the end of its file.
    var tailWasCut: Bool { child != nil && RedisExitReport.tailWasCut(log: files.log, from: logStart) }

    /// From now on an end is what is wanted.
    func stopping() {
        isStopping = true
        timer?.stop()
    }

    /// Sends our child SIGTERM.
    /// - Returns: false when Redis is not our child.
    func terminate() -> Bool {
        guard let child else { return false }
        child.kill(SIGTERM)
        return true
    }

    /// Lets everything be as it is: a Redis that runs goes on running.
    func close() {
        isStopping = true
        child?.close()
        child = nil
        timer?.close()
        timer = nil
        adopted?.close()
    }

    // MARK: The end of Redis

    private func exited(_ exit: ChildProcess.Exit) {
        child?.close()
        child = nil
        ended(exit)
    }

    private func ended(_ exit: ChildProcess.Exit?) {
        let report = RedisExitReport.text(exit, log: files.log, from: logStart, folder: files.folder)
        ending = report
        guard !isStopping, isWatching else { return }
        // One that ran well for a while is started again soon, one that dies at once ever more slowly.
        if loop.nowMs - runSinceMs > HubLimits.redisRestartLastMs { restartMs = HubLimits.redisRestartFirstMs }
        logger.error("the private Redis is gone and is started again in \(restartMs) ms: \(report)")
        do throws(LoopError) { try restartLater() } catch { logger.critical("the private Redis stays away: \(error)") }
    }

    private func restartLater() throws(LoopError) {
        timer?.close()
        timer = try Timer(loop) { [weak self] in self?.restart() }
        timer?.start(afterMs: restartMs)
        restartMs = min(restartMs * 2, HubLimits.redisRestartLastMs)
    }

    private func restart() {
        guard !isStopping else { return }
        switch launch() {
        case .started: logger.info("the private Redis was started again")
        case .held: timer?.start(afterMs: HubLimits.redisRestartFirstMs)
        case .failed(let error):
            logger.error("\(error)")
            timer?.start(afterMs: restartMs)
            restartMs = min(restartMs * 2, HubLimits.redisRestartLastMs)
        }
    }

    private func watchAdopted() throws(LoopError) {
        do throws(SystemFault) {
            adopted = try FileLock(files.lock)
        } catch {
            logger.warning("the private Redis cannot be watched: \(error)")
            return
        }
        logStart = max(0, logLength() - 4_096)
        runSinceMs = loop.nowMs
        timer = try Timer(loop) { [weak self] in self?.checkAdopted() }
        timer?.start(afterMs: Self.adoptedPollMs, repeatMs: Self.adoptedPollMs)
    }

    private func checkAdopted() {
        guard let adopted, (try? adopted.take()) == true else { return }
        adopted.release()
        self.adopted = nil
        ended(nil)
    }

    private static let adoptedPollMs: UInt64 = 500

    private func logLength() -> Int {
        var state = stat()
        return stat(files.log, &state) == 0 ? state.st_size : 0
    }
}

@available(*, unavailable)
extension RedisSupervisor: Sendable {}
