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
        let numbers = try files.list(settings.folder).compactMap(Segment.number).sorted()
        var isReadable = true
        for number in numbers {
            isReadable = try read(number, isNewest: number == numbers.last, settings, files, &found)
        }
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

    /// Reads one segment.
    /// - Returns: whether it has a sound header.
    private static func read(
        _ number: UInt64,
        isNewest: Bool,
        _ settings: BufferSettings,
        _ files: any FileSystem,
        _ found: inout Found
    ) throws(FileError) -> Bool {
        let path = settings.folder + "/" + Segment.name(number)
        let file = try files.open(path, .read)
        let size = try file.size()
        let header = try readHeader(file)
        if let header {
            // It names all that is known; what it leaves out was forgotten.
            found.positions = PositionTable()
            found.positions.advance(header.header.positions)
            found.pending = []
        }
        let firstFrame = min(header?.length ?? 0, size)
        var segment = Segment(
            number: number,
            path: path,
            agent: header?.header.agent ?? settings.agent,
            firstFrame: firstFrame,
            end: size
        )
        try walk(&segment, file, checksBodies: isNewest, &found)
        if segment.end < size { found.cutBytes += size - segment.end }
        if segment.end == 0 {
            // Nothing was ever in it: a crash while it was being made.
            try? files.remove(path)
            return false
        }
        found.segments.append(segment)
        return header != nil
    }

    private static func readHeader(_ file: any OpenFile) throws(FileError) -> (header: SegmentHeader, length: UInt64)? {
        let prefix = try file.read(SegmentHeader.prefixBytes, at: 0)
        guard let length = SegmentHeader.length(prefix) else { return nil }
        let bytes = try file.read(length, at: 0)
        guard let header = SegmentHeader(bytes) else { return nil }
        return (header, UInt64(length))
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
                if checksBodies && place >= synced {
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
