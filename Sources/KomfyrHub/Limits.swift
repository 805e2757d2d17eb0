/// All limits of the hub, each with what it bounds and why that number.
///
/// What agent and hub agree on is in `ProtocolLimits`.
enum HubLimits {
    // MARK: Redis

    /// Commands to Redis without an answer yet, beyond which new ones fail at once: some ten times what group commit
    /// and queries together have under way, so reaching it means that Redis does not keep up.
    static let redisCommandsUnderWay = 10_000
    /// Bytes of commands to Redis without an answer yet, beyond which new ones fail at once; a single command may be
    /// larger when nothing else is under way.
    static let redisBytesUnderWay = 64 << 20
    /// How long a command may go without an answer, in milliseconds: the slowest script takes some.
    ///
    /// Beyond, the connection is dropped, since the order of answers is all that ties them to commands.
    static let redisDeadlineMs: UInt64 = 10_000
    /// How long connecting may take, in milliseconds; a Redis farther away than that is of no use.
    static let redisConnectMs: UInt64 = 3_000
    /// The first wait before connecting again, in milliseconds: a Redis that restarts is met soon.
    static let redisBackoffFirstMs: UInt64 = 50
    /// The longest wait before connecting again, in milliseconds.
    static let redisBackoffLastMs: UInt64 = 2_000
    /// From this size on, in bytes, an argument is handed to the socket as it is instead of being copied behind its
    /// header: copying it would cost more than one more system call.
    static let redisArgumentCopyBytes = 16 << 10
    /// Elements that room is made for when an array of an answer begins; the others come as they arrive, so that a
    /// broken length claims no memory.
    static let redisArrayReserve = 1_024
    /// Connection events kept for a slow observer; the oldest go first, since only the newest says how things stand.
    static let redisEventsKept = 16

    // MARK: Lease

    /// How long a lease lives without renewal, in milliseconds: how long another hub waits after a hub has died.
    static let leaseMs = 10_000
    /// How often it is renewed, in milliseconds: two renewals may fail before it ends.
    static let leaseRenewMs = 3_000

    // MARK: Private Redis

    /// Bytes of the private Redis's log beyond which a start moves it aside.
    static let redisLogBytes = 4 << 20
    /// The longest path of a unix socket on Linux in bytes (`sun_path` without its NUL).
    static let socketPathBytes = 107
    /// Waits before a private Redis that exited is started again, in milliseconds: doubled from the first to the last.
    static let redisRestartFirstMs: UInt64 = 250
    /// The longest of these: a full disk or a damaged file is not mended by trying more often.
    static let redisRestartLastMs: UInt64 = 30_000
    /// How long a private Redis may take to end when asked to, in milliseconds, before it gets SIGTERM.
    static let redisStopMs: UInt64 = 10_000
}

extension HubLimits {
    // MARK: Ingest

    /// Logs in one body: far above what an agent sends, so that a body of empty lines cannot make millions of errors.
    static let logsPerBody = 100_000
    /// How far ahead of now a log's time may lie, in nanoseconds: a day covers a clock in the wrong time zone.
    static let futureNanoseconds: Int64 = 86_400 * 1_000_000_000
    /// The window of a zstd frame, as a power of two in bytes: what level 1 to 19 use, without the memory that a
    /// hostile frame could ask for.
    static let zstdWindowLog: Int32 = 24
    /// Memory that an idle decoder keeps for its next body, in bytes.
    ///
    /// So much each for zstd, the text, its structure and that of a single line. Bodies of 2 MiB fit, four times what
    /// an agent sends.
    static let decoderScratchBytes = 8 << 20
    /// Decoders kept idle: one for each request that two cores decode at once, and some.
    static let decodersKept = 8
}
