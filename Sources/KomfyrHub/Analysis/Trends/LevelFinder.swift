/// Decides which changes of level and slope of a series are events, and which are its way of wandering.
///
/// Noise that remembers (red noise, a random walk, a daily course, a compressor that switches) has levels and slopes
/// at every turn, and every test that takes values for independent finds them. What tells an event from them is that
/// it is large beside all else that the series does at that pace: the change must exceed several times the spread of
/// what is left, smoothed over the length of the shortest level.
struct LevelFinder {
    /// An event and how far above the line drawn it lies: 1 is on it.
    struct Found {
        var event: LevelScan.Event
        var score: Double
    }

    private(set) var found: [Found] = []
    /// What the found events explain, for each value.
    private(set) var fit: [Double]
    /// The values without it, around their mean.
    private(set) var left: [Double]

    private let times: [Double]

    init(_ values: [Double], times places: [Int], floor: Double) {
        times = places.map { Double($0 - (places.first ?? 0)) }
        fit = [Double](repeating: 0, count: values.count)
        left = values
        guard values.count >= 2 * HubLimits.trendSegment else { return }
        var events: [LevelScan.Event] = []
        var best = 0.0
        for needed in HubLimits.trendWanders {
            guard let event = LevelScan(left, times: times).best() else { break }
            events.append(event)
            settle(&events, values)
            if events.count == 2 {
                // A slope through two steps hides both: they are tried for themselves.
                var steps = LevelScan(values, times: times).steps()
                settle(&steps, values)
                let isBetter = RankTests.variance(without(steps, values)) < RankTests.variance(without(events, values))
                if steps.count == 2, isBetter { events = steps }
            }
            left = without(events, values)
            // Were all values independent, noise would reach that much: more changes would only trace it.
            let least = events.reduce(.infinity) { min($0, $1.gain) }
            if least < HubLimits.trendNoiseGain * RankTests.variance(left) { break }
            let scores = events.map { score($0, needed: needed, floor: floor) }
            // Each must stand out, since the fit holds for all of them only. One more change is believed when all are
            // surer with it: of two steps the best single change is a slope.
            guard let sureness = scores.min(), sureness >= max(1, best), isCalm(events) else { continue }
            best = sureness
            found = merged(zip(events, scores).map(Found.init))
            fit = zip(values, left).map { $0 - $1 }
        }
        left = zip(values, fit).map { $0 - $1 }
        let mean = left.reduce(0, +) / Double(left.count)
        for place in left.indices { left[place] -= mean }
    }

    /// Places each event again with what the others explain taken out: the first was placed while they disturbed it.
    private func settle(_ events: inout [LevelScan.Event], _ values: [Double]) {
        guard events.count > 1 else { return }
        for index in [events.indices, events.indices].joined() {
            var others = events
            others.remove(at: index)
            let scan = LevelScan(without(others, values), times: times)
            events[index] = scan.refined(scan.measured(events[index]), width: max(2, times.count / 48))
        }
    }

    private func without(_ events: [LevelScan.Event], _ values: [Double]) -> [Double] {
        var left = values
        for event in events {
            for place in left.indices { left[place] -= event.size * event.part(place, times) }
        }
        return left
    }

    /// What one event explains, for each value.
    func partOf(_ event: LevelScan.Event) -> [Double] { times.indices.map { event.size * event.part($0, times) } }

    /// How many values the shorter of the two levels has.
    private func shortest(_ event: LevelScan.Event) -> Int {
        if event.shape == .excursion {
            let length = event.second - event.first
            return min(length, times.count - length)
        }
        let middle = (times[event.first] + times[event.second]) / 2
        let before = times.partitioningIndex { $0 >= middle }
        return min(before, times.count - before)
    }

    private func score(_ event: LevelScan.Event, needed: Double, floor: Double) -> Double {
        let length = max(1, min(shortest(event), times.count / 10))
        var sum = left[..<length].reduce(0, +)
        var means = [sum / Double(length)]
        means.reserveCapacity(left.count)
        for place in length..<left.count {
            sum += left[place] - left[place - length]
            means.append(sum / Double(length))
        }
        let wander = OrderStatistics.quantile(means, 0.95) - OrderStatistics.quantile(means, 0.05)
        // A residue of nothing is still a residue: half the sensor's step, or what rounding leaves.
        return abs(event.size) / (needed * max(wander, floor / Double(length).squareRoot(), 1e-12))
    }

    /// Changes that undo one another are told of only on the ground of a level that holds two thirds of the time: a daily
    /// course, too, is a slope up and a slope down.
    private func isCalm(_ events: [LevelScan.Event]) -> Bool {
        guard events.count > 1 else { return true }
        let sorted = events.sorted { $0.first < $1.first }
        guard Set(sorted.map { $0.size < 0 }).count > 1 || sorted.contains(where: { $0.shape == .excursion }) else {
            return true
        }
        var model = [Double](repeating: 0, count: times.count)
        for event in events {
            for place in model.indices { model[place] += event.size * event.part(place, times) }
        }
        let usual = OrderStatistics.median(model)
        let slack = (events.map { abs($0.size) }.min() ?? 0) / 4
        return model.count { abs($0 - usual) <= slack } * 3 >= model.count * 2
    }

    /// Joins what is one event: moves in one direction on one another's heels are one slope; a move and its undoing are
    /// an excursion.
    private func merged(_ found: [Found]) -> [Found] {
        var merged: [Found] = []
        for next in found.sorted(by: { $0.event.first < $1.event.first }) {
            guard let last = merged.last, last.event.shape == .move, next.event.shape == .move else {
                merged.append(next)
                continue
            }
            var joined = last
            joined.score = min(last.score, next.score)
            let pause = next.event.first - last.event.second
            let length = max(last.event.second - last.event.first, next.event.second - next.event.first)
            if (last.event.size < 0) == (next.event.size < 0) {
                guard pause <= max(HubLimits.trendSegment, length / 4) else {
                    merged.append(next)
                    continue
                }
                joined.event.second = max(last.event.second, next.event.second)
                joined.event.size += next.event.size
            } else if abs(last.event.size + next.event.size) * 4 <= abs(last.event.size),
                next.event.second - last.event.first <= times.count / 2
            {
                joined.event.shape = .excursion
                joined.event.first = last.event.first + 1
                joined.event.second = next.event.second
            } else {
                merged.append(next)
                continue
            }
            merged[merged.count - 1] = joined
        }
        return merged
    }
}

extension [Double] {
    /// The first place from which on all hold, when all that do come last.
    fileprivate func partitioningIndex(_ holds: (Double) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
