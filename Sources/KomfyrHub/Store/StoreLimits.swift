import Protocol

/// The store's limits, each with what it bounds and why that number.
extension HubLimits {
    // MARK: Commits

    /// Bytes (bodies and their decoded columns) that wait for Redis at most; requests beyond are answered 503.
    ///
    /// A body of as many usual logs as one may have takes some 40 MiB, so four of these fit. One of the longest logs
    /// takes its 64 MiB twice if it does not pack: such a one fits beside others' 60 MiB, so that steady small ones do
    /// not keep it out. A Redis that stands still for a second at full ingest does not fill it.
    static let openCommitBytes = 192 << 20
    /// Bytes of a decoded body's text from which on it is copied where its logs name less than half of it.
    ///
    /// The rest (blanks, refused logs, members that nobody knows) does not wait along; what is smaller is soon applied.
    static let compactedTextBytes = 256 << 10
    /// Bytes of bodies at which a commit is closed and sent: far below Redis's 512 MiB for one argument, and small
    /// enough that nobody waits long behind it.
    ///
    /// A single larger body makes a commit of its own.
    static let commitBytes = 16 << 20
    /// The highest sequence number that is believed of Redis: beyond, counting on would overflow one day, and no store
    /// gets there by itself.
    static let sequence: UInt64 = 1 << 62
    /// Requests of one commit at most: bounds the answers that one round trip brings.
    static let commitRequests = 16_384
    /// How long requests wait for a connection when it is in doubt whether Redis has them, in milliseconds: a restart
    /// of the private Redis is through by then; beyond, they are answered 503.
    static let inDoubtMs = 10_000

    // MARK: WAL and tails

    /// Bytes of the WAL in Redis above which the tail that pins its oldest entry is sealed at once.
    ///
    /// It bounds what a start has to replay.
    static let walBytes = 256 << 20
    /// Bytes of all tails in memory above which the largest is sealed at once.
    static let tailBytes = 256 << 20
    /// Logs of a tail at which it is sealed: enough for the columns to compress well, few enough to scan at once.
    static let sealRecords = 4_096
    /// Bytes of a tail's text at which it is sealed, however few logs that are.
    static let sealBytes = 8 << 20
    /// Bytes of a tail from which on its words are known: below, it is searched sooner than its filter is looked at.
    static let tailWordsLeastBytes = 128 << 10
    /// How long after a search tails still gather their words, in nanoseconds: a dashboard asks again within it.
    static let tailWordsKept: Int64 = 600 * 1_000_000_000
    /// Bits that a tail's words share, a power of two.
    ///
    /// A full tail has some 15,000 different words, so one bit of eight is set. They take an eighth of the least tail's
    /// bytes, and a fiftieth of a full one's.
    static let tailWordsBits = 1 << 17
    /// How long a log stays in a tail at most, in milliseconds: it bounds what a quiet group pins in the WAL.
    static let sealAgeMs = 300_000
    /// Spans that the retention is divided into; a chunk lies within one of them, so that expiry by key loses at most
    /// an eighth too late.
    static let spansPerRetention: Int64 = 8
    /// Seals under way at the same time: encoding is bounded by the cores, waiting for Redis is not.
    static let sealsUnderWay = 4
    /// Bytes read from the WAL at a time, roughly, when it is replayed.
    static let replayPageBytes = 4 << 20

    // MARK: Chunks

    /// Logs of one chunk at most: what a reader has to decode at once.
    static let chunkRecords = 16_384
    /// Bytes of text at which a chunk is full, unless a single log is larger.
    static let chunkTextBytes = 16 << 20
    /// A chunk is never larger than this when unpacked, in bytes; more is damage.
    static let chunkPlainBytes = 64 << 20
    /// zstd's level when a tail is sealed, which every log pays for.
    static let sealCompressionLevel: Int32 = 1
    /// zstd's level when chunks are merged, which few logs pay for: those of quiet groups.
    static let mergeCompressionLevel: Int32 = 6
    /// Members of `data` that have a column of their own in a chunk at most: a hole names it with one byte.
    static let numericColumns = 256
    /// Bytes of a numeric member's dotted path; what is longer has no column.
    static let numericPathBytes = 512
    /// Bytes of a numeric column below which it lies in a field together with others: a field of its own costs Redis
    /// some 80 bytes.
    static let smallColumnBytes = 512
    /// Numeric columns that are fetched along with a chunk's objects before it is known how many there are.
    static let guessedColumns = 8
    /// Rows for each five minutes from which on the numbers of five minutes are summed up in the chunk.
    ///
    /// A summary takes some 45 bytes, so below this it would cost more than a byte a log; the numbers themselves are
    /// read as fast.
    static let rowsPerSummary = 64
    /// Bytes of decoded columns kept for the next query: a listing's next pages, and what a dashboard asks again.
    static let chunkCacheBytes = 64 << 20
    /// Bytes of Bloom filters, catalogues and interval counts kept: those of 5 million logs take some 25 MiB.
    static let chunkFactsCacheBytes = 64 << 20
    /// Bytes of the forms of chunks' messages kept, once somebody asks for patterns: those of 5 million logs take some
    /// 90 MiB, and what does not fit is made again, a millisecond or two a chunk.
    static let chunkPatternsCacheBytes = 128 << 20

