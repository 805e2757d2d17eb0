import EventLoop
import Glibc
import Protocol

/// Reads the files of one input, one block at a time, in turns.
///
/// ```
///  queue: [A][B][C]        thread pool               loop
///         take A ────────► open, check, pread ─────► cut lines, write records, note position
///         up to 4 blocks, then A goes behind C ◄──────────┘
/// ```
///
/// One read is under way at a time: reading a block from the page cache takes a twentieth of the time that its lines
/// take. While the batcher is held back nothing is read. Owned by its `FileInput`, on the intake loop.
final class FileReadQueue {
    /// What became of a file that was read.
    enum Event {
        /// All whole lines of it were read.
        case caughtUp
        /// It was read for the last time.
        case left
        /// It was truncated or written anew, and is read from its beginning, once `goOn` is called.
        case restarted(String)
        /// Its path names another file by now.
        case replaced
        /// It only has the inode of a file that was followed.
        case foreign
        /// It is the file whose position was tried on it.
        case recognized
        /// errno.
        case failed(Int32)
    }

    /// What reading has counted.
    var statistics: InputStatistics {
        var statistics = records.statistics
        statistics.open = UInt64(openTails.count)
        return statistics
    }

    private let loop: Loop
    private let input: String
    private let sink: any FileRecordSink
    private let onEvent: (FileTail, Event) -> Void
    private let isCopy: (FileTail, UnsafeRawBufferPointer) -> Bool
    private let records: FileBlockRecords
    private var openRecords: OpenRecords?
    private let maximumOpen: Int

    private var queue: [FileTail] = []
    /// Where the queue begins: what stands before was taken out.
    private var first = 0
    private var reading: FileTail?
    private var blocksOfTurn = 0
    private var block: FileBlock?
    private var openTails: [FileIdentity: FileTail] = [:]
    /// Files that were truncated, with the record that waited in them: they go on with `goOn`.
    private var restarted: [FileIdentity: (tail: FileTail, open: OpenRecords.Text?)] = [:]
    private var isStopped = false
    /// Set when the input stops: what is still read before, and who waits for that.
    private var last: (tails: Set<FileIdentity>, done: () -> Void)?

    /// An empty queue.
    /// - Parameters:
    ///   - loop: the intake loop.
    ///   - input: the input's name, for positions.
    ///   - sink: gets the records.
    ///   - lines: writes them.
    ///   - multiline: which lines belong together; nil when each is a record.
    ///   - maximumOpen: how many descriptors are kept.
    ///   - clock: nanoseconds since 1970.
    ///   - isCopy: sees the first bytes of a file that was met while the input ran, and says whether it is not to be
    ///     read now; asked once.
    ///   - onEvent: hears what became of a file.
    /// - Throws: what is wrong with the pattern that records begin with.
    init(
        _ loop: Loop,
        input: String,
        sink: any FileRecordSink,
        lines: consuming FileLineWriter,
        multiline: InputConfiguration.Multiline? = nil,
        maximumOpen: Int,
        clock: @escaping () -> Int64,
        isCopy: @escaping (FileTail, UnsafeRawBufferPointer) -> Bool = { _, _ in false },
        onEvent: @escaping (FileTail, Event) -> Void
    ) throws {
        self.loop = loop
        self.input = input
        self.sink = sink
        self.maximumOpen = maximumOpen
        self.isCopy = isCopy
        self.onEvent = onEvent
        records = FileBlockRecords(
            input: input,
            sink: sink,
            lines: lines,
            cutter: try multiline.map { try FileRecordCutter($0) },
            clock: clock
        )
        if let multiline {
            openRecords = try OpenRecords(loop, waitMs: multiline.waitMs) { [weak self] in self?.add($0) }
        }
        sink.onHold(for: self) { [weak self] held in
            if !held { self?.next() }
        }
    }

    /// Puts a file behind the others, unless it waits already.
    func add(_ tail: FileTail) {
        guard !tail.isQueued, !isStopped, mayBeRead(tail), isStillRead(tail) else { return }
        tail.isQueued = true
        tail.isCaughtUp = false
        queue.append(tail)
        next()
    }

    /// Whether it is clear where a file is to be read.
    private func mayBeRead(_ tail: FileTail) -> Bool { tail.original == nil && restarted[tail.identity] == nil }

    /// Reads a restarted file on; nothing for others.
    func goOn(_ tail: FileTail) {
        guard let entry = restarted.removeValue(forKey: tail.identity) else { return }
        if let open = entry.open { records.write(tail, waited: open.text) }
        add(tail)
    }

