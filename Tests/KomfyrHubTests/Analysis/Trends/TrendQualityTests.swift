import Glibc
import Testing

@testable import KomfyrHub

/// How many events are found, and how many findings are events, over generated series of each kind.
///
/// `KOMFYRVAKT_TREND_SERIES=300` makes more of each kind and prints the table of docs/analysis.md.
@Suite struct TrendQualityTests {
    private static let wanted = getenv("KOMFYRVAKT_TREND_SERIES").flatMap { Int(String(cString: $0)) }
    private static var series: Int { min(max(1, wanted ?? 30), 10_000) }

    @Test(arguments: SeriesKind.quiet)
    func `series in which nothing happens raise no alarm`(_ kind: SeriesKind) {
        var alarms = 0
        var example = ""
        for seed in 1...Self.series {
            var maker = SeriesGenerator(seed: seed)
            let trends = kind.make(&maker).trends
            guard let trend = trends.first else { continue }
            alarms += 1
            example = "seed \(seed): \(TrendWords(trend, interval: SeriesGenerator.interval, now: trend.to).sentence)"
        }
        if Self.wanted != nil { print("| \(kind.name) | \(percent(alarms, Self.series)) | \(example)") }
        // One more than its part, since 30 series are few.
        #expect(alarms * 100 <= kind.limit * Self.series + 100, "\(alarms) of \(Self.series), \(example)")
    }

    @Test(arguments: SeriesKind.eventful)
    func `what happens is found once, as what it is, since when it happened`(_ kind: SeriesKind) {
        var found = 0
        var all = 0
        var wantedInAll = 0
        var example = ""
        for seed in 1...Self.series {
            var maker = SeriesGenerator(seed: seed)
            let series = kind.make(&maker)
            let trends = series.trends
            all += trends.count
            let wanted = [series.event, series.second].compactMap { $0 }
            let right = wanted.count { event in trends.contains { series.isRight($0, event) } }
            found += right
            wantedInAll += wanted.count
            if right != wanted.count || trends.count != right {
                let told = trends.map { TrendWords($0, interval: SeriesGenerator.interval, now: $0.to).sentence }
                example = "seed \(seed): from \(series.event?.first ?? 0): \(told)"
            }
        }
        if Self.wanted != nil {
            print("| \(kind.name) | \(percent(found, wantedInAll)) | \(percent(found, all)) | \(example)")
        }
        #expect(found * 100 + 100 >= kind.limit * wantedInAll, "\(found) of \(wantedInAll) found, \(example)")
        #expect(found * 100 >= all * 85, "\(found) right of \(all) told, \(example)")
    }

    private func percent(_ part: Int, _ whole: Int) -> String {
        whole == 0 ? "-" : "\((Double(part) * 1_000 / Double(whole)).rounded() / 10) %"
    }
}
