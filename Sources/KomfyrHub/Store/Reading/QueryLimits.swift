/// The limits of reading, each with what it bounds and why that number.
extension HubLimits {
    /// Chunks that a query fetches at a time at most: enough to hide Redis's round trip.
    static let chunksPerWave = 64
    /// Bytes of chunks as stored that a query fetches at a time, roughly (always one chunk): some tens of MiB unpacked.
    static let waveBytes = 4 << 20
    /// Chunks whose facts or intervals a query asks for at a time: some hundred bytes each.
    static let factsPerWave = 512
    /// How often a query starts over because a chunk was replaced under it.
    static let queryAttempts = 4
    /// The same for an export, which reads much longer at a time.
    static let exportAttempts = 16
    /// Bytes of text of one page's logs, unless a single log is larger: a page of the largest logs would otherwise take
    /// a gigabyte.
    ///
    /// It ends early then, and its cursor goes on.
    static let pageBytes = 32 << 20
    /// Bytes of text that an export holds at a time: each part of the time that it reads costs one look at every
    /// group's chunks, so few and large ones are cheap.
    static let exportBytes = 48 << 20
    /// Logs that an export holds at a time.
    static let exportLogs = 262_144
    /// Logs of one part that an export gives.
    static let exportPartLogs = 1_000
    /// Bytes of text of one such part, unless a single log is larger.
    static let exportPartBytes = 1 << 20
    /// Counts that a histogram gives at most; the API refuses more, and the store makes its intervals twice as long.
    static let histogramBuckets = 10_000
    /// Intervals of a series at most; the API refuses more, and the store makes them twice as long.
    static let seriesIntervals = 10_000
    /// Fields of a series at most: more than a person looks at, and as many as a chunk has columns.
    static let seriesFields = 256
    /// Intervals of all fields of a series together: 48 hours by five minutes of all fields that there may be.
    ///
    /// Each takes some 90 bytes while it is counted, and as many in the answer.
    static let seriesCells = 160_000
    /// Series that are computed at a time; others wait for their turn, so that memory is bounded whoever asks.
    static let seriesUnderWay = 4
    /// Logs that facets look at, the newest first: some hundred milliseconds.
    static let facetLogs = 100_000
    /// Bytes of text of `data` that facets look at, so that few but large logs do not take long either.
    static let facetBytes = 64 << 20
    /// Members of `data` that facets tell apart.
    static let facetFields = 256
    /// Different values that facets tell apart in each field.
    static let facetDistinctValues = 1_000
    /// Different tags, sources and groups that facets tell apart.
    static let facetNames = 10_000
    /// The longest value that facets list, in bytes: what is longer is text, not a value.
    static let facetValueBytes = 256
    /// How deep facets look into nested objects.
    static let facetDepth = 16
    /// Groups that a purge changes in Redis at a time, between two commits: some ten milliseconds.
    static let purgeGroups = 256
    /// Purges that may wait.
    static let purgesWaiting = 16
}
