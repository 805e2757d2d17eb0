/// What can come of a search in a chunk, before its rows are read.
///
/// Some row may match, some row may fail to, or both. Whatever is not known counts as possible, so that no chunk with a
/// match is ever passed over: `-a` may only deny a chunk of which it is known that all rows have `a`.
struct SearchOutcome: Equatable {
    var canMatch: Bool
    var canFail: Bool

    static let unknown = SearchOutcome(canMatch: true, canFail: true)
    static func possibly(_ canMatch: Bool) -> SearchOutcome { SearchOutcome(canMatch: canMatch, canFail: true) }
    static func surely(_ matches: Bool) -> SearchOutcome { SearchOutcome(canMatch: matches, canFail: !matches) }
}

/// What is known of a chunk; `Words` decides whether it may hold a word with a hash.
struct SearchFacts<Words> {
    /// Bit n is set when a log of the level with raw value n may be in it.
    let levels: UInt8
    /// Its numeric members; nil: not known.
    let numbers: [SplitData.NumberInfo]?
    let group: String?
    let words: Words
}

extension SearchFacts where Words == BloomFilter? {
    init(_ facts: ChunkFacts, group: String?) {
        self.init(levels: facts.levels, numbers: facts.numbers, group: group, words: facts.words)
    }

    func outcome(_ node: SearchNode) -> SearchOutcome { outcome(node) { words?.mayContain($0.hash) ?? true } }
}

extension SearchFacts {
    /// What can come of a search; `mayContain` tells of a word.
    func outcome(_ node: SearchNode, _ mayContain: (SearchWord) -> Bool) -> SearchOutcome {
        switch node {
        case .term(let term): return outcome(term, mayContain)
        case .not(let node):
            let outcome = outcome(node, mayContain)
            return SearchOutcome(canMatch: outcome.canFail, canFail: outcome.canMatch)
        case .all(let nodes):
            var result = SearchOutcome.surely(true)
            for node in nodes {
                let outcome = outcome(node, mayContain)
                result.canMatch = result.canMatch && outcome.canMatch
                result.canFail = result.canFail || outcome.canFail
            }
            return result
        case .any(let nodes):
            var result = SearchOutcome.surely(false)
            for node in nodes {
                let outcome = outcome(node, mayContain)
                result.canMatch = result.canMatch || outcome.canMatch
                result.canFail = result.canFail && outcome.canFail
            }
            return result
        }
    }

    private func outcome(_ term: SearchTerm, _ mayContain: (SearchWord) -> Bool) -> SearchOutcome {
        switch term {
        case .everything: return .surely(true)
        case .group(let test): return .surely(test.holds(group))
        case .levels(let mask): return SearchOutcome(canMatch: levels & mask != 0, canFail: levels & ~mask != 0)
        case .tags, .source: return .unknown
        case .message(let test), .text(let test): return .possibly(mayHold(test, mayContain))
        case .number(let test): return .possibly(mayHold(test))
        case .member(let test):
            guard let text = test.text, !test.mayBeLiteral else { return .unknown }
            if let number = test.number, mayHold(number, at: test.path) { return .unknown }
            return .possibly(mayHold(text, mayContain))
        }
    }

    private func mayHold(_ test: TextTest, _ mayContain: (SearchWord) -> Bool) -> Bool {
        guard case .needle(let needle) = test else { return true }
        return needle.wholeWords.allSatisfy(mayContain)
    }

    private func mayHold(_ test: NumberTest) -> Bool {
        guard let info = info(test.path) else { return mayHaveMore(test.path) }
        // NaN, and so false: all that it has is beyond a double's range.
        switch test.comparison {
        case .less: return info.least < test.bound
        case .lessOrEqual: return info.least <= test.bound
        case .greater: return info.most > test.bound
        case .greaterOrEqual: return info.most >= test.bound
        }
    }

    private func mayHold(_ number: NumberEquality, at path: [UInt8]) -> Bool {
        guard let info = info(path) else { return mayHaveMore(path) }
        return !number.value.isFinite || info.least <= number.value && number.value <= info.most
    }

    private func info(_ path: [UInt8]) -> SplitData.NumberInfo? { numbers?.first { $0.path == path } }

    /// Whether there may be numbers of a member that is not listed.
    private func mayHaveMore(_ path: [UInt8]) -> Bool {
        numbers.map { SplitData.mayKeepInObjects(path, columns: $0.count) } ?? true
    }
}
