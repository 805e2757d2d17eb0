import Protocol

/// Turns lines of logfmt, of web servers, or of a user's own pattern into logs.
///
/// A line that its parser cannot read is kept whole as the message, tagged `unparsed`; a piece of a line that was too
/// long is kept as it is. Serves one input on one thread.
struct LineReader: ~Copyable {
    /// What reads a line.
    enum Parser {
        case logfmt(Logfmt)
        case combined(CombinedLog)
        case pattern(LinePattern)

        /// The names of members that are the parser's own.
        var names: [String] {
            switch self {
            case .logfmt: []
            case .combined: CombinedLog.names
            case .pattern(let pattern): pattern.names
            }
        }
    }

    /// What became of a line.
    enum Outcome: Equatable {
        case parsed
        /// Kept whole.
        case unparsed
        /// Not kept: there was nothing in it.
        case empty
    }

    /// Lines whose bytes were not UTF-8 and were repaired.
    var repaired: UInt64 { writer.repaired }
    /// Logs put into `…:other`.
    var folded: UInt64 { writer.folded }
    /// The groups that the input has made.
    var groupNames: Set<[UInt8]> { writer.groupNames }

    // One of them is there: each is changed in its place, without a copy for each line.
    private var logfmt: Logfmt?
    private var combined: CombinedLog?
    private var pattern: LinePattern?
    private var writer: LineRecordWriter
    private var record = LineRecord()
    private var mended: [UInt8] = []

    /// A reader for one input; `settings` are what all its logs share.
    init(_ parser: Parser, _ settings: RecordWriter.Settings) {
        switch parser {
        case .logfmt(let logfmt): self.logfmt = logfmt
        case .combined(let combined): self.combined = combined
        case .pattern(let pattern): self.pattern = pattern
        }
        writer = LineRecordWriter(settings, knownNames: parser.names)
    }

    /// Appends the log's line.
    /// - Parameters:
    ///   - text: the line without its end.
    ///   - origin: when it was read, and whether it is a part of something longer.
    ///   - isContinuation: whether it is such a part, and not the first: it is not parsed.
    ///   - output: the batch.
    /// - Returns: what became of it.
    mutating func append(
        _ text: UnsafeRawBufferPointer,
        from origin: RecordWriter.Origin,
        isContinuation: Bool,
        to output: inout [UInt8]
    ) -> Outcome {
        let view = ByteView(text)
        var flags: LineRecordWriter.Flags = origin.isTruncated ? .truncated : []
        record.reset()
        if isContinuation {
            return writer.append(record, of: view, arrival: origin.arrival, flags: flags, to: &output)
                ? .parsed : .empty
        }
        if read(view, origin, flags, to: &output) { return .parsed }
        record.reset()
        flags.insert(.unparsed)
        return writer.append(record, of: view, arrival: origin.arrival, flags: flags, to: &output)
            ? .unparsed : .empty
    }

    /// Reads the line, and writes it when that is possible.
    private mutating func read(
        _ view: ByteView,
        _ origin: RecordWriter.Origin,
        _ flags: LineRecordWriter.Flags,
        to output: inout [UInt8]
    ) -> Bool {
        if parse(view, origin.arrival) {
            return writer.append(record, of: view, arrival: origin.arrival, flags: flags, to: &output)
        }
        // RE2 reads UTF-8: its `.` means no byte of Latin-1.
        guard pattern != nil, !JSONText.isUTF8(view.base) else { return false }
        mended.removeAll(keepingCapacity: true)
        JSONText.appendRepaired(view.base, to: &mended)
        let copy = mended
        return copy.withUnsafeBytes { bytes in
            record.reset()
            let view = ByteView(bytes)
            guard parse(view, origin.arrival),
                writer.append(record, of: view, arrival: origin.arrival, flags: flags, to: &output)
            else { return false }
            writer.countRepaired()
            return true
        }
    }

    private mutating func parse(_ view: ByteView, _ arrival: Int64) -> Bool {
        logfmt?.read(view, arrival: arrival, into: &record) ?? combined?.read(view, arrival: arrival, into: &record)
            ?? pattern?.read(view, arrival: arrival, into: &record) ?? false
    }
}
