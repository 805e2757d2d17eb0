#if canImport(Glibc)
import Glibc
#endif

/// Writes text as JSON strings, and repairs what is not UTF-8.
public enum JSONText {
    /// Appends `bytes` as a JSON string with its quotes.
    ///
    /// Control characters, `"` and `\` are escaped; what is not UTF-8 becomes U+FFFD, one for each maximal ill-formed
    /// part (The Unicode Standard §3.9, "U+FFFD Substitution of Maximal Subparts").
    /// - Returns: how many replacements were made.
    @discardableResult
    public static func appendString(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int {
        output.append(UInt8(ascii: "\""))
        let repairs = appendEscaped(bytes, to: &output)
        output.append(UInt8(ascii: "\""))
        return repairs
    }

    /// Appends a text as a JSON string.
    public static func appendString(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { _ = appendString(UnsafeRawBufferPointer($0), to: &output) }
    }

    /// As `appendString`, without the quotes: for strings that are put together from pieces.
    @discardableResult
    public static func appendEscaped(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int {
        var repairs = 0
        var index = 0
        while index < bytes.count {
            let end = plainEnd(bytes, from: index)
            if end > index {
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<end]))
                index = end
                if index == bytes.count { break }
            }
            let byte = bytes[index]
            if byte >= 0x80 {
                let length = wellFormedLength(bytes, at: index)
                if length > 0 {
                    for offset in 0..<length { output.append(bytes[index + offset]) }
                    index += length
                } else {
                    output.append(contentsOf: replacement)
                    repairs += 1
                    index += -length
                }
            } else {
                appendEscape(of: byte, to: &output)
                index += 1
            }
        }
        return repairs
    }

    /// Appends `bytes` as UTF-8, replacing what is not.
    /// - Returns: how many replacements were made.
    @discardableResult
    public static func appendRepaired(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int {
        if isUTF8(bytes) {
            output.append(contentsOf: bytes)
            return 0
        }
        var repairs = 0
        var index = 0
        while index < bytes.count {
            let length = bytes[index] < 0x80 ? 1 : wellFormedLength(bytes, at: index)
            if length > 0 {
                for offset in 0..<length { output.append(bytes[index + offset]) }
                index += length
            } else {
                output.append(contentsOf: replacement)
                repairs += 1
                index += -length
            }
        }
        return repairs
    }

    /// Whether all of it is UTF-8.
    public static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            if index + 8 <= bytes.count,
                bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                index += 8
            } else if bytes[index] < 0x80 {
                index += 1
            } else {
                let length = wellFormedLength(bytes, at: index)
                if length <= 0 { return false }
                index += length
            }
        }
        return true
    }

    /// Appends the text that a JSON string (without its quotes, its escapes already checked) stands for: escapes
    /// resolved, lone surrogates as U+FFFD.
    public static func appendUnescaped(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            guard let start = bytes.baseAddress, let found = memchr(start + index, 0x5C, bytes.count - index) else {
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index...]))
                return
            }
            let backslash = UnsafeRawPointer(found) - start
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<backslash]))
            guard backslash + 1 < bytes.count else { return }
            index = backslash + 2
            switch bytes[backslash + 1] {
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "u"): appendUnicode(bytes, &index, to: &output)
            case let other: output.append(other)
            }
        }
    }

    /// U+FFFD.
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// Where the run of bytes that need nothing done to them, beginning at `start`, ends.
    ///
    /// Thirty-two at a time, then eight: a byte below 0x20, `"`, `\` or one above 0x7F sets its high bit in one of the
    /// terms (after Mycroft's zero-byte test).
    private static func plainEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        let highs: UInt64 = 0x8080_8080_8080_8080
        while index + 32 <= bytes.count {
            let words = bytes.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
            let ones = SIMD4<UInt64>(repeating: 0x0101_0101_0101_0101)
            let blanks = SIMD4<UInt64>(repeating: 0x2020_2020_2020_2020)
            let quotes = words ^ SIMD4<UInt64>(repeating: 0x2222_2222_2222_2222)
            let backslashes = words ^ SIMD4<UInt64>(repeating: 0x5C5C_5C5C_5C5C_5C5C)
            let special = (words &- blanks) | (quotes &- ones) | (backslashes &- ones) | words
            if (special[0] | special[1] | special[2] | special[3]) & highs != 0 { break }
            index += 32
        }
        let ones: UInt64 = 0x0101_0101_0101_0101
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let special =
                (word &- (ones &* 0x20)) | (quote &- ones) | (backslash &- ones) | word
            if special & highs != 0 { break }
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { break }
            index += 1
        }
        return index
    }

    private static func appendEscape(of byte: UInt8, to output: inout [UInt8]) {
        output.append(0x5C)
        switch byte {
        case 0x22, 0x5C: output.append(byte)
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case 0x09: output.append(UInt8(ascii: "t"))
        default:
            output.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
            output.append(hexDigit(byte >> 4))
            output.append(hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The length of the well-formed sequence at `index` (a byte of 0x80 or above), or minus the length of the
    /// maximal ill-formed part there (Table 3-7 of The Unicode Standard).
    private static func wellFormedLength(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let lead = bytes[index]
        let length: Int
        var lowest: UInt8 = 0x80
        var highest: UInt8 = 0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0:
            length = 3
            lowest = 0xA0
        case 0xE1...0xEC, 0xEE...0xEF: length = 3
        case 0xED:
            length = 3
            highest = 0x9F
        case 0xF0:
            length = 4
            lowest = 0x90
        case 0xF1...0xF3: length = 4
        case 0xF4:
            length = 4
            highest = 0x8F
        default: return -1
        }
        for offset in 1..<length {
            guard index + offset < bytes.count else { return -offset }
            let byte = bytes[index + offset]
            guard byte >= lowest, byte <= highest else { return -offset }
            lowest = 0x80
            highest = 0xBF
        }
        return length
    }

    /// Resolves the four digits of `\uXXXX` at `index`, and the low surrogate that follows a high one.
    private static func appendUnicode(_ bytes: UnsafeRawBufferPointer, _ index: inout Int, to output: inout [UInt8]) {
        guard let unit = fourHexDigits(bytes, at: index) else { return }
        index += 4
        var scalar = unit
        if unit >= 0xD800, unit <= 0xDBFF, index + 6 <= bytes.count, bytes[index] == 0x5C,
            bytes[index + 1] == UInt8(ascii: "u"), let low = fourHexDigits(bytes, at: index + 2),
            low >= 0xDC00, low <= 0xDFFF
        {
            scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            index += 6
        } else if unit >= 0xD800, unit <= 0xDFFF {
            scalar = 0xFFFD
        }
        switch scalar {
        case ..<0x80: output.append(UInt8(truncatingIfNeeded: scalar))
        case ..<0x800:
            output.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        case ..<0x10000:
            output.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        default:
            output.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }

    private static func fourHexDigits(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt32? {
        guard index + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = JSONCursor.hexValue(bytes[index + offset]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
