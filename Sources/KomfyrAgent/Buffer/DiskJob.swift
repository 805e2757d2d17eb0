import Glibc

/// Work of the buffer that waits for the disk, done away from the delivery loop.
///
/// One at a time; the buffer makes it (`nextJob`), anyone runs it on any thread, the buffer takes the result
/// (`finish`). Appends are not such work: they go to the page cache, which takes 100 KB in some 30 µs and blocks only
/// when the machine has more unwritten data than it allows, where waiting is right; a hand-over to another thread
/// would cost as much and bring questions of order.
struct DiskJob: Sendable {
    /// A segment to be made.
    struct NewSegment: Sendable {
        var number: UInt64
        var path: String
        var header: [UInt8]
    }

    enum Outcome: Sendable {
        /// The newest segment is on disk up to `upTo`, and the new one, if one was asked for, is ready.
        case done(new: (any OpenFile)?)
        /// The newest segment could not be synced; nothing else was done.
        case syncFailed(FileError)
        /// The new segment could not be made; nothing of it is left.
        case newSegmentFailed(FileError)
    }

    let files: any FileSystem
    let folder: String
    /// The newest segment, to be synced first; nil when there is nothing to sync.
    let current: (any OpenFile)?
    /// Where the newest segment ended when the job was made.
    let upTo: Cursor.Place?
    let new: NewSegment?
    /// Whether the new segment's header and the folder are synced.
    let isSynced: Bool

    /// Does the work; blocks.
    func run() -> Outcome {
        if let current {
            do throws(FileError) { try current.sync() } catch { return .syncFailed(error) }
        }
        guard let new else { return .done(new: nil) }
        do throws(FileError) {
            let free = try files.freeBytes(folder)
            guard free >= AgentLimits.freeBytesToReopen else {
                throw FileError(code: ENOSPC, attempt: "make segment \(new.path)")
            }
            let file = try files.open(new.path, .createEmpty)
            try file.write(new.header, at: 0)
            if isSynced {
                try file.sync()
                try files.syncFolder(folder)
            }
            return .done(new: file)
        } catch {
            try? files.remove(new.path)
            return .newSegmentFailed(error)
        }
    }
}
