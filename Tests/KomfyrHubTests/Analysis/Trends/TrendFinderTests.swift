import Testing

import struct TestSupport.SeededRandom

@testable import KomfyrHub

@Suite struct TrendFinderTests {
    private typealias Maker = SeriesGenerator

    private func trends(
        _ values: [Double],
        _ subject: Trend.Subject = .field("x"),
        counts: [Double]? = nil
    ) -> [Trend] {
        GeneratedSeries(values: values, subject: subject, counts: counts).trends
    }

    private func place(_ time: Int64) -> Int { Int((time - Maker.start) / Maker.interval) }

    @Test func `a rise that goes on is told with its begin, its end and both of its levels`() throws {
        var maker = Maker(seed: 1)
        let values = maker.white(300).enumerated().map { 22 + 0.2 * $1 + ($0 < 200 ? 0 : 0.1 * Double($0 - 200)) }
        let told = trends(values)
        let trend = try #require(told.first)
        #expect(told.count == 1)
        #expect(trend.kind == .rising)
        #expect(abs(place(trend.from) - 200) <= 6)
        #expect(place(trend.to) == 300)
        #expect(trend.isOngoing)
        #expect(abs(trend.before - 22) < 0.2)
        #expect(abs(trend.after - 31.9) < 0.5)
        #expect(trend.confidence > 0.9 && trend.confidence < 1)
    }

    @Test func `a shift is told from its first interval to the series' end, with the medians of both levels`() throws {
        var maker = Maker(seed: 2)
        let told = trends(maker.white(200).enumerated().map { 100 + $1 + ($0 < 120 ? 0 : 20) })
        let trend = try #require(told.first)
        #expect(told.count == 1)
        #expect(trend.kind == .shift)
        #expect(place(trend.from) == 120)
        #expect(place(trend.to) == 200)
        #expect(trend.isOngoing)
        #expect(abs(trend.before - 100) < 0.5)
        #expect(abs(trend.change - 20) < 0.5)
    }

    @Test func `a spike is told with its farthest value and the interval after it as its end`() throws {
        var values = [Double](repeating: 21, count: 61)
        values[40] = 30
        values[41] = 36.5
        let trend = try #require(trends(values).first)
        #expect(trends(values).count == 1)
        #expect(trend.kind == .spike)
        #expect(place(trend.from) == 40)
        #expect(place(trend.to) == 42)
        #expect(!trend.isOngoing)
        #expect(trend.before == 21)
        #expect(trend.after == 36.5)
    }

    @Test(arguments: 1...5)
    func `what began in the newest intervals is a spike that goes on, intervals`(_ length: Int) throws {
        var maker = Maker(seed: length)
        let told = trends(maker.white(288).enumerated().map { 50 + $1 + ($0 < 288 - length ? 0 : 40) })
        let trend = try #require(told.first)
        #expect(told.count == 1)
        #expect(trend.kind == .spike)
        #expect(trend.isOngoing)
        #expect(place(trend.from) == 288 - length)
        #expect(place(trend.to) == 288)
    }

    @Test func `a drop is told of in its first interval, which is over: the running one is in no series`() {
        var counts = [Double](repeating: 100, count: 100)
        counts[99] = 20
        let told = trends(counts, .count)
        #expect(told.map(\.kind) == [.drop])
        #expect(told.first?.isOngoing == true && told.map { place($0.from) } == [99])
        counts[98] = 20
        #expect(trends(counts, .count).map(\.kind) == [.drop])
    }

