import Protocol

/// What an analysis is about.
struct AnalysisQuestion: Sendable, Hashable {
    var group: GroupPattern
    /// What the key may see, ANDed; nil: everything.
    var bound: GroupPattern?
    /// The window, back from now.
    var hours: Int
}

/// What was found: the facts for the analyst, and the series that they were computed from.
struct GatheredFacts: Sendable {
    var facts: AnalysisFacts
    /// Nil when there are no logs.
    var series: LogSeries?
}

/// Reads from the store all that an analyst is told; the same for a model and for the statistics.
///
/// ```
/// counts by time ─► when the logs begin ─► the interval
/// series of each group, one at a time ─► trends, levels by group; their sum ─► fields
/// values ─► tags      patterns, new ones first      newest errors
/// ```
struct FactsGatherer: Sendable {
    var store: any AnalysisReading
    var works: AnalystWorks
    /// In nanoseconds.
    var retention: Int64

    /// The facts of a window that ends now, in nanoseconds since 1970.
    func facts(_ question: AnalysisQuestion, now: Int64) async throws(StoreError) -> GatheredFacts {
        let window = Window(hours: question.hours, retention: retention, now: now)
        let query = window.query(question)
        let counts = try await store.histogram(query, interval: ChunkInterval.length)
        var facts = AnalysisFacts(
            scope: question.group.text,
            since: window.since,
            until: now,
            interval: ChunkInterval.length,
            levels: counts.levels,
            groups: [],
            groupCount: 0,
            tags: [],
            fields: [],
            trends: [],
            patterns: [],
            newestErrors: [],
            isPartial: counts.isPartial
        )
        guard let first = counts.first else { return GatheredFacts(facts: facts) }
        // Before the window too: what is new can only be told where there is something old.
        var before = query
        before.since = nil
        let coarse = max(ChunkInterval.length, retention / Int64(HubLimits.analysisIntervals))
        let firstEver = try await store.histogram(before, interval: coarse).first
        var span = query
        // Where the logs begin within the window their first interval is a whole one.
        let interval = Self.interval(now - max(window.since, first))
        if first > window.since { span.since = max(window.since, LogID.floorDivide(first, interval) * interval) }
        let series = try await readSeries(span, interval, &facts)
        let values = try await store.facets(query, limit: HubLimits.analysisTags)
        facts.tags = values.tags.prefix(HubLimits.analysisTags)
            .map { AnalysisFacts.Count(text: String(decoding: $0.text, as: UTF8.self), count: $0.count) }
        let old = max(firstEver ?? first, window.oldest)
        let newSince = max(window.since, old + (now - max(window.since, old)) / 4)
        let patterns = try await store.patterns(query, newSince: newSince, limit: HubLimits.analysisPatterns)
        facts.patterns = patterns.patterns.map(\.withoutSecrets)
        if patterns.isCut { facts.leftOut.append("what tells some kinds of messages apart: there are too many kinds") }
        let numbers = Set(patterns.patterns.map(\.example.group))
        for group in store.groups(bound: query.bound) where numbers.contains(group.number) {
            facts.groupNames[group.number] = group.name
        }
        var errors = query
        errors.levels = 0b11000
        errors.limit = HubLimits.analysisErrors
        let newest = try await store.page(errors)
        facts.newestErrors = newest.logs
        for isPartial in [series.isPartial, values.isPartial, patterns.isPartial, newest.isPartial] where isPartial {
            facts.isPartial = true
        }
        return GatheredFacts(facts: facts, series: series)
    }

    private func readSeries(
        _ query: LogQuery,
        _ interval: Int64,
        _ facts: inout AnalysisFacts
    ) async throws(StoreError) -> LogSeries {
        var newest: [String: Int64] = [:]
        for group in store.groups(bound: query.bound) { newest[group.name] = group.newest }
        var groups = GroupFacts(works: works, newest: newest)
        let whole = try await store.seriesByGroup(query, interval: interval) { groups.take($0, $1) }
        // Longer than asked for, where there would be too many.
        facts.interval = whole.interval
        if groups.isPartial { facts.isPartial = true }
        facts.groupCount = groups.count
        facts.groups = groups.worst
        facts.fields = Self.fields(whole)
        facts.leftOut += groups.leftOut
        if whole.isCut { facts.leftOut.append("numeric fields but the first \(whole.fields.count) by name") }
        var trends = groups.trends
        // With one group all that there is to say is said.
        if groups.count > 1 { trends += Self.total(whole, works, besides: trends) }
        facts.trends = Array(trends.sorted(by: Trend.isGraver).prefix(HubLimits.analysisTrends))
        return whole
    }

    /// The trends of all groups together that no single group shows at the same time.
    private static func total(_ series: LogSeries, _ works: AnalystWorks, besides trends: [Trend]) -> [Trend] {
        let counts = series.series(of: .count)
        return
            (works.trends(counts, .count, nil, nil)
            + works.trends(series.series(of: .errors), .errors, nil, counts))
            .filter { trend in
                !trends.contains {
                    $0.subject == trend.subject && $0.kind == trend.kind && $0.from <= trend.to && trend.from <= $0.to
                }
            }
    }

