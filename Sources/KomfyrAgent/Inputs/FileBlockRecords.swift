import Protocol

/// Turns blocks of files into records, each batch with the position behind its last one.
///
/// Owned by the `FileReadQueue`, on the intake loop.
final class FileBlockRecords {
    /// What was counted.
    private(set) var statistics = InputStatistics()

    private let input: String
    private let sink: any FileRecordSink
    private var lines: FileLineWriter
    private let lineCutter = FileLineCutter()
    /// Of records of several lines; nil when each line is one.
    private var cutter: FileRecordCutter?
    private let clock: () -> Int64

    /// - Parameters:
    ///   - input: the input's name, for positions.
    ///   - sink: gets the records.
    ///   - lines: writes them.
    ///   - cutter: says which lines belong together; nil when each is a record.
    ///   - clock: nanoseconds since 1970.
    init(
        input: String,
        sink: any FileRecordSink,
        lines: consuming FileLineWriter,
        cutter: FileRecordCutter?,
        clock: @escaping () -> Int64
    ) {
        self.input = input
        self.sink = sink
        self.lines = lines
        self.cutter = cutter
        self.clock = clock
    }

    /// The line or record that begins at `start`.
    private func next(
        in block: UnsafeRawBufferPointer,
        from start: Int,
        isLast: Bool,
        isQuiet: Bool
    ) -> FileLineCutter.Line? {
        guard let cutter else { return lineCutter.line(in: block, from: start, isLast: isLast) }
        return cutter.record(in: block, from: start, isLast: isLast, isQuiet: isQuiet)
    }

    /// Writes the lines of a block as records, each batch with the position behind its last one.
    func write(
        _ tail: FileTail,
        _ block: UnsafeRawBufferPointer,
        begin: UInt64,
        isLast: Bool,
        isQuiet: Bool
    ) {
        let guardLength = FileCheck.guardLength(at: tail.mark.offset)
        var mark = tail.mark
        var cursor = guardLength
        // A position within a line is behind a piece of it.
        var isWithinLine = guardLength > 0 && block[guardLength - 1] != 0x0A && block[guardLength - 1] != 0
        if !isWithinLine {
            // A program that goes on writing where it was when its log was truncated leaves a hole of NULs before.
            while cursor < block.count, block[cursor] == 0 { cursor += 1 }
        }
        var line = next(in: block, from: cursor, isLast: isLast, isQuiet: isQuiet)
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
                            records += append(text, current, isWithinLine: isWithinLine, to: &body)
                        }
                        // A record of several lines may be cut between two of them.
                        isWithinLine = current.isPiece && block[current.next - 1] != 0x0A
                        cursor = current.next
                        line = next(in: block, from: cursor, isLast: isLast, isQuiet: isQuiet)
                    }
                    return (records, false)
                },
                position: {
                    mark = tail.mark.moved(to: cursor, in: block, begin: begin)
                    return tail.position(input: input, mark: mark)
                }
            )
        }
        tail.mark = tail.mark.moved(to: cursor, in: block, begin: begin)
    }

    @inline(__always)
    private func append(
        _ text: UnsafeRawBufferPointer,
        _ line: FileLineCutter.Line,
        isWithinLine: Bool,
        to body: inout [UInt8]
    ) -> Int {
        let isPiece = isWithinLine || line.isPiece || line.isRest
        let isContinuation = isWithinLine || line.isRest
        guard cutter != nil else {
            return lines.append(
                text,
                isPiece: isPiece,
                isContinuation: isContinuation,
                to: &body,
                counting: &statistics
            )
        }
        return appendJoined(text, isPiece: isPiece, isContinuation: isContinuation, to: &body)
    }

    private func appendJoined(
        _ text: UnsafeRawBufferPointer,
        isPiece: Bool,
        isContinuation: Bool,
        to body: inout [UInt8]
    ) -> Int {
        guard var own = cutter else { return 0 }
        cutter = nil
        defer { cutter = own }
        return own.withText(text) { joined in
            lines.append(
                joined,
                isPiece: isPiece,
                isContinuation: isContinuation,
                to: &body,
                counting: &statistics
            )
        }
    }

    /// Writes the record that waited in a file when it was truncated or written anew: nothing else has it any more.
    func write(_ tail: FileTail, waited text: [UInt8]) {
        lines.begin(tail, at: clock())
        text.withUnsafeBytes { block in
            var cursor = 0
            while let line = next(in: block, from: cursor, isLast: true, isQuiet: true) {
                cursor = line.next
                guard !line.text.isEmpty else { continue }
                sink.fill(
                    { body, _ in
                        let text = UnsafeRawBufferPointer(rebasing: block[line.text])
                        return (append(text, line, isWithinLine: false, to: &body), false)
                    },
                    position: { tail.position(input: input, mark: .beginning) }
                )
            }
        }
    }

    /// Room for what a large block brings: growing record by record would copy the batch again and again.
    private func reserve(_ body: inout [UInt8], for bytes: Int) {
        guard bytes > 16 << 10, body.capacity < ProtocolLimits.batchBytes else { return }
        body.reserveCapacity(ProtocolLimits.batchBytes + 4 << 10)
    }
}

@available(*, unavailable)
extension FileBlockRecords: Sendable {}
