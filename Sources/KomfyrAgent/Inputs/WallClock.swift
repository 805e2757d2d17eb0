import Glibc

/// The time of day for what arrives.
enum WallClock {
    /// Nanoseconds since 1970, in whole microseconds: more digits than that would be made up.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec / 1_000) * 1_000
    }
}
