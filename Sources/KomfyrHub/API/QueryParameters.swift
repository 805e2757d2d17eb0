import HTTPTypes

/// The parameters of an address's query, decoded as forms are: `%20` and `+` are blanks.
struct QueryParameters: Sendable {
    /// In the order of the address.
    private(set) var pairs: [Pair] = []

    struct Pair: Sendable, Equatable {
        var name: String
        var value: String
    }

    /// No parameters.
    init() {}

    /// Reads what stands behind `?`.
    init(_ query: Substring.UTF8View) throws(APIError) {
        for part in query.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < HubLimits.queryParameters else {
                throw APIError(.badRequest, "The query has more than \(HubLimits.queryParameters) parameters.")
            }
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            let value = equals.map { part[part.index(after: $0)...] } ?? part[part.endIndex...]
            pairs.append(Pair(name: Self.decode(part[..<(equals ?? part.endIndex)]), value: Self.decode(value)))
        }
    }

    /// Refuses parameters that the route does not know: a mistyped filter must not answer with everything.
    func check(known: [String]) throws(APIError) {
        var issues: [APIError.Issue] = []
        for pair in pairs where !known.contains(pair.name) {
            let remedy =
                known.isEmpty ? "This route has no parameters." : "This route knows \(known.joined(separator: ", "))."
            issues.append(
                APIError.Issue(
                    type: "unknown_parameter",
                    location: ["query", .name(pair.name)],
                    message: "There is no parameter \"\(pair.name)\". \(remedy)"
                )
            )
        }
        if !issues.isEmpty { throw APIError(issues) }
    }

    /// A parameter's value; nil when it is missing or empty.
    func value(_ name: String) throws(APIError) -> String? {
        var found: String?
        for pair in pairs where pair.name == name && !pair.value.isEmpty {
            guard found == nil else {
                throw .parameter(name, type: "repeated_parameter", "\(name) may be given once only.")
            }
            found = pair.value
        }
        return found
    }

    /// All values of a parameter that may be repeated; empty ones are left out.
    func values(_ name: String) throws(APIError) -> [String] {
        try Self.bounded(pairs.filter { $0.name == name && !$0.value.isEmpty }.map(\.value), name)
    }

    /// The values of a comma list; blanks around them and empty ones are left out.
    func list(_ name: String) throws(APIError) -> [String] {
        guard let text = try value(name) else { return [] }
        let values = text.utf8.split(separator: UInt8(ascii: ",")).map { Self.trimmed($0) }
        return try Self.bounded(values.filter { !$0.isEmpty }, name)
    }

    /// One of these words; nil when it is missing.
    func word<Value>(_ name: String, _ words: [(String, Value)]) throws(APIError) -> Value? {
        guard let text = try value(name) else { return nil }
        for (word, value) in words where word == text { return value }
        let choices = words.map(\.0).joined(separator: " or ")
        throw .parameter(name, type: "enum", "\(name) must be \(choices), not \"\(text)\".")
    }

    /// A number of a range; nil when it is missing.
    func number(_ name: String, _ range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let text = try value(name) else { return nil }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
            range.contains(number)
        else {
            throw .parameter(
                name,
                type: "range",
                "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)."
            )
        }
        return number
    }

    private static func bounded(_ values: [String], _ name: String) throws(APIError) -> [String] {
        guard values.count <= HubLimits.queryValues else {
            throw .parameter(name, type: "too_many", "\(name) has more than \(HubLimits.queryValues) values.")
        }
        return values
    }

    private static func trimmed(_ text: Substring.UTF8View) -> String {
        var rest = text
        while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
        while rest.last == UInt8(ascii: " ") { rest.removeLast() }
        return String(decoding: rest, as: UTF8.self)
    }

    /// A text of an address with its escapes decoded; what is not a proper escape stands for itself.
    static func decode(_ text: Substring.UTF8View, plusIsBlank: Bool = true) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            let rest = text[text.index(after: index)...]
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(hexValue),
                let low = rest.dropFirst().first.flatMap(hexValue)
            {
                bytes.append(high << 4 | low)
                index = text.index(index, offsetBy: 3)
                continue
            }
            bytes.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            index = text.index(after: index)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// A value as it stands in an address: all but letters, digits and `-._~` escaped (RFC 3986 §2.3).
    static func encode(_ text: String) -> String {
        var output: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
