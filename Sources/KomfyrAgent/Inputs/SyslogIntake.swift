import EventLoop
import Protocol

/// What the syslog inputs have in common: message in, line in the batch out, all counted.
struct SyslogIntake: ~Copyable {
    /// Without what only a socket knows.
    private(set) var statistics = InputStatistics()

    private var parser: SyslogParser
    private var writer: RecordWriter
    private let splitsDatagrams: Bool
    /// Nil when every log is kept.
    private let shaper: Shaper?
    private let own: OwnMessages

    /// For one input.
    /// - Parameters:
    ///   - settings: what all its logs share.
    ///   - zone: of times that name none.
    ///   - splitsDatagrams: whether what it takes are datagrams that may hold several messages.
    ///   - shaper: its rules and its rate limit.
    ///   - own: what is never taken.
    init(
        _ settings: RecordWriter.Settings,
        zone: Zone,
        splitsDatagrams: Bool,
        shaper: Shaper?,
        own: OwnMessages = OwnMessages()
    ) {
        self.own = own
        parser = SyslogParser(zone: zone)
        writer = RecordWriter(settings)
        self.splitsDatagrams = splitsDatagrams
        self.shaper = shaper
    }

    /// The input has stopped: what a rate limit held back is told.
    func close() { shaper?.close() }

    /// Counts something that was not kept.
    mutating func drop(_ reason: InputStatistics.DropReason, bytes: Int) {
        statistics.countDropped(reason, bytes: bytes)
    }

    /// Takes a datagram or a frame.
    /// - Parameters:
    ///   - bytes: valid during the call.
    ///   - part: what it is of what the sender sent.
    ///   - arrival: of whom, and when.
    ///   - batcher: takes the line.
    /// - Returns: why it was not kept, if it, or a part of it, was not.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer,
        _ part: StreamFramer.Part,
        _ arrival: Arrival,
        into batcher: Batcher
    ) -> InputStatistics.DropReason? {
        guard splitsDatagrams, DatagramMessages.isSeveral(bytes) else {
            return takeFrame(bytes, part, arrival, into: batcher)
        }
        var reason: InputStatistics.DropReason?
        var messages = DatagramMessages(bytes)
        while let message = messages.next() {
            reason = takeFrame(message, part, arrival, into: batcher) ?? reason
        }
        return reason
    }

    private mutating func takeFrame(
        _ bytes: UnsafeRawBufferPointer,
        _ part: StreamFramer.Part,
        _ arrival: Arrival,
        into batcher: Batcher
    ) -> InputStatistics.DropReason? {
        guard MessagePieces.mustCut(bytes) else { return takeOne(bytes, part, arrival, into: batcher) }
        var reason: InputStatistics.DropReason?
        MessagePieces.cut(bytes, part) { piece, part in
            reason = takeOne(piece, part, arrival, into: batcher) ?? reason
        }
        return reason
    }

    private mutating func takeOne(
        _ bytes: UnsafeRawBufferPointer,
        _ part: StreamFramer.Part,
        _ arrival: Arrival,
        into batcher: Batcher
    ) -> InputStatistics.DropReason? {
        guard arrival.canWait || batcher.hasRoomForDatagrams else {
            drop(.noRoom, bytes: bytes.count)
            return .noRoom
        }
        statistics.bytes += UInt64(bytes.count)
        let origin = RecordWriter.Origin(peer: arrival.peer, arrival: arrival.time, isTruncated: part != .whole)
        if part == .continuation {
            guard !arrival.long.isLeftOut else { return nil }
            batcher.append(fromDatagrams: !arrival.canWait) { output in
                writer.append(text: bytes, from: origin, to: &output)
                return true
            }
            return nil
        }
        statistics.received += 1
        if part == .cut { statistics.cut += 1 }
        if arrival.long.isLeftOut { arrival.long.isLeftOut = false }
        if let shaper {
            let answer = shaper.admit(arrival.peer)
            guard answer == .taken else {
                holdBack(bytes, part, answer, shaper, from: origin, of: arrival.long)
                return nil
            }
        }
        let message = parser.parse(bytes, arrival: arrival.time)
        guard !own.isSender(arrival.peer), !own.isOwn(message, of: bytes) else {
            leaveOut(.ownMessage, part, of: arrival.long)
            return nil
        }
        if message.form == .unparsed {
            guard !message.message.isEmpty else {
                statistics.dropped[.empty] += 1
                return .empty
            }
        }
        var isKept = true
        batcher.append(fromDatagrams: !arrival.canWait) { output in
            let start = output.count
            writer.append(message, of: bytes, from: origin, to: &output)
            if let shaper { isKept = shaper.keeps(&output, from: start) }
            return isKept
        }
        if !isKept {
            leaveOut(.rule, part, of: arrival.long)
        } else if message.form == .unparsed {
            statistics.unparsed += 1
        } else {
            statistics.parsed += 1
        }
        statistics.repaired = writer.repaired
        statistics.groupsFolded = writer.folded
        return nil
    }

    /// A message beyond its sender's rate limit.
    private mutating func holdBack(
        _ bytes: UnsafeRawBufferPointer,
        _ part: StreamFramer.Part,
        _ answer: RateLimiter.Answer,
        _ shaper: Shaper,
        from origin: RecordWriter.Origin,
        of long: LongMessage
    ) {
        if answer == .firstHeldBack {
            var line: [UInt8] = []
            writer.append(parser.parse(bytes, arrival: origin.arrival), of: bytes, from: origin, to: &line)
            line.withUnsafeBytes { shaper.identify(origin.peer, $0) }
        }
        leaveOut(.rateLimited, part, of: long)
    }

    private mutating func leaveOut(
        _ reason: InputStatistics.DropReason,
        _ part: StreamFramer.Part,
        of long: LongMessage
    ) {
        statistics.dropped[reason] += 1
        if part == .cut { long.isLeftOut = true }
    }
}
