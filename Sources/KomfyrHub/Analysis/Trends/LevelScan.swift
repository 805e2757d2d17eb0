/// Finds the change that explains most of a series: a move from one level to another, at once or by a slope, or an
/// excursion that came back.
///
/// A move is flat, then straight, then flat: with the knots next to one another it is a change point, with the knots
/// at both ends a trend of the whole, so that one event is one move, and never a step, a slope and a spike. All pairs
/// of some knots are tried by least squares, each in constant time from running sums, and the best is then moved to
/// where it fits best, value by value.
struct LevelScan {
    enum Shape {
        /// From one level to another, which stays.
        case move
        /// To another level and back.
        case excursion
    }

    /// A change, by places in the series.
    struct Event {
        var shape: Shape
        /// Of a move the last place of the old level, where a slope begins; of an excursion its first place.
        var first: Int
        /// Of a move the first place of the new level; of an excursion the place after its last.
        var second: Int
        /// How far it goes, on the scale of tests.
        var size: Double
        /// By how much it lessens the sum of squares.
        var gain: Double

        /// How much of the change has happened at a place, 0 to 1.
        func part(_ place: Int, _ times: [Double]) -> Double {
            if shape == .excursion { return place >= first && place < second ? 1 : 0 }
            if place <= first { return 0 }
            return place >= second ? 1 : (times[place] - times[first]) / (times[second] - times[first])
        }
    }

    private let times: [Double]
    /// Running sums of values, times, times squared, and values times times.
    private let sums: [SIMD4<Double>]
    private var count: Int { times.count }

    init(_ values: [Double], times: [Double]) {
        self.times = times
        var sums: [SIMD4<Double>] = [.zero]
        sums.reserveCapacity(values.count + 1)
        var sum = SIMD4<Double>.zero
        // Around their mean, so that the sums stay small.
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        for (value, time) in zip(values, times) {
            sum += SIMD4(value - mean, time, time * time, (value - mean) * time)
            sums.append(sum)
        }
        self.sums = sums
    }

    /// The best change of all.
    func best() -> Event? {
        let width = max(1, (count - 1 + HubLimits.trendKnots - 1) / HubLimits.trendKnots)
        var knots = Array(stride(from: 0, to: count - 1, by: width))
        knots.append(count - 1)
        var move = Event(shape: .move, first: 0, second: 0, size: 0, gain: 0)
        var excursion = Event(shape: .excursion, first: 0, second: 0, size: 0, gain: 0)
        for (index, first) in knots.enumerated() {
            for second in knots[(index + 1)...] {
                improve(&move, first, second)
                improve(&excursion, first, second)
            }
        }
        let best = [refined(move, width: width), refined(excursion, width: width)].max { $0.gain < $1.gain }
        guard let best, best.gain > 0 else { return nil }
        return best
    }

    /// The best two steps together, or nothing.
    func steps() -> [Event] {
        let segment = HubLimits.trendSegment
        let width = max(1, count / HubLimits.trendKnots)
        var best = (first: 0, second: 0, gain: 0.0)
        for first in stride(from: segment, to: count - 2 * segment, by: width) {
            for second in stride(from: first + segment, through: count - segment, by: width) {
                let low = sums[first].x
                let middle = sums[second].x - low
                let high = sums[count].x - sums[second].x
                let gain =
                    low * low / Double(first) + middle * middle / Double(second - first)
                    + high * high / Double(count - second)
                if gain > best.gain { best = (first, second, gain) }
            }
        }
        guard best.gain > 0 else { return [] }
        let low = sums[best.first].x / Double(best.first)
        let middle = (sums[best.second].x - sums[best.first].x) / Double(best.second - best.first)
        let high = (sums[count].x - sums[best.second].x) / Double(count - best.second)
        return [(best.first, middle - low), (best.second, high - middle)]
            .map {
                Event(shape: .move, first: $0 - 1, second: $0, size: $1, gain: best.gain)
            }
    }

    /// Moved step by step to where it fits best, with ever smaller steps.
    func refined(_ event: Event, width: Int) -> Event {
        guard event.gain > 0 else { return event }
        var best = event
        var step = max(1, width / 2)
        var tries = 0
        while tries < 64 {
            tries += 1
            let (first, second, gain) = (best.first, best.second, best.gain)
            for change in -2...2 {
                for other in -2...2 { improve(&best, first + change * step, second + other * step) }
            }
            if best.gain > gain { continue }
            if step == 1 { break }
            step /= 2
        }
        return best
    }

    /// The same event, measured against these values.
    func measured(_ event: Event) -> Event {
        var event = event
        (event.size, event.gain) = fit(event.shape, event.first, event.second)
        return event
    }

    /// The best step within some places, a move without a slope.
    func step(within places: ClosedRange<Int>) -> Event {
        var best = Event(shape: .move, first: 0, second: 0, size: 0, gain: 0)
        for first in places { improve(&best, first, first + 1) }
        return best
    }

    private func improve(_ best: inout Event, _ first: Int, _ second: Int) {
        guard isAllowed(best.shape, first, second) else { return }
        let (size, gain) = fit(best.shape, first, second)
        guard gain > best.gain else { return }
        best = Event(shape: best.shape, first: first, second: second, size: size, gain: gain)
    }

    /// Levels have a least length; a slope may begin and end with the series.
    private func isAllowed(_ shape: Shape, _ first: Int, _ second: Int) -> Bool {
        let segment = HubLimits.trendSegment
        guard first >= 0, second > first, second < count else { return false }
        switch shape {
        case .move:
            guard first == 0 || first + 1 >= segment else { return false }
            guard second == count - 1 || count - second >= segment else { return false }
            return min(second, count - 1 - first) >= segment
        case .excursion:
            let length = second - first
            return first >= segment && length >= segment && length * 2 <= count && count - second >= segment / 2
        }
    }

    /// By how much the values change with an event, and by how much that lessens the sum of squares.
    private func fit(_ shape: Shape, _ first: Int, _ second: Int) -> (size: Double, gain: Double) {
        var sum: Double
        var squares: Double
        var products: Double
        switch shape {
        case .excursion:
            sum = Double(second - first)
            squares = sum
            products = sums[second].x - sums[first].x
        case .move:
            // Between the knots, then behind them.
            let (low, high) = (first + 1, second)
            let origin = times[first]
            let length = times[second] - origin
            let between = sums[high] - sums[low]
            let (number, time) = (Double(high - low), between.y)
            sum = (time - number * origin) / length
            squares = (between.z - 2 * origin * time + number * origin * origin) / (length * length)
            products = (between.w - origin * between.x) / length
            let behind = Double(count - high)
            sum += behind
            squares += behind
            products += sums[count].x - sums[high].x
        }
        let own = squares - sum * sum / Double(count)
        // The values' mean is 0.
        guard own > 1e-9 else { return (0, 0) }
        return (products / own, products * products / own)
    }
}
