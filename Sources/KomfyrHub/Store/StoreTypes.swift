import Protocol

/// How a body is laid out.
enum BodyFormat: UInt8, Sendable {
    /// One JSON object: a log.
    case single = 0
    /// A JSON array of logs, or an object with `logs`.
    case batch = 1
    /// One JSON object a line.
    case ndjson = 2
}

/// How a body is compressed.
enum BodyEncoding: UInt8, Sendable {
    case identity = 0
    case gzip = 1
    case deflate = 2
    case zstd = 3
}

/// What logs of a request get that lack it (`?group= &tags= &source= &level=`).
struct RequestDefaults: Sendable, Equatable {
    var group: String?
    var tags: [String] = []
    var source: String?
    var level: Level = .info
}

/// A request that joins the open commit.
struct IngestRequest: Sendable {
    /// What the WAL keeps: the body as it came, still compressed, or packed when a large one came plain.
    var body: [UInt8]
    var format: BodyFormat
    var encoding: BodyEncoding
    var defaults: RequestDefaults
    /// Nanoseconds since 1970; the logs' `received_at`, and their time when they have none.
    var arrival: Int64
    var identity: BatchIdentity?
    var decoded: DecodedBody
}

/// What became of a request: Redis has its logs.
struct IngestReceipt: Sendable {
    /// The sequence number of the body's position 0; position p has `firstSequence + p`.
    var firstSequence: UInt64
    /// For each of `DecodedBody.groupNames`, its number; `.max`: its logs were refused.
    ///
    /// For a duplicate, of those names that are groups now.
    var groupNumbers: [UInt32]
    /// The arrival time that counts: the first one's, for a duplicate.
    var arrival: Int64
    /// Nothing was stored: it is there already.
    var isDuplicate: Bool
    /// For a duplicate, what was refused the first time, by position; otherwise the decoded body's own.
    var refusedPositions: [UInt32]
    /// Accepted logs (the first time's, for a duplicate).
    var ingested: Int
    /// What the store itself refused by name (a group too many), beyond the decoded body's own; its positions are in
    /// `refusedPositions` too.
    var storeRefusals: [Refusal] = []
}

/// A log's id: `log_` + UTC `YYYYMMDDHHMMSS` of its time + `_` + 16 hex digits of 6 bits hub, 18 bits group number and
/// the low 40 bits of the sequence.
struct LogID: Sendable, Hashable {
    /// Seconds since 1970 of the log's own time.
    var seconds: Int64
    var hub: UInt8
    var group: UInt32
    var sequence: UInt64
}

/// A log as it is answered.
struct StoredLog: Sendable {
    var id: LogID
    /// All 64 bits.
    var sequence: UInt64
    var timestamp: Int64
    var receivedAt: Int64
    var level: Level
    var group: String?
    var message: [UInt8]
    /// A JSON array; empty: no tags.
    var tags: [UInt8]
    /// A JSON object; empty: null.
    var data: [UInt8]
    /// Empty: null.
    var source: [UInt8]
}

/// Which logs, in what order.
struct LogQuery: Sendable {
    enum Order: Sendable {
        case newestFirst
        case oldestFirst
    }
    /// Any of these; empty: all groups.
    var groups: [GroupPattern] = []
    /// What the key may see, ANDed; nil: everything.
    var bound: GroupPattern?
    var tags: [String] = []
    var allTags = false
    /// Bit n stands for the level with raw value n.
    var levels: UInt8 = 0b11111
    /// Inclusive, nanoseconds.
    var since: Int64?
    /// Inclusive, nanoseconds.
    var until: Int64?
    var source: String?
    /// `q`: only logs that match it.
    var search: Search?
    /// Only logs that arrived after the one with this sequence number.
    var arrivedAfter: UInt64?
    var limit = 100
    var order: Order = .newestFirst
    var cursor: Cursor?

    /// Where a page ended.
    ///
    /// Logs that arrived after the first page was answered are not part of the listing.
    struct Cursor: Sendable, Equatable {
        var timestamp: Int64
        var sequence: UInt64
        /// The newest sequence when the first page was read.
        var snapshot: UInt64
    }
}

/// A page of a listing.
struct LogPage: Sendable {
    var logs: [StoredLog]
    /// Where to go on; nil: that was all.
    var next: LogQuery.Cursor?
    /// Redis could not be asked: only what memory holds.
    var isPartial: Bool
}

/// A group and what it holds.
struct GroupSummary: Sendable {
    var name: String
    var number: UInt32
    var count: Int
    /// By `Level.rawValue`.
    var levels: [Int]
    /// The newest log's time.
    var newest: Int64
}

/// What groups hold of a query.
struct GroupCounts: Sendable {
    /// By group number; groups without any are left out.
    var levels: [UInt32: LevelCounts]
    var isPartial: Bool
}

/// The store's figures.
struct StoreStats: Sendable {
    var totalLogs: Int
    var groups: Int
    /// Bytes of the chunks and the WAL in Redis (as sent, without Redis's own overhead).
    var bytesStored: Int
    var oldest: Int64?
    var newest: Int64?
    /// By `Level.rawValue`.
    var levels: [Int]
    /// Logs a second over the last minute.
    var ingestRate: Double
    /// Refused by name since start.
    var rejected: Int
    /// Dropped to make room since start.
    var dropped: Int
    /// Redis's memory in bytes, as last measured and with what was written since.
    var memoryUsed = 0
    /// The smaller of `KOMFYRVAKT_MEMORY_LIMIT` and Redis's `maxmemory`, in bytes; nil: not known yet.
    var memoryLimit: Int?
    /// The limit is reached: the oldest logs go, or nothing is taken.
    var isFull = false
}

/// Why the store cannot do something now; all of these pass, so the API answers 503 with Retry-After.
enum StoreError: Error, Sendable {
    /// Redis cannot be reached or does not answer.
    case redisUnavailable(String)
    /// Another hub holds the lease.
    case fenced
    /// The open commit holds all that it may.
    case busy
    /// The memory limit is reached, and `KOMFYRVAKT_WHEN_FULL=refuse` or there is nothing to drop.
    case full
    /// Redis refuses to write, or its disk is almost full: why, in words that everybody may read.
    case refused(String)
    /// Redis is connected and does not answer.
    case silent
    /// The hub is stopping.
    case stopping
}
