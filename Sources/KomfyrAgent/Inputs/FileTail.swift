/// One file that is followed: what is known of it, and how far it was read.
///
/// ```
///            a glob means its name                renamed, known by its inode           no name leads to it
///  found ──► live ────────────────────────────► rotated ─────────────────────────────► missing ──► forgotten
///            read whenever it grows              read to its end, then left: what       the same; needs the
///                                                remains is its last line               descriptor kept open
/// ```
///
/// Owned by its `FileInput`, on the intake loop.
final class FileTail {
    let identity: FileIdentity
    /// Where it was seen last.
    var path: [UInt8]
    /// The name that a glob meant, which its logs and positions carry also after it was rotated.
    var name: String
    /// Nil while closed.
    var descriptor: OpenDescriptor?
    /// How far it was read.
    var mark: FileMark
    /// Where the next read begins: only the first one may begin at the end.
    var start = FileReadJob.Start.mark

    /// Whether a glob means the name under which the last scan saw it.
    var isMatched = true
    /// Whether a batch carries a position of it.
    var isNoted = false
    /// Whether the last scan saw it nowhere.
    var isMissing = false
    /// Whether it is in the input's queue.
    var isQueued = false
    /// Whether the last read found nothing new behind the last whole line.
    var isCaughtUp = false
    /// Whether it is read for the last time: what remains without a line end is its last line.
    var isLeaving = false
    /// Whether it was read for the last time, as far as one knows.
    var hasLeft = false
    /// Whether it was met while the input ran, and nothing of it was read yet: it may be a copy.
    var isUnchecked = false
    /// Whether a read has found what its mark says: until then the mark may be of a file that had its inode before.
    var isKnown = false
    /// The position that it may have, by its inode alone, until it was read for the first time: see `KnownPositions`.
    var tried: FilePosition?
    /// The file that this one may be a copy of: it is not read while that is not clear.
    ///
    /// See `FileCopies`.
    var original: FileTail?
    /// The name it had before it counted as a copy, until the first read has shown that it is one.
    var ownName: String?
    /// How far it was read when it was truncated or written anew the last time, and when that was.
    var before: (mark: FileMark, atMs: UInt64)?
    /// Whether the input has let go of it: a read under way only closes it.
    var isForgotten = false
    /// When it last grew, or lost its name, on the loop's clock.
    var lastChangeMs: UInt64
    /// When it was last read.
    var lastReadMs: UInt64 = 0
    /// Where its end was at the last read, in bytes from its beginning.
    var seenEnd: UInt64 = 0
    /// Size and time of change as the last scan saw them.
    var size: UInt64 = 0
    var modifiedNs: Int64 = 0
    /// The error that was last reported of it, so that it is not reported at every turn.
    var reportedCode: Int32 = 0
    /// Why the line was left out whose pieces are being read.
    var droppedLine: InputStatistics.DropReason?
    /// What stands around its lines; made when the first is read.
    var frame: FileRecordWriter.Frame?

    init(_ found: FileScanner.Found, name: String, mark: FileMark, nowMs: UInt64) {
        identity = found.identity
        path = found.path
        isMatched = found.isMatched
        size = found.size
        modifiedNs = found.modifiedNs
        self.name = name
        self.mark = mark
        lastChangeMs = nowMs
    }

    /// Goes on with a file that an input before this one has left.
    init(_ left: LeftFile, nowMs: UInt64) {
        identity = left.identity
        path = left.path
        name = left.name
        mark = left.mark
        start = left.start
        isUnchecked = left.isUnchecked
        isKnown = left.isKnown
        before = left.before
        isMissing = left.isMissing
        size = left.size
        lastChangeMs = nowMs
    }

    /// The name without its folder.
    var baseName: String {
        name.split(separator: "/").last.map { String($0) } ?? name
    }

    /// The position with which a batch carries it.
    func position(input: String, mark: FileMark) -> FilePosition {
        FilePosition(
            input: input,
            device: identity.device,
            inode: identity.inode,
            fingerprint: mark.fingerprint,
            fingerprintLength: mark.fingerprintLength,
            offset: mark.offset,
            guardHash: mark.guardHash,
            path: name
        )
    }
}

@available(*, unavailable)
extension FileTail: Sendable {}
