import Protocol

/// The disk buffer: batches in append-only segments, from which they are sent in order, and which are deleted once
/// the hub has them.
///
/// ```
///  FOLDER/lock                       held while an agent uses the folder
///  FOLDER/cursor                     what is acknowledged                        (`Cursor`)
///  FOLDER/0000000000000007.segment   header, frame, frame, …                     (`SegmentHeader`, `FrameHeader`)
///  FOLDER/0000000000000008.segment   … the newest: appended to
///  FOLDER/corrupt/                   damaged bytes that were set aside           (`CorruptStore`)
///
///            acknowledged      window (≤ 4)       on disk only        appended here
///  ──────────────────────────┬──────────────────┬────────────────────┬─ ─ ─
///                       cursor.place         readPlace         newest segment's end
/// ```
///
/// **Invariants.** Frames are taken out (`next`) and acknowledged in the order of the disk. A file position counts as
/// known durably only when the sync that covers its frame succeeded. The newest segment is never deleted. A segment
/// behind which another one stands was synced, as far as the other's header says that it goes: what a failed sync left
/// in doubt stands in the other one again.
///
/// **Recovery** (`BufferRecovery`) leaves out what a crash tore, and passes over damage in the middle.
///
/// **Files that someone deleted.** A sync notices that its segment is gone from the folder: what waits in it is written
/// again from the open file, the folder made anew if need be. Other segments that are gone are told and passed over.
///
/// Belongs to the delivery loop, which does everything but the jobs on it.
final class DiskBuffer {
    private(set) var settings: BufferSettings
    let files: any FileSystem
    /// Draws what is appended in this run.
    let generation: BatchIdentity.Generation
    let corrupt: CorruptStore
    var lock: any Sendable

    /// Oldest first; the last is appended to while `writer` is there.
    var segments: [Segment]
    /// The newest segment, open for appending; nil while the disk refuses.
    var writer: (any OpenFile)?
    /// The newest segment's file, also while it is not appended to any more, to be synced.
    var newestFile: (any OpenFile)?
    var nextSequence: UInt64 = 1
    var totalBytes: UInt64
    /// Segments that the hub has and the disk did not let go of; they count in `totalBytes`.
    var undeleted: [(path: String, bytes: UInt64)] = []
    var deleteRetryMs: UInt64 = 0

    var cursor: Cursor
    var cursorFile: CursorFile?
    var isCursorDirty = false
    var cursorWrittenMs: UInt64 = 0

    /// Positions that are durable, and those whose frames in the newest segment are not synced yet, with the
    /// frames' ends.
    var durable: PositionTable
    var pending: [(end: UInt64, position: FilePosition)] = []

    /// The next frame to take out.
    var readPlace: Cursor.Place
    var reader: (segment: UInt64, file: any OpenFile, walker: SegmentReader)?
    /// Taken out and not acknowledged, in order.
    var window: [StoredFrame] = []
    var lastTicket: UInt64 = 0
    /// Bodies of the newest frames, to be sent without reading them back; those that are read are removed.
    var recent: [(place: Cursor.Place, header: FrameHeader, body: [UInt8])] = []
    var recentBytes = 0

    /// The job under way, if any: whether it makes a segment, and syncs what it does.
    var jobUnderWay: (makesSegment: Bool, isSynced: Bool, upTo: Cursor.Place?)?
    var wantsNewSegment = false
    /// From here on the segment has to be written again, since its sync failed.
    var rewriteFrom: Cursor.Place?
    /// Whether segments may stand in the folder that no sync of it covers.
    var isFolderUnsynced = true
    /// Whether frames with positions behind damage are left out on the way, as at start.
    var sifts = false
    var syncStartedMs: UInt64 = 0
    /// While the disk refuses: how often it did, and when to try again.
    var diskFailures = 0
    var diskRetryMs: UInt64 = 0
    var nextSegmentNumber: UInt64

    /// Whether an append was refused for `max_bytes`, and nothing was deleted since.
    var isFull = false
    var events = BufferEvents()
    var syncs: UInt64 = 0
    var syncsFailed: UInt64 = 0
    var droppedTickets: [UInt64] = []
    private var frameBytes: [UInt8] = []

