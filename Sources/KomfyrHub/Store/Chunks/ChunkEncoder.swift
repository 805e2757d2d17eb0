import Protocol
import Synchronization

/// Makes chunks of rows: one pass over messages and objects, with memory and zstd contexts that are used again.
final class ChunkEncoder {
    private var state: ChunkEncoderState

    init() throws(ChunkProblem) { state = ChunkEncoderState(packer: try ChunkPacker()) }

    /// Encodes rows that are sorted by time, ties by sequence, and no more than a chunk may have.
    func encode(
        _ rows: LogRows,
        id: String,
        level: Int32 = HubLimits.sealCompressionLevel
    ) throws(ChunkProblem) -> EncodedChunk {
        try state.encode(rows, id: id, level: level)
    }
}

/// What an encoder works with; a struct, so that its parts are changed without a check of access for each row.
private struct ChunkEncoderState: ~Copyable {
    private let packer: ChunkPacker
    private var body = ChunkBody()
    private var small = ChunkBody()
    private var scratch = ChunkScratch()
    private var table = TextTable()
    private var sets = TextTable()
    private var words = WordSet()
    private var templates = MessageTemplates()
    private var objects = ObjectSplitter()
    /// The presence sets' bytes: `nullSet`, or `objectSet` and the columns.
    private var setText: [UInt8] = []
    /// By object, in order of first appearance: its set and its number among those of its set.
    private var places: [(set: Int, rank: Int64)] = []
    private var objectsOfSet: [Int64] = []
    private var objectRanges: [TextRange] = []
    /// The numbers in order of columns.
    private var sorted: [SplitNumber] = []

    private static let nullSet: UInt8 = 0
    private static let objectSet: UInt8 = 1

    init(packer: ChunkPacker) { self.packer = packer }

    mutating func encode(_ rows: LogRows, id: String, level: Int32) throws(ChunkProblem) -> EncodedChunk {
        packer.setLevel(level)
        var fields: [[UInt8]] = [Array(text: Chunk.versionField), Array(text: Chunk.version)]
        words.removeAll()
        objects.removeAll()

        body.removeAll()
        ChunkTimes.encode(rows, to: &body, scratch: &scratch)
        try finish(Chunk.Field.times, id, &fields)
        try appendReceivedAt(rows, id, &fields)
        body.removeAll()
        ChunkLevels.encode(rows.columns.levels, to: &body)
        try finish(Chunk.Field.levels, id, &fields)
        body.removeAll()
        ChunkMessages.encode(rows, to: &body, scratch: &scratch, templates: &templates, words: &words)
        try finish(Chunk.Field.messages, id, &fields)
        for (ranges, field) in [
            (rows.columns.tags, Chunk.Field.tags), (rows.columns.sources, Chunk.Field.sources),
        ] {
            body.removeAll()
            ChunkTexts.encode(
                ranges,
                of: rows.columns.text,
                areArrays: field == Chunk.Field.tags,
                to: &body,
                scratch: &scratch,
                table: &table
            )
            try finish(field, id, &fields)
        }
        let (catalogue, intervals) = try appendData(rows, id, &fields)
        body.removeAll()
        let filter = BloomFilter(words.hashes)
        filter.append(to: &body.bytes)
        try finish(Chunk.Field.words, id, &fields)
        let entry = ChunkEntry(id: id, rows: rows, bytes: fields.reduce(0) { $0 + $1.count })
        return EncodedChunk(
            entry: entry,
            fields: fields,
            facts: [.catalogue: .catalogue(catalogue), .intervals: .intervals(intervals), .words: .words(filter)]
        )
    }

    private mutating func finish(_ field: String, _ id: String, _ fields: inout [[UInt8]]) throws(ChunkProblem) {
        let value = try packer.pack(body, field: field, of: id)
        fields.append(Array(text: field))
        fields.append(value)
    }

    private mutating func appendReceivedAt(_ rows: LogRows, _ id: String, _ fields: inout [[UInt8]])
        throws(ChunkProblem)
    {
        body.removeAll()
        scratch.first.removeAll(keepingCapacity: true)
        var previous = rows.receivedAt.first ?? 0
        body.bytes.appendZigZag(previous)
        for time in rows.receivedAt {
            scratch.first.append(time &- previous)
            previous = time
        }
        ChunkIntegers.append(scratch.first, to: &body)
        try finish(Chunk.Field.receivedAt, id, &fields)
    }

    // MARK: Data

