import EventLoop
import Protocol

extension WallClock {
    /// Now, as RFC 3339.
    static var text: String { Timestamp.text(now()) }
}