    /// Locks the folder and recovers what it holds; blocks.
    /// - Throws: `BufferError` when another agent has the folder, or it cannot be read.
    init(
        _ settings: BufferSettings,
        files: any FileSystem,
        generation: BatchIdentity.Generation = .random()
    ) throws(BufferError) {
        self.settings = settings
        self.files = files
        self.generation = generation
        lock = try BufferRecovery.lock(settings, files)
        let found: BufferRecovery.Found
        do throws(FileError) {
            found = try BufferRecovery.recover(settings, files)
        } catch {
            throw .unusable(error)
        }
        corrupt = CorruptStore(folder: settings.folder + "/corrupt", files: files)
        segments = found.segments
        cursor = found.cursor
        cursorFile = found.cursorFile
        durable = found.positions
        pending = found.pending
        writer = found.isReusable ? found.newestFile : nil
        newestFile = found.newestFile
        totalBytes = found.segments.reduce(0) { $0 + $1.end }
        readPlace = found.cursor.place
        nextSegmentNumber = found.nextNumber
        events.cutBytes = found.cutBytes
        events.damagedPositions = found.damagedPositions
        events.notices = found.notices
        if let first = found.segments.first, readPlace < Cursor.Place(segment: first.number, offset: first.firstFrame) {
            readPlace = Cursor.Place(segment: first.number, offset: first.firstFrame)
            cursor.place = readPlace
        }
        if settings.section.fsync == .never {
            durable.advance(pending.map(\.position))
            pending = []
        }
        // What no sync is known to cover is written again: if one had failed before the last stop, another would
        // succeed without writing anything. Behind a tear it is sifted on the way.
        if newestFile != nil, let last = segments.last, last.end > last.firstFrame, cursor.synced < last.endPlace,
            settings.section.fsync != .never || found.hasHole
        {
            rewriteFrom = max(cursor.synced, Cursor.Place(segment: last.number, offset: last.firstFrame))
            sifts = true
            writer = nil
        }
        // Syncing what was found, or making a segment, is a job like any other, only that everyone waits for this one.
        if let job = nextJob(nowMs: 0, force: true) { finish(job.run(), nowMs: 0) }
        deleteFinishedSegments()
    }

    /// Whether batches go to disk.
    var state: BufferState {
        if writer == nil { return .broken }
        return isFull ? .full : .open
    }

    /// How far every file has been read, by the frames of this buffer.
    var knownPositions: [FilePosition] {
        var table = durable
        table.advance(pending.map(\.position))
        return table.positions
    }

    var positionCount: Int { durable.count }

    /// Frames that are not acknowledged, and their records.
    var waiting: (frames: UInt64, records: UInt64) {
        segments.reduce((0, 0)) { ($0.0 + $1.waitingFrames, $0.1 + $1.waitingRecords) }
    }

    /// Whether everything appended is synced, as far as it is to be.
    var isSynced: Bool {
        guard writer != nil, let last = segments.last else { return rewriteFrom == nil }
        return settings.section.fsync == .never || cursor.synced >= last.endPlace
    }

    /// Takes another section of the configuration: what changes holds from the next append, sync or refusal on.
    ///
    /// Segments that are there keep their size. A smaller `max_bytes` drops or blocks as if it had just been reached.
    func use(_ section: AgentConfiguration.BufferSection) {
        let syncedBefore = settings.section.fsync != .never
        settings.section = section
        if syncedBefore && section.fsync == .never {
            durable.advance(pending.map(\.position))
            pending = []
        }
        // The next append finds out anew.
        isFull = false
    }

    /// Appends a batch to the newest segment; `beyondLimit` also when that goes beyond `max_bytes`.
    func append(_ batch: EncodedBatch, nowMs: UInt64, beyondLimit: Bool = false) -> AppendOutcome {
        guard let writer, !segments.isEmpty else { return .broken }
        if jobUnderWay?.makesSegment == true || wantsNewSegment { return .busy }

        encode(batch)
        let size = UInt64(frameBytes.count)
        isFull = !beyondLimit && !makeRoom(for: size)
        if isFull { return .full }
        if wantsNewSegment { return .busy }
        let last = segments.count - 1
        if segments[last].end > segments[last].firstFrame, segments[last].end + size > settings.segmentBytes {
            wantsNewSegment = true
            return .busy
        }
        // Used up even when the write fails: a number never names two contents.
        if batch.identity == nil { nextSequence += 1 }
        let place = segments[last].endPlace
        do throws(FileError) {
            try writer.write(frameBytes, at: place.offset)
        } catch {
            breakOff(error, nowMs: nowMs)
            return .broken
        }
        segments[last].end += size
        segments[last].waitingFrames += 1
        segments[last].waitingRecords += UInt64(batch.records)
        totalBytes += size
        note(batch.positions, end: segments[last].end)
        remember(place, body: batch.body)
        return .appended
    }

