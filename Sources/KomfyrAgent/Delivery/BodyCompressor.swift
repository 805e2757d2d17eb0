import CZstd

/// zstd for bodies: one context, used again for every batch.
///
/// Level 1: 512 KiB of syslog as NDJSON shrink 8.0 to one with it and 7.7 to one with levels 2 and 3, which cost more.
/// Belongs to one thread.
final class BodyCompressor {
    private let context: OpaquePointer
    /// Where frames are made: it has room for the worst case, of which only what a frame took is ever resident.
    private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    static let level: Int32 = 1
    /// The size of zstd's table of places, as a power of two: 32 KiB of it stay in the first-level cache.
    ///
    /// Level 1 would take 64 KiB, which packs by a tenth slower and half a percent better.
    static let tableBits: Int32 = 13

    /// - Throws: `BodyError.noMemory`.
    init() throws(BodyError) {
        guard let context = ZSTD_createCCtx() else { throw .noMemory }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, Self.tableBits)
    }

    deinit {
        room.deallocate()
        ZSTD_freeCCtx(context)
    }

    /// One zstd frame that holds `body`, with its length.
    func compress(_ body: [UInt8]) throws(BodyError) -> [UInt8] {
        let bound = ZSTD_compressBound(body.count)
        if room.count < bound {
            room.deallocate()
            room = UnsafeMutableRawBufferPointer.allocate(byteCount: bound, alignment: 16)
        }
        let code = ZSTD_compress2(context, room.baseAddress, room.count, body, body.count)
        guard ZSTD_isError(code) == 0 else { throw .refused(String(cString: ZSTD_getErrorName(code))) }
        return Array(room[..<code])
    }

    /// What a zstd frame of at most `limit` bytes of content holds.
    static func decompress(_ frame: [UInt8], limit: Int) throws(BodyError) -> [UInt8] {
        let size = ZSTD_getFrameContentSize(frame, frame.count)
        // The two highest values mean "not given" and "not a frame".
        guard size <= UInt64(limit) else { throw .refused("no zstd frame of at most \(limit) bytes") }
        var code = 0
        let body = [UInt8](unsafeUninitializedCapacity: Int(size)) { room, count in
            code = ZSTD_decompress(room.baseAddress, room.count, frame, frame.count)
            count = ZSTD_isError(code) == 0 ? code : 0
        }
        guard ZSTD_isError(code) == 0 else { throw .refused(String(cString: ZSTD_getErrorName(code))) }
        return body
    }
}

@available(*, unavailable)
extension BodyCompressor: Sendable {}

/// What zstd could not do.
enum BodyError: Error, Equatable {
    case noMemory
    /// zstd's words.
    case refused(String)
}
