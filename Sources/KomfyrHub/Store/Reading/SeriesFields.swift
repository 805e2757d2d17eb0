#if canImport(Glibc)
import Glibc
#endif

/// A field's numbers in one interval.
struct SeriesCell: Sendable {
    /// A log's place in time, ties by sequence.
    struct Place: Sendable {
        var time: Int64
        var sequence: UInt64

        static func < (left: Place, right: Place) -> Bool {
            left.time != right.time ? left.time < right.time : left.sequence < right.sequence
        }
    }

    private(set) var summary = ChunkInterval.Summary(count: 0, sum: 0, least: 0, most: 0, first: 0, last: 0)
    private var oldest = Place(time: .max, sequence: .max)
    private var newest = Place(time: .min, sequence: 0)

    @inline(__always)
    mutating func add(_ value: Double, at place: Place) {
        add(ChunkInterval.Summary(value), from: place, to: place)
    }

    /// Adds what is known of some logs together.
    @inline(__always)
    mutating func add(_ other: ChunkInterval.Summary, from first: Place, to last: Place) {
        if summary.count == 0 {
            summary = other
            oldest = first
            newest = last
            return
        }
        summary.count &+= other.count
        summary.sum += other.sum
        summary.least = min(summary.least, other.least)
        summary.most = max(summary.most, other.most)
        if first < oldest {
            oldest = first
            summary.first = other.first
        }
        if !(last < newest) {
            newest = last
            summary.last = other.last
        }
    }

    mutating func add(_ other: SeriesCell) {
        if other.summary.count > 0 { add(other.summary, from: other.oldest, to: other.newest) }
    }
}

/// The numbers of a bounded number of fields by interval: of those that were asked for, or of every field.
///
/// When there are too many they are those that come first by the bytes of their paths: a field that once had to go comes
/// behind all that are kept, so it never comes back, and those that are kept are complete whatever was met first.
struct SeriesFields: Sendable {
    /// Rising.
    private(set) var paths: [[UInt8]] = []
    private(set) var cells: [[SeriesCell]] = []
    /// By field, the log that was counted last: a member that stands twice in one log counts once.
    private var lastLogs: [Int] = []
    /// There are more fields.
    private(set) var isCut = false
    private let intervals: Int
    private let limit: Int
    private let isFixed: Bool

    /// With `wanted` no others are taken in.
    init(_ wanted: [[UInt8]]?, intervals: Int) {
        self.intervals = intervals
        limit = Self.limit(intervals: intervals)
        isFixed = wanted != nil
        let sorted = Set(wanted ?? []).sorted { $0.lexicographicallyPrecedes($1) }
        for path in sorted.prefix(limit) { insert(path, at: paths.count) }
        isCut = sorted.count > limit
    }

    /// How many fields there may be with so many intervals.
    static func limit(intervals: Int) -> Int {
        max(1, min(HubLimits.seriesFields, HubLimits.seriesCells / max(1, intervals)))
    }

    /// Whether nothing is counted at all.
    var isNone: Bool { isFixed && paths.isEmpty }

    /// Adds a number of a log; `log` is another for each.
    @inline(__always)
    mutating func add(
        _ value: Double,
        of path: UnsafeRawBufferPointer,
        interval: Int,
        log: Int,
        at place: SeriesCell.Place
    ) {
        guard let field = self.place(of: path), lastLogs[field] != log else { return }
        lastLogs[field] = log
        // The first of a path counts, also where it is none that a double can hold.
        if value.isFinite { cells[field][interval].add(value, at: place) }
    }

    /// Adds numbers that lie in a column, with the interval of each row.
    mutating func add(_ values: [Double], of path: [UInt8], _ block: RowBlock, _ rows: [UInt32], _ intervals: [Int32]) {
        guard let field = path.withUnsafeBytes({ place(of: $0) }) else { return }
        cells[field]
            .withUnsafeMutableBufferPointer { cells in
                for (row, interval) in zip(rows, intervals) {
                    let value = values[Int(row)]
                    guard value.isFinite else { continue }
                    cells[Int(interval)]
                        .add(
                            value,
                            at: SeriesCell.Place(time: block.timestamps[Int(row)], sequence: block.sequences[Int(row)])
                        )
                }
            }
    }

    /// Adds what others have counted, by field and interval.
    mutating func add(_ other: SeriesFields) {
        isCut = isCut || other.isCut
        if paths.isEmpty && !isFixed {
            paths = other.paths
            cells = other.cells
            lastLogs = other.lastLogs
            return
        }
        for (path, theirs) in zip(other.paths, other.cells) {
            guard let field = path.withUnsafeBytes({ place(of: $0) }) else { continue }
            for index in theirs.indices { cells[field][index].add(theirs[index]) }
        }
    }

    /// Where a path's cells are, made if they are wanted; nil: they are not.
    mutating func place(of path: UnsafeRawBufferPointer) -> Int? {
        var low = 0
        var high = paths.count
        while low < high {
            let middle = (low + high) / 2
            let order = paths[middle].withUnsafeBytes { Self.compare($0, path) }
            if order == 0 { return middle }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        // What has no column in a chunk for its length alone is left out of tails too.
        if isFixed || path.count > HubLimits.numericPathBytes { return nil }
        if paths.count == limit {
            isCut = true
            if low == limit { return nil }
            paths.removeLast()
            cells.removeLast()
            lastLogs.removeLast()
        }
        insert(Array(path), at: low)
        return low
    }

    /// Adds what is known of some logs together; `field` is a place of `place(of:)`.
    mutating func add(
        _ summary: ChunkInterval.Summary,
        field: Int,
        interval: Int,
        from first: SeriesCell.Place,
        to last: SeriesCell.Place
    ) {
        cells[field][interval].add(summary, from: first, to: last)
    }

    private mutating func insert(_ path: [UInt8], at index: Int) {
        paths.insert(path, at: index)
        cells.insert([SeriesCell](repeating: SeriesCell(), count: intervals), at: index)
        lastLogs.insert(-1, at: index)
    }

    /// Below, at or above 0, byte by byte.
    private static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let count = min(left.count, right.count)
        if count > 0, let first = left.baseAddress, let second = right.baseAddress {
            let order = memcmp(first, second, count)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }
}
