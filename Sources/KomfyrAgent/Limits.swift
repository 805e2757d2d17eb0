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

    // MARK: Files

    /// Files whose position is remembered.
    ///
    /// Positions open every segment of the buffer (some 200 bytes each), so this
    /// is 2 MB a segment at worst. Beyond it the files unseen for longest are forgotten first.
    static let positions = 10_000
    /// Descriptors that one file input keeps open; further files with unread lines take turns.
    static let openFilesPerInput = 256
    /// Bytes read from a file at a time: large enough that the system call costs nothing, small enough that the block
    /// stays in the second-level cache while its lines are cut.
    static let fileBlockBytes = 256 << 10
    /// Blocks read from one file before the next file has its turn: 1 MiB, some 7 ms.
    static let fileBlocksPerTurn = 4
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

    /// Connections to the metrics listener at a time: one scraper, one person with curl, and some to spare.
    static let metricsConnections = 16
    /// The largest request to the metrics listener, in bytes.
    static let metricsRequestBytes = 8 << 10
    /// How long a metrics connection may take for its request and for taking its answer, in milliseconds.
    static let metricsTimeoutMs: UInt64 = 5_000
    /// How long a stopping agent waits for what is under way, in milliseconds.
    static let drainMs: UInt64 = 5_000
}
