import Protocol
import struct TestSupport.SeededRandom
import Testing

/// Scans a text as one value and gives its kind, or the problem.
private func scan(_ text: [UInt8]) -> Result<JSONKind, JSONProblem> {
    var scanner = JSONScanner()
    return text.withUnsafeBytes { bytes in
        do throws(JSONProblem) {
            var cursor = try scanner.indexCopy(of: bytes)
            let value = try cursor.readValue()
            try cursor.finish()
            return .success(value.kind)
        } catch {
            return .failure(error)
        }
    }
}

struct JSONScannerTests {
    /// The cases that RFC 8259's grammar is usually tested with: every text here is JSON.
    @Test(arguments: [
        "{}", "[]", " [ ] ", "[[],{}]", "null", "true", "false", "\"\"", "0", "-0", "-0.0e-0", "1e400", "1.10",
        "123456789012345678901234567890",
        "1E+2", "[1 ]", "[\n1,\t2\r]", "{\"a\":1,\"a\":2}", "{\"\":null}", "\"\\u0000\"", "\"\\ud800\"", "\"\u{7F}\"",
        "\"\\/\"",
        "{\"a\":{\"b\":[{\"c\":\"}]\"}]}}", "\"a\" ", "  1  ", "[\"\\\\\\\"\",\"\\\\\"]",
        "{ \"a\" : [ ] , \"b\" : \"x\"  }",
    ])
    func `what is JSON is read`(text: String) throws {
        _ = try scan(Array(text.utf8)).get()
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "[1,,2]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}",
        "{a:1}", "{'a':1}", "{\"a\":1 \"b\":2}",
        "{1:2}", "[1}", "{\"a\":1]", "01", "-", "-x", "1.", ".5", "+1", "1e", "1e+", "0x10", "1_000", "NaN", "Infinity",
        "nul", "nulll", "tru e", "truefalse",
        "\"", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\t\"", "1 2", "{} {}", "\"a\"\"b\"",
        "\"a\"b", "[\"a\"b]", "1true", "[1]x", "\\", "\u{FEFF}1", "[1e1.5]", "--1",
        "{\"a\" 1}", "[\"\\\"]", "/*x*/1", "[1]//x",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONProblem.self) { try scan(Array(text.utf8)).get() }
    }

    @Test func `nesting is bounded`() throws {
        let deepest = ProtocolLimits.jsonDepth
        let nested = { (depth: Int) in
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try scan(nested(deepest)).get()
        #expect(scan(nested(deepest + 1)) == .failure(JSONProblem(.tooDeep, at: deepest)))
        #expect(throws: JSONProblem.self) { try scan([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)).get() }
    }

    @Test func `broken UTF-8 is told from other problems`() {
        #expect(scan([0x22, 0xFF, 0x22]) == .failure(JSONProblem(.notUTF8)))
    }

    @Test func `members are walked with their raw bytes`() throws {
        let text = Array(#"{"temperature": -18.50, "note" : "a\"b", "n": {"x": [1, 2]}, "z":null}"#.utf8)
        var scanner = JSONScanner()
        var cursor = try text.withUnsafeBytes { try scanner.indexCopy(of: $0) }
        try cursor.enter(UInt8(ascii: "{"))
        var isFirst = true
        var members: [String] = []
        while let key = try cursor.nextKey(isFirst: &isFirst) {
            let value = try cursor.readValue()
            members.append(
                "\(String(decoding: cursor.bytes(key), as: UTF8.self))=\(String(decoding: cursor.bytes(value), as: UTF8.self)) \(value.hasEscapes)"
            )
        }
        try cursor.finish()
        #expect(members == ["temperature=-18.50 false", "note=a\\\"b true", "n={\"x\": [1, 2]} false", "z=null false"])
    }

    @Test func `lines of one index are read one by one, a bad one costs only itself`() throws {
        let lines = ["{\"a\":1}", "{\"a\":", "[2]", ""]
        let text = Array(lines.joined(separator: "\n").utf8)
        var scanner = JSONScanner()
        var cursor = try text.withUnsafeBytes { try scanner.indexCopy(of: $0) }
        var kinds: [JSONKind?] = []
        var start = 0
        for line in lines.dropLast() {
            cursor.skip(to: start)
            cursor.end = start + line.utf8.count
            kinds.append(try? cursor.readValue().kind)
            start += line.utf8.count + 1
        }
        #expect(kinds == [.object, nil, .array])
    }

    @Test(arguments: 1...20)
    func `random changes to a JSON text never crash and what is accepted has balanced structure, seed`(seed: UInt64) {
        let original = Array(#"[{"a":1.5e3,"b":["x\u00e5","\\",true,null],"c":{"d":-0}},"å日🔥",[[]],{}]"#.utf8)
        var source = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            var text = original
            for _ in 0...Int.random(in: 0...3, using: &source) {
                guard !text.isEmpty else { break }
                let at = Int.random(in: 0..<text.count, using: &source)
                switch Int.random(in: 0...3, using: &source) {
                case 0: text[at] = UInt8.random(in: 0...255, using: &source)
                case 1: text.remove(at: at)
                case 2: text.insert(original.randomElement(using: &source) ?? 0, at: at)
                default: text.removeLast(text.count - at - 1)
                }
            }
            if case .success = scan(text) {
                let opening = text.filter { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }.count
                let closing = text.filter { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "}") }.count
                #expect(opening == closing || text.contains(UInt8(ascii: "\"")))
            }
        }
    }
}
