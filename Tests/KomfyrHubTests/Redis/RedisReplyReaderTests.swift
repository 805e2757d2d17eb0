import Testing

@testable import KomfyrHub

@Suite struct RedisReplyReaderTests {
    private static let stream =
        "+OK\r\n:-9223372036854775808\r\n$-1\r\n*-1\r\n$0\r\n\r\n$5\r\na\r\nb\0\r\n-ERR no\r\n*0\r\n"
        + "*3\r\n:1\r\n*2\r\n$-1\r\n*1\r\n+x\r\n$1\r\ny\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n+END\r\n"
    private static let values: [RedisValue] = [
        .status("OK"), .integer(.min), .null, .null, .string([]), .text("a\r\nb\0"), .error("ERR no"), .array([]),
        .array([.integer(1), .array([.null, .array([.status("x")])]), .text("y")]),
        .array([.array([.array([.array([.array([.array([.array([.integer(7)])])])])])])]), .status("END"),
    ]

    private func read(_ pieces: [ArraySlice<UInt8>]) throws -> [RedisValue] {
        let reader = try RedisReplyReader()
        var values: [RedisValue] = []
        for piece in pieces {
            try piece.withUnsafeBytes { bytes in try reader.read(bytes) { values.append($0) } }
        }
        return values
    }

    @Test func `answers are the same however they are cut`() throws {
        let bytes = Array(Self.stream.utf8)
        #expect(try read([bytes[...]]) == Self.values)
        #expect(try read(bytes.indices.map { bytes[$0...$0] }) == Self.values)
        for cut in bytes.indices { #expect(try read([bytes[..<cut], bytes[cut...]]) == Self.values, "cut at \(cut)") }
    }

    @Test func `many answers in one piece, and one answer in many, are read whole`() throws {
        let many = Array(String(repeating: ":12345\r\n", count: 50_000).utf8)
        let numbers = try read([many[...]])
        #expect(numbers.count == 50_000)
        #expect(numbers.allSatisfy { $0 == .integer(12_345) })
        let value = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let one = Array("*2\r\n$3000000\r\n".utf8) + value + Array("\r\n:1\r\n".utf8)
        let pieces = stride(from: 0, to: one.count, by: 65_536).map { one[$0..<min($0 + 65_536, one.count)] }
        #expect(try read(pieces) == [.array([.string(value), .integer(1)])])
    }

    @Test(arguments: [
        "HTTP/1.1 400\r\n", "hello\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "\r\n",
        "%1\r\n",
    ])
    func `what is not RESP2 is a fault with hiredis's words`(_ text: String) throws {
        let fault = #expect(throws: RedisProtocolFault.self) { try read([Array(text.utf8)[...]]) }
        #expect(fault?.what.isEmpty == false)
    }

    @Test func `a length that promises more than comes claims no memory`() throws {
        // Two billion elements are announced; nothing follows.
        #expect(try read([Array("*2000000000\r\n:1\r\n".utf8)[...]]) == [])
    }

    @Test func `commands are written as Redis reads them`() {
        var writer = RedisCommandWriter()
        let large = [UInt8](repeating: 1, count: HubLimits.redisArgumentCopyBytes)
        writer.append(RedisCommand("SET", "key", ""))
        writer.append(RedisCommand([Array("SET".utf8), Array("k".utf8), large]))
        writer.append(RedisCommand("PING"))
        let pieces = writer.take()
        // The large argument is handed on as it is, between the others.
        #expect(pieces.count == 3)
        #expect(pieces[1] == large)
        let expected =
            "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$\(large.count)\r\n"
        #expect(String(decoding: pieces[0], as: UTF8.self) == expected)
        #expect(String(decoding: pieces[2], as: UTF8.self) == "\r\n*1\r\n$4\r\nPING\r\n")
        #expect(writer.take().isEmpty)
    }
}
