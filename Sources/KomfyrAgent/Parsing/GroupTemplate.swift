import Protocol

/// The `group` option of an input: text with `{hostname} {app} {source} {facility} {severity} {file} {data.NAME}` in
/// it.
///
/// A place may name several values, joined by `|`: the first that the log has is put in, and a text in quotes is one
/// that every log has: `{app|data.service|"none"}`. `{hostname}` alone means `{hostname|source}`.
///
/// A value is put in so that it stays one part of the name: `:`, `*` and control characters become `_`, and where a log
/// has none of them `unknown`. A forged packet can thus not climb into another tree. Values are cut so that the whole
/// has at most 255 bytes.
struct GroupTemplate: Sendable, Equatable {
    /// What a place in the template stands for.
    enum Value: String, Sendable, CaseIterable {
        case hostname
        case app
        case source
        case facility
        case severity
        case file
    }

    /// One of the values that a place names.
    enum Choice: Sendable, Equatable {
        case value(Value)
        /// A member of the log's `data`, by its number in `members`.
        case member(Int)
        case text([UInt8])
    }

    /// What is wrong with a template, in words for the operator.
    struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        var description: String
    }

    private enum Part: Sendable, Equatable {
        case text([UInt8])
        case place([Choice])
    }

    private let parts: [Part]
    /// The paths of the members of `data` that it names.
    let members: [String]
    /// The most bytes that one value takes.
    private let valueBytes: Int
    /// Shared by all groups beyond an input's `max_groups`.
    let other: [UInt8]

    /// Whether every log gets the same group.
    var isConstant: Bool {
        parts.allSatisfy { if case .place = $0 { false } else { true } }
    }

    /// Whether logs get no group at all: the template is empty.
    var isEmpty: Bool { parts.isEmpty }

    /// Whether a value occurs in it.
    func uses(_ value: Value) -> Bool {
        parts.contains { if case .place(let choices) = $0 { choices.contains(.value(value)) } else { false } }
    }

    /// Reads a template.
    /// - Throws: what is wrong with it and what to do.
    init(_ template: String) throws(Problem) {
        var parts: [Part] = []
        var members: [String] = []
        var text: [UInt8] = []
        var rest = Array(template.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "}") { throw Problem(description: "'}' without '{' in group \"\(template)\"") }
            guard byte == UInt8(ascii: "{") else {
                text.append(byte)
                continue
            }
            guard let close = rest.firstIndex(of: UInt8(ascii: "}")) else {
                throw Problem(description: "'{' without '}' in group \"\(template)\"")
            }
            let place = String(decoding: rest[..<close], as: UTF8.self)
            if !text.isEmpty { parts.append(.text(text)) }
            text = []
            parts.append(.place(try Self.choices(of: place, in: template, &members)))
            rest = rest[(close + 1)...]
        }
        if !text.isEmpty { parts.append(.text(text)) }
        let values = parts.count { if case .place = $0 { true } else { false } }
        let fixed = parts.reduce(0) { if case .text(let text) = $1 { $0 + text.count } else { $0 } }
        self.parts = parts
        self.members = members
        valueBytes = values == 0 ? 0 : (ProtocolLimits.groupBytes - fixed) / values
        other = Self.otherName(of: parts)
        guard values == 0 || valueBytes >= 16 else {
            throw Problem(
                description: "group \"\(template)\" leaves no room for its values: names have at most 255 bytes"
            )
        }
        try check(template)
    }

    /// The values that a place names, in their order.
    private static func choices(
        of place: String,
        in template: String,
        _ members: inout [String]
    ) throws(Problem) -> [Choice] {
        var choices: [Choice] = []
        for name in place.split(separator: "|", omittingEmptySubsequences: false) {
            if let text = literal(name) {
                guard !text.isEmpty else { throw Problem(description: "an empty text in group \"\(template)\"") }
                choices.append(.text(text))
            } else if let value = Value(rawValue: String(name)) {
                choices.append(.value(value))
            } else if name.hasPrefix("data."), name.utf8.count > 5 {
                let path = String(name.dropFirst(5))
                choices.append(.member(members.firstIndex(of: path) ?? members.count))
                if !members.contains(path) { members.append(path) }
            } else {
                let known = Value.allCases.map { "{\($0.rawValue)}" }.joined(separator: " ")
                throw Problem(
                    description: "unknown {\(name)} in group \"\(template)\": known are \(known) {data.NAME}"
                )
            }
        }
        return choices == [.value(.hostname)] ? [.value(.hostname), .value(.source)] : choices
    }

    /// What stands between quotes, double or single; nil when there are none.
    static func literal(_ name: Substring) -> [UInt8]? {
        guard let quote = name.first, quote == "\"" || quote == "'", name.count >= 2, name.last == quote else {
            return nil
        }
        return Array(name.dropFirst().dropLast().utf8)
    }

    /// A group's name must be right with whatever values it gets.
    private func check(_ template: String) throws(Problem) {
        guard !isEmpty else { return }
        var sample: [UInt8] = []
        append(GroupValues(), to: &sample)
        for name in [sample, other] where !name.withUnsafeBytes(GroupNames.isName) {
            throw Problem(
                description: "\"\(template)\" makes no group: parts are joined by ':', none of them is empty, and "
                    + "none has '*' or a control character; 255 bytes at most"
            )
        }
    }

    /// The fixed beginning, up to its last whole part, and `other`.
    private static func otherName(of parts: [Part]) -> [UInt8] {
        let other = Array("other".utf8)
        guard case .text(let text)? = parts.first, let colon = text.lastIndex(of: .colon) else { return other }
        return Array(text[...colon]) + other
    }

    /// Appends the name that these values give.
    func append(_ values: GroupValues, to output: inout [UInt8]) {
        for part in parts {
            switch part {
            case .text(let text): output.append(contentsOf: text)
            case .place(let choices): append(choices, values, to: &output)
            }
        }
    }

    private func append(_ choices: [Choice], _ values: GroupValues, to output: inout [UInt8]) {
        for choice in choices {
            switch choice {
            case .value(let value) where !values[value].isEmpty: return append(values[value], to: &output)
            case .member(let index) where index < values.members.count && !values.members[index].isEmpty:
                return values.members[index].withUnsafeBytes { append($0, to: &output) }
            case .text(let text): return text.withUnsafeBytes { append($0, to: &output) }
            default: continue
            }
        }
        output.append(contentsOf: "unknown".utf8)
    }

    private func append(_ value: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var count = min(value.count, valueBytes)
        // A character is never cut in two.
        while count > 0, count < value.count, value[count] & 0xC0 == 0x80 { count -= 1 }
        let isText = JSONText.isUTF8(UnsafeRawBufferPointer(rebasing: value[..<count]))
        if count == 0 { count = min(value.count, valueBytes) }
        for index in 0..<count {
            let byte = value[index]
            let isKept =
                byte >= 0x80 ? isText : byte >= 0x20 && byte != 0x7F && byte != .colon && byte != UInt8(ascii: "*")
            output.append(isKept ? byte : UInt8(ascii: "_"))
        }
    }
}

/// The values that one log gives to a template; empty where it has none.
struct GroupValues {
    var hostname = UnsafeRawBufferPointer(start: nil, count: 0)
    var app = UnsafeRawBufferPointer(start: nil, count: 0)
    var source = UnsafeRawBufferPointer(start: nil, count: 0)
    var facility = UnsafeRawBufferPointer(start: nil, count: 0)
    var severity = UnsafeRawBufferPointer(start: nil, count: 0)
    var file = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Of `GroupTemplate.members`, by their numbers.
    var members: [[UInt8]] = []

    subscript(value: GroupTemplate.Value) -> UnsafeRawBufferPointer {
        switch value {
        case .hostname: hostname
        case .app: app
        case .source: source
        case .facility: facility
        case .severity: severity
        case .file: file
        }
    }
}