    /// Two minutes for a few hours, so that a sensor's readings are seen one by one, and otherwise five, as chunks have
    /// them summed up, or more, so that there are not too many.
    static func interval(_ range: Int64) -> Int64 {
        let minute: Int64 = 60_000_000_000
        if range <= 180 * minute { return 2 * minute }
        let steps: [Int64] = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440]
        return (steps.first { range / ($0 * minute) < Int64(HubLimits.analysisIntervals) } ?? 1_440) * minute
    }

    private static func fields(_ series: LogSeries) -> [AnalysisFacts.Field] {
        let fields = series.fields.compactMap { field -> AnalysisFacts.Field? in
            let summaries = field.summaries.compactMap { $0 }
            guard let last = summaries.last else { return nil }
            let count = summaries.reduce(0) { $0 + $1.count }
            return AnalysisFacts.Field(
                path: field.path,
                count: count,
                least: summaries.reduce(.infinity) { min($0, $1.least) },
                most: summaries.reduce(-.infinity) { max($0, $1.most) },
                average: summaries.reduce(0) { $0 + $1.sum } / Double(max(1, count)),
                last: last.last
            )
        }
        return Array(fields.sorted { ($1.count, $0.path) < ($0.count, $1.path) }.prefix(HubLimits.analysisFields))
    }
}

extension LogHistogram {
    /// Of all buckets together.
    fileprivate var levels: LevelCounts {
        var sum = LevelCounts()
        for bucket in buckets { sum += bucket.levels }
        return sum
    }

    /// When the first interval with logs begins.
    fileprivate var first: Int64? { buckets.first { $0.levels.total > 0 }?.start }
}

/// From when to when logs are looked at.
private struct Window {
    var since: Int64
    var until: Int64
    /// As far back as there are any.
    var oldest: Int64

    init(hours: Int, retention: Int64, now: Int64) {
        until = now
        oldest = now - retention
        since = max(now - Int64(hours) * 3_600_000_000_000, oldest)
    }

    func query(_ question: AnalysisQuestion) -> LogQuery {
        var query = LogQuery()
        query.groups = [question.group]
        query.bound = question.bound
        query.since = since
        query.until = until
        return query
    }
}

/// What is gathered of the groups while they come by, one after the other.
private struct GroupFacts {
    let works: AnalystWorks
    let newest: [String: Int64]
    private(set) var count = 0
    private(set) var isPartial = false
    private(set) var trends: [Trend] = []
    private var groups: [AnalysisFacts.Group] = []
    private var fieldSeries = 0
    /// Fields of groups that were not looked into.
    private var fieldsLeft = 0

    init(works: AnalystWorks, newest: [String: Int64]) {
        self.works = works
        self.newest = newest
    }

    mutating func take(_ name: String?, _ series: LogSeries) {
        var levels = LevelCounts()
        for interval in series.levels { levels += interval }
        if series.isPartial { isPartial = true }
        guard levels.total > 0 else { return }
        count += 1
        let shown = name ?? AnalysisFacts.noGroup
        let end = series.start &+ series.interval &* Int64(series.levels.count)
        groups.append(AnalysisFacts.Group(name: shown, levels: levels, newest: name.flatMap { newest[$0] } ?? end))
        if groups.count >= 2 * HubLimits.analysisGroups { groups = worst }
        guard count <= HubLimits.analysisGroupsRead, !Task.isCancelled else {
            fieldsLeft += series.fields.count
            return
        }
        let counts = series.series(of: .count)
        var found = works.trends(counts, .count, shown, nil)
        found += works.trends(series.series(of: .errors), .errors, shown, counts)
        let room = min(HubLimits.analysisGroupFields, HubLimits.analysisFieldSeries - fieldSeries)
        fieldSeries += min(series.fields.count, room)
        fieldsLeft += max(0, series.fields.count - room)
        for field in series.fields.prefix(room) {
            let subject = Trend.Subject.field(field.path)
            found += works.trends(series.series(of: subject), subject, shown, counts)
        }
        trends += found
        if trends.count >= 4 * HubLimits.analysisTrends {
            trends = Array(trends.sorted(by: Trend.isGraver).prefix(HubLimits.analysisTrends))
        }
    }

    /// Where nothing was looked for, in words; empty: everywhere it was.
    var leftOut: [String] {
        var words: [String] = []
        let groupsLeft = count - HubLimits.analysisGroupsRead
        if groupsLeft > 0 {
            words.append("trends of \(ReportText.number(groupsLeft)) of \(ReportText.number(count)) groups")
        }
        if fieldsLeft > 0 {
            let all = ReportText.number(fieldsLeft + fieldSeries)
            words.append("trends of \(ReportText.number(fieldsLeft)) of \(all) numeric fields of single groups")
        }
        return words
    }

    /// Those with the most errors first, then by count.
    var worst: [AnalysisFacts.Group] {
        let sorted = groups.sorted { left, right in
            (right.levels.errors, right.levels.total, left.name) < (left.levels.errors, left.levels.total, right.name)
        }
        return Array(sorted.prefix(HubLimits.analysisGroups))
    }
}
