import Glibc

@testable import KomfyrHub

extension SeriesKind {
    /// Series in which nothing happens; the limit is how many of a hundred may raise an alarm all the same.
    static let quiet: [SeriesKind] = [
        SeriesKind(name: "constant", limit: 0) { maker in
            let level = maker.uniform(-1_000, 1_000).rounded()
            return GeneratedSeries(values: (0..<576).map { _ in level })
        },
        SeriesKind(name: "constant but for rounding", limit: 0) { maker in
            GeneratedSeries(values: (0..<576).map { _ in 0.1 + 1e-16 * maker.normal() })
        },
        SeriesKind(name: "white noise", limit: 2) { maker in
            let (level, size) = (maker.uniform(0, 1_000), maker.uniform(0.1, 100))
            return GeneratedSeries(values: maker.white(576).map { level + size * $0 })
        },
        SeriesKind(name: "white noise, 12 to 60 values", limit: 4) { maker in
            GeneratedSeries(values: maker.white(maker.whole(12...60)).map { 50 + 5 * $0 })
        },
        SeriesKind(name: "noise with heavy tails", limit: 5) { maker in
            GeneratedSeries(values: (0..<576).map { _ in 50 + 5 * maker.laplace() })
        },
        SeriesKind(name: "latencies, log-normal", limit: 10) { maker in
            GeneratedSeries(values: maker.white(576).map { 40 * exp(0.4 * $0) })
        },
        SeriesKind(name: "red noise, memory 0.5", limit: 3) { maker in
            GeneratedSeries(values: maker.red(576, 0.5).map { 50 + 5 * $0 })
        },
        SeriesKind(name: "red noise, memory 0.8", limit: 3) { maker in
            GeneratedSeries(values: maker.red(576, 0.8).map { 50 + 5 * $0 })
        },
        SeriesKind(name: "red noise, memory 0.95", limit: 6) { maker in
            GeneratedSeries(values: maker.red(576, 0.95).map { 50 + 5 * $0 })
        },
        SeriesKind(name: "random walk", limit: 12) { maker in
            GeneratedSeries(values: maker.walk(576).map { 100 + 0.1 * $0 })
        },
        SeriesKind(name: "daily, two days", limit: 4) { maker in
            let size = maker.uniform(1, 10)
            return GeneratedSeries(values: zip(maker.daily(576), maker.red(576, 0.3)).map { 20 + size * $0 + 0.5 * $1 })
        },
        SeriesKind(name: "daily, one day", limit: 8) { maker in
            let size = maker.uniform(1, 10)
            return GeneratedSeries(values: zip(maker.daily(288), maker.red(288, 0.3)).map { 20 + size * $0 + 0.5 * $1 })
        },
        SeriesKind(name: "daily counts", limit: 4) { maker in
            let mean = maker.uniform(5, 200)
            let course = maker.daily(576)
            return GeneratedSeries(values: course.map { maker.poisson(mean * (1 + 0.8 * $0)) }, subject: .count)
        },
        SeriesKind(name: "counts by day, silence at night", limit: 4) { maker in
            let phase = maker.whole(0...287)
            return GeneratedSeries(
                values: (0..<576).map { ($0 + phase) % 288 < 120 ? maker.poisson(20) : 0 },
                subject: .count
            )
        },
        SeriesKind(name: "a peak at the same time each day", limit: 4) { maker in
            let time = maker.whole(0...280)
            return GeneratedSeries(
                values: maker.white(576).enumerated().map { ($0 % 288 - time) / 3 == 0 ? 90 + $1 : 40 + $1 }
            )
        },
        SeriesKind(name: "counts, 0.05 per interval", limit: 3) { maker in
            GeneratedSeries(values: (0..<576).map { _ in maker.poisson(0.05) }, subject: .count)
        },
        SeriesKind(name: "counts, 0.5 per interval", limit: 3) { maker in
            GeneratedSeries(values: (0..<576).map { _ in maker.poisson(0.5) }, subject: .count)
        },
        SeriesKind(name: "counts, 3 per interval", limit: 3) { maker in
            GeneratedSeries(values: (0..<576).map { _ in maker.poisson(3) }, subject: .count)
        },
        SeriesKind(name: "counts, 200 per interval", limit: 3) { maker in
            GeneratedSeries(values: (0..<576).map { _ in maker.poisson(200) }, subject: .count)
        },
        SeriesKind(name: "counts in bursts", limit: 8) { maker in
            GeneratedSeries(
                values: (0..<576).map { _ in maker.poisson(10 * -log(maker.uniform(1e-9, 1))) },
                subject: .count
            )
        },
        SeriesKind(name: "counts once an hour", limit: 1) { maker in
            let phase = maker.whole(0...11)
            return GeneratedSeries(values: (0..<576).map { ($0 + phase) % 12 == 0 ? 40 : 0 }, subject: .count)
        },
        SeriesKind(name: "sparse values", limit: 3) { maker in
            GeneratedSeries(values: (0..<576).map { _ in maker.chance(0.03) ? 50 + 5 * maker.normal() : .nan })
        },
        SeriesKind(name: "half missing, in holes", limit: 3) { maker in
            var isThere = true
            let values = maker.red(576, 0.3)
                .map { value in
                    if maker.chance(0.05) { isThere.toggle() }
                    return isThere ? 50 + 5 * value : .nan
                }
            return GeneratedSeries(values: values)
        },
        SeriesKind(name: "with NaN and infinities", limit: 3) { maker in
            GeneratedSeries(
                values: maker.white(576)
                    .map { value in
                        maker.chance(0.1) ? [.nan, .infinity, -.infinity][maker.whole(0...2)] : 50 + 5 * value
                    }
            )
        },
        SeriesKind(name: "huge or tiny", limit: 3) { maker in
            let scale = pow(10, maker.uniform(-307, 298))
            return GeneratedSeries(values: maker.white(576).map { $0 * scale })
        },
        SeriesKind(name: "sensor with coarse steps", limit: 3) { maker in
            let step = [0.1, 0.5, 1][maker.whole(0...2)]
            return GeneratedSeries(values: maker.red(576, 0.7).map { 21 + step * (0.7 * $0).rounded() })
        },
        SeriesKind(name: "sensor flickering between two steps", limit: 1) { maker in
            GeneratedSeries(values: (0..<576).map { _ in maker.chance(0.02) ? 21.5 : 21 })
        },
        SeriesKind(name: "duty cycle", limit: 3) { maker in
            let length = maker.whole(4...40)
            let part = maker.uniform(0.2, 0.8)
            return GeneratedSeries(
                values: (0..<576).map { Double($0 % length) < part * Double(length) ? 80 + maker.normal() : 5 }
            )
        },
        SeriesKind(name: "on and off at random", limit: 3) { maker in
            var isOn = false
            let change = maker.uniform(0.03, 0.3)
            return GeneratedSeries(
                values: (0..<576)
                    .map { _ in
                        if maker.chance(change) { isOn.toggle() }
                        return isOn ? 1 : 0
                    }
            )
        },
        SeriesKind(name: "saw teeth", limit: 3) { maker in
            let length = maker.whole(10...70)
            return GeneratedSeries(
                values: (0..<576).map { 200 + 300 * Double($0 % length) / Double(length) + 5 * maker.normal() }
            )
        },
        SeriesKind(name: "a clock", limit: 0) { maker in
            let start = maker.uniform(0, 1e6)
            return GeneratedSeries(values: (0..<576).map { start + 300 * Double($0) + maker.uniform(0, 10) })
        },
        SeriesKind(name: "share of errors, few logs", limit: 3) { maker in
            let counts = (0..<576).map { _ in maker.poisson(4) }
            return GeneratedSeries(maker: &maker, counts: counts) { _ in 0.05 }
        },
        SeriesKind(name: "share of errors, many logs", limit: 3) { maker in
            let counts = maker.daily(576).map { maker.poisson(200 + 150 * $0) }
            let share = maker.uniform(0.001, 0.1)
            return GeneratedSeries(maker: &maker, counts: counts) { _ in share }
        },
        SeriesKind(name: "no errors", limit: 0) { maker in
            let counts = (0..<576).map { _ in maker.poisson(10) }
            return GeneratedSeries(maker: &maker, counts: counts) { _ in 0 }
        },
    ]
}

extension GeneratedSeries {
    /// The share of errors among so many logs, each of which is one by chance.
    init(maker: inout SeriesGenerator, counts: [Double], event: Event? = nil, share: (Int) -> Double) {
        var values: [Double] = []
        for (index, count) in counts.enumerated() {
            let share = share(index)
            let errors = min(count, maker.binomial(Int(count), share))
            values.append(count > 0 ? errors / count : .nan)
        }
        self.init(values: values, subject: .errors, counts: counts, event: event)
    }
}

extension SeriesGenerator {
    mutating func binomial(_ count: Int, _ share: Double) -> Double {
        var hits = 0.0
        for _ in 0..<count where chance(share) { hits += 1 }
        return hits
    }
}
