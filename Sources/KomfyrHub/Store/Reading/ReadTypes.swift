import Protocol

/// Counts of a query by time and level.
struct LogHistogram: Sendable {
    /// In nanoseconds.
    var interval: Int64
    /// Rising, those without logs left out.
    var buckets: [Bucket]
    /// Redis could not be asked: only what memory holds.
    var isPartial: Bool

    struct Bucket: Sendable, Equatable {
        /// Its first nanosecond since 1970, a multiple of the interval.
        var start: Int64
        var levels: LevelCounts
    }
}

/// The commonest values of a query's logs.
struct LogFacets: Sendable {
    /// Logs that match.
    var total: Int
    var levels: LevelCounts
    /// By falling count; logs without a group are not listed.
    var groups: [Value]
    var tags: [Value]
    var sources: [Value]
    /// Members of `data` by dotted path, the commonest first.
    var fields: [Field]
    /// The values are of a part of the logs, since there were too many different ones or too many logs to look at.
    var isSampled: Bool
    /// Redis could not be asked: only what memory holds.
    var isPartial: Bool

    struct Value: Sendable, Equatable {
        /// UTF-8; of a number or a literal its digits or its name.
        var text: [UInt8]
        var count: Int
    }

    struct Field: Sendable, Equatable {
        /// Dotted.
        var path: [UInt8]
        /// Logs that have it.
        var count: Int
        var values: [Value]
    }
}

/// A log's neighbours in its group and source, each part in order of time.
struct LogContext: Sendable {
    var before: [StoredLog]
    var log: StoredLog
    var after: [StoredLog]
    /// Redis could not be asked: only what memory holds.
    var isPartial: Bool
}

/// All logs of a query, part by part, in bounded memory; not a page.
protocol LogExporting: Sendable {
    /// The next part; nil: that was all.
    /// - Throws: when the rest cannot be read; what came before is right.
    func next() async throws(StoreError) -> [StoredLog]?
}
