import Protocol

/// What an input's options make of its logs before they are kept: `level`, `keep`, `drop` and `rate_limit`.
///
/// ```
///  arrives ─► allow, token ─► rate_limit ─► parse, level ─► keep ─► drop ─► the batch
///                                 │                          └───────┴─► counted: rule
///                                 └─► counted: rate_limited, and one line a source and interval in the stream
/// ```
struct Shaping: Sendable, Equatable {
    /// `level`: the level that every log gets, or what becomes of each level.
    var levels: LevelMap?
    /// `keep`: only what one of these matches goes on; none means all.
    var keep: [Rule] = []
    /// `drop`: what one of these matches is left out.
    var drop: [Rule] = []
    /// `rate_limit`: how many logs of each source are kept.
    var rateLimit: RateLimit?

    /// Whether logs have to be looked at once they are written.
    var hasRules: Bool { !keep.isEmpty || !drop.isEmpty }
}

/// What becomes of each level.
struct LevelMap: Sendable, Equatable {
    private var levels = Level.allCases

    /// Changes nothing.
    init() {}

    /// Makes one of all.
    init(fixed level: Level) { levels = Level.allCases.map { _ in level } }

    subscript(level: Level) -> Level {
        get { levels[Int(level.rawValue)] }
        set { levels[Int(level.rawValue)] = newValue }
    }

    /// The levels that logs can have after it.
    var results: [Level] { Level.allCases.filter { levels.contains($0) } }
}

/// How many logs a source may send: a bucket of `burst` tokens, of which `count` come back in every `period`.
struct RateLimit: Sendable, Equatable {
    /// The time that `count` is for.
    enum Period: String, Sendable, CaseIterable {
        case second = "s"
        case minute = "m"
        case hour = "h"

        var milliseconds: UInt64 {
            switch self {
            case .second: 1_000
            case .minute: 60_000
            case .hour: 3_600_000
            }
        }
        /// As in "a second".
        var word: String {
            switch self {
            case .second: "second"
            case .minute: "minute"
            case .hour: "hour"
            }
        }
    }

    var count: Int
    var period: Period
    /// How many may come at once after a silence.
    var burst: Int

    /// As in "1,000 a second".
    var words: String { "\(HumanText.count(UInt64(count))) a \(period.word)" }
}
