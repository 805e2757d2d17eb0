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
        if let line = lineOfDeepKey(text) {
            let words = "a key has more than \(AgentLimits.keyParts) parts"
            throw TomlError(place: TextPlace(line: line, column: 1), words: words)
        }
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

    /// The first line with a key of too many parts (`a.b.c…`): each is a table in the one before, and toml++, which
    /// bounds all other nesting, takes as many as there are and frees them by recursion.
    ///
    /// It knows of the syntax what tells a key's dots from those in texts and comments. Where it and toml++ may differ
    /// the text is no TOML, and toml++ reads no further than that.
    private static func lineOfDeepKey(_ text: [UInt8]) -> Int? {
        var line = 1
        var dots = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == .lineFeed {
                line += 1
                dots = 0
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                let end = endOfText(text, from: index - 1)
                line += text[index..<end].count { $0 == .lineFeed }
                index = end
            } else if byte == UInt8(ascii: "#") {
                index = text[index...].firstIndex(of: .lineFeed) ?? text.count
            } else if ",[{=".utf8.contains(byte) {
                dots = 0
            } else if byte == UInt8(ascii: ".") {
                dots += 1
                if dots >= AgentLimits.keyParts { return line }
            }
        }
        return nil
    }

    /// Where a text that begins with a quote ends: behind its last quote, or before the end of the line where that is
    /// missing.
    private static func endOfText(_ text: [UInt8], from start: Int) -> Int {
        let quote = text[start]
        let isLong = text[start...].prefix(3).count == 3 && text[start...].prefix(3).allSatisfy { $0 == quote }
        var index = start + (isLong ? 3 : 1)
        while index < text.count {
            let byte = text[index]
            if byte == .lineFeed, !isLong { return index }
            index += 1
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                // What is escaped is no end; an escaped line end is one all the same where a text has one line.
                if index < text.count, isLong || text[index] != .lineFeed { index += 1 }
            } else if byte == quote {
                guard isLong else { return index }
                let run = text[(index - 1)...].prefix { $0 == quote }.count
                // Up to two quotes may stand before the three that end it.
                if run >= 3 { return index - 1 + min(run, 5) }
                index += run - 1
            }
        }
        return text.count
    }

    /// Recursion is as deep as the text nests, which toml++ bounds (256), and as `keyParts` allows.
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
