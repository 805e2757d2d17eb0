import Glibc
import Protocol

/// Taking frames out in order, and acknowledging them.
extension DiskBuffer {
    /// Takes out the next frame, or gives nil when none is left.
    ///
    /// Damage on the way is set aside.
    /// - Throws: what the disk said; a later call tries again.
    func next() throws(FileError) -> StoredFrame? {
        while let index = segments.firstIndex(where: { $0.number >= readPlace.segment }) {
            let segment = segments[index]
            if segment.number > readPlace.segment {
                readPlace = Cursor.Place(segment: segment.number, offset: segment.firstFrame)
            }
            readPlace.offset = max(readPlace.offset, segment.firstFrame)
            guard readPlace.offset < segment.end else {
                guard index + 1 < segments.count else { break }
                readPlace = Cursor.Place(segment: segments[index + 1].number, offset: segments[index + 1].firstFrame)
                continue
            }
            let step: SegmentReader.Step
            do throws(FileError) {
                step = try self.step(in: segment)
            } catch {
                guard error.code == ENOENT else { throw error }
                passOverMissing(segment)
                continue
            }
            switch step {
            case .frame(let header):
                let place = readPlace
                readPlace.offset += UInt64(header.frameBytes)
                lastTicket += 1
                let frame = StoredFrame(ticket: lastTicket, place: place, header: header, agent: segment.agent)
                window.append(frame)
                return frame
            case .damaged(let range):
                setAside(range, of: segment, records: 0)
                readPlace.offset = range.upperBound
            case .end:
                readPlace.offset = segment.end
            }
        }
        if window.isEmpty { moveCursor() }
        return nil
    }

    /// The body of a frame of the window.
    /// - Returns: nil when it is damaged: it is set aside then, and there is nothing to send but an acknowledgement.
    /// - Throws: what the disk said.
    func body(ofTicket ticket: UInt64) throws(FileError) -> [UInt8]? {
        guard let frame = window.first(where: { $0.ticket == ticket }),
            let segment = segments.first(where: { $0.number == frame.place.segment })
        else { return nil }
        if let index = recent.firstIndex(where: { $0.place == frame.place }) {
            let body = recent[index].body
            forgetRecent(frame.place)
            return body
        }
        let file = try open(segment)
        if let body = try SegmentReader(file).body(of: frame.header, at: frame.place.offset) { return body }
        setAside(frame.place.offset..<frame.end, of: segment, records: frame.header.records)
        return nil
    }

    /// Goes on behind a segment that someone deleted.
    private func passOverMissing(_ segment: Segment) {
        let taken = window.filter { $0.place.segment == segment.number }
        let records = taken.reduce(0) { $0 + UInt64($1.header.records) }
        let lost = segment.waitingRecords - min(records, segment.waitingRecords)
        events.corruptRecords += lost
        events.notices.append("\(segment.path) was deleted by someone: \(lost) logs that had not been sent were in it")
        readPlace.offset = max(segment.end, readPlace.offset)
    }

    /// Passes over what cannot be read at all, up to the next frame behind it.
    func passOverUnreadable() {
        guard let index = segments.firstIndex(where: { $0.number == readPlace.segment }) else { return }
        segments[index].isUnreadable = true
        let segment = segments[index]
        let end = min(readPlace.offset + AgentLimits.unreadableBytes, segment.end)
        events.corruptPlaces += 1
        events.corruptBytes += end - min(readPlace.offset, end)
        readPlace.offset = end
        reader = nil
    }

    /// Counts a frame of the window as lost, since its body cannot be read.
    func giveUp(ticket: UInt64) {
        guard let frame = window.first(where: { $0.ticket == ticket }) else { return }
        if let index = segments.firstIndex(where: { $0.number == frame.place.segment }) {
            segments[index].isUnreadable = true
        }
        events.corruptPlaces += 1
        events.corruptBytes += UInt64(frame.header.frameBytes)
        events.corruptRecords += UInt64(frame.header.records)
    }

    /// Whether a frame of the window may be sent, as far as the disk is concerned.
    func maySend(_ frame: StoredFrame) -> Bool {
        switch settings.section.fsync {
        case .never: true
        case .interval: frame.header.positionsBytes == 0 || isDurable(frame)
        case .always: isDurable(frame)
        }
    }

    /// Notes that the hub has the oldest frame of the window, or will never get it; true when it was the oldest.
    @discardableResult
    func acknowledge(ticket: UInt64) -> Bool {
        guard let frame = window.first, frame.ticket == ticket else { return false }
        window.removeFirst()
        forgetRecent(frame.place)
        countDown(frame.place, frames: 1, records: frame.header.records)
        moveCursor()
        deleteFinishedSegments()
        return true
    }

