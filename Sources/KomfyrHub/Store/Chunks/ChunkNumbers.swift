#if canImport(Glibc)
import Glibc
#endif

/// A number as it stood in an object.
struct SplitNumber {
    var column: UInt16
    /// How many digits stood behind the point; `asText` where the digits are more than a scaled whole number tells.
    var fraction: UInt8
    var row: UInt32
    /// The digits without the point.
    var mantissa: Int64
    /// Where the digits stand in the rows' text.
    var digits: TextRange

    static let asText: UInt8 = 255
}

/// The fields `n0`, `n1`… of a chunk: the numbers of one member of `data` each, in order of the rows that have it.
///
/// ```
///  form 0   +---+---+---+-------+---------+      whole numbers scaled by 10^most; written out, zeros at the end of the
///           | 0 |most|least|delta| numbers |     fraction go until `least` digits are left: `3.0` and `3.14` go together
///           +---+---+---+-------+---------+      (most 2, least 1), so do `1.10` and `2.00` (most 2, least 2)
///
///  form 1   +---+---------+------+               the digits as sent
///           | 1 | lengths | text |
///           +---+---------+------+
///
///  delta 1  each number is the difference from the one before
/// ```
///
/// How many there are is in the catalogue. What form 0 cannot give back byte for byte is kept in form 1.
enum ChunkNumbers {
    /// More digits than a mantissa can have.
    static let mostFraction = 17
    private static let powers: [Int64] = (0...18).map { (0..<$0).reduce(1) { power, _ in power * 10 } }

    /// Whole numbers up to here are doubles, and so is their quotient by a power of ten what their digits mean.
    private static let exact: Int64 = 1 << 53

    // MARK: Writing

    /// Appends a column's numbers; returns the least and most of those that are finite.
    static func encode(
        _ numbers: UnsafeBufferPointer<SplitNumber>,
        of text: UnsafeRawBufferPointer,
        to body: inout ChunkBody,
        scratch: inout ChunkScratch
    ) -> (least: Double, most: Double) {
        if let range = encodeScaled(numbers, to: &body, scratch: &scratch) { return range }
        body.bytes.append(1)
        scratch.first.removeAll(keepingCapacity: true)
        for number in numbers { scratch.first.append(Int64(number.digits.length)) }
        ChunkIntegers.append(scratch.first, to: &body)
        var least = Double.infinity
        var most = -Double.infinity
        for number in numbers {
            let digits = ChunkTexts.slice(text, number.digits)
            body.bytes.append(contentsOf: digits)
            let value = value(of: digits)
            if value.isFinite {
                least = min(least, value)
                most = max(most, value)
            }
        }
        return least <= most ? (least, most) : (.nan, .nan)
    }

    private static func encodeScaled(
        _ numbers: UnsafeBufferPointer<SplitNumber>,
        to body: inout ChunkBody,
        scratch: inout ChunkScratch
    ) -> (least: Double, most: Double)? {
        var fewest = UInt8.max
        var most: UInt8 = 0
        for number in numbers {
            fewest = min(fewest, number.fraction)
            most = max(most, number.fraction)
        }
        guard most <= mostFraction else { return nil }
        let bound = most == 0 ? Int64.max : exact
        scratch.first.removeAll(keepingCapacity: true)
        var previous: Int64 = 0
        var lowest = Int64.max
        var highest = Int64.min
        var deltaBits = 0
        for number in numbers {
            if number.fraction > fewest && number.mantissa % 10 == 0 { return nil }
            let (scaled, isTooLarge) = number.mantissa.multipliedReportingOverflow(
                by: powers[Int(most - number.fraction)]
            )
            guard !isTooLarge, scaled < bound, scaled > -bound else { return nil }
            scratch.first.append(scaled)
            lowest = min(lowest, scaled)
            highest = max(highest, scaled)
            deltaBits += 64 - ChunkIntegers.zigZag(scaled &- previous).leadingZeroBitCount
            previous = scaled
        }
        let plainBits = (64 - UInt64(bitPattern: highest &- lowest).leadingZeroBitCount) * numbers.count
        let isDelta = deltaBits * 10 < plainBits * 9
        body.bytes.append(0)
        body.bytes.append(most)
        body.bytes.append(fewest)
        body.bytes.append(isDelta ? 1 : 0)
        if isDelta {
            previous = 0
            for index in scratch.first.indices {
                let scaled = scratch.first[index]
                scratch.first[index] = scaled &- previous
                previous = scaled
            }
        }
        ChunkIntegers.append(scratch.first, to: &body)
        let divisor = Double(powers[Int(most)])
        return (Double(lowest) / divisor, Double(highest) / divisor)
    }

    /// The double that a number means, by its mantissa where both that and the power of ten are exact.
    static func value(of number: SplitNumber, in text: UnsafeRawBufferPointer) -> Double {
        guard number.fraction <= mostFraction, number.mantissa < exact, number.mantissa > -exact else {
            return value(of: ChunkTexts.slice(text, number.digits))
        }
        return Double(number.mantissa) / Double(powers[Int(number.fraction)])
    }

