import Protocol

#if canImport(Glibc)
import Glibc
#endif

/// Takes the numbers out of the objects of `data`, row by row, and gathers the words of their strings on the way.
///
/// A number that is a member of an object (nested ones too, but none in an array) goes into the column of its dotted
/// path, and a hole is left where it stood (`SplitData`). Everything else stays byte for byte. The objects are JSON,
/// since they were checked when they came; should one be none after all, it is kept whole.
struct ObjectSplitter {
    private var members = MemberTable()
    /// All numbers that were taken out, in order of rows.
    private(set) var numbers: [SplitNumber] = []
    /// The objects with holes, one after the other.
    var text: [UInt8] = []
    /// The columns of the object that was split last, in order.
    private(set) var columns: [UInt16] = []

    private var path: [UInt8] = []
    private var levels: [Level] = []
    private var unescaped: [UInt8] = []
    private var arrays = 0

    /// A bracket that is open.
    private struct Level {
        var isObject: Bool
        /// How long the path to it is.
        var path: Int
    }

    /// The members that have a column.
    var paths: [[UInt8]] { members.paths }

    /// A member with a number got no column.
    var hasOthers: Bool { members.hasOthers }

    mutating func removeAll() {
        members.removeAll()
        numbers.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        columns.removeAll(keepingCapacity: true)
    }

    /// Splits the object of a row; its form with holes is appended to `text`.
    mutating func split(_ object: UnsafeRawBufferPointer, at offset: UInt32, row: Int, words: inout WordSet) {
        let textCount = text.count
        let numberCount = numbers.count
        columns.removeAll(keepingCapacity: true)
        if walkFlat(object, at: offset, row: UInt32(row), &words) { return }
        // As if nothing had been tried; names that were met keep their columns, which are the same this time.
        for column in columns { members.forget(column) }
        numbers.removeLast(numbers.count - numberCount)
        columns.removeAll(keepingCapacity: true)
        guard walk(object, at: offset, row: UInt32(row), &words) else {
            text.removeLast(text.count - textCount)
            numbers.removeLast(numbers.count - numberCount)
            columns.removeAll(keepingCapacity: true)
            text.append(contentsOf: object)
            return
        }
    }

    // MARK: The walk

    /// Longer objects are not tried as flat ones.
    private static let flatBytes = 512

