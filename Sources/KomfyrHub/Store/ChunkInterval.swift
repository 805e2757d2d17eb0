/// What a chunk says of five minutes: counts by level, and a summary of each numeric member.
struct ChunkInterval: Sendable, Equatable {
    /// In nanoseconds.
    static let length: Int64 = 300_000_000_000

    /// Its first nanosecond since 1970, a multiple of `length`.
    var start: Int64
    var levels: LevelCounts
    /// By dotted path; members that no row of the interval has are left out.
    var numbers: [[UInt8]: Summary] = [:]

    /// A numeric member's values that are finite as doubles.
    struct Summary: Sendable, Equatable {
        var count: Int
        var sum: Double
        var least: Double
        var most: Double
        /// By time, ties by sequence.
        var first: Double
        var last: Double
    }

    /// The levels of rows by interval, rising.
    static func summarize(_ rows: LogRows) -> [ChunkInterval] {
        var intervals: [Int64: LevelCounts] = [:]
        for (time, level) in zip(rows.columns.timestamps, rows.columns.levels) {
            let start = LogID.floorDivide(time, length) * length
            intervals[start, default: LevelCounts()][Int(level)] += 1
        }
        return intervals.map { ChunkInterval(start: $0.key, levels: $0.value) }.sorted { $0.start < $1.start }
    }
}
