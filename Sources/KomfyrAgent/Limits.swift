import Protocol

/// Every bound of the agent in one place: what it bounds, and why that number.
///
/// What agent and hub must agree on (message, group, batch sizes) stands in `ProtocolLimits`. What a user may want
/// to choose is an option of the configuration; these numbers only keep what comes from outside, and our own
/// queues, from growing without end.
enum AgentLimits {
    // MARK: Intake

    /// The longest line of a file or stream, and the longest datagram, in bytes.
    ///
    /// A longer line is cut here, tagged `truncated` and counted. The hub takes messages of up to
    /// `ProtocolLimits.messageBytes`; what is escaped and wrapped around a message never counts against that.
    static let lineBytes = 1 << 20
    /// Batches handed to delivery and not yet taken: 4 MiB of records, some 10 ms of work, enough that neither
    /// thread waits for the other in step.
    static let batchesToDelivery = 8
    /// Inputs that were held back go on when no more than this many batches are left with delivery: half, so that they
    /// do not flap.
    static let batchesToDeliveryToResume = 4
    /// Batches of datagrams that wait while delivery takes none: 8 MiB, some 50,000 datagrams; further ones are dropped
    /// and counted.
    static let datagramBatchesWaiting = 16
    /// The age in milliseconds at which a batch is closed, however small: a log is to be seen within a second.
    static let batchAgeMs: UInt64 = 200
    /// Connections that one listener keeps open; further ones are closed at once and counted.
    ///
    /// Each costs some 64 KiB of buffers at worst, so that a flood of connections takes 64 MiB and no more.
    static let connectionsPerListener = 1_000

    /// A field of an RFC 5424 header in bytes: the longest that the RFC allows, for each of them.
    static let headerFieldBytes = 255
    /// Structured data (RFC 5424) in bytes; more is left in the text.
    ///
    /// Escaped in the worst way it stays below `ProtocolLimits.dataBytes`.
    static let structuredDataBytes = 32 << 10
    /// Elements and parameters of one message's structured data: names that repeat are looked for among all that came
    /// before.
    static let structuredDataParameters = 256

    /// Bytes of a message's text that are searched for members (`parse_payload`): no device's event is longer.
    static let payloadBytes = 64 << 10
    /// Members that a message's text gives; further ones stay in the text alone.
    ///
    /// As many as a chunk of the hub keeps columns for; each is compared with all that came before.
    static let payloadMembers = 256
    /// A file of the time zone database in bytes: the largest has some 4 KiB.
    static let zoneFileBytes = 256 << 10
    /// A rule of summer time (`CET-1CEST,M3.5.0,M10.5.0/3`) in bytes.
    static let zoneRuleBytes = 256
    /// Messages that are cut out of one datagram: senders that gather lines send some dozens; what is beyond is one
    /// message.
    static let messagesPerDatagram = 1_000

    /// Combinations of sender, priority, host and app whose text an input keeps: some 400 bytes each.
    ///
    /// A power of two.
    static let combinationsPerInput = 1_024

    /// Unfinished frames of all connections of a listener, in bytes.
    ///
    /// Above it frames are cut at `frameBytesWhenShort`, so that a flood of connections with endless lines takes this
    /// and no more.
    static let unfinishedFrameBytes = 64 << 20
    /// The longest frame in bytes while memory for unfinished ones is short: what most relays allow at most.
    static let frameBytesWhenShort = 16 << 10
    /// How often a fault that may come with every packet is reported, in milliseconds.
    static let faultIntervalMs: UInt64 = 60_000

    // MARK: Files

    /// Files whose position is remembered.
    ///
    /// Positions open every segment of the buffer (some 200 bytes each), so this
    /// is 2 MB a segment at worst. Beyond it the files unseen for longest are forgotten first.
    static let positions = 10_000
    /// Descriptors that one file input keeps open; further files with unread lines take turns.
    static let openFilesPerInput = 256
    /// Bytes read from a file at a time.
    ///
    /// Large enough that handing the read to the thread pool costs nothing, small enough that the block stays in the
    /// second-level cache while its lines are cut.
    static let fileBlockBytes = 256 << 10
    /// The largest block: a line of `lineBytes`, its end, and the guard before it.
    static let largestFileBlockBytes = lineBytes + 4 << 10
    /// Blocks read from one file before the next file has its turn: 1 MiB, some 5 ms.
    static let fileBlocksPerTurn = 4
    /// How often the folders are looked through, in milliseconds: watching only hastens what this finds.
    static let fileScanMs: UInt64 = 2_000
    /// How long changes that watching tells of are gathered before they are looked at, in milliseconds.
    static let fileHintMs: UInt64 = 50
    /// How long a file that was rotated or deleted is still read, in milliseconds since it last grew.
    ///
    /// A program that was told to open its log anew may take some seconds. Then what remains without a line end is
    /// taken as its last line.
    static let leftFileMs: UInt64 = 10_000
    /// Entries that one scan of an input's folders looks at; a glob such as `/**` on a large disk stops here and says
    /// so.
    static let scannedEntries = 100_000
    /// Folders of one input that are watched (each takes one of the user's inotify watches, 8,192 on small systems);
    /// further ones are found by the scan alone.
    static let watchedFolders = 512
    /// How deep `**` descends: far deeper than any log folder, and an end to loops through links.
    static let globDepth = 32

    // MARK: Configuration

