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
    /// Bodies of batches whose memory is used again: as many as are on their way between the two loops at full speed.
    static let pooledBodies = 4
    /// Their room in bytes: that of full batches, and not that of a single huge record.
    static let pooledBodyBytes = ProtocolLimits.batchBytes / 2...ProtocolLimits.batchBytes * 2
    /// Connections that one listener keeps open; further ones are closed at once and counted.
    ///
    /// A site has some thousand devices at most, each with one connection.
    static let connectionsPerListener = 10_000
    /// The same where connections are encrypted: one takes 18 KB while it idles (measured with 2,000), 27 KB with 4 KB
    /// of an unfinished message, and some 80 KB when half a record, half a message and the memory of a burst come
    /// together.
    ///
    /// So many of them, all at their worst, leave a third of the unit's `MemoryMax` (512 MB) to all else.
    static let tlsConnectionsPerListener = 4_000
    /// How long the senders of a unix datagram socket wait while the buffer takes nothing, in milliseconds: they are
    /// the programs of this machine, which stand still meanwhile.
    static let unixSendersWaitMs: UInt64 = 5_000
    /// How often the files of a certificate are looked at, in milliseconds.
    static let certificateCheckMs: UInt64 = 3_000

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
    /// What is still taken of a connection when its listener stops, in bytes: the system's receive buffer has 6 MiB at
    /// most by default.
    static let waitingBytesPerConnection = 8 << 20
    /// The same for all connections of a listener, in bytes: a quarter of a second of work, and memory while delivery
    /// takes nothing.
    static let waitingBytesAtStop = 64 << 20
    /// How often a fault that may come with every packet is reported, in milliseconds.
    static let faultIntervalMs: UInt64 = 60_000

    /// Sources that a rate limit tells apart: a large site's devices, in some 2 MB.
    ///
    /// Further ones share one bucket.
    static let rateLimitedSources = 10_000
    /// How often a source that sends too much is told of in the stream, in milliseconds.
    static let rateSummaryMs: UInt64 = 10_000
    /// Rules of one input's `keep` and `drop`: each is held against every log.
    static let rules = 1_000
    /// Values that a condition lists: texts cost one look into a table however many there are.
    static let ruleValues = 10_000
    /// Globs and regular expressions of one input: each may be held against every log.
    static let rulePatterns = 1_000
    /// A text, a glob or a regular expression of a rule, in bytes.
    static let ruleValueBytes = 4_096
    /// What the automata of one regular expression may take, in bytes; RE2's own default.
    static let patternMemoryBytes = 8 << 20
    /// The same for all expressions of one input's rules, in bytes: an eighth of what the unit's `MemoryMax` leaves.
    static let patternsMemoryBytes = 64 << 20
    /// What `rate_limit` may say: more a second no agent takes in.
    static let rateLimit = 1...10_000_000

    // MARK: Files

    /// Files whose position is remembered.
    ///
    /// Positions open every segment of the buffer (some 200 bytes each), so this
    /// is 2 MB a segment at worst. Beyond it the files unseen for longest are forgotten first.
    static let positions = 10_000
    /// Disks on which a remembered file is looked for by its inode alone, should its own have got another number: more
    /// than a machine has, and little enough for the disks that an automounter numbers anew each time.
    static let devicesTried = 64
    /// Descriptors that one file input keeps open; further files with unread lines take turns.
    static let openFilesPerInput = 256
    /// New names that wait to be opened while a disk lets one wait: more are left to the next scan.
    static let newNames = 1_024
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
    /// How long a stopping agent reads files that are deleted already, in milliseconds: some hundred megabytes, while
    /// whoever stops it waits.
    static let lastReadMs: UInt64 = 2_000
    /// Entries that one scan of an input's folders looks at; a glob such as `/**` on a large disk stops here and says
    /// so.
    static let scannedEntries = 100_000
    /// Folders of one input that are watched (each takes one of the user's inotify watches, 8,192 on small systems);
    /// further ones are found by the scan alone.
    static let watchedFolders = 512
    /// How deep `**` descends: far deeper than any log folder, and an end to loops through links.
    static let globDepth = 32

    /// The longest regular expression of the configuration, in bytes: a pattern of a line fills some hundred.
    static let patternBytes = 4 << 10
    /// Groups of a pattern, those without a name included: each costs a look at every line.
    static let patternGroups = 64
    /// What RE2 may take for one pattern's automata, in bytes; beyond it matching is slower, and still linear.
    static let patternMemory = 4 << 20
    /// What `max_bytes` of `multiline` may be.
    ///
    /// A third of a message at most, so that no record needs a look whether repairing makes it too long; no program's
    /// trace is longer.
    static let recordBytes: ClosedRange<UInt64> = 1 << 10...256 << 10
    /// What `max_lines` of `multiline` may be.
    static let recordLines = 2...10_000
    /// What `wait_ms` of `multiline` may be: below 50 ms a program's own buffering would cut its records.
    static let recordWaitMs = 50...60_000
    /// Records without their end whose text an input keeps in case that their file is truncated, in bytes.
    ///
    /// Each is at most `recordBytes`; beyond it the others are not kept, and a truncation loses them.
    static let openRecordBytes = 4 << 20

    // MARK: Configuration

    /// The largest configuration file, in bytes.
    static let configurationBytes = 1 << 20
    /// Parts of a key (`a.b.c`); no option has more than three.
    ///
    /// They nest, and so do lists and tables (256 deep at most) between them: together some thousands of levels, which
    /// recursion takes.
    static let keyParts = 16
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
    static let descriptors = 65_536
    /// Connections to the metrics listener at a time: one scraper, one person with curl, and some to spare.
    static let metricsConnections = 16
    /// The largest request to the metrics listener, in bytes.
    static let metricsRequestBytes = 8 << 10
    /// How long a metrics connection may take for its request and for taking its answer, in milliseconds.
    static let metricsTimeoutMs: UInt64 = 5_000
    /// What `check --live` reads of a table of the kernel's sockets, in bytes: some 100,000 sockets.
    static let socketTableBytes = 16 << 20
    /// The largest answer that `komfyr-agent status` takes: `inputs` of them with some 1 KiB each.
    static let statusAnswerBytes = 1 << 20
    /// How long a stopping agent waits for what is under way, in milliseconds.
    static let drainMs: UInt64 = 5_000

    // MARK: Buffer

    /// The size at which a segment of the buffer is full, in bytes, if an eighth of `max_bytes` is not less: large
    /// enough that deleting is rare, small enough that what the hub has is soon free again.
    static let segmentBytes: UInt64 = 64 << 20
    /// The highest number of a segment that is believed: none comes near it, and numbers can be counted on from it.
    static let segmentNumber: UInt64 = 1 << 62
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
    /// The same, beside the header's own, when a new segment lets the one before it be deleted at once.
    static let freeBytesToReplace: UInt64 = 64 << 10
    /// How long between two tries to delete segments that the disk did not let go of, in milliseconds.
    static let deleteRetryMs: UInt64 = 1_000
    /// The first and the longest wait before a broken disk is tried again, in milliseconds.
    static let diskRetryFirstMs: UInt64 = 250
    static let diskRetryLastMs: UInt64 = 15_000
    /// Compressed batches of datagrams kept in memory while the disk is broken, in bytes.
    ///
    /// Some 300,000 records; further ones are dropped and counted.
    static let memoryBatchesBytes = 8 << 20

    /// The largest table of the system's locks that is looked through, in bytes: some ten thousand of them.
    static let lockTableBytes = 1 << 20

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
    /// The largest reason of a dead letter, in bytes: an answer of the hub and what stands around it.
    static let deadLetterReasonBytes = hubAnswerBytes + (64 << 10)
    /// How often is looked for dead letters that were put back in line, in milliseconds: someone waits for them.
    static let retryLookMs: UInt64 = 5_000
    /// Letters that are in the buffer and not removed yet; further ones wait for the next sync.
    static let lettersInLine = 16
    /// Addresses of one hub: more than anyone has doors to one house.
    static let hubAddresses = 16
    /// How often an address before the one in use is asked whether it works again, in milliseconds, on average: often
    /// enough that nobody waits for it, rarely enough that two hundred agents are seven questions a second.
    static let addressProbeFirstMs: UInt64 = 30_000
    /// The longest of these intervals, for an address that has been away for long.
    static let addressProbeLastMs: UInt64 = 300_000
    /// How long an address must work after a return for that to count as a good one, in milliseconds.
    static let addressTrialMs: UInt64 = 120_000
    /// How long asking an address may take, in milliseconds, and its answer be, in bytes.
    static let addressProbeTimeoutMs = 10_000
    static let addressProbeBytes = 4 << 10
    /// The time between two heartbeats, in seconds, as the hub expects it.
    static let heartbeatSeconds = 30
    /// The first heartbeat comes within this time of the start, in milliseconds: agents that got their power back
    /// together do not all speak at once.
    static let heartbeatFirstMs: UInt64 = 3_000
    /// How long a hub that knows no heartbeats is left alone, in milliseconds.
    static let heartbeatRareMs: UInt64 = 600_000
    /// How long a heartbeat may take, in milliseconds: the next one says more.
    static let heartbeatTimeoutMs = 10_000
    /// The largest answer to a heartbeat, in bytes.
    static let heartbeatAnswerBytes = 16 << 10
    /// How often a repeated fault is summed up for the operator, in milliseconds.
    static let reportIntervalMs: UInt64 = 10_000
    /// How often a part of the buffer that cannot be read is tried before it is given up, and how long between, in
    /// milliseconds.
    static let readTries = 5
    static let readRetryMs: UInt64 = 1_000
    /// What is passed over where the buffer cannot be read, in bytes: the next frame is looked for behind it.
    static let unreadableBytes: UInt64 = 64 << 10
    /// Times that a starting agent reads a place before it counts as unreadable, one right after the other.
    static let readTriesAtStart = 3
    /// Such places of one segment that a starting agent tries: a broken disk may take seconds for each.
    static let unreadablePlaces = 16
    /// How long a stopping agent waits for the disk beyond its deadline, in milliseconds.
    static let drainGraceMs: UInt64 = 2_000
    /// How often statistics are copied for readers, in milliseconds.
    static let statisticsAgeMs: UInt64 = 100
}
