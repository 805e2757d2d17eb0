import EventLoop
import Glibc

/// Small operations on bytes that records are made of.
enum PlainText {
    /// Whether it can stand in a JSON string as it is: ASCII without control characters, `"` and `\`.
    ///
    /// Eight bytes at a time; each term has a byte's high bit set where that byte is not plain.
    @inline(__always)
    static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = 0
        var special: UInt64 = 0
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            special |= word | (word &- ones &* 0x20) | ((word ^ ones &* 0x22) &- ones) | ((word ^ ones &* 0x5C) &- ones)
            index += 8
        }
        guard special & (ones &* 0x80) == 0 else { return false }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { return false }
            index += 1
        }
        return true
    }

    @inline(__always)
    static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
        return memcmp(leftBase, rightBase, left.count) == 0
    }

    /// Whether both are the same; how long that takes does not tell where they differ.
    static func equalInConstantTime(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        var difference = left.count ^ right.count
        for index in 0..<left.count {
            difference |= Int(left[index] ^ (right.isEmpty ? 0 : right[index % right.count]))
        }
        return difference == 0
    }

    /// A hash for a small table; not one that resists an enemy, who gains no more than misses.
    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var hash = (seed ^ UInt64(truncatingIfNeeded: bytes.count)) &* 0x9E37_79B9_7F4A_7C15
        var index = 0
        while index + 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0xD6E8_FEB8_6659_FD93
            hash ^= hash >> 32
            index += 8
        }
        var rest: UInt64 = 0
        while index < bytes.count {
            rest = rest << 8 | UInt64(bytes[index])
            index += 1
        }
        hash = (hash ^ rest) &* 0xD6E8_FEB8_6659_FD93
        return hash ^ hash >> 32
    }

    /// The bytes of a literal.
    @inline(__always)
    static func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// At most `limit` bytes of UTF-8 text, no character cut in two.
    static func cut(_ text: [UInt8], to limit: Int) -> [UInt8] {
        guard text.count > limit else { return text }
        var count = limit
        while count > 0, text[count] & 0xC0 == 0x80 { count -= 1 }
        return Array(text[..<count])
    }
}

extension Peer {
    /// Whether it is this machine: loopback, or a unix socket.
    var isLocal: Bool {
        if high == 0 {
            if low == 0 || low == 1 { return true }
            // ::ffff:127.0.0.0/8
            return low >> 32 == 0xFFFF && (low >> 24) & 0xFF == 127
        }
        return false
    }
}

/// Writes behind each other into memory that is known to have room.
struct LinePointer {
    private let start: UnsafeMutableRawPointer
    private(set) var count = 0

    @inline(__always)
    init(_ start: UnsafeMutableRawPointer) { self.start = start }

    @inline(__always)
    var end: UnsafeMutableRawPointer { start + count }

    @inline(__always)
    mutating func advance(_ written: Int) { count += written }

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        (start + count).copyMemory(from: base, byteCount: bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        (start + count).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }
}
