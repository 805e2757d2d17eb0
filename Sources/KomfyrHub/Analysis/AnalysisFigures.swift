import Synchronization

/// What is counted of analyses since the start, for `/metrics` and `/api/stats`.
final class AnalysisFigures: Sendable {
    struct Counts: Sendable, Equatable {
        /// Reports that a model wrote.
        var byModel = 0
        /// Reports of the statistics, where no model is set or it was not needed.
        var byStatistics = 0
        /// Reports of the statistics in the place of a model that failed, or that has no tokens left.
        var instead = 0
        /// Answers from the cache.
        var cached = 0
        /// Requests that were answered with another one's report.
        var shared = 0
        /// Requests that were sent to a provider, again included.
        var requests = 0
        var tokensIn = 0
        var tokensOut = 0
        /// Reports that leave something out, since there was too much of it.
        var cut = 0
        /// Analyses under way.
        var running = 0
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func note(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }
}
