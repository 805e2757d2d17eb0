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
        /// It was truncated or written anew, and is read from its beginning.
        case restarted(String)
        /// Its path names another file by now.
        case replaced
        /// It only has the inode of a file that was followed.
        case foreign
        /// errno.
        case failed(Int32)
    }

    /// What reading has counted.
    private(set) var statistics = InputStatistics()

    private let loop: Loop
    private let input: String
    private let sink: any FileRecordSink
    private let onEvent: (FileTail, Event) -> Void
    private let clock: () -> Int64
    private let cutter = FileLineCutter()
    private var lines: FileLineWriter
    private let maximumOpen: Int

    private var queue: [FileTail] = []
    /// Where the queue begins: what stands before was taken out.
    private var first = 0
    private var reading: FileTail?
    private var blocksOfTurn = 0
    private var block: FileBlock?
    private var openTails: [FileIdentity: FileTail] = [:]
    private var isStopped = false

    /// An empty queue.
    /// - Parameters:
    ///   - loop: the intake loop.
    ///   - input: the input's name, for positions.
    ///   - sink: gets the records.
    ///   - lines: writes them.
    ///   - maximumOpen: how many descriptors are kept.
    ///   - clock: nanoseconds since 1970.
    ///   - onEvent: hears what became of a file.
    init(
        _ loop: Loop,
        input: String,
        sink: any FileRecordSink,
        lines: consuming FileLineWriter,
        maximumOpen: Int,
        clock: @escaping () -> Int64,
        onEvent: @escaping (FileTail, Event) -> Void
    ) {
        self.loop = loop
        self.input = input
        self.sink = sink
        self.lines = lines
        self.maximumOpen = maximumOpen
        self.clock = clock
        self.onEvent = onEvent
        sink.onHold { [weak self] held in
            if !held { self?.next() }
        }
    }

    /// Puts a file behind the others, unless it waits already.
    func add(_ tail: FileTail) {
        guard !tail.isQueued, !isStopped else { return }
        tail.isQueued = true
        tail.isCaughtUp = false
        queue.append(tail)
        next()
    }

    /// Closes a file and takes it out.
    func forget(_ tail: FileTail) {
        tail.isForgotten = true
        if reading !== tail { close(tail) }
    }

    /// Closes a file's descriptor; it is opened again by its path when it is read.
    func close(_ tail: FileTail) {
        guard reading !== tail, tail.descriptor >= 0 else { return }
        Glibc.close(tail.descriptor)
        tail.descriptor = -1
        openTails[tail.identity] = nil
        statistics.open = UInt64(openTails.count)
    }

    /// Gives the memory of the block back while there is nothing to read.
    func trim() {
        if reading == nil, isEmpty { block = nil }
    }

    /// Closes everything; a read under way is closed when it is done.
    func stop() {
        isStopped = true
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
            guard !tail.isForgotten else { continue }
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
        if result.descriptor >= 0, tail.descriptor < 0 {
            tail.descriptor = result.descriptor
            openTails[tail.identity] = tail
            statistics.open = UInt64(openTails.count)
        }
        guard !isStopped, !tail.isForgotten else {
            close(tail)
            return next()
        }
        switch result.outcome {
        case .read(let count):
            tail.mark = result.mark
            tail.reportedCode = 0
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
        case .failed(let code):
            close(tail)
            onEvent(tail, .failed(code))
        }
        closeIdle()
        next()
    }

    private func restart(_ tail: FileTail, _ words: String) {
        guard tail.isMatched else {
            // Under a name that no glob means: its inode went to a file that is none of ours.
            close(tail)
            return onEvent(tail, .foreign)
        }
        tail.mark = .beginning
        tail.start = .mark
        tail.seenEnd = 0
        tail.lastChangeMs = loop.nowMs
        onEvent(tail, .restarted(words))
        add(tail)
    }

    private func consume(_ tail: FileTail, count: Int) {
        guard let block else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block.bytes)[..<count])
        let isFull = count == block.bytes.count
        let begin = tail.mark.offset - UInt64(FileCheck.guardLength(at: tail.mark.offset))
        let end = begin + UInt64(count)
        if end != tail.seenEnd {
            tail.seenEnd = end
            tail.lastChangeMs = loop.nowMs
        }
        let before = tail.mark.offset
        emit(tail, bytes, begin: begin, isLast: tail.isLeaving && !isFull)
        if !tail.isNoted {
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
        } else {
            if tail.mark.offset == before { growBlock() }
            if blocksOfTurn < AgentLimits.fileBlocksPerTurn || isEmpty { read(tail) } else { add(tail) }
        }
    }

    /// A line is longer than the block.
    private func growBlock() {
        let capacity = min((block?.bytes.count ?? 0) * 4, AgentLimits.largestFileBlockBytes)
        block = FileBlock(capacity: max(capacity, AgentLimits.fileBlockBytes))
    }

    private func requeueFirst(_ tail: FileTail) {
        guard !tail.isQueued else { return }
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

    // MARK: Lines

    /// Writes the lines of a block as records, each batch with the position behind its last one.
    private func emit(_ tail: FileTail, _ block: UnsafeRawBufferPointer, begin: UInt64, isLast: Bool) {
        let guardLength = FileCheck.guardLength(at: tail.mark.offset)
        var mark = tail.mark
        var cursor = guardLength
        // A position within a line is behind a piece of it.
        var isWithinLine = guardLength > 0 && block[guardLength - 1] != 0x0A && block[guardLength - 1] != 0
        if !isWithinLine {
            // A program that goes on writing where it was when its log was truncated leaves a hole of NULs before.
            while cursor < block.count, block[cursor] == 0 { cursor += 1 }
        }
        var line = cutter.line(in: block, from: cursor, isLast: isLast)
        if line != nil { lines.begin(tail, at: clock()) }
        while line != nil, !sink.isHeldBack {
            sink.fill(
                { body, maximumRecords in
                    reserve(&body, for: block.count - cursor)
                    var records = 0
                    while records < maximumRecords, let current = line {
                        if !current.text.isEmpty {
                            let text = UnsafeRawBufferPointer(rebasing: block[current.text])
                            let room = ProtocolLimits.batchBytes - body.count
                            if text.count + lines.overhead(of: text.count) > room, !body.isEmpty {
                                return (records, true)
                            }
                            records += lines.append(
                                text,
                                isPiece: isWithinLine || current.isPiece,
                                isContinuation: isWithinLine,
                                to: &body,
                                counting: &statistics
                            )
                        }
                        isWithinLine = current.isPiece
                        cursor = current.next
                        line = cutter.line(in: block, from: cursor, isLast: isLast)
                    }
                    return (records, false)
                },
                position: {
                    mark = Self.mark(tail.mark, in: block, begin: begin, at: cursor)
                    return tail.position(input: input, mark: mark)
                }
            )
        }
        tail.mark = Self.mark(tail.mark, in: block, begin: begin, at: cursor)
    }

    /// The mark behind `cursor`, a place in a block that begins at `begin` in the file.
    private static func mark(
        _ mark: FileMark,
        in block: UnsafeRawBufferPointer,
        begin: UInt64,
        at cursor: Int
    ) -> FileMark {
        var mark = mark
        mark.offset = begin + UInt64(cursor)
        let length = min(FileCheck.guardLength(at: mark.offset), cursor)
        mark.guardHash = FileCheck.hash(UnsafeRawBufferPointer(rebasing: block[(cursor - length)..<cursor]))
        return mark
    }

    /// Room for what a large block brings: growing record by record would copy the batch again and again.
    private func reserve(_ body: inout [UInt8], for bytes: Int) {
        guard bytes > 16 << 10, body.capacity < ProtocolLimits.batchBytes else { return }
        body.reserveCapacity(ProtocolLimits.batchBytes + 4 << 10)
    }
}

@available(*, unavailable)
extension FileReadQueue: Sendable {}
