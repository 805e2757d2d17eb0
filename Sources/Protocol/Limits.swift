/// What agent and hub agree on about sizes: both refuse, cut or count beyond these, so neither sends what the other
/// would not take.
public enum ProtocolLimits {
    /// The longest message, in bytes of UTF-8.
    ///
    /// Stack traces fit; a file sent by mistake does not.
    public static let messageBytes = 1 << 20
    /// The largest `data` object, in bytes of JSON as sent.
    public static let dataBytes = 256 << 10
    /// The longest group name in bytes: it is part of a Redis hash field and of every answer.
    public static let groupBytes = 255
    /// Tags a log may carry.
    public static let tags = 64
    /// The longest tag in bytes.
    public static let tagBytes = 128
    /// The longest source in bytes: a DNS name is at most 253.
    public static let sourceBytes = 255
    /// How deep JSON may nest: far beyond any real log, far below what a recursive reader's stack could not bear.
    public static let jsonDepth = 64
    /// The largest request body after decompression, in bytes.
    public static let bodyBytes = 64 << 20
    /// The records an agent puts into one batch at most.
    public static let batchRecords = 5_000
    /// The bytes (before compression) at which an agent closes a batch.
    public static let batchBytes = 512 << 10
    /// How many batches of one generation an agent has under way at most.
    ///
    /// The hub remembers 64 behind the highest, so a resend of any of these is always recognised.
    public static let batchesInFlight = 4
    /// The longest agent name in bytes, part of every batch's identity.
    public static let agentNameBytes = 64
    /// The body of a heartbeat, in bytes: a hundred inputs of some 150.
    public static let heartbeatBytes = 16 << 10
    /// Inputs that a heartbeat names.
    public static let heartbeatInputs = 100
    /// Bytes of the texts of a heartbeat (host, version, names of inputs).
    public static let heartbeatTextBytes = 255
    /// Reasons for drops that a heartbeat names.
    public static let heartbeatReasons = 32
}
