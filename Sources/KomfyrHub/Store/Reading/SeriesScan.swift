import Synchronization

/// Counts by level and the numbers of fields, by interval.
///
/// Chunks that lie wholly in the wanted time count by the summaries of their five minutes where these fit the interval;
/// rows are read of the others, where the filter leaves some of a chunk's levels out, and where a chunk has more fields
/// than columns.
private struct SeriesTally: ScanTally {
    let window: SeriesWindow
    let numbers: ColumnRequest
    private(set) var levels: [LevelCounts]
    private(set) var fields: SeriesFields
    /// Logs of an open tail that are still to be counted.
    private var tail: RowBlock?
    /// Logs whose objects were walked.
    private var walked = 0
    private var path: [UInt8] = []

    /// Of some dotted paths; nil: of every field.
    init(_ window: SeriesWindow, _ wanted: [[UInt8]]?) {
        self.window = window
        levels = [LevelCounts](repeating: LevelCounts(), count: window.count)
        fields = SeriesFields(wanted, intervals: window.count)
        var numbers = ColumnRequest()
        if wanted == nil { numbers.columns = .numbers } else { numbers.numbers = Set(fields.paths) }
        self.numbers = numbers
    }

    mutating func begin(_ group: StoreGroup) {}

    // MARK: Chunks

    mutating func count(_ entry: ChunkEntry, group: Int, _ filter: RowFilter) -> ScanPart? {
        if fields.isNone, let index = window.index(of: entry.oldest), index == window.index(of: entry.newest) {
            levels[index] += entry.levels.masked(filter.levels)
            return nil
        }
        // Summaries tell levels apart, numbers by level they do not.
        let isEvery = fields.isNone || entry.levelMask & ~filter.levels == 0
        return isEvery && window.interval % ChunkInterval.length == 0 ? .summaries : .rows
    }

    mutating func count(_ summaries: ChunkSummaries, of entry: ChunkEntry, _ place: ScanPlace) -> Bool {
        guard summaries.isWhole else { return false }
        // What is damaged in a way that no check sum tells counts for nothing, and never beyond the window.
        let indices = summaries.intervals.map { window.index(of: $0.start) }
        for (index, interval) in zip(indices, summaries.intervals) {
            if let index { levels[index] += interval.levels.masked(place.filter.levels) }
        }
        for (path, numbers) in summaries.numbers {
            guard numbers.contains(where: { $0 != nil }), let field = path.withUnsafeBytes({ fields.place(of: $0) })
            else { continue }
            for (position, summary) in numbers.enumerated() {
                guard let summary, position < indices.count, let index = indices[position] else { continue }
                let start = summaries.intervals[position].start
                fields.add(
                    summary,
                    field: field,
                    interval: index,
                    from: SeriesCell.Place(time: max(entry.oldest, start), sequence: entry.firstSequence),
                    to: SeriesCell.Place(
                        time: min(entry.newest, start + (ChunkInterval.length - 1)),
                        sequence: entry.lastSequence
                    )
                )
            }
        }
        return true
    }

    // MARK: Rows

    mutating func count(_ rows: LogRows, isSorted: Bool, isOpen: Bool, of place: ScanPlace) {
        var block = RowBlock(tail: rows)
        block.isSortedByTime = isSorted
        guard isOpen, !fields.isNone else { return count(block, allSequences: false, of: place) }
        // To look into objects takes long; to copy them does not.
        let wanted = place.filter.rows(of: block, in: place.filter.range(of: block), group: place.group.name)
        if wanted.isEmpty { return }
        var copy = RowBlock(
            timestamps: wanted.map { block.timestamps[Int($0)] },
            sequences: wanted.map { block.sequences[Int($0)] },
            isSortedByTime: false
        )
        copy.levels = wanted.map { rows.columns.levels[Int($0)] }
        var objects = TextColumn()
        objects.ranges.reserveCapacity(wanted.count)
        for row in wanted {
            let range = rows.columns.data[Int(row)]
            objects.ranges.append(
                range.isNone ? .none : TextRange(offset: UInt32(objects.text.count), length: range.length)
            )
            objects.text.append(contentsOf: rows.columns.bytes(range))
        }
        copy.data = .json(objects)
        tail = copy
    }

