/// Summaries of many parts of the store, made into patterns.
///
/// What comes out depends on what was added, and not on the order, as long as there are no more forms than
/// `HubLimits.patternForms`; beyond, templates take their place, and where even these find no room it is told.
struct PatternTable {
    /// What is known of a form.
    private struct Entry {
        /// The time of its first log, of the baseline's too.
        var first = Int64.max
        /// Of the logs that are counted.
        var levels = LevelCounts()
        var last = Int64.min
        var sequence: UInt64 = 0
        var group: UInt32 = 0
        /// In `examples`.
        var example = TextRange.none

        /// Whether another's last log is newer.
        func isOlder(than last: Int64, _ sequence: UInt64) -> Bool { (self.last, self.sequence) < (last, sequence) }

        mutating func add(_ other: Entry) {
            first = min(first, other.first)
            levels += other.levels
            guard isOlder(than: other.last, other.sequence) else { return }
            last = other.last
            sequence = other.sequence
            group = other.group
            example = other.example
        }
    }

    private var forms = FormTable()
    private var entries: [Entry] = []
    private var examples: [UInt8] = []
    /// Some messages found no room in the templates.
    private(set) var isCut = false

    /// Adds logs of a group.
    /// - Parameters:
    ///   - summary: their forms.
    ///   - group: its number.
    ///   - levels: the levels that are wanted, as `LogQuery.levels` has them.
    ///   - isCounted: false: they are older than what is counted, and only tell what is not new.
    mutating func add(_ summary: PatternSummary, group: UInt32, levels: UInt8, isCounted: Bool) {
        isCut = isCut || summary.isCut
        if forms.count + summary.forms.count > HubLimits.patternForms { compact() }
        if examples.count > HubLimits.patternExamplesBytes { dropOldExamples() }
        var places = [Int](repeating: -1, count: summary.forms.count)
        for kind in summary.kinds where levels >> kind.level & 1 == 1 {
            if places[kind.form] < 0 {
                places[kind.form] = forms.index(of: summary.bytes(summary.forms[kind.form]))
                if places[kind.form] == entries.count { entries.append(Entry()) }
            }
            let place = places[kind.form]
            entries[place].first = min(entries[place].first, kind.first)
            guard isCounted else { continue }
            entries[place].levels[Int(kind.level)] += kind.count
            guard entries[place].isOlder(than: kind.last, kind.sequence) else { continue }
            entries[place].last = kind.last
            entries[place].sequence = kind.sequence
            entries[place].group = group
            entries[place].example = keep(summary.bytes(kind.example), in: entries[place].example)
        }
    }

    /// Adds what another table has.
    mutating func add(_ other: PatternTable) {
        if entries.isEmpty {
            let wasCut = isCut
            self = other
            isCut = isCut || wasCut
            return
        }
        isCut = isCut || other.isCut
        if forms.count + other.forms.count > HubLimits.patternForms { compact() }
        if examples.count > HubLimits.patternExamplesBytes { dropOldExamples() }
        for (index, var entry) in other.entries.enumerated() {
            let place = forms.index(of: other.forms[index])
            if place == entries.count { entries.append(Entry()) }
            if entries[place].isOlder(than: entry.last, entry.sequence) {
                entry.example = keep(other.examples[entry.example.bounds], in: entries[place].example)
            }
            entries[place].add(entry)
        }
    }

    /// Keeps an example, in the place of the one before where that is as long.
    private mutating func keep(_ example: ArraySlice<UInt8>, in place: TextRange) -> TextRange {
        if example.isEmpty { return .none }
        if place.length >= example.count {
            let start = Int(place.offset)
            examples.replaceSubrange(start..<start + example.count, with: example)
            return TextRange(offset: place.offset, length: UInt32(example.count))
        }
        let range = TextRange(offset: UInt32(examples.count), length: UInt32(example.count))
        examples.append(contentsOf: example)
        return range
    }

    /// Lets go of the examples that newer ones have replaced.
    private mutating func dropOldExamples() {
        var kept: [UInt8] = []
        for index in entries.indices where !entries[index].example.isNone {
            let example = examples[entries[index].example.bounds]
            entries[index].example = TextRange(offset: UInt32(kept.count), length: UInt32(example.count))
            kept.append(contentsOf: example)
        }
        examples = kept
    }

    /// Puts templates in the place of forms.
    private mutating func compact() {
        let outcome = Drain.group(forms.all)
        isCut = isCut || outcome.isCut
        forms = FormTable()
        for template in outcome.templates { _ = forms.index(of: template) }
        var merged = [Entry](repeating: Entry(), count: forms.count)
        for (entry, template) in zip(entries, outcome.templateOfForm) { merged[template].add(entry) }
        entries = merged
        dropOldExamples()
    }

    // MARK: Patterns

    /// The patterns of the logs that are counted: new ones first, then by falling count.
    /// - Parameters:
    ///   - newSince: from when on a first log makes a pattern new; nil: there is nothing older to compare with.
    ///   - hub: the hub's number, part of the examples' ids.
    ///   - limit: how many at most.
    /// - Returns: the patterns, whole but for `isPartial`.
    func patterns(newSince: Int64?, hub: UInt8, limit: Int) -> LogPatterns {
        let outcome = Drain.group(forms.all)
        var merged = [Entry](repeating: Entry(), count: outcome.templates.count)
        for (entry, template) in zip(entries, outcome.templateOfForm) { merged[template].add(entry) }
        func isNew(_ entry: Entry) -> Bool { newSince.map { entry.first >= $0 } ?? false }
        let texts = outcome.templates
        let order = merged.indices.filter { merged[$0].levels.mask != 0 }
            .sorted { left, right in
                let (first, second) = (isNew(merged[left]), isNew(merged[right]))
                if first != second { return first }
                let (more, fewer) = (merged[left].levels.total, merged[right].levels.total)
                return more != fewer ? more > fewer : texts[left].lexicographicallyPrecedes(texts[right])
            }
        var patterns = LogPatterns(isCut: isCut || outcome.isCut, count: order.count)
        for index in order { patterns.total += merged[index].levels.total }
        patterns.patterns = order.prefix(limit)
            .map { index in
                let entry = merged[index]
                return Pattern(
                    template: texts[index].withUnsafeBytes(MaskCode.readable),
                    count: entry.levels.total,
                    levels: entry.levels,
                    firstSeen: entry.first,
                    lastSeen: entry.last,
                    isNew: isNew(entry),
                    example: LogID(timestamp: entry.last, hub: hub, group: entry.group, sequence: entry.sequence),
                    exampleMessage: String(decoding: examples[entry.example.bounds], as: UTF8.self)
                )
            }
        return patterns
    }
}

/// The patterns of a query's logs.
struct LogPatterns: Sendable {
    /// New ones first, then by falling count.
    var patterns: [Pattern] = []
    /// Logs that match, also those of patterns that are not listed.
    var total = 0
    /// Redis could not be asked: only what memory holds.
    var isPartial = false
    /// There were more kinds of messages than are told apart: some patterns stand for what was left.
    var isCut = false
    /// How many patterns there are, listed or not.
    var count = 0
}
