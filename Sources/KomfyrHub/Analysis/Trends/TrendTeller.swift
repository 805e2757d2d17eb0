/// Puts what was found into the series' own unit, and drops what is too small there, or fails its test of ranks.
struct TrendTeller {
    private let samples: TrendSamples
    private let series: Series
    private let group: String?
    /// The interval after the last that was looked at.
    private let end: Int

    init(_ samples: TrendSamples, series: Series, group: String?, end: Int) {
        self.samples = samples
        self.series = series
        self.group = group
        self.end = end
    }

    /// A change of level or slope; nil if it is not worth telling.
    func trend(of found: LevelFinder.Found, levels: LevelFinder) -> Trend? {
        let event = found.event
        // What stood before it and after it, as far as the neighbouring events.
        let others = levels.found.map(\.event).filter { $0.first != event.first || $0.second != event.second }
        let low = others.map(\.second).filter { $0 <= event.first }.max() ?? 0
        let high = others.map(\.first).filter { $0 >= event.second }.min() ?? samples.count
        switch event.shape {
        case .excursion: return excursion(found, low..<event.first, event.second..<high)
        case .move: return move(found, levels, low: low, high: high)
        }
    }

    /// A short excursion; nil if it is not worth telling.
    func trend(of run: SpikeScan.Run, limit: Double) -> Trend? {
        let reach = HubLimits.trendWindow
        let low = max(0, run.places.lowerBound - reach)
        let high = min(samples.count, run.places.upperBound + reach)
        let around = Array(samples.raw[low..<run.places.lowerBound] + samples.raw[run.places.upperBound..<high])
        guard !around.isEmpty else { return nil }
        let before: Double
        switch samples.subject {
        case .field: before = OrderStatistics.median(around)
        case .count, .errors: before = usual(low..<run.places.lowerBound, run.places.upperBound..<high)
        }
        let changed = samples.level(run.places)
        guard samples.isWorthTelling(before: before, after: changed, between: around.count, run.places) else {
            return nil
        }
        let after = samples.raw[run.peak]
        let isConstant = around.allSatisfy { $0 == before }
        if isConstant, abs(after - before) < HubLimits.trendConstantPart * max(abs(before), abs(after)) { return nil }
        return made(
            run.size > 0 ? .spike : .drop,
            places: run.places,
            isOngoing: isLast(run.places.upperBound - 1),
            before: before,
            after: after,
            score: run.scales / limit
        )
    }

    private func excursion(_ found: LevelFinder.Found, _ head: Range<Int>, _ tail: Range<Int>) -> Trend? {
        let event = found.event
        let inside = event.first..<event.second
        let before = usual(head, tail)
        let level = samples.level(inside)
        guard samples.isWorthTelling(before: before, after: level, between: head.count + tail.count, inside) else {
            return nil
        }
        if isDaily(event, change: level - before) { return nil }
        let far = event.size > 0 ? samples.raw[inside].max() : samples.raw[inside].min()
        return made(
            event.size > 0 ? .spike : .drop,
            places: inside,
            isOngoing: false,
            before: before,
            after: far ?? level,
            score: found.score
        )
    }

    private func move(_ found: LevelFinder.Found, _ levels: LevelFinder, low: Int, high: Int) -> Trend? {
        var event = found.event
        let step = asStep(event, levels, low: low, high: high)
        if let step { event = step }
        let head = low..<(event.first + 1)
        let tail = event.second..<high
        let inside = event.first...event.second
        // A slope's ends: a level where there is one, else where its line begins and ends.
        let (times, values) = RankTests.thinned(
            samples.times[inside],
            samples.raw[inside],
            to: HubLimits.trendPairPoints
        )
        let line = step == nil ? RankTests.theilSen(times, values) : (slope: 0, intercept: 0)
        let isSlopeFromStart = step == nil && head.count < HubLimits.trendSegment
        let isSlopeToEnd = step == nil && tail.count < HubLimits.trendSegment
        let begin = Double(samples.times[event.first])
        let last = Double(samples.times[event.second])
        let before = isSlopeFromStart ? line.intercept + line.slope * begin : samples.level(head)
        let after = isSlopeToEnd ? line.intercept + line.slope * last : samples.level(tail)
        guard (after > before) == (event.size > 0), !isDaily(event, change: after - before) else { return nil }
        let middle = (event.first + event.second + 1) / 2
        let changed = step == nil ? middle..<high : tail
        guard samples.isWorthTelling(before: before, after: after, between: changed.lowerBound - low, changed) else {
            return nil
        }
        let score: Double
        if step == nil {
            score = abs(RankTests.mannKendall(times, values))
            if isClock(event) { return nil }
        } else {
            // What rounding leaves of levels without any noise is no noise that remembers.
            let least = HubLimits.trendRounding * abs(event.size)
            score = abs(
                RankTests.mannWhitney(
                    Array(samples.values[low..<high]),
                    split: event.second - low,
                    left: levels.left[low..<high].map { ($0 / least).rounded() * least }
                )
            )
        }
        guard score >= HubLimits.trendRankScore, !isWalk(event, levels.left) else { return nil }
        let isLast = high == samples.count && self.isLast(high - 1)
        if step != nil {
            return made(
                .shift,
                places: event.second..<high,
                isOngoing: isLast,
                before: before,
                after: after,
                score: found.score
            )
        }
        return made(
            event.size > 0 ? .rising : .falling,
            places: (event.first == 0 ? 0 : event.first + 1)..<(event.second + 1),
            isOngoing: isSlopeToEnd && isLast,
            before: before,
            after: after,
            score: found.score
        )
    }

