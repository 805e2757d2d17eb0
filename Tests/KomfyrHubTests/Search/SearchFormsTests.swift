import Protocol
import Testing

import struct TestSupport.SeededRandom

@testable import KomfyrHub

/// The real thing: what senders write, decoded, as a tail, as a sealed and as a merged chunk, and as the stream has it.
@Suite struct SearchFormsTests {
    /// Logs in all their forms.
    private struct Forms {
        var logs: [SearchLog]
        var decoded: LogColumns
        var rows: LogRows
        var data: [[UInt8]]
        var chunk: StoredChunk
        let caches = ChunkCaches()

        init(_ logs: [SearchLog], _ hostile: inout HostileLogs, firstSequence: UInt64, id: String) throws {
            self.logs = logs
            var body: [UInt8] = []
            data = []
            for log in logs {
                let line = hostile.line(log)
                body += line.bytes
                data.append(line.data)
            }
            let decoded = try request(lines: body, arrival: 1_700_000_000_000_000_000).decoded
            #expect(decoded.refusals == [] && decoded.columns.count == logs.count)
            self.decoded = decoded.columns
            rows = LogRows()
            rows.append(decoded, firstSequence: firstSequence, arrival: 1_700_000_000_000_000_000)
            chunk = try StoredChunk(rows, id: id)
        }

        /// What a query reads of a chunk for a search.
        func block(_ search: Search) throws -> RowBlock {
            guard case .found(let block) = chunk.read(search.columns, caches: caches).0 else {
                throw ChunkProblem.damaged("it could not be read")
            }
            return block
        }
    }

    /// Each row as bytes.
    private static func bytes(_ rows: LogRows) -> [[[UInt8]]] {
        (0..<rows.count)
            .map { row in
                [rows.columns.messages, rows.columns.tags, rows.columns.sources, rows.columns.data]
                    .map { Array(rows.columns.bytes($0[row])) }
            }
    }

    private static func select(_ search: Search, _ block: RowBlock, _ group: String?, of rows: [UInt32]) -> [UInt32] {
        var rows = rows
        search.filter(&rows, in: block, group: group)
        return rows
    }

