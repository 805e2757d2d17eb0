import CLibuv

/// Calls back once or at intervals.
public final class Timer: HandleOwner {
    let loop: Loop
    private var handle: UnsafeMutablePointer<uv_timer_t>?
    private var action: () -> Void

    /// A timer that is not armed yet.
    ///
    /// Keeps `action` until `close()`.
    public init(_ loop: Loop, _ action: @escaping () -> Void) throws(LoopError) {
        self.loop = loop
        self.action = action
        handle = try adopt(uv_timer_t.self, "make a timer") { uv_timer_init($0, $1) }
    }

    /// Arms it: first after `ms`, then every `repeatMs` (0: once).
    ///
    /// Arming again replaces.
    public func start(afterMs ms: UInt64, repeatMs: UInt64 = 0) {
        loop.assertOnLoop()
        guard let handle else { return }
        // libuv counts from the beginning of this turn: what the turn has used up already is added.
        let used = uv_hrtime() / 1_000_000 &- uv_now(loop.raw)
        let (due, overflow) = ms.addingReportingOverflow(used < 1 << 40 ? used : 0)
        uv_timer_start(handle, { owner(of: $0, as: Timer.self)?.fire() }, overflow ? ms : due, repeatMs)
    }

    /// Disarms it.
    public func stop() {
        loop.assertOnLoop()
        if let handle { uv_timer_stop(handle) }
    }

    /// Frees it; no call follows.
    public func close() {
        guard let closing = handle else { return }
        handle = nil
        release(closing)
        // Not needed any more, and perhaps what keeps this timer's user alive.
        action = {}
    }

    /// Whether it is armed.
    public var isActive: Bool {
        handle.map { uv_is_active(base(of: $0)) != 0 } ?? false
    }

    private func fire() { action() }
}

@available(*, unavailable)
extension Timer: Sendable {}
