import Glibc

/// Cuts a byte stream into messages: syslog (RFC 6587, RFC 5425), the framing told apart for each frame, or lines.
///
/// ```
///  octet counting (§3.4.1)     57 <34>1 2003-…            count, blank, that many bytes; no delimiter
///  non-transparent (§3.4.2)    <34>Oct 11 …LF             anything else: up to LF, CR LF, or NUL
/// ```
///
/// - A frame whose first byte is 1 to 9 is octet-counted when a blank follows its at most 7 digits, the count is within
///   the limit, and the counted bytes begin with `<` (or the sender counted octets before). Otherwise the digits are
///   the beginning of a line: `404 not found` is no frame of 404 bytes.
/// - Empty frames are skipped: some senders end counted frames with an LF of their own.
/// - A frame above the limit is given in pieces: the first is `.cut`, the others `.continuation`. No byte is lost, and
///   no character is cut in two.
/// - What the pieces of the stream were when they arrived makes no difference for the frames.
///
/// A frame that lies whole in what was read is given without a copy; only an incomplete rest is kept, at most `limit`
/// bytes of it. Pure: no sockets, no clock.
struct StreamFramer {
    /// What a frame is of what the sender framed.
    enum Part: Equatable {
        case whole
        /// The beginning of a frame above the limit, or all that came of a counted frame before the connection ended.
        case cut
        /// A further piece of a frame above the limit.
        case continuation
    }

    /// The longest frame in bytes.
    ///
    /// May be lowered while memory is short, even below what is kept already.
    var limit: Int
    /// Bytes of an unfinished frame that are kept now.
    var keptBytes: Int { rest.count }

    private enum State {
        /// Between frames.
        case start
        /// In the digits of an octet count, kept in `rest`.
        case count
        /// In a line.
        case line
        /// In a counted frame that has this many bytes to come.
        case octets(Int)
    }

    private let countsOctets: Bool
    private var state = State.start
    private var rest: [UInt8] = []
    private var isContinuation = false
    private var hasCountedOctets = false

    /// No count within the limit has more digits.
    private static let countDigits = 7
    /// Memory that an idle connection keeps for its next unfinished frame.
    private static let idleCapacity = 4_096

    /// A framer at the beginning of a stream.
    /// - Parameters:
    ///   - limit: the longest frame in bytes, 64 at least.
    ///   - countsOctets: whether a frame may be octet-counted; else all are lines (NDJSON).
    init(limit: Int, countsOctets: Bool = true) {
        precondition(limit >= 64)
        self.limit = limit
        self.countsOctets = countsOctets
    }

