import EventLoop
import Protocol

/// When a request is sent again, and how long a provider asks to wait.
enum ModelRetry {
    /// The wait before sending again.
    /// - Parameters:
    ///   - retries: how often it was sent again already.
    ///   - elapsedMs: since the first attempt began.
    ///   - asked: what the provider asks for.
    ///   - jitter: 0 to 1, so that hubs that failed together do not come back together.
    /// - Returns: milliseconds; nil: not any more.
    static func wait(retries: Int, elapsedMs: Int, asked: Int?, jitter: Double) -> Int? {
        guard retries < HubLimits.modelRetries else { return nil }
        let backoff = HubLimits.modelBackoffMs << retries
        // At least what was asked for, never less than that.
        let wait = max(asked ?? 0, backoff / 2 + Int(Double(backoff / 2) * jitter))
        return elapsedMs + wait <= HubLimits.modelRetryWindowMs ? wait : nil
    }

    /// Whether a status passes by itself.
    static func isPassing(_ status: Int) -> Bool { status == 408 || status == 429 || (500...599).contains(status) }

    /// `Retry-After` (RFC 9110, 10.2.3), seconds or a date, in milliseconds; bounded.
    static func after(_ answer: HTTPAnswer, now: Int64) -> Int? {
        guard let text = answer.header("retry-after") else { return nil }
        if let seconds = milliseconds(text[...]) { return seconds }
        guard let time = httpDate(text) else { return nil }
        return bounded(Double(time - now / 1_000_000_000) * 1_000)
    }

    /// `37s`, `37.826s` of a RetryInfo, in milliseconds; bounded.
    static func delay(_ text: String) -> Int? {
        text.hasSuffix("s") ? milliseconds(text.dropLast()) : nil
    }

    private static func milliseconds(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 20,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }),
            let seconds = Double(text)
        else { return nil }
        return bounded(seconds * 1_000)
    }

    private static func bounded(_ milliseconds: Double) -> Int {
        Int(min(max(0, milliseconds.rounded(.up)), Double(HubLimits.modelPauseMs)))
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since 1970.
    private static func httpDate(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])),
            let day = Int(words[1]), (1...31).contains(day), let year = Int(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").map { Int($0) ?? -1 }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        let days = Timestamp.days(year: year, month: month + 1, day: day)
        return Int64(days) * 86_400 + Int64(clock[0] * 3_600 + clock[1] * 60 + clock[2])
    }
}
