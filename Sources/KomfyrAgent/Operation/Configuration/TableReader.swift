/// Takes the members of one table by name and type; what nobody took is an unknown key.
///
/// Every method reports what is wrong and returns nil; the caller goes on with a default, so that all errors of a file
/// are found in one reading.
final class TableReader {
    /// `[hub]`, `[[input]]`: how errors call the table.
    let name: String
    /// Where the table begins.
    let place: TextPlace
    private let report: ConfigurationReport
    private let members: [TomlMember]
    private var asked: [String] = []

    init(_ members: [TomlMember], name: String, place: TextPlace, report: ConfigurationReport) {
        self.members = members
        self.name = name
        self.place = place
        self.report = report
    }

    /// A value with the place where it stands.
    struct Found<Value> {
        var value: Value
        var place: TextPlace
    }

    /// Whether the table has the key, whatever its value.
    func has(_ key: String) -> Bool { members.contains { $0.key == key } }

    /// A value of any type, for options that can be written in several ways.
    func value(_ key: String) -> TomlValue? { take(key) }

    func string(_ key: String) -> Found<String>? {
        guard let value = take(key) else { return nil }
        guard case .string(let text) = value.content else {
            return wrong(key, value, "must be text", "write \(key) = \"…\"")
        }
        if text.isEmpty { return wrong(key, value, "is empty", "give it a value, or remove the line") }
        return Found(value: text, place: value.place)
    }

    /// A list of texts, each with its place; nil when the key is absent or no list.
    func strings(_ key: String) -> Found<[Found<String>]>? {
        guard let value = take(key) else { return nil }
        guard case .array(let elements) = value.content else {
            return wrong(key, value, "must be a list of texts", "write \(key) = [\"…\"]")
        }
        var found: [Found<String>] = []
        for element in elements {
            guard case .string(let text) = element.content, !text.isEmpty else {
                return wrong(key, element, "must hold texts only, none of them empty", "write \(key) = [\"…\"]")
            }
            found.append(Found(value: text, place: element.place))
        }
        return Found(value: found, place: value.place)
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = take(key) else { return nil }
        guard case .integer(let number) = value.content else {
            return wrong(
                key,
                value,
                "must be a whole number",
                "write \(key) = \(range.lowerBound) or more, without quotes"
            )
        }
        guard let number = Int(exactly: number), range.contains(number) else {
            return wrong(
                key,
                value,
                "is out of range",
                "give a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    func boolean(_ key: String) -> Bool? {
        guard let value = take(key) else { return nil }
        guard case .boolean(let flag) = value.content else {
            return wrong(key, value, "must be true or false", "write \(key) = true, without quotes")
        }
        return flag
    }

    /// Bytes, as text with a unit (`"1GiB"`) or as a plain number.
    func size(_ key: String, in range: ClosedRange<UInt64>) -> UInt64? {
        guard let value = take(key) else { return nil }
        let bytes: UInt64
        switch value.content {
        case .string(let text):
            do throws(ValueProblem) {
                bytes = try ByteSize.parse(text)
            } catch {
                report.error(at: value.place, key, error)
                return nil
            }
        case .integer(let number) where number >= 0: bytes = UInt64(number)
        default:
            return wrong(key, value, "must be a size", "write it like \(key) = \"\(ByteSize.text(range.lowerBound))\"")
        }
        guard range.contains(bytes) else {
            let bounds = "\"\(ByteSize.text(range.lowerBound))\" to \"\(ByteSize.text(range.upperBound))\""
            return wrong(key, value, "is out of range", "give a size from \(bounds)")
        }
        return bytes
    }

    /// One of the words of an enum.
    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) -> Choice?
    where Choice.RawValue == String {
        guard let found = string(key) else { return nil }
        if let choice = Choice(rawValue: found.value) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        let all = words.joined(separator: ", ")
        let near = NearestWord.to(found.value, among: words).map { "did you mean \"\($0)\"? " } ?? ""
        report.error(at: found.place, "`\(key)` cannot be \"\(found.value)\"", "\(near)It is one of: \(all)")
        return nil
    }

    /// The tables of a `[[key]]`, or one `[key]`.
    func tables(_ key: String, isList: Bool) -> [TableReader] {
        guard let value = take(key) else { return [] }
        let name = isList ? "[[\(key)]]" : "[\(key)]"
        switch value.content {
        case .table(let members) where !isList:
            return [TableReader(members, name: name, place: value.place, report: report)]
        case .array(let elements) where isList:
            return elements.compactMap { element in
                guard case .table(let members) = element.content else {
                    return wrong(key, element, "must be a section", "begin it with a line \(name)")
                }
                return TableReader(members, name: name, place: element.place, report: report)
            }
        default:
            let _: Never? = wrong(key, value, "must be a section", "begin it with a line \(name)")
            return []
        }
    }

    /// A table within this one, as `key = { … }`; `example` is how to write it.
    func table(_ key: String, example: String) -> TableReader? {
        guard let value = take(key) else { return nil }
        guard case .table(let members) = value.content else {
            return wrong(key, value, "must be a table", "write \(example)")
        }
        return TableReader(members, name: "`\(key)`", place: value.place, report: report)
    }

    /// Reports the keys that nobody asked for; `elsewhere`: those that another kind of this section has, with the words
    /// why not here.
    func finish(elsewhere: [String: String] = [:]) {
        for member in members where !asked.contains(member.key) {
            if let why = elsewhere[member.key] {
                report.error(at: member.keyPlace, "`\(member.key)` does nothing here", why)
            } else {
                let remedy =
                    NearestWord.to(member.key, among: asked).map { "did you mean `\($0)`?" }
                    ?? "known here: \(asked.joined(separator: ", "))"
                report.error(at: member.keyPlace, "unknown key `\(member.key)` in \(name)", remedy)
            }
        }
    }

    private func take(_ key: String) -> TomlValue? {
        if !asked.contains(key) { asked.append(key) }
        return members.first { $0.key == key }?.value
    }

    private func wrong<Value>(_ key: String, _ value: TomlValue, _ what: String, _ remedy: String) -> Value? {
        report.error(at: value.place, "`\(key)` \(what) (it is \(value.kindInWords))", remedy)
        return nil
    }
}

@available(*, unavailable)
extension TableReader: Sendable {}
