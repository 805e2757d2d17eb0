/// The forms of some logs with what is known of each: those of a chunk, of a tail, or of a part of these.
///
/// It never changes, so that of a whole chunk is cached. It is small whatever the logs are: beyond
/// `HubLimits.patternFormsPerChunk` forms, templates stand in their place.
struct PatternSummary: Sendable, Equatable {
    /// The logs of one form and level.
    struct Kind: Sendable, Equatable {
        /// Index in `forms`.
        var form: Int
        /// `Level.rawValue`.
        var level: UInt8
        var count: Int
        /// The times of the first and the last, in nanoseconds since 1970.
        var first: Int64
        var last: Int64
        /// That of the last; of the same time the highest.
        var sequence: UInt64
        /// In `text`: the message of the last, cut; none where a log of another level is the form's last.
        var example: TextRange
    }

    /// Forms, then examples.
    fileprivate(set) var text: [UInt8] = []
    fileprivate(set) var forms: [TextRange] = []
    fileprivate(set) var kinds: [Kind] = []
    /// Of a chunk's: the form of each row.
    fileprivate(set) var formOfRow: [UInt16] = []
    /// Some messages found no room in the templates.
    fileprivate(set) var isCut = false

    /// What it takes in memory, in bytes, roughly.
    var bytes: Int {
        text.count + forms.count * MemoryLayout<TextRange>.stride + kinds.count * MemoryLayout<Kind>.stride
            + formOfRow.count * 2
    }

    func bytes(_ range: TextRange) -> ArraySlice<UInt8> { text[range.bounds] }

    /// The same of some of a chunk's rows, which lie in order of time; where the last of them is no example of the
    /// whole, and the block has no messages, there is none.
    func part(_ rows: some Collection<UInt32>, of block: RowBlock) -> PatternSummary {
        var part = self
        part.kinds = []
        part.formOfRow = []
        var places = [Int32](repeating: 0, count: forms.count * LevelCounts.count)
        var lastRows: [Int] = []
        for row in rows.lazy.map(Int.init) where row < formOfRow.count {
            let form = Int(formOfRow[row])
            let level = min(block.levels?[row] ?? 0, UInt8(LevelCounts.count - 1))
            let place = form * LevelCounts.count + Int(level)
            let (time, sequence) = (block.timestamps[row], block.sequences[row])
            if places[place] == 0 {
                part.kinds.append(
                    Kind(form: form, level: level, count: 0, first: time, last: time, sequence: 0, example: .none)
                )
                lastRows.append(row)
                places[place] = Int32(truncatingIfNeeded: part.kinds.count)
            }
            let kind = Int(places[place]) - 1
            part.kinds[kind].count += 1
            part.kinds[kind].last = time
            part.kinds[kind].sequence = sequence
            lastRows[kind] = row
        }
        for whole in kinds {
            let kind = Int(places[whole.form * LevelCounts.count + Int(whole.level)]) - 1
            if kind >= 0, part.kinds[kind].sequence == whole.sequence { part.kinds[kind].example = whole.example }
        }
        guard let messages = block.messages else { return part }
        for kind in part.kinds.indices where part.kinds[kind].example.isNone {
            let example = TextCut.begin(messages.bytes(lastRows[kind]), bytes: HubLimits.patternExampleBytes)
            part.kinds[kind].example = TextRange(offset: UInt32(part.text.count), length: UInt32(example.count))
            part.text.append(contentsOf: example)
        }
        return part
    }
}

/// Makes a summary, log by log.
struct PatternCounter {
    private var mask = MessageMask()
    private var forms = FormTable()
    /// For each form and level its kind, plus one; 0: none yet.
    private var places: [Int32] = []
    private var kinds: [PatternSummary.Kind] = []
    /// By kind: which message is the example.
    private var examples: [Int] = []

    var isEmpty: Bool { kinds.isEmpty }

    /// Counts logs of one form and level.
    /// - Parameters:
    ///   - message: of the last of them.
    ///   - number: what `summary` finds this message by.
    ///   - level: of all of them.
    ///   - count: how many they are.
    ///   - first: the time of the first.
    ///   - last: the time of the last.
    ///   - sequence: of the last.
    /// - Returns: the index of the form, for `summary`.
    @discardableResult
    mutating func add(
        _ message: UnsafeRawBufferPointer,
        number: Int,
        level: UInt8,
        count: Int = 1,
        first: Int64,
        last: Int64,
        sequence: UInt64
    ) -> Int {
        mask.mask(message)
        let form = forms.index(of: mask.form)
        let kind = kind(form, min(level, UInt8(LevelCounts.count - 1)))
        if kinds[kind].count == 0 || (last, sequence) > (kinds[kind].last, kinds[kind].sequence) {
            kinds[kind].last = last
            kinds[kind].sequence = sequence
            examples[kind] = number
        }
        kinds[kind].count += count
        kinds[kind].first = min(kinds[kind].first, first)
        return form
    }

