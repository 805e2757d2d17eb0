import Glibc

/// A part of a message, as a range of the bytes that were parsed.
///
/// Empty means that it is not there.
struct Field: Equatable {
    var start: Int
    var end: Int

    /// Not there.
    static let none = Field(start: 0, end: 0)

    @inline(__always) var isEmpty: Bool { end <= start }
    @inline(__always) var count: Int { end - start }
}

/// Bytes that can be looked at beyond their end: there they are NUL.
///
/// Parsers look ahead at almost every byte. With this no look needs a check of its own, and none can leave the buffer,
/// also where the compiler leaves its own bounds checks out.
struct ByteView {
    let base: UnsafeRawBufferPointer
    let count: Int

    @inline(__always)
    init(_ base: UnsafeRawBufferPointer) {
        self.base = base
        count = base.count
    }

    /// The first `count` bytes of `base`.
    @inline(__always)
    init(_ base: UnsafeRawBufferPointer, count: Int) {
        self.base = base
        self.count = min(max(count, 0), base.count)
    }

    @inline(__always)
    subscript(index: Int) -> UInt8 {
        UInt(bitPattern: index) < UInt(bitPattern: count) ? base[index] : 0
    }

    /// The bytes of a field.
    @inline(__always)
    subscript(field: Field) -> UnsafeRawBufferPointer {
        guard field.start >= 0, field.start < field.end, field.end <= count else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(rebasing: base[field.start..<field.end])
    }

    /// The eight bytes from `index` as a number, little end first; nil when they are not all there.
    @inline(__always)
    func word(at index: Int) -> UInt64? {
        guard index >= 0, index <= count - 8 else { return nil }
        return UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    /// The first position from `index` on that holds no blank.
    @inline(__always)
    func skippingBlanks(from index: Int) -> Int {
        var index = index
        while self[index] == .space { index += 1 }
        return index
    }

    /// The position of the first blank from `index` on, or the end.
    @inline(__always)
    func endOfToken(from index: Int) -> Int {
        var index = index
        while index < count && base[index] != .space { index += 1 }
        return index
    }

    /// Where `byte` stands first in `start..<end`.
    @inline(__always)
    func position(of byte: UInt8, from start: Int, to end: Int) -> Int? {
        let start = max(start, 0)
        let end = min(end, count)
        guard start < end, let bytes = base.baseAddress, let found = memchr(bytes + start, Int32(byte), end - start)
        else { return nil }
        return UnsafeRawPointer(found) - bytes
    }

    /// Whether `byte` stands in `start..<end`.
    @inline(__always)
    func contains(_ byte: UInt8, from start: Int, to end: Int) -> Bool {
        position(of: byte, from: start, to: end) != nil
    }

    /// Whether `text` stands at `index`.
    @inline(__always)
    func has(_ text: StaticString, at index: Int) -> Bool {
        guard index >= 0, text.utf8CodeUnitCount <= count - index else { return false }
        for offset in 0..<text.utf8CodeUnitCount where base[index + offset] != text.utf8Start[offset] { return false }
        return true
    }

    /// The number that `digits` decimal digits at `index` stand for; nil when they are not digits.
    ///
    /// At most 18.
    @inline(__always)
    func number(at index: Int, digits: Int) -> Int? {
        var value = 0
        for offset in 0..<digits {
            let digit = self[index + offset] &- .zero
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int(digit)
        }
        return value
    }
}

extension UInt8 {
    static let space = UInt8(ascii: " ")
    static let zero = UInt8(ascii: "0")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let colon = UInt8(ascii: ":")

    @inline(__always) var isDigit: Bool { self &- .zero <= 9 }
    @inline(__always) var isUpper: Bool { self &- UInt8(ascii: "A") <= 25 }
    @inline(__always) var isLower: Bool { self &- UInt8(ascii: "a") <= 25 }
    @inline(__always) var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") <= 25 }
    @inline(__always) var isAlphanumeric: Bool { isDigit || isLetter }
}
