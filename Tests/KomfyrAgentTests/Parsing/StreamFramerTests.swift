import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrAgent

struct StreamFramerTests {
    /// A frame as text, with what part it is.
    struct Frame: Equatable, CustomStringConvertible {
        var text: String
        var part: StreamFramer.Part
        var description: String { "\(part)(\(text.debugDescription))" }
    }

    static func frames(of pieces: [[UInt8]], limit: Int = 64, countsOctets: Bool = true) -> [Frame] {
        var framer = StreamFramer(limit: limit, countsOctets: countsOctets)
        var frames: [Frame] = []
        func take(_ bytes: UnsafeRawBufferPointer, _ part: StreamFramer.Part) {
            frames.append(Frame(text: String(decoding: bytes, as: UTF8.self), part: part))
        }
        for piece in pieces {
            // Memory of its own for each piece: what lies outside of it must not matter.
            piece.withUnsafeBytes { framer.feed($0, take) }
            #expect(framer.keptBytes <= limit)
        }
        framer.finish(take)
        #expect(framer.keptBytes == 0)
        return frames
    }

    static func whole(_ texts: String...) -> [Frame] { texts.map { Frame(text: $0, part: .whole) } }

    static let long = String(repeating: "x", count: 150)

    static let streams: [(name: String, bytes: String, frames: [Frame])] = [
        ("lines", "<1>a\n<2>b\r\n<3>c\0<4>d", whole("<1>a", "<2>b", "<3>c", "<4>d")),
        ("counts", "4 <1>a6 <2>b\nc5 <3>d\n\n", whole("<1>a", "<2>b\nc", "<3>d\n")),
        ("counts with line ends of their own", "4 <1>a\n4 <2>b\r\n4 <3>c", whole("<1>a", "<2>b", "<3>c")),
        ("counts and lines in one stream", "4 <1>a<2>b\n4 <3>c<4>d\n", whole("<1>a", "<2>b", "<3>c", "<4>d")),
        ("empty lines", "\n\n\r\n\0<1>a\n\n", whole("<1>a")),
        ("a carriage return within", "<1>a\rb\n", whole("<1>a\rb")),
        ("a line that begins with a number", "404 not found\n<1>a\n", whole("404 not found", "<1>a")),
        ("a date", "2026-11-23 x\n", whole("2026-11-23 x")),
        ("digits alone", "12345", whole("12345")),
        ("digits and a line end", "12\n34\n", whole("12", "34")),
        ("a count without its message", "12 ", whole("12 ")),
        ("too many digits", "123456789 <1>a\n", whole("123456789 <1>a")),
        ("a count above the limit", "65 <1>a\n", whole("65 <1>a")),
        ("a zero first", "04 <1>a\n", whole("04 <1>a")),
        ("counted messages without priority, after one with it", "4 <1>a5 hello3 bye", whole("<1>a", "hello", "bye")),
        ("LF, blank, priority", "<1>a\n <2>b\n", whole("<1>a", " <2>b")),
        (
            "a counted message that breaks off", "9 <1>ab",
            [Frame(text: "<1>ab", part: .cut)]
        ),
        (
            "a line above the limit", "<1>" + long + "\n<2>b\n",
            [
                Frame(text: "<1>" + String(repeating: "x", count: 61), part: .cut),
                Frame(text: String(repeating: "x", count: 64), part: .continuation),
                Frame(text: String(repeating: "x", count: 25), part: .continuation),
                Frame(text: "<2>b", part: .whole),
            ]
        ),
        (
            "an endless line", String(repeating: "y", count: 130),
            [
                Frame(text: String(repeating: "y", count: 64), part: .cut),
                Frame(text: String(repeating: "y", count: 64), part: .continuation),
                Frame(text: "yy", part: .continuation),
            ]
        ),
        (
            "a long line of characters of several bytes", "<1>" + String(repeating: "é", count: 50) + "\n",
            [
                Frame(text: "<1>" + String(repeating: "é", count: 30), part: .cut),
                Frame(text: String(repeating: "é", count: 20), part: .continuation),
            ]
        ),
        (
            "an endless line of characters of four bytes", "a" + String(repeating: "😀", count: 40),
            [
                Frame(text: "a" + String(repeating: "😀", count: 15), part: .cut),
                Frame(text: String(repeating: "😀", count: 16), part: .continuation),
                Frame(text: String(repeating: "😀", count: 9), part: .continuation),
            ]
        ),
        ("exactly the limit", String(repeating: "z", count: 64) + "\n", whole(String(repeating: "z", count: 64))),
    ]

