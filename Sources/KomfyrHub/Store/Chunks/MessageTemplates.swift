/// Splits the messages of a chunk into templates and variables, and writes them; `TemplatedMessages` reads them.
struct MessageTemplates {
    /// The templates, and the one of the message that was split last; what lies beyond `used` is room.
    private var text: [UInt8] = []
    private var used = 0
    private var table = TextTable()
    /// All variables, message by message.
    private var variables: [UInt64] = []
    /// By row.
    private var rows: [Int64] = []
    /// By template.
    private var counts: [Int] = []

    /// Messages from which on templates can pay, and how many of them a template must have.
    private static let leastRows = 16
    private static let leastShare = 3
    /// Variables of a chunk at most: what a reader holds of them, 8 bytes each, is as large as a chunk may be.
    static let mostVariables = HubLimits.chunkPlainBytes / 8

    // MARK: Splitting

    /// Splits messages, and gathers their words in the same pass.
    ///
    /// - Returns: false when templates do not pay; then not all words are gathered.
    mutating func split(_ messages: [TextRange], of bytes: UnsafeRawBufferPointer, words: inout WordSet) -> Bool {
        used = 0
        table.removeAll()
        variables.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        guard messages.count >= Self.leastRows else { return false }
        for (row, range) in messages.enumerated() {
            let message = ChunkTexts.slice(bytes, range)
            let start = used
            // A template is at most twice as long as its message: a byte becomes a code and a byte at most.
            let room = used + 2 * message.count
            if text.count < room {
                text.append(contentsOf: repeatElement(0, count: max(room, 2 * text.count) - text.count))
            }
            used += text.withUnsafeMutableBytes { text in
                MessageSplitter.split(message, to: text, at: start, &variables, &words)
            }
            let end = used
            let (index, isNew) = text.withUnsafeBytes { text in
                let template = UnsafeRawBufferPointer(rebasing: text[start..<end])
                return table.index(of: template, in: text, at: UInt32(truncatingIfNeeded: start))
            }
            if isNew {
                counts.append(1)
                // Those of its words that all its messages have.
                Words.forEachHash(in: message) { words.insert($0) }
                // It shows early when every message is of a kind of its own.
                if row & 255 == 255 && counts.count * Self.leastShare > row { return false }
            } else {
                counts[index] += 1
                used = start
            }
            guard variables.count <= Self.mostVariables else { return false }
            rows.append(Int64(index))
        }
        return counts.count * Self.leastShare <= messages.count
    }

    // MARK: Writing

    mutating func append(to body: inout ChunkBody, scratch: inout ChunkScratch) {
        let bytes = text[..<used]
        let (found, starts) =
            bytes.withUnsafeBytes { TemplatePlace.places(table.entries, of: $0, counts: counts) } ?? ([], [])
        var places = found
        let sorted = variablesByPlace(places, starts)
        body.bytes.appendVarint(UInt64(table.count))
        scratch.lengths.removeAll(keepingCapacity: true)
        for entry in table.entries { scratch.lengths.append(Int64(entry.length)) }
        ChunkIntegers.append(scratch.lengths, to: &body)
        body.bytes.append(contentsOf: bytes)
        body.cut()
        ChunkIntegers.append(rows, to: &body)
        // Bit n: a number takes n + 1 bits.
        var widths: UInt64 = 0
        for index in places.indices where places[index].digits == 0 {
            let values = sorted[places[index].start..<places[index].start + places[index].count]
            let base = values.min() ?? 0
            places[index].base = base
            places[index].width = 64 - ((values.max() ?? 0) - base).leadingZeroBitCount
            if places[index].width > 0 { widths |= 1 << UInt64(places[index].width - 1) }
            body.bytes.append(UInt8(places[index].width))
        }
        for place in places where place.digits == 0 { body.bytes.appendVarint(place.base) }
        body.cut()
        for width in 1...64 where widths >> UInt64(width - 1) & 1 == 1 {
            scratch.lengths.removeAll(keepingCapacity: true)
            for place in places where place.digits == 0 && place.width == width {
                for value in sorted[place.start..<place.start + place.count] {
                    scratch.lengths.append(Int64(truncatingIfNeeded: value - place.base))
                }
            }
            ChunkIntegers.append(scratch.lengths, to: &body)
        }
        body.cut()
        for place in places where place.digits > 0 {
            for value in sorted[place.start..<place.start + place.count] {
                for byte in 0..<(place.digits + 1) / 2 {
                    body.bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)))
                }
            }
        }
    }

    /// The variables, from message by message to place by place.
    private func variablesByPlace(_ places: [TemplatePlace], _ starts: [Int]) -> [UInt64] {
        var next = places.map(\.start)
        return [UInt64](unsafeUninitializedCapacity: variables.count) { sorted, filled in
            sorted.initialize(repeating: 0)
            filled = variables.count
            next.withUnsafeMutableBufferPointer { next in
                var variable = 0
                for row in rows {
                    let end = Int(row) + 1 < starts.count ? starts[Int(row) + 1] : next.count
                    for place in starts[Int(row)]..<end {
                        sorted[next[place]] = variables[variable]
                        next[place] += 1
                        variable += 1
                    }
                }
            }
        }
    }
}
