import EventLoop
import Protocol

/// What the JSON inputs have in common: object in, line in the batch out, all counted.
///
/// A line above the limit comes in pieces, which are kept as text, as is all that is no JSON object. Where a token is
/// asked for nobody can tell whose pieces they are, and one of them would show it: then the line is dropped, and
/// counted.
struct JSONIntake: ~Copyable {
    /// Without what only a socket knows.
    private(set) var statistics = InputStatistics()

    private var reader: JSONDatagramReader
    private let asksForToken: Bool
    /// Nil when every log is kept.
    private let shaper: Shaper?

    /// For one input.
    init(_ settings: RecordWriter.Settings, token: String?, shaper: Shaper?) {
        reader = JSONDatagramReader(settings, token: token)
        asksForToken = token != nil
        self.shaper = shaper
    }

    /// The input has stopped: what a rate limit held back is told.
    func close() { shaper?.close() }

    /// Counts something that was not kept.
    mutating func drop(_ reason: InputStatistics.DropReason, bytes: Int) {
        statistics.countDropped(reason, bytes: bytes)
    }

    /// Takes a datagram or a line.
    /// - Parameters:
    ///   - bytes: valid during the call.
    ///   - part: what it is of what the sender sent.
    ///   - arrival: of whom, and when.
    ///   - batcher: takes the line.
    /// - Returns: why it was not kept, if it was not.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer,
        _ part: StreamFramer.Part,
        _ arrival: Arrival,
        into batcher: Batcher
    ) -> InputStatistics.DropReason? {
        guard !MessagePieces.mustCut(bytes) else {
            var reason: InputStatistics.DropReason?
            MessagePieces.cut(bytes, part) { piece, part in
                reason = takeOne(piece, part, arrival, into: batcher) ?? reason
            }
            return reason
        }
        return takeOne(bytes, part, arrival, into: batcher)
    }

    private mutating func takeOne(
        _ bytes: UnsafeRawBufferPointer,
        _ part: StreamFramer.Part,
        _ arrival: Arrival,
        into batcher: Batcher
    ) -> InputStatistics.DropReason? {
        statistics.bytes += UInt64(bytes.count)
        if part != .continuation { statistics.received += 1 }
        if part == .cut { statistics.cut += 1 }
        if part != .whole && asksForToken { return part == .cut ? dropped(.tooLarge) : nil }
        if arrival.long.isLeftOut {
            if part == .continuation { return nil }
            arrival.long.isLeftOut = false
        }
        let origin = RecordWriter.Origin(peer: arrival.peer, arrival: arrival.time, isTruncated: part != .whole)
        var leftOut: InputStatistics.DropReason?
        var outcome = JSONDatagramReader.Outcome.empty
        batcher.append(fromDatagrams: !arrival.canWait) { output in
            let start = output.count
            outcome = reader.append(bytes, from: origin, to: &output)
            guard outcome == .parsed || outcome == .unparsed else { return false }
            // After it was read, for a sender without the token is nobody's.
            if part != .continuation { leftOut = shaper?.judge(&output, from: start, of: arrival.peer) }
            return leftOut == nil
        }
        statistics.repaired = reader.repaired
        statistics.groupsFolded = reader.folded
        if let leftOut {
            statistics.dropped[leftOut] += 1
            if part == .cut { arrival.long.isLeftOut = true }
            return nil
        }
        switch outcome {
        case .parsed:
            if part != .continuation { statistics.parsed += 1 }
            return nil
        case .unparsed:
            if part != .continuation { statistics.unparsed += 1 }
            return nil
        case .wrongToken: return dropped(.wrongToken)
        case .tooLarge: return dropped(.tooLarge)
        case .empty: return dropped(.empty)
        }
    }

    private mutating func dropped(_ reason: InputStatistics.DropReason) -> InputStatistics.DropReason {
        statistics.dropped[reason] += 1
        return reason
    }
}
