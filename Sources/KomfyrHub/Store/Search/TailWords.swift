import CScan

/// Which words may be in a tail, so that a search for a rare one passes it over: no word that is there is ever denied.
///
/// ```
///  each word of a message, each run of letters and digits in an object's JSON ─▶ a number ─▶ one bit of `bits`
/// ```
///
/// Made while logs are appended, and only while somebody searches, since it costs a microsecond a log, an eighth of what
/// taking one costs: words that differ in their middle alone may share a bit, those of one or two letters have none, and one bit stands for each word, where
/// the filter of a chunk has seven. A rare word is looked for in vain in one tail of eight.
struct TailWords: Sendable {
    /// Empty: not known.
    private var bits: [UInt64] = []
    /// Rows that are in.
    private(set) var count = 0
    /// Some text is not ASCII: characters beyond it may fold to a part of it.
    private var hasOthers = false
    /// Some object has escapes, behind which any word may stand.
    private var hasEscapes = false

    private static let mask = UInt64(HubLimits.tailWordsBits - 1)

    /// What it takes in memory, in bytes.
    var bytes: Int { bits.count * 8 }

    /// Adds what was appended to a tail since it was asked last, if the tail is large enough to be worth it.
    mutating func add(_ rows: LogRows, leastBytes: Int = HubLimits.tailWordsLeastBytes) {
        guard rows.bytes >= leastBytes, count < rows.count else { return }
        if bits.isEmpty { bits = [UInt64](repeating: 0, count: HubLimits.tailWordsBits / 64) }
        var (ofMessages, ofObjects): (UInt32, UInt32) = (0, 0)
        let added = count..<rows.count
        count = rows.count
        bits.withUnsafeMutableBufferPointer { bits in
            rows.columns.text.withUnsafeBytes { text in
                guard let bits = bits.baseAddress, let base = text.bindMemory(to: UInt8.self).baseAddress else {
                    return
                }
                func words(_ range: TextRange) -> UInt32 {
                    // Ranges name what lies in the text.
                    cscan_words(base + Int(range.offset), Int(range.length), bits, Self.mask)
                }
                rows.columns.messages.withUnsafeBufferPointer { ranges in
                    for row in added { ofMessages |= words(ranges[row]) }
                }
                rows.columns.data.withUnsafeBufferPointer { ranges in
                    for row in added { ofObjects |= words(ranges[row]) }
                }
            }
        }
        hasOthers = hasOthers || (ofMessages | ofObjects) & UInt32(CSCAN_HAS_OTHERS) != 0
        hasEscapes = hasEscapes || ofObjects & UInt32(CSCAN_HAS_BACKSLASHES) != 0
    }

    /// Whether a search can find something in the tail of a group, whose logs have these levels.
    func mayHold(_ search: Search, levels: UInt8, group: String?) -> Bool {
        if bits.isEmpty { return true }
        return search.mayMatch(levels: levels, numbers: nil, group: group) { mayContain($0) }
    }

    private func mayContain(_ word: SearchWord) -> Bool {
        guard let number = word.number, !hasEscapes, !(hasOthers && word.meetsFoldedASCII) else { return true }
        let bit = Int(truncatingIfNeeded: number & Self.mask)
        return bits[bit >> 6] >> UInt64(bit & 63) & 1 == 1
    }
}

/// A word that a text must hold whole to match.
struct SearchWord: Sendable {
    /// As `Words` has it, for the filters of chunks.
    let hash: UInt64
    /// For those of tails; nil: they know nothing of it.
    let number: UInt64?
    /// Characters beyond ASCII fold to a part of it.
    let meetsFoldedASCII: Bool

    /// Of a word that is folded already.
    init(folded word: [UInt8]) {
        hash = Words.hash(folded: word)
        let isKnown = word.count >= Int(CSCAN_LEAST_WORD) && word.allSatisfy { $0 < 0x80 }
        number = isKnown ? word.withUnsafeBufferPointer { $0.baseAddress.map { cscan_word($0, word.count) } } : nil
        meetsFoldedASCII = word.contains { $0 == UInt8(ascii: "k") || $0 == UInt8(ascii: "i") }
    }
}
