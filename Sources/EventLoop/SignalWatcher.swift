import CLibuv

/// Calls back for each of some signals.
///
/// Only one loop of the process should watch a given signal: libuv wakes each that does.
public final class SignalWatcher: HandleOwner {
    let loop: Loop
    private var handles: [UnsafeMutablePointer<uv_signal_t>] = []
    private var action: (Int32) -> Void

    /// Starts watching at once.
    public init(_ loop: Loop, signals: [Int32], _ action: @escaping (Int32) -> Void) throws(LoopError) {
        self.loop = loop
        self.action = action
        do {
            for signal in signals { try watch(signal) }
        } catch {
            close()
            throw error
        }
    }

    /// Stops watching; the signals have their default effect again.
    public func close() {
        let closing = handles
        handles = []
        for handle in closing { release(handle) }
        action = { _ in }
    }

    private func watch(_ signal: Int32) throws(LoopError) {
        let handle = try adopt(uv_signal_t.self, "watch signal \(signal)") { uv_signal_init($0, $1) }
        handles.append(handle)
        try check(
            uv_signal_start(handle, { owner(of: $0, as: SignalWatcher.self)?.arrived($1) }, signal),
            "watch signal \(signal)"
        )
    }

    private func arrived(_ signal: Int32) { action(signal) }
}

@available(*, unavailable)
extension SignalWatcher: Sendable {}
