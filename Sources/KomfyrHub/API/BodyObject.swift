import FoundationEssentials
import Protocol

/// A small JSON object of a request's body, read member by member; what does not fit is 422 with its place.
///
/// For keys, shares and heartbeats, which are few; logs go another way.
struct BodyObject: Sendable {
    private let members: [String: Member]
    private let location: [APIError.Issue.Step]

    private enum Member: Decodable, Sendable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case number(Double)
        case text(String)
        case list([Member])
        case object([String: Member])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .boolean(value)
            } else if let value = try? container.decode(Int64.self) {
                self = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .text(value)
            } else if let value = try? container.decode([Member].self) {
                self = .list(value)
            } else {
                self = .object(try container.decode([String: Member].self))
            }
        }
    }

    /// Reads a body.
    /// - Parameters:
    ///   - bytes: the body.
    ///   - known: the members that there are; a mistyped one is refused. Nil: unknown ones are ignored.
    ///   - form: what the body should be, for the error.
    /// - Throws: 422 when it is no JSON object, or has other members.
    init(_ bytes: [UInt8], known: [String]?, form: String) throws(APIError) {
        let members: [String: Member]
        do {
            members = try JSONDecoder().decode([String: Member].self, from: Data(bytes))
        } catch {
            throw APIError([APIError.Issue(type: "body", location: ["body"], message: "Send a JSON object: \(form).")])
        }
        if let known {
            let unknown = members.keys.sorted().filter { !known.contains($0) }
            let issues = unknown.map { name in
                APIError.Issue(
                    type: "unknown_member",
                    location: ["body", .name(String(name.prefix(100)))],
                    message: "There is no such member. Known are \(known.joined(separator: ", "))."
                )
            }
            if !issues.isEmpty { throw APIError(issues) }
        }
        self.init(members: members, location: ["body"])
    }

    private init(members: [String: Member], location: [APIError.Issue.Step]) {
        self.members = members
        self.location = location
    }

    /// 422 about one member.
    func problem(_ name: String, _ type: String, _ message: String) -> APIError {
        APIError([APIError.Issue(type: type, location: location + [.name(name)], message: message)])
    }

    /// A text of a bounded length; nil when it is missing or null.
    func text(_ name: String, upTo bytes: Int) throws(APIError) -> String? {
        switch members[name] {
        case nil, .null: return nil
        case .text(let text):
            guard text.utf8.count <= bytes else {
                throw problem(name, "too_long", "\(name) has at most \(bytes) bytes.")
            }
            return text
        default: throw problem(name, "string_type", "\(name) must be a string.")
        }
    }

    /// A whole number within bounds; nil when it is missing or null.
    func integer(_ name: String, _ range: ClosedRange<Int>) throws(APIError) -> Int? {
        switch members[name] {
        case nil, .null: return nil
        case .integer(let value) where range.contains(Int(value)): return Int(value)
        default:
            throw problem(
                name,
                "integer",
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)."
            )
        }
    }

    /// A number from 0 to 10^15, up to where a Double holds every whole one; nil when it is missing or null.
    func number(_ name: String) throws(APIError) -> Double? {
        switch members[name] {
        case nil, .null: return nil
        case .integer(let value) where value >= 0 && value <= 1_000_000_000_000_000: return Double(value)
        case .number(let value) where value >= 0 && value <= 1e15: return value
        default: throw problem(name, "number", "\(name) must be a number from 0 to 10^15.")
        }
    }

    /// True or false; nil when it is missing or null.
    func flag(_ name: String) throws(APIError) -> Bool? {
        switch members[name] {
        case nil, .null: return nil
        case .boolean(let value): return value
        default: throw problem(name, "boolean", "\(name) must be true or false.")
        }
    }

    /// A list of texts; nil when it is missing or null.
    func texts(_ name: String) throws(APIError) -> [String]? {
        switch members[name] {
        case nil, .null: return nil
        case .list(let items):
            var texts: [String] = []
            for item in items {
                guard case .text(let text) = item else { break }
                texts.append(text)
            }
            if texts.count == items.count { return texts }
        default: break
        }
        throw problem(name, "list_type", "\(name) must be a list of strings.")
    }

    /// A time of RFC 3339, in nanoseconds since 1970; nil when it is missing or null.
    func time(_ name: String) throws(APIError) -> Int64? {
        guard let text = try text(name, upTo: 64) else { return nil }
        guard let time = Timestamp.parse(text) else {
            throw problem(name, "time", "\(name) must be a time like 2026-11-23T05:00:00Z.")
        }
        return time
    }

    /// A list of objects; nil when it is missing or null.
    func objects(_ name: String, upTo count: Int) throws(APIError) -> [BodyObject]? {
        switch members[name] {
        case nil, .null: return nil
        case .list(let items):
            guard items.count <= count else {
                throw problem(name, "too_many", "\(name) has at most \(count) elements.")
            }
            var objects: [BodyObject] = []
            for (index, item) in items.enumerated() {
                guard case .object(let members) = item else { break }
                objects.append(BodyObject(members: members, location: location + [.name(name), .index(index)]))
            }
            if objects.count == items.count { return objects }
        default: break
        }
        throw problem(name, "list_type", "\(name) must be a list of objects.")
    }
}

extension Timestamp {
    /// Reads a time of RFC 3339, in nanoseconds since 1970; nil when it is none.
    static func parse(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { parse(UnsafeRawBufferPointer($0)) }
    }
}
