import CLibuv
import Glibc
import Synchronization

/// The door into a loop: any thread posts a job, which then runs on the loop, in the order of posting.
///
/// A job whose `post` returned true runs, also when the loop is stopped before its turn.
public final class Mailbox: Sendable {
    private struct State {
        var jobs: [@Sendable (Loop) -> Void] = []
        var isOpen = true
        /// The loop has been woken and has not looked yet: no need to wake it again.
        var isAwake = false
        var isAskedToStop = false
    }

    /// libuv's wake-up call, the only function of a handle that any thread may call.
    private struct WakeUp: @unchecked Sendable {
        // Sendable although a pointer: it is only ever given to uv_async_send, which is made for any thread, and
        // `senders` keeps the handle from being closed while that runs.
        let handle: UnsafeMutablePointer<uv_async_t>
    }

    private let capacity: Int
    private let wakeUp: WakeUp
    private let state = Mutex(State())
    /// Threads between their decision to wake the loop and the end of that call.
    private let senders = Atomic<Int>(0)
    /// Beyond this a burst's memory is given back instead of kept for the next.
    private static let jobsToKeepRoomFor = 1_024

    init(capacity: Int, wakeUp: UnsafeMutablePointer<uv_async_t>) {
        self.capacity = capacity
        self.wakeUp = WakeUp(handle: wakeUp)
    }

    /// Queues `job` for the loop and wakes it.
    /// - Returns: false, and the job is dropped, when the loop has ended or the mailbox is full.
    @discardableResult
    public func post(_ job: @escaping @Sendable (Loop) -> Void) -> Bool {
        var isTaken = false
        wake { state in
            guard state.jobs.count < capacity else { return false }
            state.jobs.append(job)
            isTaken = true
            return true
        }
        return isTaken
    }

    /// Asks the loop to stop, also when the mailbox is full.
    ///
    /// What was posted before still runs.
    func askToStop() {
        wake { state in
            state.isAskedToStop = true
            return true
        }
    }

    /// Runs what has been posted, all taken out in one go.
    /// - Returns: whether the loop was asked to stop.
    @discardableResult
    func deliver(to loop: Loop) -> Bool {
        var jobs: [@Sendable (Loop) -> Void] = []
        let isAskedToStop = state.withLock { state in
            swap(&jobs, &state.jobs)
            state.isAwake = false
            return state.isAskedToStop
        }
        for job in jobs { job(loop) }
        guard jobs.capacity <= Mailbox.jobsToKeepRoomFor else { return isAskedToStop }
        // The room goes back to where posting needs it, unless a post has made new one meanwhile.
        jobs.removeAll(keepingCapacity: true)
        state.withLock { if $0.jobs.capacity == 0 { swap(&jobs, &$0.jobs) } }
        return isAskedToStop
    }

    /// Refuses posts from now on.
    ///
    /// When it returns no thread touches the wake-up handle any more.
    func close() {
        state.withLock { $0.isOpen = false }
        while senders.load(ordering: .acquiring) != 0 { sched_yield() }
    }

    /// Changes the state by `change`, and wakes the loop if that returns true and it is not awake already.
    private func wake(_ change: (inout State) -> Bool) {
        let mustSend = state.withLock { state in
            guard state.isOpen, change(&state), !state.isAwake else { return false }
            state.isAwake = true
            senders.wrappingAdd(1, ordering: .relaxed)
            return true
        }
        // Outside of the lock: the loop would wake up only to wait for it.
        guard mustSend else { return }
        uv_async_send(wakeUp.handle)
        senders.wrappingSubtract(1, ordering: .releasing)
    }
}