    mutating func settleTail() {
        guard let block = tail else { return }
        tail = nil
        count(block, Array(0..<UInt32(block.count)))
    }

    mutating func count(_ block: RowBlock, allSequences: Bool, of place: ScanPlace) {
        count(block, place.filter.rows(of: block, in: place.filter.range(of: block), group: place.group.name))
    }

    private mutating func count(_ block: RowBlock, _ wanted: [UInt32]) {
        guard let column = block.levels else { return }
        var rows: [UInt32] = []
        var indices: [Int32] = []
        rows.reserveCapacity(wanted.count)
        indices.reserveCapacity(wanted.count)
        for row in wanted {
            guard let index = window.index(of: block.timestamps[Int(row)]) else { continue }
            levels[index][Int(column[Int(row)])] += 1
            rows.append(row)
            indices.append(Int32(truncatingIfNeeded: index))
        }
        guard !rows.isEmpty, !fields.isNone, let data = block.data else { return }
        switch data {
        case .json(let objects): walk(objects, nil, block, rows, indices)
        case .split(let split):
            for (column, info) in split.columns.enumerated() {
                guard let numbers = split.numbers[column] else { continue }
                fields.add(numbers.values, of: info.path, block, rows, indices)
            }
            // Numbers stand in objects alone where there are more of them than columns.
            if let objects = split.objects, split.columns.count >= HubLimits.numericColumns {
                walk(objects, split, block, rows, indices)
            }
        }
    }

    /// Counts the numbers that stand in objects.
    private mutating func walk(
        _ objects: TextColumn,
        _ split: SplitData?,
        _ block: RowBlock,
        _ rows: [UInt32],
        _ indices: [Int32]
    ) {
        // A member's second appearance in an object is no number of its column.
        let columns = Set(split?.columns.map(\.path) ?? [])
        var room = path
        path = []
        defer { path = room }
        objects.text.withUnsafeBytes { text in
            for (row, interval) in zip(rows, indices) {
                let range = objects.ranges[Int(row)]
                if range.isNone { continue }
                walked += 1
                let place = SeriesCell.Place(time: block.timestamps[Int(row)], sequence: block.sequences[Int(row)])
                DataWalk.numbers(in: UnsafeRawBufferPointer(rebasing: text[range.bounds]), path: &room) { path, value in
                    guard case .number(let digits) = value else { return }
                    if !columns.isEmpty, columns.contains(Array(path)) { return }
                    fields.add(
                        ChunkNumbers.value(of: digits),
                        of: path,
                        interval: Int(interval),
                        log: walked,
                        at: place
                    )
                }
            }
        }
    }

    // MARK: Parts

    mutating func add(_ other: SeriesTally) {
        for index in levels.indices { levels[index] += other.levels[index] }
        fields.add(other.fields)
    }

    // MARK: What was counted

    var hasLogs: Bool { levels.contains { $0.mask != 0 } }

    func series(isPartial: Bool) -> LogSeries {
        var found: [LogSeries.Field] = []
        for (path, cells) in zip(fields.paths, fields.cells) {
            let summaries = cells.map { $0.summary.count > 0 ? $0.summary : nil }
            guard summaries.contains(where: { $0 != nil }) else { continue }
            found.append(LogSeries.Field(path: String(decoding: path, as: UTF8.self), summaries: summaries))
        }
        return LogSeries(
            start: window.start,
            interval: window.interval,
            levels: levels,
            fields: found,
            isPartial: isPartial,
            isCut: fields.isCut,
            whole: window.whole
        )
    }
}