    @Test(arguments: 1...24)
    func `a search finds the same in a tail, in chunks and in the stream, seed`(_ seed: Int) throws {
        var hostile = HostileLogs(seed: UInt64(seed))
        var found = 0
        for round in 0..<2 {
            let group: String? = [nil, "a:b"][round]
            let counts = [1 + hostile.random.below(30), 1 + hostile.random.below(12)]
            var parts: [Forms] = []
            for (index, count) in counts.enumerated() {
                let logs = (0..<count).map { _ in hostile.log(group: group) }
                parts.append(try Forms(logs, &hostile, firstSequence: UInt64(1 + index * 1_000), id: "1-\(index)-2.0"))
            }
            // Sealed chunks are read and written again, as a merge does it.
            var merged = LogRows()
            for part in parts {
                let read = try part.chunk.rows()
                #expect(Self.bytes(read) == Self.bytes(part.rows))
                // As sent; what was no UTF-8 was repaired.
                let sent = part.data.map { Array(String(decoding: $0, as: UTF8.self).utf8) }
                #expect(Self.bytes(part.rows).map { $0[3] } == sent)
                #expect(Self.bytes(part.rows).map { $0[0] } == part.logs.map { Array($0.message.utf8) })
                var shared = LogRows.SharedText()
                for row in 0..<read.count { merged.append(read, row: row, shared: &shared) }
            }
            var whole = parts[0]
            whole.logs += parts[1].logs
            whole.rows = merged
            whole.chunk = try StoredChunk(merged, id: "1-9-9.0", level: 6)
            #expect(Self.bytes(try whole.chunk.rows()) == Self.bytes(merged))
            for _ in 0..<50 {
                let model = hostile.search()
                let search = try Search(model.written)
                for (index, form) in (parts + [whole]).enumerated() {
                    let all = Array(0..<UInt32(form.logs.count))
                    let expected = all.filter { model.matches(form.logs[Int($0)]) }
                    found += expected.count
                    #expect(
                        Self.select(search, RowBlock(tail: form.rows), group, of: all) == expected,
                        "\(model.written)"
                    )
                    #expect(Self.select(search, try form.block(search), group, of: all) == expected, "\(model.written)")
                    if index < parts.count {
                        let streamed = all.filter { search.matches(form.decoded, row: Int($0), group: group) }
                        #expect(streamed == expected, "\(model.written)")
                    }
                    let mayMatch = search.mayMatch(try form.chunk.facts(), group: group)
                    #expect(mayMatch || expected.isEmpty, "\(model.written)")
                    var words = TailWords()
                    words.add(form.rows, leastBytes: 0)
                    let levels = form.logs.reduce(UInt8(0)) { $0 | 1 << $1.level.rawValue }
                    let mayHold = words.mayHold(search, levels: levels, group: group)
                    #expect(mayHold || expected.isEmpty, "\(model.written)")
                }
            }
        }
        #expect(found > 0)
    }

    /// Answers of the tail, the chunk and the stream for one log.
    private static func answers(_ query: String, _ data: String) throws -> [Bool] {
        let line = Array("{\"message\":\"m\",\"data\":\(data)}\n".utf8)
        let decoded = try request(lines: line, arrival: 1_700_000_000_000_000_000).decoded
        var rows = LogRows()
        rows.append(decoded, firstSequence: 1, arrival: 1_700_000_000_000_000_000)
        let search = try Search(query)
        let chunk = try StoredChunk(rows)
        guard case .found(let block) = chunk.read(search.columns).0 else { throw ChunkProblem.damaged("all") }
        let isFound = !select(search, block, nil, of: [0]).isEmpty
        #expect(search.mayMatch(try chunk.facts(), group: nil) || !isFound)
        return [
            !select(search, RowBlock(tail: rows), nil, of: [0]).isEmpty, isFound,
            search.matches(decoded.columns, row: 0, group: nil),
        ]
    }

    @Test(arguments: [
        ("a>0", "{\"\":{\"a\":1}}", false), ("\".a\">0", "{\"\":{\"a\":1}}", true), (".a:1", "{\"\":{\"a\":1}}", true),
        ("\"a.\">0", "{\"a\":{\"\":1}}", true), ("a>0", "{\"a\":{\"\":1}}", false), ("\"\">0", "{\"\":1}", true),
        ("\"\":x", "{\"\":\"x\"}", true), ("\".\":1", "{\"\":{\"\":1}}", true), ("\"\":1", "{\"\":{\"\":1}}", false),
        ("a..b:1", "{\"a\":{\"\":{\"b\":1}}}", true), ("a..b:1", "{\"a.\":{\"b\":1}}", true),
        ("a.b:1", "{\"a\":{\"\":{\"b\":1}}}", false), ("\"data.\u{301}\":1", "{\"\u{301}\":1}", true),
        ("a:2", "{\"a\":1,\"a\":2}", false), ("a:2", "{\"a\":[1],\"a\":2,\"a\":3}", true),
        ("a.b:2", "{\"a\":{\"b\":1},\"a.b\":2}", false), ("a.b:1", "{\"a\":{\"b\":\"x\"},\"a.b\":1}", true),
    ])
    func `names may be empty and have dots, and the first number counts`(
        _ query: String,
        _ data: String,
        _ isFound: Bool
    ) throws {
        #expect(try Self.answers(query, data) == [isFound, isFound, isFound])
    }

    @Test func `what nests as deep as a body may is found`() throws {
        for depth in 1..<ProtocolLimits.jsonDepth {
            let data =
                String(repeating: "{\"d\":", count: depth) + "{\"n\":7,\"s\":\"deep\"}"
                + String(repeating: "}", count: depth)
            let line = Array("{\"message\":\"m\",\"data\":\(data)}\n".utf8)
            guard try request(lines: line, arrival: 1_700_000_000_000_000_000).decoded.refusals.isEmpty else {
                #expect(depth > ProtocolLimits.jsonDepth - 4)
                break
            }
            let path = String(repeating: "d.", count: depth)
            for query in ["deep", "\(path)n>6", "\(path)n:7", "\(path)s:deep"] {
                #expect(try Self.answers(query, data) == [true, true, true], "\(depth) \(query)")
            }
        }
    }

    @Test func `numbers beyond the columns are found, and those with one are passed over by what is known`() throws {
        var hostile = HostileLogs(seed: 1)
        let logs = [SearchLog(data: HostileLogs.wide), SearchLog(data: .object([("z", .number("3"))]))]
        let forms = try Forms(logs, &hostile, firstSequence: 1, id: "1-1-1.0")
        let facts = try forms.chunk.facts()
        for (query, expected, mayMatch) in [
            ("m299>299", [0], true), ("z:3", [1], true), ("z>2", [1], true), ("m1>5", [], false), ("m1:9", [], false),
            ("m1>=1.5", [0], true),
        ] as [(String, [UInt32], Bool)] {
            let search = try Search(query)
            #expect(Self.select(search, try forms.block(search), nil, of: [0, 1]) == expected, "\(query)")
            #expect(search.mayMatch(facts, group: nil) == mayMatch, "\(query)")
        }
    }

    @Test func `a chunk of very many numbers in messages can be read again`() throws {
        // More variables than a reader takes, in messages of one kind.
        let message = String(repeating: "1 ", count: 493_447) + "1"
        var rows = LogRows()
        for row in 0..<17 { rows.append(message, timestamp: Int64(row), sequence: UInt64(row + 1)) }
        let read = try StoredChunk(rows).rows()
        #expect(Self.bytes(read) == Self.bytes(rows))
    }
}
