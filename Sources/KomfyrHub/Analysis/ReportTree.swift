import Protocol

/// A report as it is answered and kept: the member `analysis` of `POST /api/analyze`.
enum ReportTree {
    /// Who wrote a report.
    struct Author: Sendable {
        var provider = "statistics"
        var model: String?
        var tokensIn = 0
        var tokensOut = 0
        /// Why a model did not write it; nil: it did, or none is set.
        var error: String?
    }

    /// What a report's series shows, from all to what always fits into `HubLimits.reportBytes`.
    private enum Shown: CaseIterable {
        case fields, counts, nothing
    }

    /// The report as JSON, within `HubLimits.reportBytes`: a series that is too large for that loses its fields, then
    /// its intervals.
    static func bytes(_ gathered: GatheredFacts, _ insights: Insights, _ author: Author) -> [UInt8] {
        var bytes: [UInt8] = []
        for shown in Shown.allCases {
            var json = JSONWriter()
            write(gathered, insights, author, shown, to: &json)
            bytes = json.bytes
            if bytes.count <= HubLimits.reportBytes { break }
        }
        return bytes
    }

    private static func write(
        _ gathered: GatheredFacts,
        _ insights: Insights,
        _ author: Author,
        _ shown: Shown,
        to json: inout JSONWriter
    ) {
        let facts = gathered.facts
        json.beginObject()
        json.key("timestamp")
        json.time(facts.until)
        json.key("group")
        json.string(facts.scope)
        json.key("since")
        json.time(facts.since)
        json.key("until")
        json.time(facts.until)
        json.key("aggregation")
        writeAggregation(facts, to: &json)
        json.key("time_series")
        writeSeries(gathered, shown, to: &json)
        json.key("patterns")
        json.patterns(facts.patterns, of: facts.levels.total)
        json.key("left_out")
        json.list(facts.leftOut) { json, words in json.string(words) }
        json.key("ai_insights")
        write(insights, to: &json)
        json.key("analyst")
        write(author, to: &json)
        json.key("analyzed_logs")
        json.integer(facts.levels.total)
        json.endObject()
    }

    private static func writeAggregation(_ facts: AnalysisFacts, to json: inout JSONWriter) {
        json.beginObject()
        json.key("total_logs")
        json.integer(facts.levels.total)
        json.key("level_counts")
        json.levels(facts.levels.values)
        json.key("tag_counts")
        json.beginObject()
        for tag in facts.tags {
            json.key(tag.text)
            json.integer(tag.count)
        }
        json.endObject()
        json.key("data_fields")
        json.beginObject()
        for field in facts.fields {
            json.key(field.path)
            json.beginObject()
            json.key("count")
            json.integer(field.count)
            json.decimal("min", field.least, .six)
            json.decimal("max", field.most, .six)
            json.decimal("avg", field.average, .six)
            json.decimal("last", field.last, .six)
            json.endObject()
        }
        json.endObject()
        json.endObject()
    }

    private static func writeSeries(_ gathered: GatheredFacts, _ shown: Shown, to json: inout JSONWriter) {
        let facts = gathered.facts
        json.beginObject()
        json.key("interval_seconds")
        json.integer(facts.interval / 1_000_000_000)
        json.key("intervals")
        json.beginArray()
        var count = 0
        if let series = gathered.series, shown != .nothing {
            let known = Set(facts.fields.prefix(shown == .fields ? HubLimits.reportSeriesFields : 0).map(\.path))
            let fields = series.fields.filter { known.contains($0.path) }
            for index in series.levels.indices.prefix(2 * HubLimits.analysisIntervals)
            where series.levels[index].total > 0 {
                json.interval(index, of: series, fields: fields, .six)
                count += 1
            }
        }
        json.endArray()
        json.key("total_intervals")
        json.integer(count)
        json.key("fields_tracked")
        json.list(facts.fields) { json, field in json.string(field.path) }
        json.key("trends")
        json.list(facts.trends) { json, trend in
            let words = TrendWords(trend, interval: facts.interval, now: facts.until)
            json.trend(trend, text: words.sentence, .six)
        }
        json.endObject()
    }

    private static func write(_ insights: Insights, to json: inout JSONWriter) {
        json.beginObject()
        json.key("summary")
        json.string(insights.summary)
        json.key("severity")
        json.string(insights.severity.rawValue)
        json.key("findings")
        json.list(insights.findings) { json, finding in
            json.beginObject()
            json.key("title")
            json.string(finding.title)
            json.key("description")
            json.string(finding.description)
            json.key("severity")
            json.string(finding.severity.rawValue)
            json.key("since")
            json.time(finding.since)
            json.endObject()
        }
        json.key("recommendations")
        json.list(insights.recommendations) { json, recommendation in
            json.beginObject()
            json.key("action")
            json.string(recommendation.action)
            json.key("priority")
            json.string(recommendation.priority.rawValue)
            json.endObject()
        }
        json.endObject()
    }

    private static func write(_ author: Author, to json: inout JSONWriter) {
        json.beginObject()
        json.key("provider")
        json.string(author.provider)
        json.key("model")
        json.string(author.model)
        json.key("tokens_in")
        json.integer(author.tokensIn)
        json.key("tokens_out")
        json.integer(author.tokensOut)
        json.key("error")
        json.string(author.error)
        json.endObject()
    }
}
