import FoundationEssentials
import NIOCore

/// Any JSON, to look into answers.
enum JSONValue: Decodable, Equatable, Sendable {
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Reads an answer's body.
    init(_ body: ByteBuffer) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: Data(body.readableBytesView))
    }

    subscript(_ name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    subscript(_ index: Int) -> JSONValue? {
        if case .list(let items) = self, items.indices.contains(index) { items[index] } else { nil }
    }

    var text: String? { if case .text(let value) = self { value } else { nil } }
    var int: Int? { if case .number(let value) = self { Int(exactly: value) } else { nil } }
    var list: [JSONValue]? { if case .list(let value) = self { value } else { nil } }
    var names: [String] { if case .object(let value) = self { value.keys.sorted() } else { [] } }
}
