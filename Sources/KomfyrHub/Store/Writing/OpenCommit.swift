import Synchronization

/// The requests that wait for the next commit, and the door through which they come.
///
/// While one commit is on its way to Redis the next one fills here. Any task appends; the writer alone takes.
final class OpenCommit: Sendable {
    /// A request that waits for its answer.
    final class Waiting: Sendable {
        let request: IngestRequest
        /// What it costs of the bound, in bytes.
        let cost: Int
        private let continuation: UnsafeContinuation<Result<IngestReceipt, StoreError>, Never>?

        /// Without a continuation nobody waits: for plans that are only looked at.
        init(_ request: IngestRequest, _ continuation: UnsafeContinuation<Result<IngestReceipt, StoreError>, Never>?) {
            self.request = request
            self.continuation = continuation
            let columns = request.decoded.columns
            // Each group's tail gets a copy of the defaults, which the body's text holds once.
            let defaults = request.defaults.tags.reduce(request.defaults.source?.utf8.count ?? 0) {
                $0 + $1.utf8.count + 3
            }
            let copies = max(0, request.decoded.groupNames.count - 1)
            cost = request.body.count + columns.text.count + columns.count * 64 + copies * defaults + 512
        }

        /// Called once.
        func answer(_ result: Result<IngestReceipt, StoreError>) { continuation?.resume(returning: result) }
    }

    private struct State {
        var waiting: [Waiting] = []
        /// Of all that were let in and are not answered yet.
        var bytes = 0
        /// Why nothing is let in now.
        var closed: StoreError? = .redisUnavailable("the store has not been started")
        /// Why nothing is let in now although the store could commit: no room.
        var refusal: StoreError?
        var isStopping = false
        var idleWaiters: [UnsafeContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let arrived: Signal

    /// A closed door.
    ///
    /// `arrived` is raised when a request waits.
    init(arrived: Signal) { self.arrived = arrived }

    /// Why nothing is let in now; nil: it is.
    var closed: StoreError? { state.withLock { $0.isStopping ? .stopping : $0.closed ?? $0.refusal } }

    /// Lets requests in.
    func open() { state.withLock { $0.closed = nil } }

    /// Lets no more in, and answers those that wait.
    func close(_ error: StoreError) {
        let refused = state.withLock { state in
            state.closed = error
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in refused { answer(waiting, .failure(error)) }
    }

    /// Lets requests in as far as the store is concerned (nil), or lets none in for a reason that passes, and answers
    /// those that wait with it.
    func refuse(_ error: StoreError?) {
        let refused = state.withLock { state -> [Waiting] in
            state.refusal = error
            if error == nil { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        guard let error else { return }
        for waiting in refused { answer(waiting, .failure(error)) }
    }

    /// Lets no more in for good; those that wait are still taken.
    func stop() { state.withLock { $0.isStopping = true } }

    /// Joins the commit that is open, and waits until Redis has it.
    func append(_ request: IngestRequest) async -> Result<IngestReceipt, StoreError> {
        await withUnsafeContinuation { continuation in
            let waiting = Waiting(request, continuation)
            let (refusal, isFirst) = state.withLock { state -> (StoreError?, Bool) in
                if state.isStopping { return (.stopping, false) }
                if let closed = state.closed ?? state.refusal { return (closed, false) }
                // One that is larger than the bound by itself gets in when nothing else is there.
                guard state.bytes == 0 || state.bytes + waiting.cost <= HubLimits.openCommitBytes else {
                    return (.busy, false)
                }
                state.bytes += waiting.cost
                state.waiting.append(waiting)
                return (nil, state.waiting.count == 1)
            }
            if let refusal {
                waiting.answer(.failure(refusal))
            } else if isFirst {
                arrived.raise()
            }
        }
    }

    /// The oldest requests, as many as make one commit.
    func take() -> [Waiting] {
        state.withLock { state in
            var bytes = 0
            var count = 0
            while count < state.waiting.count, count < HubLimits.commitRequests {
                bytes += state.waiting[count].request.body.count
                if count > 0 && bytes > HubLimits.commitBytes { break }
                count += 1
            }
            if count == state.waiting.count {
                defer { state.waiting = [] }
                return state.waiting
            }
            defer { state.waiting.removeFirst(count) }
            return Array(state.waiting[..<count])
        }
    }

    /// Answers a request that was taken.
    func answer(_ waiting: Waiting, _ result: Result<IngestReceipt, StoreError>) {
        release([waiting])
        waiting.answer(result)
    }

    /// Answers the requests of a commit.
    func answer(_ waiting: [Waiting], _ results: [Result<IngestReceipt, StoreError>]) {
        release(waiting)
        for (waiting, result) in zip(waiting, results) { waiting.answer(result) }
    }

    /// Waits until every request that was let in has its answer.
    func whenIdle() async {
        await withUnsafeContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.bytes == 0 { return true }
                state.idleWaiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func release(_ answered: [Waiting]) {
        let cost = answered.reduce(0) { $0 + $1.cost }
        let idle = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
            state.bytes -= cost
            guard state.bytes == 0 else { return [] }
            defer { state.idleWaiters = [] }
            return state.idleWaiters
        }
        for continuation in idle { continuation.resume() }
    }
}
