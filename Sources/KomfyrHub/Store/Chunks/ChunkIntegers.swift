/// Series of whole numbers in a chunk's field.
///
/// ```
///  +--------+--------+--------+--------+-----------------------------+
///  | form   | base   | unit   | width  | width planes of count bytes |
///  | 1 byte | zigzag | varint | 1 byte | the low bytes first         |
///  +--------+--------+--------+--------+-----------------------------+
///
///  form   0: value = base + unit × number      1: value = base + unit × (zigzag number)
/// ```
///
/// How many there are is known from elsewhere. Sums wrap around, so that any 64 bits come back.
enum ChunkIntegers {
    static func append(_ values: UnsafeBufferPointer<Int64>, to body: inout ChunkBody) {
        var least = Int64.max
        var most = Int64.min
        for value in values {
            least = min(least, value)
            most = max(most, value)
        }
        if values.isEmpty {
            least = 0
            most = 0
        }
        // Differences around zero: small ones stay small by zigzag; else all count from the least.
        let isZigZag = least < 0 && most > 0
        let base = isZigZag ? 0 : least
        let unit = unit(of: values, base: base)
        let largest: UInt64
        if isZigZag {
            largest = max(zigZag(least / Int64(unit)), zigZag(most / Int64(unit)))
        } else {
            largest = UInt64(bitPattern: most &- base) / unit
        }
        let width = (64 - largest.leadingZeroBitCount + 7) / 8
        body.bytes.append(isZigZag ? 1 : 0)
        body.bytes.appendZigZag(base)
        body.bytes.appendVarint(unit)
        body.bytes.append(UInt8(width))
        guard width > 0 else { return }
        let count = values.count
        let start = body.bytes.count
        for plane in 0..<width { body.cuts.append(start + plane * count) }
        body.bytes.append(contentsOf: repeatElement(0, count: width * count))
        body.bytes.withUnsafeMutableBufferPointer { bytes in
            guard let first = bytes.baseAddress else { return }
            let planes = first + start
            for (index, value) in values.enumerated() {
                var number =
                    isZigZag
                    ? zigZag(unit == 1 ? value : value / Int64(unit))
                    : (unit == 1 ? UInt64(bitPattern: value &- base) : UInt64(bitPattern: value &- base) / unit)
                var place = index
                for _ in 0..<width {
                    planes[place] = UInt8(truncatingIfNeeded: number)
                    number >>= 8
                    place += count
                }
            }
        }
        body.cut()
    }

    static func append(_ values: [Int64], to body: inout ChunkBody) {
        values.withUnsafeBufferPointer { append($0, to: &body) }
    }

    /// Reads as many numbers as there must be.
    static func read(_ reader: inout ByteReader, count: Int) throws(FormatProblem) -> [Int64] {
        let form = try reader.byte()
        guard form <= 1 else { throw .invalid("form", at: reader.offset) }
        let base = try reader.zigZag()
        let unit = try reader.varint()
        let width = Int(try reader.byte())
        guard width <= 8, unit > 0 else { throw .invalid("width", at: reader.offset) }
        if width == 0 { return [Int64](repeating: base, count: count) }
        let planes = try reader.slice(width * count)
        let factor = Int64(bitPattern: unit)
        return [Int64](unsafeUninitializedCapacity: count) { values, written in
            for index in 0..<count {
                var number: UInt64 = 0
                var place = index
                for plane in 0..<width {
                    number |= UInt64(planes[place]) << UInt64(8 * plane)
                    place += count
                }
                var value = Int64(bitPattern: number)
                if form == 1 { value = Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1) }
                values.initializeElement(at: index, to: base &+ value &* factor)
            }
            written = count
        }
    }

    /// Reads numbers that must lie in a range.
    static func read(
        _ reader: inout ByteReader,
        count: Int,
        in range: ClosedRange<Int64>,
        _ field: String
    ) throws(FormatProblem) -> [Int64] {
        let values = try read(&reader, count: count)
        for value in values where !range.contains(value) { throw .invalid(field, at: reader.offset) }
        return values
    }

    @inline(__always)
    static func zigZag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63)
    }

    /// The largest power of 1,000 up to a thousand million that all share: times mostly are whole milliseconds.
    static func unit(of values: UnsafeBufferPointer<Int64>, base: Int64) -> UInt64 {
        var unit: UInt64 = 1_000_000_000
        for value in values {
            // Of numbers on both sides of zero the base is zero.
            let distance = base == 0 ? value.magnitude : UInt64(bitPattern: value &- base)
            while unit > 1, distance % unit != 0 { unit /= 1_000 }
            if unit == 1 { break }
        }
        return unit
    }
}
