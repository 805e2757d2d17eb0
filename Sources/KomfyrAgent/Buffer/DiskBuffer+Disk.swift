import Glibc
import Protocol

/// Syncing, making segments, and what happens when the disk refuses.
extension DiskBuffer {
    /// The work that the disk has to do now, if any; nil while a job is under way.
    ///
    /// With `force` it syncs even before the interval is over.
    func nextJob(nowMs: UInt64, force: Bool = false) -> DiskJob? {
        if !undeleted.isEmpty, nowMs >= deleteRetryMs {
            deleteRetryMs = nowMs + AgentLimits.deleteRetryMs
            deleteLeftovers()
        }
        guard jobUnderWay == nil, let due = diskDueMs(force: force), due <= nowMs else { return nil }
        let makesSegment = writer == nil || wantsNewSegment
        let isSynced = settings.section.fsync != .never
        // What failed to sync is written again instead: after a failure the system takes those bytes for written.
        let syncsCurrent = isSynced && rewriteFrom == nil
        let upTo = segments.last?.endPlace
        syncStartedMs = nowMs
        jobUnderWay = (makesSegment, isSynced, upTo)
        return DiskJob(
            files: files,
            folder: settings.folder,
            older: isSynced ? unsyncedSegments : [],
            syncsFolder: isFolderUnsynced,
            current: syncsCurrent ? newestFile : nil,
            new: makesSegment ? newSegment(knowsPending: syncsCurrent) : nil,
            isSynced: isSynced
        )
    }

    /// Older segments that `fsync = "never"` left to the system: their logs become safe as soon as that changes.
    private var unsyncedSegments: [String] {
        segments.dropLast().filter { $0.number >= cursor.synced.segment && $0.waitingFrames > 0 }.map(\.path)
    }

    /// What a new segment is made of; with the sync of the newest before it, its header may name what is pending.
    private func newSegment(knowsPending: Bool) -> DiskJob.NewSegment {
        let number = nextSegmentNumber
        nextSegmentNumber += 1
        let previous = segments.last
        let header = SegmentHeader(
            number: number,
            previous: previous?.number ?? 0,
            previousEnd: rewriteFrom?.offset ?? previous?.end ?? 0,
            agent: settings.agent,
            positions: knowsPending ? knownPositions : durable.positions
        )
        var new = DiskJob.NewSegment(
            number: number,
            path: settings.folder + "/" + Segment.name(number),
            header: header.encoded(),
            bytesFree: AgentLimits.freeBytesToReopen
        )
        // On a disk that this segment filled, its own deletion is what makes room.
        if let previous, window.isEmpty, readPlace >= previous.endPlace {
            new.bytesFree = UInt64(new.header.count) + AgentLimits.freeBytesToReplace
        }
        if let rewriteFrom, let previous, let newestFile {
            let start = cursor.place.segment == previous.number ? cursor.place.offset : 0
            new.rewrite = DiskJob.Rewrite(
                source: newestFile,
                from: max(rewriteFrom.offset, start),
                end: previous.end,
                sifts: sifts
            )
        }
        return new
    }

    /// When `nextJob` has something to do again, in its clock; nil when nothing but an event changes that.
    func nextJobDueMs(force: Bool = false) -> UInt64? {
        let times = [diskDueMs(force: force), undeleted.isEmpty ? nil : deleteRetryMs]
        return times.compactMap(\.self).min()
    }

