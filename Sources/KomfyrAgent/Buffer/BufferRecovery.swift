import Glibc

/// What a starting agent finds in the buffer's folder.
///
/// Reads headers alone, except behind the last sync and the last acknowledgement in the newest segment: there the
/// bodies are checked too, since what was appended then may have reached the disk in part or out of order. Damage
/// there is the tear of a crash. Nothing was promised of what stands behind it, and its positions must not be ahead of
/// a hole: so frames with positions are left out, for their lines to be read again, and the others are kept.
///
/// Damage elsewhere is a damaged disk: it is left in place, passed over when it is met (`next`), and what stands
/// behind it is kept. The same holds for what cannot be read at all. No hand ever has to delete a file.
enum BufferRecovery {
    /// What was found.
    struct Found {
        /// Oldest first.
        var segments: [Segment] = []
        /// The newest segment, not synced yet.
        var newestFile: (any OpenFile)?
        /// Whether it can be appended to.
        var isReusable = false
        /// Whether sound frames stand behind a tear: they have to be written again without what is left out.
        var hasHole = false
        var cursor = Cursor()
        var cursorFile: CursorFile?
        var positions = PositionTable()
        /// Positions of frames of the newest segment that no sync is known to cover, with the frames' ends.
        var pending: [(end: UInt64, position: FilePosition)] = []
        /// Bytes cut off the newest segment.
        var cutBytes: UInt64 = 0
        /// Frames whose positions are damaged while their logs may be sound.
        var damagedPositions: UInt64 = 0
        /// What else someone has to hear of.
        var notices: [String] = []
        /// Above all numbers that are in use.
        var nextNumber: UInt64 = 1
    }

    /// Makes the folder and takes its lock.
    static func lock(_ settings: BufferSettings, _ files: any FileSystem) throws(BufferError) -> any Sendable {
        let lock: FolderLock
        do throws(FileError) {
            try files.makeLastingFolder(settings.folder)
            lock = try files.lock(settings.folder + "/lock")
        } catch {
            throw .unusable(error)
        }
        switch lock {
        case .held(let lock): return lock
        case .heldByOther(let pid): throw .inUse(folder: settings.folder, pid: pid)
        }
    }

    /// Reads the folder.
    /// - Throws: when not even the names in it can be read.
    static func recover(_ settings: BufferSettings, _ files: any FileSystem) throws(FileError) -> Found {
        var found = Found()
        // A disk that lets nothing be made is met again, and reported, when a segment is to be made.
        if let (file, cursor) = try? CursorFile.open(settings.folder + "/cursor", files) {
            found.cursorFile = file
            found.cursor = cursor
        } else if let file = try? files.open(settings.folder + "/cursor", .read) {
            found.cursor = (try? Cursor.newest(file))?.cursor ?? Cursor()
        }
        let names = try files.list(settings.folder)
        // A crash while it was being made: what it was to hold is where it was.
        for name in names where name.hasSuffix(DiskJob.unfinished) { try? files.remove(settings.folder + "/" + name) }
        let numbers = names.compactMap(Segment.number).sorted()
        let folder = SegmentFolder(settings.folder, files)
        var opened = numbers.compactMap { folder.open($0) }
        found.notices += folder.arrange(&opened)
        for index in opened.indices {
            let isNewest = index + 1 == opened.count
            read(opened[index], isNewest: isNewest, settings, files, &found)
        }
        let highest = max(numbers.last ?? 0, opened.last?.number ?? 0, found.cursor.place.segment)
        found.nextNumber = highest + 1
        guard let last = found.segments.last else { return found }
        if found.cursor.synced.segment == last.number, let size = opened.last?.size, found.cursor.synced.offset > size {
            let missing = found.cursor.synced.offset - size
            found.notices.append("\(last.path) has lost \(missing) bytes at its end that were synced. Check the disk")
        }
        // Beyond the end of what is there nothing can have been synced.
        found.cursor.synced = min(found.cursor.synced, last.endPlace)
        openNewest(last, isReadable: opened.last?.header != nil, settings, files, &found)
        return found
    }

    /// Opens the newest segment to go on with, and cuts what is behind its end.
    private static func openNewest(
        _ last: Segment,
        isReadable: Bool,
        _ settings: BufferSettings,
        _ files: any FileSystem,
        _ found: inout Found
    ) {
        do throws(FileError) {
            let file = try files.open(last.path, .readWrite)
            found.newestFile = file
            if !last.isUnreadable, try file.size() > last.end { try file.truncate(to: last.end) }
            // Behind the cursor's place nothing may be appended: it would count as acknowledged.
            found.isReusable =
                isReadable && !last.isUnreadable && last.agent == settings.agent && last.end < settings.segmentBytes
                && found.cursor.place <= last.endPlace
        } catch {
            found.isReusable = false
            // A read-only disk: what is there can be sent, and be written again when the disk lets it.
            if found.newestFile == nil { found.newestFile = try? files.open(last.path, .read) }
        }
    }

