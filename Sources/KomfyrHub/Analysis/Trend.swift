/// Something that changed in a series, computed and not asked of a model.
struct Trend: Sendable, Equatable {
    /// What a series did.
    enum Kind: String, Sendable, CaseIterable {
        /// It goes up steadily.
        case rising
        /// It goes down steadily.
        case falling
        /// Some intervals stand far above what was usual around them.
        case spike
        /// Some intervals lie far below what was usual around them.
        case drop
        /// It moved to another level, and stayed there.
        case shift
        /// A group that reported regularly stopped.
        case silent
    }

    /// What a series is of.
    enum Subject: Sendable, Equatable, Hashable {
        /// A numeric member of `data`, by dotted path; the series is of its averages.
        case field(String)
        /// How many logs there were.
        case count
        /// The share of logs of level error and above, 0 to 1.
        case errors
    }

    var subject: Subject
    /// The group whose series it is; nil: all that were asked for, taken together.
    var group: String?
    var kind: Kind
    /// When it began: the begin of its first interval, in nanoseconds since 1970.
    var from: Int64
    /// When it ended: the end of its last interval, in nanoseconds since 1970; the series' end while it goes on.
    var to: Int64
    /// What was usual before it, in the series' own unit.
    var before: Double
    /// What it came to: the farthest value of a spike or drop, the new level of a shift, the end of a slope, 0 of
    /// silence.
    var after: Double
    /// How sure it is, 0 to 1.
    var confidence: Double
    /// It had not ended when the series did: it still rises, stands off, stays or is silent.
    var isOngoing = false

    /// How far it went, in the series' own unit.
    var change: Double { after - before }

    /// How much it says of what happened: silence and errors more than what merely moves, and what is surer more than
    /// what is not.
    var weight: Double {
        let base: Double =
            switch (kind, subject) {
            case (.silent, .count), (.silent, .errors): 8
            case (_, .errors): change > 0 ? 6 : 2
            case (.silent, .field): 4.5
            case (.rising, .field), (.falling, .field): 4
            case (_, .field): 3.5
            case (_, .count): 3
            }
        let size = max(abs(before), abs(after)) / max(min(abs(before), abs(after)), 1e-9)
        return base * confidence + min(size, 20) / 20
    }

    /// The order in which trends are told of.
    static func isGraver(_ left: Trend, _ right: Trend) -> Bool {
        (right.weight, left.from, left.group ?? "") < (left.weight, right.from, right.group ?? "")
    }
}
