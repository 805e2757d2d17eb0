/// All that an analyst is told of a window of time: computed, bounded, and the same for a model and for the statistics.
struct AnalysisFacts: Sendable {
    /// A numeric member of `data` over the whole window.
    struct Field: Sendable, Equatable {
        /// By dotted path.
        var path: String
        var count: Int
        var least: Double
        var most: Double
        var average: Double
        var last: Double
    }

    /// A group's part.
    struct Group: Sendable, Equatable {
        var name: String
        var levels: LevelCounts
        /// Its newest log's time, in nanoseconds since 1970.
        var newest: Int64
    }

    /// A value and how many logs have it.
    struct Count: Sendable, Equatable {
        var text: String
        var count: Int
    }

    /// Stands where a name is wanted for logs without a group.
    static let noGroup = "(no group)"

    /// The group pattern that was asked for.
    var scope: String
    /// The window, in nanoseconds since 1970; `until` is now or earlier.
    var since: Int64
    var until: Int64
    /// The length of the intervals that trends were computed from, in nanoseconds.
    var interval: Int64
    var levels: LevelCounts
    /// Those with the most errors first, then by count; at most some dozens.
    var groups: [Group]
    /// How many groups there are in all.
    var groupCount: Int
    /// The commonest first.
    var tags: [Count]
    var fields: [Field]
    /// The gravest first.
    var trends: [Trend]
    /// New ones first, then by count.
    var patterns: [Pattern]
    /// Logs of level error and above, newest first.
    var newestErrors: [StoredLog]
    /// Redis could not be asked for all of it.
    var isPartial: Bool
    /// What there was too much of to be looked at, each in words that follow "left out:".
    var leftOut: [String] = []
    /// The names of the groups that ids speak of, by number, as far as they are known: whose a pattern's example is.
    var groupNames: [UInt32: String] = [:]
}
