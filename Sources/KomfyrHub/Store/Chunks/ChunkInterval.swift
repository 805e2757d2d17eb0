/// What a chunk says of five minutes: counts by level, and a summary of each numeric member.
///
/// ```
///  field i   +-----------+--------+--------+-------+---     ---+----------+
///            | intervals | first  | steps  | debug | …         | critical |      ChunkIntegers: steps are in units
///            | varint    | zigzag |        |       |           |          |      of five minutes from the one before
///            +-----------+--------+--------+-------+---     ---+----------+
///
///  field u   for each column of the catalogue, ChunkIntegers: the counts of all intervals, then of those that have any
///            sum, least, most, first and last, as bits of doubles
/// ```
struct ChunkInterval: Sendable, Equatable {
    /// In nanoseconds.
    static let length: Int64 = 300_000_000_000

    /// Its first nanosecond since 1970, a multiple of `length`.
    var start: Int64
    var levels: LevelCounts

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

    /// The levels of rows that are sorted by time.
    static func counts(_ times: [Int64], _ levels: [UInt8]) -> [ChunkInterval] {
        var intervals: [ChunkInterval] = []
        var counts = LevelCounts()
        var start: Int64 = 0
        var isOpen = false
        for (time, level) in zip(times, levels) {
            if !isOpen || time &- start >= length || time < start {
                if isOpen { intervals.append(ChunkInterval(start: start, levels: counts)) }
                counts = LevelCounts()
                start = LogID.floorDivide(time, length) &* length
                isOpen = true
            }
            counts[Int(level)] += 1
        }
        if isOpen { intervals.append(ChunkInterval(start: start, levels: counts)) }
        return intervals
    }

    /// A number of rows that are sorted by time (NaN: the row has none), by interval; nil where none is finite.
    static func summarize(_ times: [Int64], _ values: [Double], _ intervals: [ChunkInterval]) -> [Summary?] {
        var summaries = [Summary?](repeating: nil, count: intervals.count)
        var index = 0
        for (time, value) in zip(times, values) where value.isFinite {
            while index + 1 < intervals.count, time >= intervals[index + 1].start { index += 1 }
            guard index < intervals.count else { break }
            if summaries[index] == nil {
                summaries[index] = Summary(value)
            } else {
                summaries[index]?.add(value)
            }
        }
        return summaries
    }

    // MARK: The fields

    static func encode(_ intervals: [ChunkInterval], to body: inout ChunkBody) {
        body.bytes.appendVarint(UInt64(intervals.count))
        var previous = (intervals.first?.start ?? 0) / length
        body.bytes.appendZigZag(previous)
        var steps: [Int64] = []
        for interval in intervals {
            steps.append(interval.start / length - previous)
            previous = interval.start / length
        }
        ChunkIntegers.append(steps, to: &body)
        for level in 0..<LevelCounts.count {
            ChunkIntegers.append(intervals.map { Int64($0.levels[level]) }, to: &body)
        }
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) -> [ChunkInterval] {
        var reader = ByteReader(bytes)
        let count = try reader.count("intervals", atMost: rows)
        let bound = Int64.max / length
        var number = try reader.zigZag()
        var intervals: [ChunkInterval] = []
        intervals.reserveCapacity(count)
        for step in try ChunkIntegers.read(&reader, count: count, in: 0...bound, "interval") {
            number = number &+ step
            guard number >= -bound, number <= bound else { throw .invalid("interval", at: reader.offset) }
            intervals.append(ChunkInterval(start: number * length, levels: LevelCounts()))
        }
        for level in 0..<LevelCounts.count {
            let counts = try ChunkIntegers.read(&reader, count: count, in: 0...Int64(rows), "count")
            for index in intervals.indices { intervals[index].levels[level] = Int(counts[index]) }
        }
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        return intervals
    }

    static func encode(_ summaries: [Summary?], to body: inout ChunkBody) {
        ChunkIntegers.append(summaries.map { Int64($0?.count ?? 0) }, to: &body)
        let some = summaries.compactMap { $0 }
        for path in members {
            ChunkIntegers.append(some.map { Int64(bitPattern: $0[keyPath: path].bitPattern) }, to: &body)
        }
    }

    /// Reads the field `u`: by column, by interval.
    static func decodeSummaries(
        _ bytes: UnsafeRawBufferPointer,
        columns: Int,
        intervals: Int,
        rows: Int
    ) throws(FormatProblem) -> [[Summary?]] {
        var reader = ByteReader(bytes)
        var result: [[Summary?]] = []
        for _ in 0..<columns {
            let counts = try ChunkIntegers.read(&reader, count: intervals, in: 0...Int64(rows), "count")
            let some = counts.count { $0 > 0 }
            var summaries = [Summary](repeating: Summary(0), count: some)
            for path in members {
                let bits = try ChunkIntegers.read(&reader, count: some)
                for index in bits.indices {
                    summaries[index][keyPath: path] = Double(bitPattern: UInt64(bitPattern: bits[index]))
                }
            }
            var next = 0
            var column: [Summary?] = []
            for count in counts {
                if count == 0 {
                    column.append(nil)
                } else {
                    summaries[next].count = Int(count)
                    column.append(summaries[next])
                    next += 1
                }
            }
            result.append(column)
        }
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        return result
    }

    private static var members: [WritableKeyPath<Summary, Double>] {
        [\.sum, \.least, \.most, \.first, \.last]
    }
}

extension ChunkInterval.Summary {
    init(_ value: Double) {
        count = 1
        sum = value
        least = value
        most = value
        first = value
        last = value
    }

    /// Adds a later value.
    mutating func add(_ value: Double) {
        count += 1
        sum += value
        least = min(least, value)
        most = max(most, value)
        last = value
    }
}

/// What a chunk says of all its five minutes.
struct ChunkSummaries: Sendable {
    /// Rising.
    var intervals: [ChunkInterval]
    /// Of the numbers that were asked for and that it has, each by interval.
    var numbers: [(path: [UInt8], summaries: [ChunkInterval.Summary?])] = []
    /// False: every number was asked for, and it has some without a column; only its rows tell of them all.
    var isWhole = true
}