    /// Splits an object as most senders write them: no blanks, no escapes, nothing nested.
    ///
    /// Names are looked up where they stand, and what is left is written in one piece, without the full walk's
    /// stack of names. False: it is of another kind, `text` is as it was.
    private mutating func walkFlat(
        _ object: UnsafeRawBufferPointer,
        at offset: UInt32,
        row: UInt32,
        _ words: inout WordSet
    ) -> Bool {
        let count = object.count
        guard count > 2, count <= Self.flatBytes, object[0] == UInt8(ascii: "{") else { return false }
        // A digit becomes a hole of two bytes at most.
        return withUnsafeTemporaryAllocation(byteCount: 2 * count, alignment: 1) { rest in
            var written = 0
            var copied = 0
            var index = 1
            func copy(upTo end: Int) {
                rest[written...].copyBytes(from: object[copied..<end])
                written += end - copied
            }
            while true {
                guard index < count, object[index] == UInt8(ascii: "\""),
                    let (nameEnd, nameHasEscapes) = Self.stringEnd(object, from: index + 1), !nameHasEscapes,
                    nameEnd + 2 < count, object[nameEnd + 1] == UInt8(ascii: ":")
                else { return false }
                let name = UnsafeRawBufferPointer(rebasing: object[index + 1..<nameEnd])
                index = nameEnd + 2
                let start = index
                switch object[index] {
                case UInt8(ascii: "\""):
                    guard let (end, hasEscapes) = Self.stringEnd(object, from: start + 1), !hasEscapes else {
                        return false
                    }
                    let string = UnsafeRawBufferPointer(rebasing: object[start + 1..<end])
                    Words.forEachHash(in: string) { words.insert($0) }
                    index = end + 1
                case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    var number = Self.readNumber(object, &index)
                    guard let column = members.column(of: name, row) else { break }
                    copy(upTo: start)
                    rest[written] = SplitData.hole
                    rest[written + 1] = UInt8(truncatingIfNeeded: column)
                    written += 2
                    copied = index
                    number.column = column
                    number.row = row
                    number.digits = TextRange(offset: offset + UInt32(start), length: UInt32(index - start))
                    numbers.append(number)
                    columns.append(column)
                case UInt8(ascii: "a")...UInt8(ascii: "z"):
                    while index < count, object[index] >= UInt8(ascii: "a"), object[index] <= UInt8(ascii: "z") {
                        index += 1
                    }
                default: return false
                }
                guard index < count else { return false }
                if object[index] == UInt8(ascii: ",") {
                    index += 1
                    continue
                }
                guard object[index] == UInt8(ascii: "}"), index + 1 == count else { return false }
                copy(upTo: count)
                text.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<written]))
                return true
            }
        }
    }

    private mutating func walk(
        _ object: UnsafeRawBufferPointer,
        at offset: UInt32,
        row: UInt32,
        _ words: inout WordSet
    ) -> Bool {
        var index = 0
        var copied = 0
        path.removeAll(keepingCapacity: true)
        levels.removeAll(keepingCapacity: true)
        arrays = 0
        let count = object.count
        while true {
            Self.skipBlanks(object, &index)
            guard index < count else { return false }
            let byte = object[index]
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard levels.count < ProtocolLimits.jsonDepth else { return false }
                let isObject = byte == UInt8(ascii: "{")
                levels.append(Level(isObject: isObject, path: path.count))
                if !isObject { arrays += 1 }
                index += 1
                Self.skipBlanks(object, &index)
                guard index < count else { return false }
                if object[index] != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject, !readKey(object, &index) { return false }
                    continue
                }
            case UInt8(ascii: "\""):
                guard readString(object, &index, &words) else { return false }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let start = index
                var number = Self.readNumber(object, &index)
                if let level = levels.last, level.isObject, arrays == 0,
                    let column = path.withUnsafeBytes({ members.column(of: $0, row) })
                {
                    text.append(contentsOf: UnsafeRawBufferPointer(rebasing: object[copied..<start]))
                    text.append(SplitData.hole)
                    text.append(UInt8(truncatingIfNeeded: column))
                    copied = index
                    number.column = column
                    number.row = row
                    number.digits = TextRange(offset: offset + UInt32(start), length: UInt32(index - start))
                    numbers.append(number)
                    columns.append(column)
                }
            default:
                let start = index
                while index < count, object[index] >= UInt8(ascii: "a"), object[index] <= UInt8(ascii: "z") {
                    index += 1
                }
                guard index > start else { return false }
            }
            // Behind a value, or at the closing bracket of an empty object or array.
            while true {
                guard let level = levels.last else {
                    Self.skipBlanks(object, &index)
                    text.append(contentsOf: UnsafeRawBufferPointer(rebasing: object[copied...]))
                    return index == count
                }
                path.removeLast(path.count - level.path)
                Self.skipBlanks(object, &index)
                guard index < count else { return false }
                let next = object[index]
                index += 1
                if next == UInt8(ascii: ",") {
                    if level.isObject, !readKey(object, &index) { return false }
                    break
                }
                guard next == (level.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return false }
                levels.removeLast()
                if !level.isObject { arrays -= 1 }
            }
        }
    }

    /// Appends a member's name to the path and goes behind its colon.
    private mutating func readKey(_ object: UnsafeRawBufferPointer, _ index: inout Int) -> Bool {
        Self.skipBlanks(object, &index)
        guard index < object.count, object[index] == UInt8(ascii: "\"") else { return false }
        let start = index + 1
        guard let (end, hasEscapes) = Self.stringEnd(object, from: start) else { return false }
        let name = UnsafeRawBufferPointer(rebasing: object[start..<end])
        // A member of the object itself; names may be empty.
        if levels.count > 1 { path.append(UInt8(ascii: ".")) }
        if hasEscapes {
            JSONText.appendUnescaped(name, to: &path)
        } else {
            path.append(contentsOf: name)
        }
        index = end + 1
        Self.skipBlanks(object, &index)
        guard index < object.count, object[index] == UInt8(ascii: ":") else { return false }
        index += 1
        return true
    }

    private mutating func readString(
        _ object: UnsafeRawBufferPointer,
        _ index: inout Int,
        _ words: inout WordSet
    ) -> Bool {
        let start = index + 1
        guard let (end, hasEscapes) = Self.stringEnd(object, from: start) else { return false }
        let string = UnsafeRawBufferPointer(rebasing: object[start..<end])
        if hasEscapes {
            unescaped.removeAll(keepingCapacity: true)
            JSONText.appendUnescaped(string, to: &unescaped)
            unescaped.withUnsafeBytes { Words.forEachHash(in: $0) { words.insert($0) } }
        } else {
            Words.forEachHash(in: string) { words.insert($0) }
        }
        index = end + 1
        return true
    }

    @inline(__always)
    private static func skipBlanks(_ object: UnsafeRawBufferPointer, _ index: inout Int) {
        while index < object.count, object[index] <= 0x20 { index += 1 }
    }

    /// Where a string's closing quote is.
    @inline(__always)
    private static func stringEnd(_ object: UnsafeRawBufferPointer, from start: Int) -> (Int, hasEscapes: Bool)? {
        var index = start
        var hasEscapes = false
        while index < object.count {
            let byte = object[index]
            if byte == UInt8(ascii: "\"") { return (index, hasEscapes) }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index += 2
            } else {
                index += 1
            }
        }
        return nil
    }

    /// Reads the digits of a number; a mantissa of at most 18 digits, or as text.
    @inline(__always)
    private static func readNumber(_ object: UnsafeRawBufferPointer, _ index: inout Int) -> SplitNumber {
        var number = SplitNumber(column: 0, fraction: 0, row: 0, mantissa: 0, digits: .none)
        let isNegative = object[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var digits = 0
        var fraction: UInt8 = 0
        var hasPoint = false
        var isPlain = true
        while index < object.count {
            let byte = object[index]
            let digit = byte &- UInt8(ascii: "0")
            if digit < 10 {
                digits += 1
                if digits <= 18 { number.mantissa = number.mantissa * 10 + Int64(digit) }
                if hasPoint { fraction &+= 1 }
            } else if byte == UInt8(ascii: ".") {
                hasPoint = true
            } else if byte | 0x20 == UInt8(ascii: "e") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
                isPlain = false
            } else {
                break
            }
            index += 1
        }
        // What does not come back from its value: `-0`, `007` and `1.` (which JSON does not have).
        let isZero = number.mantissa == 0
        isPlain =
            isPlain && digits > 0 && digits <= 18 && !(isNegative && isZero) && fraction <= ChunkNumbers.mostFraction
        if isPlain, digits > Int(fraction) + 1 {
            isPlain = object[index - digits - (hasPoint ? 1 : 0)] != UInt8(ascii: "0")
        }
        if isPlain, hasPoint { isPlain = fraction > 0 && Int(fraction) < digits }
        number.fraction = isPlain ? fraction : SplitNumber.asText
        if isNegative { number.mantissa = -number.mantissa }
        return number
    }
}

