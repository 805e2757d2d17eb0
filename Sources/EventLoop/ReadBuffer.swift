/// Memory that a loop's stream connections read into, each for the time of one callback.
final class ReadBuffer {
    /// As much as the kernel hands over in one go on a fast connection; larger ones were not faster.
    static let byteCount = 64 << 10

    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: ReadBuffer.byteCount, alignment: 64)

    deinit { bytes.deallocate() }
}
