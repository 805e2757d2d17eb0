import Testing

@testable import KomfyrHub

@Suite struct TrendWordsTests {
    private static let minute: Int64 = 60_000_000_000
    /// 2026-11-23T00:00:00Z.
    private static let midnight: Int64 = 1_795_392_000_000_000_000
    private static let noon = midnight + 720 * minute

    private static func trend(
        _ kind: Trend.Kind,
        _ subject: Trend.Subject,
        _ before: Double,
        _ after: Double,
        from: Int64 = 130,
        to: Int64 = 340,
        isOngoing: Bool = false,
        group: String? = nil
    ) -> Trend {
        Trend(
            subject: subject,
            group: group,
            kind: kind,
            from: midnight + from * minute,
            to: midnight + to * minute,
            before: before,
            after: after,
            confidence: 0.9,
            isOngoing: isOngoing
        )
    }

    private static let temperature = Trend.Subject.field("temperature")

    private static let sentences: [(Trend, String)] = [
        (
            trend(.rising, temperature, 22.1, 31.4, isOngoing: true, group: "rack:1"),
            "temperature in rack:1 rose steadily from 22.1 to 31.4 from 02:10 to 05:40 UTC and goes on,"
                + " by 2.66 an hour."
        ),
        (
            trend(.falling, .field("disk.free"), 80.04, 12),
            "disk.free fell steadily from 80 to 12 (down by 85 %) from 02:10 to 05:40 UTC, by 19.4 an hour."
        ),
        (
            trend(.spike, temperature, 21, 36.54, to: 140),
            "temperature reached 36.5 from 02:10 to 02:20 UTC, usually 21."
        ),
        (
            trend(.drop, .count, 1_200.4, 3, isOngoing: true),
            "Number of logs went down to 3 logs per 5 min (down by 100 %) since 02:10 UTC, usually 1,200."
                + " It has not come back."
        ),
        (
            trend(.shift, .errors, 0.012, 0.351, isOngoing: true),
            "Share of errors moved from 1.2 % to 35 % (29.2 times as much) at 02:10 UTC and has stayed there."
        ),
        (
            trend(.shift, .field("x"), 1_000.12, 1_000.37),
            "x moved from 1,000.12 to 1,000.37 from 02:10 to 05:40 UTC."
        ),
        (
            trend(.silent, .count, 12.25, 0, isOngoing: true, group: "site:web"),
            "site:web has been silent since 02:10 UTC; before, it sent 12 logs per 5 min."
        ),
        (
            trend(.silent, temperature, 21.5, 0, isOngoing: true),
            "temperature has not been reported since 02:10 UTC, though the group still logs; it was 21.5."
        ),
        (
            trend(.rising, temperature, 22.1, 31.4, from: -70, to: 340),
            "temperature rose steadily from 22.1 to 31.4 from 22 Nov 22:50 UTC to 05:40 UTC, by 1.36 an hour."
        ),
    ]

    @Test(arguments: sentences)
    func `says what happened in plain words`(_ trend: Trend, _ sentence: String) {
        #expect(TrendWords(trend, interval: 5 * Self.minute, now: Self.noon).sentence == sentence)
    }

    @Test func `a time of another day than now has its day`() {
        let trend = Self.trend(.spike, Self.temperature, 1, 50, to: 140)
        let tomorrow = TrendWords(trend, interval: Self.minute, now: Self.noon + 2_000 * Self.minute)
        #expect(tomorrow.sentence.contains("from 23 Nov 02:10 to 02:20 UTC"), "\(tomorrow.sentence)")
    }

    @Test(arguments: [
        (0.0, 5.0, "0"), (-0.0001, 5, "-0.0001"), (1, 1, "1"), (-2.5, 3, "-2.5"), (1_000.12, 0.25, "1,000.12"),
        (123_456.789, 0.002, "123,456.789"), (0.5, 0.0012, "0.5"), (.nan, 1, "no value"), (5, 0, "5"), (0, 0, "0"),
        (12.3456, 100, "12.3"), (1e11, 1e-300, "100,000,000,000"), (1, .infinity, "1"), (1, .nan, "1"),
        (-1e300, 5, ReportText.number(-1e300)),
    ])
    func `a number has the digits that its change needs`(_ value: Double, _ change: Double, _ text: String) {
        #expect(ReportText.number(value, change: change) == text)
    }

    @Test func `a hostile name is shown without what steers a terminal, and cut`() {
        let name = "a\u{1B}[31m\n\u{202E}b" + String(repeating: "x", count: 5_000)
        let trend = Self.trend(.spike, .field(name), 1, 9, group: name)
        let words = TrendWords(trend, interval: Self.minute, now: 0)
        for text in [words.sentence, words.title] {
            #expect(text.hasPrefix("a [31m bxxx"), "\(text)")
            #expect(text.utf8.count < 2 * HubLimits.digestNameBytes + 120)
            #expect(!text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{202E}"))
        }
    }

    @Test func `any time and interval can be told`() {
        for (from, to, interval) in [(Int64.min, Int64.max, Int64.max), (0, 0, 0), (-1, 1, -1), (.max, .min, .min)] {
            for kind in Trend.Kind.allCases {
                for subject in [Trend.Subject.field(""), .count, .errors] {
                    let trend = Trend(
                        subject: subject,
                        group: "",
                        kind: kind,
                        from: from,
                        to: to,
                        before: -.greatestFiniteMagnitude,
                        after: .greatestFiniteMagnitude,
                        confidence: 1
                    )
                    let words = TrendWords(trend, interval: interval, now: from)
                    #expect(!words.sentence.isEmpty && !words.title.isEmpty)
                }
            }
        }
    }
}
