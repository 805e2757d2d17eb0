import EventLoop
import Synchronization

/// Asks both loops whether they turn, through their mailboxes, and says so only when both have answered.
///
/// ```
///  intake's timer ──► delivery's mailbox ──► intake's mailbox ──► alive()
/// ```
///
/// A loop that hangs lets the question lie, so the service manager hears nothing and starts the agent anew. Belongs to
/// the intake loop.
final class Watchdog {
    private let timer: Timer
    private let state: State

    private final class State {
        let alive: () -> Void
        var isAsked = false
        init(_ alive: @escaping () -> Void) { self.alive = alive }
    }

    /// Begins to ask.
    /// - Parameters:
    ///   - loop: the intake loop.
    ///   - everyMs: half of the time after which the manager loses patience.
    ///   - ask: hands a question to the other loop, which calls it; says whether it could.
    ///   - alive: called on the intake loop when both have answered.
    /// - Throws: when the loop makes no timer.
    init(
        _ loop: Loop,
        everyMs: UInt64,
        ask: @escaping (@escaping @Sendable () -> Void) -> Bool,
        alive: @escaping () -> Void
    ) throws(LoopError) {
        let state = State(alive)
        self.state = state
        let home = LoopBound<State>()
        home.fill(state, on: loop)
        let mailbox = loop.mailbox
        timer = try Timer(loop) {
            // One question at a time: those of a loop that hangs would pile up.
            guard !state.isAsked else { return }
            state.isAsked = ask {
                mailbox.post { loop in
                    home.open(on: loop) { state in
                        state.isAsked = false
                        state.alive()
                    }
                }
            }
        }
        timer.start(afterMs: everyMs, repeatMs: everyMs)
    }

    /// Asks no more.
    func close() { timer.close() }
}

@available(*, unavailable)
extension Watchdog: Sendable {}
