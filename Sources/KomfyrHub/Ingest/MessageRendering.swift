import Protocol

/// Makes the message of a log that has only data: `temperature=-18.5 humidity=45`.
enum MessageRendering {
    /// Appends the members of the object that the cursor is at; strings stand bare unless they have blanks, quotes or
    /// are empty, other values as they were sent.
    ///
    /// An object without members gives `{}`.
    /// - Throws: never for an object that was read before.
    static func append(_ cursor: JSONCursor, to output: inout [UInt8]) throws(JSONProblem) {
        var cursor = cursor
        try cursor.enter(UInt8(ascii: "{"))
        var isFirst = true
        var count = 0
        while let key = try cursor.nextKey(isFirst: &isFirst) {
            if count > 0 { output.append(0x20) }
            count += 1
            JSONText.appendUnescaped(cursor.bytes(key), to: &output)
            output.append(UInt8(ascii: "="))
            let value = try cursor.readValue()
            if value.kind == .string, isBare(cursor.bytes(value)) {
                output.append(contentsOf: cursor.bytes(value))
            } else if value.kind == .string {
                output.append(UInt8(ascii: "\""))
                JSONText.appendUnescaped(cursor.bytes(value), to: &output)
                output.append(UInt8(ascii: "\""))
            } else {
                output.append(contentsOf: cursor.bytes(value))
            }
        }
        if count == 0 { output.append(contentsOf: "{}".utf8) }
    }

    private static func isBare(_ text: UnsafeRawBufferPointer) -> Bool {
        !text.isEmpty
            && text.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "=") }
    }
}
