/// Cuts a datagram that holds several messages: some senders gather lines as if it were a stream.
///
/// ```
///  <13>first LF <13>second LF      57 <13>first 58 <13>second      LF without `<`PRI`>` behind it is part of a message
/// ```
///
/// A message ends at LF (CR LF, NUL) when a priority follows it. Octet counts are taken when they lead from message to
/// message and end with the datagram.
struct DatagramMessages {
    private let view: ByteView
    private var position = 0
    private let isCounted: Bool
    private var given = 0

    /// Whether there may be several: most datagrams have no LF before their end.
    @inline(__always)
    static func isSeveral(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let view = ByteView(bytes)
        if view[0].isDigit { return countedEnd(view, at: 0) != nil }
        return breakEnd(view, from: 0) != nil
    }

    /// The messages of a datagram.
    init(_ bytes: UnsafeRawBufferPointer) {
        view = ByteView(bytes)
        isCounted = Self.countedEnd(view, at: 0) != nil
    }

    /// The next message; nil at the end.
    mutating func next() -> UnsafeRawBufferPointer? {
        guard position < view.count else { return nil }
        given += 1
        let start = position
        // The rest is one message when there are too many.
        guard given < AgentLimits.messagesPerDatagram else {
            position = view.count
            return view[Field(start: start, end: view.count)]
        }
        if isCounted, let (content, end) = Self.count(view, at: start) {
            position = end
            return view[Field(start: content, end: end)]
        }
        guard let end = Self.breakEnd(view, from: start) else {
            position = view.count
            return view[Field(start: start, end: view.count)]
        }
        position = end
        return view[Field(start: start, end: end)]
    }

    /// Behind the first line end that a priority follows.
    private static func breakEnd(_ view: ByteView, from start: Int) -> Int? {
        var position = start
        while let lineFeed = view.position(of: .lineFeed, from: position, to: view.count - 1) {
            position = lineFeed + 1
            if lineFeed > start, isPriority(view, at: position) { return position }
        }
        return nil
    }

    private static func isPriority(_ view: ByteView, at position: Int) -> Bool {
        guard view[position] == UInt8(ascii: "<"), view[position + 1].isDigit else { return false }
        return SyslogParser.readPriority(view, at: position) != nil
    }

    /// The end of the datagram when counts lead there over two messages or more.
    private static func countedEnd(_ view: ByteView, at start: Int) -> Int? {
        var position = start
        var messages = 0
        while position < view.count {
            guard let (_, end) = count(view, at: position) else { return nil }
            position = end
            messages += 1
        }
        return messages > 1 ? position : nil
    }

    private static func count(_ view: ByteView, at position: Int) -> (content: Int, end: Int)? {
        var count = 0
        var next = position
        while view[next].isDigit && next - position < 7 {
            count = count * 10 + Int(view[next] - .zero)
            next += 1
        }
        guard next > position, view[next] == .space, isPriority(view, at: next + 1), next + 1 + count <= view.count
        else {
            return nil
        }
        return (next + 1, next + 1 + count)
    }
}
