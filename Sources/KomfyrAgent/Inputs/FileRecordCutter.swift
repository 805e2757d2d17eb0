import Glibc
import RegularExpressions

/// Finds records of several lines in a block of a file.
///
/// ```
///  2026-11-23 08:00:01 ERROR it failed ┐
///  java.lang.Exception: boom           │ one record: a line that begins one, and all behind it that do not
///      at a.b.C.run(C.java:7)          ┘
///  2026-11-23 08:00:02 INFO next         a record ends where the next begins; the last one of a file waits for that
/// ```
///
/// The lines of a record lie behind each other in the block, so nothing is copied or kept: the file's position stays
/// before a record until it is whole, and it is read again with what follows. A record ends before the line that would
/// bring it beyond `maxLines` or `maxBytes`; it is marked as a piece then, and so is one whose first line begins none:
/// the rest of a record that was cut, or came too late.
struct FileRecordCutter {
    /// What tells a record's first line.
    private enum Beginning {
        case start(RegularExpression)
        case notIndented
    }

    private let beginning: Beginning
    private let maxLines: Int
    private let maxBytes: Int
    private let lines: FileLineCutter
    private var joined: [UInt8] = []

    /// - Throws: what is wrong with the pattern, in words.
    init(_ multiline: InputConfiguration.Multiline) throws(ValueProblem) {
        switch multiline.beginning {
        case .start(let pattern): beginning = .start(try LinePattern.compile(pattern))
        case .notIndented: beginning = .notIndented
        }
        maxLines = multiline.maxLines
        maxBytes = multiline.maxBytes
        lines = FileLineCutter(maximumBytes: multiline.maxBytes)
    }

    /// The record that begins at `start`.
    /// - Parameters:
    ///   - block: what was read of the file.
    ///   - start: where the record before ended.
    ///   - isLast: whether what is left is a record, also without a line end.
    ///   - isQuiet: whether the file has not grown for so long that its whole lines are a record.
    /// - Returns: nil when it may go on behind the block.
    func record(
        in block: UnsafeRawBufferPointer,
        from start: Int,
        isLast: Bool,
        isQuiet: Bool
    ) -> FileLineCutter.Line? {
        guard var record = lines.line(in: block, from: start, isLast: isLast) else { return nil }
        let isWithinLine = start > 0 && block[start - 1] != 0x0A && block[start - 1] != 0
        record.isRest = !isWithinLine && !record.text.isEmpty && !begins(block, record.text)
        guard !record.isPiece else { return record }
        var count = 1
        while let line = nextLine(in: block, from: record.next, isLast: isLast) {
            if begins(block, line.text) { return trimmed(record, in: block) }
            guard count < maxLines, line.text.upperBound - start <= maxBytes else {
                record.isPiece = true
                return trimmed(record, in: block)
            }
            record.text = start..<line.text.upperBound
            record.next = line.next
            count += 1
        }
        return isLast || isQuiet ? trimmed(record, in: block) : nil
    }

    /// The line behind a record, whole or at least longer than a record may be.
    private func nextLine(
        in block: UnsafeRawBufferPointer,
        from start: Int,
        isLast: Bool
    ) -> (text: Range<Int>, next: Int)? {
        guard let base = block.baseAddress, start < block.count else { return nil }
        let found = memchr(base + start, 0x0A, block.count - start)
        let end = found.map { UnsafeRawPointer($0) - base } ?? block.count
        guard found != nil || isLast || end - start > maxBytes else { return nil }
        let textEnd = end > start && block[end - 1] == 0x0D ? end - 1 : end
        return (start..<textEnd, found == nil ? end : end + 1)
    }

    /// Whether a record begins with this line.
    private func begins(_ block: UnsafeRawBufferPointer, _ text: Range<Int>) -> Bool {
        switch beginning {
        case .start(let expression): expression.matches(UnsafeRawBufferPointer(rebasing: block[text]))
        case .notIndented: text.isEmpty || block[text.lowerBound] != 0x20 && block[text.lowerBound] != 0x09
        }
    }

    /// Without the empty lines at its end.
    private func trimmed(_ record: FileLineCutter.Line, in block: UnsafeRawBufferPointer) -> FileLineCutter.Line {
        var record = record
        var end = record.text.upperBound
        while end > record.text.lowerBound, block[end - 1] == 0x0A || block[end - 1] == 0x0D { end -= 1 }
        record.text = record.text.lowerBound..<end
        return record
    }

    /// Hands over a record's text, its lines joined by LF alone.
    mutating func withText<Value>(
        _ text: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) -> Value
    ) -> Value {
        guard let base = text.baseAddress, memchr(base, 0x0D, text.count) != nil else { return body(text) }
        joined.removeAll(keepingCapacity: true)
        for index in 0..<text.count where text[index] != 0x0D || index + 1 < text.count && text[index + 1] != 0x0A {
            joined.append(text[index])
        }
        let copy = joined
        return copy.withUnsafeBytes(body)
    }
}
