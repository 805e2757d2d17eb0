/// Reads settings out of variables; errors name the variable and what it should be.
struct VariableReader {
    private let variables: [String: String]

    init(_ variables: [String: String]) { self.variables = variables }

    /// A variable's text; nil when it is missing or empty.
    func text(_ name: String) -> String? {
        guard let text = variables[name], !text.isEmpty else { return nil }
        return text
    }

    /// A whole number within bounds.
    func number(_ name: String, _ range: ClosedRange<Int>, _ form: String) throws(HubConfiguration.Problem) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw HubConfiguration.Problem(description: "\(name) is \"\(text)\"; set it to \(form)")
        }
        return number
    }

    /// An API key; errors do not show it.
    func key(_ name: String) throws(HubConfiguration.Problem) -> String? {
        guard let key = text(name) else { return nil }
        guard key.utf8.count >= 24, key.utf8.count <= 256, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HubConfiguration.Problem(
                description:
                    "\(name) must have 24 to 256 visible ASCII characters; remove it, and the next start makes a good one"
            )
        }
        return key
    }

    /// Sources of a `frame-ancestors` directive; nothing that would begin another directive or header.
    func frameAncestors(_ name: String) throws(HubConfiguration.Problem) -> String? {
        guard let text = text(name) else { return nil }
        let isSafe = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: " "), UInt8(ascii: "'"), UInt8(ascii: ":"),
                UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "["),
                UInt8(ascii: "]"):
                true
            default: false
            }
        }
        guard isSafe else {
            throw HubConfiguration.Problem(
                description:
                    "\(name) is \"\(text)\"; set it to sites with blanks between, like https://wiki.example.org"
            )
        }
        return text
    }
}

/// How far two names are apart.
enum EditDistance {
    /// The least number of letters to add, remove or change (Levenshtein).
    static func between(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, letter) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let change = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, row[column + 1] + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
