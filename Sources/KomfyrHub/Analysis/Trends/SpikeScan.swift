import Glibc

/// Short excursions: values far from the rolling median, measured by the median absolute deviation (Hampel's filter).
struct SpikeScan {
    /// Neighbouring values that stand off.
    struct Run {
        var places: Range<Int>
        /// The one that stands off farthest.
        var peak: Int
        /// How far that is, on the scale of tests; negative: below.
        var size: Double
        /// The same in robust standard deviations, always positive.
        var scales: Double
    }

    private(set) var runs: [Run] = []
    private let medians: [Double]
    private let scales: [Double]
    private let left: [Double]
    /// What chance alone reaches, going by how the largest values fall off.
    private let least: Double

    /// Of values, those of `samples` or what slower changes leave over of them; `samples` gives times and floors.
    init(_ values: [Double], of samples: TrendSamples) {
        let rolling = OrderStatistics.rolling(values, window: HubLimits.trendWindow)
        medians = rolling.medians
        let left = zip(values, rolling.medians).map { $0 - $1 }
        // What the whole series does now and then is usual: where most values are the same and some are not, the
        // deviation of a window is 0.
        let usual = max(
            OrderStatistics.deviation(left, around: 0),
            OrderStatistics.quantile(left.map { abs($0) }, 0.9) / 1.645
        )
        let scales = values.indices.map {
            max(rolling.deviations[$0], usual, samples.floor($0), .leastNormalMagnitude)
        }
        self.left = left
        self.scales = scales
        // A deviation of few values is itself uncertain.
        let limit = HubLimits.trendSpikeScales + 24 / Double(values.count)
        least = Self.tail(of: left.map { abs($0) })
        var place = 0
        while place < values.count {
            guard abs(left[place]) > max(least, limit * scales[place]) else {
                place += 1
                continue
            }
            let run = run(from: place, of: samples)
            runs.append(run)
            place = run.places.upperBound
        }
    }

    /// The values with short runs put to the median around them: what is left to tell levels by.
    ///
    /// Longer runs stay, since they may be levels of their own.
    func calmed(_ values: [Double]) -> [Double] {
        var calm = values
        for run in runs where run.places.count < HubLimits.trendSegment {
            for place in run.places { calm[place] = medians[place] }
        }
        return calm
    }

    /// The runs that are no habit of the series, the largest first.
    ///
    /// No habit: at most `HubLimits.trendSpikes` of them, or twice as large as all others; not at equal distances; and
    /// nothing of half that size at the same time of another day.
    func unusual(_ samples: TrendSamples, day: Int) -> [Run] {
        var sorted = runs.sorted { abs($0.size) > abs($1.size) }
        if sorted.count > HubLimits.trendSpikes {
            let common = abs(sorted[HubLimits.trendSpikes].size)
            sorted = sorted.prefix(HubLimits.trendSpikes).filter { abs($0.size) >= 2 * common }
        } else if sorted.count == HubLimits.trendSpikes {
            let peaks = sorted.map { samples.times[$0.peak] }.sorted()
            let gaps = (peaks[1] - peaks[0], peaks[2] - peaks[1])
            let alike = abs(sorted[2].size) * 2 >= abs(sorted[0].size)
            if alike, abs(gaps.0 - gaps.1) * 10 <= max(gaps.0, gaps.1) { return [] }
        }
        return sorted.filter { !isDaily($0, samples, day: day) && !isCommonAtEnd($0, samples) }
    }

    /// Whether a run near the series' begin or end only reaches what the series holds elsewhere.
    ///
    /// There the window does not go along: of a switch that is on and off for hours the last time on would stand off.
    private func isCommonAtEnd(_ run: Run, _ samples: TrendSamples) -> Bool {
        let half = HubLimits.trendWindow / 2
        guard run.places.lowerBound < half || run.places.upperBound > left.count - half else { return false }
        let middle = samples.values[run.peak] - run.size / 2
        let common = samples.values.indices.count {
            !run.places.contains($0) && (run.size > 0) == (samples.values[$0] > middle)
        }
        return common * 20 > left.count
    }

    /// What one series in a thousand reaches when its largest values fall off exponentially, as they did so far, or
    /// faster, as normal ones do.
    private static func tail(of sizes: [Double]) -> Double {
        guard sizes.count >= 2 * HubLimits.trendLeastValues else { return 0 }
        let (low, high) = (0.85, 0.95)
        let lower = OrderStatistics.quantile(sizes, low)
        let fall = (OrderStatistics.quantile(sizes, high) - lower) / log((1 - low) / (1 - high))
        return lower + fall * (log((1 - low) * Double(sizes.count)) + log(1_000))
    }

    private func isDaily(_ run: Run, _ samples: TrendSamples, day: Int) -> Bool {
        guard day > HubLimits.trendWindow else { return false }
        let slack = HubLimits.trendSpikes
        for place in left.indices where abs(left[place]) * 2 >= abs(run.size) && (left[place] < 0) == (run.size < 0) {
            let distance = abs(samples.times[place] - samples.times[run.peak])
            let rest = distance % day
            if distance > day / 2, min(rest, day - rest) <= slack + run.places.count { return true }
        }
        return false
    }

    /// From a value that stands off on through all that do, over short pauses.
    private func run(from first: Int, of samples: TrendSamples) -> Run {
        let pause = 3
        var begin = first
        var end = first + 1
        var peak = first
        func isNear(_ place: Int, _ other: Int) -> Bool {
            samples.times[max(place, other)] - samples.times[min(place, other)] <= pause
        }
        func standsOff(_ place: Int) -> Bool {
            abs(left[place]) > HubLimits.trendSpikeEdgeScales * scales[place]
        }
        let earliest = runs.last?.places.upperBound ?? 0
        while begin > earliest, isNear(begin - 1, begin), standsOff(begin - 1) { begin -= 1 }
        var place = end
        while place < left.count, isNear(end - 1, place) {
            if standsOff(place) { end = place + 1 }
            place += 1
        }
        for place in begin..<end where abs(left[place]) > abs(left[peak]) { peak = place }
        return Run(places: begin..<end, peak: peak, size: left[peak], scales: abs(left[peak]) / scales[peak])
    }
}
