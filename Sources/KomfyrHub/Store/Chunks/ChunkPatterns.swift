import Protocol

/// The forms of a chunk's messages, read of the field `m`.
extension ChunkMessages {
    /// Counts them.
    ///
    /// Where messages are stored as templates, only one message of each template and level is put together, the newest,
    /// and stands for the others: what they differ in are numbers, which forms have no part of. So a chunk costs as
    /// much as it has templates, and its rows next to nothing.
    static func summary(
        _ bytes: UnsafeRawBufferPointer,
        times: ChunkTimes,
        levels: [UInt8]
    ) throws(FormatProblem) -> PatternSummary {
        var reader = ByteReader(bytes)
        guard try reader.byte() == 1 else { return summary(try decode(bytes, rows: levels.count), times, levels) }
        return summary(try TemplatedMessages(&reader, rows: levels.count), times, levels)
    }

    private static func summary(_ messages: TextColumn, _ times: ChunkTimes, _ levels: [UInt8]) -> PatternSummary {
        var counter = PatternCounter()
        var forms: [Int] = []
        forms.reserveCapacity(levels.count)
        messages.text.withUnsafeBytes { text in
            for row in levels.indices {
                forms.append(
                    counter.add(
                        ChunkTexts.slice(text, messages.ranges[row]),
                        number: row,
                        level: levels[row],
                        first: times.timestamps[row],
                        last: times.timestamps[row],
                        sequence: times.sequences[row]
                    )
                )
            }
        }
        return counter.summary(formOfRow: forms) { messages.bytes($0) }
    }

    /// The rows of one template and level.
    private struct Rows {
        var count = 0
        var first = 0
        var last = 0
        /// The place of the last among the messages of its template.
        var number = 0
    }

    private static func summary(
        _ messages: TemplatedMessages,
        _ times: ChunkTimes,
        _ levels: [UInt8]
    ) -> PatternSummary {
        var rows = [Rows](repeating: Rows(), count: messages.count * LevelCounts.count)
        var numbers = [Int](repeating: 0, count: messages.count)
        for row in levels.indices {
            let template = Int(messages.ids[row])
            let place = template * LevelCounts.count + Int(levels[row])
            if rows[place].count == 0 { rows[place].first = row }
            rows[place].count += 1
            rows[place].last = row
            rows[place].number = numbers[template]
            numbers[template] += 1
        }
        var counter = PatternCounter()
        var examples = TextColumn()
        var formOfPlace = [Int](repeating: 0, count: rows.count)
        var message: [UInt8] = []
        for place in rows.indices where rows[place].count > 0 {
            message.removeAll(keepingCapacity: true)
            messages.append(rows[place].number, of: place / LevelCounts.count, to: &message)
            formOfPlace[place] = message.withUnsafeBytes { bytes in
                counter.add(
                    bytes,
                    number: examples.ranges.count,
                    level: UInt8(truncatingIfNeeded: place % LevelCounts.count),
                    count: rows[place].count,
                    first: times.timestamps[rows[place].first],
                    last: times.timestamps[rows[place].last],
                    sequence: times.sequences[rows[place].last]
                )
            }
            let example = TextCut.begin(message, bytes: HubLimits.patternExampleBytes)
            examples.ranges.append(
                TextRange(offset: UInt32(examples.text.count), length: UInt32(example.count))
            )
            examples.text.append(contentsOf: example)
        }
        let forms = levels.indices.map { row in
            formOfPlace[Int(messages.ids[row]) * LevelCounts.count + Int(levels[row])]
        }
        return counter.summary(formOfRow: forms) { examples.bytes($0) }
    }
}