    /// Takes over a descriptor of a file that was opened elsewhere.
    func adopt(_ descriptor: OpenDescriptor, of tail: FileTail) {
        tail.descriptor = descriptor
        openTails[tail.identity] = tail
    }

    /// Closes a file and takes it out.
    func forget(_ tail: FileTail) {
        goOn(tail)
        tail.isForgotten = true
        openRecords?.forget(tail)
        close(tail)
    }

    /// Lets go of a file's descriptor; it is opened again by its path when it is read.
    func close(_ tail: FileTail) {
        guard tail.descriptor != nil else { return }
        tail.descriptor = nil
        openTails[tail.identity] = nil
    }

    /// Reads these to their end and nothing else, then calls `done`; at once if there is nothing to read.
    func finish(_ tails: [FileTail], done: @escaping () -> Void) {
        guard !tails.isEmpty else { return done() }
        last = (Set(tails.map(\.identity)), done)
        for tail in queue[first...] { tail.isQueued = false }
        queue = []
        first = 0
        for tail in tails { add(tail) }
    }

    /// Whether a file is read before the input stops.
    private func isStillRead(_ tail: FileTail) -> Bool { last?.tails.contains(tail.identity) ?? true }

    /// A file is done with.
    private func strike(_ tail: FileTail) {
        guard last?.tails.remove(tail.identity) != nil, let done = last?.done, last?.tails.isEmpty == true else {
            return
        }
        done()
    }

    /// Gives the memory of the block back while there is nothing to read.
    func trim() {
        if reading == nil, isEmpty { block = nil }
    }

    /// Closes everything; what a read under way has open is closed when it is done.
    func stop() {
        isStopped = true
        for entry in Array(restarted.values) { goOn(entry.tail) }
        openRecords?.close()
        for tail in Array(openTails.values) { close(tail) }
        queue = []
    }

    private var isEmpty: Bool { first == queue.count }

    // MARK: Turns

    private func next() {
        while !isStopped, reading == nil, !sink.isHeldBack, !isEmpty {
            let tail = queue[first]
            first += 1
            if first == queue.count {
                queue.removeAll(keepingCapacity: true)
                first = 0
            } else if first > 1_024, first > queue.count / 2 {
                queue.removeFirst(first)
                first = 0
            }
            tail.isQueued = false
            // It may have been queued once more before it turned out that it has to wait.
            guard !tail.isForgotten, mayBeRead(tail) else { continue }
            blocksOfTurn = 0
            read(tail)
        }
    }

    private func read(_ tail: FileTail) {
        reading = tail
        blocksOfTurn += 1
        let block = self.block ?? FileBlock(capacity: AgentLimits.fileBlockBytes)
        self.block = block
        let job = FileReadJob(
            path: tail.path,
            identity: tail.identity,
            descriptor: tail.descriptor,
            mark: tail.mark,
            start: tail.start,
            block: block
        )
        loop.work({ job.run() }, done: { result in self.finished(tail, result) })
    }

    private func finished(_ tail: FileTail, _ result: FileReadJob.Result) {
        reading = nil
        tail.lastReadMs = loop.nowMs
        guard !isStopped, !tail.isForgotten else { return next() }
        if tail.descriptor == nil, let descriptor = result.descriptor { adopt(descriptor, of: tail) }
        switch result.outcome {
        case .read(let count):
            tail.ownName = nil
            tail.isKnown = true
            tail.reportedCode = 0
            if tail.tried != nil { onEvent(tail, .recognized) }
            if tail.isUnchecked, count > 0 {
                tail.isUnchecked = false
                guard let block, !isCopy(tail, UnsafeRawBufferPointer(rebasing: block.bytes[..<count])) else { break }
            }
            tail.mark = result.mark
            consume(tail, count: count)
        case .positioned:
            tail.mark = result.mark
            tail.start = .mark
            tail.seenEnd = result.mark.offset
            // Noted at once, so that after a restart it is a file that was met.
            sink.advance(tail.position(input: input, mark: tail.mark))
            add(tail)
        case .truncated: restart(tail, "it is shorter than what was read of it")
        case .rewritten: restart(tail, "what was read of it is not there any more")
        case .replaced:
            close(tail)
            onEvent(tail, .replaced)
            strike(tail)
        case .failed(let code):
            close(tail)
            onEvent(tail, .failed(code))
            strike(tail)
        }
        closeIdle()
        next()
    }

