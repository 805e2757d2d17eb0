/// What became of the reloads since the start; for metrics and `status`.
struct ReloadRecord: Sendable, Equatable {
    /// The last one.
    struct Last: Sendable, Equatable {
        /// Nanoseconds since 1970.
        var atNs: Int64
        var isTaken: Bool
        /// What changed, or why nothing did.
        var words: String
    }

    /// Reloads that were taken, and that were refused.
    private(set) var taken: UInt64 = 0
    private(set) var refused: UInt64 = 0
    /// When the configuration that holds was read, in nanoseconds since 1970: at the start, or the last reload that was
    /// taken.
    private(set) var lastTakenNs: Int64
    private(set) var last: Last?

    init(startedNs: Int64) { lastTakenNs = startedNs }

    /// A reload has ended.
    mutating func note(isTaken: Bool, _ words: String, atNs: Int64) {
        last = Last(atNs: atNs, isTaken: isTaken, words: words)
        if isTaken {
            taken += 1
            lastTakenNs = atNs
        } else {
            refused += 1
        }
    }
}
