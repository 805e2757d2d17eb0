import NIOCore
import Synchronization

/// One open stream: what waits to be sent to its reader, bounded.
///
/// The feed's task puts events in, the connection's task takes them out. When the reader is slower than the logs come,
/// the newest are left out and counted, and the reader is told how many.
final class LiveStream: Sendable, Identifiable {
    let filter: LiveFilter
    /// Logs up to this sequence number were stored before the stream began.
    let start: UInt64
    /// Has an element whenever there is something to take; ends with the stream.
    let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let state = Mutex(State())

    private struct State {
        var events: [ByteBuffer] = []
        var bytes = 0
        var skipped = 0
        var isBeatDue = false
        var isEnded = false
    }

    /// What there is to send.
    struct Delivery: Sendable {
        /// Events as they go over the wire, in order.
        var events: [ByteBuffer]
        /// Logs that were left out after them.
        var skipped: Int
        /// A sign of life is due.
        var isBeatDue: Bool
    }

    init(filter: LiveFilter, start: UInt64) {
        self.filter = filter
        self.start = start
        (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Whether there is room for another log; if not, it is counted as left out, and need not be written.
    func hasRoom() -> Bool {
        state.withLock { state in
            if state.events.count < HubLimits.liveQueueLogs, state.bytes < HubLimits.liveQueueBytes { return true }
            state.skipped += 1
            return false
        }
    }

    /// Adds a log's event.
    func offer(_ event: ByteBuffer) {
        state.withLock { state in
            state.events.append(event)
            state.bytes += event.readableBytes
        }
    }

    /// Counts logs that were left out.
    func skip(_ count: Int) { state.withLock { $0.skipped += count } }

    /// Wakes the connection's task.
    func flush() { wake.yield() }

    /// Asks for a sign of life.
    func beat() {
        state.withLock { $0.isBeatDue = true }
        wake.yield()
    }

    /// Ends the stream after what waits.
    func end() {
        state.withLock { $0.isEnded = true }
        wake.finish()
    }

    /// How many events wait, and how many logs were left out since the last delivery.
    var waiting: (events: Int, skipped: Int) { state.withLock { ($0.events.count, $0.skipped) } }

    /// Takes what there is.
    func take() -> Delivery {
        state.withLock { state in
            let delivery = Delivery(events: state.events, skipped: state.skipped, isBeatDue: state.isBeatDue)
            state = State(isEnded: state.isEnded)
            return delivery
        }
    }
}
