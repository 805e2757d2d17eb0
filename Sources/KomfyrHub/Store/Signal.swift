import Synchronization

/// Wakes one waiting task; raised while nobody waits, it is kept for the next wait.
final class Signal: Sendable {
    private enum State {
        case idle
        case raised
        case waiting(UnsafeContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    /// Wakes the task that waits, or the next one at once.
    func raise() {
        let waiting: UnsafeContinuation<Void, Never>? = state.withLock { state in
            guard case .waiting(let continuation) = state else {
                state = .raised
                return nil
            }
            state = .idle
            return continuation
        }
        waiting?.resume()
    }

    /// Waits until it is raised; returns at once when it was already, or when the task is cancelled.
    ///
    /// For one task.
    func wait() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                let isRaised = state.withLock { state in
                    if case .raised = state {
                        state = .idle
                        return true
                    }
                    state = .waiting(continuation)
                    return false
                }
                if isRaised { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
    }

    /// Waits until it is raised, but not longer than this.
    func wait(ms: Int) async {
        let alarm = Task {
            try? await Task.sleep(for: .milliseconds(ms))
            if !Task.isCancelled { raise() }
        }
        await wait()
        alarm.cancel()
    }
}
