import CLibuv
import Glibc
import Synchronization

/// Threads for work that is much and can wait a moment, so that what must not wait never stands behind it.
///
/// Swift's own pool has a thread for each processor and runs what comes in order: while bodies are decoded without a
/// pause, every question would wait behind them. These threads yield to others too (`nice`) where there are not
/// processors enough. They are made at the first use, one for each processor, and live as long as the process.
public final class WorkThreads: TaskExecutor {
    /// Those of the process.
    public static let shared = WorkThreads()

    private let waiting = Mutex(JobQueue())
    private let count = Semaphore()

    /// Enough that a busy machine takes questions first, and little enough that the work goes on: a third of the share.
    private static let nice: Int32 = 5
    /// In nanoseconds: longer than what the kernel gives others, which therefore need not wait for its end.
    private static let slice: UInt64 = 20_000_000

    private init() {
        let executor = Unmanaged.passUnretained(self)
        for _ in 0..<max(1, uv_available_parallelism()) {
            var thread = pthread_t()
            let code = pthread_create(
                &thread,
                nil,
                { argument in
                    if let argument { Unmanaged<WorkThreads>.fromOpaque(argument).takeUnretainedValue().run() }
                    return nil
                },
                executor.toOpaque()
            )
            // As with the pool's own threads: a process that is given none cannot do anything.
            precondition(code == 0, "the system gives no thread")
            pthread_detach(thread)
        }
    }

    /// Gives a job to the next free thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        waiting.withLock { $0.append(job) }
        count.signal()
    }

    private func run() -> Never {
        clibuv_pthread_setname(pthread_self(), "work")
        _ = clibuv_make_thread_patient(WorkThreads.nice, WorkThreads.slice)
        let executor = asUnownedTaskExecutor()
        while true {
            count.wait()
            if let job = waiting.withLock({ $0.popFirst() }) { job.runSynchronously(on: executor) }
        }
    }

    /// What waits, oldest first.
    private struct JobQueue {
        private var jobs: [UnownedJob] = []
        private var next = 0

        mutating func append(_ job: UnownedJob) { jobs.append(job) }

        mutating func popFirst() -> UnownedJob? {
            guard next < jobs.count else { return nil }
            let job = jobs[next]
            next += 1
            // The taken ones go together, so that taking one costs the same however many wait.
            if next == jobs.count || next == 1_024 {
                jobs.removeFirst(next)
                next = 0
            }
            return job
        }
    }

    /// Counts what waits.
    ///
    /// Unchecked: a semaphore is made to be used by many threads; its memory lives as long as the process.
    private final class Semaphore: @unchecked Sendable {
        private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

        init() { sem_init(raw, 0, 0) }

        func signal() { sem_post(raw) }

        func wait() {
            while sem_wait(raw) != 0 {}
        }
    }
}

/// Runs what is much and can wait on threads of its own, whatever thread its caller is on.
public func onWorkThreads<Value, Problem: Error>(
    _ work: () async throws(Problem) -> Value
) async throws(Problem) -> Value {
    try await withTaskExecutorPreference(WorkThreads.shared, operation: work)
}
