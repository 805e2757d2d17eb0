import CZstd

/// zstd for chunk columns: a compressor that is reused, and bounded unpacking.
final class ChunkCompressor {
    /// Fast; what a level more would gain, the columns give many times over.
    private static let level: Int32 = 1

    private let context: OpaquePointer

    /// - Throws: `ChunkProblem.outOfMemory`.
    init() throws(ChunkProblem) {
        guard let context = ZSTD_createCCtx() else { throw .outOfMemory }
        self.context = context
        // The checksum makes damage in Redis show as an error, not as other people's words.
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit { ZSTD_freeCCtx(context) }

    /// One frame that holds `plain` and its length.
    func compress(_ plain: [UInt8]) throws(ChunkProblem) -> [UInt8] {
        var written = 0
        let frame = [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(plain.count)) { buffer, count in
            written = plain.withUnsafeBytes { source in
                ZSTD_compress2(context, buffer.baseAddress, buffer.count, source.baseAddress, source.count)
            }
            count = ZSTD_isError(written) == 0 ? written : 0
        }
        guard ZSTD_isError(written) == 0 else { throw .zstd(String(cString: ZSTD_getErrorName(written))) }
        return frame
    }

    /// Unpacks one frame to at most `limit` bytes; the frame's own word is checked against it first.
    static func decompress(_ frame: [UInt8], limit: Int) throws(ChunkProblem) -> [UInt8] {
        let declared = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // ZSTD_CONTENTSIZE_UNKNOWN and _ERROR are the two highest values, which the limit excludes as well.
        guard declared <= UInt64(limit) else { throw .zstd("no frame, or one of more than \(limit) bytes") }
        var read = 0
        let plain = [UInt8](unsafeUninitializedCapacity: max(Int(declared), 1)) { buffer, count in
            read = frame.withUnsafeBytes { source in
                ZSTD_decompress(buffer.baseAddress, Int(declared), source.baseAddress, source.count)
            }
            count = ZSTD_isError(read) == 0 ? read : 0
        }
        guard ZSTD_isError(read) == 0 else { throw .zstd(String(cString: ZSTD_getErrorName(read))) }
        return plain
    }
}

@available(*, unavailable)
extension ChunkCompressor: Sendable {}

/// Why a chunk cannot be written or read.
enum ChunkProblem: Error, Sendable, Equatable, CustomStringConvertible {
    case outOfMemory
    /// zstd's words.
    case zstd(String)
    /// A field of the hash is missing.
    case missingField(String)
    case format(FormatProblem)

    var description: String {
        switch self {
        case .outOfMemory: "no memory for zstd"
        case .zstd(let words): "zstd: \(words)"
        case .missingField(let field): "the field \(field) is missing"
        case .format(let problem): problem.description
        }
    }
}
