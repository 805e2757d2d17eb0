import Protocol

/// The value of a `Retry-After` header (RFC 9110 §10.2.3): seconds, or a date.
enum RetryAfter {
    /// How long to wait from now on, in milliseconds, bounded; nil when the value is neither.
    static func milliseconds(_ value: String, nowNs: Int64) -> UInt64? {
        let bytes = Array(value.utf8.drop { $0 == 0x20 }.prefix(64))
        var seconds: UInt64 = 0
        var digits = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
            // Bounded as it grows: a header of twenty nines means "long", not an overflow.
            seconds = min(seconds * 10 + UInt64(byte - UInt8(ascii: "0")), 1 << 32)
            digits += 1
        }
        if digits > 0, bytes[digits...].allSatisfy({ $0 == 0x20 }) {
            return min(seconds * 1_000, AgentLimits.retryAfterLastMs)
        }
        guard let date = date(bytes) else { return nil }
        let (waitNs, overflow) = date.subtractingReportingOverflow(nowNs)
        guard !overflow else { return nil }
        return min(UInt64(max(waitNs, 0) / 1_000_000), AgentLimits.retryAfterLastMs)
    }

    /// An IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), as nanoseconds since 1970.
    private static func date(_ bytes: [UInt8]) -> Int64? {
        guard bytes.count >= 29, bytes[3] == UInt8(ascii: ","), bytes[16] == 0x20, bytes[19] == UInt8(ascii: ":"),
            bytes[26..<29].elementsEqual("GMT".utf8)
        else { return nil }
        let months = Array("JanFebMarAprMayJunJulAugSepOctNovDec".utf8)
        guard let month = (0..<12).first(where: { months[($0 * 3)..<($0 * 3 + 3)] == bytes[8..<11] }),
            let day = number(bytes[5..<7]), day >= 1, let year = number(bytes[12..<16]), year >= 1970,
            let hour = number(bytes[17..<19]), hour < 24, let minute = number(bytes[20..<22]), minute < 60,
            let second = number(bytes[23..<25]), second <= 60,
            day <= Timestamp.daysInMonth(year: year, month: month + 1)
        else { return nil }
        let days = Timestamp.days(year: year, month: month + 1, day: day)
        let seconds = Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
        return seconds > Int64.max / 1_000_000_000 ? nil : seconds * 1_000_000_000
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