    // MARK: Merging

    /// Chunks of one size class and span at which they are merged: each log is written again once per eightfold.
    static let mergeSources = 8
    /// Chunks that one merge takes at most, which bounds its script.
    static let mergeSourcesMost = 64
    /// Bytes of a chunk from which on it is not merged: it is worth its overhead of a kilobyte.
    static let mergeSourceBytes = 128 << 10
    /// Logs of a merged chunk at most: what a reader of one log has to unpack.
    static let mergedRecords = 8_192
    /// Bytes of chunks that one merge reads at most.
    static let mergedBytes = 512 << 10
    /// How long merged chunks can still be read, in seconds, by those who found them in the index before.
    static let mergedGraceSeconds = 60
    /// How often all groups are looked through for chunks to merge, in milliseconds.
    static let mergeTickMs = 10_000
    /// Merges between two looks for tails to seal, some milliseconds each.
    static let mergesPerPass = 16
    /// Groups that are looked at for chunks to merge between two looks for tails to seal.
    static let mergeLooks = 4_096
    /// Chunks that could not be merged, kept so that they are not tried all the time; beyond, all are tried again.
    static let mergeRefusals = 10_000

    // MARK: Groups

    /// Groups beyond which logs for new ones are refused by name.
    ///
    /// The ids hold 18 bits (262,144) of group number; the rest is room for the numbers of groups that are being
    /// removed.
    static let groups = 200_000
    /// The highest group number: 18 bits.
    static let groupNumber: UInt32 = (1 << 18) - 1
    /// Redis commands that a start sends at a time.
    static let loadPipeline = 512

    // MARK: Idempotency

    /// How many sequence numbers below the highest the hub remembers for each generation of an agent.
    static let seenWindow = 64
    /// Runs of refused positions kept for an answer that may have to be repeated; the count beyond is right, the
    /// positions are left out.
    static let seenRefusedRuns = 256
    /// Generations whose windows are kept in memory; others are read from Redis when they come again.
    static let seenCache = 16_384
    /// How long an idle window is kept beyond the retention, in milliseconds: a batch may wait in an agent's buffer as
    /// long as its logs are taken at all, up to a day ahead of the clock, and an hour to spare.
    static let seenIdleMs: Int64 = 25 * 3_600_000

    // MARK: Room

    /// What the reserve below the memory limit is at least, in bytes (a quarter of the limit at most): two of the
    /// largest commits, seals under way, and what Redis needs for its clients.
    static let memoryReserveBytes = 64 << 20
    /// The disk under Redis has this free beyond Redis's memory, in bytes, or nothing is taken: it writes its file anew
    /// beside the old one, and goes on appending meanwhile.
    static let diskReserveBytes = 512 << 20
    /// How often memory and disk are measured, in milliseconds; what is written in between is added up.
    static let roomPollMs = 1_000
    /// How often the door is opened or closed by what was found, in milliseconds.
    static let doorPollMs = 250
    /// How long Redis may owe an answer to a small question, in milliseconds, before requests are refused instead of
    /// waiting for it.
    static let redisSilenceMs = 2_000
    /// Chunks that one script drops: some milliseconds of Redis's time.
    static let evictionChunks = 128
    /// Chunks dropped between two commits at most.
    static let evictionsAtOnce = 4_096
    /// What a chunk takes beside its fields, roughly, in bytes: key, hash and index entry.
    static let chunkOverheadBytes = 512
    /// How often it is said that logs were dropped, in milliseconds.
    static let evictionReportMs = 60_000

    // MARK: Formats

    /// Positions that one body can have: two bytes each at least.
    static let bodyPositions = ProtocolLimits.bodyBytes / 2
    /// Bytes of one WAL entry's description (everything but the bodies) at most; more is damage.
    static let walDescriptionBytes = 64 << 20
    /// Damaged WAL entries kept for an operator to look at.
    static let damagedKept = 16

    // MARK: Upkeep

    /// How often the store looks for tails to seal and entries to trim, in milliseconds.
    static let sealTickMs = 500
    /// How often expired index entries, empty groups and idle windows are removed, in milliseconds.
    static let sweepMs = 60_000
    /// Groups that a sweep changes between two commits, which wait for it: some tens of milliseconds.
    static let sweepGroups = 256
}
