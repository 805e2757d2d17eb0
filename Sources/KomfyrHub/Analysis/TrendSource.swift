/// Who finds trends, and says them in words.
struct TrendSource: Sendable {
    /// Of a series; beside a field's the counts of logs tell gaps from silence.
    var trends: @Sendable (Series, Trend.Subject, String?, Series?) -> [Trend]
    /// A trend as a sentence, by the length of an interval in nanoseconds and the time, in nanoseconds since 1970.
    var sentence: @Sendable (Trend, Int64, Int64) -> String

    /// The hub's own.
    static let hub = TrendSource(
        trends: { TrendFinder.trends(of: $0, subject: $1, group: $2, counts: $3) },
        sentence: { TrendWords($0, interval: $1, now: $2).sentence }
    )
}

extension TrendSource {
    /// The trends of a series: of its counts, its share of errors, and its fields.
    ///
    /// `group`: the one that it is of; nil: several.
    func trends(of series: LogSeries, group: String?) -> [Trend] {
        guard series.whole.count > 1 else { return [] }
        let counts = series.series(of: .count)
        var found = trends(counts, .count, group, nil) + trends(series.series(of: .errors), .errors, group, counts)
        // Those with the most intervals; ties by path.
        let fields = series.fields.enumerated()
            .map { (index: $0.offset, count: $0.element.summaries.count { $0 != nil }) }
            .sorted { ($1.count, $0.index) < ($0.count, $1.index) }
            .prefix(HubLimits.seriesTrendFields)
        for index in fields.map(\.index).sorted() {
            let subject = Trend.Subject.field(series.fields[index].path)
            found += trends(series.series(of: subject), subject, group, counts)
        }
        return found
    }
}
