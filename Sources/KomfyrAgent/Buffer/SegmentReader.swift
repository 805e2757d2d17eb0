/// Walks the frames of one segment without reading bodies, and finds its way again behind damage.
struct SegmentReader {
    /// What stands at an offset.
    enum Step: Equatable {
        /// A frame with a sound header that lies whole within the segment; its body is checked only where no frame
        /// follows.
        case frame(FrameHeader)
        /// Bytes that are no frame, up to the next one or to the end.
        case damaged(Range<UInt64>)
        case end
    }

    private let file: any OpenFile
    private var chunk: [UInt8] = []
    private var chunkStart: UInt64 = 0
    /// Small while frames are large: what follows a header is then its body, which nobody needs here.
    private var chunkBytes = SegmentReader.largeChunk

    private static let smallChunk = 4 << 10
    private static let largeChunk = 64 << 10

    init(_ file: any OpenFile) {
        self.file = file
    }

    /// What stands at `offset` of a segment that ends at `end`.
    mutating func step(at offset: UInt64, end: UInt64) throws(FileError) -> Step {
        guard offset < end else { return .end }
        if let header = try header(at: offset, end: end) {
            return hidden(by: header, at: offset, end: end).map { .damaged(offset..<$0) } ?? .frame(header)
        }
        var place = offset + 1
        while let candidate = try nextMagic(from: place, end: end) {
            if try header(at: candidate, end: end) != nil { return .damaged(offset..<candidate) }
            place = candidate + 1
        }
        return .damaged(offset..<end)
    }

    /// Forgets what was read, for a file that has grown or been written over since.
    mutating func forget() {
        chunk.removeAll(keepingCapacity: true)
    }

    /// The positions of a frame.
    /// - Returns: nil when they are damaged.
    func positions(of header: FrameHeader, at offset: UInt64) throws(FileError) -> [FilePosition]? {
        let bytes = try file.read(header.positionsBytes, at: offset + UInt64(FrameHeader.size))
        guard bytes.count == header.positionsBytes,
            CRC32C.checksum(bytes, in: 0..<bytes.count) == header.positionsChecksum
        else { return nil }
        return bytes.withUnsafeBytes { PositionsBlock.read($0) }
    }

    /// The body of a frame.
    /// - Returns: nil when it is damaged.
    func body(of header: FrameHeader, at offset: UInt64) throws(FileError) -> [UInt8]? {
        let start = offset + UInt64(FrameHeader.size + header.positionsBytes)
        let bytes = try file.read(header.bodyBytes, at: start)
        guard bytes.count == header.bodyBytes, CRC32C.checksum(bytes, in: 0..<bytes.count) == header.bodyChecksum
        else { return nil }
        return bytes
    }

    /// Where a sound frame stands within what `header` says is its own.
    ///
    /// A disk that puts bytes of one place at another one brings sound headers where they do not belong, whose frames
    /// reach over others. Such a frame's end is hardly ever where another one begins, so that the bodies of all others
    /// need not be read here.
    private mutating func hidden(by header: FrameHeader, at offset: UInt64, end: UInt64) -> UInt64? {
        let next = offset + UInt64(header.frameBytes)
        do throws(FileError) {
            guard next < end, try self.header(at: next, end: end) == nil, try body(of: header, at: offset) == nil
            else { return nil }
            var place = offset + 1
            while let candidate = try nextMagic(from: place, end: end), candidate < next {
                if let other = try self.header(at: candidate, end: end), try body(of: other, at: candidate) != nil {
                    return candidate
                }
                place = candidate + 1
            }
        } catch {
            // What cannot be read behind this frame is met in its turn.
        }
        return nil
    }

    private mutating func header(at offset: UInt64, end: UInt64) throws(FileError) -> FrameHeader? {
        guard end - offset >= UInt64(FrameHeader.size) else { return nil }
        guard try fill(at: offset, end: end, atLeast: FrameHeader.size) else { return nil }
        let start = Int(offset - chunkStart)
        let header = chunk.withUnsafeBytes { FrameHeader(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        guard let header, UInt64(header.frameBytes) <= end - offset else { return nil }
        chunkBytes = header.frameBytes > Self.smallChunk ? Self.smallChunk : Self.largeChunk
        return header
    }

    /// The next place at or behind `offset` where the bytes of the magic stand.
    private mutating func nextMagic(from offset: UInt64, end: UInt64) throws(FileError) -> UInt64? {
        var place = offset
        chunkBytes = Self.largeChunk
        while end > place, end - place >= UInt64(FrameHeader.size) {
            guard try fill(at: place, end: end, atLeast: 4) else { return nil }
            let start = Int(place - chunkStart)
            let found: Int? = chunk.withUnsafeBytes { bytes in
                var index = start
                while index + 4 <= bytes.count {
                    if UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
                        == FrameHeader.magic
                    {
                        return index
                    }
                    index += 1
                }
                return nil
            }
            if let found { return chunkStart + UInt64(found) }
            // The last three bytes may be the beginning of a magic.
            place = chunkStart + UInt64(chunk.count - 3)
        }
        return nil
    }

    /// Makes sure that the chunk holds `atLeast` bytes from `offset` on.
    private mutating func fill(at offset: UInt64, end: UInt64, atLeast: Int) throws(FileError) -> Bool {
        if offset >= chunkStart, offset + UInt64(atLeast) <= chunkStart + UInt64(chunk.count) { return true }
        let count = Int(min(UInt64(chunkBytes), end - offset))
        chunk.removeAll(keepingCapacity: true)
        chunk = try file.read(count, at: offset)
        chunkStart = offset
        return chunk.count >= atLeast
    }
}
