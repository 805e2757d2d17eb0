import Protocol

/// Walks the members of one log's data: JSON as it was sent, or with holes where numbers were taken out (`SplitData`).
///
/// What it walks was checked when it was stored; here nothing is checked again, and nothing is trusted either: what
/// is no JSON ends the walk, and no byte beyond the end is read.
///
/// A member is named by its dotted path. Names that have dots themselves count as so many names, so `{"a.b":1}` and
/// `{"a":{"b":1}}` both have `a.b`. Arrays add nothing to a path: their elements are values of the array's member.
struct DataWalk {
    /// A value met on the walk.
    enum Value {
        /// Without its quotes.
        case string(UnsafeRawBufferPointer, hasEscapes: Bool)
        /// As it is written.
        case number(UnsafeRawBufferPointer)
        /// A number that was taken out; its column.
        case hole(Int)
        /// `true`, `false` or `null`.
        case literal(UnsafeRawBufferPointer)
        case object
        case array
    }

    private let text: UnsafeRawBufferPointer
    private var index = 0
    /// Of names that have escapes.
    private var name: [UInt8] = []

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// Calls `body` with each value of the member with this path, until it returns true.
    ///
    /// `isElement`: the value stands in an array.
    /// - Returns: whether it returned true.
    @inline(__always)
    static func member(
        _ path: [UInt8],
        in text: UnsafeRawBufferPointer,
        _ body: (_ value: Value, _ isElement: Bool) -> Bool
    ) -> Bool {
        var walk = DataWalk(text)
        return walk.value(path, from: 0, depth: 0, isElement: false, body)
    }

    /// Calls `body` with each string that is a value, names left out, until it returns true.
    /// - Returns: whether it returned true.
    @inline(__always)
    static func strings(
        in text: UnsafeRawBufferPointer,
        _ body: (_ bytes: UnsafeRawBufferPointer, _ hasEscapes: Bool) -> Bool
    ) -> Bool {
        var walk = DataWalk(text)
        while let byte = walk.next() {
            switch byte {
            case UInt8(ascii: "\""):
                guard let (bytes, hasEscapes) = walk.string() else { return false }
                // A name has a colon behind it; a value never has.
                if walk.peek() != UInt8(ascii: ":"), body(bytes, hasEscapes) { return true }
            case SplitData.hole: walk.index += 2
            default: walk.index += 1
            }
        }
        return false
    }

    /// Calls `body` with each number that is a member of an object, those in arrays left out, and its dotted path.
    ///
    /// `path` is room for it, kept from object to object.
    @inline(__always)
    static func numbers(
        in text: UnsafeRawBufferPointer,
        path: inout [UInt8],
        _ body: (_ path: UnsafeRawBufferPointer, _ value: Value) -> Void
    ) {
        path.removeAll(keepingCapacity: true)
        var walk = DataWalk(text)
        walk.numbers(&path, depth: 0, body)
    }

    private mutating func numbers(
        _ path: inout [UInt8],
        depth: Int,
        _ body: (UnsafeRawBufferPointer, Value) -> Void
    ) {
        guard depth < HubLimits.searchDataDepth, next() == UInt8(ascii: "{") else {
            _ = stop()
            return
        }
        index += 1
        while let byte = next(), byte != UInt8(ascii: "}") {
            if byte == UInt8(ascii: ",") {
                index += 1
                continue
            }
            guard byte == UInt8(ascii: "\""), let (bytes, hasEscapes) = string(), next() == UInt8(ascii: ":") else {
                _ = stop()
                return
            }
            index += 1
            let length = path.count
            if depth > 0 { path.append(UInt8(ascii: ".")) }
            if hasEscapes {
                JSONText.appendUnescaped(bytes, to: &path)
            } else {
                path.append(contentsOf: bytes)
            }
            switch next() {
            case UInt8(ascii: "{"): numbers(&path, depth: depth + 1, body)
            case UInt8(ascii: "["): skip()
            case let byte?:
                switch scalar(byte) {
                case .number(let digits): path.withUnsafeBytes { body($0, .number(digits)) }
                case .hole(let column): path.withUnsafeBytes { body($0, .hole(column)) }
                case nil: _ = stop()
                default: break
                }
            case nil: break
            }
            path.removeLast(path.count - length)
        }
        index += 1
    }

    // MARK: Values

