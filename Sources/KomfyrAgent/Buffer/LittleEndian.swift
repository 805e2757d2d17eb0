/// Numbers of the buffer's files: little-endian, unaligned.
extension [UInt8] {
    /// Appends a number.
    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Puts a number over the bytes at `offset`, which are there.
    mutating func put<Number: FixedWidthInteger>(_ value: Number, at offset: Int) {
        Swift.withUnsafeBytes(of: value.littleEndian) { bytes in
            for index in 0..<bytes.count { self[offset + index] = bytes[index] }
        }
    }
}

/// Reads numbers and byte runs one after the other; beyond the end everything is 0 or empty and `isWhole` false.
///
/// Lives no longer than the bytes it was given.
struct LittleEndianReader {
    /// Whether everything that was read was there.
    private(set) var isWhole = true
    private(set) var offset = 0
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type = Number.self) -> Number {
        let size = MemoryLayout<Number>.size
        guard isWhole, bytes.count - offset >= size else {
            isWhole = false
            return 0
        }
        defer { offset += size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    mutating func run(_ count: Int) -> Range<Int> {
        guard isWhole, count >= 0, bytes.count - offset >= count else {
            isWhole = false
            return 0..<0
        }
        defer { offset += count }
        return offset..<(offset + count)
    }

    mutating func text(_ count: Int) -> String {
        String(decoding: bytes[run(count)], as: UTF8.self)
    }
}
