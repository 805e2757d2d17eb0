import Glibc
import Protocol

/// The time of day.
enum WallClock {
    /// Nanoseconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Now, as RFC 3339.
    static var text: String { Timestamp.text(now()) }
}
