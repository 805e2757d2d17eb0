import Glibc

@testable import KomfyrHub

extension SeriesKind {
    /// Series in which one thing happens; the limit is in how many of a hundred it must be found.
    static let eventful: [SeriesKind] =
        [
            SeriesKind(name: "rising all the time", limit: 90) { maker in
                let (size, sign) = (maker.uniform(4, 15), 1.0)
                return GeneratedSeries(
                    values: maker.noise(576).enumerated().map { 100 + $1 + sign * size * Double($0) / 575 },
                    event: .init(kinds: [.rising], first: 0, slack: 90)
                )
            },
            SeriesKind(name: "rising, still going on", limit: 90) { maker in slope(&maker, sign: 1, isOngoing: true) },
            SeriesKind(name: "rising to a new level", limit: 90) { maker in slope(&maker, sign: 1, isOngoing: false) },
            SeriesKind(name: "falling, still going on", limit: 90) { maker in slope(&maker, sign: -1, isOngoing: true)
            },
            SeriesKind(name: "falling to a new level", limit: 90) { maker in slope(&maker, sign: -1, isOngoing: false)
            },
            SeriesKind(name: "shift", limit: 95) { maker in
                let first = maker.whole(60...515)
                let size = maker.sign() * maker.uniform(4, 15)
                return GeneratedSeries(
                    values: maker.noise(576).enumerated().map { 100 + $1 + ($0 >= first ? size : 0) },
                    event: .init(kinds: [.shift], first: first, slack: 2)
                )
            },
            SeriesKind(name: "shift, 1 to 4 hours old", limit: 90) { maker in
                let first = maker.whole(528...564)
                let size = maker.sign() * maker.uniform(6, 15)
                return GeneratedSeries(
                    values: maker.noise(576).enumerated().map { 100 + $1 + ($0 >= first ? size : 0) },
                    event: .init(kinds: [.shift], first: first, slack: 2)
                )
            },
            SeriesKind(name: "shift of a constant", limit: 98) { maker in
                let first = maker.whole(12...563)
                let size = maker.sign() * maker.uniform(4, 50).rounded()
                return GeneratedSeries(
                    values: (0..<576).map { 60 + ($0 >= first ? size : 0) },
                    event: .init(kinds: [.shift], first: first, slack: 0)
                )
            },
            SeriesKind(name: "shift of a sensor with steps", limit: 95) { maker in
                let first = maker.whole(40...535)
                let size = maker.sign() * Double(maker.whole(4...12))
                return GeneratedSeries(
                    values: maker.red(576, 0.5).enumerated()
                        .map { 40 + (0.7 * $1 + ($0 >= first ? size : 0)).rounded() },
                    event: .init(kinds: [.shift], first: first, slack: 2)
                )
            },
            SeriesKind(name: "shift on a daily course", limit: 60) { maker in
                let first = maker.whole(100...475)
                let size = maker.sign() * maker.uniform(6, 15)
                let noise = maker.white(576)
                return GeneratedSeries(
                    values: maker.daily(576).enumerated().map { 100 + $1 + 0.5 * noise[$0] + ($0 >= first ? size : 0) },
                    event: .init(kinds: [.shift], first: first, slack: 2)
                )
            },
            SeriesKind(name: "small shift, 1.5 to 4 deviations", limit: 40) { maker in
                let first = maker.whole(100...475)
                let size = maker.sign() * maker.uniform(1.5, 4)
                return GeneratedSeries(
                    values: maker.noise(576).enumerated().map { 100 + $1 + ($0 >= first ? size : 0) },
                    event: .init(kinds: [.shift], first: first, slack: 6)
                )
            },
            SeriesKind(name: "two shifts", limit: 80) { maker in
                let first = maker.whole(60...240)
                let second = maker.whole(320...500)
                let size = maker.sign()
                let (one, other) = (size * maker.uniform(6, 15), size * maker.uniform(6, 15))
                return GeneratedSeries(
                    values: maker.white(576).enumerated()
                        .map {
                            100 + $1 + ($0 >= first ? one : 0) + ($0 >= second ? other : 0)
                        },
                    event: .init(kinds: [.shift], first: first, slack: 2),
                    second: .init(kinds: [.shift], first: second, slack: 2)
                )
            },
            SeriesKind(name: "small spike, 6 to 12 deviations", limit: 40) { maker in
                let first = maker.whole(12...560)
                let length = maker.whole(1...4)
                let size = maker.uniform(6, 12)
                return GeneratedSeries(
                    values: maker.noise(576).enumerated()
                        .map {
                            100 + $1 + (first..<(first + length) ~= $0 ? size : 0)
                        },
                    event: .init(kinds: [.spike], first: first, slack: 1)
                )
            },
            SeriesKind(name: "spike", limit: 95) { maker in excursion(&maker, sign: 1, length: maker.whole(1...5)) },
            SeriesKind(name: "drop", limit: 95) { maker in excursion(&maker, sign: -1, length: maker.whole(1...5)) },
            SeriesKind(name: "spike of 1 to 6 hours", limit: 90) { maker in
                excursion(&maker, sign: 1, length: maker.whole(12...72))
            },
            SeriesKind(name: "drop of 1 to 6 hours", limit: 90) { maker in
                excursion(&maker, sign: -1, length: maker.whole(12...72))
            },
            SeriesKind(name: "spike on a daily course", limit: 90) { maker in
                let first = maker.whole(10...560)
                let length = maker.whole(1...5)
                let size = maker.uniform(10, 30)
                let noise = maker.white(576)
                return GeneratedSeries(
                    values: maker.daily(576).enumerated()
                        .map {
                            100 + 10 * $1 + noise[$0] + (first..<(first + length) ~= $0 ? size : 0)
                        },
                    event: .init(kinds: [.spike], first: first, slack: 1)
                )
            },
            SeriesKind(name: "spike of a constant", limit: 98) { maker in
                let first = maker.whole(0...575)
                return GeneratedSeries(
                    values: (0..<576).map { $0 == first ? 80 : 21 },
                    event: .init(kinds: [.spike], first: first, slack: 0)
                )
            },
            SeriesKind(name: "spike in 25 to 61 values", limit: 90) { maker in
                let count = maker.whole(25...61)
                let first = maker.whole(3...(count - 3))
                let size = maker.uniform(12, 30)
                return GeneratedSeries(
                    values: maker.white(count).enumerated().map { 22 + $1 + ($0 == first ? size : 0) },
                    event: .init(kinds: [.spike], first: first, slack: 0)
                )
            },
            SeriesKind(name: "flood of logs", limit: 95) { maker in
                let mean = maker.uniform(0.5, 100)
                let (first, length) = (maker.whole(10...550), maker.whole(1...12))
                let size = 5 * mean + 30
                return GeneratedSeries(
                    values: (0..<576).map { maker.poisson(first..<(first + length) ~= $0 ? mean + size : mean) },
                    subject: .count,
                    event: .init(kinds: [.spike], first: first, slack: 1)
                )
            },
            SeriesKind(name: "flood of logs that goes on", limit: 90) { maker in
                let mean = maker.uniform(0.5, 100)
                let first = maker.whole(500...565)
                return GeneratedSeries(
                    values: (0..<576).map { maker.poisson($0 >= first ? 4 * mean + 20 : mean) },
                    subject: .count,
                    event: .init(kinds: [.shift], first: first, slack: 2)
                )
            },
            SeriesKind(name: "fewer logs", limit: 90) { maker in
                let mean = maker.uniform(10, 100)
                let first = maker.whole(50...540)
                return GeneratedSeries(
                    values: (0..<576).map { maker.poisson($0 >= first ? mean / 2 : mean) },
                    subject: .count,
                    event: .init(kinds: [.shift], first: first, slack: 4)
                )
            },
            SeriesKind(name: "outage that ended", limit: 90) { maker in
                let mean = maker.uniform(20, 100)
                let (first, length) = (maker.whole(20...500), maker.whole(2...40))
                return GeneratedSeries(
                    values: (0..<576).map { first..<(first + length) ~= $0 ? 0 : maker.poisson(mean) },
                    subject: .count,
                    event: .init(kinds: [.drop], first: first, slack: 1)
                )
            },
            SeriesKind(name: "silence", limit: 98) { maker in
                let mean = maker.uniform(2, 100)
                let first = maker.whole(60...565)
                return GeneratedSeries(
                    values: (0..<576).map { $0 >= first ? 0 : max(1, maker.poisson(mean)) },
                    subject: .count,
                    event: .init(kinds: [.silent], first: first, slack: 0)
                )
            },
            SeriesKind(name: "silence of a group that speaks now and then", limit: 90) { maker in
                let mean = maker.uniform(0.2, 2)
                let first = maker.whole(200...400)
                return GeneratedSeries(
                    values: (0..<576).map { $0 >= first ? 0 : maker.poisson(mean) },
                    subject: .count,
                    event: .init(kinds: [.silent], first: first, slack: 12)
                )
            },
            SeriesKind(name: "a field that is missing in logs that go on", limit: 98) { maker in
                let first = maker.whole(60...560)
                return GeneratedSeries(
                    values: maker.white(576).enumerated().map { $0 >= first ? .nan : 20 + $1 },
                    counts: (0..<576).map { _ in 1 + maker.poisson(5) },
                    event: .init(kinds: [.silent], first: first, slack: 0)
                )
            },
            SeriesKind(name: "burst of errors", limit: 90) { maker in
                let mean = maker.uniform(20, 200)
                let counts = (0..<576).map { _ in maker.poisson(mean) }
                let (first, length) = (maker.whole(10...560), maker.whole(1...10))
                let share = maker.uniform(0.3, 0.9)
                return GeneratedSeries(
                    maker: &maker,
                    counts: counts,
                    event: .init(kinds: [.spike], first: first, slack: 1)
                ) { first..<(first + length) ~= $0 ? share : 0.01 }
            },
            SeriesKind(name: "more errors from some time on", limit: 90) { maker in
                let mean = maker.uniform(20, 200)
                let counts = (0..<576).map { _ in maker.poisson(mean) }
                let first = maker.whole(60...540)
                let share = maker.uniform(0.1, 0.4)
                return GeneratedSeries(
                    maker: &maker,
                    counts: counts,
                    event: .init(kinds: [.shift], first: first, slack: 3)
                ) { $0 >= first ? share : 0.01 }
            },
        ]

    /// Flat, then a slope of 4 to 30 hours.
    private static func slope(_ maker: inout SeriesGenerator, sign: Double, isOngoing: Bool) -> GeneratedSeries {
        let length = maker.whole(48...360)
        let first = isOngoing ? 576 - length : maker.whole(12...(564 - length))
        let size = sign * maker.uniform(8, 25)
        return GeneratedSeries(
            values: maker.noise(576).enumerated()
                .map {
                    100 + $1 + size * min(1, max(0, Double($0 - first) / Double(length)))
                },
            event: .init(kinds: [sign > 0 ? .rising : .falling], first: first, slack: max(6, length / 6))
        )
    }

    private static func excursion(_ maker: inout SeriesGenerator, sign: Double, length: Int) -> GeneratedSeries {
        let first = maker.whole(12...(570 - length - 6))
        let size = sign * maker.uniform(12, 40)
        return GeneratedSeries(
            values: maker.noise(576).enumerated().map { 100 + $1 + (first..<(first + length) ~= $0 ? size : 0) },
            event: .init(kinds: [sign > 0 ? .spike : .drop], first: first, slack: 1)
        )
    }
}
