/// Tests that look at order alone, so that no shape of noise has to be assumed.
enum RankTests {
    /// The median of all pairwise slopes (Theil 1950, Sen 1968), and the line's value at 0 (the median of what is left).
    ///
    /// Of at most `HubLimits.trendPairPoints` points: make them fewer by `thinned` first.
    static func theilSen(_ times: [Double], _ values: [Double]) -> (slope: Double, intercept: Double) {
        var slopes: [Double] = []
        slopes.reserveCapacity(times.count * (times.count - 1) / 2)
        for second in times.indices {
            for first in 0..<second where times[second] > times[first] {
                slopes.append((values[second] - values[first]) / (times[second] - times[first]))
            }
        }
        let slope = OrderStatistics.median(slopes)
        return (slope, OrderStatistics.median(zip(times, values).lazy.map { $1 - slope * $0 }))
    }

    /// Mann's and Kendall's test for a monotonic trend: how many standard deviations the count of rising pairs less
    /// falling ones lies from none.
    ///
    /// The variance is corrected for ties, and for what neighbours have in common (Hamed and Rao 1998: by the
    /// autocorrelations of the ranks of what the slope leaves over, where they are significant).
    static func mannKendall(_ times: [Double], _ values: [Double]) -> Double {
        let count = values.count
        guard count > 3 else { return 0 }
        var sum = 0
        for second in values.indices {
            for first in 0..<second {
                if values[second] > values[first] { sum += 1 } else if values[second] < values[first] { sum -= 1 }
            }
        }
        let size = Double(count)
        let ties = ranks(values).ties
        var variance = size * (size - 1) * (2 * size + 5) / 18
        for tie in ties { variance -= tie * (tie - 1) * (2 * tie + 5) / 18 }
        guard variance > 0 else { return 0 }
        let slope = theilSen(times, values).slope
        let left = ranks(zip(times, values).map { $1 - slope * $0 }).ranks
        var correction = 1.0
        for lag in 1..<max(2, count / 4) {
            let correlation = autocorrelation(left, lag: lag)
            guard abs(correlation) > 1.96 / size.squareRoot() else { continue }
            let rest = size - Double(lag)
            correction += 2 / (size * (size - 1) * (size - 2)) * rest * (rest - 1) * (rest - 2) * correlation
        }
        // Neighbours that repel one another would make it surer than independent ones: that is not claimed.
        variance *= max(1, correction)
        let distance = Double(abs(sum)) - 1
        return distance <= 0 ? 0 : Double(sum.signum()) * distance / variance.squareRoot()
    }

    /// Mann's and Whitney's test of whether what comes from `split` on is larger than what is before: in standard
    /// deviations, corrected for ties, and for neighbours by the lag 1 autocorrelation of what the two levels leave.
    static func mannWhitney(_ values: [Double], split: Int, left: [Double]) -> Double {
        let before = Double(split)
        let after = Double(values.count - split)
        guard before > 0, after > 0 else { return 0 }
        let (ranks, ties) = ranks(values)
        let size = before + after
        let sum = ranks[split...].reduce(0, +) - after * (after + 1) / 2
        let tied = ties.reduce(0) { $0 + ($1 * $1 * $1 - $1) }
        let variance = before * after / 12 * (size + 1 - tied / (size * (size - 1)))
        guard variance > 0 else { return 0 }
        let correlation = min(max(0, autocorrelation(left, lag: 1)), 0.99)
        let independent = (1 - correlation) / (1 + correlation)
        return (sum - before * after / 2) / variance.squareRoot() * independent.squareRoot()
    }

    /// The mean square distance from the mean; 0 of none.
    static func variance(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }

    /// How alike values are to those `lag` places on, -1 to 1; 0 of constant ones.
    static func autocorrelation(_ values: [Double], lag: Int) -> Double {
        guard lag < values.count else { return 0 }
        let mean = values.reduce(0, +) / Double(values.count)
        var own = 0.0
        var common = 0.0
        for index in values.indices {
            own += (values[index] - mean) * (values[index] - mean)
            if index >= lag { common += (values[index] - mean) * (values[index - lag] - mean) }
        }
        return own > 0 ? common / own : 0
    }

    /// The same course in no more than `count` points: the middle times and medians of equal parts.
    static func thinned(_ times: ArraySlice<Int>, _ values: ArraySlice<Double>, to count: Int)
        -> (times: [Double], values: [Double])
    {
        let parts = min(count, values.count)
        var thinTimes: [Double] = []
        var thinValues: [Double] = []
        for part in 0..<parts {
            let low = values.count * part / parts
            let high = values.count * (part + 1) / parts
            let first = Double(times[times.startIndex + low])
            let last = Double(times[times.startIndex + high - 1])
            thinTimes.append((first + last) / 2)
            thinValues.append(OrderStatistics.median(values[(values.startIndex + low)..<(values.startIndex + high)]))
        }
        return (thinTimes, thinValues)
    }

    /// Each value's rank from 1 on, equal ones sharing the mean of theirs, and how many share each.
    private static func ranks(_ values: [Double]) -> (ranks: [Double], ties: [Double]) {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var ties: [Double] = []
        var first = 0
        while first < order.count {
            var end = first + 1
            while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
            for place in first..<end { ranks[order[place]] = Double(first + end + 1) / 2 }
            if end - first > 1 { ties.append(Double(end - first)) }
            first = end
        }
        return (ranks, ties)
    }
}