    /// Tickets of frames in the window whose segment was dropped since the last call.
    func takeDroppedTickets() -> [UInt64] {
        defer { droppedTickets = [] }
        return droppedTickets
    }

    /// Notes positions of a frame that ends at `end` of the newest segment.
    func note(_ positions: [FilePosition], end: UInt64) {
        if settings.section.fsync == .never {
            durable.advance(positions)
        } else {
            for position in positions { pending.append((end, position)) }
        }
    }

    /// Puts the frame's bytes into `frameBytes`.
    private func encode(_ batch: EncodedBatch) {
        frameBytes.removeAll(keepingCapacity: true)
        frameBytes.append(contentsOf: repeatElement(0, count: FrameHeader.size))
        PositionsBlock.append(batch.positions, to: &frameBytes)
        let positionsEnd = frameBytes.count
        let header = FrameHeader(
            positionsBytes: positionsEnd - FrameHeader.size,
            bodyBytes: batch.body.count,
            records: batch.records,
            uncompressedBytes: batch.uncompressedBytes,
            isFromDatagramsOnly: batch.isFromDatagramsOnly,
            madeNs: batch.madeNs,
            generation: batch.identity?.generation ?? generation,
            sequence: batch.identity?.sequence ?? nextSequence,
            positionsChecksum: CRC32C.checksum(frameBytes, in: FrameHeader.size..<positionsEnd),
            bodyChecksum: CRC32C.checksum(batch.body, in: 0..<batch.body.count)
        )
        frameBytes.append(contentsOf: batch.body)
        var start: [UInt8] = []
        start.reserveCapacity(FrameHeader.size)
        header.append(to: &start)
        frameBytes.replaceSubrange(0..<FrameHeader.size, with: start)
    }

    /// Keeps the body of the frame just appended, if it may be sent soon.
    private func remember(_ place: Cursor.Place, body: [UInt8]) {
        guard recent.count < AgentLimits.recentFrames, recentBytes + body.count <= AgentLimits.recentFrameBytes,
            let header = frameBytes.withUnsafeBytes({ FrameHeader($0) })
        else { return }
        recent.append((place, header, body))
        recentBytes += body.count
    }

    /// Whether `size` bytes more keep within `max_bytes`, if need be by dropping the oldest segment.
    private func makeRoom(for size: UInt64) -> Bool {
        if totalBytes + size > settings.section.maxBytes { deleteLeftovers() }
        while totalBytes + size > settings.section.maxBytes {
            // Where the disk lets nothing be deleted, dropping logs would make no room.
            guard undeleted.isEmpty else { return false }
            guard settings.section.whenFull == .dropOldest else { return false }
            guard segments.count > 1 else {
                // The newest is never deleted: it must become an older one first.
                wantsNewSegment = true
                return true
            }
            dropOldestSegment()
        }
        return true
    }

    private func dropOldestSegment() {
        let oldest = segments[0]
        events.droppedBatches += oldest.waitingFrames
        events.droppedRecords += oldest.waitingRecords
        droppedTickets += window.filter { $0.place.segment == oldest.number }.map(\.ticket)
        window.removeAll { $0.place.segment == oldest.number }
        recent.removeAll { $0.place.segment == oldest.number }
        recentBytes = recent.reduce(0) { $0 + $1.body.count }
        let next = Cursor.Place(segment: segments[1].number, offset: segments[1].firstFrame)
        readPlace = max(readPlace, next)
        segments[0].waitingFrames = 0
        segments[0].waitingRecords = 0
        moveCursor()
        deleteFinishedSegments()
    }
}

@available(*, unavailable)
extension DiskBuffer: Sendable {}
