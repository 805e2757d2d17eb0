import Protocol

#if canImport(Glibc)
import Glibc
#endif

/// The fields `g` and `s` of a chunk: texts of which few are different.
///
/// ```
///  +--------+---------+---------+------+------+
///  | form   | count   | lengths | text | rows |
///  | 1 byte | varint  | count   |      |      |
///  +--------+---------+---------+------+------+
///
///  form 0   count different texts; rows: for each row 0 (null) or 1 + which
///  form 1   count different elements of JSON arrays (strings with their quotes); rows: for each row how many elements,
///           then for each element of each row which
/// ```
enum ChunkTexts {
    static func encode(
        _ ranges: [TextRange],
        of text: [UInt8],
        areArrays: Bool,
        to body: inout ChunkBody,
        scratch: inout ChunkScratch,
        table: inout TextTable
    ) {
        text.withUnsafeBytes { text in
            table.removeAll()
            scratch.first.removeAll(keepingCapacity: true)
            for range in ranges {
                if range.isNone {
                    scratch.first.append(0)
                } else {
                    let (index, _) = table.index(of: slice(text, range), in: text, at: range.offset)
                    scratch.first.append(Int64(index) + 1)
                }
            }
            // Where arrays are many, their elements are few.
            if areArrays, table.count > 16, table.count * 4 > ranges.count {
                if encodeElements(ranges, of: text, to: &body, scratch: &scratch, table: &table) { return }
                // Not as arrays of tags are written: whole, then.
                table.removeAll()
                for range in ranges where !range.isNone {
                    _ = table.index(of: slice(text, range), in: text, at: range.offset)
                }
            }
            body.bytes.append(0)
            append(table, of: text, to: &body, scratch: &scratch)
            ChunkIntegers.append(scratch.first, to: &body)
        }
    }

    private static func encodeElements(
        _ ranges: [TextRange],
        of text: UnsafeRawBufferPointer,
        to body: inout ChunkBody,
        scratch: inout ChunkScratch,
        table: inout TextTable
    ) -> Bool {
        table.removeAll()
        scratch.second.removeAll(keepingCapacity: true)
        scratch.third.removeAll(keepingCapacity: true)
        for range in ranges {
            var count: Int64 = 0
            if !range.isNone {
                let array = slice(text, range)
                guard array.count >= 4, array[0] == UInt8(ascii: "["), array[array.count - 1] == UInt8(ascii: "]")
                else { return false }
                var start = 1
                while start < array.count - 1 {
                    guard let end = elementEnd(array, from: start) else { return false }
                    let element = UnsafeRawBufferPointer(rebasing: array[start..<end])
                    let (index, _) = table.index(of: element, in: text, at: range.offset + UInt32(start))
                    scratch.third.append(Int64(index))
                    count += 1
                    guard count <= ProtocolLimits.tags else { return false }
                    guard array[end] == UInt8(ascii: ",") || end == array.count - 1 else { return false }
                    start = end + 1
                    // A comma with nothing behind it.
                    guard end == array.count - 1 || start < array.count - 1 else { return false }
                }
            }
            scratch.second.append(count)
        }
        body.bytes.append(1)
        append(table, of: text, to: &body, scratch: &scratch)
        ChunkIntegers.append(scratch.second, to: &body)
        ChunkIntegers.append(scratch.third, to: &body)
        return true
    }

