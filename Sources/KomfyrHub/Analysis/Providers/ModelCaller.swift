import EventLoop

/// Asks a provider, and again while what is wrong passes.
struct ModelCaller: Sendable {
    var dialect: any ModelDialect
    var sender: any ModelSending
    var clock = ModelClock()
    /// Of the one address that the dialect speaks to.
    private let known = KnownForm()

    /// What came of it, over all attempts.
    struct Outcome: Sendable {
        var result: Result<[UInt8], ModelProblem>
        var tokensIn = 0
        var tokensOut = 0
        /// Requests that were sent.
        var attempts = 0
        /// Requests that may have been answered, and billed, without a word of what they cost.
        var uncounted = 0
    }

    /// Asks, for `answerMs` of the dialect at most, attempts and waits between them included: as long as it takes,
    /// it has one of the few places for analyses.
    func ask(_ prompt: ModelPrompt) async -> Outcome {
        var outcome = Outcome(result: .failure(ModelProblem("nobody was asked")))
        let began = clock.nowMs()
        var retries = 0
        var form = known.form(nowMs: began)
        while true {
            let left = dialect.answerMs - (clock.nowMs() - began)
            // What the last attempt said stands.
            guard left > 0 else { return outcome }
            outcome.attempts += 1
            let reply = await once(dialect.request(prompt, form, timeoutMs: left), &outcome)
            outcome.result = reply.result
            guard case .failure(let problem) = reply.result, !Task.isCancelled else {
                if case .success = reply.result { known.note(form, nowMs: clock.nowMs()) }
                return outcome
            }
            if let refused = problem.refused, let other = form.without(refused) {
                form = other
                continue
            }
            guard problem.isPassing else { return outcome }
            let wait = ModelRetry.wait(
                retries: retries,
                elapsedMs: clock.nowMs() - began,
                asked: problem.retryAfterMs,
                jitter: clock.jitter()
            )
            guard let wait else {
                outcome.result = .failure(Self.lasting(problem, retries: retries))
                return outcome
            }
            retries += 1
            guard await clock.sleep(wait) else { return outcome }
        }
    }

    private func once(_ request: HTTPRequest, _ outcome: inout Outcome) async -> ModelReply {
        do throws(HTTPFailure) {
            let answer = try await sender.send(request)
            let reply = dialect.reply(answer)
            outcome.tokensIn += reply.tokensIn ?? 0
            outcome.tokensOut += reply.tokensOut ?? 0
            // Errors cost nothing; a success that does not say what it cost did cost something.
            if answer.status == 200, reply.tokensIn == nil { outcome.uncounted += 1 }
            return reply
        } catch {
            if error.mayHaveArrived { outcome.uncounted += 1 }
            return ModelReply(.failure(ModelProblem(error, host: dialect.host, key: dialect.key)))
        }
    }

    private static func lasting(_ problem: ModelProblem, retries: Int) -> ModelProblem {
        var problem = problem
        if let wait = problem.retryAfterMs, wait > 0 {
            problem.words += "; it asks to wait \((wait + 999) / 1_000) s"
        }
        if retries > 0 { problem.words += "; asked \(retries + 1) times" }
        return problem
    }
}

/// The time as retries see it, so that tests need not wait.
struct ModelClock: Sendable {
    /// Of a clock that never goes back.
    var nowMs: @Sendable () -> Int = { Int(MonotonicClock.nowUs() / 1_000) }
    /// False: cancelled meanwhile.
    var sleep: @Sendable (Int) async -> Bool = { (try? await Task.sleep(for: .milliseconds($0))) != nil }
    /// 0 to 1.
    var jitter: @Sendable () -> Double = { Double.random(in: 0...1) }
}
