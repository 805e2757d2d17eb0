import Protocol

/// One batch on disk.
///
/// ```
///  0                   4                   8                   12                  16
///  ┌───────────────────┬───────────────────┬───────────────────┬───────────────────┐
///  │ magic "KFR" 0x01  │ positions, bytes  │ body, bytes       │ records           │
///  ├───────────────────┼───────────────────┼───────────────────┴───────────────────┤ 16
///  │ body before zstd  │ flags             │ when made, ns since 1970              │
///  ├───────────────────┴───────────────────┴───────────────────────────────────────┤ 32
///  │ generation (128 bits, the first 64 of them first)                             │
///  ├───────────────────────────────────────┬───────────────────┬───────────────────┤ 48
///  │ sequence                              │ CRC of positions  │ CRC of body       │
///  ├───────────────────┬───────────────────┴───────────────────┴───────────────────┘ 64
///  │ CRC of bytes 0–63 │
///  ├───────────────────┴──────────────────────────────────────────┐ 68
///  │ positions (`PositionsBlock`), then the body: one zstd frame   │
///  └──────────────────────────────────────────────────────────────┘
/// ```
///
/// Numbers are little-endian, checksums CRC-32C. The header has a checksum of its own, so that a long backlog is
/// walked from header to header without reading bodies, and a frame behind a damaged one is found again by its
/// magic. The body is posted as it is and checked when it is read for that. A frame's agent is its segment's.
///
/// Flags: bit 0, only records of inputs that cannot be held back. The others are 0.
///
/// Written by `DiskBuffer` once, at the end of the newest segment; never changed.
struct FrameHeader: Sendable, Equatable {
    /// Bytes of the header itself.
    static let size = 68
    /// The bytes that a frame begins with.
    static let magic: UInt32 = 0x0152_464B

    var positionsBytes: Int
    var bodyBytes: Int
    /// Lines in the body; 0 when the frame carries positions alone.
    var records: Int
    /// Bytes of the body before compression.
    var uncompressedBytes: Int
    var isFromDatagramsOnly: Bool
    /// Nanoseconds since 1970.
    var madeNs: Int64
    var generation: BatchIdentity.Generation
    var sequence: UInt64
    var positionsChecksum: UInt32
    var bodyChecksum: UInt32

    /// Bytes of the whole frame.
    var frameBytes: Int { Self.size + positionsBytes + bodyBytes }

    /// Appends the header.
    func append(to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(littleEndian: Self.magic)
        bytes.append(littleEndian: UInt32(clamping: positionsBytes))
        bytes.append(littleEndian: UInt32(clamping: bodyBytes))
        bytes.append(littleEndian: UInt32(clamping: records))
        bytes.append(littleEndian: UInt32(clamping: uncompressedBytes))
        bytes.append(littleEndian: UInt32(isFromDatagramsOnly ? 1 : 0))
        bytes.append(littleEndian: madeNs)
        bytes.append(littleEndian: generation.high)
        bytes.append(littleEndian: generation.low)
        bytes.append(littleEndian: sequence)
        bytes.append(littleEndian: positionsChecksum)
        bytes.append(littleEndian: bodyChecksum)
        let checksum = CRC32C.checksum(bytes, in: start..<bytes.count)
        bytes.append(littleEndian: checksum)
    }
}

extension FrameHeader {
    /// Reads a header from the first bytes.
    /// - Returns: nil when there is none: too few bytes, another magic, a wrong checksum, sizes beyond any bound.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.size else { return nil }
        var reader = LittleEndianReader(bytes)
        guard reader.number(UInt32.self) == Self.magic else { return nil }
        positionsBytes = Int(reader.number(UInt32.self))
        bodyBytes = Int(reader.number(UInt32.self))
        records = Int(reader.number(UInt32.self))
        uncompressedBytes = Int(reader.number(UInt32.self))
        isFromDatagramsOnly = reader.number(UInt32.self) & 1 == 1
        madeNs = reader.number()
        let high = reader.number(UInt64.self)
        generation = BatchIdentity.Generation(high: high, low: reader.number())
        sequence = reader.number()
        positionsChecksum = reader.number()
        bodyChecksum = reader.number()
        let covered = UnsafeRawBufferPointer(rebasing: bytes[0..<(Self.size - 4)])
        guard reader.number(UInt32.self) == CRC32C.checksum(covered), sequence > 0,
            positionsBytes <= AgentLimits.positionsBlockBytes, bodyBytes <= AgentLimits.frameBodyBytes
        else { return nil }
    }
}
