import Protocol

/// Syncing, making segments, and what happens when the disk refuses.
extension DiskBuffer {
    /// The work that the disk has to do now, if any; nil while a job is under way.
    ///
    /// With `force` it syncs even before the interval is over.
    func nextJob(nowMs: UInt64, force: Bool = false) -> DiskJob? {
        guard jobUnderWay == nil, let due = nextJobDueMs(force: force), due <= nowMs else { return nil }
        let makesSegment = writer == nil || wantsNewSegment
        let isSynced = settings.section.fsync != .never
        // What failed to sync is written again instead: after a failure the system takes those bytes for written.
        let syncsCurrent = isSynced && rewriteFrom == nil
        let upTo = segments.last?.endPlace
        var new: DiskJob.NewSegment?
        if makesSegment {
            let number = nextSegmentNumber
            nextSegmentNumber += 1
            // With the sync before it, the header may name what is pending; without, only what is durable.
            let header = SegmentHeader(
                number: number,
                agent: settings.agent,
                positions: syncsCurrent ? knownPositions : durable.positions
            )
            new = DiskJob.NewSegment(
                number: number,
                path: settings.folder + "/" + Segment.name(number),
                header: header.encoded()
            )
            segmentBeingMade = (number, UInt64(new?.header.count ?? 0))
        }
        syncStartedMs = nowMs
        jobUnderWay = (makesSegment, upTo)
        return DiskJob(
            files: files,
            folder: settings.folder,
            current: syncsCurrent ? newestFile : nil,
            upTo: upTo,
            new: new,
            isSynced: isSynced
        )
    }

    /// When the next job is due, in the clock of `nextJob`; nil when none is.
    func nextJobDueMs(force: Bool = false) -> UInt64? {
        guard jobUnderWay == nil else { return nil }
        if writer == nil { return diskRetryMs }
        if wantsNewSegment { return 0 }
        if isSynced { return nil }
        switch settings.section.fsync {
        case .never: return nil
        case .always: return 0
        // Counted from the start of the last one: what comes after a quiet time is synced at once.
        case .interval: return force ? 0 : syncStartedMs + settings.section.fsyncIntervalMs
        }
    }

    /// Takes the result of the job that `nextJob` gave.
    func finish(_ outcome: DiskJob.Outcome, nowMs: UInt64) {
        guard let job = jobUnderWay else { return }
        jobUnderWay = nil
        switch outcome {
        case .syncFailed(let error):
            syncsFailed += 1
            // Everything behind the last good sync is in doubt, and no later sync would tell.
            if let last = segments.last, rewriteFrom == nil {
                rewriteFrom = max(cursor.synced, Cursor.Place(segment: last.number, offset: last.firstFrame))
            }
            pending = []
            breakOff(error, nowMs: nowMs)
        case .newSegmentFailed(let error):
            if rewriteFrom == nil { noteSynced(job.upTo) }
            breakOff(error, nowMs: nowMs)
        case .done(let file):
            if rewriteFrom == nil { noteSynced(job.upTo) }
            guard job.makesSegment, let file, let made = segmentBeingMade else { return }
            begin(made.number, file, headerBytes: made.headerBytes, nowMs: nowMs)
        }
    }

    /// The disk refuses: batches wait until a new segment can be made.
    func breakOff(_ error: FileError, nowMs: UInt64) {
        if diskFailures == 0 { events.broke = error }
        if let writer, let last = segments.last {
            newestFile = writer
            // What a failed write left behind the end would only be met as damage later.
            try? writer.truncate(to: last.end)
        }
        writer = nil
        wantsNewSegment = false
        let wait = min(AgentLimits.diskRetryFirstMs << UInt64(min(diskFailures, 16)), AgentLimits.diskRetryLastMs)
        diskFailures += 1
        diskRetryMs = nowMs + wait
    }

