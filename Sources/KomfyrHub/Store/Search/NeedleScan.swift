import CScan

#if canImport(Glibc)
import Glibc
#endif

/// The scan: each place of a needle in a stretch of bytes.
///
/// Sixty-four places at a time are tested for two of the needle's bytes that are rare in logs, upper and lower case
/// at once; what passes is compared whole. Texts made so that too much passes (a run of one letter, searched for a run
/// of the same) are read on by Knuth, Morris and Pratt's search, so that the time is linear whatever the text.
extension Needle {
    /// Places that are tested at a time.
    private static let width = Int(CSCAN_WIDTH)

    /// Whether it stands at a place, edges left aside; ASCII in any case.
    @inline(__always)
    func stands(in text: UnsafeRawBufferPointer, at place: Int) -> Bool {
        guard place >= 0, place + folded.count <= text.count else { return false }
        return folded.withUnsafeBufferPointer { needle in
            for index in 0..<needle.count where Self.lower(text[place + index]) != needle[index] { return false }
            return true
        }
    }

    /// Calls `body` with each place between `start` and `end` where it stands, edges left aside, in rising order; it
    /// returns where to go on.
    @inline(__always)
    func forEachPlace(
        in text: UnsafeRawBufferPointer,
        from start: Int,
        to end: Int,
        _ body: (Int) -> Int
    ) {
        folded.withUnsafeBufferPointer { needle in
            guard let base = text.baseAddress, !needle.isEmpty, start >= 0, end <= text.count else { return }
            let last = end - needle.count
            var place = start
            // Bytes compared in vain; each byte of the text pays for four.
            var work = 0
            let first = needle[rareBytes.0] | 0x20
            let second = needle[rareBytes.1] | 0x20
            let firsts = UInt64(first) &* 0x0101_0101_0101_0101
            let seconds = UInt64(second) &* 0x0101_0101_0101_0101
            while place <= last {
                if place + rareBytes.1 + Self.width <= text.count {
                    var candidates = cscan_pairs(base + place + rareBytes.0, base + place + rareBytes.1, first, second)
                    var next = place + Self.width
                    while candidates != 0 {
                        let candidate = place + candidates.trailingZeroBitCount
                        candidates &= candidates &- 1
                        guard candidate <= last else { return }
                        if compare(needle, base, at: candidate, &work) {
                            let onward = body(candidate)
                            if onward > candidate + 1 {
                                next = onward
                                break
                            }
                        }
                    }
                    place = next
                } else if place + rareBytes.1 + 8 <= text.count {
                    let zeros = Self.matches(base + place + rareBytes.0, base + place + rareBytes.1, firsts, seconds)
                    var next = place + 8
                    var candidates = Self.gather(zeros)
                    while candidates != 0 {
                        let candidate = place + candidates.trailingZeroBitCount
                        candidates &= candidates &- 1
                        guard candidate <= last else { return }
                        guard compare(needle, base, at: candidate, &work) else { continue }
                        let onward = body(candidate)
                        if onward > candidate + 1 {
                            next = onward
                            break
                        }
                    }
                    place = next
                } else {
                    if (base.load(fromByteOffset: place + rareBytes.0, as: UInt8.self) | 0x20) == first,
                        compare(needle, base, at: place, &work)
                    {
                        place = max(place + 1, body(place))
                    } else {
                        place += 1
                    }
                }
                if work > 4 * (place - start) + 65_536 {
                    readOn(needle, base, from: place, to: end, body)
                    return
                }
            }
        }
    }

    @inline(__always)
    private func compare(
        _ needle: UnsafeBufferPointer<UInt8>,
        _ base: UnsafeRawPointer,
        at place: Int,
        _ work: inout Int
    ) -> Bool {
        for index in 0..<needle.count
        where Self.lower(base.load(fromByteOffset: place + index, as: UInt8.self)) != needle[index] {
            work += index + 1
            return false
        }
        work += needle.count
        return true
    }

    /// Knuth, Morris and Pratt's search: looks at each byte of the text once.
    private func readOn(
        _ needle: UnsafeBufferPointer<UInt8>,
        _ base: UnsafeRawPointer,
        from start: Int,
        to end: Int,
        _ body: (Int) -> Int
    ) {
        var index = start
        var length = 0
        while index < end {
            let byte = Self.lower(base.load(fromByteOffset: index, as: UInt8.self))
            while length > 0, needle[length] != byte { length = Int(failure[length - 1]) }
            if needle[length] == byte { length += 1 }
            index += 1
            guard length == needle.count else { continue }
            let place = index - needle.count
            let onward = body(place)
            if onward > place + 1 {
                index = max(index, onward)
                length = 0
                // What overlaps the place to go on at is read again: a row's end, so it is rare.
                if onward < place + needle.count { index = onward }
            } else {
                length = Int(failure[length - 1])
            }
        }
    }

    /// Which of eight places have both bytes: the high bit of each.
    @inline(__always)
    private static func matches(
        _ left: UnsafeRawPointer,
        _ right: UnsafeRawPointer,
        _ firsts: UInt64,
        _ seconds: UInt64
    ) -> UInt64 {
        let cases: UInt64 = 0x2020_2020_2020_2020
        let lows: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let differences =
            ((left.loadUnaligned(fromByteOffset: 0, as: UInt64.self) | cases) ^ firsts)
            | ((right.loadUnaligned(fromByteOffset: 0, as: UInt64.self) | cases) ^ seconds)
        // Exact, without carries between bytes: the high bit of each byte that is zero.
        return ~(((differences & lows) &+ lows) | differences | lows)
    }

    /// The high bits of eight bytes in one, the first byte's lowest.
    @inline(__always)
    private static func gather(_ highs: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: ((highs >> 7) &* 0x0102_0408_1020_4080) >> 56)
    }

    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }
}

/// Plain searches in bytes.
enum ByteSearch {
    /// The first place of some bytes.
    static func first(_ wanted: [UInt8], in text: UnsafeRawBufferPointer) -> Int? {
        guard let base = text.baseAddress, let byte = wanted.first else { return nil }
        var index = 0
        while index + wanted.count <= text.count,
            let found = memchr(base + index, Int32(byte), text.count - index - wanted.count + 1)
        {
            let place = UnsafeRawPointer(found) - base
            var length = 1
            while length < wanted.count, text[place + length] == wanted[length] { length += 1 }
            if length == wanted.count { return place }
            index = place + 1
        }
        return nil
    }
}
