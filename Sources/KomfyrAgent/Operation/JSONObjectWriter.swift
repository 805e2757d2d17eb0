import Protocol

/// Writes one JSON object, member by member: for what operators' programs and the hub's dashboard read, never for logs.
struct JSONObjectWriter {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]
    private let textBytes: Int

    /// An object without members; longer texts are cut, between two characters.
    init(textBytes: Int = .max) { self.textBytes = textBytes }

    mutating func text(_ name: String, _ value: String) {
        key(name)
        appendText(value)
    }

    mutating func flag(_ name: String, _ value: Bool) {
        key(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    mutating func integer(_ name: String, _ value: some BinaryInteger) {
        key(name)
        bytes.append(contentsOf: "\(value)".utf8)
    }

    /// Whole numbers are written without a fraction; what is no number is null.
    mutating func number(_ name: String, _ value: Double) {
        key(name)
        let text = value.isFinite ? Int64(exactly: value).map { String($0) } ?? String(value) : "null"
        bytes.append(contentsOf: text.utf8)
    }

    mutating func null(_ name: String) {
        key(name)
        bytes.append(contentsOf: "null".utf8)
    }

    mutating func texts(_ name: String, _ values: [String]) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            appendText(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    mutating func object(_ name: String, _ write: (inout JSONObjectWriter) -> Void) {
        var object = JSONObjectWriter(textBytes: textBytes)
        write(&object)
        key(name)
        bytes.append(contentsOf: object.finish())
    }

    /// An array of objects; those that would bring this one beyond `bytesAtMost` are left out.
    mutating func objects<Element>(
        _ name: String,
        _ elements: some Sequence<Element>,
        bytesAtMost: Int = .max,
        _ write: (Element, inout JSONObjectWriter) -> Void
    ) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            var object = JSONObjectWriter(textBytes: textBytes)
            write(element, &object)
            let written = object.finish()
            // With the comma before it, and what ends the array and the objects around it.
            guard written.count + 4 <= bytesAtMost - bytes.count else { break }
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: written)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// The whole object.
    func finish() -> [UInt8] { bytes + [UInt8(ascii: "}")] }

    private mutating func appendText(_ text: String) {
        guard text.utf8.count > textBytes else { return JSONText.appendString(text, to: &bytes) }
        let start = Array(text.utf8.prefix(textBytes))
        let count = start.count - start.withUnsafeBytes { CharacterCut.unfinishedBytes(of: $0) }
        JSONText.appendString(String(decoding: start[..<count], as: UTF8.self), to: &bytes)
    }

    private mutating func key(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        JSONText.appendString(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }
}
