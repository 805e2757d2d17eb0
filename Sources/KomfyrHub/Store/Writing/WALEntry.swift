import CZlib
import Protocol

/// One commit, as the stream `kmf:wal:{HUB}` keeps it: what was accepted and is not in chunks yet.
///
/// The entry's id is `FIRST-PART`: the first sequence number it takes (so that the entry that holds a number is found
/// by one XREVRANGE), and 0, or a count from 0 where rows were written again after Redis had lost them. Its one field
/// `c` holds:
///
/// ```
///  +---------+--------+--------+-------------+--------+---------+----
///  | version | CRC-32 | length | description | body 0 | body 1  | …
///  | 1 byte  | 4      | 4      | length      |        |         |
///  +---------+--------+--------+-------------+--------+---------+----
///
///  CRC-32         of the description. Bodies are not summed up again: decoding them finds damage, and they are most
///                 of what flows through here
///  description    varint: how many requests; then for each
///
///  kind 0, a body as it came                        kind 1, rows of a group (see Chunk), from memory
///  +----------------------------------------+       +----------------------------------------+
///  | 0               1 byte                 |       | 1               1 byte                 |
///  | format, encoding, flags, default level |       | flags           1 byte                 |
///  | first sequence  8 bytes                |       | group           text, with flag 1      |
///  | arrival         8 bytes, ns since 1970 |       | length of rows  varint                 |
///  | positions       varint                 |       +----------------------------------------+
///  | refused         runs (PositionRuns)    |
///  | default group   text, with flag 1      |       A text is its length as a varint and its bytes.
///  | default source  text, with flag 2      |       Fixed numbers have their low byte first.
///  | default tags    varint, texts          |
///  | identity        text, with flag 4      |
///  | length of body  varint                 |
///  +----------------------------------------+
/// ```
///
/// A large body that came plain is packed first (zstd), and its encoding says so; others are kept as they came.
///
/// Sequence numbers count positions of the body, refused ones included: a request takes `positions` of them from its
/// first. Which positions were refused is written down, so that replay decides nothing anew: it gives the same logs the
/// same ids whatever the clock, the retention or the code say then. A body of which nothing was taken is left out.
///
/// Written by the commit script (and by the restore script), read at start and in doubt, trimmed once all its logs are
/// in chunks. An entry that cannot be read is copied to `kmf:damaged:{HUB}` and reported; the others go on.
struct WALEntry: Sendable {
    static let version: UInt8 = 1
    static let field = "c"

    /// A request of the commit.
    enum Part: Sendable {
        case request(Request)
        case rows(group: String?, LogRows)
    }

    /// A body as it came, with all that replay needs.
    struct Request: Sendable, Equatable {
        var body: [UInt8]
        var format: BodyFormat
        var encoding: BodyEncoding
        var defaults: RequestDefaults
        var arrival: Int64
        var firstSequence: UInt64
        var positionCount: Int
        /// Rising.
        var refusedPositions: [UInt32]
        var identity: BatchIdentity?
    }

    var parts: [Part]

    /// Reads an entry's value.
    init(value: [UInt8]) throws(FormatProblem) {
        let result: Result<WALEntry, FormatProblem> = value.withUnsafeBytes { bytes in
            Result { () throws(FormatProblem) in try WALEntry(bytes) }
        }
        self = try result.get()
    }

    private init(_ bytes: UnsafeRawBufferPointer) throws(FormatProblem) {
        var header = ByteReader(bytes)
        let version = try header.byte()
        guard version == Self.version else { throw .unknownVersion(version) }
        let sum = try header.fixed32()
        let length = Int(try header.fixed32())
        guard length <= HubLimits.walDescriptionBytes else { throw .invalid("length", at: 5) }
        let description = try header.slice(length)
        guard Self.crc32(description) == sum else { throw .invalid("CRC-32", at: 1) }
        var bodies = header
        var reader = ByteReader(description)
        let count = try reader.count("requests", atMost: length)
        parts = []
        for _ in 0..<count {
            switch try reader.byte() {
            case 0: parts.append(.request(try Self.request(&reader, bodies: &bodies)))
            case 1: parts.append(try Self.rows(&reader, bodies: &bodies))
            default: throw .invalid("kind", at: reader.offset)
            }
        }
        guard reader.remaining == 0, bodies.remaining == 0 else { throw .invalid("length", at: bodies.offset) }
    }

