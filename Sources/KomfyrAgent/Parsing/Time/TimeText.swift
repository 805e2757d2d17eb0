import Protocol

/// Writes times as `2026-11-23T05:23:52.123Z`, and keeps the text of the last second: most records of a busy second
/// share it.
struct TimeText {
    /// The most bytes that `write` needs.
    static let maximumCount = 40

    private var second = Int64.min
    /// As `2026-11-23T05:23:52`.
    private var text: [UInt8] = []

    /// Writes the time with milliseconds, or as many of 6 or 9 digits as it has.
    ///
    /// `output` must have room for `maximumCount` bytes.
    /// - Returns: how many bytes it took.
    @inline(__always)
    mutating func write(_ nanoseconds: Int64, to output: UnsafeMutableRawPointer) -> Int {
        var (seconds, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if fraction < 0 {
            fraction += 1_000_000_000
            seconds -= 1
        }
        if seconds != second { readSecond(seconds, of: nanoseconds) }
        var count = text.count
        text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            output.copyMemory(from: base, byteCount: bytes.count)
        }
        output.storeBytes(of: UInt8(ascii: "."), toByteOffset: count, as: UInt8.self)
        count += 1
        var digits: Int
        var value: Int64
        if fraction % 1_000_000 == 0 {
            (digits, value) = (3, fraction / 1_000_000)
        } else if fraction % 1_000 == 0 {
            (digits, value) = (6, fraction / 1_000)
        } else {
            (digits, value) = (9, fraction)
        }
        count += digits
        var position = count
        while digits > 0 {
            position -= 1
            digits -= 1
            output.storeBytes(of: .zero + UInt8(truncatingIfNeeded: value % 10), toByteOffset: position, as: UInt8.self)
            value /= 10
        }
        output.storeBytes(of: UInt8(ascii: "Z"), toByteOffset: count, as: UInt8.self)
        return count + 1
    }

    /// Appends the time.
    mutating func append(_ nanoseconds: Int64, to output: inout [UInt8]) {
        output.append(addingCapacity: Self.maximumCount) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                guard let base = buffer.baseAddress else { return }
                count += write(nanoseconds, to: UnsafeMutableRawPointer(base + count))
            }
        }
    }

    private mutating func readSecond(_ seconds: Int64, of nanoseconds: Int64) {
        second = seconds
        text.removeAll(keepingCapacity: true)
        Timestamp.append(nanoseconds, to: &text)
        if let dot = text.lastIndex(of: UInt8(ascii: ".")) { text.removeSubrange(dot...) }
    }
}
