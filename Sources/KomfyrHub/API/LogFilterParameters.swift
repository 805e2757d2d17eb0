import Protocol

/// Reads the parameters that say which logs are meant, the same for the listing and the live stream.
enum LogFilterParameters {
    /// What every route that filters logs knows.
    static let names = ["group", "tags", "tags_mode", "level", "levels", "source"]
    /// What a listing knows besides.
    static let listingNames = names + ["since", "until", "limit", "order", "cursor"]

    /// The filter of a query, without times, limit, order and cursor.
    static func filter(_ query: QueryParameters) throws(APIError) -> LogQuery {
        var result = LogQuery()
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
        return result
    }

    /// The whole query of a listing.
    static func listing(_ query: QueryParameters, now: Int64) throws(APIError) -> LogQuery {
        var result = try filter(query)
        result.since = try time("since", query, now: now)
        result.until = try time("until", query, now: now)
        result.order = try query.word("order", [("desc", .newestFirst), ("asc", .oldestFirst)]) ?? .newestFirst
        result.limit = HubLimits.pageLogsDefault
        if let text = try query.value("limit") {
            guard let limit = Int(text), limit >= 1, limit <= HubLimits.pageLogs else {
                throw .parameter("limit", type: "range", "limit must be a number from 1 to \(HubLimits.pageLogs).")
            }
            result.limit = limit
        }
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

    private static func time(_ name: String, _ query: QueryParameters, now: Int64) throws(APIError) -> Int64? {
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
