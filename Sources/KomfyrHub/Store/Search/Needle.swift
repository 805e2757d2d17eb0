/// A text that is looked for without regard to case: a word, a phrase, a prefix, a part, or a whole value.
///
/// Never changes; a class, since it is handed on for every row, and a reference costs less to hand on than its parts.
final class Needle: Sendable {
    /// What must stand beside the text where it is found.
    enum Edge: Sendable {
        /// Anything.
        case open
        /// The edge of a word, where the text itself begins or ends within one (`Words`).
        case word
        /// The edge of the value.
        case value
    }

    /// As it is compared: `Words.folded`.
    let folded: [UInt8]
    let left: Edge
    let right: Edge
    let isASCII: Bool
    /// Characters beyond ASCII fold to a part of it.
    let meetsFoldedASCII: Bool
    /// Two of its bytes that are rare in logs, by their places: what the scan looks at first.
    let rareBytes: (Int, Int)
    /// The words that a value which holds it must hold whole.
    let wholeWords: [SearchWord]
    /// For each byte, how much of the text before it is also its beginning (Knuth, Morris and Pratt).
    let failure: [UInt16]

    init(_ text: [UInt8], left: Edge, right: Edge) {
        folded = text.withUnsafeBytes { Words.folded($0) }
        self.left = left
        self.right = right
        isASCII = folded.allSatisfy { $0 < 0x80 }
        // The Kelvin sign is a k, and the capital dotted I an i with a dot that combines.
        meetsFoldedASCII = folded.contains { $0 == UInt8(ascii: "k") || $0 == UInt8(ascii: "i") }
        rareBytes = Self.rareBytes(of: folded)
        failure = Self.failure(of: folded)
        wholeWords = Self.wholeWords(of: folded, left, right)
    }

    /// Whether a value holds it.
    func isIn(_ text: UnsafeRawBufferPointer) -> Bool {
        if isASCII {
            if isInFolded(text) { return true }
            guard meetsFoldedASCII, FoldedText.hasASCII(in: text) else { return false }
        } else if FoldedText.isASCII(text) {
            return false
        }
        return Words.folded(text).withUnsafeBytes { isInFolded($0) }
    }

    /// As `isIn`, of a text where only the case of ASCII is left to be looked past.
    private func isInFolded(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count >= folded.count else { return false }
        if left == .value {
            guard right != .value || text.count == folded.count else { return false }
            return stands(in: text, at: 0) && fits(text, at: 0, from: 0, to: text.count)
        }
        if right == .value {
            let place = text.count - folded.count
            return stands(in: text, at: place) && fits(text, at: place, from: 0, to: text.count)
        }
        var isFound = false
        forEachPlace(in: text, from: 0, to: text.count) { place in
            isFound = fits(text, at: place, from: 0, to: text.count)
            return isFound ? text.count : place + 1
        }
        return isFound
    }

    /// Whether the edges are right where it was found in the value from `start` to `end`.
    @inline(__always)
    func fits(_ text: UnsafeRawBufferPointer, at place: Int, from start: Int, to end: Int) -> Bool {
        let last = place + folded.count
        switch left {
        case .open: break
        case .value: if place != start { return false }
        case .word:
            if place > start, Words.isWordByte(text[place]), Words.isWordByte(text[place - 1]) { return false }
        }
        switch right {
        case .open: return true
        case .value: return last == end
        case .word: return last >= end || !Words.isWordByte(text[last]) || !Words.isWordByte(text[last - 1])
        }
    }

    private static func wholeWords(of folded: [UInt8], _ left: Edge, _ right: Edge) -> [SearchWord] {
        var words: [SearchWord] = []
        var index = 0
        while index < folded.count {
            guard Words.isWordByte(folded[index]) else {
                index += 1
                continue
            }
            let start = index
            while index < folded.count, Words.isWordByte(folded[index]) { index += 1 }
            if start == 0 && left == .open || index == folded.count && right == .open { continue }
            words.append(SearchWord(folded: Array(folded[start..<index])))
        }
        return words
    }

    /// The two rarest bytes, the earlier one first; the same place twice when there is only one.
    private static func rareBytes(of text: [UInt8]) -> (Int, Int) {
        let places = text.indices.sorted { (commonness(text[$0]), $0) < (commonness(text[$1]), $1) }
        guard let first = places.first else { return (0, 0) }
        let second = places.dropFirst().first ?? first
        return (min(first, second), max(first, second))
    }

    /// How common a byte is in logs, roughly.
    private static func commonness(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "e"), UInt8(ascii: "t"): 9
        case UInt8(ascii: "a"), UInt8(ascii: "i"), UInt8(ascii: "n"), UInt8(ascii: "o"), UInt8(ascii: "r"),
            UInt8(ascii: "s"):
            8
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "c"), UInt8(ascii: "d"), UInt8(ascii: "l"): 7
        case UInt8(ascii: "m"), UInt8(ascii: "p"), UInt8(ascii: "u"), UInt8(ascii: "\""), UInt8(ascii: "."),
            UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "_"):
            6
        case UInt8(ascii: "a")...UInt8(ascii: "z"): 4
        case 0x80...: 3
        default: 2
        }
    }

    private static func failure(of text: [UInt8]) -> [UInt16] {
        var table = [UInt16](repeating: 0, count: text.count)
        var length = 0
        for index in text.indices.dropFirst() {
            while length > 0, text[index] != text[length] { length = Int(table[length - 1]) }
            if text[index] == text[length] { length += 1 }
            table[index] = UInt16(truncatingIfNeeded: length)
        }
        return table
    }
}

/// What folding does to text beyond ASCII.
enum FoldedText {
    /// Whether all of it is ASCII.
    static func isASCII(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index + 8 <= text.count {
            if text.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return false }
            index += 8
        }
        while index < text.count {
            if text[index] >= 0x80 { return false }
            index += 1
        }
        return true
    }

    /// Whether it has one of the two characters beyond ASCII whose folded form has ASCII in it.
    ///
    /// These are U+212A, the Kelvin sign (k), and U+0130, the capital I with a dot (i and a combining dot).
    static func hasASCII(in text: UnsafeRawBufferPointer) -> Bool {
        ByteSearch.first([0xE2, 0x84, 0xAA], in: text) != nil || ByteSearch.first([0xC4, 0xB0], in: text) != nil
    }
}
