import Protocol

/// Numbers, times and untrusted texts as a report writes them.
enum ReportText {
    // MARK: Numbers

    /// A number with some four digits that count: `41`, `0.0312`, `3.14`, `1,234`, `1.2e+21`.
    ///
    /// Where the number changes by less, with as many more as show two digits of the change: `1,000.12`.
    static func number(_ value: Double, change: Double = 0) -> String {
        guard value.isFinite else { return "no value" }
        let magnitude = abs(value)
        // So long a number is an id or a time; and a card's digits are not written out.
        if magnitude >= 1e12 { return "\(rounded(value, digits: 4))" }
        var decimals = 0
        if magnitude < 1 {
            guard magnitude >= 1e-9 else { return magnitude == 0 ? "0" : "\(rounded(value, digits: 3))" }
            decimals = 3
            var scaled = magnitude
            while scaled < 0.1 {
                scaled *= 10
                decimals += 1
            }
        } else if magnitude < 10 {
            decimals = 2
        } else if magnitude < 1_000 {
            decimals = 1
        }
        var unit: Int64 = 1
        for _ in 0..<decimals { unit *= 10 }
        while change != 0, abs(change) * Double(unit) < 9.5, decimals < 9, magnitude * Double(unit) < 1e14 {
            unit *= 10
            decimals += 1
        }
        let units = Int64((magnitude * Double(unit)).rounded())
        var text = grouped(units / unit)
        if decimals > 0, units % unit != 0 {
            var fraction = String(units % unit)
            fraction = String(repeating: "0", count: max(0, decimals - fraction.utf8.count)) + fraction
            while fraction.hasSuffix("0") { fraction.removeLast() }
            text += "." + fraction
        }
        return value < 0 && units != 0 ? "-" + text : text
    }

    /// A whole number with commas.
    static func number(_ value: Int) -> String {
        value < 0 ? "-" + grouped(Int64(clamping: value.magnitude)) : grouped(Int64(value))
    }

    /// A share of 0 to 1 in percent.
    static func percent(_ share: Double) -> String {
        guard share.isFinite else { return "no value" }
        let percent = share * 100
        if percent > 0, percent < 0.1 { return "under 0.1 %" }
        if percent < 10 { return number((percent * 10).rounded() / 10) + " %" }
        return number(percent.rounded()) + " %"
    }

    /// `1 log`, `12,345 logs`.
    static func count(_ count: Int, _ one: String, _ many: String) -> String {
        number(count) + " " + (count == 1 ? one : many)
    }

    private static func grouped(_ value: Int64) -> String {
        let digits = Array(String(value).utf8)
        var text: [UInt8] = []
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(UInt8(ascii: ",")) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Rounds to so many digits that count.
    private static func rounded(_ value: Double, digits: Int) -> Double {
        guard value != 0, value.isFinite else { return value }
        var scale = 1.0
        var magnitude = abs(value)
        while magnitude >= 10 {
            magnitude /= 10
            scale *= 10
        }
        while magnitude < 1, scale > 1e-300 {
            magnitude *= 10
            scale /= 10
        }
        var unit = 1.0
        for _ in 1..<digits { unit *= 10 }
        let sign = value < 0 ? -1.0 : 1.0
        return sign * (magnitude * unit).rounded() / unit * scale
    }

    // MARK: Times

    /// A time to the minute: `10:40 UTC`, with its date when that is not the day of `now`.
    static func time(_ nanoseconds: Int64, now: Int64) -> String {
        let (day, second) = split(nanoseconds)
        let clock = "\(twoDigits(second / 3_600)):\(twoDigits(second / 60 % 60)) UTC"
        return day == split(now).day ? clock : date(day) + " " + clock
    }

    /// From when to when: `10:40 to 10:55 UTC`.
    static func span(_ from: Int64, _ to: Int64, now: Int64) -> String {
        let (day, second) = split(from)
        guard day == split(to).day else { return time(from, now: now) + " to " + time(to, now: now) }
        let clock = "\(twoDigits(second / 3_600)):\(twoDigits(second / 60 % 60))"
        let prefix = day == split(now).day ? "" : date(day) + " "
        let end = split(to).second
        return prefix + clock + " to \(twoDigits(end / 3_600)):\(twoDigits(end / 60 % 60)) UTC"
    }

    /// How long: `45 s`, `5 min`, `2 h`, `3 h 20 min`.
    static func duration(_ nanoseconds: Int64) -> String {
        let seconds = max(0, nanoseconds / Timestamp.second)
        if seconds < 120 { return seconds.isMultiple(of: 60) && seconds > 0 ? "\(seconds / 60) min" : "\(seconds) s" }
        let minutes = (seconds + 30) / 60
        if minutes < 120 { return "\(minutes) min" }
        let rest = minutes % 60
        return rest == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(rest) min"
    }

    private static func split(_ nanoseconds: Int64) -> (day: Int64, second: Int64) {
        var second = nanoseconds / Timestamp.second
        if nanoseconds % Timestamp.second < 0 { second -= 1 }
        var day = second / 86_400
        var rest = second % 86_400
        if rest < 0 {
            rest += 86_400
            day -= 1
        }
        return (day, rest)
    }

    private static func date(_ day: Int64) -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let date = Timestamp.date(days: Int(day))
        let month = months.indices.contains(date.month - 1) ? months[date.month - 1] : "\(date.month)"
        return "\(date.day) \(month)"
    }

    private static func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }

    // MARK: Texts

    /// A text on one line: blanks for control characters, without marks that turn or hide writing, cut to so many
    /// bytes.
    ///
    /// Unseen marks are what one text passes for another with: overrides of the writing direction, zero-width ones,
    /// the tag characters in which instructions can be hidden.
    static func line(_ text: String, bytes limit: Int) -> String {
        var line = ""
        var hadBlank = true
        for scalar in text.unicodeScalars where !isHidden(scalar) {
            let isBlank = scalar == " " || isControl(scalar)
            if isBlank, hadBlank { continue }
            hadBlank = isBlank
            line.unicodeScalars.append(isBlank ? " " : scalar)
        }
        if line.hasSuffix(" ") { line.removeLast() }
        return cut(line, bytes: limit)
    }

    /// Cuts a text to so many bytes, the mark of the cut among them.
    static func cut(_ text: String, bytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        let mark = "…"
        var kept = String(decoding: TextCut.begin(text.utf8, bytes: limit - mark.utf8.count), as: UTF8.self)
        while kept.hasSuffix(" ") { kept.removeLast() }
        return kept + mark
    }

    /// A log's text in a report: its secrets masked before it is cut.
    static func masked(_ text: String, bytes limit: Int) -> String { masked(Array(text.utf8), bytes: limit) }

    /// As `masked`, of bytes that may be no UTF-8.
    static func masked(_ bytes: [UInt8], bytes limit: Int) -> String {
        let look = HubLimits.digestLookBytes
        // Cleaned first: a mark that is not seen must not split what is a secret without it.
        var clean = line(String(decoding: bytes.prefix(look), as: UTF8.self), bytes: Int.max)
        if bytes.count > look {
            // Half a secret is none that would be known: the last word goes, and with it what may be a card's begin.
            var kept = clean.unicodeScalars.dropLast(64)
            while let last = kept.last, last != " " { kept.removeLast() }
            clean = String(String.UnicodeScalarView(kept)) + "…"
        }
        return line(SecretMask.masked(clean), bytes: limit)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00AD, 0x061C, 0x180E, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0000...0xE0FFF:
            true
        default: false
        }
    }
}
