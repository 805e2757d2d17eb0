import Glibc

/// A series made ready for tests: what was measured alone, on a scale where noise is alike everywhere.
///
/// Counts become twice their square root (Anscombe 1948: Poisson noise has then the deviation 1), shares twice the arc
/// sine of theirs (a share of n logs has then the deviation 1/sqrt(n)), other values are centred and put between -1 and
/// 1, so that huge and tiny ones are alike.
struct TrendSamples {
    /// The intervals that have a value, ascending.
    private(set) var times: [Int] = []
    /// Their values in the series' own unit.
    private(set) var raw: [Double] = []
    /// The same on the scale of tests.
    private(set) var values: [Double] = []
    /// For shares, how many logs each is of; else empty.
    private(set) var logs: [Double] = []
    /// The least change that the sensor tells of, in the series' own unit; 0 when nothing says that it has one.
    private(set) var step = 0.0
    /// What every value may differ by for nothing, on the scale of tests.
    private var floor = 0.0

    let subject: Trend.Subject

    var count: Int { values.count }

    /// All values are the same, but for rounding.
    var isConstant: Bool {
        guard let least = raw.min(), let most = raw.max() else { return true }
        return most - least <= HubLimits.trendRounding * max(abs(least), abs(most)) || most - least < 1e-290
    }

    /// What chance alone makes a value differ by, on the scale of tests: a deviation.
    func floor(_ place: Int) -> Double {
        if subject == .errors { return 1 / max(1, logs[place]).squareRoot() }
        return floor
    }

    /// Of the intervals from `first` up to `end`.
    init(_ series: Series, subject: Trend.Subject, counts: Series?, first: Int, end: Int) {
        self.subject = subject
        let known = counts.flatMap {
            $0.interval == series.interval && $0.start == series.start && $0.values.count == series.values.count
                ? $0.values : nil
        }
        for index in first..<end {
            let value = series.values[index]
            guard value.isFinite, abs(value) <= HubLimits.trendLargestValue else { continue }
            switch subject {
            case .count: raw.append(max(0, value))
            case .errors:
                let of = known?[index] ?? 1
                guard of.isFinite, of >= 1 else { continue }
                raw.append(min(max(0, value), 1))
                logs.append(of)
            case .field: raw.append(value)
            }
            times.append(index)
        }
        guard raw.count >= HubLimits.trendLeastValues, !isConstant else { return }
        switch subject {
        case .count:
            values = raw.map { 2 * ($0 + 0.375).squareRoot() }
            floor = 1
        case .errors: values = raw.map { 2 * asin($0.squareRoot()) }
        case .field:
            let center = OrderStatistics.median(raw)
            let centered = raw.map { $0 - center }
            let spread = centered.reduce(0) { max($0, abs($1)) }
            values = centered.map { $0 / spread }
            step = Self.step(of: raw)
            floor = step / 2 / spread
        }
    }

    /// What stood in some intervals, in the series' own unit: the median of measurements, the mean of counts, the share
    /// of all their logs.
    func level(_ places: Range<Int>) -> Double {
        guard !places.isEmpty else { return 0 }
        switch subject {
        case .field: return OrderStatistics.median(raw[places])
        case .count: return raw[places].reduce(0, +) / Double(places.count)
        case .errors:
            let of = logs[places].reduce(0, +)
            return of > 0 ? places.reduce(0) { $0 + raw[$1] * logs[$1] } / of : 0
        }
    }

    /// The values of the intervals from one up to another, those that are there.
    func places(from first: Int, to end: Int) -> Range<Int> {
        let low = place(of: first)
        return low..<max(low, place(of: end))
    }

    /// The first value that is not before an interval.
    private func place(of time: Int) -> Int {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether a change from one level to another, in the series' own unit, is large enough to be told of.
    ///
    /// Large for a reader, and larger than chance makes independent logs differ: a sum of few of them says nothing,
    /// however low the noise around it looks. `between` are the values of the usual level and of the changed one.
    func isWorthTelling(before: Double, after: Double, between usual: Int, _ changed: Range<Int>) -> Bool {
        let change = abs(after - before)
        switch subject {
        case .field:
            let level = max(abs(before), abs(after))
            return change >= HubLimits.trendFieldPart * level && change >= HubLimits.trendSensorSteps * step
        case .count:
            let length = Double(changed.count)
            let variance = max(before, after) * (1 / length + 1 / Double(max(1, usual)))
            return change >= HubLimits.trendCountPart * max(before, after)
                && change * length >= HubLimits.trendCountLogs
                && change >= HubLimits.trendChance * variance.squareRoot()
        case .errors:
            let of = logs[changed].reduce(0, +)
            let all = of + logs.reduce(0, +) / Double(count) * Double(usual)
            let share = (after * of + before * (all - of)) / max(1, all)
            let variance = share * (1 - share) * (1 / max(1, of) + 1 / max(1, all - of))
            return change >= HubLimits.trendShare && change >= HubLimits.trendChance * variance.squareRoot()
        }
    }

    /// The step in which a sensor's values come, 0 when they come in none.
    ///
    /// When three values and more are met several times each, it is their least distance; when few are met at all, the
    /// last decimal that they have, 1 at most: what was always 0 and once 1,000 has no step of 1,000.
    private static func step(of raw: [Double]) -> Double {
        let sorted = raw.sorted()
        let rounding = HubLimits.trendRounding * max(abs(sorted[0]), abs(sorted[sorted.count - 1]))
        var distinct = [sorted[0]]
        var common: [Double] = []
        var met = 1
        for index in 1..<sorted.count {
            if sorted[index] - sorted[index - 1] > rounding {
                distinct.append(sorted[index])
                met = 0
            }
            met += 1
            if met == 3 { common.append(sorted[index]) }
        }
        guard distinct.count * 3 <= raw.count else { return 0 }
        if common.count >= 3 { return zip(common, common.dropFirst()).reduce(.infinity) { min($0, $1.1 - $1.0) } }
        var decimal = 1.0
        while decimal > 1e-9 {
            let isWhole = distinct.allSatisfy {
                let scaled = $0 / decimal
                return abs(scaled - scaled.rounded()) < 1e-6 * max(1, abs(scaled) * 1e-6)
            }
            if isWhole { return decimal }
            decimal /= 10
        }
        return 0
    }
}