    @Test(arguments: streams.indices)
    func `a stream gives its frames, all at once, byte by byte, and cut at every place`(_ index: Int) {
        let (name, text, expected) = Self.streams[index]
        let bytes = Array(text.utf8)
        #expect(Self.frames(of: [bytes]) == expected, "\(name), all at once")
        #expect(Self.frames(of: bytes.map { [$0] }) == expected, "\(name), byte by byte")
        for cut in 0...bytes.count {
            let frames = Self.frames(of: [Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(frames == expected, "\(name), cut at \(cut)")
        }
    }

    @Test(arguments: 0..<300)
    func `where a random stream is cut makes no difference, and no byte is lost`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("0123459  <<>>ab\n\r\0é".utf8)
        let bytes = (0..<Int.random(in: 1...400, using: &random))
            .map { _ in alphabet.randomElement(using: &random) ?? 0 }
        let expected = Self.frames(of: [bytes])
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...min(rest.count, 40), using: &random)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(Self.frames(of: pieces) == expected)
        // Everything but delimiters and counts comes out: letters are neither.
        let letters = bytes.filter { $0 == UInt8(ascii: "a") || $0 == UInt8(ascii: "b") }
        let given = expected.flatMap { $0.text.utf8.filter { $0 == UInt8(ascii: "a") || $0 == UInt8(ascii: "b") } }
        #expect(given == letters)
    }

    @Test(arguments: 0..<200)
    func `lines alone are what stands between line ends, whatever is in them and wherever they are cut`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("0123459  <<>>{}\"ab\n\n".utf8)
        let bytes = (0..<Int.random(in: 1...400, using: &random))
            .map { _ in alphabet.randomElement(using: &random) ?? 0 }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            pieces.append(Array(rest.prefix(Int.random(in: 1...40, using: &random))))
            rest = rest.dropFirst(pieces.last?.count ?? 0)
        }
        for pieces in [[bytes], pieces] {
            let frames = Self.frames(of: pieces, limit: 1_000, countsOctets: false)
            #expect(frames == lines.map { Frame(text: $0, part: .whole) })
        }
    }

    @Test func `a frame that lies whole in what was read is not copied`() {
        var framer = StreamFramer(limit: 1_000)
        let bytes = Array("4 <1>a<2>bc\n".utf8)
        bytes.withUnsafeBytes { read in
            framer.feed(read) { frame, _ in
                #expect(frame.baseAddress.map { read.baseAddress.map($0.distance(to:)) ?? 1 } ?? 1 <= 0)
            }
        }
    }

    @Test func `bytes that are no text are cut all the same`() {
        for byte in [0x80, 0xC3, 0xF0, 0xFF] as [UInt8] {
            var counts: [Int] = []
            var framer = StreamFramer(limit: 64)
            [UInt8](repeating: byte, count: 1_000)
                .withUnsafeBytes { framer.feed($0) { bytes, _ in counts.append(bytes.count) } }
            framer.finish { bytes, _ in counts.append(bytes.count) }
            #expect(counts.reduce(0, +) == 1_000)
            #expect(counts.dropLast().allSatisfy { $0 >= 61 })
        }
    }

    @Test func `a limit that is lowered cuts a frame that had begun`() {
        var framer = StreamFramer(limit: 1_000)
        var parts: [(Int, StreamFramer.Part)] = []
        Array("500 <".utf8).withUnsafeBytes { framer.feed($0) { _, _ in Issue.record("too early") } }
        [UInt8](repeating: 0x41, count: 200).withUnsafeBytes { framer.feed($0) { _, _ in Issue.record("too early") } }
        framer.limit = 100
        [UInt8](repeating: 0x41, count: 299).withUnsafeBytes { framer.feed($0) { parts.append(($0.count, $1)) } }
        framer.finish { parts.append(($0.count, $1)) }
        #expect(parts.map(\.0).reduce(0, +) == 500)
        #expect(parts.first?.1 == .cut)
        #expect(parts.dropFirst().allSatisfy { $0.1 == .continuation })
    }
}
