import Protocol
import Synchronization

@testable import KomfyrHub

/// A store of an analysis's tests: gives what it is told to, and counts what it is asked.
final class AnalysisStandIn: AnalysisReading {
    struct State: Sendable {
        /// Logs of the window, one interval; those after a report are `later`.
        var logs = 42
        var later = 0
        var failure: StoreError?
        var isPartial = false
        var hasRoom = true
        var groups: [(name: String?, series: LogSeries)] = []
        var whole: LogSeries?
        var patterns: [Pattern] = []
        var patternsAreCut = false
        var tags: [LogFacets.Value] = []
        var errors: [StoredLog] = []
        /// Where the logs begin, in nanoseconds since 1970.
        var first: Int64 = 0
        /// How often facts were gathered.
        var gathered = 0
        var queries: [LogQuery] = []
        var newSince: Int64 = 0
    }

    let state = Mutex(State())

    func mayKeep(bytes: Int) -> Bool { state.withLock { $0.hasRoom } }

    func histogram(_ query: LogQuery, interval: Int64) async throws(StoreError) -> LogHistogram {
        let state = state.withLock { state in
            state.queries.append(query)
            return state
        }
        if let failure = state.failure { throw failure }
        // A count of what came since a report has a beginning and no end.
        let isLater = query.since != nil && query.until == nil
        var levels = LevelCounts()
        levels[1] = isLater ? state.later : state.logs
        let bucket = LogHistogram.Bucket(start: max(state.first, query.since ?? 0), levels: levels)
        return LogHistogram(
            interval: interval,
            buckets: levels.total > 0 ? [bucket] : [],
            isPartial: state.isPartial
        )
    }

    func facets(_ query: LogQuery, limit: Int) async throws(StoreError) -> LogFacets {
        let state = state.withLock { $0 }
        return LogFacets(
            total: state.logs,
            levels: LevelCounts(),
            groups: [],
            tags: state.tags,
            sources: [],
            fields: [],
            isSampled: false,
            isPartial: state.isPartial
        )
    }

    func page(_ query: LogQuery) async throws(StoreError) -> LogPage {
        LogPage(logs: state.withLock { $0.errors }, next: nil, isPartial: false)
    }

    func patterns(_ query: LogQuery, newSince: Int64, limit: Int) async throws(StoreError) -> LogPatterns {
        let patterns = state.withLock { state in
            state.gathered += 1
            state.newSince = newSince
            return state.patterns
        }
        let isCut = state.withLock { $0.patternsAreCut }
        return LogPatterns(patterns: patterns, total: patterns.count, isPartial: false, isCut: isCut)
    }

    func seriesByGroup(
        _ query: LogQuery,
        interval: Int64,
        body: (String?, LogSeries) -> Void
    ) async throws(StoreError) -> LogSeries {
        for (name, series) in state.withLock({ $0.groups }) { body(name, series) }
        return state.withLock { $0.whole }
            ?? LogSeries(
                start: query.since ?? 0,
                interval: interval,
                levels: [],
                fields: [],
                isPartial: false,
                isCut: false,
                whole: 0..<0
            )
    }

    func groups(bound: GroupPattern?) -> [GroupSummary] { [] }
}

extension AnalystWorks {
    /// An analyst that says what it is given: the digest holds the scope, the reader takes what has a summary.
    static let forTests = AnalystWorks(
        trends: { _, _, _, _ in [] },
        statistics: { facts, _ in
            Insights(
                summary: "statistics of \(facts.levels.total) logs",
                severity: .normal,
                findings: [Insights.Finding(title: "<b>", description: "\"", severity: .info, since: facts.since)],
                recommendations: [Insights.Recommendation(action: "look", priority: .low)]
            )
        },
        digest: { facts, _ in
            "digest of \(facts.scope): " + facts.patterns.map(\.exampleMessage).joined(separator: "\n")
        },
        read: { text throws(InsightsProblem) in
            guard let summary = ModelJSON(text)?["summary"]?.text else {
                throw InsightsProblem(words: "what it wrote does not fit")
            }
            return Insights(summary: summary, severity: .warning, findings: [], recommendations: [])
        },
        system: "You are on call.",
        geminiSchema: Array(#"{"type":"OBJECT"}"#.utf8),
        jsonSchema: Array(#"{"type":"object"}"#.utf8)
    )
}
