import EventLoop
import Logging
import Protocol

/// Makes reports: gathers facts, asks a model if one is set, and keeps what came of it.
///
/// ```
/// request ─► kept in Redis? ─► answered, with how many logs came since
///         └► one under way for the same? ─► waits for it
///            └► a model would write it for a share token? ─► refused
///            └► another one for the same group, or two for others? ─► waits for its end, then from the beginning
///               └► facts ─► digest ─► model ─► read ─► kept, answered
///                            └─ fails, no tokens left ─► statistics, which say why; not kept
/// ```
///
/// An analysis belongs to nobody: a client that goes away cancels its own wait and nothing else.
actor AnalysisService {
    /// What it is made of.
    struct Parts: Sendable {
        var store: any AnalysisReading
        var redis: any RedisSending
        /// Nil: the statistics are the analyst.
        var model: ModelCaller?
        var works = AnalystWorks.hub
        var dailyTokens = HubLimits.dailyTokensDefault
        /// In nanoseconds.
        var retention: Int64
        var logger: Logger
        /// Nanoseconds since 1970.
        var now: @Sendable () -> Int64 = { WallClock.now() }
    }

    /// What is answered.
    struct Answer: Sendable, Equatable {
        /// The member `analysis`, as JSON.
        var analysis: [UInt8]
        /// The same for those who may not know how the hub is set up; nil: there is nothing of that in it.
        var neutral: [UInt8]?
        var isCached = false
        /// Logs whose time is after the report's; nil: that cannot be told now.
        var logsSince: Int? = 0
        /// Redis could not be asked for all of it.
        var isPartial = false
    }

    /// Why there is no report.
    enum Problem: Error, Sendable {
        case store(StoreError)
        /// As many wait as may wait.
        case busy
        case stopping
    }

    nonisolated let figures = AnalysisFigures()
    nonisolated let budget: TokenBudget
    private nonisolated let parts: Parts
    private nonisolated let cache: ReportCache
    private nonisolated let writer: ReportWriter

    private var runs: [Lane: Run] = [:]
    private var waiting: [(number: Int, task: CheckedContinuation<Void, Never>)] = []
    private var waits = 0
    private var hasStopped = false
    /// Rises when reports are dropped: one that was begun before is not kept.
    private var generation = 0

    /// What is done one after the other: the windows of a group, for those who see the same of it.
    private struct Lane: Hashable {
        var group: GroupPattern
        var bound: GroupPattern?
    }

    /// An analysis under way.
    private final class Run {
        let key: String
        /// What had been dropped when it began: who comes after a purge must not get what was read before it.
        let generation: Int
        var task: Task<Void, Never>?
        var outcome: Result<Answer, Problem>?

        init(key: String, generation: Int) {
            self.key = key
            self.generation = generation
        }
    }

    init(_ parts: Parts) {
        self.parts = parts
        cache = ReportCache(redis: parts.redis)
        budget = TokenBudget(limit: parts.dailyTokens, redis: parts.redis)
        writer = ReportWriter(parts: parts, budget: budget, figures: figures)
    }

    /// Who writes reports: `gemini`, `openai`, `statistics`.
    nonisolated var provider: String { parts.model?.dialect.provider ?? "statistics" }
    /// Nil: none.
    nonisolated var model: String? { parts.model?.dialect.model }
    /// Tokens used today.
    nonisolated var tokensToday: Int { budget.used(now: parts.now()) }

    /// Reads what was spent before a restart, and says who writes reports.
    func begin() async {
        await budget.load(now: parts.now())
        guard let model = parts.model?.dialect else { return }
        parts.logger.info(
            "reports are written by a model",
            metadata: [
                "provider": "\(model.provider)", "model": "\(model.model)", "host": "\(model.host)",
                "tokens_today": "\(tokensToday)", "daily_tokens": "\(budget.limit)",
            ]
        )
    }

    /// A report, kept or made.
    /// - Parameters:
    ///   - question: what it is about.
    ///   - isRefresh: it is made anew, if whoever asks may order that.
    ///   - mayOrder: whoever asks may have a model write it, which costs. Others get a model's report that is kept or
    ///     under way for somebody else, and where there is none that of the statistics.
    /// - Returns: the report.
    /// - Throws: why there is none; all of it passes.
    func report(
        _ question: AnalysisQuestion,
        isRefresh: Bool,
        mayOrder: Bool = true
    ) async throws(Problem) -> Answer {
        let lane = Lane(group: question.group, bound: question.bound)
        let byModel = mayOrder && parts.model != nil
        let isRefresh = isRefresh && (mayOrder || parts.model == nil)
        while true {
            if hasStopped { throw .stopping }
            // Also where Redis could not be told to drop what it keeps, nothing from before a purge is found.
            let since = generation > 0 ? "#\(generation)" : ""
            let ofModel = ReportCache.key(question, analyst: provider + "/" + (model ?? "") + since)
            if !isRefresh, runs[lane]?.key != ofModel, let answer = await kept(ofModel, question) { return answer }
            if let answer = try await underWay(ofModel, lane) { return answer }
            let key = byModel ? ofModel : ReportCache.key(question, analyst: "statistics/" + since)
            if key != ofModel {
                if runs[lane]?.key != key, let answer = await kept(key, question) { return answer }
                if let answer = try await underWay(key, lane) { return answer }
            }
            if runs[lane] == nil, runs.count < HubLimits.analyses, !hasStopped {
                return try await wait(for: try start(question, key, lane, isRefresh: isRefresh, byModel: byModel))
            }
            try await pause()
        }
    }

    /// What somebody else has ordered and is not there yet; nil: nothing.
    private func underWay(_ key: String, _ lane: Lane) async throws(Problem) -> Answer? {
        guard let run = runs[lane], run.key == key, run.generation == generation else { return nil }
        figures.note { $0.shared += 1 }
        return try await wait(for: run)
    }

    /// Drops what is kept: logs were removed, and what reports tell of them goes too.
    func forget() async {
        generation += 1
        await cache.forget()
    }

    /// Ends what is under way; those who wait are told to come again.
    func stop() async {
        hasStopped = true
        let tasks = runs.values.compactMap(\.task)
        for task in tasks { task.cancel() }
        wake()
        for task in tasks { await task.value }
    }

    // MARK: Runs

    private func start(
        _ question: AnalysisQuestion,
        _ key: String,
        _ lane: Lane,
        isRefresh: Bool,
        byModel: Bool
    ) throws(Problem) -> Run {
        guard waiting.count < HubLimits.analysesWaiting else { throw .busy }
        let generation = generation
        let run = Run(key: key, generation: generation)
        runs[lane] = run
        figures.note { $0.running += 1 }
        run.task = Task {
            run.outcome = await make(question, key, generation, isRefresh: isRefresh, byModel: byModel)
            figures.note { $0.running -= 1 }
            runs[lane] = nil
            wake()
        }
        return run
    }

    private nonisolated func make(
        _ question: AnalysisQuestion,
        _ key: String,
        _ generation: Int,
        isRefresh: Bool,
        byModel: Bool
    ) async -> Result<Answer, Problem> {
        // It may have been kept between the look and the start.
        if !isRefresh, let answer = await kept(key, question) { return .success(answer) }
        let report: ReportWriter.Report
        do throws(StoreError) {
            report = try await writer.report(question, byModel: byModel)
        } catch {
            return .failure(Task.isCancelled ? .stopping : .store(error))
        }
        if Task.isCancelled { return .failure(.stopping) }
        if report.mayBeKept, parts.store.mayKeep(bytes: report.body.count), await isCurrent(generation) {
            await cache.keep(ReportCache.Kept(made: report.made, body: report.body), key)
            // Dropped meanwhile: then this one too.
            if await !isCurrent(generation) { await cache.forget() }
        }
        return .success(Answer(analysis: report.body, neutral: report.neutralBody, isPartial: report.isPartial))
    }

    private func isCurrent(_ generation: Int) -> Bool { generation == self.generation }

    private nonisolated func kept(_ key: String, _ question: AnalysisQuestion) async -> Answer? {
        guard let kept = await cache.report(key), kept.made <= parts.now() else { return nil }
        figures.note { $0.cached += 1 }
        var query = LogQuery()
        query.groups = [question.group]
        query.bound = question.bound
        query.since = kept.made + 1
        var answer = Answer(analysis: kept.body, isCached: true)
        do throws(StoreError) {
            let counts = try await parts.store.histogram(query, interval: 86_400_000_000_000)
            answer.logsSince = counts.buckets.reduce(0) { $0 + $1.levels.total }
            answer.isPartial = counts.isPartial
        } catch {
            answer.logsSince = nil
        }
        return answer
    }

    // MARK: Waiting

    private func wait(for run: Run) async throws(Problem) -> Answer {
        while true {
            if let outcome = run.outcome { return try outcome.get() }
            try await pause()
        }
    }

    /// Waits until any analysis has ended.
    private func pause() async throws(Problem) {
        guard waiting.count < HubLimits.analysesWaiting else { throw .busy }
        if hasStopped { throw .stopping }
        waits += 1
        let number = waits
        await withTaskCancellationHandler {
            await withCheckedContinuation { task in
                if Task.isCancelled {
                    task.resume()
                } else {
                    waiting.append((number, task))
                }
            }
        } onCancel: {
            Task { await self.leave(number) }
        }
        if Task.isCancelled || hasStopped { throw .stopping }
    }

    private func leave(_ number: Int) {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
        waiting.remove(at: index).task.resume()
    }

    private func wake() {
        let tasks = waiting.map(\.task)
        waiting = []
        for task in tasks { task.resume() }
    }

    /// Requests that wait.
    var waitingCount: Int { waiting.count }
}
