import CLibuv

/// The time of day.
public enum WallClock {
    /// Nanoseconds since 1970, in whole microseconds: more digits than that would be made up.
    public static func now() -> Int64 { clibuv_wall_clock_ns() / 1_000 * 1_000 }
}

/// A clock that never goes back.
public enum MonotonicClock {
    /// Microseconds of CLOCK_MONOTONIC.
    public static func nowUs() -> UInt64 { uv_hrtime() / 1_000 }
}