    @Test(arguments: 0..<24)
    func `changes so near to one another that a step may be moved onto its neighbour are told within the series`(
        _ form: Int
    ) {
        // Steps and short slopes on nothing, little or some noise, on a level or a walk, whole or in holes: a step is
        // looked for anew beyond the places of its change, where the next one may stand.
        for seed in 0..<40 {
            var maker = Maker(seed: seed)
            let count = maker.whole(12...(form % 2 == 0 ? 60 : 300))
            let size = [0, 0.02, 0.3][form / 2 % 3]
            var values = maker.noise(count).map { $0 * size }
            if form / 6 % 2 == 1 { values = zip(values, maker.walk(count)).map { $0 + 0.3 * $1 } }
            for _ in 0..<maker.whole(2...5) {
                let (first, length) = (maker.whole(1...(count - 2)), maker.whole(1...8))
                let size = maker.sign() * maker.uniform(1, 60)
                for place in first..<count {
                    values[place] += size * min(1, Double(place - first + 1) / Double(length))
                }
            }
            if form / 12 == 1 { for place in 0..<count where maker.chance(0.3) { values[place] = .nan } }
            let told = trends(values.map { 100 + $0 })
            let isWithin = told.allSatisfy { trend in
                trend.from < trend.to && place(trend.from) >= 0 && place(trend.to) <= count
                    && trend.before.isFinite && trend.after.isFinite
            }
            #expect(isWithin, "seed \(seed)")
        }
    }

    @Test func `two events of one series are two findings`() {
        var maker = Maker(seed: 3)
        let values = maker.white(576).enumerated().map { 100 + $1 + ($0 < 400 ? 0 : 15) + ($0 == 150 ? 40 : 0) }
        #expect(Set(trends(values).map(\.kind)) == [.shift, .spike])
        #expect(trends(values).count == 2)
        var other = Maker(seed: 4)
        let steps = other.white(576).enumerated().map { 100 + $1 + ($0 < 200 ? 0 : 15) + ($0 < 400 ? 0 : 30) }
        #expect(trends(steps).allSatisfy { $0.kind == .shift })
        #expect(trends(steps).map { place($0.from) }.sorted() == [200, 400])
        #expect(trends(steps).count { $0.isOngoing } == 1)
    }

    @Test func `a shift that some other finding covers is no spike as well`() {
        for length in 6...30 {
            var maker = Maker(seed: length)
            let told = trends(maker.white(288).enumerated().map { 50 + $1 + ($0 < 288 - length ? 0 : 40) })
            #expect(told.count == 1, "\(length)")
        }
    }

    @Test func `a silent group is told so, and not as a drop or a shift`() throws {
        var counts = [Double](repeating: 12, count: 100) + [Double](repeating: 0, count: 30)
        let trend = try #require(trends(counts, .count).first)
        #expect(trends(counts, .count).count == 1)
        #expect(trend.kind == .silent)
        #expect(place(trend.from) == 100)
        #expect(place(trend.to) == 130)
        #expect(trend.before == 12)
        #expect(trend.after == 0)
        counts[129] = 3
        #expect(trends(counts, .count).map(\.kind).contains(.silent) == false)
    }

    @Test func `a field is silent only while logs go on`() {
        let values = [Double](repeating: 21, count: 100) + [Double](repeating: .nan, count: 30)
        let counts = [Double](repeating: 5, count: 130)
        #expect(trends(values).isEmpty)
        #expect(trends(values, counts: counts).map(\.kind) == [.silent])
        #expect(trends(values, counts: Array(counts[..<100]) + [Double](repeating: 0, count: 30)).isEmpty)
    }

    @Test func `few logs do not make a share of errors`() {
        var shares = [Double](repeating: 0, count: 100)
        shares[50] = 1
        let few = [Double](repeating: 2, count: 100)
        let many = [Double](repeating: 50, count: 100)
        #expect(trends(shares, .errors, counts: few).isEmpty)
        #expect(trends(shares, .errors).isEmpty)
        #expect(trends(shares, .errors, counts: many).map(\.kind) == [.spike])
    }

