import Protocol

/// A log's tags as columns hold them: a JSON array of strings without blanks, each written by `JSONText`, so that
/// equal tags are equal bytes.
enum TagList {
    /// A tag as it stands in such an array, quotes included.
    static func element(_ tag: String) -> [UInt8] {
        var text: [UInt8] = []
        JSONText.appendString(tag, to: &text)
        return text
    }

    /// Calls `body` with each element, quotes included, until it returns true.
    /// - Returns: whether it returned true.
    @inline(__always)
    static func contains(_ array: UnsafeRawBufferPointer, where body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var index = 1
        while index < array.count, array[index] == UInt8(ascii: "\"") {
            var end = index + 1
            while end < array.count, array[end] != UInt8(ascii: "\"") {
                end += array[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard end < array.count else { return false }
            if body(UnsafeRawBufferPointer(rebasing: array[index...end])) { return true }
            index = end + 2
        }
        return false
    }

    /// Whether any, or all, of some tags (as `element` writes them) are in such an array.
    static func holds(_ array: ArraySlice<UInt8>, _ tags: [[UInt8]], all: Bool) -> Bool {
        array.withUnsafeBytes { array in
            let holds = { (tag: [UInt8]) in
                contains(array) { element in
                    element.count == tag.count && element.elementsEqual(tag)
                }
            }
            return all ? tags.allSatisfy(holds) : tags.contains(where: holds)
        }
    }
}
