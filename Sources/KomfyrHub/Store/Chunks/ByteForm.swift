/// Why stored bytes cannot be read: what was met, and where.
enum FormatProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// They end too early.
    case truncated(at: Int)
    /// A value that cannot be.
    case invalid(String, at: Int)
    /// Written by a later version of the hub.
    case unknownVersion(UInt8)

    var description: String {
        switch self {
        case .truncated(let offset): "ends too early, at byte \(offset)"
        case .invalid(let field, let offset): "invalid \(field) at byte \(offset)"
        case .unknownVersion(let version): "format version \(version) is not known to this version of the hub"
        }
    }
}

/// Writers of the store's formats. Varints are LEB128 (7 bits a byte, low first); zigzag maps signed numbers to
/// unsigned ones, small magnitudes first.
extension [UInt8] {
    mutating func appendVarint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        append(UInt8(truncatingIfNeeded: value))
    }

    mutating func appendZigZag(_ value: Int64) {
        appendVarint(UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
    }

    /// Eight bytes, low first.
    mutating func appendFixed(_ value: UInt64) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Four bytes, low first.
    mutating func appendFixed32(_ value: UInt32) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// The length as a varint, then the text.
    mutating func appendText(_ text: String) {
        appendVarint(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    /// The UTF-8 of a text.
    init(text: String) { self = Array(text.utf8) }
}

/// Reads the store's formats, and never past the end.
///
/// The bytes must outlive it.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func byte() throws(FormatProblem) -> UInt8 {
        guard offset < bytes.count else { throw .truncated(at: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func varint() throws(FormatProblem) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            let bits = UInt64(next & 0x7F)
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 { throw .invalid("number", at: offset) }
            value |= bits << shift
            if next < 0x80 { return value }
            shift += 7
            if shift > 63 { throw .invalid("number", at: offset) }
        }
    }

    mutating func zigZag() throws(FormatProblem) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func fixed() throws(FormatProblem) -> UInt64 {
        guard remaining >= 8 else { throw .truncated(at: offset) }
        defer { offset += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    mutating func fixed32() throws(FormatProblem) -> UInt32 {
        guard remaining >= 4 else { throw .truncated(at: offset) }
        defer { offset += 4 }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// A count or length that must not exceed `maximum`: checked before anything is reserved for it.
    mutating func count(_ field: String, atMost maximum: Int) throws(FormatProblem) -> Int {
        let value = try varint()
        guard value <= UInt64(maximum) else { throw .invalid(field, at: offset) }
        return Int(value)
    }

    /// The next bytes; valid as long as the reader's own.
    mutating func slice(_ length: Int) throws(FormatProblem) -> UnsafeRawBufferPointer {
        guard length >= 0, length <= remaining else { throw .truncated(at: offset) }
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }

    /// A text with its length before it.
    mutating func text(_ field: String, atMost maximum: Int) throws(FormatProblem) -> String {
        let length = try count(field, atMost: maximum)
        return String(decoding: try slice(length), as: UTF8.self)
    }
}
