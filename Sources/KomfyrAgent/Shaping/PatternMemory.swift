import RegularExpressions

/// What the globs and regular expressions of one input's rules may take together: `AgentLimits.patternsMemoryBytes`.
///
/// ```
///  |── half: the same share for each ──|── half: what large ones take beyond their share ──|
/// ```
///
/// With a small share matching is slower, and still linear; a pattern that does not fit into it at all gets more, as
/// long as there is any.
struct PatternMemory {
    /// Of one pattern, in bytes.
    let share: Int
    /// What is left for large ones, in bytes.
    private(set) var spare = AgentLimits.patternsMemoryBytes / 2

    /// That of all patterns of some rules.
    init(of rules: [Rule]) {
        var patterns = 0
        for rule in rules {
            for condition in rule.conditions + rule.exceptions { patterns += condition.tests.count(where: \.isPattern) }
        }
        share = min(AgentLimits.patternMemoryBytes, AgentLimits.patternsMemoryBytes / 2 / max(patterns, 1))
    }

    /// Compiles a pattern, with as little beyond its share as it takes.
    /// - Throws: RE2's words about a pattern that was not checked, or that is too large for what is left.
    mutating func compile(_ source: String) throws(RegularExpression.Problem) -> RegularExpression {
        var bytes = share
        while true {
            do throws(RegularExpression.Problem) {
                let pattern = try RegularExpression(source, memory: bytes)
                spare -= bytes - share
                return pattern
            } catch {
                let more = min(bytes * 2, AgentLimits.patternMemoryBytes)
                guard more > bytes else { throw error }
                guard more - share <= spare else {
                    let limit = "all of an input together may take \(AgentLimits.patternsMemoryBytes >> 20) MiB"
                    throw RegularExpression.Problem(words: "\(limit), and one is too large for the rest")
                }
                bytes = more
            }
        }
    }
}
