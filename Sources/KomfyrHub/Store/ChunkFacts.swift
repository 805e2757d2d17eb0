/// What is known of a chunk without its rows: enough to tell that a search finds nothing in it.
struct ChunkFacts: Sendable {
    /// Bit n is set when a log of the level with raw value n is in it.
    var levels: UInt8
    /// Of the words of its messages and of the strings in `data`; nil: not known.
    var words: BloomFilter?
    /// Its numeric members; nil: not known.
    var numbers: [SplitData.NumberInfo]?
}

/// Which words may be in a chunk: no word that is there is ever denied.
struct BloomFilter: Sendable {
    /// Whether a word with this hash (`Words`) may be there.
    func mayContain(_ hash: UInt64) -> Bool { true }
}
