import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrAgent

struct FileRecordCutterTests {
    /// All records of a text, pieces in brackets, rests with `~` before them; `…` where the rest waits.
    private func cut(
        _ text: String,
        _ multiline: InputConfiguration.Multiline,
        isLast: Bool = false,
        isQuiet: Bool = false
    ) throws -> [String] {
        var cutter = try FileRecordCutter(multiline)
        var records: [String] = []
        Array(text.utf8)
            .withUnsafeBytes { block in
                var start = 0
                while let record = cutter.record(in: block, from: start, isLast: isLast, isQuiet: isQuiet) {
                    let words = cutter.withText(UnsafeRawBufferPointer(rebasing: block[record.text])) {
                        String(decoding: $0, as: UTF8.self)
                    }
                    let shown = record.isPiece ? "[\(words)]" : words
                    records.append(record.isRest ? "~" + shown : shown)
                    #expect(record.next > start)
                    start = record.next
                }
                if start < block.count { records.append("…") }
            }
        return records
    }

    private static func starting(_ pattern: String, lines: Int = 500, bytes: Int = 1_024)
        -> InputConfiguration.Multiline
    {
        .init(beginning: .start(pattern), maxLines: lines, maxBytes: bytes)
    }

    private static let digit = starting("^\\d")
    private static let indented = InputConfiguration.Multiline(beginning: .notIndented)

    static let table: [(text: String, multiline: InputConfiguration.Multiline, records: [String])] = [
        ("", digit, []), ("1 a\n", digit, ["…"]), ("1 a\nb", digit, ["…"]), ("1 a\nb\n2", digit, ["…"]),
        ("1 a\n2 b\n", digit, ["1 a", "…"]), ("1 a\nb\n\n c\n2 d\n", digit, ["1 a\nb\n\n c", "…"]),
        ("1 a\n\n\n2 d\n", digit, ["1 a", "…"]), ("b\nc\n1 a\n2 b\n", digit, ["~b\nc", "1 a", "…"]),
        ("\n1 a\n2 b\n", digit, ["", "1 a", "…"]),
        ("1 a\r\nb\r\n\r\n2 d\r\n3", digit, ["1 a\nb", "…"]), ("1 a\rb\nc\r\n2 \n", digit, ["1 a\rb\nc", "…"]),
        ("E one\n  at x\n\tat y\nE two\nE three\n", indented, ["E one\n  at x\n\tat y", "E two", "…"]),
        (" a\n b\nc\nd\n", indented, ["~ a\n b", "c", "…"]), ("a\n\n b\nc\n", indented, ["a", "\n b", "…"]),
        ("1 a\nb\nc\nd\n2 e\n3\n", starting("^\\d", lines: 2), ["[1 a\nb]", "~c\nd", "2 e", "…"]),
        ("1 a\nb\n2 c\n3\n", starting("^\\d", lines: 2), ["1 a\nb", "2 c", "…"]),
    ]

    @Test(arguments: table)
    func `records are cut`(_ text: String, _ multiline: InputConfiguration.Multiline, _ records: [String]) throws {
        #expect(try cut(text, multiline) == records)
    }

    @Test func `a record that would be longer than the limit is cut between lines, a line within itself`() throws {
        let short = Self.starting("^\\d ", bytes: 10)
        #expect(try cut("1 23456\n89\nabc\n2 x\n3 y\n", short) == ["[1 23456\n89]", "~abc", "2 x", "…"])
        #expect(try cut("1 3456789\nb\n2 x\n", short) == ["[1 3456789]", "~b", "…"])
        #expect(try cut("1 34567890abcdef\nb\n2 x\n", short) == ["[1 34567890]", "abcdef\nb", "…"])
        // A next line that is too long to belong to the record ends it, seen whole or not.
        #expect(try cut("1 a\n2 34567890abcdef", short) == ["1 a", "[2 34567890]", "…"])
        #expect(try cut("1 a\nb34567890abcdef", short) == ["[1 a]", "~[b34567890a]", "…"])
    }

    @Test func `what is left is a record when the file is left, its whole lines when it is quiet`() throws {
        #expect(try cut("1 a\nb\nc", Self.digit, isLast: true) == ["1 a\nb\nc"])
        #expect(try cut("1 a\nb\nc", Self.digit, isQuiet: true) == ["1 a\nb", "…"])
        #expect(try cut("1 a", Self.digit, isQuiet: true) == ["…"])
        #expect(try cut("1 a\n\n", Self.digit, isQuiet: true) == ["1 a"])
    }

    /// However the file is read, block by block and again from each record's beginning, its records are the same.
    @Test(arguments: 0..<50)
    func `where a block ends does not change the records, with seed`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let multiline = seed % 2 == 0 ? Self.starting("^\\d", lines: 4, bytes: 24) : Self.indented
        var text = ""
        for _ in 0..<40 {
            text += ["1 ", "a", " b", "\t", "", "\r", "long line of text"][random.below(7)]
            if random.chance(2, in: 3) { text += "\n" }
        }
        let bytes = Array(text.utf8)
        let whole = try pieces(bytes, multiline, ends: [bytes.count])
        let ends = (0..<10).map { _ in random.below(bytes.count) }.sorted() + [bytes.count]
        #expect(try pieces(bytes, multiline, ends: ends) == whole)
    }

    /// The ranges of all records when the file has these lengths one after the other.
    private func pieces(
        _ bytes: [UInt8],
        _ multiline: InputConfiguration.Multiline,
        ends: [Int]
    ) throws -> [FileLineCutter.Line] {
        let cutter = try FileRecordCutter(multiline)
        var records: [FileLineCutter.Line] = []
        var start = 0
        for (index, end) in ends.enumerated() {
            let part = Array(bytes[..<end])
            part.withUnsafeBytes { block in
                while let record = cutter.record(
                    in: block,
                    from: start,
                    isLast: index == ends.count - 1,
                    isQuiet: false
                ) {
                    records.append(record)
                    start = record.next
                }
            }
        }
        return records
    }
}
