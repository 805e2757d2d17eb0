/// Sizes as people write them: a whole number with `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1,024), `KB`, `MB`,
/// `GB`, `TB` (powers of 1,000), or nothing for bytes.
enum ByteSize {
    private static let units: [(name: String, bytes: UInt64)] = [
        ("b", 1), ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40),
        ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
    ]

    /// Reads a size in bytes.
    static func parse(_ text: String) throws(ValueProblem) -> UInt64 {
        let remedy = "write it like \"512MiB\" or \"1GiB\""
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits) else { throw ValueProblem("\"\(text)\" is not a size", remedy) }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let factor = unit.isEmpty ? 1 : units.first(where: { $0.name == unit })?.bytes else {
            throw ValueProblem("\"\(text)\" has no unit that is known", remedy)
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        if overflow { throw ValueProblem("\"\(text)\" is too large", remedy) }
        return bytes
    }

    /// The size in the largest unit that gives a whole number.
    static func text(_ bytes: UInt64) -> String {
        for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, UInt64)] {
            if bytes >= 1 << shift, bytes % (1 << shift) == 0 { return "\(bytes >> shift)\(unit)" }
        }
        return "\(bytes)B"
    }
}