    /// When the next job is due; nil when none is, or one is under way.
    private func diskDueMs(force: Bool) -> UInt64? {
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
        case .retry:
            return
        case .syncFailed(let error):
            syncsFailed += 1
            // Everything behind the last good sync is in doubt, and no later sync would tell.
            if let last = segments.last, rewriteFrom == nil {
                // Of a segment that someone deleted nothing is safe, synced or not.
                let from = error.code == ENOENT ? cursor.place : cursor.synced
                let first = Cursor.Place(segment: last.number, offset: last.firstFrame)
                rewriteFrom = min(max(from, first), last.endPlace)
            }
            breakOff(error, nowMs: nowMs)
        case .newSegmentFailed(let error):
            if rewriteFrom == nil, job.isSynced { noteSynced(job.upTo) }
            breakOff(error, nowMs: nowMs)
        case .done(let made):
            if job.isSynced { isFolderUnsynced = false } else if made != nil { isFolderUnsynced = true }
            // `fsync` may have been changed meanwhile: what counts is what the job did.
            if rewriteFrom == nil, job.isSynced { noteSynced(job.upTo) }
            if let made { begin(made, isSynced: job.isSynced) }
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
    private func begin(_ made: DiskJob.Made, isSynced: Bool) {
        var new = Segment(
            number: made.number,
            path: made.path,
            agent: settings.agent,
            firstFrame: made.firstFrame,
            end: made.end
        )
        if let from = rewriteFrom {
            move(made.copies, from: from, to: &new)
            rewriteFrom = nil
            sifts = false
        }
        if let lock = made.lock {
            // The folder is another one by now.
            self.lock = lock
            cursorFile = nil
            events.notices.append("\(settings.folder) was gone, and was made again with all that was left to send")
        }
        totalBytes += new.end
        segments.append(new)
        writer = made.file
        newestFile = made.file
        wantsNewSegment = false
        if isSynced, settings.section.fsync != .never { cursor.synced = new.endPlace }
        isCursorDirty = true
        if diskFailures > 0 {
            diskFailures = 0
            events.reopened = true
        }
        moveCursor()
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

    /// Takes what a failed sync left in doubt out of the old segment: it is in the new one, and on disk.
    private func move(_ copies: DiskJob.Copies, from: Cursor.Place, to new: inout Segment) {
        guard let index = segments.firstIndex(where: { $0.number == from.segment }) else { return }
        let old = segments[index]
        for (range, records) in copies.lost { setAside(range, of: old, records: records) }
        leaveOut(copies.leftOut, of: old)
        if diskFailures > 0 { events.rewrittenFrames += UInt64(copies.frames.count) }
        durable.advance(copies.positions)
        pending = []

        // Acknowledged while they were copied: they count for nobody.
        let waitsFrom = cursor.place.segment == old.number ? cursor.place.offset : 0
        for frame in copies.frames where frame.from >= waitsFrom {
            new.waitingFrames += 1
            new.waitingRecords += UInt64(frame.records)
        }
        // At start what is lost was never counted.
        let lostFrames = sifts ? 0 : UInt64(copies.lost.count)
        let lostRecords = sifts ? 0 : copies.lost.reduce(0) { $0 + UInt64($1.records) }
        segments[index].waitingFrames -= min(new.waitingFrames + lostFrames, old.waitingFrames)
        segments[index].waitingRecords -= min(new.waitingRecords + lostRecords, old.waitingRecords)
        totalBytes -= old.end - from.offset
        segments[index].end = from.offset

        if readPlace.segment == old.number, readPlace.offset > from.offset {
            let next = copies.frames.first { $0.from >= readPlace.offset }
            readPlace = Cursor.Place(segment: new.number, offset: next?.to ?? new.end)
        }
        var places: [UInt64: UInt64] = [:]
        for frame in copies.frames { places[frame.from] = frame.to }
        for slot in window.indices where window[slot].place.segment == old.number {
            guard let offset = places[window[slot].place.offset] else { continue }
            window[slot].place = Cursor.Place(segment: new.number, offset: offset)
        }
        recent = recent.compactMap { kept in
            guard kept.place.segment == old.number, kept.place >= from else { return kept }
            guard let offset = places[kept.place.offset] else { return nil }
            return (Cursor.Place(segment: new.number, offset: offset), kept.header, kept.body)
        }
        recentBytes = recent.reduce(0) { $0 + $1.body.count }
    }

    /// Frames whose lines are read again: whoever has taken them out forgets them.
    private func leaveOut(_ ranges: [Range<UInt64>], of old: Segment) {
        let places = Set(ranges.map(\.lowerBound))
        let left = window.filter { $0.place.segment == old.number && places.contains($0.place.offset) }
        droppedTickets += left.map(\.ticket)
        window.removeAll { frame in left.contains { $0.ticket == frame.ticket } }
    }
}
