import CZlib
import CZstd
import Protocol

/// Unpacks bodies as a stream that stops at a limit, so that a small body cannot claim much memory.
///
/// Not for use by two at once; keeps its zstd context for the next body.
final class Decompressor {
    private var zstd: OpaquePointer?

    init() {
        zstd = Self.makeZstd()
    }

    private static func makeZstd() -> OpaquePointer? {
        guard let zstd = ZSTD_createDCtx() else { return nil }
        ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, HubLimits.zstdWindowLog)
        return zstd
    }

    deinit {
        if let zstd { ZSTD_freeDCtx(zstd) }
    }

    /// What it keeps for the next body, in bytes.
    var memory: Int { zstd.map { ZSTD_sizeof_DCtx($0) } ?? 0 }

    /// Gives back what a frame with a large window has made zstd take, if it is beyond so many bytes.
    func trim(toBytes kept: Int) {
        guard memory > kept else { return }
        ZSTD_freeDCtx(zstd)
        zstd = Self.makeZstd()
    }

    /// Replaces the content of `output` by the unpacked body.
    /// - Parameters:
    ///   - body: as it came.
    ///   - encoding: its Content-Encoding.
    ///   - limit: in bytes after unpacking.
    ///   - output: keeps memory for the next body.
    /// - Throws: `BodyProblem.undecodable` or `.tooLarge`.
    func unpack(
        _ body: UnsafeRawBufferPointer,
        encoding: BodyEncoding,
        limit: Int,
        into output: PaddedBuffer
    ) throws(BodyProblem) {
        output.removeAll(keeping: HubLimits.decoderScratchBytes)
        switch encoding {
        case .identity:
            guard body.count <= limit else { throw Self.tooLarge(limit) }
            output.append(body)
        case .zstd: try unpackZstd(body, limit: limit, into: output)
        // 15 + 16: the gzip format alone (RFC 1952).
        case .gzip: try inflateAll(body, windowBits: 15 + 16, limit: limit, into: output)
        // HTTP's "deflate" is zlib's format (RFC 9110 §8.4.1.2); some senders leave its header out (RFC 1951).
        case .deflate:
            let hasHeader = body.count >= 2 && body[0] & 0x0F == 8 && (Int(body[0]) << 8 | Int(body[1])) % 31 == 0
            try inflateAll(body, windowBits: hasHeader ? 15 : -15, limit: limit, into: output)
        }
    }

    private static func tooLarge(_ limit: Int) -> BodyProblem {
        .tooLarge("the body is larger than \(limit >> 20) MiB after decompression; send smaller batches")
    }

    /// Room that unpacking asks for at a time, in bytes.
    private static let pieceBytes = 256 << 10

    private func unpackZstd(
        _ body: UnsafeRawBufferPointer,
        limit: Int,
        into output: PaddedBuffer
    ) throws(BodyProblem) {
        // Without memory it may be there the next time.
        if zstd == nil { zstd = Self.makeZstd() }
        guard let zstd else { throw .undecodable("no memory to decompress zstd") }
        ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only)
        var input = ZSTD_inBuffer(src: body.baseAddress, size: body.count, pos: 0)
        // A frame that names its size is unpacked in one piece; the claim is checked against the limit first.
        // The two highest values say "unknown" and "error".
        let claimed = ZSTD_getFrameContentSize(body.baseAddress, body.count)
        let isClaimed = claimed < UInt64.max - 1
        if isClaimed, claimed > UInt64(limit) { throw Self.tooLarge(limit) }
        var piece = isClaimed ? max(Int(claimed), 1) : Self.pieceBytes
        while true {
            let room = min(piece, limit + 1 - output.count)
            var result = 0
            var written = 0
            output.fill(room) { target in
                var out = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                result = ZSTD_decompressStream(zstd, &out, &input)
                written = out.pos
                return written
            }
            if ZSTD_isError(result) != 0 {
                throw .undecodable("the body is not zstd: \(String(cString: ZSTD_getErrorName(result)))")
            }
            guard output.count <= limit else { throw Self.tooLarge(limit) }
            if input.pos == input.size {
                // 0: the frame is complete. Otherwise what is left of it must still come out, as long as there is any.
                if result == 0 { return }
                if written < room { throw .undecodable("the zstd body ends early") }
            }
            piece = Self.pieceBytes
        }
    }

    private func inflateAll(
        _ body: UnsafeRawBufferPointer,
        windowBits: Int32,
        limit: Int,
        into output: PaddedBuffer
    ) throws(BodyProblem) {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .undecodable("no memory to decompress")
        }
        defer { inflateEnd(&stream) }
        // zlib does not write to its input; its interface merely lacks the const.
        stream.next_in = UnsafeMutablePointer(mutating: body.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(clamping: body.count)
        while true {
            var code = Z_OK
            var written = 0
            output.fill(min(Self.pieceBytes, limit + 1 - output.count)) { target in
                stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(clamping: target.count)
                code = inflate(&stream, Z_NO_FLUSH)
                written = target.count - Int(stream.avail_out)
                return written
            }
            guard output.count <= limit else { throw Self.tooLarge(limit) }
            if code == Z_STREAM_END {
                // gzip allows several members one after another (RFC 1952 §2.2).
                guard stream.avail_in > 0, windowBits > 15 else { return }
                guard inflateReset(&stream) == Z_OK else { throw .undecodable("the gzip body cannot be read") }
            } else if code != Z_OK || (written == 0 && stream.avail_in == 0) {
                throw .undecodable("the body is not what its Content-Encoding says, or it ends early")
            }
        }
    }
}