    @Test(arguments: 1...20)
    func `two hours of readings, one every two minutes, show their spike in intervals of two and of five, seed`(
        _ seed: Int
    ) throws {
        var maker = Maker(seed: seed)
        let first = maker.whole(10...50)
        let readings: [Double] = (0..<61)
            .map { index in
                let usual = 22 + 0.1 * Double(index % 4) + 0.2 * maker.normal()
                return index >= first && index < first + 3 ? usual + 16 : usual
            }
        let told = trends(readings)
        #expect(told.map(\.kind) == [.spike])
        #expect(told.map { place($0.from) } == [first])
        var intervals = [[Double]](repeating: [], count: 25)
        for (index, reading) in readings.enumerated() { intervals[index * 2 / 5].append(reading) }
        let means: [Double] = intervals.map { readings in readings.reduce(0, +) / Double(readings.count) }
        let averages = trends(means)
        #expect(averages.map(\.kind) == [.spike])
        #expect(averages.map { place($0.from) } == [first * 2 / 5])
        #expect(averages.allSatisfy { $0.change > 4 })
    }

    @Test func `a change is the same on any scale`() {
        var maker = Maker(seed: 5)
        let values = maker.white(300).enumerated().map { $1 + ($0 < 150 ? 0 : 20) }
        for scale in [1e-250, 1e-9, 1, 1e9, 1e290] {
            let told = trends(values.map { $0 * scale })
            #expect(told.map(\.kind) == [.shift], "\(scale)")
            #expect(told.map { place($0.from) } == [150], "\(scale)")
        }
    }

    @Test func `turned upside down, a rise is a fall of the same time and sureness`() {
        for seed in 1...20 {
            var maker = Maker(seed: seed)
            let values = maker.noise(400).enumerated().map { 100 + $1 + ($0 < 150 ? 0 : 0.08 * Double($0 - 150)) }
            let up = trends(values)
            let down = trends(values.map { -$0 })
            #expect(up.map(\.from) == down.map(\.from))
            #expect(
                up.map { abs($0.confidence * 1_000).rounded() } == down.map { abs($0.confidence * 1_000).rounded() }
            )
        }
    }

    @Test func `hostile series end in an answer that is finite and within the series`() {
        let odd: [Double] = [
            .nan, .infinity, -.infinity, 0, -0.0, 1e308, -1e308, 1e300, -1e300, .leastNonzeroMagnitude, 1, -1, 21.5,
            .greatestFiniteMagnitude, 1e-300,
        ]
        var random = SeededRandom(seed: 7)
        for round in 0..<300 {
            let count = [0, 1, 2, 5, 11, 12, 13, 25, 60, 577][random.below(10)]
            let few = 1 + random.below(odd.count)
            let values = (0..<count).map { _ in odd[random.below(few)] }
            let other = (0..<random.below(count + 2)).map { _ in odd[random.below(odd.count)] }
            for subject in [Trend.Subject.field("x"), .count, .errors] {
                for start in [Int64.min, 0, .max] {
                    let interval: Int64 = [1, 0, -5, .max, 300_000_000_000][random.below(5)]
                    let told = TrendFinder.trends(
                        of: Series(start: start, interval: interval, values: values),
                        subject: subject,
                        group: "g",
                        counts: Series(start: start, interval: interval, values: other)
                    )
                    #expect(
                        told.allSatisfy {
                            $0.before.isFinite && $0.after.isFinite && $0.change.isFinite && $0.confidence >= 0
                                && $0.confidence <= 1
                        },
                        "\(round)"
                    )
                    #expect(told.allSatisfy { !TrendWords($0, interval: interval, now: 0).sentence.isEmpty })
                }
            }
        }
    }

    @Test func `a long series is looked at in its newest part, in bounded time`() {
        var maker = Maker(seed: 8)
        let values = maker.white(30_000).enumerated().map { 100 + $1 + ($0 < 25_000 ? 0 : 20) }
        let told = trends(values)
        #expect(told.map(\.kind) == [.shift])
        #expect(told.map { place($0.from) } == [25_000])
    }
}
