import Protocol
import RegularExpressions

/// One condition of a rule, made ready: a value is held against all its tests at once.
///
/// However many texts a condition lists, a value costs one look into a table; its patterns are joined into one.
struct CompiledCondition {
    /// Where the field's values are found.
    let slot: Int
    /// By hash.
    private var texts: [UInt64: [[UInt8]]] = [:]
    private var patterns: [RegularExpression] = []
    private var levels: Set<Level> = []
    private var severities: Set<Int> = []
    private var numbers: [(comparison: Rule.Comparison, number: Double)] = []
    private var booleans: Set<Bool> = []

    /// Whether it costs more than a few comparisons.
    var hasPatterns: Bool { !patterns.isEmpty }

    /// - Parameters:
    ///   - condition: checked already.
    ///   - slot: where the field's values are found.
    ///   - memory: what its patterns may take.
    /// - Throws: RE2's words about a pattern that was not checked, or that is too large for what is left.
    init(
        _ condition: Rule.Condition,
        slot: Int,
        memory: inout PatternMemory
    ) throws(RegularExpression.Problem) {
        self.slot = slot
        var sources: [String] = []
        for test in condition.tests {
            switch test {
            case .text(let text):
                let bytes = Array(text.utf8)
                texts[Self.hash(bytes), default: []].append(bytes)
            case .glob(let glob): sources.append(Self.pattern(glob: glob))
            case .pattern(let pattern, let ignoresCase): sources.append(ignoresCase ? "(?i:\(pattern))" : pattern)
            case .levels(let some): levels.formUnion(some)
            case .severities(let some): severities.formUnion(some)
            case .number(let comparison, let number): numbers.append((comparison, number))
            case .boolean(let flag): booleans.insert(flag)
            }
        }
        patterns = try Self.join(sources, &memory)
    }

    /// One expression for all, unless that is too large.
    private static func join(
        _ sources: [String],
        _ memory: inout PatternMemory
    ) throws(RegularExpression.Problem) -> [RegularExpression] {
        let all = min(memory.share * sources.count, AgentLimits.patternMemoryBytes)
        // `\Q` without its `\E` would take in what follows.
        if sources.count > 1, !sources.contains(where: { $0.contains("\\Q") }),
            let joined = try? RegularExpression(sources.map { "(?:\($0))" }.joined(separator: "|"), memory: all)
        {
            return [joined]
        }
        var patterns: [RegularExpression] = []
        for source in sources { patterns.append(try memory.compile(source)) }
        return patterns
    }

    /// The expression of a glob: the whole value, `*` for anything.
    static func pattern(glob: String) -> String {
        var pattern = "(?s:\\A"
        for scalar in glob.unicodeScalars {
            if scalar == "*" {
                pattern += ".*"
            } else {
                let isWord = !scalar.isASCII || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                if !isWord { pattern += "\\" }
                pattern.unicodeScalars.append(scalar)
            }
        }
        return pattern + "\\z)"
    }

    /// Whether a value, its escapes resolved, passes one of the tests.
    func holds(_ bytes: UnsafeRawBufferPointer, _ kind: JSONKind) -> Bool {
        if kind == .null { return false }
        if !texts.isEmpty, hasText(bytes) { return true }
        if !levels.isEmpty, let level = Level(name: bytes), levels.contains(level) { return true }
        if !severities.isEmpty, let severity = Self.severity(bytes), severities.contains(severity) { return true }
        if !booleans.isEmpty, kind == .true || kind == .false, booleans.contains(kind == .true) { return true }
        if !numbers.isEmpty, let number = Self.number(bytes, kind) {
            for test in numbers where test.comparison.holds(number, test.number) { return true }
        }
        for pattern in patterns where pattern.matches(bytes) { return true }
        return false
    }

    private func hasText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let same = texts[PlainText.hash(bytes, seed: 0)] else { return false }
        for text in same where text.withUnsafeBytes({ PlainText.equal($0, bytes) }) { return true }
        return false
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { PlainText.hash($0, seed: 0) } }

    /// The number of a severity's name; nil when it is none.
    static func severity(_ name: UnsafeRawBufferPointer) -> Int? {
        (0...7).first { PlainText.equal(name, PlainText.bytes(SyslogNames.severity($0))) }
    }

    /// Numbers, and texts that are nothing else.
    private static func number(_ bytes: UnsafeRawBufferPointer, _ kind: JSONKind) -> Double? {
        guard kind == .number || kind == .string, bytes.count <= 64, let first = bytes.first,
            first.isDigit || first == UInt8(ascii: "-")
        else { return nil }
        return Double(String(decoding: bytes, as: UTF8.self))
    }
}
