/// What the hub remembers of one generation of an agent, so that a batch that comes again is answered as it was the
/// first time: a field `AGENT.GENERATION` of `kmf:seen:{HUB}`.
///
/// ```
///  +---------+----------+----------+----------+-----------------------------------------+
///  | version | highest  | bitmap   | touched  | answers, the highest sequence's first … |
///  | 1 byte  | 8 bytes  | 8 bytes  | 8 bytes  | one for the highest and each set bit    |
///  +---------+----------+----------+----------+-----------------------------------------+
///  '------- revision: 17 bytes ----'
///
///  highest   the highest sequence seen, low byte first
///  bitmap    bit k is set: highest - 1 - k was seen; what lies below the 64 counts as seen
///  touched   arrival of the newest batch, nanoseconds: idle fields go after retention + 25 h
///  answer    zigzag varints: first log's sequence and arrival, each the difference from the answer before;
///            varints: accepted logs, then 1 when refused runs were cut, else 0; runs of refused positions (PositionRuns)
/// ```
///
/// The commit script writes it in the same step as the WAL entry, and only if the revision (which changes with every
/// batch) is still the one that the hub computed from; hubs before the first batch expect the empty revision.
struct SeenWindow: Sendable, Equatable {
    static let version: UInt8 = 1
    /// Bytes that the commit script compares.
    static let revisionBytes = 17

    /// How a batch was answered.
    struct Answer: Sendable, Equatable {
        /// Its number within the generation.
        var sequence: UInt64
        /// The sequence of its first position.
        var firstSequence: UInt64
        /// Nanoseconds since 1970.
        var arrival: Int64
        /// Logs that were taken.
        var accepted: Int
        /// Refused positions; bounded by `HubLimits.seenRefusedRuns`.
        var refused: [PositionRuns.Run]
        /// More were refused than `refused` tells.
        var isCut = false
    }

    /// What a sequence number is to this window.
    enum Verdict: Equatable {
        case new
        /// Seen, and this is how it was answered.
        case duplicate(Answer)
        /// Older than the window: seen, as far as anybody can tell.
        case forgotten
    }

    private(set) var highest: UInt64
    private(set) var bitmap: UInt64 = 0
    private(set) var touched: Int64
    /// Falling by sequence; the first is the highest's.
    private(set) var answers: [Answer]

    /// A window that has seen one batch.
    init(first: Answer) {
        highest = first.sequence
        touched = first.arrival
        answers = [first]
    }

    func verdict(_ sequence: UInt64) -> Verdict {
        if sequence > highest { return .new }
        let distance = highest - sequence
        if distance > UInt64(HubLimits.seenWindow) { return .forgotten }
        if distance > 0 && bitmap >> (distance - 1) & 1 == 0 { return .new }
        if let answer = answers.first(where: { $0.sequence == sequence }) { return .duplicate(answer) }
        return .forgotten
    }

    /// Notes a batch whose verdict was `.new`.
    mutating func insert(_ answer: Answer) {
        touched = max(touched, answer.arrival)
        if answer.sequence > highest {
            let shift = answer.sequence - highest
            // Swift's shifts give 0 beyond the width.
            bitmap = bitmap << shift
            if shift <= 64 { bitmap |= 1 << (shift - 1) }
            highest = answer.sequence
            answers.insert(answer, at: 0)
            answers.removeAll { highest - $0.sequence > UInt64(HubLimits.seenWindow) }
        } else {
            bitmap |= 1 << (highest - answer.sequence - 1)
            let place = answers.firstIndex { $0.sequence < answer.sequence } ?? answers.count
            answers.insert(answer, at: place)
        }
    }

    /// The bytes that change with every batch.
    var revision: [UInt8] {
        var bytes = [Self.version]
        bytes.appendFixed(highest)
        bytes.appendFixed(bitmap)
        return bytes
    }

    /// The field's value.
    var value: [UInt8] {
        var bytes = revision
        bytes.reserveCapacity(32 + answers.count * 16)
        bytes.appendFixed(UInt64(bitPattern: touched))
        var sequence: UInt64 = 0
        var arrival: Int64 = 0
        for answer in answers {
            bytes.appendZigZag(Int64(bitPattern: answer.firstSequence &- sequence))
            bytes.appendZigZag(answer.arrival &- arrival)
            bytes.appendVarint(UInt64(answer.accepted))
            bytes.append(answer.isCut ? 1 : 0)
            PositionRuns.append(answer.refused, to: &bytes)
            sequence = answer.firstSequence
            arrival = answer.arrival
        }
        return bytes
    }

    /// When a window was last touched, without reading the rest of it; nil: it cannot be read.
    static func touched(_ value: [UInt8]) -> Int64? {
        guard value.count >= revisionBytes + 8, value[0] == version else { return nil }
        return value.withUnsafeBytes {
            Int64(littleEndian: $0.loadUnaligned(fromByteOffset: revisionBytes, as: Int64.self))
        }
    }

    /// Reads a field's value.
    init(value: [UInt8]) throws(FormatProblem) {
        let result: Result<SeenWindow, FormatProblem> = value.withUnsafeBytes { bytes in
            Result { () throws(FormatProblem) in try SeenWindow(bytes) }
        }
        self = try result.get()
    }

    private init(_ bytes: UnsafeRawBufferPointer) throws(FormatProblem) {
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard version == Self.version else { throw .unknownVersion(version) }
        highest = try reader.fixed()
        bitmap = try reader.fixed()
        touched = Int64(bitPattern: try reader.fixed())
        answers = []
        var firstSequence: UInt64 = 0
        var arrival: Int64 = 0
        for distance in 0...UInt64(HubLimits.seenWindow) where distance == 0 || bitmap >> (distance - 1) & 1 == 1 {
            guard distance < highest else { throw .invalid("bitmap", at: reader.offset) }
            firstSequence = firstSequence &+ UInt64(bitPattern: try reader.zigZag())
            arrival = arrival &+ (try reader.zigZag())
            let accepted = try reader.count("accepted", atMost: HubLimits.bodyPositions)
            let isCut = try reader.byte() != 0
            let refused = try PositionRuns.read(&reader, positionCount: HubLimits.bodyPositions)
            answers.append(
                Answer(
                    sequence: highest - distance,
                    firstSequence: firstSequence,
                    arrival: arrival,
                    accepted: accepted,
                    refused: refused,
                    isCut: isCut
                )
            )
        }
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
    }
}
