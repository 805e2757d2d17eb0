import EventLoop
import HTTPTypes
import Hummingbird
import Protocol

/// Time series: counts by level and the numbers of `data`, by interval, with the trends that are in them.
struct SeriesRoute: Sendable {
    let store: any LogStoring
    /// In nanoseconds.
    let retention: Int64
    let trends: TrendSource

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/timeseries",
                access: .scope(.read),
                parameters: LogFilterParameters.spanNames + ["field", "interval"],
                documentation: Self.documentation
            ) { call throws(APIError) in try await answer(call) }
        ]
    }

    private func answer(_ call: APICall) async throws(APIError) -> Response {
        let now = WallClock.now()
        var query = try LogFilterParameters.span(call.query, bound: call.bound, now: now)
        let fields = try Self.fields(call.query)
        let interval = try HistogramInterval.of(
            call.query,
            query,
            retention: retention,
            now: now,
            least: HubLimits.seriesIntervalSeconds,
            about: HubLimits.seriesIntervalsDefault
        )
        try align(&query, call.query, interval: interval, now: now)
        let window = SeriesWindow(query, interval: interval, oldest: now - retention, now: now)
        guard window.interval == interval else { throw HistogramInterval.tooMany }
        try Self.check(fields, intervals: window.count)

        let question = SeriesCache.Question(
            query,
            search: try call.query.value("q"),
            fields: fields,
            interval: interval,
            now: now
        )
        let cache = SeriesCache(store: store)
        let stamp = store.stamp(query)
        let isKept = query.since ?? .min >= now - retention
        if let json = await cache.answer(question, stamp, isKept: isKept, now: now) { return .json(json) }
        let series: LogSeries
        do throws(StoreError) {
            series = try await store.series(query, fields: fields, interval: interval)
        } catch {
            throw APIError(error)
        }
        let json = body(of: series, group: Self.group(query), now: now)
        if !series.isPartial {
            // The answer does not wait for it.
            Task { await cache.keep(json, question, stamp, now: now) }
        }
        return .json(json, adding: .partial(series.isPartial))
    }

    // MARK: Parameters

    /// The fields that are asked for; nil: every one.
    private static func fields(_ parameters: QueryParameters) throws(APIError) -> [String]? {
        var fields: [String] = []
        for text in try parameters.values("field") {
            for part in text.utf8.split(separator: UInt8(ascii: ",")) {
                guard part.count <= HubLimits.numericPathBytes else {
                    throw .parameter(
                        "field",
                        type: "too_long",
                        "The path of a field has at most \(HubLimits.numericPathBytes) bytes."
                    )
                }
                fields.append(String(decoding: part, as: UTF8.self))
            }
        }
        return fields.isEmpty ? nil : fields
    }

    private static func check(_ fields: [String]?, intervals: Int) throws(APIError) {
        let limit = SeriesFields.limit(intervals: intervals)
        guard fields?.count ?? 0 <= limit else {
            throw .parameter(
                "field",
                type: "too_many",
                "There may be \(limit) fields with \(intervals) intervals: ask for fewer, or choose a longer interval."
            )
        }
    }

    /// Begins and ends at intervals what is said by its distance from now, or not at all: the first interval is whole
    /// then, and the same is asked for as long as the newest interval runs.
    private func align(
        _ query: inout LogQuery,
        _ parameters: QueryParameters,
        interval: Int64,
        now: Int64
    ) throws(APIError) {
        func begin(_ time: Int64) -> Int64 { LogID.floorDivide(time, interval) &* interval }
        func isRelative(_ name: String) throws(APIError) -> Bool {
            guard let text = try parameters.value(name) else { return true }
            return text == "now" || TimeParameter.span(text) != nil
        }
        let oldest = now - retention
        if let since = query.since, try isRelative("since") { query.since = begin(since) }
        if query.since ?? .min < oldest {
            // What is half gone is left out, where intervals are short.
            query.since = interval <= retention / 8 ? begin(oldest) + interval : begin(oldest)
        }
        if try isRelative("until") { query.until = begin(query.until ?? now) + (interval - 1) }
    }

    /// The group that a query is of; nil: several, or those without one.
    private static func group(_ query: LogQuery) -> String? {
        guard query.groups.count == 1, case .exact(let name) = query.groups[0] else { return nil }
        return name
    }

    // MARK: The answer

    private func body(of series: LogSeries, group: String?, now: Int64) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("interval")
        json.string(TimeParameter.text(span: series.interval))
        json.key("interval_seconds")
        json.integer(series.interval / 1_000_000_000)
        json.key("intervals")
        json.beginArray()
        for index in 0..<series.count { json.interval(index, of: series, fields: series.fields, .all) }
        json.endArray()
        json.key("total_intervals")
        json.integer(series.count)
        json.key("fields_tracked")
        json.beginArray()
        for field in series.fields { json.string(field.path) }
        json.endArray()
        json.key("fields_cut")
        json.boolean(series.isCut)
        json.key("trends")
        json.beginArray()
        for trend in trends.trends(of: series, group: group) {
            json.trend(trend, text: trends.sentence(trend, series.interval, now), .all)
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }
}