    /// A move that a step explains as well as a slope does is a step; it stays between the neighbouring events.
    private func asStep(_ event: LevelScan.Event, _ levels: LevelFinder, low: Int, high: Int) -> LevelScan.Event? {
        let segment = HubLimits.trendSegment
        let short = event.second - event.first <= 2
        guard samples.count >= 2 * segment else { return nil }
        // On both sides of a place there is something of the series between the neighbours.
        let first = max(segment - 1, event.first - 2, low)
        let last = min(event.second + 1, samples.count - 1 - segment, high - 2)
        guard first <= last else { return nil }
        let places = first...last
        let values = zip(levels.left, levels.partOf(event)).map { $0 + $1 }
        let scan = LevelScan(values, times: samples.times.map { Double($0 - samples.times[0]) })
        let step = scan.step(within: places)
        guard step.gain > 0 else { return nil }
        if short { return step }
        // What the slope explains beyond the step must be more than noise: some 4 deviations of it.
        let more = scan.measured(event).gain - step.gain
        return more <= 16 * RankTests.variance(levels.left) ? step : nil
    }

    /// Whether the same change, or half of it, came at the same time of the day before or after.
    private func isDaily(_ event: LevelScan.Event, change: Double) -> Bool {
        let times = samples.times
        let day = Int(clamping: TrendFinder.day / series.interval)
        let length = times[event.second] - times[event.first]
        guard day > HubLimits.trendWindow, length * 2 <= day else { return false }
        let reach = HubLimits.trendWindow / 2
        let slack = HubLimits.trendSpikes
        for shift in [-day, day] {
            let first = times[event.first] + shift
            let second = times[event.second] + shift
            var before = samples.places(from: first - slack - reach, to: first - slack)
            if before.isEmpty, event.shape == .excursion {
                before = samples.places(from: second + slack, to: second + slack + reach)
            }
            let after =
                event.shape == .excursion
                ? samples.places(from: first, to: second)
                : samples.places(from: second + slack, to: second + slack + reach)
            guard !before.isEmpty, !after.isEmpty else { continue }
            let other = samples.level(after) - samples.level(before)
            if (other < 0) == (change < 0), abs(other) * 2 >= abs(change) { return true }
        }
        return false
    }

    /// Whether steps as they come, of either sign, would carry the series that far by chance.
    ///
    /// Asked only where what is left over remembers almost all: elsewhere the steps are noise that is taken back.
    private func isWalk(_ event: LevelScan.Event, _ left: [Double]) -> Bool {
        guard RankTests.autocorrelation(left, lag: 1) > HubLimits.trendWalkMemory else { return false }
        let steps = zip(left.dropFirst(), left).map { $0 - $1 }
        let step = max(OrderStatistics.deviation(steps, around: 0), RankTests.variance(steps).squareRoot())
        let length = Double(event.second - event.first)
        return abs(event.size) < HubLimits.trendWalkScales * step * length.squareRoot()
    }

    /// Uptimes, sequence numbers and clocks rise, too, from the first value to the last, and that is no news.
    private func isClock(_ event: LevelScan.Event) -> Bool {
        guard samples.subject != .count, event.first == 0, event.second == samples.count - 1 else { return false }
        let (first, last) = (samples.raw[0], samples.raw[samples.count - 1])
        let slope = (last - first) / Double(samples.times[samples.count - 1] - samples.times[0])
        return samples.raw.indices.allSatisfy {
            let line = first + slope * Double(samples.times[$0] - samples.times[0])
            return abs(samples.raw[$0] - line) <= 0.005 * abs(last - first)
        }
    }

    private func usual(_ head: Range<Int>, _ tail: Range<Int>) -> Double {
        guard !tail.isEmpty else { return samples.level(head) }
        guard !head.isEmpty else { return samples.level(tail) }
        let (first, second) = (Double(head.count), Double(tail.count))
        return (samples.level(head) * first + samples.level(tail) * second) / (first + second)
    }

    /// Nothing came after it, up to now: not even silence.
    private func isLast(_ place: Int) -> Bool {
        end == series.values.count && place == samples.count - 1 && samples.times[place] >= end - 2
    }

    private func made(
        _ kind: Trend.Kind,
        places: Range<Int>,
        isOngoing: Bool,
        before: Double,
        after: Double,
        score: Double
    ) -> Trend {
        let last = isOngoing ? end : samples.times[places.upperBound - 1] + 1
        return Trend(
            subject: samples.subject,
            group: group,
            kind: kind,
            from: series.time(samples.times[places.lowerBound]),
            to: series.time(last),
            before: before,
            after: after,
            confidence: TrendFinder.confidence(score),
            isOngoing: isOngoing
        )
    }
}
