import EventLoop
import Protocol
import Synchronization

/// The time as HTTP writes it, made once a second: `Mon, 23 Nov 2026 11:00:22 GMT` (RFC 9110 §5.6.7).
enum HTTPDate {
    private static let last = Mutex((second: Int64.min, text: ""))
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Now.
    static var now: String {
        let nanoseconds = WallClock.now()
        let second = nanoseconds / Timestamp.second
        return last.withLock { last in
            if last.second != second { last = (second, text(nanoseconds)) }
            return last.text
        }
    }

    /// A time since 1970.
    static func text(_ nanoseconds: Int64) -> String {
        let days = Int(max(0, nanoseconds) / 86_400_000_000_000)
        let date = Timestamp.date(days: days)
        // `2026-11-23T11:00:22.…`
        let iso = Timestamp.text(max(0, nanoseconds))
        let day = iso.dropFirst(8).prefix(2)
        let clock = iso.dropFirst(11).prefix(8)
        return "\(weekdays[days % 7]), \(day) \(months[date.month - 1]) \(date.year) \(clock) GMT"
    }
}
