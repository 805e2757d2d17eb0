import Testing

@testable import KomfyrHub

@Suite struct RankTestsTests {
    @Test func `a median and a quantile are those of the sorted values`() {
        for seed in 1...100 {
            var maker = SeriesGenerator(seed: seed)
            let values = (0..<maker.whole(1...60)).map { _ in Double(maker.whole(-5...5)) }
            let sorted = values.sorted()
            let half = values.count / 2
            #expect(OrderStatistics.median(values) == (sorted[half] + sorted[(values.count - 1) / 2]) / 2)
            for rank in values.indices {
                var copy = values
                #expect(OrderStatistics.select(&copy, rank: rank) == sorted[rank])
            }
        }
        #expect(OrderStatistics.median([]) == 0)
        #expect(OrderStatistics.quantile([], 0.5) == 0)
    }

    @Test func `rolling medians and deviations are those of each window`() {
        for seed in 1...40 {
            var maker = SeriesGenerator(seed: seed)
            let values = (0..<maker.whole(1...80)).map { _ in (10 * maker.normal()).rounded() }
            let size = min([1, 5, 25][maker.whole(0...2)], values.count)
            let rolling = OrderStatistics.rolling(values, window: size)
            for index in values.indices {
                let start = min(max(index - size / 2, 0), values.count - size)
                let window = values[start..<(start + size)].sorted()
                let median = window[size / 2]
                #expect(rolling.medians[index] == median)
                #expect(rolling.deviations[index] == 1.4826 * window.map { abs($0 - median) }.sorted()[size / 2])
            }
        }
    }

    @Test func `the slope of Theil and Sen is that of the line, whatever a fifth of the values are`() {
        let times = (0..<50).map(Double.init)
        let values = times.map { Int($0) % 5 == 2 ? 1e6 * $0 : 3 + 0.5 * $0 }
        let line = RankTests.theilSen(times, values)
        #expect(abs(line.slope - 0.5) < 1e-9)
        #expect(abs(line.intercept - 3) < 1e-9)
    }

    /// Worked by hand: 10 values, one tie of two; 39 rising pairs, 5 falling.
    @Test func `Mann and Kendall count pairs, and ties lessen the variance`() {
        let values: [Double] = [1, 2, 4, 3, 5, 5, 6, 9, 7, 8]
        let sum = 41.0
        let variance = (10.0 * 9 * 25 - 2 * 1 * 9) / 18
        let score = RankTests.mannKendall((0..<10).map(Double.init), values)
        #expect(abs(score) <= (sum - 1) / variance.squareRoot() + 1e-9)
        #expect(score > 2.576)
        #expect(RankTests.mannKendall((0..<10).map(Double.init), values.map { -$0 }) == -score)
        #expect(RankTests.mannKendall([0, 1, 2, 3, 4], [7, 7, 7, 7, 7]) == 0)
    }

    @Test func `of independent noise, Mann and Kendall find a trend as seldom as they should, of red noise too`() {
        for memory in [0.0, 0.4, 0.7] {
            var found = 0
            for seed in 1...400 {
                var maker = SeriesGenerator(seed: seed)
                let score = RankTests.mannKendall((0..<96).map(Double.init), maker.red(96, memory))
                if abs(score) > 1.96 { found += 1 }
            }
            // 5 % by theory; the correction is known to leave some more of strongly red noise.
            #expect(found <= 400 * 20 / 100, "\(memory): \(found)")
        }
    }

    @Test func `Mann and Whitney tell a higher level, and doubt it when neighbours are alike`() {
        let values = (0..<40).map { Double($0 % 7) + ($0 < 20 ? 0 : 10) }
        let free = RankTests.mannWhitney(values, split: 20, left: (0..<40).map { Double($0 * 7 % 11) })
        let alike = RankTests.mannWhitney(values, split: 20, left: (0..<40).map { Double($0 / 10) })
        #expect(free > 5)
        #expect(alike < free / 2)
        #expect(RankTests.mannWhitney([1, 1, 1, 1], split: 2, left: [0, 0, 0, 0]) == 0)
        #expect(RankTests.mannWhitney([1, 2], split: 0, left: []) == 0)
    }
}
