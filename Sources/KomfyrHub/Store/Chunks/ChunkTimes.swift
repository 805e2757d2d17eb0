/// The field `t` of a chunk: how many rows, and of each its sequence number and its time.
///
/// ```
///  +--------+------------+--------+--------+----------------+-----------+---------+
///  | rows   | first time | unit   | slope  | first sequence | sequences | times   |
///  | varint | zigzag     | varint | zigzag | varint         | rows - 1  | rows - 1|
///  +--------+------------+--------+--------+----------------+-----------+---------+
///
///  sequences   ChunkIntegers: the difference from the row before
///  times       ChunkIntegers: the difference from the row before in units, less (sequence difference × slope) / 65,536
/// ```
///
/// Sequence numbers are given in order of arrival, so that how many logs of all groups came in between says how much
/// time went by, mostly.
struct ChunkTimes: Sendable {
    /// Nanoseconds since 1970, rising, ties by sequence.
    var timestamps: [Int64]
    /// All 64 bits.
    var sequences: [UInt64]

    var count: Int { sequences.count }

    init(timestamps: [Int64], sequences: [UInt64]) {
        self.timestamps = timestamps
        self.sequences = sequences
    }

    static func encode(_ rows: LogRows, to body: inout ChunkBody, scratch: inout ChunkScratch) {
        let times = rows.columns.timestamps
        let count = rows.count
        body.bytes.appendVarint(UInt64(count))
        guard count > 0 else { return }
        scratch.first.removeAll(keepingCapacity: true)
        scratch.second.removeAll(keepingCapacity: true)
        for row in 1..<max(count, 1) {
            scratch.first.append(Int64(bitPattern: rows.sequences[row] &- rows.sequences[row - 1]))
            scratch.second.append(times[row] &- times[row - 1])
        }
        let unit = Int64(scratch.second.withUnsafeBufferPointer { ChunkIntegers.unit(of: $0, base: 0) })
        let slope = slope(rows, unit: unit)
        var plainBits = 0
        var slopedBits = 0
        for index in scratch.second.indices {
            let steps = scratch.second[index] / unit
            let rest = steps &- (scratch.first[index] &* slope) >> 16
            plainBits += bits(steps)
            slopedBits += bits(rest)
        }
        let isSloped = slopedBits < plainBits
        for index in scratch.second.indices {
            let steps = scratch.second[index] / unit
            scratch.second[index] = isSloped ? steps &- (scratch.first[index] &* slope) >> 16 : steps
        }
        body.bytes.appendZigZag(times[0])
        body.bytes.appendVarint(UInt64(unit))
        body.bytes.appendZigZag(isSloped ? slope : 0)
        body.bytes.appendVarint(rows.sequences[0])
        ChunkIntegers.append(scratch.first, to: &body)
        ChunkIntegers.append(scratch.second, to: &body)
    }

    /// Reads the field of a chunk that has so many rows by the index.
    init(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) {
        var reader = ByteReader(bytes)
        let count = try reader.count("rows", atMost: HubLimits.chunkRecords)
        guard count == rows, count > 0 else { throw .invalid("rows", at: reader.offset) }
        var time = try reader.zigZag()
        let unit = Int64(bitPattern: try reader.varint())
        let slope = try reader.zigZag()
        var sequence = try reader.varint()
        let steps = try ChunkIntegers.read(&reader, count: count - 1)
        let rest = try ChunkIntegers.read(&reader, count: count - 1)
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        timestamps = [time]
        sequences = [sequence]
        timestamps.reserveCapacity(count)
        sequences.reserveCapacity(count)
        for index in 0..<count - 1 {
            sequence = sequence &+ UInt64(bitPattern: steps[index])
            time = time &+ (rest[index] &+ (steps[index] &* slope) >> 16) &* unit
            sequences.append(sequence)
            timestamps.append(time)
        }
    }

    /// Whether they are in order, and where the index says: who searches in them, or asks for a part of a chunk, counts
    /// on both.
    func isRising(within entry: ChunkEntry) -> Bool {
        guard timestamps.first == entry.oldest, timestamps.last == entry.newest else { return false }
        for row in 1..<count
        where (timestamps[row], sequences[row]) <= (timestamps[row - 1], sequences[row - 1]) { return false }
        return sequences.allSatisfy { entry.firstSequence <= $0 && $0 <= entry.lastSequence }
    }

    /// The field `r`: the first row's, then ChunkIntegers, the difference from the row before.
    static func receivedAt(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) -> [Int64] {
        var reader = ByteReader(bytes)
        var time = try reader.zigZag()
        var times = try ChunkIntegers.read(&reader, count: rows)
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        for row in times.indices {
            time = time &+ times[row]
            times[row] = time
        }
        return times
    }

    /// Units of time for each sequence number, times 65,536; 0 where that says nothing.
    private static func slope(_ rows: LogRows, unit: Int64) -> Int64 {
        let times = rows.columns.timestamps
        let distance = Double(rows.sequences[rows.count - 1]) - Double(rows.sequences[0])
        let slope = Double((times[rows.count - 1] &- times[0]) / unit) / distance * 65_536
        return distance > 0 && slope > 0 && slope < 1e15 ? Int64(slope) : 0
    }

    @inline(__always)
    private static func bits(_ value: Int64) -> Int { 64 - ChunkIntegers.zigZag(value).leadingZeroBitCount }
}

/// Memory that the encoder uses again for each chunk.
struct ChunkScratch {
    var first: [Int64] = []
    var second: [Int64] = []
    var third: [Int64] = []
    var lengths: [Int64] = []
}
