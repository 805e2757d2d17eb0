import Protocol

@testable import KomfyrHub

/// Holds values against JSON Schemas: the keywords that the hub's own description uses, and no others.
struct SchemaCheck: Sendable {
    /// The whole document, for `$ref`.
    let document: JSONValue

    private static let known: Set<String> = [
        "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
        "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "anyOf", "oneOf", "$ref", "description",
        "examples",
    ]

    /// What is wrong with a value, each with its place.
    func problems(_ value: JSONValue, _ schema: JSONValue, at place: String = "$") -> [String] {
        if let reference = schema["$ref"]?.text {
            guard let target = resolve(reference) else { return ["\(place): \(reference) leads nowhere"] }
            return problems(value, target, at: place)
        }
        var found = schema.names.filter { !Self.known.contains($0) }.map { "\(place): unknown keyword \($0)" }
        if let type = schema["type"] {
            let types = type.list?.compactMap(\.text) ?? [type.text].compactMap { $0 }
            if !types.contains(where: { Self.isOfType(value, $0) }) {
                return found + ["\(place): \(value) is no \(types.joined(separator: " or "))"]
            }
        }
        if let words = schema["enum"]?.list, !words.contains(value) { found.append("\(place): \(value) is not listed") }
        if let constant = schema["const"], constant != value { found.append("\(place): \(value) is not \(constant)") }
        for keyword in ["anyOf", "oneOf"] {
            guard let choices = schema[keyword]?.list else { continue }
            let results = choices.map { problems(value, $0, at: place) }
            let fitting = results.count { $0.isEmpty }
            if fitting == 0 { found += ["\(place): none of \(keyword) fits"] + results.flatMap { $0 } }
            if keyword == "oneOf", fitting > 1 { found.append("\(place): more than one of oneOf fits") }
        }
        switch value {
        case .text(let text): found += problems(text, schema, at: place)
        case .number(let number):
            if case .number(let least)? = schema["minimum"], number < least { found.append("\(place): below \(least)") }
            if case .number(let most)? = schema["maximum"], number > most { found.append("\(place): above \(most)") }
        case .list(let items):
            if let least = schema["minItems"]?.int, items.count < least {
                found.append("\(place): below \(least) items")
            }
            if let most = schema["maxItems"]?.int, items.count > most { found.append("\(place): above \(most) items") }
            if let item = schema["items"] {
                for (index, value) in items.enumerated() { found += problems(value, item, at: "\(place)[\(index)]") }
            }
        case .object(let members): found += problems(members, schema, at: place)
        case .null, .boolean: break
        }
        return found
    }

    private func problems(_ text: String, _ schema: JSONValue, at place: String) -> [String] {
        var found: [String] = []
        let length = text.unicodeScalars.count
        if let least = schema["minLength"]?.int, length < least { found.append("\(place): shorter than \(least)") }
        if let most = schema["maxLength"]?.int, length > most { found.append("\(place): longer than \(most)") }
        if let pattern = schema["pattern"]?.text {
            do {
                if try Regex(pattern).firstMatch(in: text) == nil {
                    found.append("\(place): \"\(text)\" is not of the form \(pattern)")
                }
            } catch {
                found.append("\(place): \(pattern) is no pattern")
            }
        }
        if schema["format"]?.text == "date-time", Array(text.utf8).withUnsafeBytes({ Timestamp.parse($0) }) == nil {
            found.append("\(place): \"\(text)\" is no time")
        }
        return found
    }

    private func problems(_ members: [String: JSONValue], _ schema: JSONValue, at place: String) -> [String] {
        var found: [String] = []
        for name in schema["required"]?.list?.compactMap(\.text) ?? [] where members[name] == nil {
            found.append("\(place).\(name) is missing")
        }
        for (name, value) in members {
            if let member = schema["properties"]?[name] {
                found += problems(value, member, at: "\(place).\(name)")
            } else if schema["additionalProperties"] == .boolean(false) {
                found.append("\(place).\(name) is not described")
            } else if let other = schema["additionalProperties"], other != .boolean(true) {
                found += problems(value, other, at: "\(place).\(name)")
            }
        }
        return found
    }

    func resolve(_ reference: String) -> JSONValue? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(document) { $0?[String($1)] }
    }

    private static func isOfType(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.boolean, "boolean"), (.text, "string"), (.list, "array"), (.object, "object"),
            (.number, "number"):
            true
        case (.number(let number), "integer"): number == number.rounded()
        default: false
        }
    }
}
