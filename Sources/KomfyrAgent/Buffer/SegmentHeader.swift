/// What a segment opens with: whose frames follow, and how far every known file had been read.
///
/// ```
///  0            8             12            16
///  ┌────────────┬─────────────┬─────────────┬────────────┬──────────────┬──────────────┬─────────┬───────┬───────────┐
///  │ "KFRSEG" 1 │ u32 bytes   │ u32 CRC of  │ u64 number │ u64 number   │ u64 where    │ u16     │ agent │ positions │
///  │ 0          │ from 16 on  │ those       │            │ of the one   │ that one     │ its     │       │           │
///  │            │             │             │            │ before       │ ends         │ length  │       │           │
///  └────────────┴─────────────┴─────────────┴────────────┴──────────────┴──────────────┴─────────┴───────┴───────────┘
/// ```
///
/// Where the segment before ends: what stands behind that in its file is left of a failed write, or was in doubt
/// after a failed sync and stands in this segment again.
///
/// Byte 6 of the magic is the format's version. The positions are those whose frames were on disk for certain when
/// the segment was made: a header never knows more than older segments prove. It is synced, renamed to its name, and
/// the folder synced too, before it counts.
///
/// Recovery takes the positions of the newest readable header and advances them by the frames behind it, so older
/// segments can be deleted once the hub has their frames.
struct SegmentHeader: Sendable, Equatable {
    var number: UInt64
    /// The segment before, and where it ends; 0 when there was none.
    var previous: UInt64
    var previousEnd: UInt64
    /// The name in the identities of the frames that follow.
    var agent: String
    var positions: [FilePosition]

    private static let magic: [UInt8] = Array("KFRSEG".utf8) + [1, 0]
    /// Bytes before the part that the checksum covers.
    static let prefixBytes = 16

    /// The header as bytes.
    func encoded() -> [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: number)
        bytes.append(littleEndian: previous)
        bytes.append(littleEndian: previousEnd)
        let name = agent.utf8.prefix(Int(UInt16.max))
        bytes.append(littleEndian: UInt16(name.count))
        bytes.append(contentsOf: name)
        PositionsBlock.append(positions, to: &bytes)
        bytes.put(UInt32(clamping: bytes.count - Self.prefixBytes), at: 8)
        bytes.put(CRC32C.checksum(bytes, in: Self.prefixBytes..<bytes.count), at: 12)
        return bytes
    }

    /// How many bytes a header has, by its first `prefixBytes`.
    /// - Returns: nil when they are not a header's.
    static func length(_ prefix: [UInt8]) -> Int? {
        guard prefix.count >= prefixBytes, prefix.starts(with: magic) else { return nil }
        let rest = prefix.withUnsafeBytes {
            Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        }
        return rest <= AgentLimits.positionsBlockBytes ? prefixBytes + rest : nil
    }
}

extension SegmentHeader {
    /// Reads a whole header.
    /// - Returns: nil when it is damaged.
    init?(_ bytes: [UInt8]) {
        guard let length = Self.length(bytes), length == bytes.count else { return nil }
        let header: SegmentHeader? = bytes.withUnsafeBytes { raw in
            let body = UnsafeRawBufferPointer(rebasing: raw[Self.prefixBytes...])
            let checksum = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
            guard CRC32C.checksum(body) == checksum else { return nil }
            var reader = LittleEndianReader(body)
            var header = SegmentHeader(
                number: reader.number(),
                previous: reader.number(),
                previousEnd: reader.number(),
                agent: "",
                positions: []
            )
            let nameBytes = Int(reader.number(UInt16.self))
            header.agent = reader.text(nameBytes)
            guard reader.isWhole, header.number <= AgentLimits.segmentNumber,
                let positions = PositionsBlock.read(UnsafeRawBufferPointer(rebasing: body[reader.offset...]))
            else { return nil }
            header.positions = positions
            return header
        }
        guard let header else { return nil }
        self = header
    }
}
