/// Times as nanoseconds since 1970-01-01T00:00:00Z (Int64: 1677 to 2262), read from and written to text as bytes.
public enum Timestamp {
    /// Nanoseconds of a second.
    public static let second: Int64 = 1_000_000_000

    /// Reads an RFC 3339 time.
    ///
    /// Also taken: a blank for `T`, a comma before the fraction, any number of its digits (beyond nine they are cut),
    /// no seconds, no zone (then it is UTC), a zone without its colon, a leap second.
    /// - Returns: nil when it is not one, or lies outside of what Int64 nanoseconds hold.
    public static func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        parseMilliseconds(bytes) ?? parseAny(bytes)
    }

    /// Reads `2026-11-23T05:23:52.123Z`, the form that most logs have, with one check for all digits.
    /// - Returns: nil for all others, and for dates that are none.
    private static func parseMilliseconds(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count == 24, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes[19] == UInt8(ascii: "."), bytes[23] == UInt8(ascii: "Z")
        else { return nil }
        var isDigits = true
        func digit(_ index: Int) -> Int {
            let digit = bytes[index] &- UInt8(ascii: "0")
            isDigits = isDigits && digit < 10
            return Int(digit)
        }
        let year = digit(0) * 1_000 + digit(1) * 100 + digit(2) * 10 + digit(3)
        let month = digit(5) * 10 + digit(6)
        let day = digit(8) * 10 + digit(9)
        let hour = digit(11) * 10 + digit(12)
        let minute = digit(14) * 10 + digit(15)
        let second = digit(17) * 10 + digit(18)
        let milliseconds = digit(20) * 100 + digit(21) * 10 + digit(22)
        guard isDigits, month >= 1, month <= 12, day >= 1, day <= 28 || day <= daysInMonth(year: year, month: month),
            hour <= 23, minute <= 59, second <= 60
        else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        return nanoseconds(seconds: Int64(seconds), fraction: Int64(milliseconds) * 1_000_000)
    }

    private static func parseAny(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count >= 16, bytes.count <= 64, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let century = twoDigits(bytes, 0), let yearOfCentury = twoDigits(bytes, 2),
            let month = twoDigits(bytes, 5), month >= 1, month <= 12,
            let day = twoDigits(bytes, 8), day >= 1,
            isSeparator(bytes[10]),
            let hour = twoDigits(bytes, 11), hour <= 23, bytes[13] == UInt8(ascii: ":"),
            let minute = twoDigits(bytes, 14), minute <= 59
        else { return nil }
        let year = century * 100 + yearOfCentury
        guard day <= daysInMonth(year: year, month: month) else { return nil }
        var index = 16
        var second = 0
        if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
            guard bytes.count >= 19, let value = twoDigits(bytes, 17), value <= 60 else { return nil }
            second = value
            index = 19
        }
        guard let fraction = parseFraction(bytes, &index), let offset = parseZone(bytes, &index),
            index == bytes.count
        else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return nanoseconds(seconds: Int64(seconds), fraction: fraction)
    }

    /// Reads a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude
    /// (below 10^11, 10^14, 10^17: years up to 5138); a fraction or exponent is kept.
    /// - Returns: nil when it is not a JSON number, or out of range.
    public static func parseNumber(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count >= 1, bytes.count <= 40 else { return nil }
        var index = 0
        let isNegative = bytes[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        // Significand and decimal exponent, exact in integers: a Double would lose nanoseconds.
        var significand: Int64 = 0
        var exponent = 0
        var digits = 0
        var isFraction = false
        while index < bytes.count {
            let byte = bytes[index]
            if let digit = digit(byte) {
                digits += 1
                let (product, overflow) = significand.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(Int64(digit))
                if overflow || carry {
                    guard isFraction else { return nil }
                } else {
                    significand = sum
                    if isFraction { exponent -= 1 }
                }
            } else if byte == UInt8(ascii: "."), !isFraction, digits > 0 {
                isFraction = true
            } else {
                break
            }
            index += 1
        }
        guard digits > 0 else { return nil }
        if index < bytes.count {
            guard bytes[index] | 0x20 == UInt8(ascii: "e"), let written = parseExponent(bytes, from: index + 1) else {
                return nil
            }
            exponent += written
        }
        guard let magnitude = scaled(significand, by: exponent) else { return nil }
        let unit: Int
        switch magnitude {
        case ..<100_000_000_000: unit = 9
        case ..<100_000_000_000_000: unit = 6
        case ..<100_000_000_000_000_000: unit = 3
        default: unit = 0
        }
        guard let value = scaled(significand, by: exponent + unit) else { return nil }
        return isNegative ? -value : value
    }

    /// Appends `2026-11-23T05:23:52.123Z`: with three, six or nine digits of a second, as many as the time has.
    public static func append(_ nanoseconds: Int64, to bytes: inout [UInt8]) {
        var seconds = nanoseconds / second
        var fraction = nanoseconds % second
        if fraction < 0 {
            fraction += second
            seconds -= 1
        }
        var day = seconds / 86_400
        var secondOfDay = seconds % 86_400
        if secondOfDay < 0 {
            secondOfDay += 86_400
            day -= 1
        }
        let (year, month, dayOfMonth) = date(days: Int(day))
        appendDigits(year, count: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        appendDigits(month, count: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        appendDigits(dayOfMonth, count: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        appendDigits(Int(secondOfDay / 3_600), count: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDigits(Int(secondOfDay / 60 % 60), count: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDigits(Int(secondOfDay % 60), count: 2, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        if fraction % 1_000_000 == 0 {
            appendDigits(Int(fraction / 1_000_000), count: 3, to: &bytes)
        } else if fraction % 1_000 == 0 {
            appendDigits(Int(fraction / 1_000), count: 6, to: &bytes)
        } else {
            appendDigits(Int(fraction), count: 9, to: &bytes)
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The text of a time.
    public static func text(_ nanoseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(nanoseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (after Howard Hinnant, "chrono-Compatible
    /// Low-Level Date Algorithms", days_from_civil).
    public static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The date of a day since 1970-01-01 (same source, civil_from_days).
    public static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// How many days a month has.
    public static func daysInMonth(year: Int, month: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Seconds and a fraction in nanoseconds as one number.
    /// - Returns: nil when Int64 does not hold it.
    public static func nanoseconds(seconds: Int64, fraction: Int64) -> Int64? {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: second)
        let (sum, carry) = product.addingReportingOverflow(fraction)
        return overflow || carry ? nil : sum
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "T") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "t")
    }

    private static func digit(_ byte: UInt8) -> Int? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte - UInt8(ascii: "0")) : nil
    }

    private static func twoDigits(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int? {
        guard index + 1 < bytes.count, let tens = digit(bytes[index]), let ones = digit(bytes[index + 1]) else {
            return nil
        }
        return tens * 10 + ones
    }

    /// `.123` or `,123` in nanoseconds; 0 when there is none; nil when no digit follows the mark.
    private static func parseFraction(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int64? {
        guard index < bytes.count, bytes[index] == UInt8(ascii: ".") || bytes[index] == UInt8(ascii: ",") else {
            return 0
        }
        index += 1
        var value: Int64 = 0
        var digits = 0
        while index < bytes.count, let digit = digit(bytes[index]) {
            if digits < 9 { value = value * 10 + Int64(digit) }
            digits += 1
            index += 1
        }
        guard digits > 0 else { return nil }
        while digits < 9 {
            value *= 10
            digits += 1
        }
        return value
    }

    /// The zone's offset in seconds; nil when what is there is no zone.
    private static func parseZone(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
        if index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
        guard index < bytes.count else { return 0 }
        let mark = bytes[index]
        index += 1
        if mark | 0x20 == UInt8(ascii: "z") { return 0 }
        guard mark == UInt8(ascii: "+") || mark == UInt8(ascii: "-"), let hours = twoDigits(bytes, index),
            hours <= 23
        else { return nil }
        index += 2
        let hasColon = index < bytes.count && bytes[index] == UInt8(ascii: ":")
        if hasColon { index += 1 }
        var minutes = 0
        if hasColon || index < bytes.count {
            guard let value = twoDigits(bytes, index), value <= 59 else { return nil }
            minutes = value
            index += 2
        }
        let offset = hours * 3_600 + minutes * 60
        return mark == UInt8(ascii: "-") ? -offset : offset
    }

    private static func parseExponent(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        guard index < bytes.count else { return nil }
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative || bytes[index] == UInt8(ascii: "+") { index += 1 }
        guard index < bytes.count, bytes.count - index <= 3 else { return nil }
        var value = 0
        while index < bytes.count {
            guard let digit = digit(bytes[index]) else { return nil }
            value = value * 10 + digit
            index += 1
        }
        return isNegative ? -value : value
    }

    /// `value` times ten to the power of `exponent`, towards zero; nil on overflow.
    private static func scaled(_ value: Int64, by exponent: Int) -> Int64? {
        var value = value
        var exponent = exponent
        while exponent > 0, value != 0 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = product
            exponent -= 1
        }
        while exponent < 0, value != 0 {
            value /= 10
            exponent += 1
        }
        return value
    }

    private static func appendDigits(_ value: Int, count: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}
