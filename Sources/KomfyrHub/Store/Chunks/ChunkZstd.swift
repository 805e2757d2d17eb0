import CZlib
import CZstd

/// Packs the fields of chunks: zstd with a context that is reused, and a check sum that knows where the field belongs.
final class ChunkPacker {
    /// Bodies below it are kept plain: a frame would add to them.
    private static let leastBytes = 24
    /// Parts below it are compressed together with what follows: each block costs zstd thousands of instructions and
    /// takes bytes for its tables, whatever it holds.
    private static let leastPart = 512

    private let context: OpaquePointer
    private var frame: [UInt8] = []

    /// - Throws: `ChunkProblem.outOfMemory`.
    init() throws(ChunkProblem) {
        guard let context = ZSTD_createCCtx() else { throw .outOfMemory }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, HubLimits.sealCompressionLevel)
    }

    deinit { ZSTD_freeCCtx(context) }

    /// How hard the following fields are compressed.
    func setLevel(_ level: Int32) { ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level) }

    /// A field's value.
    func pack(_ body: ChunkBody, field: String, of chunk: String) throws(ChunkProblem) -> [UInt8] {
        var value: [UInt8] = []
        let packed = body.bytes.count >= Self.leastBytes ? try compress(body) : 0
        if packed > 0, packed < body.bytes.count {
            value.reserveCapacity(packed + 5)
            value.append(1)
            value.append(contentsOf: frame[..<packed])
        } else {
            value.reserveCapacity(body.bytes.count + 5)
            value.append(0)
            value.append(contentsOf: body.bytes)
        }
        value.appendFixed32(Self.sum(value[...], field: field, of: chunk))
        return value
    }

    /// Compresses a body into `frame`, a block for each of its larger parts; returns the frame's length.
    private func compress(_ body: ChunkBody) throws(ChunkProblem) -> Int {
        // Each part ends a block, which costs some bytes.
        let bound = ZSTD_compressBound(body.bytes.count) + 64 * (body.cuts.count + 1)
        if frame.count < bound { frame = [UInt8](repeating: 0, count: bound) }
        var code = ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        if ZSTD_isError(code) == 0 { code = ZSTD_CCtx_setPledgedSrcSize(context, UInt64(body.bytes.count)) }
        var written = 0
        if ZSTD_isError(code) == 0 {
            code = frame.withUnsafeMutableBytes { output in
                body.bytes.withUnsafeBytes { input in
                    var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                    var source = ZSTD_inBuffer(src: input.baseAddress, size: 0, pos: 0)
                    var code = 0
                    for cut in body.cuts where cut - source.size >= Self.leastPart && cut < input.count {
                        source.size = cut
                        code = ZSTD_compressStream2(context, &target, &source, ZSTD_e_flush)
                        if code != 0 { return code }
                    }
                    source.size = input.count
                    code = ZSTD_compressStream2(context, &target, &source, ZSTD_e_end)
                    written = target.pos
                    return code
                }
            }
        }
        guard code == 0 else {
            throw .zstd(ZSTD_isError(code) == 0 ? "no room" : String(cString: ZSTD_getErrorName(code)))
        }
        return written
    }

    /// A field's body, of at most `limit` bytes; its sum is checked before anything else.
    static func unpack(_ value: [UInt8], field: String, of chunk: String, limit: Int) throws(ChunkProblem) -> [UInt8] {
        guard value.count >= 5 else { throw .damaged(field) }
        let end = value.count - 4
        var stored: UInt32 = 0
        for index in 0..<4 { stored |= UInt32(value[end + index]) << UInt32(8 * index) }
        guard sum(value[..<end], field: field, of: chunk) == stored else { throw .damaged(field) }
        switch value[0] {
        case 0: return Array(value[1..<end])
        case 1: return try decompress(value[1..<end], limit: limit)
        default: throw .damaged(field)
        }
    }

    private static func sum(_ bytes: ArraySlice<UInt8>, field: String, of chunk: String) -> UInt32 {
        var key = Array(text: chunk)
        key.append(0)
        key.append(contentsOf: field.utf8)
        var sum = crc32_z(0, key, key.count)
        bytes.withUnsafeBufferPointer { sum = crc32_z(sum, $0.baseAddress, $0.count) }
        return UInt32(truncatingIfNeeded: sum)
    }

    /// Unpacks one frame; the frame's own word is checked against the limit first.
    private static func decompress(_ frame: ArraySlice<UInt8>, limit: Int) throws(ChunkProblem) -> [UInt8] {
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
extension ChunkPacker: Sendable {}

/// A field before it is packed: its bytes, and where what follows is of another kind.
struct ChunkBody {
    var bytes: [UInt8] = []
    /// Rising.
    var cuts: [Int] = []

    /// What follows is compressed for itself.
    mutating func cut() { cuts.append(bytes.count) }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        cuts.removeAll(keepingCapacity: true)
    }
}

/// Why a chunk cannot be written or read.
enum ChunkProblem: Error, Sendable, Equatable, CustomStringConvertible {
    case outOfMemory
    /// zstd's words.
    case zstd(String)
    /// A field of the hash is missing.
    case missingField(String)
    /// A field does not have the sum that it was written with.
    case damaged(String)
    case format(FormatProblem)

    var description: String {
        switch self {
        case .outOfMemory: "no memory for zstd"
        case .zstd(let words): "zstd: \(words)"
        case .missingField(let field): "the field \(field) is missing"
        case .damaged(let field): "the field \(field) is damaged"
        case .format(let problem): problem.description
        }
    }
}
