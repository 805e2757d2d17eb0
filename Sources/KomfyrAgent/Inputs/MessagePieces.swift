import Protocol

/// Cuts what could grow beyond the hub's limit: bytes that are not UTF-8 become three each.
enum MessagePieces {
    private static let safeBytes = ProtocolLimits.messageBytes / 3

    /// Whether it must be cut.
    @inline(__always)
    static func mustCut(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > safeBytes && !JSONText.isUTF8(bytes)
    }

    /// Gives the pieces of what is itself `part` of what the sender sent.
    static func cut(
        _ bytes: UnsafeRawBufferPointer,
        _ part: StreamFramer.Part,
        _ give: (UnsafeRawBufferPointer, StreamFramer.Part) -> Void
    ) {
        var start = 0
        while start < bytes.count {
            var end = min(start + safeBytes, bytes.count)
            if end < bytes.count {
                end -= CharacterCut.unfinishedBytes(of: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            }
            let isFirst = start == 0 && part != .continuation
            give(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), isFirst ? .cut : .continuation)
            start = end
        }
    }
}
