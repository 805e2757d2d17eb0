/// The limits of patterns, each with what it bounds and why that number.
extension HubLimits {
    // MARK: Forms

    /// Bytes of a message that are looked at: what tells messages apart stands at their begin, and a message of a
    /// megabyte must cost no more than a long line.
    static let patternMessageBytes = 4_096
    /// Words of a message that count: beyond, messages are texts and no events.
    static let patternTokens = 64
    /// Bytes of one word, masked.
    static let patternTokenBytes = 128
    /// Bytes of a message's form.
    static let patternFormBytes = 1_024
    /// Bytes of an example that are kept: enough for a line.
    static let patternExampleBytes = 512
    /// Questions for patterns that are answered at a time, others wait: each holds some tens of MB of forms, examples and
    /// summaries.
    static let patternsUnderWay = 4

    // MARK: Clusters

    /// Different words that a node of the tree tells apart, as the paper has it; what comes beyond shares a branch.
    static let patternChildren = 100
    /// Words, from the first, that the tree looks at.
    static let patternDepth = 2
    /// Templates of one leaf, all of which are compared with a form; what is like none of them goes to one that stands
    /// for all the rest of its length.
    static let patternsPerLeaf = 64
    /// Templates altogether, but for one of each length that takes the rest: far more than anybody reads.
    static let patterns = 2_048
    /// Forms of a chunk that are kept as they are; beyond, its templates are kept in their place.
    ///
    /// It bounds what a chunk's summary takes in the cache.
    static let patternFormsPerChunk = 512
    /// Forms that a query holds at one time; beyond, templates take their place.
    ///
    /// At least three times the templates that there can be, so that this comes seldom.
    static let patternForms = 8_192
    /// Bytes of examples that a query holds, those that newer ones have replaced included.
    static let patternExamplesBytes = 16 << 20
}
