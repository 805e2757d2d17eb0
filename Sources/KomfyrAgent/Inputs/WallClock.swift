import Glibc

/// The time of day for what arrives, and the zone of times that name none.
///
/// For the intake loop alone.
struct WallClock {
    private var zoneValidUntil = Int64.min
    private var zoneValidFrom = Int64.max
    private var zoneSeconds = 0

    /// Nanoseconds since 1970, in whole microseconds: more digits than that would be made up.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec / 1_000) * 1_000
    }

    /// Seconds east of Greenwich of this machine's zone at that time.
    ///
    /// Looked up once a quarter of an hour: no zone changes its offset in between.
    @inline(__always)
    mutating func zoneOffset(at nanoseconds: Int64) -> Int {
        if nanoseconds < zoneValidFrom || nanoseconds >= zoneValidUntil { lookUpZone(at: nanoseconds) }
        return zoneSeconds
    }

    private mutating func lookUpZone(at nanoseconds: Int64) {
        let quarter: Int64 = 900 * 1_000_000_000
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        if localtime_r(&seconds, &parts) != nil { zoneSeconds = parts.tm_gmtoff }
        zoneValidFrom = nanoseconds - (nanoseconds % quarter + quarter) % quarter
        zoneValidUntil = zoneValidFrom + quarter
    }
}
