/// File positions as frames and segments carry them.
///
/// ```
///  u32 count, then for each:
///  ┌─────────────────┬───────┬──────────────┬─────────────────┬───────────────┬─────────────┐
///  │ u64 device      │ u64   │ u64          │ u32 bytes the   │ u64 offset    │ u64 guard   │
///  │                 │ inode │ fingerprint  │ fingerprint has │               │ hash        │
///  ├─────────────────┴───┬───┴──────────────┴────┬────────────┴───────────────┴─────────────┘
///  │ u16 length of input │ u16 length of path     │ input, path (UTF-8)
///  └─────────────────────┴────────────────────────┴────────────────────
/// ```
///
/// Little-endian; whoever holds the block has a checksum of it. No positions are no bytes at all.
enum PositionsBlock {
    /// Bytes of a position besides its texts.
    private static let fixedBytes = 48

    /// Appends the block of these positions.
    static func append(_ positions: some Collection<FilePosition>, to bytes: inout [UInt8]) {
        guard !positions.isEmpty else { return }
        bytes.append(littleEndian: UInt32(clamping: positions.count))
        for position in positions {
            let input = position.input.utf8.prefix(Int(UInt16.max))
            let path = position.path.utf8.prefix(AgentLimits.pathBytes)
            bytes.append(littleEndian: position.device)
            bytes.append(littleEndian: position.inode)
            bytes.append(littleEndian: position.fingerprint)
            bytes.append(littleEndian: position.fingerprintLength)
            bytes.append(littleEndian: position.offset)
            bytes.append(littleEndian: position.guardHash)
            bytes.append(littleEndian: UInt16(input.count))
            bytes.append(littleEndian: UInt16(path.count))
            bytes.append(contentsOf: input)
            bytes.append(contentsOf: path)
        }
    }

    /// Reads a block.
    /// - Returns: nil when it is not one.
    static func read(_ bytes: UnsafeRawBufferPointer) -> [FilePosition]? {
        guard bytes.count > 0 else { return [] }
        var reader = LittleEndianReader(bytes)
        let count = Int(reader.number(UInt32.self))
        guard reader.isWhole, count <= bytes.count / fixedBytes else { return nil }
        var positions: [FilePosition] = []
        positions.reserveCapacity(count)
        for _ in 0..<count {
            var position = FilePosition(
                input: "",
                device: reader.number(),
                inode: reader.number(),
                fingerprint: reader.number(),
                fingerprintLength: reader.number(),
                offset: reader.number(),
                guardHash: reader.number(),
                path: ""
            )
            let inputBytes = Int(reader.number(UInt16.self))
            let pathBytes = Int(reader.number(UInt16.self))
            position.input = reader.text(inputBytes)
            position.path = reader.text(pathBytes)
            guard reader.isWhole else { return nil }
            positions.append(position)
        }
        return reader.offset == bytes.count ? positions : nil
    }
}
