import Protocol

/// Reads the times of queries: RFC 3339, numbers since 1970, and `15m`, `2h`, `1d` before now.
enum TimeParameter {
    /// A time in nanoseconds since 1970.
    /// - Returns: nil when the text is none of these forms.
    static func parse(_ text: String, now: Int64) -> Int64? {
        if text == "now" { return now }
        if let span = span(text) {
            let (time, overflow) = now.subtractingReportingOverflow(span)
            return overflow ? nil : time
        }
        var bytes = Array(text.utf8)
        if bytes.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }),
            let number = bytes.withUnsafeBytes({ Timestamp.parseNumber($0) })
        {
            return number
        }
        // A zone's plus that was not escaped in the address arrives as a blank: `05:00:00 01:00`.
        let zone = bytes.count - 6
        if zone > 10, bytes[zone] == UInt8(ascii: " "), bytes[zone + 3] == UInt8(ascii: ":"),
            bytes[..<zone].contains(UInt8(ascii: ":"))
        {
            bytes[zone] = UInt8(ascii: "+")
        }
        return bytes.withUnsafeBytes { Timestamp.parse($0) }
    }

    /// Nanoseconds of `90s`, `15m`, `2h`, `1d`, `1w`; nil when it is not of that form or too long.
    static func span(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, bytes.count <= 10, let unit = bytes.last else { return nil }
        let seconds: Int64
        switch unit {
        case UInt8(ascii: "s"): seconds = 1
        case UInt8(ascii: "m"): seconds = 60
        case UInt8(ascii: "h"): seconds = 3_600
        case UInt8(ascii: "d"): seconds = 86_400
        case UInt8(ascii: "w"): seconds = 7 * 86_400
        default: return nil
        }
        guard bytes.dropLast().allSatisfy(isDigit), let count = Int64(text.dropLast()) else { return nil }
        let (span, overflow) = count.multipliedReportingOverflow(by: seconds)
        let (nanoseconds, tooLong) = span.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow || tooLong ? nil : nanoseconds
    }

    /// A whole number of seconds in its largest unit: `90s`, `5m`, `1h`, `1d`.
    static func text(span: Int64) -> String {
        let seconds = span / 1_000_000_000
        for (unit, length) in [("d", Int64(86_400)), ("h", 3_600), ("m", 60)] where seconds > 0 && seconds % length == 0
        {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
