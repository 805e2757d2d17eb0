/// What a starting agent finds in the buffer's folder.
///
/// Reads headers alone, except in the newest segment: there the bodies are checked too, since what was appended
/// after the last sync may have reached the disk in part or out of order. From the first damage behind the last sync
/// on, that segment is cut: nothing behind it was promised to be safe, and its positions must not be ahead of a hole.
/// Damage before the last sync is a damaged disk: it is left in place, passed over when it is met (`next`), and
/// what stands behind it is kept.
enum BufferRecovery {
    /// What was found.
    struct Found {
        /// Oldest first.
        var segments: [Segment] = []
        /// The newest segment, not synced yet.
        var newestFile: (any OpenFile)?
        /// Whether it can be appended to.
        var isReusable = false
        var cursor = Cursor()
        var cursorFile: CursorFile?
        var positions = PositionTable()
        /// Positions of frames of the newest segment that no sync is known to cover, with the frames' ends.
        var pending: [(end: UInt64, position: FilePosition)] = []
        /// Bytes cut off the newest segment.
        var cutBytes: UInt64 = 0
    }

    /// Makes the folder and takes its lock.
    static func lock(_ settings: BufferSettings, _ files: any FileSystem) throws(BufferError) -> any Sendable {
        let lock: FolderLock
        do throws(FileError) {
            try files.makeFolder(settings.folder)
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
    static func recover(_ settings: BufferSettings, _ files: any FileSystem) throws(FileError) -> Found {
        var found = Found()
        // A disk that lets nothing be made is met again, and reported, when a segment is to be made.
        if let (file, cursor) = try? CursorFile.open(settings.folder + "/cursor", files) {
            found.cursorFile = file
            found.cursor = cursor
        }
        let names = try files.list(settings.folder)
        // A crash while it was being made: what it was to hold is where it was.
        for name in names where name.hasSuffix(DiskJob.unfinished) { try? files.remove(settings.folder + "/" + name) }
        var opened: [Opened] = []
        for number in names.compactMap(Segment.number).sorted() {
            opened.append(try open(number, settings, files))
        }
        for index in opened.indices {
            let next = index + 1 < opened.count ? opened[index + 1].header : nil
            if let next, next.previous == opened[index].number {
                opened[index].end = min(opened[index].end, next.previousEnd)
            }
            try read(opened[index], isNewest: next == nil && index + 1 == opened.count, settings, files, &found)
        }
        let isReadable = opened.last?.header != nil
        guard let last = found.segments.last else { return found }
        do throws(FileError) {
            let file = try files.open(last.path, .readWrite)
            found.newestFile = file
            if try file.size() > last.end { try file.truncate(to: last.end) }
            // Behind the cursor's place nothing may be appended: it would count as acknowledged.
            found.isReusable =
                isReadable && last.agent == settings.agent && last.end < settings.segmentBytes
                && found.cursor.place <= last.endPlace
        } catch {
            found.isReusable = false
        }
        return found
    }

    /// A segment whose header has been read.
    private struct Opened {
        var number: UInt64
        var path: String
        var file: any OpenFile
        /// Nil when it is damaged.
        var header: SegmentHeader?
        var firstFrame: UInt64
        var size: UInt64
        /// Where its frames end: its size, or what the next one's header says.
        var end: UInt64
    }

    private static func open(
        _ number: UInt64,
        _ settings: BufferSettings,
        _ files: any FileSystem
    ) throws(FileError) -> Opened {
        let path = settings.folder + "/" + Segment.name(number)
        let file = try files.open(path, .read)
        let size = try file.size()
        var opened = Opened(number: number, path: path, file: file, firstFrame: 0, size: size, end: size)
        if let length = SegmentHeader.length(try file.read(SegmentHeader.prefixBytes, at: 0)),
            let header = SegmentHeader(try file.read(length, at: 0))
        {
            opened.header = header
            opened.firstFrame = UInt64(length)
        }
        return opened
    }

    /// Walks one segment.
    private static func read(
        _ opened: Opened,
        isNewest: Bool,
        _ settings: BufferSettings,
        _ files: any FileSystem,
        _ found: inout Found
    ) throws(FileError) {
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
        try walk(&segment, opened.file, checksBodies: isNewest, &found)
        if isNewest { found.cutBytes += opened.size - segment.end }
        if segment.end == 0 {
            // Not even a header: nothing was ever in it.
            try? files.remove(opened.path)
        } else {
            found.segments.append(segment)
        }
    }

    /// Counts what waits, advances the positions, and finds where the segment has to be cut.
    private static func walk(
        _ segment: inout Segment,
        _ file: any OpenFile,
        checksBodies: Bool,
        _ found: inout Found
    ) throws(FileError) {
        var walker = SegmentReader(file)
        var offset = segment.firstFrame
        let synced = found.cursor.synced
        while true {
            let place = Cursor.Place(segment: segment.number, offset: offset)
            let step = try walker.step(at: offset, end: segment.end)
            switch step {
            case .end:
                return
            case .damaged(let range):
                if checksBodies && place >= synced {
                    segment.end = offset
                    return
                }
                offset = range.upperBound
            case .frame(let header):
                let positions = try walker.positions(of: header, at: offset)
                var isSound = positions != nil
                if isSound && checksBodies { isSound = try walker.body(of: header, at: offset) != nil }
                if !isSound && checksBodies && place >= synced {
                    segment.end = offset
                    return
                }
                offset += UInt64(header.frameBytes)
                // What the hub has is safe, synced or not: only what it does not have waits for a sync of its own.
                if checksBodies && place >= max(synced, found.cursor.place) {
                    for position in positions ?? [] { found.pending.append((offset, position)) }
                } else if let positions {
                    found.positions.advance(positions)
                }
                if place >= found.cursor.place {
                    segment.waitingFrames += 1
                    segment.waitingRecords += UInt64(header.records)
                }
            }
        }
    }
}
