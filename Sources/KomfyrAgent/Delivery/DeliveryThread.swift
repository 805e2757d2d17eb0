import EventLoop
import Logging
import Protocol
import Synchronization

/// The thread that owns the disk buffer and sends to the hub.
///
/// Made before intake starts: `init` locks the buffer's folder and recovers what it holds, on the calling thread.
/// Ended with `drain(deadlineMs:)`.
final class DeliveryThread: Sendable {
    /// Recovers the buffer and starts the thread, which at once begins to send what was left.
    /// - Parameters:
    ///   - configuration: the sections `agent`, `hub` and `buffer` are used.
    ///   - version: named to the hub in `User-Agent`.
    ///   - logger: hears what an operator has to know.
    ///   - onTaken: called on the delivery thread; how many submitted batches left the queue since the last call
    ///     (0 when only the state changed), and the state now. Post it to the intake loop's mailbox.
    /// - Throws: `BufferError` when the folder cannot be used, or another agent uses it.
    init(
        configuration: AgentConfiguration,
        version: String,
        logger: Logger,
        onTaken: @escaping @Sendable (_ batches: Int, _ state: BufferState) -> Void
    ) throws {
        fatalError("being written")
    }

    /// Hands a batch over, from any thread, in order.
    func submit(_ batch: consuming Batch) {}

    /// How far which file had been read when the agent stopped.
    func knownPositions() -> [FilePosition] { [] }

    /// Takes what was submitted before, syncs it, gives posts under way until the deadline, and ends the thread.
    ///
    /// Blocks the calling thread, which must not be the intake loop's if `onTaken` waits for it. The backlog stays on
    /// disk. No `submit` may follow.
    func drain(deadlineMs: UInt64 = AgentLimits.drainMs) {}

    /// The counters, at most some 100 ms old.
    func snapshot() -> DeliveryStatistics { DeliveryStatistics() }
}