/// The members of objects that have a column, by their dotted paths.
private struct MemberTable {
    private(set) var paths: [[UInt8]] = []
    /// A member with a number got no column.
    private(set) var hasOthers = false
    /// 1 + the column; 0: free.
    private var slots = [UInt16](repeating: 0, count: HubLimits.numericColumns * 4)
    private var hashes: [UInt64] = []
    /// By column: 1 + the row that it was last used in.
    private var lastRows: [UInt32] = []

    mutating func removeAll() {
        paths.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        lastRows.removeAll(keepingCapacity: true)
        hasOthers = false
        for index in slots.indices { slots[index] = 0 }
    }

    /// The column of a path, made if there is room; nil: the number stays where it is.
    mutating func column(of path: UnsafeRawBufferPointer, _ row: UInt32) -> UInt16? {
        guard path.count <= HubLimits.numericPathBytes else {
            hasOthers = true
            return nil
        }
        let hash = ChunkHash.hash(path)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let found = Int(slots[slot]) - 1
            if hashes[found] == hash, paths[found].elementsEqual(path) {
                // A second one of the same path in one object stays where it is.
                if lastRows[found] == row + 1 { return nil }
                lastRows[found] = row + 1
                return UInt16(found)
            }
            slot = (slot + 1) & mask
        }
        guard paths.count < HubLimits.numericColumns else {
            hasOthers = true
            return nil
        }
        paths.append(Array(path))
        hashes.append(hash)
        lastRows.append(row + 1)
        slots[slot] = UInt16(paths.count)
        return UInt16(paths.count - 1)
    }

    /// The column was not used in its last row after all.
    mutating func forget(_ column: UInt16) { lastRows[Int(column)] = 0 }
}
