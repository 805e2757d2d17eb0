import Protocol

/// Counts by level, and the numbers of `data`, for each interval of a stretch of time.
///
/// All arrays have an element for each interval; one without logs has no counts, and a field's gap is nil.
struct LogSeries: Sendable {
    /// The first interval's begin, in nanoseconds since 1970: a multiple of `interval`.
    var start: Int64
    /// How long an interval is, in nanoseconds.
    var interval: Int64
    var levels: [LevelCounts]
    /// Those with values, rising by the bytes of their paths.
    var fields: [Field]
    /// Redis could not be asked for all of it.
    var isPartial: Bool
    /// There are more fields: those are given that come first.
    var isCut: Bool
    /// The intervals that lie in the time asked for from end to end, and are over: what the others hold is not all that
    /// there will be, which a trend must not take for a change.
    var whole: Range<Int>

    /// A numeric member of `data`.
    struct Field: Sendable {
        /// Dotted, names unescaped.
        var path: String
        /// Nil where no log has it.
        ///
        /// A sum beyond a double's range is infinite. Least, most and count are exact; first and last are those of the
        /// oldest and newest log, where chunks and groups overlap in time by the ends of their chunks.
        var summaries: [ChunkInterval.Summary?]
    }

    /// How many intervals there are.
    var count: Int { levels.count }

    /// When an interval begins, in nanoseconds since 1970.
    func time(_ index: Int) -> Int64 { start &+ Int64(index) &* interval }

    /// One number for each of the whole intervals.
    func series(of subject: Trend.Subject) -> Series {
        let values: [Double]
        switch subject {
        case .count: values = whole.map { Double(levels[$0].total) }
        case .errors:
            values = whole.map { index in
                let levels = levels[index]
                return levels.total == 0 ? .nan : Double(levels.errors) / Double(levels.total)
            }
        case .field(let path):
            let field = fields.first { $0.path.utf8.elementsEqual(path.utf8) }
            values = whole.map { field?.summaries[$0]?.average ?? .nan }
        }
        return Series(start: time(whole.lowerBound), interval: interval, values: values)
    }
}

extension ChunkInterval.Summary {
    /// Nil where the sum is beyond a double's range.
    var average: Double? { sum.isFinite && count > 0 ? sum / Double(count) : nil }
}

extension LevelCounts {
    /// Logs of level error and above.
    var errors: Int { self[Int(Level.error.rawValue)] + criticals }

    var criticals: Int { self[Int(Level.critical.rawValue)] }
}