    /// The largest configuration file, in bytes.
    static let configurationBytes = 1 << 20
    /// Inputs of one agent: each is a socket or a set of watches, and a line in metrics.
    static let inputs = 200
    /// Errors of one configuration file that are listed; more help nobody.
    static let configurationErrors = 50
    /// The largest API key file, in bytes.
    static let keyFileBytes = 4 << 10
    /// What `max_bytes` may be: below 16 MiB an eighth of it, a segment, would hold only some batches; 16 TiB is
    /// beyond any disk this runs on.
    static let bufferBytes: ClosedRange<UInt64> = 16 << 20...16 << 40
    /// What `dead_letter_max_bytes` may be: room for one batch at least.
    static let deadLetterBytes: ClosedRange<UInt64> = 1 << 20...1 << 40
    /// What `fsync_interval_ms` may be: below 10 ms `always` is meant; a minute of logs at risk is too much.
    static let fsyncIntervalMs = 10...60_000
    /// What `receive_buffer` may be: from what every kernel grants to what a 32-bit option can say.
    static let receiveBufferBytes: ClosedRange<UInt64> = 64 << 10...1 << 30
    /// What `max_groups` may be: the hub takes 200,000 groups of all its agents.
    static let groupsPerInput = 100_000
    /// Globs in one `paths` or `exclude`.
    static let globs = 100
    /// The longest glob, in bytes: longer than any path that the system takes.
    static let globBytes = 4_096

    // MARK: Operation

    /// Descriptors that the process asks for: a few listeners' connections and files; more only costs the kernel.
    static let descriptors = 16_384
    /// Connections to the metrics listener at a time: one scraper, one person with curl, and some to spare.
    static let metricsConnections = 16
    /// The largest request to the metrics listener, in bytes.
    static let metricsRequestBytes = 8 << 10
    /// How long a metrics connection may take for its request and for taking its answer, in milliseconds.
    static let metricsTimeoutMs: UInt64 = 5_000
    /// How long a stopping agent waits for what is under way, in milliseconds.
    static let drainMs: UInt64 = 5_000

    // MARK: Buffer

    /// The size at which a segment of the buffer is full, in bytes, if an eighth of `max_bytes` is not less: large
    /// enough that deleting is rare, small enough that what the hub has is soon free again.
    static let segmentBytes: UInt64 = 64 << 20
    /// The largest block of positions, in bytes: `positions` of them with the longest paths.
    static let positionsBlockBytes = 64 << 20
    /// The largest body of a frame, in bytes, as the hub bounds it before compression too.
    static let frameBodyBytes = ProtocolLimits.bodyBytes
    /// The longest path kept with a position, in bytes (PATH_MAX); longer ones are cut, they only serve messages.
    static let pathBytes = 4_096
    /// How old the cursor's file may be, in milliseconds: what is acknowledged later than it says is sent once more
    /// after a kill.
    static let cursorAgeMs: UInt64 = 100
    /// Damaged frames kept for a look at them, in bytes; further ones are counted and dropped.
    static let corruptBytes: UInt64 = 16 << 20
    /// Frames just appended that are kept in memory to be sent without reading them back, in bytes.
    static let recentFrameBytes = 2 << 20
    /// The same in number: they are searched one after the other.
    static let recentFrames = 64
    /// Bytes that must be free on the disk before a buffer that broke is opened again: a few batches and a header.
    static let freeBytesToReopen: UInt64 = 8 << 20
    /// The first and the longest wait before a broken disk is tried again, in milliseconds.
    static let diskRetryFirstMs: UInt64 = 250
    static let diskRetryLastMs: UInt64 = 15_000
    /// Compressed batches of datagrams kept in memory while the disk is broken, in bytes.
    ///
    /// Some 300,000 records; further ones are dropped and counted.
    static let memoryBatchesBytes = 8 << 20

    // MARK: Delivery

    /// The first wait before posting again, in milliseconds; doubled from there, drawn anew between 0 and that.
    static let retryFirstMs: UInt64 = 250
    /// The longest of these waits.
    static let retryLastMs: UInt64 = 30_000
    /// The longest Retry-After that is obeyed, in milliseconds: a wrong one must not silence an agent for a day.
    static let retryAfterLastMs: UInt64 = 300_000
    /// How long connecting to the hub may take, in milliseconds.
    static let hubConnectMs = 5_000
    /// How long one post may take, in milliseconds: a hub that waits for its disk is slow, not gone.
    static let hubAnswerMs = 30_000
    /// The largest answer of the hub, in bytes: 5,000 refused records with some 800 bytes of reason each.
    static let hubAnswerBytes = 4 << 20
    /// The part of an answer that is kept with a dead letter or shown, in bytes.
    static let answerShownBytes = 64 << 10
    /// How often a repeated fault is summed up for the operator, in milliseconds.
    static let reportIntervalMs: UInt64 = 10_000
    /// How often a part of the buffer that cannot be read is tried before it is given up, and how long between, in
    /// milliseconds.
    static let readTries = 5
    static let readRetryMs: UInt64 = 1_000
    /// What is passed over where the buffer cannot be read, in bytes: the next frame is looked for behind it.
    static let unreadableBytes: UInt64 = 64 << 10
    /// How long a stopping agent waits for the disk beyond its deadline, in milliseconds.
    static let drainGraceMs: UInt64 = 2_000
    /// How often statistics are copied for readers, in milliseconds.
    static let statisticsAgeMs: UInt64 = 100
}
