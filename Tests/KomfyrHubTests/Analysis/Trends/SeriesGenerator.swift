import Glibc
import Testing

import struct TestSupport.SeededRandom

@testable import KomfyrHub

/// Makes series of known kinds, the same ones for a seed.
struct SeriesGenerator {
    static let interval: Int64 = 300_000_000_000
    /// 2026-11-21T00:00:00Z.
    static let start: Int64 = 1_795_219_200_000_000_000
    /// The intervals of a day.
    static let day = 288

    private var random: SeededRandom

    init(seed: Int) {
        // Neighbouring seeds give one stream a place apart: their first numbers are seeds far from one another.
        var seeds = SeededRandom(seed: UInt64(seed))
        random = SeededRandom(seed: seeds.next())
    }

    static func series(_ values: [Double]) -> Series { Series(start: start, interval: interval, values: values) }

    mutating func uniform(_ low: Double = 0, _ high: Double = 1) -> Double {
        low + (high - low) * Double(random.next() >> 11) / Double(1 << 53)
    }

    mutating func whole(_ range: ClosedRange<Int>) -> Int { range.lowerBound + random.below(range.count) }

    mutating func chance(_ part: Double) -> Bool { uniform() < part }

    mutating func sign() -> Double { chance(0.5) ? 1 : -1 }

    /// Normal with deviation 1 (Box and Muller).
    mutating func normal() -> Double { (-2 * log(uniform(1e-12, 1))).squareRoot() * cos(2 * .pi * uniform()) }

    /// Double exponential with deviation 1: tails as latencies have them.
    mutating func laplace() -> Double { sign() * -log(uniform(1e-12, 1)) / 2.0.squareRoot() }

    /// Poisson, by multiplication below 30, as a rounded normal above.
    mutating func poisson(_ mean: Double) -> Double {
        if mean > 30 { return max(0, (mean + mean.squareRoot() * normal()).rounded()) }
        let limit = exp(-mean)
        var product = uniform()
        var count = 0.0
        while product > limit {
            product *= uniform()
            count += 1
        }
        return count
    }

    mutating func white(_ count: Int) -> [Double] { (0..<count).map { _ in normal() } }

    /// First-order autoregressive with deviation 1.
    mutating func red(_ count: Int, _ memory: Double) -> [Double] {
        var value = normal()
        return (0..<count)
            .map { _ in
                defer { value = memory * value + (1 - memory * memory).squareRoot() * normal() }
                return value
            }
    }

    /// Steps of deviation 1.
    mutating func walk(_ count: Int) -> [Double] {
        var value = 0.0
        return (0..<count)
            .map { _ in
                value += normal()
                return value
            }
    }

    /// A course of a day between -1 and 1, with a second harmonic, of a random phase.
    mutating func daily(_ count: Int) -> [Double] {
        let phase = uniform(0, 2 * .pi)
        let second = uniform(0, 0.4)
        let shift = uniform(0, 2 * .pi)
        return (0..<count)
            .map {
                let angle = 2 * .pi * Double($0) / Double(Self.day)
                return (sin(angle + phase) + second * sin(2 * angle + shift)) / (1 + second)
            }
    }

    /// Noise of one of four kinds, of deviation 1.
    mutating func noise(_ count: Int) -> [Double] {
        switch whole(0...3) {
        case 0: white(count)
        case 1: (0..<count).map { _ in laplace() }
        case 2: red(count, 0.3)
        default: red(count, 0.6)
        }
    }
}

/// A series, and what is to be found in it.
struct GeneratedSeries {
    var values: [Double]
    var subject = Trend.Subject.field("x")
    var counts: [Double]?
    /// Nil: nothing.
    var event: Event?
    /// Another one.
    var second: Event?

    struct Event {
        /// Any of these is right: a slope of an hour may be called a step.
        var kinds: Set<Trend.Kind>
        /// Its first interval.
        var first: Int
        /// How far off `from` may be, in intervals.
        var slack: Int
    }

    var trends: [Trend] {
        TrendFinder.trends(
            of: SeriesGenerator.series(values),
            subject: subject,
            group: nil,
            counts: counts.map(SeriesGenerator.series)
        )
    }

    /// Whether it is the event's finding.
    func isRight(_ trend: Trend, _ event: Event) -> Bool {
        guard event.kinds.contains(trend.kind) else { return false }
        let from = Int((trend.from - SeriesGenerator.start) / SeriesGenerator.interval)
        return abs(from - event.first) <= event.slack
    }
}

/// A kind of series: a name, and how one of it is made.
struct SeriesKind: Sendable, CustomTestStringConvertible {
    var name: String
    /// Of a hundred series with an event, in how many it must be found; of those without one, in how many anything may.
    var limit: Int
    var make: @Sendable (inout SeriesGenerator) -> GeneratedSeries

    var testDescription: String { name }
}
