import CToml

/// A place in a text: line and column count from 1, a column counts code points.
struct TextPlace: Sendable, Hashable, Comparable {
    var line: Int
    var column: Int

    static func < (left: TextPlace, right: TextPlace) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value of a TOML text, with the place where it stands.
struct TomlValue: Sendable {
    enum Content: Sendable {
        case table([TomlMember])
        case array([TomlValue])
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        /// A date or a time: no option takes one.
        case time
    }
    var content: Content
    var place: TextPlace

    /// What the value is, as a person calls it, for errors.
    var kindInWords: String {
        switch content {
        case .table: "a table"
        case .array: "a list"
        case .string: "text"
        case .integer: "a number"
        case .float: "a number with a fraction"
        case .boolean: "true or false"
        case .time: "a date or time"
        }
    }
}

/// A key with its value, in the order of the text.
struct TomlMember: Sendable {
    var key: String
    var keyPlace: TextPlace
    var value: TomlValue
}

/// Why a text is not TOML.
struct TomlError: Error, Sendable {
    var place: TextPlace
    /// toml++'s words.
    var words: String
}

/// Reads a TOML text into a tree of values.
enum TomlDocument {
    /// - Returns: the root table.
    /// - Throws: the first place that is not TOML.
    static func parse(_ text: [UInt8]) throws(TomlError) -> TomlValue {
        let parsed = text.withUnsafeBytes { bytes in
            ctoml_parse(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard let document = parsed else {
            throw TomlError(place: TextPlace(line: 1, column: 1), words: "no memory is left to read it")
        }
        defer { ctoml_free(document) }
        var line: UInt32 = 1
        var column: UInt32 = 1
        if let words = ctoml_error(document, &line, &column) {
            throw TomlError(place: TextPlace(line: Int(line), column: Int(column)), words: String(cString: words))
        }
        let values = UnsafeBufferPointer(start: ctoml_values(document), count: ctoml_count(document))
        var members: [[Int]] = Array(repeating: [], count: values.count)
        for index in values.indices where values[index].parent >= 0 {
            members[Int(values[index].parent)].append(index)
        }
        return value(0, of: values, members: members)
    }

    /// Recursion is as deep as the text nests, which toml++ bounds (256).
    private static func value(
        _ index: Int,
        of values: UnsafeBufferPointer<ctoml_value>,
        members: [[Int]]
    ) -> TomlValue {
        let flat = values[index]
        let content: TomlValue.Content
        switch flat.kind {
        case CTOML_TABLE:
            content = .table(
                members[index]
                    .map { member in
                        TomlMember(
                            key: text(values[member].key, values[member].key_length),
                            keyPlace: TextPlace(
                                line: Int(values[member].key_line),
                                column: Int(values[member].key_column)
                            ),
                            value: value(member, of: values, members: members)
                        )
                    }
            )
        case CTOML_ARRAY: content = .array(members[index].map { value($0, of: values, members: members) })
        case CTOML_STRING: content = .string(text(flat.text, flat.text_length))
        case CTOML_INTEGER: content = .integer(flat.integer)
        case CTOML_FLOAT: content = .float(flat.number)
        case CTOML_BOOLEAN: content = .boolean(flat.integer != 0)
        default: content = .time
        }
        return TomlValue(content: content, place: TextPlace(line: Int(flat.line), column: Int(flat.column)))
    }

    private static func text(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
    }
}
