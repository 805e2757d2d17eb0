import EventLoop
import Protocol

/// What the syslog inputs have in common: message in, line in the batch out, all counted.
struct SyslogIntake: ~Copyable {
    /// Without what only a socket knows.
    private(set) var statistics = InputStatistics()

    private var parser: SyslogParser
    private var writer: RecordWriter
    private let fromDatagrams: Bool

    /// For one input.
    init(_ settings: RecordWriter.Settings, zone: Zone, fromDatagrams: Bool) {
        parser = SyslogParser(zone: zone)
        writer = RecordWriter(settings)
        self.fromDatagrams = fromDatagrams
    }

    /// Counts something that was not kept.
    mutating func drop(_ reason: InputStatistics.DropReason, bytes: Int) {
        statistics.received += 1
        statistics.bytes += UInt64(bytes)
        statistics.dropped[reason] += 1
    }

    /// Takes a datagram or a frame.
    /// - Parameters:
    ///   - bytes: valid during the call.
    ///   - part: what it is of what the sender sent.
    ///   - peer: the sender.
    ///   - arrival: nanoseconds since 1970.
    ///   - batcher: takes the line.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer,
        _ part: SyslogFramer.Part,
        from peer: Peer,
        arrival: Int64,
        into batcher: Batcher
    ) {
        if fromDatagrams, DatagramMessages.isSeveral(bytes) {
            var messages = DatagramMessages(bytes)
            while let message = messages.next() {
                takeFrame(message, part, from: peer, arrival: arrival, into: batcher)
            }
        } else {
            takeFrame(bytes, part, from: peer, arrival: arrival, into: batcher)
        }
    }

    private mutating func takeFrame(
        _ bytes: UnsafeRawBufferPointer,
        _ part: SyslogFramer.Part,
        from peer: Peer,
        arrival: Int64,
        into batcher: Batcher
    ) {
        // Bytes that are not UTF-8 become three each: what could grow beyond the hub's limit comes in pieces.
        let safeBytes = ProtocolLimits.messageBytes / 3
        if bytes.count > safeBytes && !JSONText.isUTF8(bytes) {
            takePieces(of: bytes, each: safeBytes, part, from: peer, arrival: arrival, into: batcher)
        } else {
            takeOne(bytes, part, from: peer, arrival: arrival, into: batcher)
        }
    }

    private mutating func takePieces(
        of bytes: UnsafeRawBufferPointer,
        each: Int,
        _ part: SyslogFramer.Part,
        from peer: Peer,
        arrival: Int64,
        into batcher: Batcher
    ) {
        var start = 0
        while start < bytes.count {
            let end = min(start + each, bytes.count)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            let isFirst = start == 0 && part != .continuation
            takeOne(piece, isFirst ? .cut : .continuation, from: peer, arrival: arrival, into: batcher)
            start = end
        }
    }

    private mutating func takeOne(
        _ bytes: UnsafeRawBufferPointer,
        _ part: SyslogFramer.Part,
        from peer: Peer,
        arrival: Int64,
        into batcher: Batcher
    ) {
        guard !fromDatagrams || batcher.hasRoomForDatagrams else { return drop(.noRoom, bytes: bytes.count) }
        statistics.bytes += UInt64(bytes.count)
        let origin = RecordWriter.Origin(peer: peer, arrival: arrival, isTruncated: part != .whole)
        if part == .continuation {
            batcher.append(fromDatagrams: fromDatagrams) { output in
                writer.append(text: bytes, from: origin, to: &output)
                return true
            }
            return
        }
        statistics.received += 1
        if part == .cut { statistics.cut += 1 }
        let message = parser.parse(bytes, arrival: arrival)
        if message.form == .unparsed {
            guard !message.message.isEmpty else {
                statistics.dropped[.empty] += 1
                return
            }
            statistics.unparsed += 1
        } else {
            statistics.parsed += 1
        }
        batcher.append(fromDatagrams: fromDatagrams) { output in
            writer.append(message, of: bytes, from: origin, to: &output)
            return true
        }
        statistics.repaired = writer.repaired
        statistics.groupsFolded = writer.folded
    }
}