    /// Where the string that begins at `start` ends, behind its quote; nil: none begins there.
    private static func elementEnd(_ array: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard array[start] == UInt8(ascii: "\"") else { return nil }
        var index = start + 1
        while index < array.count - 1 {
            if array[index] == UInt8(ascii: "\"") { return index + 1 }
            index += array[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    private static func append(
        _ table: TextTable,
        of text: UnsafeRawBufferPointer,
        to body: inout ChunkBody,
        scratch: inout ChunkScratch
    ) {
        body.bytes.appendVarint(UInt64(table.count))
        scratch.lengths.withContents(table.entries.lazy.map { Int64($0.length) }) {
            ChunkIntegers.append($0, to: &body)
        }
        for entry in table.entries { body.bytes.append(contentsOf: slice(text, entry)) }
        body.cut()
    }

    /// Reads the field; rows with the same text share a range where the chunk keeps it once.
    static func decode(_ bytes: UnsafeRawBufferPointer, rows: Int) throws(FormatProblem) -> TextColumn {
        var reader = ByteReader(bytes)
        let form = try reader.byte()
        guard form <= 1 else { throw .invalid("form", at: reader.offset) }
        let count = try reader.count("count", atMost: min(bytes.count, rows * ProtocolLimits.tags))
        let lengths = try ChunkIntegers.read(&reader, count: count, in: 1...Int64(HubLimits.chunkPlainBytes), "length")
        var ranges: [TextRange] = []
        ranges.reserveCapacity(count)
        var end = 0
        for length in lengths {
            guard Int(length) <= reader.remaining - end else { throw .truncated(at: reader.offset) }
            ranges.append(TextRange(offset: UInt32(end), length: UInt32(length)))
            end += Int(length)
        }
        let text = try reader.slice(end)
        var column = TextColumn()
        column.ranges.reserveCapacity(rows)
        if form == 0 {
            column.text = Array(text)
            for index in try ChunkIntegers.read(&reader, count: rows, in: 0...Int64(count), "text") {
                column.ranges.append(index == 0 ? .none : ranges[Int(index) - 1])
            }
        } else {
            try decodeElements(&reader, text, ranges, rows: rows, to: &column)
        }
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        return column
    }

    private static func decodeElements(
        _ reader: inout ByteReader,
        _ text: UnsafeRawBufferPointer,
        _ elements: [TextRange],
        rows: Int,
        to column: inout TextColumn
    ) throws(FormatProblem) {
        let counts = try ChunkIntegers.read(&reader, count: rows, in: 0...Int64(ProtocolLimits.tags), "count")
        let total = Int(counts.reduce(0, +))
        let indexes = try ChunkIntegers.read(
            &reader,
            count: total,
            in: 0...Int64(max(elements.count, 1) - 1),
            "element"
        )
        guard total == 0 || !elements.isEmpty else { throw .invalid("element", at: reader.offset) }
        // Arrays of one element stand once.
        var single = [TextRange](repeating: .none, count: elements.count)
        var place = 0
        for count in counts {
            if count == 0 {
                column.ranges.append(.none)
                continue
            }
            let row = indexes[place..<place + Int(count)]
            place += Int(count)
            let first = Int(row[row.startIndex])
            if count == 1, !single[first].isNone {
                column.ranges.append(single[first])
                continue
            }
            let start = column.text.count
            column.text.append(UInt8(ascii: "["))
            for (number, index) in row.enumerated() {
                if number > 0 { column.text.append(UInt8(ascii: ",")) }
                column.text.append(contentsOf: slice(text, elements[Int(index)]))
                guard column.text.count <= HubLimits.chunkPlainBytes else {
                    throw .invalid("length", at: reader.offset)
                }
            }
            column.text.append(UInt8(ascii: "]"))
            let range = TextRange(offset: UInt32(start), length: UInt32(column.text.count - start))
            column.ranges.append(range)
            if count == 1 { single[first] = range }
        }
    }

    @inline(__always)
    static func slice(_ text: UnsafeRawBufferPointer, _ range: TextRange) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: text[Int(range.offset)..<Int(range.offset) + Int(range.length)])
    }
}

extension [Int64] {
    /// Holds other contents for the time of a call.
    fileprivate mutating func withContents(
        _ contents: some Collection<Int64>,
        _ body: (UnsafeBufferPointer<Int64>) -> Void
    ) {
        removeAll(keepingCapacity: true)
        append(contentsOf: contents)
        withUnsafeBufferPointer(body)
    }
}

/// Different texts by their first appearance: an open-addressed table of ranges of one text.
struct TextTable {
    private(set) var entries: [TextRange] = []
    private var hashes: [UInt64] = []
    /// 1 + the entry's index; 0: free.
    private var slots: [Int32] = []

    var count: Int { entries.count }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        if slots.count > 1 << 16 {
            slots = []
        } else {
            for index in slots.indices { slots[index] = 0 }
        }
    }

    /// The index of `bytes`, which stand at `offset` of `text`, and whether they are new.
    mutating func index(
        of bytes: UnsafeRawBufferPointer,
        in text: UnsafeRawBufferPointer,
        at offset: UInt32
    ) -> (index: Int, isNew: Bool) {
        if slots.count < (entries.count + 1) * 2 { grow() }
        let hash = ChunkHash.hash(bytes)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if hashes[index] == hash, entries[index].length == UInt32(bytes.count) {
                let entry = ChunkTexts.slice(text, entries[index])
                guard let known = entry.baseAddress, let wanted = bytes.baseAddress, !bytes.isEmpty,
                    memcmp(known, wanted, bytes.count) != 0
                else { return (index, false) }
            }
            slot = (slot + 1) & mask
        }
        entries.append(TextRange(offset: offset, length: UInt32(bytes.count)))
        hashes.append(hash)
        slots[slot] = Int32(entries.count)
        return (entries.count - 1, true)
    }

    private mutating func grow() {
        slots = [Int32](repeating: 0, count: max(64, slots.count * 2))
        let mask = slots.count - 1
        for (index, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(index + 1)
        }
    }
}

/// A fast hash of bytes, for tables in memory and for what can be made again; nothing stored depends on it.
enum ChunkHash {
    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0x9E37_79B9_7F4A_7C15) -> UInt64 {
        var hash = seed ^ UInt64(bytes.count)
        var index = 0
        while index + 8 <= bytes.count {
            hash = mix(hash, bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        if index < bytes.count {
            hash = mix(hash, rest(bytes, from: index))
        }
        return hash ^ hash >> 29
    }

    /// The one to seven bytes from `index` on, as a number.
    @inline(__always)
    private static func rest(_ bytes: UnsafeRawBufferPointer, from index: Int) -> UInt64 {
        let count = bytes.count - index
        // The last eight, of which those before `index` are shifted out.
        if bytes.count >= 8 {
            return bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self) >> UInt64(64 - 8 * count)
        }
        if count >= 4 {
            return UInt64(bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)) << 32
                | UInt64(bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self))
        }
        return UInt64(bytes[index]) << 16 | UInt64(bytes[index + count / 2]) << 8 | UInt64(bytes[bytes.count - 1])
    }

    /// Takes a number into a hash.
    @inline(__always)
    static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
        let product = (hash ^ value).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