    /// Puts the cursor before the first frame that is not acknowledged.
    func moveCursor() {
        let place = window.first?.place ?? readPlace
        guard place != cursor.place else { return }
        cursor.place = place
        isCursorDirty = true
    }

    /// Deletes segments that lie whole before the cursor; never the newest.
    func deleteFinishedSegments() {
        while segments.count > 1 {
            let oldest = segments[0]
            guard window.first?.place.segment != oldest.number, rewriteFrom?.segment != oldest.number,
                readPlace >= oldest.endPlace
            else { return }
            if reader?.segment == oldest.number { reader = nil }
            segments.removeFirst()
            if oldest.isUnreadable, corrupt.keepWhole(oldest.path, size: oldest.end) {
                events.notices.append("\(oldest.path) could not be read in parts, and was moved to corrupt/")
                totalBytes -= oldest.end
                isFull = false
            } else {
                undeleted.append((oldest.path, oldest.end))
                deleteLeftovers()
            }
        }
    }

    /// Deletes what nobody needs any more; what the disk does not let go of counts as there, and is tried again.
    func deleteLeftovers() {
        var left: [(path: String, bytes: UInt64)] = []
        for (path, bytes) in undeleted {
            do throws(FileError) {
                try files.remove(path)
                totalBytes -= bytes
                // The next append finds out anew; there may be none before inputs hear that they may go on.
                isFull = false
            } catch {
                events.minor = error
                left.append((path, bytes))
            }
        }
        undeleted = left
    }

    /// Writes the cursor if it has changed and is old enough.
    func writeCursorIfDue(nowMs: UInt64, force: Bool = false) {
        guard isCursorDirty, force || nowMs >= cursorWrittenMs + AgentLimits.cursorAgeMs else { return }
        cursorWrittenMs = nowMs
        do throws(FileError) {
            if cursorFile == nil {
                cursorFile = try CursorFile.open(settings.folder + "/cursor", files).0
            }
            try cursorFile?.write(cursor)
            isCursorDirty = false
        } catch {
            events.minor = error
        }
    }

    /// Opens a segment for reading, or gives the one that is open.
    func open(_ segment: Segment) throws(FileError) -> any OpenFile {
        if segment.number == segments.last?.number, let writer { return writer }
        if let reader, reader.segment == segment.number { return reader.file }
        let file = try files.open(segment.path, .read)
        reader = (segment.number, file, SegmentReader(file))
        return file
    }

    /// Copies damaged bytes to `corrupt/` and counts them.
    func setAside(_ range: Range<UInt64>, of segment: Segment, records: Int) {
        events.corruptPlaces += 1
        events.corruptBytes += range.upperBound - range.lowerBound
        events.corruptRecords += UInt64(records)
        guard let file = try? open(segment) else { return }
        corrupt.keep(range, of: file, name: "\(Segment.name(segment.number))-\(range.lowerBound)")
    }

    /// What stands at `readPlace`.
    private func step(in segment: Segment) throws(FileError) -> SegmentReader.Step {
        if let kept = recent.first(where: { $0.place == readPlace }) { return .frame(kept.header) }
        let file = try open(segment)
        if reader?.segment != segment.number {
            // The newest: it grows, so what was read of it before may end in the middle of a frame.
            reader = (segment.number, file, SegmentReader(file))
        }
        guard var walker = reader?.walker else { return .end }
        let step = try walker.step(at: readPlace.offset, end: segment.end)
        reader?.walker = walker
        return step
    }

    private func isDurable(_ frame: StoredFrame) -> Bool {
        guard let last = segments.last else { return false }
        if let rewriteFrom, frame.place >= rewriteFrom { return false }
        return frame.place.segment < last.number
            || cursor.synced >= Cursor.Place(segment: frame.place.segment, offset: frame.end)
    }

    private func countDown(_ place: Cursor.Place, frames: UInt64, records: Int) {
        guard let index = segments.firstIndex(where: { $0.number == place.segment }) else { return }
        segments[index].waitingFrames -= min(frames, segments[index].waitingFrames)
        segments[index].waitingRecords -= min(UInt64(records), segments[index].waitingRecords)
    }

    private func forgetRecent(_ place: Cursor.Place) {
        guard let index = recent.firstIndex(where: { $0.place == place }) else { return }
        recentBytes -= recent[index].body.count
        recent.remove(at: index)
    }
}
