import EventLoop
import Glibc

/// Small operations on bytes that records are made of.
enum PlainText {
    /// Whether it can stand in a JSON string as it is: ASCII without control characters, `"` and `\`.
    ///
    /// Thirty-two bytes at a time, the last ones perhaps twice; see `special`.
    @inline(__always)
    static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = bytes.count
        guard count >= 8 else { return isPlainShort(bytes) }
        if count < 32 {
            var found = special(bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
            var index = 0
            while index + 8 < count {
                found |= special(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index += 8
            }
            return found & 0x8080_8080_8080_8080 == 0
        }
        var found = special(bytes.loadUnaligned(fromByteOffset: count - 32, as: SIMD4<UInt64>.self))
        var index = 0
        while index + 32 < count {
            found |= special(bytes.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self))
            index += 32
        }
        return (found[0] | found[1] | found[2] | found[3]) & 0x8080_8080_8080_8080 == 0
    }

    private static func isPlainShort(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { return false }
        return true
    }

    /// The high bit of a byte is set where that byte, or one below it in the word, is not plain.
    @inline(__always)
    private static func special(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        return word | (word &- ones &* 0x20) | ((word ^ ones &* 0x22) &- ones) | ((word ^ ones &* 0x5C) &- ones)
    }

    @inline(__always)
    private static func special(_ words: SIMD4<UInt64>) -> SIMD4<UInt64> {
        let ones = SIMD4<UInt64>(repeating: 0x0101_0101_0101_0101)
        let blanks = SIMD4<UInt64>(repeating: 0x2020_2020_2020_2020)
        let quotes = SIMD4<UInt64>(repeating: 0x2222_2222_2222_2222)
        let backslashes = SIMD4<UInt64>(repeating: 0x5C5C_5C5C_5C5C_5C5C)
        return words | (words &- blanks) | ((words ^ quotes) &- ones) | ((words ^ backslashes) &- ones)
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
