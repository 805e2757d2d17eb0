import Protocol

/// What a disk buffer is made with.
struct BufferSettings: Sendable {
    /// The folder of segments, cursor and lock; made when it is missing.
    var folder: String
    /// The agent's name, for the frames of this run.
    var agent: String
    var section: AgentConfiguration.BufferSection

    /// The size at which a segment is full, in bytes.
    var segmentBytes: UInt64 { min(AgentLimits.segmentBytes, section.maxBytes / 8) }
}

/// Why a buffer cannot be used at all.
enum BufferError: Error, Sendable, CustomStringConvertible {
    case inUse(folder: String, pid: String?)
    case unusable(FileError)

    var description: String {
        switch self {
        case .inUse(let folder, let pid):
            "another agent\(pid.map { " (process \($0))" } ?? "") uses \(folder): stop it, or give this one a "
                + "data_dir of its own"
        case .unusable(let error):
            "the buffer's folder cannot be used: \(error); see that data_dir is on a disk that works and belongs to "
                + "the agent's user"
        }
    }
}

/// A batch that was taken out of the buffer to be sent, and is not acknowledged.
struct StoredFrame: Sendable, Equatable {
    /// Names it within this run, whatever becomes of its place.
    var ticket: UInt64
    var place: Cursor.Place
    var header: FrameHeader
    /// The agent in its identity.
    var agent: String

    /// The offset behind it.
    var end: UInt64 { place.offset + UInt64(header.frameBytes) }

    var identity: BatchIdentity {
        BatchIdentity(agent: agent, generation: header.generation, sequence: header.sequence)
    }
}

/// What is to be appended.
struct EncodedBatch: Sendable {
    /// One zstd frame.
    var body: [UInt8]
    var records: Int
    var uncompressedBytes: Int
    var positions: [FilePosition]
    var isFromDatagramsOnly: Bool
    /// Nanoseconds since 1970.
    var madeNs: Int64
    /// Nil: one of this run's is given.
    var identity: (generation: BatchIdentity.Generation, sequence: UInt64)?
}

/// What became of an append.
enum AppendOutcome: Sendable, Equatable {
    case appended
    /// A new segment is being made: try again when the job is done.
    case busy
    /// `max_bytes` is reached, and the buffer blocks: try again when something was acknowledged.
    case full
    /// The disk refuses: try again when `state` is `open`.
    case broken
}

/// What happened in the buffer that someone has to hear of; counted up until it is taken.
struct BufferEvents: Sendable, Equatable {
    /// Bytes cut off the newest segment at start: what was being written when the machine or the agent stopped.
    var cutBytes: UInt64 = 0
    /// Damaged places set aside, their bytes, and the records that readable headers counted there.
    var corruptPlaces: UInt64 = 0
    var corruptBytes: UInt64 = 0
    var corruptRecords: UInt64 = 0
    /// Dropped because the buffer was full.
    var droppedBatches: UInt64 = 0
    var droppedRecords: UInt64 = 0
    /// Why the disk refuses now, when it just began to.
    var broke: FileError?
    /// The disk works again.
    var reopened = false
    /// A sync failed: frames were written again.
    var rewrittenFrames: UInt64 = 0
    /// Something besides the data failed (deleting a segment, writing the cursor): the last one.
    var minor: FileError?
    /// Frames whose positions were damaged at start: lines of files may come twice.
    var damagedPositions: UInt64 = 0
    /// What was found that someone has to hear of, in words; bounded by the number of segments.
    var notices: [String] = []
}

/// A segment as the buffer knows it.
struct Segment: Sendable {
    let number: UInt64
    let path: String
    /// The name in the identities of its frames.
    let agent: String
    /// Where its frames begin.
    let firstFrame: UInt64
    /// Where its frames end; the file may be longer by what a failed write left.
    var end: UInt64
    /// Frames that are not acknowledged, and their records.
    var waitingFrames: UInt64 = 0
    var waitingRecords: UInt64 = 0
    /// Some of it could not be read: the file is kept in `corrupt/` instead of being deleted.
    var isUnreadable = false

    var endPlace: Cursor.Place { Cursor.Place(segment: number, offset: end) }

    /// The file's name: the number in 16 hex digits, so that names sort as numbers do.
    static func name(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + ".segment"
    }

    /// The number in a name.
    /// - Returns: nil when it is not a segment's.
    static func number(_ name: String) -> UInt64? {
        guard name.utf8.count == 24, name.hasSuffix(".segment"), let number = UInt64(name.prefix(16), radix: 16),
            number <= AgentLimits.segmentNumber
        else { return nil }
        return number
    }
}