/// The intervals of a series.
struct SeriesWindow: Sendable {
    /// A multiple of the interval.
    let start: Int64
    let interval: Int64
    let count: Int
    /// The first and last nanosecond that is asked for and kept.
    let since: Int64
    let until: Int64
    /// See `LogSeries.whole`.
    let whole: Range<Int>

    /// The window of a query: from what is kept, to the end of the interval that is running, unless the query says.
    init(_ query: LogQuery, interval: Int64, oldest: Int64, now: Int64) {
        var interval = min(max(1, interval), .max / 8)
        // No log lies beyond a day from now.
        let newest = now + HubLimits.futureNanoseconds
        since = min(max(query.since ?? oldest, oldest), newest)
        var until = max(min(query.until ?? newest, newest), since - 1)
        while true {
            let first = LogID.floorDivide(since, interval)
            if query.until == nil {
                until = min(newest, LogID.floorDivide(now, interval) &* interval &+ (interval - 1))
            }
            let last = LogID.floorDivide(until, interval)
            guard last - first < Int64(HubLimits.seriesIntervals) else {
                interval *= 2
                continue
            }
            start = first &* interval
            count = until < since ? 0 : Int(last - first) + 1
            break
        }
        self.until = until
        self.interval = interval
        let low = since == start ? 0 : 1
        // The first nanosecond behind what is asked for and over.
        let end = min(until &+ 1, now)
        let high = end <= start ? 0 : Int(min(Int64(count), (end - start) / interval))
        whole = min(low, count)..<max(min(low, count), high)
    }

    /// Which interval a time is in; nil: none of them.
    @inline(__always)
    func index(of time: Int64) -> Int? {
        guard time >= start, time <= until, count > 0 else { return nil }
        return Int((time &- start) / interval)
    }
}

extension Query {
    /// Counts by level and the numbers of fields (dotted paths; nil: every one), by interval.
    func series(_ query: LogQuery, fields: [String]?, interval: Int64) async -> LogSeries {
        let (window, filter, groups) = frame(query, interval: interval)
        let (tally, isPartial) = await tally(SeriesTally(window, fields?.map { Array($0.utf8) }), filter, groups)
        return tally.series(isPartial: isPartial)
    }

    /// The same of each group by itself that has logs in the wanted time, one after the other; returns that of all
    /// together, for which nothing is read again.
    func seriesByGroup(_ query: LogQuery, interval: Int64, body: (String?, LogSeries) -> Void) async -> LogSeries {
        let (window, filter, groups) = frame(query, interval: interval)
        let empty = SeriesTally(window, nil)
        var all = empty
        var isPartial = state.session == nil
        for group in groups where group.newest.load(ordering: .relaxed) >= window.since {
            if Task.isCancelled {
                isPartial = true
                break
            }
            let (tally, isPartOfGroup) = await tally(empty, filter, [group])
            isPartial = isPartial || isPartOfGroup
            guard isPartOfGroup || tally.hasLogs else { continue }
            all.add(tally)
            body(group.name, tally.series(isPartial: isPartOfGroup))
        }
        return all.series(isPartial: isPartial)
    }

    private func frame(_ query: LogQuery, interval: Int64) -> (SeriesWindow, RowFilter, [StoreGroup]) {
        let window = SeriesWindow(query, interval: interval, oldest: oldest, now: configuration.clock())
        var query = query
        query.since = window.since
        query.until = window.until
        let (filter, groups) = scope(query)
        return (window, filter, groups)
    }

    /// Counts into a tally that has nothing yet.
    private func tally(
        _ empty: SeriesTally,
        _ filter: RowFilter,
        _ groups: [StoreGroup]
    ) async -> (SeriesTally, isPartial: Bool) {
        await state.seriesTurns.take()
        defer { state.seriesTurns.give() }
        return await GroupScan(query: self, filter: filter, empty: empty).run(groups)
    }
}

/// A bounded number of turns; who finds none waits, the first first.
final class Turns: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
