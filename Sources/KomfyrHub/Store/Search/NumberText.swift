/// Numbers as JSON writes them.
enum NumberText {
    /// The nearest double; what is beyond a double's range is infinite.
    ///
    /// The text must be a number of RFC 8259 §6; nil when it is not.
    static func value(_ text: UnsafeRawBufferPointer) -> Double? {
        guard let parts = Parts(text) else { return nil }
        // Exact in both factors, so rounded once (Clinger 1990).
        if parts.mantissaIsExact, parts.exponent >= -22, parts.exponent <= 22 {
            let mantissa = Double(parts.mantissa)
            let power = powers[abs(parts.exponent)]
            let value = parts.exponent < 0 ? mantissa / power : mantissa * power
            return parts.isNegative ? -value : value
        }
        return Double(String(decoding: text, as: UTF8.self))
    }

    /// Whether two numbers are the same, however many digits they have (`1.10` and `11e-1` are).
    static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard let left = Decimal(left), let right = Decimal(right) else { return false }
        return left == right
    }

    /// How many digits count: leading and trailing zeros do not.
    static func significantDigits(_ text: UnsafeRawBufferPointer) -> Int { Decimal(text)?.digits.count ?? 0 }

    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// A number taken apart, checked by the grammar.
    private struct Parts {
        var isNegative = false
        /// The first digits, as one number.
        var mantissa: UInt64 = 0
        /// All digits are in the mantissa, and a double holds it.
        var mantissaIsExact = true
        /// Of ten, for the mantissa; clamped to a million.
        var exponent = 0
        /// Where the digits before and after the point lie.
        var integer = 0..<0
        var fraction = 0..<0
        /// As written after the `e`; clamped.
        var written = 0

        init?(_ text: UnsafeRawBufferPointer) {
            var index = 0
            if index < text.count, text[index] == UInt8(ascii: "-") {
                isNegative = true
                index += 1
            }
            let start = index
            while index < text.count, let digit = Parts.digit(text[index]) {
                add(digit)
                index += 1
            }
            integer = start..<index
            guard !integer.isEmpty, integer.count == 1 || text[start] != UInt8(ascii: "0") else { return nil }
            fraction = index..<index
            if index < text.count, text[index] == UInt8(ascii: ".") {
                index += 1
                let first = index
                while index < text.count, let digit = Parts.digit(text[index]) {
                    add(digit)
                    index += 1
                }
                fraction = first..<index
                guard !fraction.isEmpty else { return nil }
            }
            if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
                index += 1
                var isBelowOne = false
                if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                    isBelowOne = text[index] == UInt8(ascii: "-")
                    index += 1
                }
                let first = index
                while index < text.count, let digit = Parts.digit(text[index]) {
                    written = min(written * 10 + Int(digit), 1_000_000)
                    index += 1
                }
                guard index > first else { return nil }
                if isBelowOne { written = -written }
            }
            guard index == text.count else { return nil }
            exponent = written - fraction.count
        }

        private static func digit(_ byte: UInt8) -> UInt8? {
            let digit = byte &- UInt8(ascii: "0")
            return digit < 10 ? digit : nil
        }

        private mutating func add(_ digit: UInt8) {
            guard mantissa < 900_000_000_000_000 else {
                mantissaIsExact = false
                return
            }
            mantissa = mantissa * 10 + UInt64(digit)
        }
    }

    /// A number as its digits without leading and trailing zeros, and the place of the first.
    private struct Decimal: Equatable {
        var isNegative: Bool
        var digits: [UInt8]
        var exponent: Int

        init?(_ text: UnsafeRawBufferPointer) {
            guard let parts = Parts(text) else { return nil }
            var all = Array(text[parts.integer])
            all.append(contentsOf: text[parts.fraction])
            let zeros = all.prefix { $0 == UInt8(ascii: "0") }.count
            let end = (all.lastIndex { $0 != UInt8(ascii: "0") } ?? -1) + 1
            guard zeros < end else {
                // Zero has no sign.
                isNegative = false
                digits = []
                exponent = 0
                return
            }
            isNegative = parts.isNegative
            digits = Array(all[zeros..<end])
            exponent = parts.integer.count - zeros + parts.written
        }
    }
}
