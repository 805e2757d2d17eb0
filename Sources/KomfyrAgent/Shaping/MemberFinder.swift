import Protocol

/// Finds members of a JSON object by their paths.
///
/// A path's parts are joined by dots, as the hub names time series: `net.rx` is the member `rx` of the member `net`,
/// and also a member that is itself called `net.rx`. Of an array the elements count.
struct MemberFinder {
    /// One thing to find.
    struct Wanted {
        var path: [UInt8]
        /// The caller's number for it.
        var slot: Int
        /// Where in `path` the part begins that is left to find.
        fileprivate var start = 0

        init(path: String, slot: Int) {
            self.path = Array(path.utf8)
            self.slot = slot
        }
    }

    let wanted: [Wanted]

    /// Walks over the object that the cursor is at, and behind it.
    /// - Parameters:
    ///   - cursor: at the object's `{`.
    ///   - found: gets each scalar with the slot of what it is, in the order of the text.
    /// - Throws: what makes it no JSON.
    func find(_ cursor: inout JSONCursor, _ found: (Int, JSONValue) -> Void) throws(JSONProblem) {
        try Self.walk(&cursor, wanted, found)
    }

    private static func walk(
        _ cursor: inout JSONCursor,
        _ wanted: [Wanted],
        _ found: (Int, JSONValue) -> Void
    ) throws(JSONProblem) {
        try cursor.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try cursor.nextKey(isFirst: &isFirst) {
            var whole: [Int] = []
            var below: [Wanted] = []
            withName(key, cursor) { name in
                for one in wanted { sort(one, by: name, &whole, &below) }
            }
            if cursor.peek == UInt8(ascii: "{"), !below.isEmpty {
                try walk(&cursor, below, found)
            } else if cursor.peek == UInt8(ascii: "["), !whole.isEmpty {
                try elements(of: &cursor) { value in for slot in whole { found(slot, value) } }
            } else {
                let value = try cursor.readValue()
                if value.kind != .object, value.kind != .array { for slot in whole { found(slot, value) } }
            }
        }
    }

    /// Reads an array, and hands out what is neither object nor array in it.
    static func elements(
        of cursor: inout JSONCursor,
        _ found: (JSONValue) -> Void
    ) throws(JSONProblem) {
        try cursor.enter(UInt8(ascii: "["))
        var isFirst = true
        while try cursor.nextElement(isFirst: &isFirst) {
            let value = try cursor.readValue()
            if value.kind != .object, value.kind != .array { found(value) }
        }
    }

    /// What a member of this name is of a wanted one: all of it, its beginning, or nothing.
    private static func sort(
        _ one: Wanted,
        by name: UnsafeRawBufferPointer,
        _ whole: inout [Int],
        _ below: inout [Wanted]
    ) {
        let left = one.path.count - one.start
        guard name.count <= left else { return }
        for index in 0..<name.count where one.path[one.start + index] != name[index] { return }
        if name.count == left {
            whole.append(one.slot)
        } else if one.path[one.start + name.count] == UInt8(ascii: ".") {
            var rest = one
            rest.start += name.count + 1
            below.append(rest)
        }
    }

    private static func withName(
        _ key: JSONValue,
        _ cursor: JSONCursor,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        guard key.hasEscapes else { return body(cursor.bytes(key)) }
        var name: [UInt8] = []
        JSONText.appendUnescaped(cursor.bytes(key), to: &name)
        name.withUnsafeBytes(body)
    }
}
