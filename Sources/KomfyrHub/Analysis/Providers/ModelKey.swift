/// A provider's key, which no description, dump or interpolation shows.
struct ModelKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// For the one header that carries it.
    let text: String

    init(_ text: String) { self.text = text }

    var description: String { "(a key)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// Whether a text has a part of the key: eight bytes of it, or all of a shorter one.
    func isIn(_ other: String) -> Bool {
        let key = Array(text.utf8)
        let bytes = Array(other.utf8)
        let length = min(8, key.count)
        guard length > 0, bytes.count >= length else { return false }
        let parts = Set((0...(key.count - length)).map { key[$0..<($0 + length)] })
        return (0...(bytes.count - length)).contains { parts.contains(bytes[$0..<($0 + length)]) }
    }
}
