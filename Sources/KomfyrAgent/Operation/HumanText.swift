import Protocol

/// Numbers and times as a person reads them.
enum HumanText {
    /// `12.3 MiB`.
    static func bytes(_ bytes: UInt64) -> String {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, UInt64)]
        where bytes >= 1 << shift {
            return "\(tenths(Double(bytes) / Double(UInt64(1) << shift))) \(unit)"
        }
        return "\(bytes) B"
    }

    /// `1,234,567`.
    static func count(_ number: UInt64) -> String {
        let digits = Array(String(number))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `1,234.5`, and no digit behind the point from 100 on.
    static func rate(_ perSecond: Double) -> String {
        let rate = perSecond.isFinite ? min(max(perSecond, 0), 1e15) : 0
        return rate < 100 ? tenths(rate) : count(UInt64(rate.rounded()))
    }

    /// `3 s`, `5 min`, `2 h 5 min`, `4 d 3 h`.
    static func duration(seconds: Double) -> String {
        let seconds = UInt64(min(max(seconds, 0), 1e12))
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7_200: return "\(seconds / 60) min"
        case ..<172_800:
            let minutes = seconds % 3_600 / 60
            return "\(seconds / 3_600) h" + (minutes > 0 ? " \(minutes) min" : "")
        default:
            let hours = seconds % 86_400 / 3_600
            return "\(seconds / 86_400) d" + (hours > 0 ? " \(hours) h" : "")
        }
    }

    /// How long ago a time was, in nanoseconds since 1970.
    static func ago(_ ns: Int64, now: Int64) -> String {
        let (elapsed, overflow) = now.subtractingReportingOverflow(ns)
        return duration(seconds: overflow ? 0 : Double(elapsed) / 1e9) + " ago"
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = UInt64((value * 10).rounded())
        return tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

/// A table of texts, each column as wide as its widest.
enum TextTable {
    /// Lines without blanks at their ends; columns of `right` are set to the right.
    static func lines(_ rows: [[String]], right: Set<Int> = []) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += (column > 0 ? "  " : "") + (right.contains(column) ? padding + cell : cell + padding)
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }
}
