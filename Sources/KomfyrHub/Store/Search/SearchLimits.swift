/// What bounds a search (`q`).
extension HubLimits {
    /// The longest search, in bytes of UTF-8: fifty long words fit, and the address that carries it holds twice that.
    static let searchBytes = 4 << 10
    /// Words, phrases, comparisons and patterns of one search, each of which may be held against every log.
    static let searchTerms = 64
    /// How deep parentheses may stand in one another: people write two or three, and reading them is recursive.
    static let searchDepth = 32
    /// Regular expressions of one search: they are the slowest terms, and hold memory as long as the search lives.
    static let searchPatterns = 8
    /// Memory of one regular expression's automata, in bytes.
    ///
    /// A live stream keeps its search as long as it is open, so eight patterns of each of some hundred streams must
    /// fit. A pattern that needs more states than fit goes on in linear time without them, more slowly.
    static let searchPatternMemory = 1 << 20
    /// How deep the walk through a log's data goes: above what bodies may nest (`ProtocolLimits.jsonDepth`), below
    /// what a recursive reader's stack could not bear.
    static let searchDataDepth = 96
}
