import Protocol

/// Reads the parameters that say which logs are meant, the same for the listing and the live stream.
enum LogFilterParameters {
    /// What every route that filters logs knows.
    static let names = ["group", "tags", "tags_mode", "level", "levels", "source", "q"]
    /// What every route that reads stored logs knows besides.
    static let spanNames = names + ["since", "until"]
    /// What a listing knows besides.
    static let listingNames = spanNames + ["limit", "order", "cursor"]

    /// The filter of a query, without times, limit, order and cursor.
    /// - Parameters:
    ///   - query: the parameters.
    ///   - bound: what the caller may see.
    /// - Returns: the logs that are meant.
    /// - Throws: 422 about what is malformed.
    static func filter(_ query: QueryParameters, bound: GroupPattern?) throws(APIError) -> LogQuery {
        var result = LogQuery()
        result.bound = bound
        for text in try query.values("group") {
            guard text.utf8.count <= ProtocolLimits.groupBytes + 2 else {
                throw .parameter("group", type: "too_long", "A group has at most \(ProtocolLimits.groupBytes) bytes.")
            }
            result.groups.append(GroupPattern(text))
        }
        result.tags = try query.list("tags")
        result.allTags = try query.word("tags_mode", [("any", false), ("all", true)]) ?? false
        result.levels = try levels(query)
        result.source = try query.value("source")
        if let text = try query.value("q") { result.search = try search(text) }
        return result
    }

    /// The filter of a query with its times.
    static func span(_ query: QueryParameters, bound: GroupPattern?, now: Int64) throws(APIError) -> LogQuery {
        var result = try filter(query, bound: bound)
        result.since = try time("since", query, now: now)
        result.until = try time("until", query, now: now)
        return result
    }

    /// The order of a listing; newest first unless it says otherwise.
    static func order(_ query: QueryParameters) throws(APIError) -> LogQuery.Order {
        try query.word("order", [("desc", .newestFirst), ("asc", .oldestFirst)]) ?? .newestFirst
    }

    /// The whole query of a listing.
    static func listing(_ query: QueryParameters, bound: GroupPattern?, now: Int64) throws(APIError) -> LogQuery {
        var result = try span(query, bound: bound, now: now)
        result.order = try order(query)
        result.limit = try query.number("limit", 1...HubLimits.pageLogs) ?? HubLimits.pageLogsDefault
        if let text = try query.value("cursor") {
            guard let cursor = LogQuery.Cursor(text: text) else {
                throw .parameter("cursor", type: "cursor", "This cursor is not one that a Link header named.")
            }
            result.cursor = cursor
        }
        return result
    }

    /// The levels meant, by `level` (it and above) and `levels` (exactly these), as the bits of `LogQuery.levels`.
    private static func levels(_ query: QueryParameters) throws(APIError) -> UInt8 {
        var mask: UInt8 = 0b11111
        if let name = try query.value("level") {
            let lowest = try level(name, of: "level").rawValue
            mask = 0b11111 << lowest & 0b11111
        }
        let names = try query.list("levels")
        if !names.isEmpty {
            var exact: UInt8 = 0
            for name in names { exact |= 1 << (try level(name, of: "levels").rawValue) }
            mask &= exact
        }
        return mask
    }

    /// A level by its name in a parameter.
    static func level(_ name: String, of parameter: String) throws(APIError) -> Level {
        guard let level = Level(name: name) else {
            throw .parameter(
                parameter,
                type: "enum",
                "\"\(name)\" is no level; use debug, info, warning, error or critical."
            )
        }
        return level
    }

    private static func search(_ text: String) throws(APIError) -> Search {
        do throws(SearchProblem) {
            return try Search(text)
        } catch {
            throw APIError([
                APIError.Issue(
                    type: "search",
                    location: ["query", "q"],
                    // People count from one.
                    message: "\(error.message) (at character \(error.position + 1))",
                    position: error.position
                )
            ])
        }
    }

    /// A time, absolute or before now; nil when it is missing.
    static func time(_ name: String, _ query: QueryParameters, now: Int64) throws(APIError) -> Int64? {
        guard let text = try query.value(name) else { return nil }
        guard let time = TimeParameter.parse(text, now: now) else {
            throw .parameter(
                name,
                type: "time",
                "\(name) must be a time like 2026-11-23T05:00:00Z, seconds since 1970, or 15m, 2h, 1d before now."
            )
        }
        return time
    }
}
