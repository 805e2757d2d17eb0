import Logging
import Protocol
import Synchronization

/// Makes one report: facts, then a model's words or those of the statistics.
struct ReportWriter: Sendable {
    let parts: AnalysisService.Parts
    let budget: TokenBudget
    let figures: AnalysisFigures
    private let trouble = ModelTrouble()

    init(parts: AnalysisService.Parts, budget: TokenBudget, figures: AnalysisFigures) {
        self.parts = parts
        self.budget = budget
        self.figures = figures
    }

    struct Report: Sendable {
        /// Nanoseconds since 1970.
        var made: Int64
        /// The member `analysis`, as JSON.
        var body: [UInt8]
        /// The same for those who may not know how the hub is set up; nil: there is nothing of that in it.
        var neutralBody: [UInt8]?
        var isPartial: Bool
        /// Nothing failed, and there is something to report of.
        var mayBeKept: Bool
    }

    /// Makes one.
    /// - Parameters:
    ///   - question: what it is about.
    ///   - byModel: a model is asked, where there is one; otherwise the statistics write it.
    /// - Returns: the report; by the statistics, too, where the model fails.
    /// - Throws: that the store cannot be read.
    func report(_ question: AnalysisQuestion, byModel: Bool) async throws(StoreError) -> Report {
        let now = parts.now()
        let gatherer = FactsGatherer(store: parts.store, works: parts.works, retention: parts.retention)
        let gathered = try await gatherer.facts(question, now: now)
        let facts = gathered.facts
        var author = ReportTree.Author()
        var insights: Insights?
        // A model has nothing to say about nothing.
        if byModel, let model = parts.model, facts.levels.total > 0 {
            do throws(ModelProblem) {
                insights = try await ask(model, facts, now: now, &author)
            } catch {
                author.error = "\(model.dialect.provider), \(model.dialect.model): \(error.words)"
            }
        }
        figures.note { counts in
            if insights != nil {
                counts.byModel += 1
            } else if author.error != nil {
                counts.instead += 1
            } else {
                counts.byStatistics += 1
            }
        }
        tell(facts.leftOut)
        let written = insights ?? parts.works.statistics(facts, now)
        var neutral: [UInt8]?
        if author.error != nil {
            var other = author
            other.error = Self.neutralWords
            neutral = ReportTree.bytes(gathered, written, other)
        }
        return Report(
            made: now,
            body: ReportTree.bytes(gathered, written, author),
            neutralBody: neutral,
            isPartial: facts.isPartial,
            mayBeKept: author.error == nil && !facts.isPartial && facts.levels.total > 0
        )
    }

    /// Why a model did not write a report, without where it is and what it may cost.
    static let neutralWords = "the model that is set did not write it; whoever runs the hub finds out why in its log"

    /// Counts a report that leaves something out, and says so in the log, once: what is too much for one is too much
    /// for the next.
    private func tell(_ leftOut: [String]) {
        guard !leftOut.isEmpty else { return }
        var isFirst = false
        figures.note { counts in
            isFirst = counts.cut == 0
            counts.cut += 1
        }
        guard isFirst else { return }
        parts.logger.warning(
            "a report leaves out what there is too much of; ask for fewer groups at a time",
            metadata: ["left_out": "\(leftOut.joined(separator: "; "))"]
        )
    }

    private func ask(
        _ model: ModelCaller,
        _ facts: AnalysisFacts,
        now: Int64,
        _ author: inout ReportTree.Author
    ) async throws(ModelProblem) -> Insights {
        if let words = trouble.pause(now: now) { throw ModelProblem(words) }
        let works = parts.works
        let prompt = ModelPrompt(
            system: works.system,
            digest: works.digest(facts, HubLimits.digestTokens),
            geminiSchema: works.geminiSchema,
            jsonSchema: works.jsonSchema
        )
        let bytes = prompt.system.utf8.count + prompt.digest.utf8.count + 3 * prompt.jsonSchema.count
        let asked = bytes / HubLimits.bytesPerToken
        let reserved = asked + HubLimits.modelAnswerTokens
        await budget.load(now: now)
        guard budget.reserve(reserved, now: now) else {
            throw ModelProblem(
                "the day's tokens (AI_DAILY_TOKENS=\(budget.limit)) are used up, "
                    + "or what is left does not last for a report; "
                    + "the next begin at \(Timestamp.text(TokenBudget.nextDay(now)))"
            )
        }
        let outcome = await model.ask(prompt)
        let spent = outcome.tokensIn + outcome.tokensOut + outcome.uncounted * asked
        await budget.spend(spent, reserved: reserved, now: parts.now())
        figures.note { counts in
            counts.requests += outcome.attempts
            counts.tokensIn += outcome.tokensIn
            counts.tokensOut += outcome.tokensOut
        }
        author.tokensIn = outcome.tokensIn
        author.tokensOut = outcome.tokensOut
        do throws(ModelProblem) {
            let text = try outcome.result.get()
            let insights: Insights
            do throws(InsightsProblem) {
                insights = try works.read(text).within(facts)
            } catch {
                throw ModelProblem(error.words)
            }
            trouble.ended()
            author.provider = model.dialect.provider
            author.model = model.dialect.model
            return insights
        } catch {
            if !Task.isCancelled { trouble.began(error, model.dialect, now: parts.now(), parts.logger) }
            throw error
        }
    }
}

/// What is wrong with a provider: told once in the hub's log, and how long it asked to be left alone.
final class ModelTrouble: Sendable {
    private let state = Mutex(State())

    private struct State {
        var words = ""
        var told: Int64 = 0
        var count = 0
        /// Nanoseconds since 1970.
        var pausedUntil: Int64 = 0
    }

    /// Why the provider is not to be asked now; nil: it may be.
    func pause(now: Int64) -> String? {
        state.withLock { state in
            // A clock that went back must not silence it.
            let left = state.pausedUntil - now
            guard left > 0, left <= Int64(HubLimits.modelPauseMs) * 1_000_000 else { return nil }
            // Not its own words: those may quote what was sent for somebody who sees more.
            return "the model's server asked to be left alone until \(Timestamp.text(state.pausedUntil))"
        }
    }

    func began(_ problem: ModelProblem, _ dialect: any ModelDialect, now: Int64, _ logger: Logger) {
        let count = state.withLock { state -> Int? in
            if problem.isPassing, let wait = problem.retryAfterMs { state.pausedUntil = now + Int64(wait) * 1_000_000 }
            state.count += 1
            let isRecent = now - state.told < HubLimits.modelTroubleSeconds * 1_000_000_000
            let isSame = state.words == problem.words && isRecent
            guard !isSame else { return nil }
            state.words = problem.words
            state.told = now
            defer { state.count = 0 }
            return state.count
        }
        guard let count else { return }
        logger.warning(
            "a model did not write a report; the statistics do",
            metadata: [
                "provider": "\(dialect.provider)", "model": "\(dialect.model)", "problem": "\(problem.words)",
                "times": "\(count)",
            ]
        )
    }

    func ended() { state.withLock { $0 = State() } }
}