    private func restart(_ tail: FileTail, _ words: String) {
        guard tail.isMatched else {
            // Under a name that no glob means: its inode went to a file that is none of ours.
            close(tail)
            onEvent(tail, .foreign)
            return strike(tail)
        }
        let open = openRecords?.take(of: tail)
        if tail.mark.offset > 0, tail.ownName == nil, tail.tried == nil {
            tail.before = (open?.end ?? tail.mark, loop.nowMs)
        }
        if let name = tail.ownName {
            tail.name = name
            tail.ownName = nil
            tail.frame = nil
        }
        // Of a file that was never read here, it may be the inode alone that is known: it is checked as a new one is.
        if !tail.isKnown { tail.isUnchecked = true }
        tail.mark = .beginning
        tail.start = .mark
        tail.seenEnd = 0
        tail.lastChangeMs = loop.nowMs
        // What is written next waits: with it, or before it, is on disk where a copy goes on.
        restarted[tail.identity] = (tail, open)
        onEvent(tail, .restarted(words))
    }

    private func consume(_ tail: FileTail, count: Int) {
        guard let block else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block.bytes)[..<count])
        let isFull = count == block.bytes.count
        let begin = tail.mark.offset - UInt64(FileCheck.guardLength(at: tail.mark.offset))
        let end = begin + UInt64(count)
        let hasGrown = end != tail.seenEnd
        if hasGrown {
            tail.seenEnd = end
            tail.lastChangeMs = loop.nowMs
        }
        let before = tail.mark.offset
        let isQuiet = !hasGrown && !isFull && openRecords?.isQuiet(tail) ?? false
        records.write(tail, bytes, begin: begin, isLast: tail.isLeaving && !isFull, isQuiet: isQuiet)
        // Also of a full block: what waited before was handed over with it, and must not be kept.
        noteOpenRecord(tail, bytes, begin: begin)
        if !tail.isNoted, !tail.isUnchecked {
            // No line yet: that it was met is noted all the same, so that a restart finds it under any name.
            tail.isNoted = true
            if tail.mark.offset == before { sink.advance(tail.position(input: input, mark: tail.mark)) }
        }
        if sink.isHeldBack {
            // What is left of the block is read again.
            requeueFirst(tail)
        } else if !isFull {
            tail.isCaughtUp = true
            onEvent(tail, tail.isLeaving ? .left : .caughtUp)
            strike(tail)
        } else {
            if tail.mark.offset == before { growBlock() }
            guard isStillRead(tail) else { return }
            if blocksOfTurn < AgentLimits.fileBlocksPerTurn || isEmpty { read(tail) } else { add(tail) }
        }
    }

    /// Keeps what waits behind the position: the whole lines of a record without its end.
    private func noteOpenRecord(_ tail: FileTail, _ block: UnsafeRawBufferPointer, begin: UInt64) {
        guard let openRecords else { return }
        let start = Int(clamping: tail.mark.offset - begin)
        let rest = UnsafeRawBufferPointer(rebasing: block[start...])
        guard let end = rest.lastIndex(of: 0x0A) else { return openRecords.forget(tail) }
        openRecords.wait(
            tail,
            UnsafeRawBufferPointer(rebasing: rest[...end]),
            end: tail.mark.moved(to: start + end + 1, in: block, begin: begin)
        )
    }

    /// A line is longer than the block.
    private func growBlock() {
        let capacity = min((block?.bytes.count ?? 0) * 4, AgentLimits.largestFileBlockBytes)
        block = FileBlock(capacity: max(capacity, AgentLimits.fileBlockBytes))
    }

    private func requeueFirst(_ tail: FileTail) {
        guard !tail.isQueued, isStillRead(tail) else { return }
        tail.isQueued = true
        if first > 0 {
            first -= 1
            queue[first] = tail
        } else {
            queue.insert(tail, at: 0)
        }
    }

    /// Closes the descriptors that were read longest ago, beyond the limit; those that no name leads to are kept.
    private func closeIdle() {
        while openTails.count > maximumOpen {
            let idle = openTails.values.filter { $0.isCaughtUp && !$0.isMissing && !$0.isQueued && $0 !== reading }
            let all = idle.isEmpty ? openTails.values.filter { !$0.isMissing && $0 !== reading } : idle
            guard let oldest = all.min(by: { $0.lastReadMs < $1.lastReadMs }) else { return }
            close(oldest)
        }
    }
}

@available(*, unavailable)
extension FileReadQueue: Sendable {}