    /// Walks one segment.
    private static func read(
        _ opened: SegmentFolder.Opened,
        isNewest: Bool,
        _ settings: BufferSettings,
        _ files: any FileSystem,
        _ found: inout Found
    ) {
        if let header = opened.header {
            // It names all that is known; what it leaves out was forgotten.
            found.positions = PositionTable()
            found.positions.advance(header.positions)
            found.pending = []
        }
        var segment = Segment(
            number: opened.number,
            path: opened.path,
            agent: opened.header?.agent ?? settings.agent,
            firstFrame: opened.firstFrame,
            end: max(opened.end, opened.firstFrame)
        )
        if let error = opened.error {
            segment.isUnreadable = true
            found.notices.append("\(error); delivery tries it again, and sets it aside in corrupt/ if that fails")
        }
        if opened.header == nil, opened.size > 0 {
            found.notices.append(
                "the header of \(opened.path) is damaged: how far files were read is known less well, and lines may come "
                    + "twice. Check the disk"
            )
        }
        if let file = opened.file {
            var walk = RecoveryWalk(segment, file, isNewest: isNewest, found.cursor)
            walk.run(&found)
            segment = walk.segment
        }
        if isNewest { found.cutBytes += opened.size - min(segment.end, opened.size) }
        if segment.end == 0 {
            // Not even a header: nothing was ever in it.
            if opened.error == nil { try? files.remove(opened.path) }
        } else {
            found.segments.append(segment)
        }
    }
}

/// The walk through one segment at start: counts what waits, advances the positions, finds where the tear is.
private struct RecoveryWalk {
    var segment: Segment
    private let file: any OpenFile
    private var walker: SegmentReader
    private let isNewest: Bool
    /// From here on frames of the newest segment may be torn: neither synced nor acknowledged.
    private let doubtFrom: Cursor.Place
    private let acknowledged: Cursor.Place
    private var offset: UInt64
    /// The first damage in doubt.
    private var tear: UInt64?
    /// Where the last frame ends that is kept behind it.
    private var keptEnd: UInt64?
    /// Bytes left out behind it before `keptEnd`, and since.
    private var leftOut: UInt64 = 0
    private var leftOutSince: UInt64 = 0
    private var unreadable = 0

    init(_ segment: Segment, _ file: any OpenFile, isNewest: Bool, _ cursor: Cursor) {
        self.segment = segment
        self.file = file
        self.isNewest = isNewest
        walker = SegmentReader(file)
        doubtFrom = max(cursor.synced, cursor.place)
        acknowledged = cursor.place
        offset = segment.firstFrame
    }

    private var isInDoubt: Bool { isNewest && Cursor.Place(segment: segment.number, offset: offset) >= doubtFrom }

    mutating func run(_ found: inout BufferRecovery.Found) {
        var tries = 0
        while offset < segment.end {
            do throws(FileError) {
                switch try walker.step(at: offset, end: segment.end) {
                case .end: return finish(&found)
                case .damaged(let range): passOver(to: range.upperBound)
                case .frame(let header): try take(header, &found)
                }
                tries = 0
            } catch {
                tries += 1
                if tries < AgentLimits.readTriesAtStart { continue }
                tries = 0
                segment.isUnreadable = true
                unreadable += 1
                if unreadable == 1 { found.notices.append("\(error); what is there is tried again, then passed over") }
                // Each try may take the disk seconds: what was not looked at here is only not counted.
                guard unreadable < AgentLimits.unreadablePlaces, !isInDoubt else {
                    if isInDoubt { passOver(to: segment.end) }
                    return finish(&found)
                }
                passOver(to: min(offset + AgentLimits.unreadableBytes, segment.end))
            }
        }
        finish(&found)
    }

    private mutating func passOver(to end: UInt64) {
        if isInDoubt && tear == nil { tear = offset }
        offset = end
    }

    private mutating func take(_ header: FrameHeader, _ found: inout BufferRecovery.Found) throws(FileError) {
        let end = offset + UInt64(header.frameBytes)
        let positions = try walker.positions(of: header, at: offset)
        if isInDoubt {
            guard positions != nil, try walker.body(of: header, at: offset) != nil else { return passOver(to: end) }
            if tear != nil {
                guard header.positionsBytes == 0 else {
                    leftOutSince += UInt64(header.frameBytes)
                    offset = end
                    return
                }
                keptEnd = end
                leftOut += leftOutSince
                leftOutSince = 0
            }
            for position in positions ?? [] { found.pending.append((end, position)) }
        } else if let positions {
            found.positions.advance(positions)
        } else {
            found.damagedPositions += 1
        }
        if Cursor.Place(segment: segment.number, offset: offset) >= acknowledged {
            segment.waitingFrames += 1
            segment.waitingRecords += UInt64(header.records)
        }
        offset = end
    }

    private mutating func finish(_ found: inout BufferRecovery.Found) {
        guard let tear else { return }
        segment.end = keptEnd ?? tear
        if keptEnd != nil { found.hasHole = true }
        found.cutBytes += leftOut
    }
}
