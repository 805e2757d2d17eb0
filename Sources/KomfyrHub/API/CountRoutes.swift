import EventLoop
import HTTPTypes
import Hummingbird
import Protocol

/// Counts of the logs that a query means: by time, and by their commonest values.
struct CountRoutes: Sendable {
    let store: any LogStoring
    /// In nanoseconds.
    let retention: Int64

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/histogram",
                access: .scope(.read),
                parameters: LogFilterParameters.spanNames + ["interval"],
                documentation: Self.histogramDocumentation
            ) { call throws(APIError) in try await histogram(call) },
            Route(
                method: .get,
                path: "/api/facets",
                access: .scope(.read),
                parameters: LogFilterParameters.spanNames + ["limit"],
                documentation: Self.facetsDocumentation
            ) { call throws(APIError) in try await facets(call) },
        ]
    }

    private func histogram(_ call: APICall) async throws(APIError) -> Response {
        let now = WallClock.now()
        let query = try LogFilterParameters.span(call.query, bound: call.bound, now: now)
        let interval = try HistogramInterval.of(call.query, query, retention: retention, now: now)
        let histogram: LogHistogram
        do throws(StoreError) {
            histogram = try await store.histogram(query, interval: interval)
        } catch {
            throw APIError(error)
        }
        // Logs of devices whose clocks are ahead can lie beyond now, where the query has no end of its own.
        guard histogram.buckets.count <= HubLimits.histogramBuckets else { throw HistogramInterval.tooMany }
        var json = JSONWriter()
        json.beginObject()
        json.key("interval")
        json.string(TimeParameter.text(span: interval))
        json.key("interval_seconds")
        json.integer(interval / 1_000_000_000)
        json.key("buckets")
        json.beginArray()
        var total = 0
        for bucket in histogram.buckets {
            total += bucket.levels.total
            json.beginObject()
            json.key("timestamp")
            json.time(bucket.start)
            json.key("count")
            json.integer(bucket.levels.total)
            json.key("levels")
            json.levels(bucket.levels.values)
            json.endObject()
        }
        json.endArray()
        json.key("total")
        json.integer(total)
        json.endObject()
        return .json(json.bytes, adding: .partial(histogram.isPartial))
    }

    private func facets(_ call: APICall) async throws(APIError) -> Response {
        let query = try LogFilterParameters.span(call.query, bound: call.bound, now: WallClock.now())
        let limit = try call.query.number("limit", 1...HubLimits.facetValues) ?? HubLimits.facetValuesDefault
        let facets: LogFacets
        do throws(StoreError) {
            facets = try await store.facets(query, limit: limit)
        } catch {
            throw APIError(error)
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("total")
        json.integer(facets.total)
        json.key("sampled")
        json.boolean(facets.isSampled)
        json.key("levels")
        json.levels(facets.levels.values)
        json.key("groups")
        Self.write(facets.groups, limit, to: &json)
        json.key("tags")
        Self.write(facets.tags, limit, to: &json)
        json.key("sources")
        Self.write(facets.sources, limit, to: &json)
        json.key("fields")
        json.beginArray()
        for field in facets.fields.prefix(limit) {
            json.beginObject()
            json.key("field")
            json.string(field.path)
            json.key("count")
            json.integer(field.count)
            json.key("values")
            Self.write(field.values, limit, to: &json)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return .json(json.bytes, adding: .partial(facets.isPartial))
    }

    private static func write(_ values: [LogFacets.Value], _ limit: Int, to json: inout JSONWriter) {
        json.beginArray()
        for value in values.prefix(limit) {
            json.beginObject()
            json.key("value")
            json.string(value.text)
            json.key("count")
            json.integer(value.count)
            json.endObject()
        }
        json.endArray()
    }
}

/// The length of a histogram's intervals: as asked for, or so that a chart shows about a hundred of them.
enum HistogramInterval {
    /// What is chosen from, in seconds.
    private static let steps: [Int64] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
    ]

    /// Nanoseconds.
    /// - Parameters:
    ///   - parameters: with `interval`, or without.
    ///   - query: the logs that are counted.
    ///   - retention: how far back there are logs, in nanoseconds.
    ///   - now: in nanoseconds since 1970.
    ///   - least: the shortest interval that is chosen where none is asked for, in seconds.
    ///   - about: how many there are at most then.
    /// - Returns: the interval.
    /// - Throws: 422 when it is malformed, or makes too many intervals.
    static func of(
        _ parameters: QueryParameters,
        _ query: LogQuery,
        retention: Int64,
        now: Int64,
        least: Int64 = 1,
        about: Int = HubLimits.histogramBucketsDefault
    ) throws(APIError) -> Int64 {
        // There are no logs before or beyond these.
        let oldest = now - retention
        let newest = now + HubLimits.futureNanoseconds
        let since = min(max(query.since ?? oldest, oldest), newest)
        let range = max(0, min(query.until ?? now, newest) - since)
        guard let text = try parameters.value("interval") else {
            let fitting = steps.first { $0 >= least && range / ($0 * 1_000_000_000) < about }
            if let fitting { return fitting * 1_000_000_000 }
            // Weeks and months of retention: whole days.
            return (range / Int64(about) / 86_400_000_000_000 + 1) * 86_400_000_000_000
        }
        guard let interval = TimeParameter.span(text),
            (1...HubLimits.histogramIntervalSeconds).contains(interval / 1_000_000_000)
        else {
            throw .parameter(
                "interval",
                type: "interval",
                "interval must be a duration like 30s, 5m, 1h or 1d, from 1s to "
                    + "\(TimeParameter.text(span: HubLimits.histogramIntervalSeconds * 1_000_000_000))."
            )
        }
        guard range / interval < HubLimits.histogramBuckets else { throw tooMany }
        return interval
    }

    static let tooMany = APIError.parameter(
        "interval",
        type: "too_many",
        "This makes more than \(HubLimits.histogramBuckets) intervals: "
            + "choose a longer interval, or a later since or an earlier until."
    )
}
