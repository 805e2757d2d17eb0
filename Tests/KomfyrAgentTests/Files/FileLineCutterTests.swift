import Testing

@testable import KomfyrAgent

struct FileLineCutterTests {
    /// All lines of a text, pieces in brackets; `…` where the rest waits.
    private func cut(_ text: [UInt8], maximum: Int = 8, isLast: Bool = false) -> [String] {
        var cutter = FileLineCutter()
        cutter.maximumBytes = maximum
        var lines: [String] = []
        text.withUnsafeBytes { block in
            var start = 0
            while let line = cutter.line(in: block, from: start, isLast: isLast) {
                let words = String(decoding: block[line.text], as: UTF8.self)
                lines.append(line.isPiece ? "[\(words)]" : words)
                #expect(line.next > start)
                start = line.next
            }
            if start < block.count { lines.append("…") }
        }
        return lines
    }

    static let table: [(text: String, lines: [String])] = [
        ("", []), ("a\n", ["a"]), ("a\r\nb\n", ["a", "b"]), ("a\nb", ["a", "…"]), ("\n\n", ["", ""]), ("\r\n", [""]),
        ("a\rb\n", ["a\rb"]), ("12345678\n", ["12345678"]), ("123456789\n", ["[12345678]", "9"]),
        ("1234567890123456\n", ["[12345678]", "90123456"]), ("12345678", ["…"]), ("123456789", ["[12345678]", "…"]),
        ("1234567€\n", ["[1234567]", "€"]), ("123456€€\n", ["[123456]", "€€"]), ("12345€\n", ["12345€"]),
    ]

    @Test(arguments: table)
    func `lines are cut`(_ text: String, _ lines: [String]) {
        #expect(cut(Array(text.utf8)) == lines)
    }

    @Test func `what has no end is a line when the file is left`() {
        #expect(cut(Array("a\nb".utf8), isLast: true) == ["a", "b"])
        #expect(cut(Array("a\nb\r".utf8), isLast: true) == ["a", "b"])
        #expect(cut(Array("123456789".utf8), isLast: true) == ["[12345678]", "9"])
    }

    @Test func `bytes that only continue characters are cut all the same`() {
        #expect(cut([UInt8](repeating: 0x80, count: 20) + [10]).count == 3)
    }
}