    private mutating func appendData(_ rows: LogRows, _ id: String, _ fields: inout [[UInt8]]) throws(ChunkProblem)
        -> (ChunkCatalogue, [ChunkInterval])
    {
        splitObjects(rows)
        try appendPresence(rows.count, id, &fields)
        body.removeAll()
        ChunkIntegers.append(scratch.second, to: &body)
        scratch.lengths.removeAll(keepingCapacity: true)
        for range in objectRanges { scratch.lengths.append(Int64(range.length)) }
        ChunkIntegers.append(scratch.lengths, to: &body)
        body.bytes.append(contentsOf: objects.text)
        try finish(Chunk.Field.objects, id, &fields)
        return try appendNumbers(rows, id, &fields)
    }

    /// Splits all objects; leaves each row's set in `scratch.first`, each object's symbol in `scratch.second`.
    private mutating func splitObjects(_ rows: LogRows) {
        table.removeAll()
        sets.removeAll()
        setText.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        objectsOfSet.removeAll(keepingCapacity: true)
        objectRanges.removeAll(keepingCapacity: true)
        scratch.first.removeAll(keepingCapacity: true)
        scratch.second.removeAll(keepingCapacity: true)
        rows.columns.text.withUnsafeBytes { text in
            for (row, range) in rows.columns.data.enumerated() {
                let setStart = setText.count
                if range.isNone {
                    setText.append(Self.nullSet)
                    scratch.first.append(Int64(set(from: setStart)))
                    continue
                }
                let start = objects.text.count
                objects.split(ChunkTexts.slice(text, range), at: range.offset, row: row, words: &words)
                setText.append(Self.objectSet)
                for column in objects.columns { setText.append(UInt8(truncatingIfNeeded: column)) }
                let set = set(from: setStart)
                scratch.first.append(Int64(set))
                scratch.second.append(symbol(from: start, set: set))
            }
        }
    }

    /// The set whose bytes were appended last.
    private mutating func set(from start: Int) -> Int {
        let (index, isNew) = setText.withUnsafeBytes { text in
            let bytes = UnsafeRawBufferPointer(rebasing: text[start...])
            return sets.index(of: bytes, in: text, at: UInt32(truncatingIfNeeded: start))
        }
        if isNew {
            objectsOfSet.append(0)
        } else {
            setText.removeLast(setText.count - start)
        }
        return index
    }

    /// 0 for an object that was appended last and is new in its set, which then stays in the text; otherwise 1 + its
    /// number in the set.
    private mutating func symbol(from start: Int, set: Int) -> Int64 {
        let (index, isNew) = objects.text.withUnsafeBytes { text in
            let bytes = UnsafeRawBufferPointer(rebasing: text[start...])
            return table.index(of: bytes, in: text, at: UInt32(truncatingIfNeeded: start))
        }
        if !isNew, places[index].set == set {
            objects.text.removeLast(objects.text.count - start)
            return places[index].rank + 1
        }
        if isNew { places.append((set, objectsOfSet[set])) }
        objectsOfSet[set] += 1
        objectRanges.append(
            TextRange(
                offset: UInt32(truncatingIfNeeded: start),
                length: UInt32(truncatingIfNeeded: objects.text.count - start)
            )
        )
        return 0
    }

    private mutating func appendPresence(_ rows: Int, _ id: String, _ fields: inout [[UInt8]]) throws(ChunkProblem) {
        body.removeAll()
        body.bytes.appendVarint(UInt64(sets.count))
        for entry in sets.entries {
            body.bytes.appendVarint(UInt64(entry.length))
            body.bytes.append(contentsOf: setText[Int(entry.offset)..<Int(entry.offset + entry.length)])
        }
        body.cut()
        ChunkIntegers.append(scratch.first, to: &body)
        try finish(Chunk.Field.presence, id, &fields)
    }

    private mutating func appendNumbers(_ rows: LogRows, _ id: String, _ fields: inout [[UInt8]]) throws(ChunkProblem)
        -> (ChunkCatalogue, [ChunkInterval])
    {
        let bounds = sortNumbers()
        let intervals = ChunkInterval.counts(rows.columns.timestamps, rows.columns.levels)
        var catalogue = ChunkCatalogue()
        catalogue.hasOthers = objects.hasOthers
        catalogue.hasSummaries = !objects.paths.isEmpty && rows.count >= intervals.count * HubLimits.rowsPerSummary
        small.removeAll()
        for (column, path) in objects.paths.enumerated() {
            body.removeAll()
            let range = sorted.withUnsafeBufferPointer { sorted in
                rows.columns.text.withUnsafeBytes { text in
                    ChunkNumbers.encode(
                        UnsafeBufferPointer(rebasing: sorted[bounds[column]..<bounds[column + 1]]),
                        of: text,
                        to: &body,
                        scratch: &scratch
                    )
                }
            }
            let isSmall = body.bytes.count < HubLimits.smallColumnBytes
            if isSmall {
                small.bytes.appendVarint(UInt64(body.bytes.count))
                small.bytes.append(contentsOf: body.bytes)
            } else {
                try finish(Chunk.Field.numbers(column), id, &fields)
            }
            catalogue.isSmall.append(isSmall)
            catalogue.columns.append(
                SplitData.NumberInfo(
                    path: path,
                    count: bounds[column + 1] - bounds[column],
                    least: range.least,
                    most: range.most
                )
            )
        }
        if catalogue.isSmall.contains(true) {
            swap(&body, &small)
            try finish(Chunk.Field.smallNumbers, id, &fields)
        }
        body.removeAll()
        catalogue.append(to: &body.bytes)
        try finish(Chunk.Field.catalogue, id, &fields)
        body.removeAll()
        ChunkInterval.encode(intervals, to: &body)
        try finish(Chunk.Field.intervals, id, &fields)
        if catalogue.hasSummaries { try appendSummaries(rows, bounds, intervals, id, &fields) }
        return (catalogue, intervals)
    }

