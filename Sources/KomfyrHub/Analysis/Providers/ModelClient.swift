import EventLoop
import Synchronization

/// Sends requests to providers; the tests have one of their own.
protocol ModelSending: Sendable {
    /// Ends early, with an error, when the task is cancelled.
    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPAnswer
}

/// libcurl on a loop's thread of its own, for tasks: nobody's thread is held up while a model thinks.
///
/// ```
/// task: send ─► mailbox ─► loop: HTTPClient.send ─► … ─► done ─► the task goes on
///       cancelled: goes on at once; a job on the loop ends the transfer
/// ```
///
/// The thread begins with the first request. Redirects are never followed, certificates always checked, and proxies of
/// the environment used, as HTTPClient has it.
final class ModelClient: ModelSending {
    private let state = Mutex(State())
    private let client = LoopBound<HTTPClient>()
    private let make: @Sendable (Loop) throws(LoopError) -> HTTPClient

    /// `make` starts libcurl on a loop.
    init(
        make: @escaping @Sendable (Loop) throws(LoopError) -> HTTPClient = { loop throws(LoopError) in
            try HTTPClient(loop, maximumConnections: HubLimits.analyses)
        }
    ) { self.make = make }

    private struct State: Sendable {
        var thread: LoopThread?
        var exchanges: [ObjectIdentifier: Exchange] = [:]
        var hasStopped = false
    }

    /// A request under way: whoever ends it first tells the task.
    private final class Exchange: Sendable {
        /// Filled, opened and emptied on the loop.
        let transfer = LoopBound<HTTPTransfer>()
        private let state = Mutex<(task: CheckedContinuation<Outcome, Never>?, outcome: Outcome?)>((nil, nil))

        typealias Outcome = Result<HTTPAnswer, HTTPFailure>

        var hasEnded: Bool { state.withLock { $0.outcome != nil } }

        func begin(_ task: CheckedContinuation<Outcome, Never>) {
            let outcome = state.withLock { state in
                if state.outcome == nil { state.task = task }
                return state.outcome
            }
            if let outcome { task.resume(returning: outcome) }
        }

        func end(_ outcome: Outcome) {
            let task = state.withLock { state in
                guard state.outcome == nil else { return nil as CheckedContinuation<Outcome, Never>? }
                state.outcome = outcome
                defer { state.task = nil }
                return state.task
            }
            task?.resume(returning: outcome)
        }
    }

    deinit { state.withLock { $0.thread }?.stop() }

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPAnswer {
        let exchange = Exchange()
        let mailbox = try begin(exchange)
        defer { state.withLock { $0.exchanges[ObjectIdentifier(exchange)] = nil } }
        let (client, make) = (client, make)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { task in
                exchange.begin(task)
                let isPosted = mailbox.post { loop in
                    if exchange.hasEnded { return }
                    // With the first request, and again as long as it fails.
                    if client.open(on: loop, { _ in true }) == nil {
                        do throws(LoopError) { client.fill(try make(loop), on: loop) } catch {
                            let failure = Self.failure("the client for it could not be started: \(error)", sent: false)
                            return exchange.end(.failure(failure))
                        }
                    }
                    let transfer = client.open(on: loop) { client in
                        client.send(request) { outcome in
                            exchange.transfer.empty(on: loop)
                            exchange.end(outcome)
                        }
                    }
                    guard let transfer else { return exchange.end(.failure(Self.stopped)) }
                    exchange.transfer.fill(transfer, on: loop)
                }
                if !isPosted { exchange.end(.failure(Self.stopped)) }
            }
        } onCancel: {
            exchange.end(.failure(Self.cancelled))
            mailbox.post { loop in
                exchange.transfer.open(on: loop) { $0.cancel() }
                exchange.transfer.empty(on: loop)
            }
        }
        return try outcome.get()
    }

    /// Ends the requests under way, with an error, and the thread.
    func stop() async {
        let (thread, exchanges) = state.withLock { state in
            state.hasStopped = true
            defer { state.thread = nil }
            return (state.thread, Array(state.exchanges.values))
        }
        for exchange in exchanges { exchange.end(.failure(Self.stopped)) }
        await thread?.stopAndWait()
    }

    /// Notes an exchange, and starts the thread where there is none.
    private func begin(_ exchange: Exchange) throws(HTTPFailure) -> Mailbox {
        let result = state.withLock { state -> Result<Mailbox, HTTPFailure> in
            if state.hasStopped { return .failure(Self.stopped) }
            if state.thread == nil {
                do throws(LoopError) {
                    state.thread = try LoopThread(name: "models") { _ in }
                } catch {
                    return .failure(Self.failure("the thread for it could not be started: \(error)", sent: false))
                }
            }
            guard let mailbox = state.thread?.mailbox else { return .failure(Self.stopped) }
            state.exchanges[ObjectIdentifier(exchange)] = exchange
            return .success(mailbox)
        }
        return try result.get()
    }

    private static let cancelled = failure("nobody waits for it any more")
    private static let stopped = failure("the hub is stopping")

    private static func failure(_ words: String, sent: Bool = true) -> HTTPFailure {
        HTTPFailure(code: -1, description: words, mayHaveArrived: sent)
    }
}
