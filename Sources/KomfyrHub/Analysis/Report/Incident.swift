/// What happened as one: the trends and patterns of one cause, as far as time and place tell.
struct Incident {
    /// The one that says most first.
    var trends: [Trend] = []
    /// New kinds of messages that came with it.
    var patterns: [Pattern] = []
    /// Where; empty: all groups that were asked for, or not known.
    var groups: [String] = []
    /// When it began and ended, in nanoseconds since 1970.
    var start: Int64
    var end: Int64

    var lead: Trend? { trends.first }

    /// Errors and criticals of its patterns.
    var errors: Int { patterns.reduce(0) { $0 + $1.levels.errors } }

    /// It came again and again: its trends are one each time.
    var isRepeated = false
}
