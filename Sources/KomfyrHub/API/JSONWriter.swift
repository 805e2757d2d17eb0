import Protocol

/// Writes JSON as bytes; commas come by themselves.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func beginObject() { open(UInt8(ascii: "{")) }
    mutating func endObject() { close(UInt8(ascii: "}")) }
    mutating func beginArray() { open(UInt8(ascii: "[")) }
    mutating func endArray() { close(UInt8(ascii: "]")) }

    /// A member's name, which needs no escapes; its value comes next.
    mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A member's name of any text.
    mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func string(_ value: String) {
        separate()
        JSONText.appendString(value, to: &bytes)
    }

    /// A text of UTF-8 bytes.
    mutating func string(_ bytes: [UInt8]) {
        separate()
        bytes.withUnsafeBytes { _ = JSONText.appendString($0, to: &self.bytes) }
    }

    /// A text, or null.
    mutating func string(_ value: String?) {
        if let value { string(value) } else { null() }
    }

    mutating func integer(_ value: some BinaryInteger) { literal(String(value)) }

    /// A whole number, or null.
    mutating func integer(_ value: Int?) {
        if let value { integer(value) } else { null() }
    }

    /// A number with at most three digits after the point; what is not finite becomes null.
    mutating func number(_ value: Double) {
        guard value.isFinite else {
            literal("null")
            return
        }
        let rounded = (value * 1000).rounded() / 1000
        literal(rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int64(rounded)) : "\(rounded)")
    }

    /// A number with the fewest digits that are read as the same double; what is not finite becomes null.
    mutating func exact(_ value: Double?) {
        guard let value, value.isFinite else {
            literal("null")
            return
        }
        // All whole numbers up to 2^53 are doubles.
        literal(value == value.rounded() && abs(value) <= 9_007_199_254_740_992 ? String(Int64(value)) : "\(value)")
    }

    mutating func boolean(_ value: Bool) { literal(value ? "true" : "false") }
    mutating func null() { literal("null") }

    /// A time, or null.
    mutating func time(_ nanoseconds: Int64?) {
        guard let nanoseconds else {
            null()
            return
        }
        separate()
        bytes.append(UInt8(ascii: "\""))
        Timestamp.append(nanoseconds, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A value that the closure appends as JSON.
    mutating func value(_ append: (inout [UInt8]) -> Void) {
        separate()
        append(&bytes)
    }

    /// An array, each element of which the closure writes.
    mutating func list<Element>(_ elements: some Sequence<Element>, _ write: (inout JSONWriter, Element) -> Void) {
        beginArray()
        for element in elements { write(&self, element) }
        endArray()
    }

    /// `{"debug":0,…}` of counts by `Level.rawValue`.
    mutating func levels(_ counts: [Int]) {
        beginObject()
        for level in Level.allCases {
            key(level.name)
            integer(Int(level.rawValue) < counts.count ? counts[Int(level.rawValue)] : 0)
        }
        endObject()
    }

    private mutating func literal(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}
