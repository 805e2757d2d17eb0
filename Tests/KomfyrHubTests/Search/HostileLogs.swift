import Protocol

import struct TestSupport.SeededRandom

@testable import KomfyrHub

/// Logs of all that is odd, as a model and as the bytes that a sender may write for it: escapes of every form, blanks,
/// broken UTF-8, members twice, names that are empty or have dots, more numbers than a chunk has columns.
struct HostileLogs {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static let pieces = [
        "disk", "Disk", "error", "a", "K", "\u{212A}", "på", "\u{130}", "Stanbul", "ıI", "straße", "STRASSE", "ẞ", "ſ",
        "Σς", "e\u{301}", "é", "😀", "日本", "x_1", "404", "1.5", "007", "0", "deadbeef01", "3fa9c0d1e2", "true", "null",
        "18446744073709551616", "1e400", "-", "/", "\"", "\\", "\\u00e5", " ", "  ", "\r\n", "\n", "\t", "\u{0}",
        "\u{1}", "\u{1}\"", "\u{11}\u{12}\u{13}", "\u{12}\u{ff}", "\u{7F}", "\u{FFFD}", ":", "(", "{\"a\":1}", "web-1",
    ]
    static let digits = [
        "0", "-0", "1", "1.10", "1.1", "404", "-7.5", "1e2", "100", "1E+2", "1e400", "-1e400", "1e-400", "-0.0", "0e0",
        "12345678901234567890", "12345678901234567891", "9223372036854775807", "9223372036854775809",
        "0.1000000000000000055511151231257827", "1.0e-7", "123456789.123456789", "5.00", "2.50",
    ]
    static let names = [
        "", "a", "b", "a.b", ".", "a.", ".a", "å", "é", "e\u{301}", "\u{0}", "x y", "\"", "n", "K", "\u{212A}", "😀",
        "m1",
    ]
    /// More members than a chunk has columns.
    static let wide = JSONTree.object((0..<300).map { ("m\($0)", .number("\($0).5")) })

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[random.below(elements.count)] }

    mutating func text(_ most: Int) -> String {
        var text = String.UnicodeScalarView()
        for index in 0..<1 + random.below(most) {
            if index > 0, random.chance(1, in: 2) { text.append(" ") }
            text.append(contentsOf: pick(Self.pieces).unicodeScalars)
        }
        return String(text)
    }

    mutating func tree(_ depth: Int) -> JSONTree {
        switch random.below(depth > 3 ? 4 : 7) {
        case 0, 1: return .number(pick(Self.digits))
        case 2: return .string(text(4))
        case 3: return .literal(pick(["true", "false", "null"]))
        case 4: return .array((0..<random.below(3)).map { _ in tree(depth + 1) })
        default: return object(depth + 1)
        }
    }

    mutating func object(_ depth: Int) -> JSONTree {
        .object((0..<random.below(5)).map { _ in (pick(Self.names), tree(depth)) })
    }

    mutating func log(group: String?) -> SearchLog {
        var data: JSONTree?
        if random.chance(1, in: 40) {
            data = Self.wide
        } else if random.chance(3, in: 4) {
            data = object(0)
        }
        var message = text(8)
        if random.chance(1, in: 40) { message = String(repeating: message, count: 1 + random.below(60)) }
        return SearchLog(
            message: message,
            level: pick(Level.allCases),
            group: group,
            tags: random.chance(1, in: 2) ? [] : (0...random.below(3)).map { _ in "t" + text(2) },
            source: random.chance(1, in: 3) ? "" : "s" + text(2),
            data: data
        )
    }

    // MARK: Bytes

    /// A line of NDJSON, and the bytes of its data.
    mutating func line(_ log: SearchLog) -> (bytes: [UInt8], data: [UInt8]) {
        var bytes = Array("{\"level\":\"\(log.level.name)\",\"message\":".utf8)
        write(log.message, to: &bytes)
        if !log.tags.isEmpty {
            bytes += Array(",\"tags\":[".utf8)
            for (index, tag) in log.tags.enumerated() {
                if index > 0 { bytes += Array(" , ".utf8) }
                write(tag, to: &bytes)
            }
            bytes += Array("]".utf8)
        }
        if !log.source.isEmpty {
            bytes += Array(",\"source\":".utf8)
            write(log.source, to: &bytes)
        }
        var data: [UInt8] = []
        if let tree = log.data {
            write(tree, to: &data)
            bytes += Array(",\"data\":".utf8) + data
        }
        return (bytes + Array("}\n".utf8), data)
    }

    private mutating func write(_ tree: JSONTree, to bytes: inout [UInt8]) {
        switch tree {
        case .number(let digits): bytes += Array(digits.utf8)
        case .string(let text): write(text, to: &bytes)
        case .literal(let name): bytes += Array(name.utf8)
        case .array(let elements):
            bytes += Array("[".utf8)
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes += Array(",".utf8) }
                blanks(&bytes)
                write(element, to: &bytes)
            }
            blanks(&bytes)
            bytes += Array("]".utf8)
        case .object(let members):
            bytes += Array("{".utf8)
            for (index, member) in members.enumerated() {
                if index > 0 { bytes += Array(",".utf8) }
                blanks(&bytes)
                write(member.0, to: &bytes)
                blanks(&bytes)
                bytes += Array(":".utf8)
                blanks(&bytes)
                write(member.1, to: &bytes)
                blanks(&bytes)
            }
            bytes += Array("}".utf8)
        }
    }

    private mutating func blanks(_ bytes: inout [UInt8]) {
        if random.chance(1, in: 6) { bytes += pick([[0x20], [0x09], [0x20, 0x20]]) }
    }

    private mutating func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{FFFD}": bytes += pick([Array("\u{FFFD}".utf8), [0xFF], Array("\\ud800".utf8)])
            case "\"" where random.chance(1, in: 2), "\\" where random.chance(1, in: 2):
                bytes += Array("\\\(scalar)".utf8)
            case "\"", "\\": escape(scalar, to: &bytes)
            case "/" where random.chance(1, in: 3): bytes += Array("\\/".utf8)
            case "\n" where random.chance(1, in: 2): bytes += Array("\\n".utf8)
            case "\r" where random.chance(1, in: 2): bytes += Array("\\r".utf8)
            default:
                if scalar.value < 0x20 || random.chance(1, in: 6) {
                    escape(scalar, to: &bytes)
                } else {
                    bytes += Array(String(scalar).utf8)
                }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        for unit in String(scalar).utf16 {
            let hex = String(unit, radix: 16, uppercase: random.chance(1, in: 2))
            bytes += Array(("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8)
        }
    }

    // MARK: Searches

    private mutating func term(_ most: Int) -> SearchModel.Term {
        SearchModel.Term(text: text(most), startsOpen: random.chance(1, in: 5), endsOpen: random.chance(1, in: 5))
    }

    mutating func path() -> String {
        if random.chance(1, in: 12) { return "m\(pick([0, 1, 255, 256, 299]))" }
        return (0...random.below(3)).map { _ in pick(Self.names) }.joined(separator: ".")
    }

    mutating func search(_ depth: Int = 0) -> SearchModel {
        if depth < 3, random.chance(1, in: 3) {
            switch random.below(3) {
            case 0: return .not(search(depth + 1))
            case 1: return .all((0...1 + random.below(2)).map { _ in search(depth + 1) })
            default: return .any((0...1 + random.below(2)).map { _ in search(depth + 1) })
            }
        }
        switch random.below(15) {
        case 0, 1, 2: return .text(term(2))
        case 3: return .message(term(2))
        case 4: return .tag(SearchModel.Term(text: "t" + text(1), endsOpen: random.chance(1, in: 2)))
        case 5: return .source(SearchModel.Term(text: "s" + text(1), endsOpen: random.chance(1, in: 2)))
        case 6: return .member(path(), term(1))
        case 7, 8: return .member(path(), SearchModel.Term(text: pick(Self.digits)))
        case 9: return .whole(path(), text(2))
        case 10: return .has(path())
        case 11, 12: return .number(path(), pick(["<", "<=", ">", ">="]), pick([0, 1.1, 100, 404, -7.5, 1e18, 0.5]))
        case 13: return .level(pick([":", "<", ">="]), pick(Level.allCases))
        default: return .pattern(pick(["disk", "på", "😀", "x_1", "K", "\u{130}"]))
        }
    }
}
