import CZstd

/// Packs bodies that came plain, for the WAL.
///
/// Fast rather than small: measured, the 257 MB of a million logs take 0.53 s and leave 71 MB; zstd's level 1 takes
/// 0.76 s and leaves 50 MB, and Redis takes 4 ms for each MB. Used by one caller at a time.
final class BodyPacker {
    private var context: OpaquePointer?

    deinit {
        if let context { ZSTD_freeCCtx(context) }
    }

    /// What it keeps for the next body, in bytes.
    var memory: Int { context.map { ZSTD_sizeof_CCtx($0) } ?? 0 }

    /// One frame that names its length.
    /// - Returns: nil when it would be no smaller, or there is no memory.
    func pack(_ body: [UInt8]) -> [UInt8]? {
        if context == nil { context = Self.make() }
        guard let context else { return nil }
        let room = body.count / 2 + 1_024
        // What does not shrink to a half is not worth unpacking: zstd then stops with an error for want of room.
        let frame = [UInt8](unsafeUninitializedCapacity: room) { target, count in
            let written = body.withUnsafeBytes { source in
                ZSTD_compress2(context, target.baseAddress, target.count, source.baseAddress, source.count)
            }
            count = ZSTD_isError(written) == 0 ? written : 0
        }
        if memory > HubLimits.decoderScratchBytes {
            ZSTD_freeCCtx(context)
            self.context = nil
        }
        return frame.isEmpty ? nil : frame
    }

    private static func make() -> OpaquePointer? {
        guard let context = ZSTD_createCCtx() else { return nil }
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1)
        // Large bodies need no larger window: logs resemble those just before them. A table of 64 KiB stays in the
        // processor's cache; longer matches are found sooner than short ones, and looking for them at every fourth byte
        // costs a third of the size and saves a quarter of the time, which is more than Redis takes for the difference.
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 18)
        ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 14)
        ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 7)
        ZSTD_CCtx_setParameter(context, ZSTD_c_targetLength, 4)
        return context
    }
}
