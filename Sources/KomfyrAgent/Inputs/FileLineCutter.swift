import Glibc
import Protocol

/// Finds the lines in a block of a file.
///
/// A line ends at LF; a CR before it is no part of it. A line longer than `maximumBytes` is cut into pieces, at a
/// character's beginning; so is one whose repaired text would be longer than a message may be.
struct FileLineCutter {
    /// The longest line in bytes.
    var maximumBytes = AgentLimits.lineBytes

    /// A line, or a piece of one, as ranges of the block.
    struct Line: Equatable {
        /// Its text, without its end.
        var text: Range<Int>
        /// Where the next one begins.
        var next: Int
        /// Whether it is a piece of a longer line, and not its end.
        var isPiece: Bool
        /// Whether it begins within a record of several lines whose beginning is elsewhere: see `FileRecordCutter`.
        var isRest = false
    }

    /// The line that begins at `start`.
    /// - Parameters:
    ///   - block: what was read of the file.
    ///   - start: where the line before ended.
    ///   - isLast: whether what is left without a line end is a line too.
    /// - Returns: nil when its end is not in the block.
    func line(in block: UnsafeRawBufferPointer, from start: Int, isLast: Bool) -> Line? {
        guard let base = block.baseAddress, start < block.count else { return nil }
        let found = memchr(base + start, 0x0A, block.count - start)
        let end = found.map { UnsafeRawPointer($0) - base } ?? block.count
        let isWhole = found != nil || isLast
        if end - start > maximumBytes { return piece(of: block, start..<end, maximumBytes) }
        guard isWhole else { return nil }
        var textEnd = end
        if textEnd > start, block[textEnd - 1] == 0x0D { textEnd -= 1 }
        let third = ProtocolLimits.messageBytes / 3
        if textEnd - start > third, !JSONText.isUTF8(UnsafeRawBufferPointer(rebasing: block[start..<textEnd])) {
            // Each broken byte becomes three.
            return piece(of: block, start..<end, third)
        }
        return Line(text: start..<textEnd, next: found == nil ? end : end + 1, isPiece: false)
    }

    private func piece(of block: UnsafeRawBufferPointer, _ range: Range<Int>, _ maximum: Int) -> Line {
        var end = range.lowerBound + min(maximum, range.count)
        if end < range.upperBound {
            let piece = UnsafeRawBufferPointer(rebasing: block[range.lowerBound..<end])
            end -= CharacterCut.unfinishedBytes(of: piece)
        }
        return Line(text: range.lowerBound..<end, next: end, isPiece: true)
    }
}