    /// Walks the value that is next; `place` is where in the path the next name begins: one past its end, all of it was
    /// met on the way here.
    ///
    /// At the end itself one name is still to come, an empty one.
    /// - Returns: whether the body returned true; when the text is no JSON the walk is at its end.
    private mutating func value(
        _ path: [UInt8],
        from place: Int,
        depth: Int,
        isElement: Bool,
        _ body: (Value, Bool) -> Bool
    ) -> Bool {
        guard depth < HubLimits.searchDataDepth, let byte = next() else { return stop() }
        let isWanted = place > path.count
        switch byte {
        case UInt8(ascii: "{"):
            if isWanted {
                skip()
                return body(.object, isElement)
            }
            index += 1
            return members(path, from: place, depth: depth, isElement: isElement, body)
        case UInt8(ascii: "["):
            index += 1
            if isWanted, body(.array, isElement) { return true }
            while let byte = next(), byte != UInt8(ascii: "]") {
                if byte == UInt8(ascii: ",") {
                    index += 1
                } else if value(path, from: place, depth: depth + 1, isElement: true, body) {
                    return true
                }
            }
            index += 1
            return false
        default:
            guard let found = scalar(byte) else { return stop() }
            return isWanted && body(found, isElement)
        }
    }

    private mutating func members(
        _ path: [UInt8],
        from place: Int,
        depth: Int,
        isElement: Bool,
        _ body: (Value, Bool) -> Bool
    ) -> Bool {
        while let byte = next(), byte != UInt8(ascii: "}") {
            if byte == UInt8(ascii: ",") {
                index += 1
                continue
            }
            guard byte == UInt8(ascii: "\""), let (bytes, hasEscapes) = string(), next() == UInt8(ascii: ":") else {
                return stop()
            }
            index += 1
            if let onward = self.place(after: bytes, hasEscapes, in: path, from: place) {
                if value(path, from: onward, depth: depth + 1, isElement: isElement, body) { return true }
            } else {
                skip()
            }
        }
        index += 1
        return false
    }

    /// Where the path goes on behind one more name; nil: it is not the path's.
    private mutating func place(
        after bytes: UnsafeRawBufferPointer,
        _ hasEscapes: Bool,
        in path: [UInt8],
        from place: Int
    ) -> Int? {
        guard hasEscapes else { return Self.place(after: bytes, in: path, from: place) }
        name.removeAll(keepingCapacity: true)
        JSONText.appendUnescaped(bytes, to: &name)
        return name.withUnsafeBytes { Self.place(after: $0, in: path, from: place) }
    }

    private static func place(after name: UnsafeRawBufferPointer, in path: [UInt8], from place: Int) -> Int? {
        guard name.count <= path.count - place else { return nil }
        for offset in 0..<name.count where path[place + offset] != name[offset] { return nil }
        let end = place + name.count
        return end == path.count || path[end] == UInt8(ascii: ".") ? end + 1 : nil
    }

    /// Reads a value that is no object and no array.
    private mutating func scalar(_ byte: UInt8) -> Value? {
        switch byte {
        case UInt8(ascii: "\""): return string().map { .string($0.bytes, hasEscapes: $0.hasEscapes) }
        case SplitData.hole:
            guard index + 1 < text.count else { return nil }
            defer { index += 2 }
            return .hole(Int(text[index + 1]))
        default:
            let start = index
            while index < text.count, !Self.endsScalar(text[index]) { index += 1 }
            guard index > start else { return nil }
            let bytes = UnsafeRawBufferPointer(rebasing: text[start..<index])
            let isNumber = byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10
            return isNumber ? .number(bytes) : .literal(bytes)
        }
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    // MARK: Bytes

    /// The next byte that is no blank, not consumed.
    @inline(__always)
    private mutating func next() -> UInt8? {
        while index < text.count {
            let byte = text[index]
            if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return byte }
            index += 1
        }
        return nil
    }

    @inline(__always)
    private mutating func peek() -> UInt8? { next() }

    /// Reads the string whose quote is next; nil: it has no end.
    @inline(__always)
    private mutating func string() -> (bytes: UnsafeRawBufferPointer, hasEscapes: Bool)? {
        let start = index + 1
        var end = start
        var hasEscapes = false
        while end < text.count {
            let byte = text[end]
            if byte == UInt8(ascii: "\"") {
                index = end + 1
                return (UnsafeRawBufferPointer(rebasing: text[start..<end]), hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                end += 1
            }
            end += 1
        }
        index = text.count
        return nil
    }

    /// Goes behind the value that is next.
    private mutating func skip() {
        var depth = 0
        while let byte = next() {
            switch byte {
            case UInt8(ascii: "\""): if string() == nil { return }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // The end of what the value stands in.
                if depth == 0 { return }
                depth -= 1
                index += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                if depth == 0 { return }
                index += 1
                continue
            default: if scalar(byte) == nil { return }
            }
            if depth == 0 { return }
        }
    }

    /// Ends the walk.
    private mutating func stop() -> Bool {
        index = text.count
        return false
    }
}
