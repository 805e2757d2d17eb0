/// Counts by time and level, in a bounded number of intervals: when they would be too many, each becomes twice as long.
struct TimeBuckets: Sendable {
    /// In nanoseconds; a multiple of what was asked for.
    private(set) var interval: Int64
    /// The place of the first count: its time divided by the interval.
    private var base: Int64 = 0
    private var counts: [LevelCounts] = []
    private let limit: Int
    /// Where the last log lay: most follow into the same interval, which saves a division.
    private var last: (start: Int64, end: Int64, index: Int) = (0, 0, 0)

    init(interval: Int64, limit: Int = HubLimits.histogramBuckets) {
        self.interval = max(1, interval)
        self.limit = max(2, limit)
    }

    /// Counts a log.
    mutating func add(_ level: UInt8, at time: Int64) {
        if time < last.start || time >= last.end { seek(time) }
        counts[last.index][Int(level)] += 1
    }

    /// Counts logs of an interval's part that begins at this time.
    mutating func add(_ levels: LevelCounts, at time: Int64) {
        if time < last.start || time >= last.end { seek(time) }
        counts[last.index] += levels
    }

    /// Counts what another has counted.
    mutating func add(_ other: TimeBuckets) {
        while interval < other.interval { coarsen() }
        for (index, levels) in other.counts.enumerated() where levels.mask != 0 {
            add(levels, at: (other.base + Int64(index)) &* other.interval)
        }
    }

    /// Whether two times are of the same interval.
    func isSame(_ first: Int64, _ second: Int64) -> Bool {
        LogID.floorDivide(first, interval) == LogID.floorDivide(second, interval)
    }

    /// Those with logs, rising.
    var buckets: [LogHistogram.Bucket] {
        counts.enumerated()
            .filter { $0.element.mask != 0 }
            .map { LogHistogram.Bucket(start: (base + Int64($0.offset)) &* interval, levels: $0.element) }
    }

    private mutating func seek(_ time: Int64) {
        var place = LogID.floorDivide(time, interval)
        if counts.isEmpty { base = place }
        while max(place, base + Int64(counts.count) - 1) - min(place, base) >= Int64(limit) {
            coarsen()
            place = LogID.floorDivide(time, interval)
        }
        if place < base {
            counts.insert(contentsOf: [LevelCounts](repeating: LevelCounts(), count: Int(base - place)), at: 0)
            base = place
        }
        let index = Int(place - base)
        if index >= counts.count {
            counts.append(contentsOf: [LevelCounts](repeating: LevelCounts(), count: index + 1 - counts.count))
        }
        let start = place &* interval
        let (end, isBeyond) = start.addingReportingOverflow(interval)
        last = (start, isBeyond ? .max : end, index)
    }

    private mutating func coarsen() {
        guard interval <= .max / 2 else { return }
        interval *= 2
        let newBase = LogID.floorDivide(base, 2)
        var merged: [LevelCounts] = []
        for (index, levels) in counts.enumerated() {
            let place = Int(LogID.floorDivide(base + Int64(index), 2) - newBase)
            while merged.count <= place { merged.append(LevelCounts()) }
            merged[place] += levels
        }
        base = newBase
        counts = merged
        last = (0, 0, 0)
    }
}
