import CLibuv
import Synchronization

/// One libuv loop, driven by one thread.
///
/// Everything in this module that takes a `Loop` belongs to that loop: it is made, used and closed on the loop's
/// thread, and checks so. The only door into a loop from elsewhere is its `mailbox`.
public final class Loop {
    /// The door for other threads.
    public let mailbox: Mailbox

    /// A loop that is not running yet.
    /// - Parameter mailboxCapacity: how many posted jobs may wait; `Mailbox.post` refuses beyond.
    /// - Throws: `LoopError` when the system gives no more descriptors.
    public init(mailboxCapacity: Int = 65_536) throws(LoopError) { fatalError("EL") }

    /// Runs until `stop()`; on this thread, which becomes the loop's. Returns after all handles have been closed.
    public func run() { fatalError("EL") }

    /// Ends `run()` once what is queued for this turn is done; handles that are still open are closed.
    public func stop() { fatalError("EL") }

    /// Milliseconds of a clock that never goes back, as of the beginning of this turn.
    public var nowMs: UInt64 { fatalError("EL") }

    /// Traps in debug builds when called on another thread than the loop's.
    public func assertOnLoop() { fatalError("EL") }

    /// Runs `job` on libuv's thread pool, for work that blocks (disk), then `done` on the loop with its result.
    public func work<Result: Sendable>(
        _ job: @escaping @Sendable () -> Result,
        done: @escaping (Result) -> Void
    ) { fatalError("EL") }
}

@available(*, unavailable)
extension Loop: Sendable {}

/// The door into a loop: any thread posts a job, which then runs on the loop, in the order of posting.
public final class Mailbox: Sendable {
    init() {}
    /// Queues `job` for the loop and wakes it.
    /// - Returns: false, and the job is dropped, when the loop has ended or the mailbox is full.
    @discardableResult
    public func post(_ job: @escaping @Sendable (Loop) -> Void) -> Bool { fatalError("EL") }
}

/// A thread with a loop of its own.
public final class LoopThread: Sendable {
    /// The loop's door.
    public let mailbox: Mailbox

    /// Starts the thread; `setUp` runs on it before the loop does.
    /// - Parameter name: shown by `top -H`; 15 bytes at most.
    public init(name: String, setUp: @escaping @Sendable (Loop) -> Void) throws(LoopError) { fatalError("EL") }

    /// Stops the loop and waits for the thread's end.
    public func stop() { fatalError("EL") }
}

/// What libuv refused: its code (`UV_EADDRINUSE`…), its words, and what was attempted.
public struct LoopError: Error, Sendable, CustomStringConvertible {
    /// libuv's negative code, which is -errno.
    public let code: Int32
    /// What was attempted (`bind udp://127.0.0.1:5514`).
    public let attempt: String
    /// `bind udp://127.0.0.1:5514: address already in use`.
    public var description: String { fatalError("EL") }
    /// An error of this code.
    public init(code: Int32, attempt: String) {
        self.code = code
        self.attempt = attempt
    }
}