    /// Takes what was read and gives each frame that is complete.
    ///
    /// The bytes given to `emit` are valid during the call.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer, Part) -> Void) {
        var terminators = Terminators(bytes)
        var position = 0
        while position < bytes.count {
            switch state {
            case .start:
                let first = bytes[position]
                if first == .lineFeed || first == 0 {
                    position += 1
                } else if countsOctets && first &- UInt8(ascii: "1") <= 8 {
                    state = .count
                } else {
                    state = .line
                }
            case .count:
                readCount(bytes, &position)
            case .line:
                readLine(bytes, &position, &terminators, emit)
            case .octets(let remaining):
                readOctets(bytes, &position, remaining: remaining, emit)
            }
        }
    }

    /// Gives what is unfinished as a last frame: the connection has ended.
    mutating func finish(_ emit: (UnsafeRawBufferPointer, Part) -> Void) {
        let part: Part
        if isContinuation {
            part = .continuation
        } else if case .octets = state {
            part = .cut
        } else {
            part = .whole
        }
        emitRest(part, stripsCarriageReturn: part == .whole, emit)
        state = .start
        isContinuation = false
    }

    /// One byte at a time, for there are few of them; they are kept until it is clear what they are.
    private mutating func readCount(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) {
        let byte = bytes[position]
        if rest.last == .space {
            // All of `MSGLEN SP` is here; the byte after it says whether it was one.
            let count = rest.dropLast().reduce(0) { $0 * 10 + Int($1 - .zero) }
            if count <= limit && (byte == UInt8(ascii: "<") || hasCountedOctets) {
                hasCountedOctets = true
                clearRest()
                state = .octets(count)
            } else {
                state = .line
            }
        } else if byte == .space || (byte.isDigit && rest.count < Self.countDigits) {
            rest.append(byte)
            position += 1
        } else {
            state = .line
        }
    }

    private mutating func readLine(
        _ bytes: UnsafeRawBufferPointer,
        _ position: inout Int,
        _ terminators: inout Terminators,
        _ emit: (UnsafeRawBufferPointer, Part) -> Void
    ) {
        let terminator = terminators.next(from: position)
        let end = terminator ?? bytes.count
        // A rest, or a part of it, comes first; it takes up to the limit of what is new.
        if !rest.isEmpty {
            let taken = min(max(limit - rest.count, 0), end - position)
            rest.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[position..<(position + taken)]))
            position += taken
            if position < end {
                emitPiece(emit)
                return
            }
            guard terminator != nil else { return }
            emitRest(isContinuation ? .continuation : .whole, stripsCarriageReturn: true, emit)
        } else {
            while end - position > limit {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + limit)])
                let count = limit - CharacterCut.unfinishedBytes(of: piece)
                emit(UnsafeRawBufferPointer(rebasing: piece[..<count]), isContinuation ? .continuation : .cut)
                position += count
                isContinuation = true
            }
            guard terminator != nil else {
                rest.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[position..<end]))
                position = end
                return
            }
            var last = end
            if last > position && bytes[last - 1] == .carriageReturn { last -= 1 }
            if last > position {
                emit(UnsafeRawBufferPointer(rebasing: bytes[position..<last]), isContinuation ? .continuation : .whole)
            }
        }
        position = end + 1
        isContinuation = false
        state = .start
    }

    private mutating func readOctets(
        _ bytes: UnsafeRawBufferPointer,
        _ position: inout Int,
        remaining: Int,
        _ emit: (UnsafeRawBufferPointer, Part) -> Void
    ) {
        let available = bytes.count - position
        if rest.isEmpty && available >= remaining {
            emit(
                UnsafeRawBufferPointer(rebasing: bytes[position..<(position + remaining)]),
                isContinuation ? .continuation : .whole
            )
            position += remaining
            isContinuation = false
            state = .start
            return
        }
        let taken = min(remaining, available, max(limit - rest.count, 0))
        rest.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[position..<(position + taken)]))
        position += taken
        if taken == remaining {
            emitRest(isContinuation ? .continuation : .whole, stripsCarriageReturn: false, emit)
            isContinuation = false
            state = .start
        } else {
            state = .octets(remaining - taken)
            // Only when the limit was lowered after this frame had begun.
            if rest.count >= limit { emitPiece(emit) }
        }
    }

    /// Gives what is kept as a piece of a frame above the limit; an unfinished character is the next one's.
    private mutating func emitPiece(_ emit: (UnsafeRawBufferPointer, Part) -> Void) {
        let unfinished = rest.withUnsafeBytes { Array($0.suffix(CharacterCut.unfinishedBytes(of: $0))) }
        rest.removeLast(unfinished.count)
        emitRest(isContinuation ? .continuation : .cut, stripsCarriageReturn: false, emit)
        rest.append(contentsOf: unfinished)
        isContinuation = true
    }

    private mutating func emitRest(
        _ part: Part,
        stripsCarriageReturn: Bool,
        _ emit: (UnsafeRawBufferPointer, Part) -> Void
    ) {
        if stripsCarriageReturn && rest.last == .carriageReturn { rest.removeLast() }
        if !rest.isEmpty { rest.withUnsafeBytes { emit($0, part) } }
        clearRest()
    }

    private mutating func clearRest() {
        if rest.capacity > Self.idleCapacity {
            rest = []
        } else {
            rest.removeAll(keepingCapacity: true)
        }
    }
}

/// Finds the next LF or NUL of what was read; each is looked for once, however many frames there are.
private struct Terminators {
    private let bytes: UnsafeRawBufferPointer
    private var lineFeed = -1
    private var null = -1

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The first one at or after `position`, which never goes back.
    mutating func next(from position: Int) -> Int? {
        if lineFeed < position { lineFeed = find(.lineFeed, from: position) }
        if null < position { null = find(0, from: position) }
        let first = min(lineFeed, null)
        return first < bytes.count ? first : nil
    }

    private func find(_ byte: UInt8, from position: Int) -> Int {
        guard let base = bytes.baseAddress, position < bytes.count,
            let found = memchr(base + position, Int32(byte), bytes.count - position)
        else { return bytes.count }
        return UnsafeRawPointer(found) - base
    }
}
