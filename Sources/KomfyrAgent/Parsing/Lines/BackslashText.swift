import Protocol

/// Resolves backslashes in quoted texts, as logfmt's writers and web servers put them there.
///
/// | written | means |
/// |---|---|
/// | `\n` `\r` `\t` `\b` `\f` `\v` `\a` | the control character |
/// | `\xHH` | a byte (Apache, nginx) |
/// | `\uHHHH`, two of them for a surrogate pair | a character (Go, JSON) |
/// | `\"` `\\` `\'` `\/` | the second character |
///
/// Any other backslash stands for itself. The text never becomes longer.
enum BackslashText {
    /// Appends what `bytes` stand for; they need not be UTF-8 afterwards.
    static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        let view = ByteView(bytes)
        var index = 0
        while index < bytes.count {
            guard let backslash = view.position(of: UInt8(ascii: "\\"), from: index, to: bytes.count) else {
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index...]))
                return
            }
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<backslash]))
            index = appendEscape(view, at: backslash, to: &output)
        }
    }

    /// Appends what the escape at `backslash` stands for.
    /// - Returns: where it ends.
    private static func appendEscape(_ view: ByteView, at backslash: Int, to output: inout [UInt8]) -> Int {
        let mark = view[backslash + 1]
        switch mark {
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "v"): output.append(0x0B)
        case UInt8(ascii: "a"): output.append(0x07)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "/"): output.append(mark)
        case UInt8(ascii: "x"):
            guard let high = hexValue(view[backslash + 2]),
                let low = hexValue(view[backslash + 3])
            else {
                output.append(UInt8(ascii: "\\"))
                return backslash + 1
            }
            output.append(high << 4 | low)
            return backslash + 4
        case UInt8(ascii: "u"): return appendUnicode(view, at: backslash, to: &output)
        default:
            output.append(UInt8(ascii: "\\"))
            return backslash + 1
        }
        return backslash + 2
    }

    private static func appendUnicode(_ view: ByteView, at backslash: Int, to output: inout [UInt8]) -> Int {
        guard isUnicode(view, at: backslash) else {
            output.append(UInt8(ascii: "\\"))
            return backslash + 1
        }
        var end = backslash + 6
        // The first of a surrogate pair: D8… to DB…; both are read at once.
        let isHighSurrogate =
            hexValue(view[backslash + 2]) == 0xD && hexValue(view[backslash + 3]).map { $0 & 0xC == 8 } == true
        if isHighSurrogate, isUnicode(view, at: end) { end += 6 }
        JSONText.appendUnescaped(view[Field(start: backslash, end: end)], to: &output)
        return end
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        if byte.isDigit { return byte - .zero }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter <= 5 ? letter + 10 : nil
    }

    /// Whether `\uHHHH` stands there.
    private static func isUnicode(_ view: ByteView, at position: Int) -> Bool {
        guard view.has("\\u", at: position) else { return false }
        return (2...5).allSatisfy { hexValue(view[position + $0]) != nil }
    }
}
