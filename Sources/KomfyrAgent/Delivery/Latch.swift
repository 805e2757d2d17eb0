import Glibc

/// Lets one thread wait for another, once.
final class Latch: @unchecked Sendable {
    // Sendable although it holds a pointer: a POSIX semaphore is made for several threads, and its memory lives as
    // long as the latch.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Lets the one that waits go on.
    func open() {
        sem_post(semaphore)
    }

    /// Waits until it is open.
    func wait() {
        while sem_wait(semaphore) != 0 && errno == EINTR {}
    }

    /// Waits until it is open, for a time at most.
    /// - Returns: whether it is.
    func wait(timeoutMs: UInt64) -> Bool {
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = UInt64(end.tv_nsec) + timeoutMs % 1_000 * 1_000_000
        end.tv_sec += Int(clamping: timeoutMs / 1_000 + nanoseconds / 1_000_000_000)
        end.tv_nsec = Int(nanoseconds % 1_000_000_000)
        while sem_timedwait(semaphore, &end) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }
}