    private mutating func kind(_ form: Int, _ level: UInt8) -> Int {
        let place = form * LevelCounts.count + Int(level)
        if place >= places.count {
            places.append(contentsOf: repeatElement(0, count: (form + 1) * LevelCounts.count - places.count))
        }
        if places[place] > 0 { return Int(places[place]) - 1 }
        kinds.append(
            PatternSummary.Kind(
                form: form,
                level: level,
                count: 0,
                first: .max,
                last: .min,
                sequence: 0,
                example: .none
            )
        )
        examples.append(0)
        places[place] = Int32(truncatingIfNeeded: kinds.count)
        return kinds.count - 1
    }

    /// What was counted.
    /// - Parameters:
    ///   - formOfRow: of a chunk's rows what `add` has returned.
    ///   - message: gives an example by its number.
    /// - Returns: the summary.
    func summary(formOfRow: [Int] = [], _ message: (Int) -> ArraySlice<UInt8>) -> PatternSummary {
        var summary = PatternSummary()
        var kinds = kinds
        var examples = examples
        if forms.count > HubLimits.patternFormsPerChunk {
            let outcome = Drain.group(forms.all)
            for template in outcome.templates { summary.add(form: template[...]) }
            summary.isCut = outcome.isCut
            Self.merge(&kinds, &examples, outcome.templateOfForm)
            summary.formOfRow = formOfRow.map { UInt16(truncatingIfNeeded: outcome.templateOfForm[$0]) }
        } else {
            for form in forms.all { summary.add(form: form) }
            summary.formOfRow = formOfRow.map { UInt16(truncatingIfNeeded: $0) }
        }
        // One for each form: with one for each level, the summaries of a few million logs would not fit their cache.
        var newest = [Int](repeating: -1, count: summary.forms.count)
        for (index, kind) in kinds.enumerated() {
            let other = newest[kind.form]
            if other < 0 || (kind.last, kind.sequence) > (kinds[other].last, kinds[other].sequence) {
                newest[kind.form] = index
            }
        }
        for (index, number) in examples.enumerated() where newest[kinds[index].form] == index {
            let example = TextCut.begin(message(number), bytes: HubLimits.patternExampleBytes)
            kinds[index].example = TextRange(offset: UInt32(summary.text.count), length: UInt32(example.count))
            summary.text.append(contentsOf: example)
        }
        summary.kinds = kinds
        return summary
    }

    /// Puts templates in the place of forms.
    private static func merge(_ kinds: inout [PatternSummary.Kind], _ examples: inout [Int], _ templates: [Int]) {
        var places: [Int: Int] = [:]
        var merged: [PatternSummary.Kind] = []
        var mergedExamples: [Int] = []
        for (var kind, example) in zip(kinds, examples) {
            kind.form = templates[kind.form]
            let key = kind.form * LevelCounts.count + Int(kind.level)
            guard let place = places[key] else {
                places[key] = merged.count
                merged.append(kind)
                mergedExamples.append(example)
                continue
            }
            merged[place].count += kind.count
            merged[place].first = min(merged[place].first, kind.first)
            if (kind.last, kind.sequence) > (merged[place].last, merged[place].sequence) {
                merged[place].last = kind.last
                merged[place].sequence = kind.sequence
                mergedExamples[place] = example
            }
        }
        kinds = merged
        examples = mergedExamples
    }
}

extension PatternSummary {
    fileprivate mutating func add(form: ArraySlice<UInt8>) {
        forms.append(TextRange(offset: UInt32(text.count), length: UInt32(form.count)))
        text.append(contentsOf: form)
    }
}

/// Forms, each once, in the order in which they came.
struct FormTable {
    private var text: [UInt8] = []
    private var table = TextTable()

    var count: Int { table.count }

    /// All forms.
    var all: [ArraySlice<UInt8>] { table.entries.map { text[$0.bounds] } }

    /// The index of a form, which is new if it is the last.
    mutating func index(of form: some Collection<UInt8>) -> Int {
        let start = text.count
        text.append(contentsOf: form)
        let (index, isNew) = text.withUnsafeBytes { text in
            table.index(
                of: UnsafeRawBufferPointer(rebasing: text[start...]),
                in: text,
                at: UInt32(truncatingIfNeeded: start)
            )
        }
        if !isNew { text.removeLast(text.count - start) }
        return index
    }

    subscript(_ index: Int) -> ArraySlice<UInt8> { text[table.entries[index].bounds] }
}