    private static func request(
        _ reader: inout ByteReader,
        bodies: inout ByteReader
    ) throws(FormatProblem) -> Request {
        guard let format = BodyFormat(rawValue: try reader.byte()) else { throw .invalid("format", at: reader.offset) }
        guard let encoding = BodyEncoding(rawValue: try reader.byte()) else {
            throw .invalid("encoding", at: reader.offset)
        }
        let flags = try reader.byte()
        guard let level = Level(rawValue: try reader.byte()) else { throw .invalid("level", at: reader.offset) }
        let firstSequence = try reader.fixed()
        let arrival = Int64(bitPattern: try reader.fixed())
        let positionCount = try reader.count("positions", atMost: HubLimits.bodyPositions)
        guard firstSequence > 0, firstSequence <= .max - UInt64(positionCount) else {
            throw .invalid("sequence", at: reader.offset)
        }
        let refused = try PositionRuns.read(&reader, positionCount: positionCount)
        var defaults = RequestDefaults()
        defaults.level = level
        if flags & 1 != 0 { defaults.group = try reader.text("group", atMost: ProtocolLimits.groupBytes) }
        if flags & 2 != 0 { defaults.source = try reader.text("source", atMost: ProtocolLimits.sourceBytes) }
        for _ in 0..<(try reader.count("tags", atMost: ProtocolLimits.tags)) {
            defaults.tags.append(try reader.text("tag", atMost: ProtocolLimits.tagBytes))
        }
        var identity: BatchIdentity?
        if flags & 4 != 0 {
            guard let read = BatchIdentity(text: try reader.text("identity", atMost: 256)) else {
                throw .invalid("identity", at: reader.offset)
            }
            identity = read
        }
        let bodyBytes = try reader.count("body", atMost: bodies.remaining)
        return Request(
            body: Array(try bodies.slice(bodyBytes)),
            format: format,
            encoding: encoding,
            defaults: defaults,
            arrival: arrival,
            firstSequence: firstSequence,
            positionCount: positionCount,
            refusedPositions: PositionRuns.positions(of: refused),
            identity: identity
        )
    }

    private static func rows(_ reader: inout ByteReader, bodies: inout ByteReader) throws(FormatProblem) -> Part {
        let flags = try reader.byte()
        let group = flags & 1 != 0 ? try reader.text("group", atMost: ProtocolLimits.groupBytes) : nil
        let length = try reader.count("rows", atMost: bodies.remaining)
        return .rows(group: group, try Chunk.decode(try bodies.slice(length)))
    }

    static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
    }
}

/// Writes a WAL entry; each body is copied once, into the value that is sent.
struct WALWriter {
    private var description: [UInt8] = []
    private var bodies: [[UInt8]] = []
    private var bodyBytes = 0
    private var count = 0

    var isEmpty: Bool { count == 0 }

    /// Adds a request; `refused` are all positions that were not taken.
    mutating func append(_ request: IngestRequest, firstSequence: UInt64, refused: [PositionRuns.Run], accepted: Int) {
        append(
            body: accepted == 0 ? [] : request.body,
            format: request.format,
            encoding: request.encoding,
            defaults: request.defaults,
            arrival: request.arrival,
            firstSequence: firstSequence,
            positionCount: request.decoded.positionCount,
            refused: refused,
            identity: request.identity
        )
    }

    /// Adds a request as it was read from an entry.
    mutating func append(_ request: WALEntry.Request) {
        append(
            body: request.body,
            format: request.format,
            encoding: request.encoding,
            defaults: request.defaults,
            arrival: request.arrival,
            firstSequence: request.firstSequence,
            positionCount: request.positionCount,
            refused: PositionRuns.runs(of: request.refusedPositions),
            identity: request.identity
        )
    }

    /// Adds rows of a group, from memory.
    mutating func append(_ rows: LogRows, group: String?) {
        var plain: [UInt8] = []
        Chunk.encode(rows, to: &plain)
        description.append(1)
        description.append(group == nil ? 0 : 1)
        if let group { description.appendText(group) }
        description.appendVarint(UInt64(plain.count))
        add(plain)
    }

    /// The value of the entry's field.
    func value() -> [UInt8] {
        var counted: [UInt8] = []
        counted.appendVarint(UInt64(count))
        let length = counted.count + description.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(9 + length + bodyBytes)
        bytes.append(WALEntry.version)
        bytes.appendFixed32(0)
        bytes.appendFixed32(UInt32(length))
        bytes.append(contentsOf: counted)
        bytes.append(contentsOf: description)
        let sum = bytes.withUnsafeBytes { WALEntry.crc32(UnsafeRawBufferPointer(rebasing: $0[9...])) }
        for index in 0..<4 { bytes[1 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index)) }
        for body in bodies { bytes.append(contentsOf: body) }
        return bytes
    }

    private mutating func append(
        body: [UInt8],
        format: BodyFormat,
        encoding: BodyEncoding,
        defaults: RequestDefaults,
        arrival: Int64,
        firstSequence: UInt64,
        positionCount: Int,
        refused: [PositionRuns.Run],
        identity: BatchIdentity?
    ) {
        description.append(0)
        description.append(format.rawValue)
        description.append(encoding.rawValue)
        description.append(
            (defaults.group == nil ? 0 : 1) | (defaults.source == nil ? 0 : 2) | (identity == nil ? 0 : 4)
        )
        description.append(defaults.level.rawValue)
        description.appendFixed(firstSequence)
        description.appendFixed(UInt64(bitPattern: arrival))
        description.appendVarint(UInt64(positionCount))
        PositionRuns.append(refused, to: &description)
        if let group = defaults.group { description.appendText(group) }
        if let source = defaults.source { description.appendText(source) }
        description.appendVarint(UInt64(defaults.tags.count))
        for tag in defaults.tags { description.appendText(tag) }
        if let identity { description.appendText(identity.text) }
        description.appendVarint(UInt64(body.count))
        add(body)
    }

    private mutating func add(_ body: [UInt8]) {
        bodies.append(body)
        bodyBytes += body.count
        count += 1
    }
}