    /// A new segment is there: it is the newest from now on.
    private func begin(_ number: UInt64, _ file: any OpenFile, headerBytes: UInt64, nowMs: UInt64) {
        let path = settings.folder + "/" + Segment.name(number)
        var new = Segment(
            number: number,
            path: path,
            agent: settings.agent,
            firstFrame: headerBytes,
            end: headerBytes
        )
        if let from = rewriteFrom {
            do throws(FileError) {
                try rewrite(from: from, into: &new, file)
                rewriteFrom = nil
            } catch {
                try? files.remove(path)
                breakOff(error, nowMs: nowMs)
                return
            }
        }
        totalBytes += new.end
        segments.append(new)
        writer = file
        newestFile = file
        wantsNewSegment = false
        cursor.synced = Cursor.Place(segment: number, offset: headerBytes)
        isCursorDirty = true
        if diskFailures > 0 {
            diskFailures = 0
            events.reopened = true
        }
        deleteFinishedSegments()
    }

    private func noteSynced(_ place: Cursor.Place?) {
        guard settings.section.fsync != .never, let place, place >= cursor.synced else { return }
        syncs += 1
        cursor.synced = place
        isCursorDirty = true
        let count = pending.firstIndex { $0.end > place.offset } ?? pending.count
        durable.advance(pending[..<count].map(\.position))
        pending.removeFirst(count)
    }

    /// Writes what a failed sync left in doubt once more, into a segment that nothing else is in.
    ///
    /// All or nothing: when this throws, everything is as before. Runs on the loop and may take a while; it happens
    /// when a disk fails, and until it is over nothing may be appended anyway.
    private func rewrite(from: Cursor.Place, into new: inout Segment, _ file: any OpenFile) throws(FileError) {
        guard let index = segments.firstIndex(where: { $0.number == from.segment }) else { return }
        let old = segments[index]
        let source: any OpenFile
        if let newestFile { source = newestFile } else { source = try files.open(old.path, .read) }
        var walker = SegmentReader(source)
        var moved: [UInt64: UInt64] = [:]
        var lost: [Range<UInt64>] = []
        var notes: [(end: UInt64, position: FilePosition)] = []
        var (frames, records, lostRecords, passed) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        // What is acknowledged is not needed again.
        var offset = from.segment == cursor.place.segment ? max(from.offset, cursor.place.offset) : from.offset
        let isBehindCursor = from.segment < cursor.place.segment
        while !isBehindCursor, offset < old.end {
            switch try walker.step(at: offset, end: old.end) {
            case .end:
                offset = old.end
            case .damaged(let range):
                lost.append(range)
                offset = range.upperBound
            case .frame(let header):
                let bytes = try source.read(header.frameBytes, at: offset)
                let end = offset + UInt64(header.frameBytes)
                let bodyStart = FrameHeader.size + header.positionsBytes
                if bytes.count == header.frameBytes,
                    CRC32C.checksum(bytes, in: bodyStart..<bytes.count) == header.bodyChecksum
                {
                    try file.write(bytes, at: new.end)
                    moved[offset] = new.end
                    new.end += UInt64(header.frameBytes)
                    frames += 1
                    records += UInt64(header.records)
                    let block = try walker.positions(of: header, at: offset) ?? []
                    for position in block { notes.append((new.end, position)) }
                    if readPlace.segment == old.number, readPlace.offset >= end { passed = new.end }
                } else {
                    lost.append(offset..<end)
                    lostRecords += UInt64(header.records)
                }
                offset = end
            }
        }

        for range in lost { setAside(range, of: old, records: 0) }
        events.corruptRecords += lostRecords
        events.rewrittenFrames += frames
        pending = notes
        new.waitingFrames = frames
        new.waitingRecords = records
        segments[index].waitingFrames -= min(frames + UInt64(lost.count), old.waitingFrames)
        segments[index].waitingRecords -= min(records + lostRecords, old.waitingRecords)
        totalBytes -= old.end - max(from.offset, old.firstFrame)
        segments[index].end = from.offset
        if readPlace.segment == old.number, readPlace.offset > from.offset {
            readPlace = Cursor.Place(segment: new.number, offset: max(passed, new.firstFrame))
        }
        for slot in window.indices where window[slot].place.segment == old.number {
            guard let place = moved[window[slot].place.offset] else { continue }
            window[slot].place = Cursor.Place(segment: new.number, offset: place)
        }
        recent = recent.compactMap { kept in
            guard kept.place >= from, kept.place.segment == old.number else { return kept }
            guard let place = moved[kept.place.offset] else { return nil }
            return (Cursor.Place(segment: new.number, offset: place), kept.header, kept.body)
        }
        recentBytes = recent.reduce(0) { $0 + $1.body.count }
        moveCursor()
    }
}
