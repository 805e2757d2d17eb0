import Protocol

/// The `group` option of an input: text with `{hostname} {app} {source} {facility} {severity} {file}` in it.
///
/// A value is put in so that it stays one part of the name: `:`, `*` and control characters become `_`, and an empty
/// one `unknown`. A forged packet can thus not climb into another tree. Values are cut so that the whole has at most
/// 255 bytes.
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

    /// What is wrong with a template, in words for the operator.
    struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        var description: String
    }

    private enum Part: Sendable, Equatable {
        case text([UInt8])
        case value(Value)
    }

    private let parts: [Part]
    /// The most bytes that one value takes.
    private let valueBytes: Int
    /// Shared by all groups beyond an input's `max_groups`.
    let other: [UInt8]

    /// Whether every log gets the same group.
    var isConstant: Bool {
        parts.allSatisfy { if case .value = $0 { false } else { true } }
    }

    /// Whether logs get no group at all: the template is empty.
    var isEmpty: Bool { parts.isEmpty }

    /// Whether a value occurs in it.
    func uses(_ value: Value) -> Bool { parts.contains(.value(value)) }

    /// Reads a template.
    /// - Throws: what is wrong with it and what to do.
    init(_ template: String) throws(Problem) {
        var parts: [Part] = []
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
            let name = String(decoding: rest[..<close], as: UTF8.self)
            guard let value = Value(rawValue: name) else {
                let known = Value.allCases.map { "{\($0.rawValue)}" }.joined(separator: " ")
                throw Problem(description: "unknown {\(name)} in group \"\(template)\": known are \(known)")
            }
            if !text.isEmpty { parts.append(.text(text)) }
            text = []
            parts.append(.value(value))
            rest = rest[(close + 1)...]
        }
        if !text.isEmpty { parts.append(.text(text)) }
        let values = parts.count { if case .value = $0 { true } else { false } }
        let fixed = parts.reduce(0) { if case .text(let text) = $1 { $0 + text.count } else { $0 } }
        self.parts = parts
        valueBytes = values == 0 ? 0 : (ProtocolLimits.groupBytes - fixed) / values
        other = Self.otherName(of: parts)
        guard values == 0 || valueBytes >= 16 else {
            throw Problem(
                description: "group \"\(template)\" leaves no room for its values: names have at most 255 bytes"
            )
        }
        try check(template)
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
            case .value(let value): append(values[value], to: &output)
            }
        }
    }

    private func append(_ value: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard !value.isEmpty else {
            output.append(contentsOf: "unknown".utf8)
            return
        }
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
