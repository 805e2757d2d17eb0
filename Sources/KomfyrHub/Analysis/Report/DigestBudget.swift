/// What fits into a budget.
enum DigestBudget {
    /// Costs are counted in parts of a token, so that they add up without rounding.
    static let unit = 12

    /// What a text costs.
    ///
    /// A token has some 4 letters of English and 2.5 of random ones; digits and signs may be one each, and so may the
    /// bytes of other scripts.
    static func cost(_ text: String) -> Int {
        var cost = 0
        for byte in text.utf8 {
            if SecretMask.isLetter(byte) {
                cost += 5
            } else if byte == 0x20 {
                cost += 3
            } else {
                cost += unit
            }
        }
        return cost
    }

    /// In which order sections shrink, and to how many lines: what says least first.
    private static let steps: [(section: DigestParts.Section, lines: Int)] = [
        (.tags, 10), (.fields, 40), (.common, 20), (.groups, 20), (.errors, 15), (.fresh, 25), (.trends, 40),
        (.tags, 0), (.fields, 12), (.common, 8), (.groups, 8), (.errors, 6), (.fresh, 10), (.trends, 15),
        (.fields, 4), (.common, 3), (.groups, 3), (.errors, 3), (.fresh, 4), (.trends, 6),
        (.fields, 0), (.common, 0), (.groups, 0), (.errors, 1), (.fresh, 1), (.trends, 1),
        (.errors, 0), (.fresh, 0), (.trends, 0),
    ]

    /// The text of as many lines as fit; nil: not even those that are always there.
    static func fit(_ parts: DigestParts, within room: Int) -> String? {
        var kept: [DigestParts.Section: Int] = [:]
        var lineCosts: [DigestParts.Section: [Int]] = [:]
        var total = cost(parts.basics)
        for section in DigestParts.Section.allCases {
            let lines = parts.lines[section] ?? []
            let costs = lines.map { cost($0) }
            kept[section] = lines.count
            lineCosts[section] = costs
            if !lines.isEmpty { total += costs.reduce(0, +) + titleCost(parts, section) }
        }
        for step in steps where total > room {
            while total > room, let count = kept[step.section], count > step.lines {
                total -= lineCosts[step.section]?[count - 1] ?? 0
                kept[step.section] = count - 1
                if count == 1 { total -= titleCost(parts, step.section) }
            }
        }
        guard total <= room else { return nil }
        var text = parts.basics
        for section in DigestParts.Section.allCases {
            guard let count = kept[section], count > 0, let lines = parts.lines[section] else { continue }
            text += parts.title(section, shown: count)
            for line in lines.prefix(count) { text += line }
        }
        return text
    }

    /// At its longest: with as many digits as when all lines are shown, and the words that some are not.
    private static func titleCost(_ parts: DigestParts, _ section: DigestParts.Section) -> Int {
        let count = parts.lines[section]?.count ?? 0
        return max(cost(parts.title(section, shown: count)), cost(parts.title(section, shown: max(0, count - 1))))
    }
}
