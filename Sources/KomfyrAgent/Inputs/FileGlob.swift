/// A pattern of paths, as `paths` and `exclude` of a file input have them.
///
/// ```
/// *        any bytes of one name          [a-z] [!0-9]   one byte of a set
/// ?        one character                  \x             x itself
/// **       as a whole part: folders of any depth, none included
/// ```
///
/// As in a shell, a name that begins with a dot is matched only by a part that begins with one. Paths are bytes: a
/// file's name need not be UTF-8. Matching takes time linear in pattern times path, whatever the pattern.
struct FileGlob: Sendable, Hashable {
    /// One part of a pattern, between slashes.
    enum Part: Sendable, Hashable {
        /// This very name.
        case name([UInt8])
        case pattern([Token])
        /// `**`.
        case anyDepth
    }

    /// What stands at one place of a part's pattern.
    enum Token: Sendable, Hashable {
        case byte(UInt8)
        case anyCharacter
        case anyBytes
        case set([ClosedRange<UInt8>], isNegated: Bool)
    }

    /// The parts of an absolute path's pattern; of a bare name's (`*.tmp`) the only one.
    let parts: [Part]
    /// Whether it means whole paths; a pattern without a slash means names in any folder.
    let isAbsolute: Bool
    /// As it was written.
    let text: String

    /// Reads a pattern: absolute, or a name without a slash.
    init(_ text: String) throws(ValueProblem) {
        let bytes = Array(text.utf8)
        guard bytes.count <= AgentLimits.globBytes, !bytes.contains(0) else {
            throw ValueProblem("the glob is too long or has a NUL byte", "shorten it")
        }
        isAbsolute = bytes.first == UInt8(ascii: "/")
        self.text = text
        guard isAbsolute || !bytes.contains(UInt8(ascii: "/")) else {
            throw ValueProblem("\"\(text)\" is not an absolute path", "begin it with /")
        }
        var parts: [Part] = []
        for piece in bytes.split(separator: UInt8(ascii: "/")) {
            switch piece {
            case [UInt8(ascii: ".")]: continue
            case [UInt8(ascii: "."), UInt8(ascii: ".")]:
                guard case .name? = parts.popLast() else {
                    throw ValueProblem("\"\(text)\" goes up from a pattern or the root", "write the path without ..")
                }
            default: parts.append(try Self.part(Array(piece), of: text))
            }
        }
        guard let last = parts.last, last != .anyDepth, bytes.last != UInt8(ascii: "/") else {
            throw ValueProblem("\"\(text)\" names folders, not files", "add a name to it, as \"*.log\"")
        }
        self.parts = parts
    }

    /// Whether an absolute path, as bytes, is meant.
    func matches(_ path: [UInt8]) -> Bool {
        let names = path.split(separator: UInt8(ascii: "/"))
        if !isAbsolute { return names.last.map { Self.matches(parts[0], $0) } ?? false }
        // The usual matching of `*`, one level up: after a mismatch the last `**` takes one name more.
        var part = 0
        var name = 0
        var retry: (part: Int, name: Int)?
        while name < names.count {
            if part < parts.count, parts[part] == .anyDepth {
                part += 1
                retry = (part, name)
            } else if part < parts.count, Self.matches(parts[part], names[name]) {
                part += 1
                name += 1
            } else if let last = retry, names[last.name].first != UInt8(ascii: ".") {
                retry = (last.part, last.name + 1)
                part = last.part
                name = last.name + 1
            } else {
                return false
            }
        }
        return part == parts.count
    }

    /// Whether one part means this name.
    static func matches(_ part: Part, _ name: ArraySlice<UInt8>) -> Bool {
        switch part {
        case .name(let bytes): return name.elementsEqual(bytes)
        case .anyDepth: return name.first != UInt8(ascii: ".")
        case .pattern(let tokens):
            if name.first == UInt8(ascii: "."), tokens.first != .byte(UInt8(ascii: ".")) { return false }
            return matches(tokens, name)
        }
    }

