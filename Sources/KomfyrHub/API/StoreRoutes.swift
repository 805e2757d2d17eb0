import EventLoop
import HTTPTypes
import Hummingbird
import Protocol

/// The store as a whole: its groups, its figures, and emptying it.
struct StoreRoutes: Sendable {
    let store: any LogStoring
    let rates: GroupRates
    let agents: AgentRegistry
    let analysis: AnalysisService
    let retentionHours: Int
    /// Bytes; what `KOMFYRVAKT_MEMORY_LIMIT` or its default comes to.
    let memoryLimit: Int

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/groups",
                access: .scope(.read),
                parameters: LogFilterParameters.spanNames + ["detail"],
                documentation: Self.groupsDocumentation
            ) { call throws(APIError) in try await groups(call) },
            Route(
                method: .get,
                path: "/api/stats",
                access: .scope(.read),
                documentation: Self.statsDocumentation
            ) { call throws(APIError) in stats(call) },
            Route(
                method: .delete,
                path: "/api/purge",
                access: .scope(.admin),
                parameters: ["group", "all"],
                documentation: Self.purgeDocumentation
            ) { call throws(APIError) in try await purge(call) },
        ]
    }

    private func groups(_ call: APICall) async throws(APIError) -> Response {
        let isDetailed =
            try call.query.word("detail", [("1", true), ("true", true), ("0", false), ("false", false)]) ?? false
        var groups = store.groups(bound: call.bound)
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var isFiltered = false
        for name in LogFilterParameters.spanNames where try !call.query.values(name).isEmpty { isFiltered = true }
        var isPartial = false
        if isFiltered {
            guard isDetailed else {
                throw .parameter("detail", type: "missing", "A filter changes counts: ask for them with detail=1.")
            }
            isPartial = try await count(call, into: &groups)
        }
        let rates = isDetailed ? rates.rates() : [:]
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("groups")
        json.list(groups) { json, group in
            if isDetailed {
                Self.write(group, rate: rates[group.number] ?? 0, to: &json)
            } else {
                json.string(group.name)
            }
        }
        json.key("count")
        json.integer(groups.count)
        json.endObject()
        return .json(json.bytes, adding: .partial(isPartial))
    }

    /// Counts what a filter means, in place of all that the groups hold; those without any stay, with none.
    /// - Returns: whether something could not be read.
    private func count(_ call: APICall, into groups: inout [GroupSummary]) async throws(APIError) -> Bool {
        let query = try LogFilterParameters.span(call.query, bound: call.bound, now: WallClock.now())
        if !query.groups.isEmpty { groups.removeAll { group in !query.groups.contains { $0.matches(group.name) } } }
        let found: GroupCounts
        do throws(StoreError) {
            found = try await store.groupCounts(query)
        } catch {
            throw APIError(error)
        }
        for index in groups.indices {
            let levels = found.levels[groups[index].number] ?? LevelCounts()
            groups[index].count = levels.total
            groups[index].levels = levels.values
        }
        return found.isPartial
    }

    private static func write(_ group: GroupSummary, rate: Double, to json: inout JSONWriter) {
        json.beginObject()
        json.key("name")
        json.string(group.name)
        json.key("count")
        json.integer(group.count)
        json.key("newest")
        json.time(group.newest)
        json.key("levels")
        json.levels(group.levels)
        json.key("rate")
        json.number(rate)
        json.endObject()
    }

    private func stats(_ call: APICall) -> Response {
        let stats = store.stats(bound: call.bound)
        // What is counted for all groups together is not for a key that is bound to some.
        let isWhole = call.bound == nil
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("stats")
        json.beginObject()
        json.key("total_logs")
        json.integer(stats.totalLogs)
        json.key("storage")
        json.string("redis")
        json.key("retention_hours")
        json.integer(retentionHours)
        json.key("groups")
        json.integer(stats.groups)
        json.key("bytes_stored")
        json.integer(stats.bytesStored)
        json.key("bytes_per_log")
        json.number(stats.totalLogs > 0 ? Double(stats.bytesStored) / Double(stats.totalLogs) : 0)
        json.key("memory_limit")
        json.integer(stats.memoryLimit ?? memoryLimit)
        json.key("memory_used")
        json.integer(stats.memoryUsed)
        json.key("is_full")
        json.boolean(stats.isFull)
        json.key("oldest")
        json.time(stats.oldest)
        json.key("newest")
        json.time(stats.newest)
        json.key("levels")
        json.levels(stats.levels)
        json.key("ingest_rate")
        json.number(isWhole ? stats.ingestRate : rate(bound: call.bound))
        json.key("rejected")
        json.integer(isWhole ? stats.rejected : nil)
        json.key("dropped")
        json.integer(isWhole ? stats.dropped : nil)
        json.key("agents")
        json.integer(agents.count(bound: call.bound))
        json.key("ai")
        writeAnalysis(isWhole: isWhole, to: &json)
        json.endObject()
        json.endObject()
        return .json(json.bytes)
    }

    private func writeAnalysis(isWhole: Bool, to json: inout JSONWriter) {
        json.beginObject()
        json.key("provider")
        json.string(analysis.provider)
        json.key("model")
        json.string(analysis.model)
        json.key("tokens_today")
        json.integer(isWhole ? analysis.tokensToday : nil)
        json.key("daily_tokens")
        json.integer(isWhole ? analysis.budget.limit : nil)
        json.endObject()
    }

    /// Logs a second over the last minute in the groups that someone may see.
    private func rate(bound: GroupPattern?) -> Double {
        let rates = rates.rates()
        return store.groups(bound: bound).reduce(0) { $0 + (rates[$1.number] ?? 0) }
    }

    private func purge(_ call: APICall) async throws(APIError) -> Response {
        let group = try call.query.value("group")
        let isAll = try call.query.word("all", [("true", true), ("1", true), ("false", false), ("0", false)]) ?? false
        // An empty name is refused too: a script whose variable is not set must not remove everything.
        let namesGroup = call.query.pairs.contains { $0.name == "group" }
        guard (group != nil) != isAll, namesGroup == (group != nil) else {
            throw .parameter(
                "group",
                type: group == nil ? "missing" : "conflict",
                "Say which logs: group=NAME (that group alone), group=NAME:* (with all below it), "
                    + "or all=true (everything); one of them."
            )
        }
        let pattern: GroupPattern?
        if let group { pattern = try Self.pattern(group) } else { pattern = nil }
        let purged: Int
        do throws(StoreError) {
            purged = try await store.purge(pattern, bound: call.bound)
        } catch {
            // Some groups may be purged all the same.
            await analysis.forget()
            throw APIError(error)
        }
        // Reports show messages of logs.
        await analysis.forget()
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("result")
        json.beginObject()
        json.key("purged")
        json.integer(purged)
        if let group {
            json.key("group")
            json.string(group)
        }
        json.key("scope")
        json.string(group == nil ? "all" : "group")
        json.endObject()
        json.endObject()
        return .json(json.bytes)
    }

    /// A pattern that can mean a group; `*` is refused, so that nobody empties the store by a slip.
    private static func pattern(_ text: String) throws(APIError) -> GroupPattern {
        let pattern = GroupPattern(text)
        let name: String? =
            switch pattern {
            case .all: nil
            case .exact(let name), .tree(let name): name
            }
        if let name {
            var isName = true
            do throws(GroupName.Problem) {
                try Array(name.utf8)
                    .withUnsafeBufferPointer { bytes throws(GroupName.Problem) in
                        try GroupName.check(UnsafeRawBufferPointer(bytes))
                    }
            } catch { isName = false }
            if isName { return pattern }
        }
        throw .parameter(
            "group",
            type: "group",
            name == nil
                ? "All groups are purged by all=true only."
                : "No group can have this name; send NAME, or NAME:* for it and all below it."
        )
    }
}