    /// The double that digits mean.
    static func value(of digits: UnsafeRawBufferPointer) -> Double {
        guard digits.count < 63 else {
            var long = [CChar](repeating: 0, count: digits.count + 1)
            for (index, byte) in digits.enumerated() { long[index] = CChar(bitPattern: byte) }
            return strtod(long, nil)
        }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            for (index, byte) in digits.enumerated() { buffer[index] = CChar(bitPattern: byte) }
            buffer[digits.count] = 0
            guard let base = buffer.baseAddress else { return .nan }
            return strtod(base, nil)
        }
    }

    // MARK: Reading

    /// A column's numbers in order of the rows that have it; `digits` are left out unless they are wanted.
    struct Decoded: Sendable {
        var values: [Double]
        var digits: TextColumn?

        /// What it takes in memory, in bytes.
        var bytes: Int { values.count * 8 + (digits.map { $0.text.count + $0.ranges.count * 8 } ?? 0) }
    }

    /// Reads a column of so many numbers.
    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        count: Int,
        withDigits: Bool
    ) throws(FormatProblem) -> Decoded {
        var reader = ByteReader(bytes)
        let form = try reader.byte()
        var decoded = Decoded(values: [], digits: withDigits ? TextColumn() : nil)
        decoded.values.reserveCapacity(count)
        if withDigits { decoded.digits?.ranges.reserveCapacity(count) }
        switch form {
        case 0: try decodeScaled(&reader, count: count, to: &decoded)
        case 1: try decodeTexts(&reader, count: count, to: &decoded)
        default: throw .invalid("form", at: 0)
        }
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        return decoded
    }

    private static func decodeScaled(
        _ reader: inout ByteReader,
        count: Int,
        to decoded: inout Decoded
    ) throws(FormatProblem) {
        let most = Int(try reader.byte())
        let least = Int(try reader.byte())
        let isDelta = try reader.byte() == 1
        guard most <= mostFraction, least <= most else { throw .invalid("fraction", at: reader.offset) }
        let numbers = try ChunkIntegers.read(&reader, count: count)
        let divisor = Double(powers[most])
        var value: Int64 = 0
        for number in numbers {
            value = isDelta ? value &+ number : number
            decoded.values.append(most == 0 ? Double(value) : Double(value) / divisor)
            if decoded.digits != nil { append(value, most: most, least: least, to: &decoded.digits) }
        }
    }

    /// Writes a scaled number out.
    private static func append(_ value: Int64, most: Int, least: Int, to column: inout TextColumn?) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 48) { buffer in
            var index = buffer.count
            var magnitude = value.magnitude
            var digits = most
            while digits > least, magnitude % 10 == 0 {
                magnitude /= 10
                digits -= 1
            }
            var written = 0
            repeat {
                if written == digits, digits > 0 {
                    index -= 1
                    buffer[index] = UInt8(ascii: ".")
                }
                index -= 1
                buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
                magnitude /= 10
                written += 1
            } while magnitude > 0 || written <= digits
            if value < 0 {
                index -= 1
                buffer[index] = UInt8(ascii: "-")
            }
            let offset = column?.text.count ?? 0
            column?.text.append(contentsOf: buffer[index...])
            column?.ranges
                .append(
                    TextRange(offset: UInt32(truncatingIfNeeded: offset), length: UInt32(buffer.count - index))
                )
        }
    }

    private static func decodeTexts(
        _ reader: inout ByteReader,
        count: Int,
        to decoded: inout Decoded
    ) throws(FormatProblem) {
        let lengths = try ChunkIntegers.read(&reader, count: count, in: 1...Int64(HubLimits.chunkPlainBytes), "length")
        for length in lengths {
            let digits = try reader.slice(Int(length))
            decoded.values.append(value(of: digits))
            let offset = decoded.digits?.text.count ?? 0
            decoded.digits?.text.append(contentsOf: digits)
            decoded.digits?.ranges
                .append(
                    TextRange(offset: UInt32(truncatingIfNeeded: offset), length: UInt32(length))
                )
        }
    }
}

/// The field `c` of a chunk: the numeric members that have a column.
///
/// ```
///  +--------+---------+----------------------------------------------------------+
///  | flags  | columns | for each: place, path, how many rows have it, least, most |
///  | 1 byte | varint  |  1 byte, length and bytes, varint, 8 bytes, 8 bytes       |
///  +--------+---------+----------------------------------------------------------+
///
///  flag 1   members with numbers are left in the objects that have no column: there are more than 256
///  flag 2   there is a field `u`
///  place    0: the numbers stand in a field of their own; 1: in `n`, as length and body, in order of columns
/// ```
struct ChunkCatalogue: Sendable {
    var columns: [SplitData.NumberInfo] = []
    /// By column: its numbers stand in `n`.
    var isSmall: [Bool] = []
    var hasOthers = false
    var hasSummaries = false

    func append(to bytes: inout [UInt8]) {
        bytes.append((hasOthers ? 1 : 0) | (hasSummaries ? 2 : 0))
        bytes.appendVarint(UInt64(columns.count))
        for (column, isSmall) in zip(columns, isSmall) {
            bytes.append(isSmall ? 1 : 0)
            bytes.appendVarint(UInt64(column.path.count))
            bytes.append(contentsOf: column.path)
            bytes.appendVarint(UInt64(column.count))
            bytes.appendFixed(column.least.bitPattern)
            bytes.appendFixed(column.most.bitPattern)
        }
    }

    init() {}

    init(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) {
        var reader = ByteReader(bytes)
        let flags = try reader.byte()
        hasOthers = flags & 1 != 0
        hasSummaries = flags & 2 != 0
        let count = try reader.count("columns", atMost: HubLimits.numericColumns)
        for _ in 0..<count {
            isSmall.append(try reader.byte() == 1)
            let length = try reader.count("path", atMost: HubLimits.numericPathBytes)
            let path = Array(try reader.slice(length))
            let present = try reader.count("rows", atMost: rows)
            let least = Double(bitPattern: try reader.fixed())
            let most = Double(bitPattern: try reader.fixed())
            columns.append(SplitData.NumberInfo(path: path, count: present, least: least, most: most))
        }
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
    }

    /// What it takes in memory, in bytes, roughly.
    var bytes: Int { columns.reduce(64) { $0 + 80 + $1.path.count } }
}
