import Glibc

/// Work of the buffer that waits for the disk, done away from the delivery loop.
///
/// One at a time; the buffer makes it (`nextJob`), anyone runs it on any thread, the buffer takes the result
/// (`finish`). Appends are not such work: they go to the page cache, which takes 100 KB in some 30 µs and blocks only
/// when the machine has more unwritten data than it allows, where waiting is right; a hand-over to another thread
/// would cost as much and bring questions of order.
struct DiskJob: Sendable {
    /// A segment to be made: under another name first, and renamed when all of it is on disk.
    struct NewSegment: Sendable {
        var number: UInt64
        var path: String
        var header: [UInt8]
        /// Bytes that must be free on the disk to begin with.
        var bytesFree: UInt64
        /// What has to be copied into it.
        var rewrite: Rewrite?
    }

    /// Frames that a failed sync left in doubt: everything from `from` to `end` of this file.
    struct Rewrite: Sendable {
        var source: any OpenFile
        var from: UInt64
        var end: UInt64
        /// Whether frames with positions are left out behind damage.
        var sifts: Bool
    }

    /// What became of the frames to be copied.
    struct Copies: Sendable {
        /// In order.
        var frames: [(from: UInt64, to: UInt64, records: Int)] = []
        /// What could not be read, and the records that its header counted.
        var lost: [(range: Range<UInt64>, records: Int)] = []
        /// Sound frames whose positions would be ahead of what is lost: their lines are read again.
        var leftOut: [Range<UInt64>] = []
        var positions: [FilePosition] = []
    }

    /// A segment that was made; its frames are those copied.
    struct Made: Sendable {
        var number: UInt64
        var path: String
        var file: any OpenFile
        var firstFrame: UInt64
        var end: UInt64
        var copies: Copies
        /// The lock, when the folder had to be made again.
        var lock: (any Sendable)?
    }

    enum Outcome: Sendable {
        /// The newest segment is on disk up to the end it had, and the new one, if one was asked for, is ready.
        case done(Made?)
        /// The newest segment could not be synced; nothing else was done.
        case syncFailed(FileError)
        /// The new segment could not be made; nothing of it is left.
        case newSegmentFailed(FileError)
        /// Not of the buffer itself.
        case retry(RetryLine.Outcome)
    }

    let files: any FileSystem
    let folder: String
    /// Older segments to be synced; nothing of them was promised, so that a failure changes nothing.
    let older: [String]
    /// Whether the folder may not be synced: `fsync = "never"` made segments in it.
    var syncsFolder = false
    /// The newest segment, to be synced first; nil when there is nothing to sync.
    let current: (any OpenFile)?
    let new: NewSegment?
    /// Whether the new segment and the folder are synced.
    let isSynced: Bool
    /// Instead of all that: work on the dead letters that are back in line.
    var retry: (letters: DeadLetterFolder, job: RetryLine.Job)?

    /// What a segment is called while it is being made; recovery removes it.
    static let unfinished = ".new"

    /// Does the work; blocks.
    func run() -> Outcome {
        if let retry { return .retry(retry.job.run(retry.letters)) }
        for path in older { try? files.open(path, .read).sync() }
        if let current {
            do throws(FileError) {
                try current.sync()
                if syncsFolder { try files.syncFolder(folder) }
            } catch {
                return .syncFailed(error)
            }
        }
        guard let new else { return .done(nil) }
        do throws(FileError) {
            return .done(try make(new))
        } catch {
            try? files.remove(new.path + Self.unfinished)
            return .newSegmentFailed(error)
        }
    }

    private func make(_ new: NewSegment) throws(FileError) -> Made {
        let lock = try remakeFolder()
        guard try files.freeBytes(folder) >= new.bytesFree else {
            throw FileError(code: ENOSPC, attempt: "make segment \(new.path)")
        }
        let file = try files.open(new.path + Self.unfinished, .createEmpty)
        try file.write(new.header, at: 0)
        let firstFrame = UInt64(new.header.count)
        var made = Made(
            number: new.number,
            path: new.path,
            file: file,
            firstFrame: firstFrame,
            end: firstFrame,
            copies: Copies(),
            lock: lock
        )
        if let rewrite = new.rewrite { try Self.copy(rewrite, &made) }
        // What is written again may have been on disk for certain where it stood, whatever holds by now.
        let syncsCopies = !isSynced && new.rewrite != nil
        if isSynced { try file.sync() }
        if syncsCopies { try? file.sync() }
        try files.rename(new.path + Self.unfinished, to: new.path)
        if syncsCopies { try? files.syncFolder(folder) }
        if isSynced {
            do throws(FileError) {
                try files.syncFolder(folder)
            } catch {
                try? files.remove(new.path)
                throw error
            }
        }
        return made
    }

    /// Makes the folder again, and takes its lock, if someone deleted it.
    private func remakeFolder() throws(FileError) -> (any Sendable)? {
        do throws(FileError) {
            _ = try files.size(folder)
            return nil
        } catch {
            guard error.code == ENOENT else { throw error }
        }
        try files.makeLastingFolder(folder)
        guard case .held(let lock) = try files.lock(folder + "/lock") else {
            throw FileError(code: EBUSY, attempt: "lock \(folder), which another agent has by now")
        }
        return lock
    }

    /// Copies what can be read, which is what the page cache has kept: its pages count as clean after a failed sync,
    /// but stay until the memory is needed.
    private static func copy(_ rewrite: Rewrite, _ made: inout Made) throws(FileError) {
        var walker = SegmentReader(rewrite.source)
        var offset = rewrite.from
        while true {
            switch try walker.step(at: offset, end: rewrite.end) {
            case .end:
                return
            case .damaged(let range):
                made.copies.lost.append((range, 0))
                offset = range.upperBound
            case .frame(let header):
                let bytes = try rewrite.source.read(header.frameBytes, at: offset)
                let end = offset + UInt64(header.frameBytes)
                let bodyStart = FrameHeader.size + header.positionsBytes
                let positions = try walker.positions(of: header, at: offset)
                if rewrite.sifts, !made.copies.lost.isEmpty, header.positionsBytes > 0 {
                    made.copies.leftOut.append(offset..<end)
                } else if let positions, bytes.count == header.frameBytes,
                    CRC32C.checksum(bytes, in: bodyStart..<bytes.count) == header.bodyChecksum
                {
                    try made.file.write(bytes, at: made.end)
                    made.copies.frames.append((offset, made.end, header.records))
                    made.copies.positions += positions
                    made.end += UInt64(header.frameBytes)
                } else {
                    made.copies.lost.append((offset..<end, header.records))
                }
                offset = end
            }
        }
    }
}
