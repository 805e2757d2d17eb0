import Protocol

/// What the index knows of a chunk: a member of `kmf:{N}:chunks`, whose score is the newest log's time in whole
/// milliseconds (rounded up), so that expired members go with one ZREMRANGEBYSCORE.
///
/// ```
///  1 ID OLDEST NEWEST FIRST LAST COUNT BYTES DEBUG INFO WARNING ERROR CRITICAL
///  | |  |             |          |     |     '- how many logs of each level
///  | |  |             |          |     '- of the chunk's fields, as sent
///  | |  |             |          '- how many logs
///  | |  |             '- lowest and highest sequence
///  | |  '- times in nanoseconds since 1970
///  | '- HUB-FENCE-COUNTER: never given twice, since the fence rises at every connection
///  '- the format's version
/// ```
///
/// Decimal numbers, one blank between them. Written by the seal script together with the chunk, read at start.
struct ChunkEntry: Sendable, Equatable {
    var id: String
    /// The oldest and newest log's own times, nanoseconds.
    var oldest: Int64
    var newest: Int64
    var firstSequence: UInt64
    var lastSequence: UInt64
    var count: Int
    /// Bytes of the chunk's fields as sent.
    var bytes: Int
    var levels: LevelCounts

    /// Bit n is set when a log of the level with raw value n is in it.
    var levelMask: UInt8 { levels.mask }

    /// The score in the index: milliseconds, rounded up.
    var score: Int64 { newest / 1_000_000 + (newest % 1_000_000 > 0 ? 1 : 0) }

    /// When the chunk may go, in whole seconds since 1970.
    func expiry(retention: Int64) -> Int64 {
        let (end, isOutside) = newest.addingReportingOverflow(retention)
        return LogID.floorDivide(isOutside ? .max : end, 1_000_000_000) + 1
    }

    /// The member's text.
    var member: String {
        "1 \(id) \(oldest) \(newest) \(firstSequence) \(lastSequence) \(count) \(bytes) "
            + levels.values.map(String.init).joined(separator: " ")
    }

    init(id: String, rows: LogRows, bytes: Int) {
        self.id = id
        oldest = rows.columns.timestamps.min() ?? 0
        newest = rows.columns.timestamps.max() ?? 0
        firstSequence = rows.sequences.min() ?? 0
        lastSequence = rows.sequences.max() ?? 0
        count = rows.count
        self.bytes = bytes
        levels = LevelCounts(rows.columns.levels)
    }

    /// Times of which differences and ends of retention are numbers too.
    private static let times = Int64.min / 2...Int64.max / 2

    /// Reads a member.
    /// - Returns: nil when it is not of the form above.
    init?(member: [UInt8]) {
        let parts = String(decoding: member, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 8 + LevelCounts.count, parts[0] == "1", !parts[1].isEmpty, parts[1].utf8.count <= 80,
            let oldest = Int64(parts[2]), let newest = Int64(parts[3]), oldest <= newest,
            Self.times.contains(oldest), Self.times.contains(newest),
            let firstSequence = UInt64(parts[4]), let lastSequence = UInt64(parts[5]), firstSequence <= lastSequence,
            let count = Int(parts[6]), count > 0, count <= HubLimits.chunkRecords,
            let bytes = Int(parts[7]), bytes >= 0, bytes <= HubLimits.chunkPlainBytes
        else { return nil }
        var levels = LevelCounts()
        for level in 0..<LevelCounts.count {
            guard let value = Int(parts[8 + level]), value >= 0, value <= count else { return nil }
            levels[level] = value
        }
        self.id = String(parts[1])
        self.oldest = oldest
        self.newest = newest
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.count = count
        self.bytes = bytes
        self.levels = levels
    }
}

/// How many logs there are of each level.
struct LevelCounts: Sendable, Equatable {
    static let count = Level.allCases.count

    private var counts = (0, 0, 0, 0, 0)

    init() {}

    init(_ levels: [UInt8]) {
        for level in levels { self[Int(level)] += 1 }
    }

    /// By `Level.rawValue`.
    subscript(level: Int) -> Int {
        get {
            switch level {
            case 0: counts.0
            case 1: counts.1
            case 2: counts.2
            case 3: counts.3
            default: counts.4
            }
        }
        set {
            switch level {
            case 0: counts.0 = newValue
            case 1: counts.1 = newValue
            case 2: counts.2 = newValue
            case 3: counts.3 = newValue
            default: counts.4 = newValue
            }
        }
    }

    var values: [Int] { [counts.0, counts.1, counts.2, counts.3, counts.4] }

    var total: Int { counts.0 + counts.1 + counts.2 + counts.3 + counts.4 }

    var mask: UInt8 {
        var mask: UInt8 = 0
        for level in 0..<Self.count where self[level] > 0 { mask |= 1 << UInt8(level) }
        return mask
    }

    static func += (left: inout LevelCounts, right: LevelCounts) {
        for level in 0..<count { left[level] += right[level] }
    }

    static func -= (left: inout LevelCounts, right: LevelCounts) {
        for level in 0..<count { left[level] -= right[level] }
    }

    static func == (left: LevelCounts, right: LevelCounts) -> Bool { left.counts == right.counts }
}