    private static func matches(_ tokens: [Token], _ name: ArraySlice<UInt8>) -> Bool {
        var token = 0
        var index = name.startIndex
        var retry: (token: Int, index: Int)?
        while index < name.endIndex {
            if token < tokens.count {
                if tokens[token] == .anyBytes {
                    token += 1
                    retry = (token, index)
                    continue
                }
                let length = matched(tokens[token], name[index...])
                if length > 0 {
                    token += 1
                    index += length
                    continue
                }
            }
            guard let last = retry else { return false }
            retry = (last.token, last.index + 1)
            token = last.token
            index = last.index + 1
        }
        return tokens[token...].allSatisfy { $0 == .anyBytes }
    }

    /// How many bytes at the beginning of `name` a token takes; 0 when it does not fit.
    private static func matched(_ token: Token, _ name: ArraySlice<UInt8>) -> Int {
        guard let first = name.first else { return 0 }
        switch token {
        case .byte(let byte): return first == byte ? 1 : 0
        case .set(let ranges, let isNegated): return ranges.contains { $0.contains(first) } != isNegated ? 1 : 0
        case .anyBytes: return 0
        case .anyCharacter:
            // A UTF-8 character is its first byte with what continues it; a stray byte counts as one.
            let continuing = name.dropFirst().prefix(3).prefix { $0 & 0xC0 == 0x80 }.count
            return first >= 0xC0 ? 1 + continuing : 1
        }
    }

    // MARK: Reading patterns

    private static func part(_ bytes: [UInt8], of text: String) throws(ValueProblem) -> Part {
        if bytes == [UInt8(ascii: "*"), UInt8(ascii: "*")] { return .anyDepth }
        var tokens: [Token] = []
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "*"):
                if tokens.last == .anyBytes {
                    throw ValueProblem(
                        "\"\(text)\" has ** within a name",
                        "** stands alone between slashes, as \"/var/log/**/*.log\""
                    )
                }
                tokens.append(.anyBytes)
            case UInt8(ascii: "?"): tokens.append(.anyCharacter)
            case UInt8(ascii: "\\"):
                index += 1
                guard index < bytes.count else {
                    throw ValueProblem("\"\(text)\" ends in a backslash", "write \\\\ for one")
                }
                tokens.append(.byte(bytes[index]))
            case UInt8(ascii: "["): tokens.append(try set(bytes, &index, of: text))
            default: tokens.append(.byte(bytes[index]))
            }
            index += 1
        }
        let literal = tokens.compactMap { token -> UInt8? in
            if case .byte(let byte) = token { byte } else { nil }
        }
        return literal.count == tokens.count ? .name(literal) : .pattern(tokens)
    }

    /// Reads `[…]`; leaves `index` at its end.
    private static func set(_ bytes: [UInt8], _ index: inout Int, of text: String) throws(ValueProblem) -> Token {
        var position = index + 1
        var isNegated = false
        if position < bytes.count, bytes[position] == UInt8(ascii: "!") || bytes[position] == UInt8(ascii: "^") {
            isNegated = true
            position += 1
        }
        var ranges: [ClosedRange<UInt8>] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "]") || ranges.isEmpty {
            let low = bytes[position]
            if position + 2 < bytes.count, bytes[position + 1] == UInt8(ascii: "-"),
                bytes[position + 2] != UInt8(ascii: "]")
            {
                let high = bytes[position + 2]
                guard low <= high else {
                    throw ValueProblem("\"\(text)\" has a range that runs backwards", "write it as [a-z]")
                }
                ranges.append(low...high)
                position += 3
            } else {
                ranges.append(low...low)
                position += 1
            }
        }
        guard position < bytes.count else {
            throw ValueProblem("\"\(text)\" has a [ without its ]", "close it, or write \\[ for the character itself")
        }
        index = position
        return .set(ranges, isNegated: isNegated)
    }
}
