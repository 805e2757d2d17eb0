/// Messages that are alike but for their variables.
struct Pattern: Sendable, Equatable {
    /// Its tokens, with what varies as `<*>`, or as `<num>`, `<hex>`, `<uuid>`, `<ip>`, `<path>`, `<str>` where the kind is known.
    var template: String
    var count: Int
    /// By level.
    var levels: LevelCounts
    /// The times of its first and last log, in nanoseconds since 1970.
    var firstSeen: Int64
    var lastSeen: Int64
    /// It was never seen before the time that was asked for, though there were logs.
    var isNew: Bool
    /// One of its logs, the newest that is known.
    var example: LogID
    /// That log's message, cut to a limit.
    var exampleMessage: String
}
