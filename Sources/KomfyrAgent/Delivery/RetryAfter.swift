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
        // Of four digits at most: no year is too far for a count of seconds.
        guard let date = HTTPDate.seconds(bytes.reversed().drop { $0 == .space }.reversed()) else { return nil }
        let wait = max(date * 1_000 - nowNs / 1_000_000, 0)
        return min(UInt64(wait), AgentLimits.retryAfterLastMs)
    }
}

/// Times as HTTP writes them (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    /// Seconds since 1970; nil for any other form.
    static func seconds(_ text: some Collection<UInt8>) -> Int64? {
        let bytes = Array(text.prefix(30))
        guard bytes.count == 29, bytes[3] == UInt8(ascii: ","), bytes[16] == .space, bytes[19] == UInt8(ascii: ":"),
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
        return Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in digits {
            guard byte.isDigit else { return nil }
            value = value * 10 + Int(byte - .zero)
        }
        return value
    }
}
