/// Sizes as people write them: `512MiB`, `2GB`, `1073741824`.
enum ByteSize {
    /// Reads a size.
    ///
    /// `KB MB GB TB` count in thousands, `KiB MiB GiB TiB` and the bare letters in 1,024.
    /// - Returns: nil when it is none, or larger than an integer.
    static func parse(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard !digits.isEmpty, let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        let unit = String(decoding: bytes[digits.count...].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self).lowercased()
        guard let factor = factors[unit] else { return nil }
        let (size, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : size
    }

    /// A size in the largest unit of which there is at least one.
    static func text(_ bytes: Int) -> String {
        for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes >= size {
            let tenths = bytes / (size / 10)
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) bytes"
    }

    private static let factors: [String: Int] = [
        "": 1, "b": 1,
        "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40,
        "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
        "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
    ]
}
