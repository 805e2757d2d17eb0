import Protocol
import struct TestSupport.SeededRandom
import Testing

private func escaped(_ bytes: [UInt8]) -> String {
    var output: [UInt8] = []
    bytes.withUnsafeBytes { _ = JSONText.appendString($0, to: &output) }
    return String(decoding: output, as: UTF8.self)
}

private func unescaped(_ text: String) -> String {
    var output: [UInt8] = []
    Array(text.utf8).withUnsafeBytes { JSONText.appendUnescaped($0, to: &output) }
    return String(decoding: output, as: UTF8.self)
}

struct JSONTextTests {
    @Test func `quotes, backslashes and control characters are escaped wherever they stand in a word of eight`() {
        for position in 0..<20 {
            for (byte, expected) in [
                (0x22, "\\\""), (0x5C, "\\\\"), (0x0A, "\\n"), (0x00, "\\u0000"), (0x1F, "\\u001f"),
            ] {
                var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 20)
                bytes[position] = UInt8(byte)
                let around =
                    String(repeating: "a", count: position) + expected + String(repeating: "a", count: 19 - position)
                #expect(escaped(bytes) == "\"\(around)\"")
            }
        }
    }

    @Test func `well-formed text stays`() {
        for text in ["", "plain", "blåbær", "日本語", "🔥 stove", "\u{7F}", "a\u{10FFFF}b"] {
            #expect(escaped(Array(text.utf8)) == "\"\(text)\"")
            #expect(Array(text.utf8).withUnsafeBytes { JSONText.isUTF8($0) })
        }
    }

    /// The table of The Unicode Standard §3.9, "U+FFFD Substitution of Maximal Subparts", and more.
    @Test(
        arguments: [
            ([0xC0, 0xAF, 0xE0, 0x80, 0xBF, 0xF0, 0x81, 0x82, 0x41], 8),
            ([0xED, 0xA0, 0x80, 0xED, 0xBF, 0xBF, 0xED, 0xAF, 0x41], 8),
            ([0xF4, 0x91, 0x92, 0x93, 0xFF, 0x41, 0x80, 0xBF, 0x42], 7),
            ([0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 0x41], 4),
            ([0xE6, 0x41], 1), ([0xF0, 0x9F, 0x94], 1), ([0x80], 1), ([0x62, 0x6C, 0xE5, 0x62], 1),
        ] as [([UInt8], Int)]
    )
    func `ill-formed parts become U+FFFD as the standard counts them`(bytes: [UInt8], replacements: Int) {
        var output: [UInt8] = []
        #expect(bytes.withUnsafeBytes { JSONText.appendRepaired($0, to: &output) } == replacements)
        #expect(output == Array(String(decoding: bytes, as: UTF8.self).utf8))
        #expect(bytes.withUnsafeBytes { JSONText.isUTF8($0) } == false)
        var string: [UInt8] = []
        #expect(bytes.withUnsafeBytes { JSONText.appendString($0, to: &string) } == replacements)
        #expect(string.withUnsafeBytes { JSONText.isUTF8($0) })
    }

    @Test func `random bytes are repaired as the standard library does it`() {
        var source = SeededRandom(seed: 11)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &source))
                .map { _ in
                    [UInt8.random(in: 0...255, using: &source), UInt8.random(in: 0x80...0xBF, using: &source)]
                        .randomElement(using: &source) ?? 0
                }
            var output: [UInt8] = []
            bytes.withUnsafeBytes { _ = JSONText.appendRepaired($0, to: &output) }
            #expect(output == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
        }
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\\nb\\t\\r\\b\\f\\/\\\\\\\"", "a\nb\t\r\u{8}\u{C}/\\\""), ("\\u00e5\\u65E5", "å日"),
        ("\\ud83d\\udd25", "🔥"), ("\\ud83d", "\u{FFFD}"), ("\\udd25x", "\u{FFFD}x"), ("\\ud83d\\u0041", "\u{FFFD}A"),
        ("\\ud83d\\ud83d\\udd25", "\u{FFFD}🔥"), ("\\u0000", "\0"),
        ("x\\u007f\\u0080\\u07ff\\u0800\\uffff", "x\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}"),
    ])
    func `escapes are resolved`(text: String, expected: String) {
        #expect(unescaped(text) == expected)
    }
}