    private mutating func appendSummaries(
        _ rows: LogRows,
        _ bounds: [Int],
        _ intervals: [ChunkInterval],
        _ id: String,
        _ fields: inout [[UInt8]]
    ) throws(ChunkProblem) {
        body.removeAll()
        for column in objects.paths.indices {
            var values = [Double](repeating: .nan, count: rows.count)
            rows.columns.text.withUnsafeBytes { text in
                for number in sorted[bounds[column]..<bounds[column + 1]] {
                    values[Int(number.row)] = ChunkNumbers.value(of: number, in: text)
                }
            }
            let summaries = ChunkInterval.summarize(rows.columns.timestamps, values, intervals)
            ChunkInterval.encode(summaries, to: &body)
        }
        try finish(Chunk.Field.summaries, id, &fields)
    }

    /// Puts the numbers in order of columns, rows rising in each; returns where each column begins, and the end.
    private mutating func sortNumbers() -> [Int] {
        var bounds = [Int](repeating: 0, count: objects.paths.count + 1)
        for number in objects.numbers { bounds[Int(number.column) + 1] += 1 }
        for column in objects.paths.indices { bounds[column + 1] += bounds[column] }
        var next = bounds
        let empty = SplitNumber(column: 0, fraction: 0, row: 0, mantissa: 0, digits: .none)
        if sorted.count < objects.numbers.count {
            sorted = [SplitNumber](repeating: empty, count: objects.numbers.count)
        }
        sorted.withUnsafeMutableBufferPointer { sorted in
            for number in objects.numbers {
                let column = Int(number.column)
                sorted[next[column]] = number
                next[column] += 1
            }
        }
        return bounds
    }
}

@available(*, unavailable)
extension ChunkEncoder: Sendable {}

/// Encoders that wait for their next chunk, as many as seals run side by side.
final class ChunkEncoderPool: Sendable {
    /// An encoder on its way from one user to the next.
    ///
    /// Unchecked: it lies in the pool, which hands it out under a lock, or with the one who took it, never with two.
    private struct Parked: @unchecked Sendable {
        let encoder: ChunkEncoder
    }

    private let parked = Mutex<[Parked]>([])

    /// Lends an encoder for the time of a call.
    func withEncoder<Result>(
        _ body: (ChunkEncoder) throws(ChunkProblem) -> Result
    ) throws(ChunkProblem) -> Result {
        let encoder: ChunkEncoder
        if let found = parked.withLock({ $0.popLast() }) {
            encoder = found.encoder
        } else {
            encoder = try ChunkEncoder()
        }
        let result = try body(encoder)
        let returned = Parked(encoder: encoder)
        parked.withLock { if $0.count < HubLimits.sealsUnderWay { $0.append(returned) } }
        return result
    }
}

/// The field `l` of a chunk: the levels, two a byte (the first plus five times the second).
enum ChunkLevels {
    static func encode(_ levels: [UInt8], to body: inout ChunkBody) {
        var index = 0
        while index + 1 < levels.count {
            body.bytes.append(levels[index] + 5 * levels[index + 1])
            index += 2
        }
        if index < levels.count { body.bytes.append(levels[index]) }
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) -> [UInt8] {
        guard bytes.count == (rows + 1) / 2 else { throw .invalid("length", at: bytes.count) }
        var levels: [UInt8] = []
        levels.reserveCapacity(rows + 1)
        for (index, byte) in bytes.enumerated() {
            guard byte < 25 else { throw .invalid("level", at: index) }
            levels.append(byte % 5)
            levels.append(byte / 5)
        }
        if levels.count > rows { levels.removeLast() }
        return levels
    }
}
