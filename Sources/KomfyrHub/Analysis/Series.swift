/// Values at regular times.
struct Series: Sendable, Equatable {
    /// The first interval's begin, in nanoseconds since 1970.
    var start: Int64
    /// How long an interval is, in nanoseconds.
    var interval: Int64
    /// One value for each interval; NaN where there is none.
    var values: [Double]

    /// When an interval begins, in nanoseconds since 1970.
    func time(_ index: Int) -> Int64 { start &+ Int64(index) &* interval }
}
