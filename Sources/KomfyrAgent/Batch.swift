/// The unit of everything after parsing: buffered, sent, retried, acknowledged and de-duplicated whole.
///
/// Made by the `Batcher` on the intake loop, handed once through the delivery loop's mailbox, owned by delivery from
/// then on. Its identity is given when it is appended to the disk buffer, in the order of the frames.
struct Batch: Sendable {
    /// NDJSON: one JSON object a line, each line ended by LF.
    var body: [UInt8]
    /// The lines in `body`.
    ///
    /// 0 for a batch that carries positions alone.
    var records: Int
    /// How far in which file its records brought the agent, each after the last record that `body` holds.
    var positions: [FilePosition]
    /// Only records of inputs that cannot be held back (UDP): such a batch may bypass a disk that is full or broken.
    var isFromDatagramsOnly: Bool
    /// Where the body's memory may go once it is packed.
    var pool: BodyPool?
}

/// How far a file has been read.
///
/// A file is known by input, device, inode and fingerprint, never by its name.
struct FilePosition: Sendable, Hashable {
    /// The name of the input that read it.
    var input: String
    var device: UInt64
    var inode: UInt64
    /// A hash of the file's first bytes, up to 1 KiB, and how many they were: tells a re-used inode.
    var fingerprint: UInt64
    var fingerprintLength: UInt32
    /// Bytes read, up to and with the end of the last record emitted.
    var offset: UInt64
    /// A hash of the (up to) 64 bytes before `offset`, checked before reading on.
    var guardHash: UInt64
    /// The last name it was seen under, for messages and `status`.
    var path: String
}

/// What delivery tells intake, so that inputs that can wait do.
enum BufferState: Sendable, Equatable {
    /// Batches go to disk.
    case open
    /// The buffer holds `max_bytes` and blocks: TCP and files wait, datagrams are counted as dropped.
    case full
    /// The disk refuses (full, read-only, broken): TCP and files wait, datagram batches go on in bounded memory.
    case broken
}
