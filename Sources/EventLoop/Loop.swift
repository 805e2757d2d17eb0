import CLibuv
import Glibc

/// One libuv loop, driven by one thread.
///
/// Everything in this module that takes a `Loop` belongs to that loop: it is made, used and closed on the loop's
/// thread, and checks so. The only door into a loop from elsewhere is its `mailbox`. What is open keeps its loop alive,
/// so a loop that has been given something to do must be run.
///
/// How a run ends: `stop()` lets this turn finish; jobs whose `post` returned true still run; then all handles are
/// closed, and `run()` turns on until libuv has called back for each of them. From then on nothing new can be opened.
public final class Loop {
    /// The door for other threads.
    public let mailbox: Mailbox

    let raw: UnsafeMutablePointer<uv_loop_t>
    private let wakeUp: UnsafeMutablePointer<uv_async_t>
    private var thread = pthread_self()
    private var soonJobs: [() -> Void] = []
    private var hasEnded = false
    /// Set once `run()` has begun to close what is open.
    private(set) var isEnding = false

    /// What all stream connections of this loop read into: each hands its bytes over before the next one reads.
    private(set) lazy var readBuffer = ReadBuffer()
    /// The same for datagrams.
    private(set) lazy var datagramBuffer = DatagramBuffer(slots: 64, slotBytes: 64 << 10)
    /// The same for those of unix sockets, which are as long as their senders' buffers allow: 208 KiB usually.
    private(set) lazy var unixDatagramBuffer = DatagramBuffer(slots: 8, slotBytes: 512 << 10)
    /// Where sockets that are closed now wait for their next owner; see `keepingSockets`.
    var socketKeeper: SocketKeeper?

    /// A loop that is not running yet.
    /// - Parameter mailboxCapacity: how many posted jobs may wait; `Mailbox.post` refuses beyond.
    /// - Throws: `LoopError` when the system gives no more descriptors.
    public init(mailboxCapacity: Int = 65_536) throws(LoopError) {
        ignoreBrokenPipes()
        raw = .allocate(capacity: 1)
        wakeUp = .allocate(capacity: 1)
        var code = uv_loop_init(raw)
        if code == 0 {
            code = uv_async_init(raw, wakeUp) { Loop.of($0)?.takeMail() }
            if code < 0 { uv_loop_close(raw) }
        }
        guard code >= 0 else {
            raw.deallocate()
            wakeUp.deallocate()
            throw LoopError(code: code, attempt: "make an event loop")
        }
        wakeUp.pointee.data = nil
        mailbox = Mailbox(capacity: mailboxCapacity, wakeUp: wakeUp)
        raw.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        if !hasEnded { end() }
        raw.deallocate()
    }

    /// Runs until `stop()`; on this thread, which becomes the loop's.
    ///
    /// Returns after all handles have been closed. A loop runs once.
    public func run() {
        precondition(!hasEnded, "a loop runs once")
        claim()
        uv_run(raw, UV_RUN_DEFAULT)
        end()
    }

    /// Ends `run()` once what is queued for this turn is done; handles that are still open are closed.
    public func stop() {
        assertOnLoop()
        uv_stop(raw)
    }

    /// Milliseconds of a clock that never goes back, as of the beginning of this turn.
    public var nowMs: UInt64 { uv_now(raw) }

    /// Traps in debug builds when called on another thread than the loop's.
    public func assertOnLoop() {
        assert(pthread_equal(thread, pthread_self()) != 0, "a loop's own are used on its thread alone")
    }

    /// Runs `job` on libuv's thread pool, for work that blocks (disk), then `done` on the loop with its result.
    ///
    /// When the loop stops in the meantime, `run()` waits for the job and still calls `done`. A loop that is already
    /// closing its handles takes no new work: neither is called.
    public func work<Result: Sendable>(
        _ job: @escaping @Sendable () -> Result,
        done: @escaping (Result) -> Void
    ) {
        assertOnLoop()
        guard !isEnding else { return }
        WorkRequest(job, done: done).submit(to: raw)
    }

    /// Runs `job` on this loop, but not from within the caller: for answers that are known at once and yet must not
    /// come before the call has returned.
    func soon(_ job: @escaping () -> Void) {
        assertOnLoop()
        guard !isEnding else { return }
        soonJobs.append(job)
        if soonJobs.count == 1 { uv_async_send(wakeUp) }
    }

    /// Makes the calling thread the loop's.
    func claim() { thread = pthread_self() }

    // MARK: -

    private static func of(_ wakeUp: UnsafeMutablePointer<uv_async_t>?) -> Loop? {
        guard let wakeUp, let data = wakeUp.pointee.loop.pointee.data else { return nil }
        return Unmanaged<Loop>.fromOpaque(data).takeUnretainedValue()
    }

    private func takeMail() {
        if mailbox.deliver(to: self) { uv_stop(raw) }
        runSoonJobs()
    }

    private func runSoonJobs() {
        guard !soonJobs.isEmpty else { return }
        let jobs = soonJobs
        soonJobs = []
        for job in jobs { job() }
    }

    private func end() {
        claim()
        mailbox.close()
        mailbox.deliver(to: self)
        runSoonJobs()
        isEnding = true
        uv_close(UnsafeMutableRawPointer(wakeUp).assumingMemoryBound(to: uv_handle_t.self)) {
            UnsafeMutableRawPointer($0)?.deallocate()
        }
        // Callbacks of what is being closed, and of work under way, still run; since nothing new can be opened, this
        // comes to an end.
        repeat {
            closeHandles()
            uv_run(raw, UV_RUN_ONCE)
        } while uv_loop_alive(raw) != 0
        soonJobs = []
        let code = uv_loop_close(raw)
        assert(code == 0, "a handle outlived its loop")
        hasEnded = true
    }

    private func closeHandles() {
        uv_walk(
            raw,
            { handle, _ in
                guard let handle, uv_is_closing(handle) == 0, let data = handle.pointee.data else { return }
                (Unmanaged<AnyObject>.fromOpaque(data).takeUnretainedValue() as? any HandleOwner)?.close()
            },
            nil
        )
    }
}

@available(*, unavailable)
extension Loop: Sendable {}
