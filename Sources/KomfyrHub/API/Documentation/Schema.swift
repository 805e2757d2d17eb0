/// What a value looks like, as a JSON Schema (2020-12, which OpenAPI 3.1 uses).
///
/// Objects are closed: what an answer holds beyond its schema is a fault that the tests find.
struct Schema: Sendable {
    var json: JSONTree

    init(_ json: JSONTree) { self.json = json }

    // MARK: Values

    /// Any text.
    static let text = Schema(["type": "string"])
    static let flag = Schema(["type": "boolean"])
    /// A whole number from 0.
    static let count = Schema(["type": "integer", "minimum": 0])
    /// A number from 0, with a fraction or without.
    static let quantity = Schema(["type": "number", "minimum": 0])
    /// RFC 3339, in UTC.
    static let time = Schema(["type": "string", "format": "date-time", "examples": ["2026-11-23T05:00:00.125Z"]])
    /// Any number.
    static let decimal = Schema(["type": "number"])
    /// Nothing, or anything.
    static let any = Schema([:])

    /// A text of a form.
    static func text(pattern: String, example: String) -> Schema {
        Schema(["type": "string", "pattern": .text(pattern), "examples": [.text(example)]])
    }

    /// A text of so many characters at most.
    static func text(most length: Int, least: Int = 0) -> Schema {
        Schema(["type": "string", "minLength": .number(least), "maxLength": .number(length)])
    }

    /// One of these words.
    static func words(_ words: [String]) -> Schema {
        Schema(["type": "string", "enum": .list(words.map { .text($0) })])
    }

    /// This text and no other.
    static func constant(_ text: String) -> Schema { Schema(["type": "string", "const": .text(text)]) }

    /// This flag and no other.
    static func constant(_ flag: Bool) -> Schema { Schema(["type": "boolean", "const": .flag(flag)]) }

    static func number(_ range: ClosedRange<Int>) -> Schema {
        Schema([
            "type": "integer", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound),
        ])
    }

    // MARK: Compounds

    static func list(of item: Schema, most: Int? = nil) -> Schema {
        Schema(["type": "array", "items": item.json]).adding("maxItems", most.map { .number($0) })
    }

    /// An object of these members and no others; all are always there but the optional ones.
    static func object(_ members: KeyValuePairs<String, Schema>, optional: Set<String> = []) -> Schema {
        Schema([
            "type": "object",
            "properties": .object(members.map { JSONTree.Member($0.key, $0.value.json) }),
            "required": .list(members.map(\.key).filter { !optional.contains($0) }.map { .text($0) }),
            "additionalProperties": false,
        ])
    }

    /// An object whose members may have any names.
    static func map(of value: Schema) -> Schema {
        Schema(["type": "object", "additionalProperties": value.json])
    }

    static func oneOf(_ schemas: Schema...) -> Schema { Schema(["oneOf": .list(schemas.map(\.json))]) }
    static func anyOf(_ schemas: Schema...) -> Schema { Schema(["anyOf": .list(schemas.map(\.json))]) }

    /// One of `OpenAPIDescription.schemas`.
    static func named(_ name: String) -> Schema { Schema(["$ref": .text("#/components/schemas/\(name)")]) }

    // MARK: Variations

    /// The same, or null.
    var orNull: Schema { .anyOf(self, Schema(["type": "null"])) }

    /// The same with words about it.
    func described(_ words: String) -> Schema { adding("description", .text(words)) }

    func example(_ example: JSONTree) -> Schema { adding("examples", .list([example])) }

    /// The same with one keyword more.
    func adding(_ keyword: String, _ value: JSONTree?) -> Schema { Schema(json.setting(keyword, value)) }
}
